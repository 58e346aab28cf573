//! Options: opaque, set one by one, each checked when it is set; and the table of all there are.
// The header shows these texts as they are.
#![allow(rustdoc::broken_intra_doc_links, rustdoc::bare_urls)]

use std::ffi::{c_char, c_void};
use std::sync::{Arc, OnceLock};

use super::convert::{
    Text, User, boolean, builder, handle, maybe_handle, maybe_text, maybe_texts, out, put, take, text, texts,
};
use super::error::{hfx_error, hfx_status};
use super::guard::{guard, value};
use super::job::{Callbacks, hfx_done_fn};
use super::log::hfx_log_fn;
use super::progress::hfx_progress_fn;
use crate::error::{Error, Result};
use crate::options::{Opt, Options, Spec, TABLE, Type, spec, spec_by_name};

/// Address of the Hub or of a server that speaks its API.
/// Text, default "https://huggingface.co"; for each job; environment HF_ENDPOINT.
pub const HFX_OPT_ENDPOINT: i32 = 1;
/// Access token; sent to the endpoint's own origin only.
/// Text, never shown; for each job; environment HF_TOKEN, HUGGING_FACE_HUB_TOKEN.
pub const HFX_OPT_TOKEN: i32 = 2;
/// The shared cache folder; without one only plain URLs and memory can be downloaded to.
/// Text; for each job; environment HF_HUB_CACHE, HUGGINGFACE_HUB_CACHE.
pub const HFX_OPT_CACHE_DIR: i32 = 3;
/// The folder under which assets folders are made.
/// Text; for the client; environment HF_ASSETS_CACHE, HUGGINGFACE_ASSETS_CACHE.
pub const HFX_OPT_ASSETS_DIR: i32 = 4;
/// Added to the User-Agent header, as "name/version".
/// Text; for the client; environment HF_HUB_USER_AGENT_ORIGIN.
pub const HFX_OPT_USER_AGENT: i32 = 5;
/// Never use the network; answer from the cache or fail.
/// Boolean, default false; for each job; environment HF_HUB_OFFLINE, TRANSFORMERS_OFFLINE.
pub const HFX_OPT_OFFLINE: i32 = 6;
/// Most connections open at once; 0 lets hfx find the number that pays.
/// Number from 0 to 1024, default 0; for the client.
pub const HFX_OPT_MAX_CONNECTIONS: i32 = 7;
/// Most bytes held in buffers; 0 is the smaller of 256 MiB and an eighth of the memory.
/// Number from 8388608, default 0; for the client.
pub const HFX_OPT_MEMORY_BUDGET: i32 = 8;
/// Most bytes received and sent per second, all jobs together; 0 is no limit.
/// Number from 0, default 0; for the client.
pub const HFX_OPT_MAX_BYTES_PER_SECOND: i32 = 9;
/// Longest wait for a connection, TLS and proxy included, in milliseconds.
/// Number from 1 to 3600000, default 10000; for each job.
pub const HFX_OPT_CONNECT_TIMEOUT_MS: i32 = 10;
/// Longest wait for the head of an answer, in milliseconds.
/// Number from 1 to 3600000, default 30000; for each job.
pub const HFX_OPT_HEAD_TIMEOUT_MS: i32 = 11;
/// A connection that brings no byte for this long is dropped and its range asked for again, in milliseconds.
/// Number from 1 to 3600000, default 15000; for each job.
pub const HFX_OPT_STALL_TIMEOUT_MS: i32 = 12;
/// A transfer fails after this long without any progress, in milliseconds.
/// Number from 0 to 86400000, default 120000; for each job.
pub const HFX_OPT_RETRY_TIMEOUT_MS: i32 = 13;
/// Bytes of one range request; 0 lets hfx choose 4 to 16 MiB.
/// Number from 0 to 1073741824, default 0; for each job.
pub const HFX_OPT_PART_SIZE: i32 = 14;
/// What a finished file survives: a power loss, or only the end of the process.
/// "power" or "process", default "power"; for each job.
pub const HFX_OPT_DURABILITY: i32 = 15;
/// How bytes reach the file: positioned writes, or a mapping of preallocated space.
/// "write" or "map", default "write"; for each job.
pub const HFX_OPT_SINK: i32 = 16;
/// Refuse a file for which no hash is known.
/// Boolean, default false; for each job.
pub const HFX_OPT_REQUIRE_HASH: i32 = 17;
/// End a snapshot at its first failed file; false goes on with the others.
/// Boolean, default true; for each job.
pub const HFX_OPT_FAIL_FAST: i32 = 18;
/// Proxy for http URLs: http://, socks5:// or socks5h://[user:password@]host:port.
/// Text, never shown; for the client; environment http_proxy, HTTP_PROXY, all_proxy, ALL_PROXY.
pub const HFX_OPT_HTTP_PROXY: i32 = 19;
/// Proxy for https URLs; the same forms.
/// Text, never shown; for the client; environment https_proxy, HTTPS_PROXY, all_proxy, ALL_PROXY.
pub const HFX_OPT_HTTPS_PROXY: i32 = 20;
/// Hosts, domains and networks that are reached without the proxy, separated by commas.
/// Text; for the client; environment no_proxy, NO_PROXY.
pub const HFX_OPT_NO_PROXY: i32 = 21;
/// PEM file of trusted certificates, instead of the system's.
/// Text; for the client; environment SSL_CERT_FILE.
pub const HFX_OPT_CA_FILE: i32 = 22;
/// Folder of PEM files of trusted certificates, instead of the system's.
/// Text; for the client; environment SSL_CERT_DIR.
pub const HFX_OPT_CA_DIR: i32 = 23;
/// Keep blobs once and link to them; false puts the files themselves into snapshots.
/// Boolean, default true; for the client.
pub const HFX_OPT_SYMLINKS: i32 = 24;
/// Longest wait for another process that fetches the same file before fetching beside it, in milliseconds.
/// Number from 0 to 3600000, default 10000; for each job.
pub const HFX_OPT_LOCK_TIMEOUT_MS: i32 = 25;
/// Send the token over plain http to hosts other than this machine.
/// Boolean, default false; for each job.
pub const HFX_OPT_ALLOW_HTTP_TOKEN: i32 = 26;
/// Network threads of the client; 0 is one for each core, at most 8.
/// Number from 0 to 256, default 0; for the client.
pub const HFX_OPT_THREADS: i32 = 27;
/// A header for every request to the endpoint, as "Name: value".
/// List of texts; for each job.
pub const HFX_OPT_HEADERS: i32 = 28;
/// Answer this job from the cache alone.
/// Boolean, default false; for each job.
pub const HFX_OPT_LOCAL_FILES_ONLY: i32 = 29;
/// Do not ask the Hub when the ref and the file are cached.
/// Boolean, default false; for each job.
pub const HFX_OPT_PIN: i32 = 30;
/// Download even what the cache holds.
/// Boolean, default false; for each job.
pub const HFX_OPT_FORCE: i32 = 31;
/// Say what would be fetched, and fetch nothing.
/// Boolean, default false; for each job.
pub const HFX_OPT_DRY_RUN: i32 = 32;
/// Put the files into this folder under their own names, instead of into the cache.
/// Text; for each job.
pub const HFX_OPT_LOCAL_DIR: i32 = 33;
/// Pattern of the files of a snapshot to take (fnmatch; * crosses slashes).
/// List of texts; for each job.
pub const HFX_OPT_INCLUDE: i32 = 34;
/// Pattern of the files of a snapshot to leave out.
/// List of texts; for each job.
pub const HFX_OPT_EXCLUDE: i32 = 35;
/// Most files of one snapshot in work at once; 0 lets hfx find the number.
/// Number from 0 to 4096, default 0; for each job.
pub const HFX_OPT_MAX_WORKERS: i32 = 36;
/// The SHA-256 that a plain URL's file must have, 64 hex digits; a file that is there and has it is not fetched.
/// Text; for each job.
pub const HFX_OPT_SHA256: i32 = 37;
/// Go on with what an earlier run left; false starts again.
/// Boolean, default true; for each job.
pub const HFX_OPT_RESUME: i32 = 38;
/// First line of the commit; without one it says what was uploaded. Text; for each job.
pub const HFX_OPT_COMMIT_MESSAGE: i32 = 39;
/// What the commit says below its first line. Text; for each job.
pub const HFX_OPT_COMMIT_DESCRIPTION: i32 = 40;
/// The commit that must be the head; without one it is the head, and commits by others that leave the same files alone do
/// not matter. Text; for each job.
pub const HFX_OPT_PARENT_COMMIT: i32 = 41;
/// Open a pull request and commit to it. Boolean, default false; for each job.
pub const HFX_OPT_CREATE_PR: i32 = 42;
/// Pattern of the files to delete from the repository's folder when a folder is uploaded to it. List of texts; for
/// each job.
pub const HFX_OPT_DELETE: i32 = 43;
/// How a folder is committed: at once, or in several commits of a size that the Hub takes well; auto does that for more
/// than 1,000 changed files or 100 MiB of regular content. "auto" or "one" or "paced", default "auto"; for each job.
pub const HFX_OPT_COMMITS: i32 = 44;
/// How files to upload are read: positioned reads, or a mapping, which ends the process when somebody truncates the
/// file meanwhile. "read" or "map", default "read"; for each job.
pub const HFX_OPT_SOURCE: i32 = 45;
/// Folder in which uploads remember hashes and parts, to go on after a crash; without one they remember nothing. Text;
/// for each job.
pub const HFX_OPT_STATE_DIR: i32 = 46;
/// Jobs of one client with the same number run one after another, in the order of their start; 0 does not wait. Number
/// from 0, default 0; for each job.
pub const HFX_OPT_SEQUENCE: i32 = 47;
/// Making a repository, branch or tag that is there already is a success.
/// Boolean, default false; for each job.
pub const HFX_OPT_EXIST_OK: i32 = 48;
/// Deleting a repository, branch or tag that is not there is a success.
/// Boolean, default false; for each job.
pub const HFX_OPT_MISSING_OK: i32 = 49;
/// Who may see a repository that is made or changed (protected: Spaces only); unset leaves it to the Hub.
/// "public" or "private" or "protected", default ""; for each job.
pub const HFX_OPT_VISIBILITY: i32 = 50;
/// What a Space that is made runs on.
/// "gradio" or "streamlit" or "docker" or "static", default ""; for each job.
pub const HFX_OPT_SPACE_SDK: i32 = 51;
/// How access to a repository whose settings are changed has to be asked for; unset leaves it as it is.
/// "auto" or "manual" or "false", default ""; for each job.
pub const HFX_OPT_GATED: i32 = 52;
/// The etag that a file to read or download must have; another one ends the job as changed content.
/// Text; for each job.
pub const HFX_OPT_IF_MATCH: i32 = 53;
/// Path of a file to take, exactly as written, beside what include lets through; one that the repository lacks is an
/// error. List of texts; for each job.
pub const HFX_OPT_FILES: i32 = 54;
/// Longest wait for the answer to work that the Hub was given: a commit, the joining of an object's parts, a change of a
/// repository; in milliseconds. Number from 1 to 3600000, default 600000; for each job.
pub const HFX_OPT_WORK_TIMEOUT_MS: i32 = 55;
/// An option that holds 0 or 1.
pub const HFX_TYPE_BOOL: i32 = 1;
/// An option that holds a number.
pub const HFX_TYPE_INT: i32 = 2;
/// An option that holds a text.
pub const HFX_TYPE_STRING: i32 = 3;
/// An option that holds a text that is never shown.
pub const HFX_TYPE_SECRET: i32 = 4;
/// An option that holds texts; hfx_options_set_string adds one, hfx_options_set_strings sets all.
pub const HFX_TYPE_LIST: i32 = 5;
/// An option that holds one of a few named values.
pub const HFX_TYPE_CHOICE: i32 = 6;

/// A set of options: a builder, used by one thread at a time. A client or a job copies what it needs, so it may be
/// changed or freed right after. Given to hfx_client_open, they are the client's, and the default of all its jobs;
/// given with a job, they lie over the client's, option by option (a list takes the place of the client's list). With a
/// job, an option that is for the client alone is `HFX_E_INVALID_ARGUMENT`. What nobody has set has its default.
pub struct hfx_options {
    pub(super) options: Options,
    pub(super) callbacks: Callbacks,
    shown: Option<Text>,
}

/// One row of the table of options. Static.
pub struct hfx_option {
    spec: &'static Spec,
    name: Text,
    default: Text,
    doc: Text,
    env: Vec<Text>,
    choices: Vec<Text>,
}

impl hfx_options {
    fn new(options: Options) -> Self {
        Self { options, callbacks: Callbacks::default(), shown: None }
    }
}

/// Options and callbacks of a call that may have none.
pub(super) fn of(options: *const hfx_options) -> (Options, Callbacks) {
    maybe_handle(options).map_or_else(Default::default, |o| (o.options.clone(), o.callbacks.clone()))
}

/// Makes an empty set: everything at its default.
/// On success `*out_options` is the set, to be freed with hfx_options_free.
#[unsafe(no_mangle)]
pub extern "C" fn hfx_options_new(
    out_options: *mut *mut hfx_options,
    err: *mut *mut hfx_error,
) -> hfx_status {
    guard(err, || {
        out(out_options, "out_options")?.set(hfx_options::new(Options::new()));
        Ok(())
    })
}

/// Makes a set from the environment of the process: HF_HOME, HF_TOKEN, HF_ENDPOINT, proxies, certificates and the
/// token file, as the Python client reads them. Nothing else in the library reads the environment.
/// On success `*out_options` is the set, to be freed with hfx_options_free. Not to be called while another thread
/// changes the environment.
#[unsafe(no_mangle)]
pub extern "C" fn hfx_options_from_env(
    out_options: *mut *mut hfx_options,
    err: *mut *mut hfx_error,
) -> hfx_status {
    guard(err, || {
        let place = out(out_options, "out_options")?;
        place.set(hfx_options::new(Options::from_env()?));
        Ok(())
    })
}

/// As hfx_options_from_env, from `count` variables that the caller names: for hosts that keep an environment of their
/// own, or whose other threads change the process's. A NULL value is a variable that is not set. The token file and the
/// home folder are found by HOME, HF_HOME and HF_TOKEN_PATH among them.
/// On success `*out_options` is the set, to be freed with hfx_options_free.
#[unsafe(no_mangle)]
pub extern "C" fn hfx_options_from_vars(
    names: *const *const c_char,
    values: *const *const c_char,
    count: usize,
    out_options: *mut *mut hfx_options,
    err: *mut *mut hfx_error,
) -> hfx_status {
    guard(err, || {
        let place = out(out_options, "out_options")?;
        let (names, values) = (texts(names, count, "names")?, maybe_texts(values, count, "values")?);
        let get = |name: &str| {
            let at = names.iter().position(|known| known == name)?;
            values[at].clone()
        };
        place.set(hfx_options::new(Options::from_variables(&get)?));
        Ok(())
    })
}

/// Copies a set, callbacks included (their user data is shared, and destroyed once, with the last copy).
/// On success `*out_options` is the copy, to be freed with hfx_options_free.
#[unsafe(no_mangle)]
pub extern "C" fn hfx_options_clone(
    options: *const hfx_options,
    out_options: *mut *mut hfx_options,
    err: *mut *mut hfx_error,
) -> hfx_status {
    guard(err, || {
        let place = out(out_options, "out_options")?;
        let from = handle(options, "options")?;
        let mut copy = hfx_options::new(from.options.clone());
        copy.callbacks = from.callbacks.clone();
        place.set(copy);
        Ok(())
    })
}

/// Frees a set. NULL is fine. User data of its callbacks is destroyed when no job uses it any more.
#[unsafe(no_mangle)]
pub extern "C" fn hfx_options_free(options: *mut hfx_options) {
    value((), || drop(take(options)));
}

/// Sets a boolean option: 0 is false, 1 is true, other values are refused.
#[unsafe(no_mangle)]
pub extern "C" fn hfx_options_set_bool(
    options: *mut hfx_options,
    option: i32,
    on: i32,
    err: *mut *mut hfx_error,
) -> hfx_status {
    guard(err, || {
        let options = builder(options, "options")?;
        options.options.set_bool(known(option)?, boolean(on)?)
    })
}

/// Sets a number, in the unit that the option's name says (bytes, milliseconds, connections).
#[unsafe(no_mangle)]
pub extern "C" fn hfx_options_set_int(
    options: *mut hfx_options,
    option: i32,
    number: i64,
    err: *mut *mut hfx_error,
) -> hfx_status {
    guard(err, || builder(options, "options")?.options.set_int(known(option)?, number))
}

/// Sets a text, a secret or a choice; adds one text to a list. The text is copied. An empty one counts as none: with a
/// job, an empty `token` sends none though the client has one.
#[unsafe(no_mangle)]
pub extern "C" fn hfx_options_set_string(
    options: *mut hfx_options,
    option: i32,
    string: *const c_char,
    err: *mut *mut hfx_error,
) -> hfx_status {
    guard(err, || builder(options, "options")?.options.set_text(known(option)?, text(string, "string")?))
}

/// Sets a list to these texts, in place of what it held; without any it is empty, and with a job lifts the client's
/// list.
#[unsafe(no_mangle)]
pub extern "C" fn hfx_options_set_strings(
    options: *mut hfx_options,
    option: i32,
    strings: *const *const c_char,
    count: usize,
    err: *mut *mut hfx_error,
) -> hfx_status {
    guard(err, || {
        let options = builder(options, "options")?;
        options.options.set_list(known(option)?, &texts(strings, count, "strings")?)
    })
}

/// Sets any option by its name, from text: "true", "64M", "process".
#[unsafe(no_mangle)]
pub extern "C" fn hfx_options_set_by_name(
    options: *mut hfx_options,
    name: *const c_char,
    string: *const c_char,
    err: *mut *mut hfx_error,
) -> hfx_status {
    guard(err, || {
        let options = builder(options, "options")?;
        options.options.set_by_name(text(name, "name")?, text(string, "string")?)
    })
}

/// Forgets what was set: the option has its default again.
#[unsafe(no_mangle)]
pub extern "C" fn hfx_options_unset(
    options: *mut hfx_options,
    option: i32,
    err: *mut *mut hfx_error,
) -> hfx_status {
    guard(err, || {
        builder(options, "options")?.options.unset(known(option)?);
        Ok(())
    })
}

/// The same, by the option's name.
#[unsafe(no_mangle)]
pub extern "C" fn hfx_options_unset_by_name(
    options: *mut hfx_options,
    name: *const c_char,
    err: *mut *mut hfx_error,
) -> hfx_status {
    guard(err, || {
        let (options, name) = (builder(options, "options")?, text(name, "name")?);
        let spec =
            spec_by_name(name).ok_or_else(|| Error::invalid(format!("no option is named {name:?}")))?;
        options.options.unset(spec.id);
        Ok(())
    })
}

/// What an option holds, as text; a secret shows as "***".
/// On success `*out_text` is the text, valid until the next call with these options.
#[unsafe(no_mangle)]
pub extern "C" fn hfx_options_get(
    options: *mut hfx_options,
    option: i32,
    out_text: *mut *const c_char,
    err: *mut *mut hfx_error,
) -> hfx_status {
    guard(err, || {
        put(out_text, std::ptr::null());
        let options = builder(options, "options")?;
        let shown = Text::new(&options.options.show(known(option)?));
        put(out_text, options.shown.insert(shown).as_ptr());
        Ok(())
    })
}

/// Sets what is called with the progress of each job of these options (the client's, or one job's in place of the
/// client's): at most ten times a second, and once at the end with the final numbers, before the completion and before
/// hfx_job_wait returns. `user` is handed through; `destroy`, when not NULL, is called on it exactly once, also when
/// this call fails. A NULL `callback` takes the callback away.
#[unsafe(no_mangle)]
pub extern "C" fn hfx_options_set_progress_fn(
    options: *mut hfx_options,
    callback: hfx_progress_fn,
    user: *mut c_void,
    destroy: Option<extern "C" fn(user: *mut c_void)>,
    err: *mut *mut hfx_error,
) -> hfx_status {
    let user = User::new(user, destroy);
    guard(err, || {
        builder(options, "options")?.callbacks.progress = callback.map(|call| (call, Arc::new(user)));
        Ok(())
    })
}

/// Sets what is called once when a job of these options has ended; its result can be taken then. All else as for
/// hfx_options_set_progress_fn.
#[unsafe(no_mangle)]
pub extern "C" fn hfx_options_set_done_fn(
    options: *mut hfx_options,
    callback: hfx_done_fn,
    user: *mut c_void,
    destroy: Option<extern "C" fn(user: *mut c_void)>,
    err: *mut *mut hfx_error,
) -> hfx_status {
    let user = User::new(user, destroy);
    guard(err, || {
        builder(options, "options")?.callbacks.done = callback.map(|call| (call, Arc::new(user)));
        Ok(())
    })
}

/// Sets what a client made with these options tells of its work: messages of `level` (`HFX_LOG_*`) and more urgent
/// ones, from many threads at once. Off by default; with a job's options it has no effect. All else as for
/// hfx_options_set_progress_fn.
#[unsafe(no_mangle)]
pub extern "C" fn hfx_options_set_log_fn(
    options: *mut hfx_options,
    level: i32,
    callback: hfx_log_fn,
    user: *mut c_void,
    destroy: Option<extern "C" fn(user: *mut c_void)>,
    err: *mut *mut hfx_error,
) -> hfx_status {
    let user = User::new(user, destroy);
    guard(err, || {
        let options = builder(options, "options")?;
        options.callbacks.log = match callback {
            Some(call) => Some((super::log::level(level)?, call, Arc::new(user))),
            None => None,
        };
        Ok(())
    })
}

/// How many options there are.
#[unsafe(no_mangle)]
pub extern "C" fn hfx_option_count() -> usize {
    TABLE.len()
}

/// The option at a place of the table; NULL behind the last. Static.
#[unsafe(no_mangle)]
pub extern "C" fn hfx_option_at(index: usize) -> *const hfx_option {
    value(std::ptr::null(), || rows().get(index).map_or(std::ptr::null(), std::ptr::from_ref))
}

/// The option of a name; NULL when there is none. Static.
#[unsafe(no_mangle)]
pub extern "C" fn hfx_option_by_name(name: *const c_char) -> *const hfx_option {
    value(std::ptr::null(), || {
        let name = maybe_text(name, "name").ok().flatten();
        let found =
            name.and_then(spec_by_name).and_then(|spec| rows().iter().find(|row| row.spec.id == spec.id));
        found.map_or(std::ptr::null(), std::ptr::from_ref)
    })
}

/// The number of an option, one of `HFX_OPT_*`; 0 for NULL.
#[unsafe(no_mangle)]
pub extern "C" fn hfx_option_id(option: *const hfx_option) -> i32 {
    value(0, || maybe_handle(option).map_or(0, |row| row.spec.id as i32))
}

/// Its name; NULL for NULL.
#[unsafe(no_mangle)]
pub extern "C" fn hfx_option_name(option: *const hfx_option) -> *const c_char {
    row_text(option, |row| Some(&row.name))
}

/// What it does, in one line; NULL for NULL.
#[unsafe(no_mangle)]
pub extern "C" fn hfx_option_doc(option: *const hfx_option) -> *const c_char {
    row_text(option, |row| Some(&row.doc))
}

/// Its default as text, empty when it has none; NULL for NULL.
#[unsafe(no_mangle)]
pub extern "C" fn hfx_option_default(option: *const hfx_option) -> *const c_char {
    row_text(option, |row| Some(&row.default))
}

/// What it holds, one of `HFX_TYPE_*`; 0 for NULL.
#[unsafe(no_mangle)]
pub extern "C" fn hfx_option_type(option: *const hfx_option) -> i32 {
    value(0, || {
        maybe_handle(option).map_or(0, |row| match row.spec.kind {
            Type::Bool => HFX_TYPE_BOOL,
            Type::Int => HFX_TYPE_INT,
            Type::Text => HFX_TYPE_STRING,
            Type::Secret => HFX_TYPE_SECRET,
            Type::List => HFX_TYPE_LIST,
            Type::Choice(_) => HFX_TYPE_CHOICE,
        })
    })
}

/// The least and greatest number of an `HFX_TYPE_INT` option (0 is allowed as well where 0 is the default); 0 and 0 for
/// others. Either output may be NULL.
#[unsafe(no_mangle)]
pub extern "C" fn hfx_option_bounds(option: *const hfx_option, out_min: *mut i64, out_max: *mut i64) {
    value((), || {
        let spec = maybe_handle(option).map(|row| row.spec);
        put(out_min, spec.map_or(0, |spec| spec.min));
        put(out_max, spec.map_or(0, |spec| spec.max));
    });
}

/// 1 when jobs of one client may have different values, 0 when the option belongs to the client.
#[unsafe(no_mangle)]
pub extern "C" fn hfx_option_per_job(option: *const hfx_option) -> i32 {
    value(0, || maybe_handle(option).map_or(0, |row| i32::from(row.spec.per_job)))
}

/// The environment variables that hfx_options_from_env reads for it, by index; NULL behind the last.
#[unsafe(no_mangle)]
pub extern "C" fn hfx_option_env(option: *const hfx_option, index: usize) -> *const c_char {
    row_text(option, |row| row.env.get(index))
}

/// The values of an `HFX_TYPE_CHOICE` option, by index; NULL behind the last.
#[unsafe(no_mangle)]
pub extern "C" fn hfx_option_choice(option: *const hfx_option, index: usize) -> *const c_char {
    row_text(option, |row| row.choices.get(index))
}

fn known(option: i32) -> Result<Opt> {
    spec(option)
        .map(|spec| spec.id)
        .ok_or_else(|| Error::invalid(format!("no option has the number {option}")))
}

fn rows() -> &'static [hfx_option] {
    static ROWS: OnceLock<Vec<hfx_option>> = OnceLock::new();
    ROWS.get_or_init(|| {
        let row = |spec: &'static Spec| hfx_option {
            spec,
            name: Text::new(spec.name),
            default: Text::new(spec.default),
            doc: Text::new(spec.doc),
            env: spec.env.iter().map(|name| Text::new(name)).collect(),
            choices: match spec.kind {
                Type::Choice(names) => names.iter().map(|name| Text::new(name)).collect(),
                _ => Vec::new(),
            },
        };
        TABLE.iter().map(row).collect()
    })
}

fn row_text(option: *const hfx_option, field: impl FnOnce(&hfx_option) -> Option<&Text>) -> *const c_char {
    value(std::ptr::null(), || maybe_handle(option).and_then(field).map_or(std::ptr::null(), Text::as_ptr))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// What the header adds to an option's line.
    fn facts(spec: &Spec) -> String {
        let (min, max, default) = (spec.min, spec.max, spec.default);
        let kind = match spec.kind {
            Type::Bool => format!("Boolean, default {default}"),
            Type::Int if max == i64::MAX => format!("Number from {min}, default {default}"),
            Type::Int => format!("Number from {min} to {max}, default {default}"),
            Type::Text if default.is_empty() => "Text".to_owned(),
            Type::Text => format!("Text, default \"{default}\""),
            Type::Secret => "Text, never shown".to_owned(),
            Type::List => "List of texts".to_owned(),
            Type::Choice(names) => format!("\"{}\", default \"{default}\"", names.join("\" or \"")),
        };
        let scope = if spec.per_job { "for each job" } else { "for the client" };
        let env = if spec.env.is_empty() { "" } else { "; environment " };
        format!("{kind}; {scope}{env}{}.", spec.env.join(", "))
    }

    #[test]
    fn the_header_says_what_the_table_says() {
        let said = crate::ffi::constants(include_str!("options.rs"), "HFX_OPT_");
        let said: Vec<_> =
            said.into_iter().map(|(name, number, doc)| (name.to_lowercase(), number, doc)).collect();
        let row =
            |spec: &Spec| (spec.name.to_owned(), spec.id as i32, format!("{} {}", spec.doc, facts(spec)));
        assert_eq!(said, TABLE.iter().map(row).collect::<Vec<_>>());
    }
}
