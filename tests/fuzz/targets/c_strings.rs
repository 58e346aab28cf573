//! Every function of the C ABI that takes a string, as `include/hfx.h` lists them, with any bytes for the strings and
//! any numbers beside them: no crash, and an error that says something, in UTF-8.
//! A byte for the function, eight for the numbers, then the strings, each with a NUL behind it.
#![no_main]

use std::ffi::{CStr, CString, c_char, c_void};
use std::io::{Read as _, Write as _};
use std::net::TcpListener;
use std::ptr::null_mut;
use std::sync::LazyLock;

use libfuzzer_sys::fuzz_target;
// The C symbols are linked with it.
use hfx as _;

type Pointer = *mut c_void;

include!(concat!(env!("OUT_DIR"), "/calls.rs"));

unsafe extern "C" {
    fn hfx_options_new(out: *mut Pointer, err: *mut Pointer) -> i32;
    fn hfx_options_clone(options: Pointer, out: *mut Pointer, err: *mut Pointer) -> i32;
    fn hfx_client_open(options: Pointer, out: *mut Pointer, err: *mut Pointer) -> i32;
    fn hfx_commit_new(out: *mut Pointer, err: *mut Pointer) -> i32;
    fn hfx_job_cancel(job: Pointer);
    fn hfx_client_scan_cache(client: Pointer, options: Pointer, out: *mut Pointer, err: *mut Pointer) -> i32;
    fn hfx_job_take_cache(job: Pointer, out: *mut Pointer, err: *mut Pointer) -> i32;
    fn hfx_job_take_reply(job: Pointer, out: *mut Pointer, err: *mut Pointer) -> i32;
    fn hfx_job_wait(job: Pointer, timeout_ms: i64, ended: *mut i32, err: *mut Pointer) -> i32;
    fn hfx_error_message(error: Pointer) -> *const c_char;
    fn hfx_error_status(error: Pointer) -> i32;
}

/// What lives as long as the process: offline, in a folder of its own, with one answer of a server.
struct House {
    client: Pointer,
    repo: Pointer,
    reply: Pointer,
    cache: Pointer,
    options: Pointer,
}

// SAFETY: used by the one thread that fuzzes.
unsafe impl Sync for House {}
unsafe impl Send for House {}

static HOUSE: LazyLock<House> = LazyLock::new(|| {
    let folder = tempfile::tempdir().unwrap().keep();
    std::env::set_current_dir(&folder).unwrap();
    let snapshot = "cache/models--o--n/snapshots/0123456789012345678901234567890123456789";
    std::fs::create_dir_all(snapshot).unwrap();
    let text = |text: &str| CString::new(text).unwrap();
    let [mut options, mut online, mut repo, mut client, mut reply, mut cache]: [Pointer; 6] = [null_mut(); 6];
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let endpoint = format!("http://{}", listener.local_addr().unwrap());
    let server = std::thread::spawn(move || {
        let mut stream = listener.accept().unwrap().0;
        let _ = stream.read(&mut [0; 4096]).unwrap();
        let body = br#"{"a": [1, {"b/c": "d~e"}], "": null, "m": -0.5}"#;
        let head = format!("HTTP/1.1 200 OK\r\nX-A: b\r\nContent-Length: {}\r\n\r\n", body.len());
        stream.write_all(head.as_bytes()).unwrap();
        stream.write_all(body).unwrap();
    });
    // SAFETY: the header's contract is kept: live handles, NUL-terminated strings, room for what comes out.
    unsafe {
        assert_eq!(hfx_options_new(&mut options, null_mut()), 0);
        let values = [
            ("cache_dir", folder.join("cache").to_str().unwrap().to_owned()),
            ("assets_dir", folder.join("assets").to_str().unwrap().to_owned()),
            ("threads", "1".to_owned()),
            ("endpoint", endpoint),
        ];
        for (name, value) in values {
            let (name, value) = (text(name), text(&value));
            let status = hfx_options_set_by_name(
                options,
                name.as_ptr() as Pointer,
                value.as_ptr() as Pointer,
                null_mut(),
            );
            assert_eq!(status, 0, "{name:?}");
        }
        assert_eq!(hfx_client_open(options, &mut online, null_mut()), 0);
        let (method, target) = (text("GET"), text("/api/x"));
        let mut job: Pointer = null_mut();
        let status = hfx_client_call(
            online,
            method.as_ptr() as Pointer,
            target.as_ptr() as Pointer,
            null_mut(),
            1,
            null_mut(),
            (&raw mut job).cast(),
            null_mut(),
        );
        assert_eq!(status, 0);
        assert_eq!(hfx_job_wait(job, -1, null_mut(), null_mut()), 0);
        assert_eq!(hfx_job_take_reply(job, (&raw mut reply).cast(), null_mut()), 0);
        hfx_job_free(job);
        server.join().unwrap();
        hfx_client_free(online);
        let (name, yes) = (text("offline"), text("true"));
        let set =
            hfx_options_set_by_name(options, name.as_ptr() as Pointer, yes.as_ptr() as Pointer, null_mut());
        assert_eq!(set, 0);
        assert_eq!(hfx_client_open(options, &mut client, null_mut()), 0);
        assert_eq!(hfx_client_scan_cache(client, null_mut(), &mut job, null_mut()), 0);
        assert_eq!(hfx_job_wait(job, -1, null_mut(), null_mut()), 0);
        assert_eq!(hfx_job_take_cache(job, &mut cache, null_mut()), 0);
        hfx_job_free(job);
        let id = text("o/n");
        let made = hfx_repo_new(1, id.as_ptr() as Pointer, null_mut(), (&raw mut repo).cast(), null_mut());
        assert_eq!(made, 0);
    }
    House { client, repo, reply, cache, options }
});

/// For any callback: both calling conventions that are fuzzed on leave what is not declared alone.
extern "C" fn nothing() -> i64 {
    0
}

/// What one call gets, and what it gave.
struct World {
    strings: Vec<CString>,
    used: usize,
    pointers: Vec<*const c_char>,
    numbers: u64,
    error: Pointer,
    number: u64,
    memory: [u8; 64],
    outs: Vec<(String, Box<Pointer>)>,
    own: Vec<(&'static str, Pointer)>,
}

impl World {
    fn text(&mut self) -> Pointer {
        self.used += 1;
        // One bit for each says NULL.
        if self.numbers >> (56 + self.used % 8) & 1 == 1 {
            return null_mut();
        }
        let number = self.used.min(self.strings.len()) - 1;
        self.strings[number].as_ptr() as Pointer
    }

    /// A path on this machine: below the folder of the process, so that the fuzzer harms nothing.
    fn path(&mut self) -> Pointer {
        let text = self.text();
        if !text.is_null() {
            // SAFETY: from `strings`.
            let bytes = unsafe { CStr::from_ptr(text.cast()) }.to_bytes();
            if bytes.starts_with(b"/") || bytes.windows(2).any(|two| two == b"..") {
                return c"local".as_ptr() as Pointer;
            }
        }
        text
    }

    fn texts(&mut self) -> Pointer {
        // Once for a call: what was given stays where it is.
        if self.pointers.is_empty() {
            self.pointers = self.strings.iter().map(|one| one.as_ptr()).collect();
        }
        self.pointers.as_mut_ptr().cast()
    }

    fn error(&mut self) -> Pointer {
        (&raw mut self.error).cast()
    }

    fn number(&mut self) -> Pointer {
        (&raw mut self.number).cast()
    }

    fn memory(&mut self) -> Pointer {
        self.memory.as_mut_ptr().cast()
    }

    fn next(&mut self) -> u64 {
        self.numbers = self.numbers.rotate_left(7);
        self.numbers
    }

    /// No more than there is of texts, or of memory.
    fn length(&mut self) -> usize {
        if self.pointers.is_empty() { (self.next() % 65) as usize } else { self.pointers.len() }
    }

    fn out(&mut self, kind: &str) -> Pointer {
        self.outs.push((kind.to_owned(), Box::new(null_mut())));
        let place: *mut Pointer = &mut *self.outs.last_mut().unwrap().1;
        place.cast()
    }

    fn handle(&mut self, kind: &str) -> Pointer {
        let mut made = null_mut();
        match kind {
            "hfx_client" => HOUSE.client,
            "hfx_repo" => HOUSE.repo,
            "hfx_reply" => HOUSE.reply,
            "hfx_cache" => HOUSE.cache,
            "hfx_commit" | "hfx_options" => {
                // SAFETY: room for what comes out.
                let status = unsafe {
                    if kind == "hfx_commit" {
                        hfx_commit_new(&mut made, null_mut())
                    } else {
                        hfx_options_clone(HOUSE.options, &mut made, null_mut())
                    }
                };
                assert_eq!(status, 0);
                self.own.push((if kind == "hfx_commit" { "hfx_commit" } else { "hfx_options" }, made));
                made
            }
            _ => null_mut(),
        }
    }

    fn ended(&mut self, name: &str, status: i32) {
        assert_eq!(status != 0, !self.error.is_null(), "{name}: {status}");
        if !self.error.is_null() {
            // SAFETY: a live error.
            let (text, said) =
                unsafe { (CStr::from_ptr(hfx_error_message(self.error)), hfx_error_status(self.error)) };
            let text = text.to_str().expect("a message is UTF-8");
            assert!(!text.is_empty() && said == status, "{name}: {said} {text}");
            assert!(status != 6, "{name}: an internal error: {text}");
            free("hfx_error", self.error);
        }
        for (kind, handle) in &self.outs {
            if handle.is_null() {
                continue;
            }
            assert_eq!(status, 0, "{name}: a result beside an error");
            if kind == "hfx_job" {
                // SAFETY: a live job.
                unsafe {
                    hfx_job_cancel(**handle);
                    assert_eq!(hfx_job_wait(**handle, -1, &mut 0, null_mut()), 0);
                }
            }
            free(kind, **handle);
        }
    }
}

fuzz_target!(|data: &[u8]| {
    let Some((&function, rest)) = data.split_first() else { return };
    let Some((numbers, texts)) = rest.split_first_chunk::<8>() else { return };
    LazyLock::force(&HOUSE);
    let mut world = World {
        strings: texts.split(|byte| *byte == 0).take(8).map(|text| CString::new(text).unwrap()).collect(),
        used: 0,
        pointers: Vec::new(),
        numbers: u64::from_le_bytes(*numbers),
        error: null_mut(),
        number: 0,
        memory: [0; 64],
        outs: Vec::new(),
        own: Vec::new(),
    };
    call(usize::from(function) % FUNCTIONS, &mut world);
    for (kind, handle) in world.own {
        free(kind, handle);
    }
    // What hfx_client_assets_path makes.
    let _ = std::fs::remove_dir_all("assets");
});
