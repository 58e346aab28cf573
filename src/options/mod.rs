//! The one table of knobs: name, type, default, bounds, environment and doc of every option.
//!
//! The typed setters, the setter by name, the environment reader, the command line and the C introspection all
//! read [`TABLE`]. A value is validated when it is set, so a client never meets a bad one. Options of a job lie
//! over those of its client ([`Options::over`]). Nothing here touches the environment but [`Options::from_env`].

mod env;

pub use env::token_path;

use std::collections::BTreeMap;
use std::fmt;
use std::path::PathBuf;
use std::time::Duration;

use crate::error::{Error, Result};
use crate::secret::Secret;

/// What an option holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Type {
    /// True or false.
    Bool,
    /// A whole number between the bounds.
    Int,
    /// A text; empty means unset.
    Text,
    /// A text that is never printed.
    Secret,
    /// Texts; setting adds one.
    List,
    /// One of the named values.
    Choice(&'static [&'static str]),
}

/// One option, as a reader of the table sees it.
#[derive(Debug)]
pub struct Spec {
    /// The number that never changes.
    pub id: Opt,
    /// The name in `hfx_options_set_by_name` and the documentation.
    pub name: &'static str,
    /// What it holds.
    pub kind: Type,
    /// The default, as text.
    pub default: &'static str,
    /// The least number allowed (`Int` only).
    pub min: i64,
    /// The greatest number allowed (`Int` only).
    pub max: i64,
    /// Whether one job may have another value than its client.
    pub per_job: bool,
    /// Environment variables that set it, first found wins.
    pub env: &'static [&'static str],
    /// What it does, in one line.
    pub doc: &'static str,
}

#[derive(Debug, Clone, PartialEq, Eq)]
enum Value {
    Bool(bool),
    Int(i64),
    Text(String),
    Secret(Secret),
    List(Vec<String>),
}

const CLIENT: bool = false;
const JOB: bool = true;
const MAX: i64 = i64::MAX;

macro_rules! options {
    ($($id:ident = $number:literal, $name:literal, $kind:expr, $default:literal, $min:expr, $max:expr, $scope:expr, [$($env:literal),*], $doc:literal;)*) => {
        /// The options by number. The C ABI's `HFX_OPT_*`.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
        #[repr(i32)]
        // The texts are for the header and the tool, too: as they are.
        #[allow(rustdoc::broken_intra_doc_links)]
        pub enum Opt { $(#[doc = $doc] $id = $number,)* }

        /// Every option, in the order of the numbers.
        pub const TABLE: &[Spec] = &[$(Spec {
            id: Opt::$id, name: $name, kind: $kind, default: $default, min: $min, max: $max,
            per_job: $scope, env: &[$($env),*], doc: $doc,
        },)*];
    };
}

options! {
    Endpoint = 1, "endpoint", Type::Text, "https://huggingface.co", 0, 0, JOB, ["HF_ENDPOINT"], "Address of the Hub or of a server that speaks its API.";
    Token = 2, "token", Type::Secret, "", 0, 0, JOB, ["HF_TOKEN", "HUGGING_FACE_HUB_TOKEN"], "Access token; sent to the endpoint's own origin only.";
    CacheDir = 3, "cache_dir", Type::Text, "", 0, 0, JOB, ["HF_HUB_CACHE", "HUGGINGFACE_HUB_CACHE"], "The shared cache folder; without one only plain URLs and memory can be downloaded to.";
    AssetsDir = 4, "assets_dir", Type::Text, "", 0, 0, CLIENT, ["HF_ASSETS_CACHE", "HUGGINGFACE_ASSETS_CACHE"], "The folder under which assets folders are made.";
    UserAgent = 5, "user_agent", Type::Text, "", 0, 0, CLIENT, ["HF_HUB_USER_AGENT_ORIGIN"], "Added to the User-Agent header, as \"name/version\".";
    Offline = 6, "offline", Type::Bool, "false", 0, 0, JOB, ["HF_HUB_OFFLINE", "TRANSFORMERS_OFFLINE"], "Never use the network; answer from the cache or fail.";
    MaxConnections = 7, "max_connections", Type::Int, "0", 0, 1024, CLIENT, [], "Most connections open at once; 0 lets hfx find the number that pays.";
    MemoryBudget = 8, "memory_budget", Type::Int, "0", 8 << 20, MAX, CLIENT, [], "Most bytes held in buffers; 0 is the smaller of 256 MiB and an eighth of the memory.";
    MaxRate = 9, "max_bytes_per_second", Type::Int, "0", 0, MAX, CLIENT, [], "Most bytes received and sent per second, all jobs together; 0 is no limit.";
    ConnectTimeout = 10, "connect_timeout_ms", Type::Int, "10000", 1, 3_600_000, JOB, [], "Longest wait for a connection, TLS and proxy included, in milliseconds.";
    HeadTimeout = 11, "head_timeout_ms", Type::Int, "30000", 1, 3_600_000, JOB, [], "Longest wait for the head of an answer, in milliseconds.";
    StallTimeout = 12, "stall_timeout_ms", Type::Int, "15000", 1, 3_600_000, JOB, [], "A connection that brings no byte for this long is dropped and its range asked for again, in milliseconds.";
    RetryTimeout = 13, "retry_timeout_ms", Type::Int, "120000", 0, 86_400_000, JOB, [], "A transfer fails after this long without any progress, in milliseconds.";
    PartSize = 14, "part_size", Type::Int, "0", 0, 1 << 30, JOB, [], "Bytes of one range request; 0 lets hfx choose 4 to 16 MiB.";
    Durability = 15, "durability", Type::Choice(&["power", "process"]), "power", 0, 0, JOB, [], "What a finished file survives: a power loss, or only the end of the process.";
    Sink = 16, "sink", Type::Choice(&["write", "map"]), "write", 0, 0, JOB, [], "How bytes reach the file: positioned writes, or a mapping of preallocated space.";
    RequireHash = 17, "require_hash", Type::Bool, "false", 0, 0, JOB, [], "Refuse a file for which no hash is known.";
    FailFast = 18, "fail_fast", Type::Bool, "true", 0, 0, JOB, [], "End a snapshot at its first failed file; false goes on with the others.";
    HttpProxy = 19, "http_proxy", Type::Secret, "", 0, 0, CLIENT, ["http_proxy", "HTTP_PROXY", "all_proxy", "ALL_PROXY"], "Proxy for http URLs: http://, socks5:// or socks5h://[user:password@]host:port.";
    HttpsProxy = 20, "https_proxy", Type::Secret, "", 0, 0, CLIENT, ["https_proxy", "HTTPS_PROXY", "all_proxy", "ALL_PROXY"], "Proxy for https URLs; the same forms.";
    NoProxy = 21, "no_proxy", Type::Text, "", 0, 0, CLIENT, ["no_proxy", "NO_PROXY"], "Hosts, domains and networks that are reached without the proxy, separated by commas.";
    CaFile = 22, "ca_file", Type::Text, "", 0, 0, CLIENT, ["SSL_CERT_FILE"], "PEM file of trusted certificates, instead of the system's.";
    CaDir = 23, "ca_dir", Type::Text, "", 0, 0, CLIENT, ["SSL_CERT_DIR"], "Folder of PEM files of trusted certificates, instead of the system's.";
    Symlinks = 24, "symlinks", Type::Bool, "true", 0, 0, CLIENT, [], "Keep blobs once and link to them; false puts the files themselves into snapshots.";
    LockTimeout = 25, "lock_timeout_ms", Type::Int, "10000", 0, 3_600_000, JOB, [], "Longest wait for another process that fetches the same file before fetching beside it, in milliseconds.";
    AllowHttpToken = 26, "allow_http_token", Type::Bool, "false", 0, 0, JOB, [], "Send the token over plain http to hosts other than this machine.";
    Threads = 27, "threads", Type::Int, "0", 0, 256, CLIENT, [], "Network threads of the client; 0 is one for each core, at most 8.";
    Headers = 28, "headers", Type::List, "", 0, 0, JOB, [], "A header for every request to the endpoint, as \"Name: value\".";
    LocalFilesOnly = 29, "local_files_only", Type::Bool, "false", 0, 0, JOB, [], "Answer this job from the cache alone.";
    Pin = 30, "pin", Type::Bool, "false", 0, 0, JOB, [], "Do not ask the Hub when the ref and the file are cached.";
    Force = 31, "force", Type::Bool, "false", 0, 0, JOB, [], "Download even what the cache holds.";
    DryRun = 32, "dry_run", Type::Bool, "false", 0, 0, JOB, [], "Say what would be fetched, and fetch nothing.";
    LocalDir = 33, "local_dir", Type::Text, "", 0, 0, JOB, [], "Put the files into this folder under their own names, instead of into the cache.";
    Include = 34, "include", Type::List, "", 0, 0, JOB, [], "Pattern of the files of a snapshot to take (fnmatch; * crosses slashes).";
    Exclude = 35, "exclude", Type::List, "", 0, 0, JOB, [], "Pattern of the files of a snapshot to leave out.";
    MaxWorkers = 36, "max_workers", Type::Int, "0", 0, 4096, JOB, [], "Most files of one snapshot in work at once; 0 lets hfx find the number.";
    ExpectSha256 = 37, "sha256", Type::Text, "", 0, 0, JOB, [], "The SHA-256 that a plain URL's file must have, 64 hex digits; a file that is there and has it is not fetched.";
    Resume = 38, "resume", Type::Bool, "true", 0, 0, JOB, [], "Go on with what an earlier run left; false starts again.";
    CommitMessage = 39, "commit_message", Type::Text, "", 0, 0, JOB, [], "First line of the commit; without one it says what was uploaded.";
    CommitDescription = 40, "commit_description", Type::Text, "", 0, 0, JOB, [], "What the commit says below its first line.";
    ParentCommit = 41, "parent_commit", Type::Text, "", 0, 0, JOB, [], "The commit that must be the head; without one it is the head, and commits by others that leave the same files alone do not matter.";
    CreatePr = 42, "create_pr", Type::Bool, "false", 0, 0, JOB, [], "Open a pull request and commit to it.";
    Delete = 43, "delete", Type::List, "", 0, 0, JOB, [], "Pattern of the files to delete from the repository's folder when a folder is uploaded to it.";
    Commits = 44, "commits", Type::Choice(&["auto", "one", "paced"]), "auto", 0, 0, JOB, [], "How a folder is committed: at once, or in several commits of a size that the Hub takes well; auto does that for more than 1,000 changed files or 100 MiB of regular content.";
    Source = 45, "source", Type::Choice(&["read", "map"]), "read", 0, 0, JOB, [], "How files to upload are read: positioned reads, or a mapping, which ends the process when somebody truncates the file meanwhile.";
    StateDir = 46, "state_dir", Type::Text, "", 0, 0, JOB, [], "Folder in which uploads remember hashes and parts, to go on after a crash; without one they remember nothing.";
    Sequence = 47, "sequence", Type::Int, "0", 0, MAX, JOB, [], "Jobs of one client with the same number run one after another, in the order of their start; 0 does not wait.";
    ExistOk = 48, "exist_ok", Type::Bool, "false", 0, 0, JOB, [], "Making a repository, branch or tag that is there already is a success.";
    MissingOk = 49, "missing_ok", Type::Bool, "false", 0, 0, JOB, [], "Deleting a repository, branch or tag that is not there is a success.";
    Visibility = 50, "visibility", Type::Choice(&["public", "private", "protected"]), "", 0, 0, JOB, [], "Who may see a repository that is made or changed (protected: Spaces only); unset leaves it to the Hub.";
    SpaceSdk = 51, "space_sdk", Type::Choice(&["gradio", "streamlit", "docker", "static"]), "", 0, 0, JOB, [], "What a Space that is made runs on.";
    Gated = 52, "gated", Type::Choice(&["auto", "manual", "false"]), "", 0, 0, JOB, [], "How access to a repository whose settings are changed has to be asked for; unset leaves it as it is.";
    IfMatch = 53, "if_match", Type::Text, "", 0, 0, JOB, [], "The etag that a file to read or download must have; another one ends the job as changed content.";
    Files = 54, "files", Type::List, "", 0, 0, JOB, [], "Path of a file to take, exactly as written, beside what include lets through; one that the repository lacks is an error.";
    WorkTimeout = 55, "work_timeout_ms", Type::Int, "600000", 1, 3_600_000, JOB, [], "Longest wait for the answer to work that the Hub was given: a commit, the joining of an object's parts, a change of a repository; in milliseconds.";
}

/// Values for some of the options; the others have their defaults.
#[derive(Clone, Default, PartialEq, Eq)]
pub struct Options {
    values: BTreeMap<Opt, Value>,
}

impl fmt::Debug for Options {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_map().entries(self.values.keys().map(|id| (id, self.show(*id)))).finish()
    }
}

/// The row of an option's number.
pub fn spec(id: i32) -> Option<&'static Spec> {
    TABLE.iter().find(|spec| spec.id as i32 == id)
}

/// The row of an option's name.
pub fn spec_by_name(name: &str) -> Option<&'static Spec> {
    TABLE.iter().find(|spec| spec.name == name)
}

impl Opt {
    /// The option's row in the table.
    pub fn spec(self) -> &'static Spec {
        // The table is made from the same list as the enum: each has its row.
        TABLE.iter().find(|spec| spec.id == self).unwrap_or(&TABLE[0])
    }
}

impl Options {
    /// Everything at its default.
    pub fn new() -> Self {
        Self::default()
    }

    /// Sets a boolean option.
    pub fn set_bool(&mut self, id: Opt, value: bool) -> Result<()> {
        match id.spec().kind {
            Type::Bool => self.put(id, Value::Bool(value)),
            _ => Err(wrong_type(id, "a boolean")),
        }
    }

    /// Sets a number, in the unit that the option's name says.
    pub fn set_int(&mut self, id: Opt, value: i64) -> Result<()> {
        let spec = id.spec();
        if spec.kind != Type::Int {
            return Err(wrong_type(id, "a number"));
        }
        let automatic = value == 0 && spec.default == "0";
        if !automatic && !(spec.min..=spec.max).contains(&value) {
            return Err(Error::invalid(format!(
                "option {}: {value} is not between {} and {}",
                spec.name, spec.min, spec.max
            )));
        }
        self.put(id, Value::Int(value))
    }

    /// Sets a text, a secret or a choice; adds to a list.
    pub fn set_text(&mut self, id: Opt, value: &str) -> Result<()> {
        let spec = id.spec();
        let lines = id == Opt::CommitDescription && !value.contains('\0');
        if value.contains(['\0', '\n', '\r']) && !matches!(spec.kind, Type::Secret) && !lines {
            return Err(Error::invalid(format!("option {}: line breaks and NUL are not allowed", spec.name)));
        }
        match spec.kind {
            Type::Text => {
                validate_text(id, value)?;
                self.put(id, Value::Text(value.to_owned()))
            }
            Type::Secret => {
                let secret = Secret::new(value);
                if secret.expose().chars().any(char::is_control) {
                    return Err(Error::invalid(format!("option {}: control characters in it", spec.name)));
                }
                self.put(id, Value::Secret(secret))
            }
            Type::List => {
                if id == Opt::Headers {
                    parse_header(value)?;
                }
                match self.values.entry(id).or_insert_with(|| Value::List(Vec::new())) {
                    Value::List(list) => list.push(value.to_owned()),
                    other => *other = Value::List(vec![value.to_owned()]),
                }
                Ok(())
            }
            Type::Choice(names) if names.contains(&value) => self.put(id, Value::Text(value.to_owned())),
            Type::Choice(names) => Err(Error::invalid(format!(
                "option {}: {value:?} is none of {}",
                spec.name,
                names.join(", ")
            ))),
            Type::Bool | Type::Int => Err(wrong_type(id, "a text")),
        }
    }

    /// Sets a whole list, which may be empty: then a job's lifts its client's.
    pub fn set_list<S: AsRef<str>>(&mut self, id: Opt, values: &[S]) -> Result<()> {
        if id.spec().kind != Type::List {
            return Err(wrong_type(id, "a list"));
        }
        let mut one = Self::new();
        one.values.insert(id, Value::List(Vec::new()));
        values.iter().try_for_each(|value| one.set_text(id, value.as_ref()))?;
        self.values.append(&mut one.values);
        Ok(())
    }

    /// Sets any option by its name, from text ("true", "64M", "process").
    pub fn set_by_name(&mut self, name: &str, text: &str) -> Result<()> {
        let spec =
            spec_by_name(name).ok_or_else(|| Error::invalid(format!("no option is named {name:?}")))?;
        match spec.kind {
            Type::Bool => {
                self.set_bool(spec.id, parse_bool(text).ok_or_else(|| wrong_type(spec.id, &quoted(text)))?)
            }
            Type::Int => {
                self.set_int(spec.id, parse_size(text).ok_or_else(|| wrong_type(spec.id, &quoted(text)))?)
            }
            _ => self.set_text(spec.id, text),
        }
    }

    /// Forgets what was set: the option has its default again.
    pub fn unset(&mut self, id: Opt) {
        self.values.remove(&id);
    }

    /// These options, and where they say nothing, `below`'s.
    #[must_use]
    pub fn over(&self, below: &Options) -> Options {
        let mut all = below.clone();
        all.values.extend(self.values.iter().map(|(id, value)| (*id, value.clone())));
        all
    }

    /// Refuses options that can't differ from one job to another.
    pub fn check_per_job(&self) -> Result<()> {
        match self.values.keys().find(|id| !id.spec().per_job) {
            Some(id) => {
                Err(Error::invalid(format!("option {} belongs to the client, not to a job", id.spec().name)))
            }
            None => Ok(()),
        }
    }

    /// Whether the option was set.
    pub fn is_set(&self, id: Opt) -> bool {
        self.values.contains_key(&id)
    }

    /// A boolean option's value.
    pub fn bool(&self, id: Opt) -> bool {
        match self.values.get(&id) {
            Some(Value::Bool(value)) => *value,
            _ => id.spec().default == "true",
        }
    }

    /// A number's value.
    pub fn int(&self, id: Opt) -> u64 {
        match self.values.get(&id) {
            Some(Value::Int(value)) => *value as u64,
            _ => id.spec().default.parse().unwrap_or(0),
        }
    }

    /// A time's value (options whose name ends in `_ms`).
    pub fn time(&self, id: Opt) -> Duration {
        Duration::from_millis(self.int(id))
    }

    /// A text's or choice's value; empty when unset and without a default.
    pub fn text(&self, id: Opt) -> &str {
        match self.values.get(&id) {
            Some(Value::Text(value)) => value,
            _ => id.spec().default,
        }
    }

    /// A folder or file, when one is set.
    pub fn path(&self, id: Opt) -> Option<PathBuf> {
        Some(self.text(id)).filter(|text| !text.is_empty()).map(PathBuf::from)
    }

    /// A secret's value, when one is set.
    pub fn secret(&self, id: Opt) -> Option<&Secret> {
        match self.values.get(&id) {
            Some(Value::Secret(secret)) if !secret.is_empty() => Some(secret),
            _ => None,
        }
    }

    /// A list's values.
    pub fn list(&self, id: Opt) -> &[String] {
        match self.values.get(&id) {
            Some(Value::List(list)) => list,
            _ => &[],
        }
    }

    /// The headers that were added, name and value apart.
    pub fn headers(&self) -> Vec<(String, String)> {
        self.list(Opt::Headers).iter().filter_map(|line| parse_header(line).ok()).collect()
    }

    /// A value as text, for `hfx env` and introspection; a secret, and what a header says, shows as `***`.
    pub fn show(&self, id: Opt) -> String {
        match self.values.get(&id) {
            None => id.spec().default.to_owned(),
            Some(Value::Bool(value)) => value.to_string(),
            Some(Value::Int(value)) => value.to_string(),
            Some(Value::Text(value)) => value.clone(),
            Some(Value::Secret(_)) => "***".to_owned(),
            Some(Value::List(_)) if id == Opt::Headers => {
                let names: Vec<String> =
                    self.headers().iter().map(|(name, _)| format!("{name}: ***")).collect();
                names.join(", ")
            }
            Some(Value::List(list)) => list.join(", "),
        }
    }

    #[allow(clippy::unnecessary_wraps)] // The setters end with it.
    fn put(&mut self, id: Opt, value: Value) -> Result<()> {
        self.values.insert(id, value);
        Ok(())
    }
}

fn quoted(text: &str) -> String {
    format!("{text:?}")
}

fn wrong_type(id: Opt, what: &str) -> Error {
    let spec = id.spec();
    let holds = match spec.kind {
        Type::Bool => "yes or no",
        Type::Int => "a number (K, M, G or T may follow)",
        Type::Text | Type::Secret | Type::Choice(_) => "a text",
        Type::List => "a list of texts",
    };
    Error::invalid(format!("option {} holds {holds}, and this is {what}", spec.name))
}

fn validate_text(id: Opt, value: &str) -> Result<()> {
    let refuse = |why: &str| Err(Error::invalid(format!("option {}: {why}", id.spec().name)));
    match id {
        Opt::Endpoint if !value.starts_with("http://") && !value.starts_with("https://") => {
            refuse("an endpoint starts with http:// or https://")
        }
        Opt::ExpectSha256 if value.len() != 64 || !value.bytes().all(|b| b.is_ascii_hexdigit()) => {
            refuse("a SHA-256 has 64 hex digits")
        }
        _ => Ok(()),
    }
}

fn parse_header(line: &str) -> Result<(String, String)> {
    let bad = || Error::invalid("option headers: a header is \"Name: value\"");
    let (name, value) = line.split_once(':').ok_or_else(bad)?;
    let (name, value) = (name.trim(), value.trim());
    http::HeaderName::from_bytes(name.as_bytes()).map_err(|_| bad())?;
    http::HeaderValue::from_str(value).map_err(|_| bad())?;
    Ok((name.to_owned(), value.to_owned()))
}

/// The Hub's own idea of true: `1 ON YES TRUE`, any case; other words are false, except unknown ones.
pub fn parse_bool(text: &str) -> Option<bool> {
    match text.to_ascii_uppercase().as_str() {
        "1" | "ON" | "YES" | "TRUE" => Some(true),
        "0" | "OFF" | "NO" | "FALSE" | "" => Some(false),
        _ => None,
    }
}

/// A number with an optional `K`, `M`, `G` or `T` (powers of 1024; `B` and `iB` may follow).
pub fn parse_size(text: &str) -> Option<i64> {
    let text = text.trim();
    let digits = text.find(|c: char| !c.is_ascii_digit()).unwrap_or(text.len());
    let number: i64 = text[..digits].parse().ok()?;
    let unit = text[digits..].trim().to_ascii_uppercase();
    let shift = match unit.trim_end_matches('B').trim_end_matches('I') {
        "" => 0,
        "K" => 10,
        "M" => 20,
        "G" => 30,
        "T" => 40,
        _ => return None,
    };
    number.checked_mul(1 << shift)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_table_is_sound() {
        for (i, spec) in TABLE.iter().enumerate() {
            assert!(i == 0 || (TABLE[i - 1].id as i32) < spec.id as i32, "{}: numbers ascend", spec.name);
            assert_eq!(TABLE.iter().filter(|s| s.name == spec.name).count(), 1, "{} twice", spec.name);
            assert!(spec.doc.ends_with('.'), "{}: a doc is a sentence", spec.name);
            let mut options = Options::new();
            if !spec.default.is_empty() {
                options.set_by_name(spec.name, spec.default).unwrap();
                assert_eq!(options.show(spec.id), spec.default);
            }
        }
    }

    #[test]
    fn values_are_checked_when_set() {
        let mut options = Options::new();
        assert!(options.set_int(Opt::MemoryBudget, 1).is_err());
        assert!(options.set_int(Opt::MemoryBudget, 0).is_ok(), "0 is automatic");
        assert!(options.set_int(Opt::ConnectTimeout, 0).is_err());
        assert!(options.set_text(Opt::Durability, "never").is_err());
        assert!(options.set_text(Opt::Endpoint, "ftp://x").is_err());
        assert!(options.set_text(Opt::Headers, "no colon").is_err());
        assert!(options.set_text(Opt::Token, "a\nb").is_err());
        assert!(options.set_bool(Opt::Token, true).is_err());
        assert!(options.set_by_name("nonsense", "1").is_err());
        options.set_by_name("max_bytes_per_second", "50M").unwrap();
        assert_eq!(options.int(Opt::MaxRate), 50 << 20);
    }

    #[test]
    fn a_list_is_set_as_a_whole_or_not_at_all() {
        let (mut client, mut job) = (Options::new(), Options::new());
        client.set_text(Opt::Include, "*.bin").unwrap();
        client.set_text(Opt::Headers, "A: b").unwrap();
        assert!(client.set_list(Opt::Headers, &["C: d", "no colon"]).is_err());
        assert_eq!(client.list(Opt::Headers), ["A: b"]);
        assert!(client.show(Opt::Headers) == "A: ***" && !format!("{client:?}").contains("A: b"));
        assert!(client.set_list(Opt::Token, &["x"]).is_err());
        job.set_list(Opt::Include, &[] as &[&str]).unwrap();
        assert!(job.over(&client).list(Opt::Include).is_empty(), "a job lifts its client's list");
        job.set_list(Opt::Include, &["a", "b"]).unwrap();
        assert_eq!(job.over(&client).list(Opt::Include), ["a", "b"]);
    }

    #[test]
    fn a_job_lies_over_its_client() {
        let (mut client, mut job) = (Options::new(), Options::new());
        client.set_text(Opt::Token, "client").unwrap();
        client.set_bool(Opt::Offline, true).unwrap();
        job.set_text(Opt::Token, "job").unwrap();
        let both = job.over(&client);
        assert_eq!(both.secret(Opt::Token).unwrap().expose(), "job");
        assert!(both.bool(Opt::Offline));
        assert!(job.check_per_job().is_ok());
        job.set_int(Opt::Threads, 1).unwrap();
        assert!(job.check_per_job().is_err());
    }

    #[test]
    fn sizes() {
        for (text, value) in [("1", 1), ("2k", 2048), ("50M", 50 << 20), ("3 GiB", 3 << 30), ("1TB", 1 << 40)]
        {
            assert_eq!(parse_size(text), Some(value), "{text}");
        }
        for text in ["", "M", "1X", "-1", "99999999999T"] {
            assert_eq!(parse_size(text), None, "{text}");
        }
    }
}
