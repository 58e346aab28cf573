//! A Hub, a storage host and a neighbour on this machine that mean harm: nothing is written outside, no secret is given
//! away, memory has a bound, and every job ends. (Nonsense in listings: `bad_input.rs`. Fuzzing: `tests/fuzz`.)

use std::fs;
use std::io::Write as _;
use std::net::{TcpListener, TcpStream};
use std::os::unix::fs::{PermissionsExt as _, symlink};
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, Ordering::Relaxed};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use hfx::client::{Client, Hooks, Job};
use hfx::error::{Error, Kind};
use hfx::log::{Level, Log};
use hfx::options::Options;
use rustix::fs::{CWD, RenameFlags, renameat_with};
use serde_json::{Value, json};

use crate::cli::{Shell, ran};
use crate::support::client::{get, get_with, job, model, snapshot, url, with};
use crate::support::files::{blobs, files_below, random, sha256};
use crate::support::proc::Task;
use crate::support::push::{self, LFS};
use crate::support::rude::{Rude, say};
use crate::support::{Hub, Lab, M, skip};
use crate::tls::Terminator;

const TOKEN: &str = "hf_hostile_secret";
const COMMIT: &str = "0123456789012345678901234567890123456789";
/// What a signed address must not show anywhere.
const SIGNATURE: &str = "5ignatureThatIsSecret";
/// Longer than any bound that these tests set: a job that has not ended by then hangs.
const HUNG: Duration = Duration::from_mins(3);

/// How a job ended, which it must.
fn failed(job: &Job) -> Error {
    assert!(job.wait(Some(HUNG)).unwrap(), "it hangs");
    job.join().unwrap_err()
}

/// Sends whoever asks for `model.bin` there.
fn redirect(lab: &Lab, to: &str) {
    let linked = json!({
        "Location": to, "X-Repo-Commit": COMMIT, "X-Linked-Etag": "\"".to_owned() + &"ab".repeat(32) + "\"",
        "X-Linked-Size": "1000",
    });
    lab.hub.fault(json!({"path": "model.bin", "times": 0}), json!({"status": 302, "headers": linked}));
}

/// Answers each LFS batch with one object's actions.
fn batch(lab: &Lab, bytes: &[u8], actions: &Value) {
    let object = json!({"oid": sha256(bytes), "size": bytes.len(), "actions": actions});
    let body = json!({"transfer": "multipart", "objects": [object]}).to_string();
    let headers = json!({"content-type": "application/vnd.git-lfs+json"});
    lab.hub.fault(
        json!({"path": "objects/batch", "times": 0}),
        json!({"status": 200, "headers": headers, "body": body, "read_body": true}),
    );
}

#[test]
fn a_storage_host_that_asks_for_the_token_does_not_get_it() {
    for (status, ask) in [
        (401, ("WWW-Authenticate", "Bearer realm=\"hub\", error=\"invalid_token\"")),
        (401, ("WWW-Authenticate", "Basic realm=\"hub\"")),
        (407, ("Proxy-Authenticate", "Basic realm=\"hub\"")),
        (403, ("Set-Cookie", "session=1")),
    ] {
        let thief =
            Rude::saying(status, &[ask], b"{\"error\": \"Invalid credentials in Authorization header\"}");
        let lab = push::lab(&["--token", TOKEN]);
        lab.hub.put("models/o/n/model.bin", b"x");
        redirect(&lab, &format!("{}/x?X-Amz-Signature={SIGNATURE}", thief.origin));
        let client =
            lab.client(&[("token", TOKEN), ("headers", "X-Key: hostile-key"), ("retry_timeout_ms", "500")]);
        get(&client, "model.bin").unwrap_err();
        let folder = tempfile::tempdir().unwrap();
        let from = format!("{}/o/n/resolve/main/model.bin", lab.hub.endpoint);
        url(&client, &from, &folder.path().join("x"), &[("headers", "X-Own: hostile-key")]).unwrap_err();
        // And on the way out: a place to put an object, one that redirects, one to complete and to verify.
        let bytes = random(1, LFS + 1);
        let there = format!("{}/put?X-Amz-Signature={SIGNATURE}", thief.origin);
        let moved = Rude::saying(307, &[("Location", &there)], b"");
        for (put, header) in
            [(&there, json!({})), (&moved.origin, json!({"Authorization": "Basic c2VjcmV0"}))]
        {
            batch(
                &lab,
                &bytes,
                &json!({"upload": {"href": put, "header": header}, "verify": {"href": there}}),
            );
            push::push(&client, "model.bin", &bytes, &[]).unwrap_err();
        }
        let asked = thief.asked();
        assert!(
            asked.iter().any(|a| a.method == "GET") && asked.iter().any(|a| a.method == "PUT"),
            "{asked:?}"
        );
        for asked in asked {
            let head = asked.head.to_lowercase();
            for secret in [TOKEN, "authorization", "hostile-key", "cookie", "c2vjcmv0"] {
                assert!(!head.contains(secret), "{secret} was given away: {head}");
            }
            assert!(!asked.body.contains(TOKEN));
        }
    }
}

#[test]
fn redirects_lead_into_the_web_and_nowhere_else() {
    let secret = tempfile::NamedTempFile::new().unwrap();
    fs::write(&secret, b"private").unwrap();
    let file = format!("file://{}", secret.path().display());
    let lab = push::lab(&[]);
    lab.hub.put("models/o/n/model.bin", b"x");
    let client = lab.client(&[("retry_timeout_ms", "500")]);
    let folder = tempfile::tempdir().unwrap();
    let to = folder.path().join("x");
    let places = [
        file.as_str(),
        "file:///etc/passwd",
        "FILE:///etc/passwd",
        "data:text/plain,x",
        "gopher://127.0.0.1/",
        "http://user:password@127.0.0.1/",
        "http:///x",
        "https://",
        "unix:///run/x",
        "http://127.0.0.1:99999/",
        "http://[::1",
        "http://127.0.0.1:80:80/",
    ];
    for place in places {
        let mover = Rude::saying(302, &[("Location", place)], b"");
        redirect(&lab, place);
        let kinds = [
            get(&client, "model.bin").unwrap_err().kind(),
            url(&client, &format!("{}/x", mover.origin), &to, &[]).unwrap_err().kind(),
        ];
        // The storage host sends it on.
        redirect(&lab, &mover.origin);
        let further = get(&client, "model.bin").unwrap_err().kind();
        lab.hub.fault(
            json!({"path": "/tree/", "times": 0}),
            json!({"status": 307, "headers": {"Location": place}}),
        );
        let listing = snapshot(&client, &[]).unwrap_err().kind();
        assert_eq!(
            (kinds, further, listing),
            ([Kind::Protocol; 2], Kind::Protocol, Kind::Protocol),
            "{place}"
        );
        let bytes = random(2, LFS + 1);
        let putter = Rude::saying(307, &[("Location", place)], b"");
        for actions in [
            json!({"upload": {"href": place}}),
            json!({"upload": {"href": putter.origin}}),
            json!({"upload": {"href": putter.origin}, "verify": {"href": place}}),
            json!({"upload": {"href": place, "header": {"chunk_size": "1000000", "1": putter.origin}}}),
            json!({"upload": {"href": putter.origin, "header": {"chunk_size": "1000000", "1": place}}}),
        ] {
            batch(&lab, &bytes, &actions);
            let error = push::push(&client, "f.bin", &bytes, &[]).unwrap_err();
            assert_eq!(error.kind(), Kind::Protocol, "{place} {actions}: {error}");
        }
    }
    assert!(!to.exists() && files_below(folder.path()).is_empty());
    assert!(blobs(lab.cache()).is_empty());
}

#[test]
fn circles_between_two_servers_and_pages_that_never_end_are_left() {
    let other = Arc::new(Mutex::new(String::new()));
    let back = other.clone();
    let one = Rude::start(move |asked, stream| {
        let to = format!("{}{}", back.lock().unwrap(), asked.path);
        say(asked, stream, 302, &[("Location", &to)], b"")
    });
    let two = Rude::saying(302, &[("Location", &format!("{}/x", one.origin))], b"");
    other.lock().unwrap().clone_from(&two.origin);
    let lab = Lab::with_file("model.bin", b"x");
    redirect(&lab, &one.origin);
    let client = lab.client(&[("retry_timeout_ms", "500")]);
    assert_eq!(get(&client, "model.bin").unwrap_err().kind(), Kind::Protocol);
    let putter = Rude::saying(307, &[("Location", "/again")], b"");
    let bytes = random(3, LFS + 1);
    let up = push::lab(&[]);
    batch(&up, &bytes, &json!({"upload": {"href": putter.origin}}));
    let error = push::push(&up.client(&[("retry_timeout_ms", "500")]), "f.bin", &bytes, &[]).unwrap_err();
    assert_eq!(error.kind(), Kind::Protocol, "{error}");
    // Empty pages that each name another one count as pages.
    let pages = Rude::start(|asked, stream| {
        if asked.path.contains("/revision/") {
            return say(asked, stream, 200, &[], format!("{{\"sha\": \"{COMMIT}\"}}").as_bytes());
        }
        let number: u64 = asked.path.rsplit('=').next().and_then(|n| n.parse().ok()).unwrap_or(0);
        let link = format!("</api/models/o/n/tree/x?cursor={}>; rel=\"next\"", number + 1);
        say(asked, stream, 200, &[("Link", &link)], b"[]")
    });
    let error = failed(&start_snapshot(&lab.client(&[("endpoint", &pages.origin)])));
    assert_eq!(error.kind(), Kind::Protocol, "{error}");
}

fn start_snapshot(client: &Client) -> Job {
    client.download_snapshot(&model(), None, &job(&[]), Hooks::default()).unwrap()
}

#[test]
fn nonsense_in_lfs_answers_sends_nothing() {
    let lab = push::lab(&[]);
    let client = lab.client(&[("retry_timeout_ms", "500")]);
    let bytes = random(4, LFS + 1);
    let put = format!("{}/put", lab.hub.cdn);
    let mut many = json!({"chunk_size": "2"});
    for number in 1..=LFS / 2 + 1 {
        many[number.to_string()] = json!("http://127.0.0.1:1/");
    }
    for header in [
        json!({"chunk_size": "0", "1": put}),
        json!({"chunk_size": "-1", "1": put}),
        json!({"chunk_size": 1e300, "1": put}),
        json!({"chunk_size": "99999999999999999999", "1": put}),
        json!({"chunk_size": [], "1": put}),
        json!({"chunk_size": "1000000"}),
        json!({"chunk_size": "1000000", "1": put, "2": put}),
        json!({"chunk_size": u64::MAX.to_string(), "0": put, "1": put}),
        json!({"chunk_size": "1000000", "1": "../../x"}),
        json!({"chunk_size": "1000000", "1": "C:\\x"}),
        json!({"chunk_size": "1000000", "1": "\u{0}"}),
        many,
    ] {
        batch(&lab, &bytes, &json!({"upload": {"href": put, "header": header}}));
        let error = push::push(&client, "f.bin", &bytes, &[]).unwrap_err();
        assert_eq!(
            error.kind(),
            Kind::Protocol,
            "{}: {error}",
            &header.to_string()[..40.min(header.to_string().len())]
        );
    }
    // Objects that nobody asked about.
    for oid in ["../../../../etc/passwd", "/etc/passwd", "a\\..\\b", "", "\u{0}", ".git/config"] {
        let body =
            json!({"objects": [{"oid": oid, "size": 1, "actions": {"upload": {"href": put}}}]}).to_string();
        lab.hub.fault(
            json!({"path": "objects/batch", "times": 0}),
            json!({"status": 200, "body": body, "read_body": true}),
        );
        let error = push::push(&client, "f.bin", &bytes, &[]).unwrap_err();
        assert_eq!(error.kind(), Kind::Protocol, "{oid:?}: {error}");
    }
    assert!(lab.hub.puts().is_empty());
}

/// Puts a symlink in the place of a folder and the folder back, as fast as it can, while `work` runs.
fn swapping(folders: &[PathBuf], outside: &Path, mut work: impl FnMut()) {
    let stop = AtomicBool::new(false);
    std::thread::scope(|scope| {
        for folder in folders {
            let link =
                folder.with_file_name(format!("{}.link", folder.file_name().unwrap().to_str().unwrap()));
            symlink(outside, &link).unwrap();
            let stop = &stop;
            scope.spawn(move || {
                let (mut turns, mut swaps) = (0_u64, 0_u64);
                while !stop.load(Relaxed) || turns % 2 == 1 {
                    // Both names at once: there is always a folder or a symlink.
                    if renameat_with(CWD, folder, CWD, &link, RenameFlags::EXCHANGE).is_ok() {
                        turns += 1;
                        swaps += 1;
                    }
                    if swaps.is_multiple_of(64) {
                        std::thread::yield_now();
                    }
                }
            });
        }
        work();
        stop.store(true, Relaxed);
    });
}

#[test]
fn a_folder_that_becomes_a_symlink_in_the_middle_leads_nowhere() {
    let lab = Lab::new();
    let large = random(5, 3 * M);
    for number in 0..40 {
        lab.hub.put(&format!("models/o/n/sub/{number}.txt"), format!("file {number}").as_bytes());
    }
    lab.hub.put("models/o/n/sub/model.bin", &large);
    let (local, outside) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    fs::write(outside.path().join("0.txt"), b"mine").unwrap();
    let quick = ("lock_timeout_ms", "100");
    let option =
        [("local_dir", local.path().to_str().unwrap()), ("force", "true"), ("fail_fast", "false"), quick];
    snapshot(&lab.client(&[]), &option).unwrap();
    snapshot(&lab.client(&[]), &[]).unwrap();
    let repo = lab.cache().join("models--o--n");
    let commit = fs::read_dir(repo.join("snapshots")).unwrap().next().unwrap().unwrap().path();
    let notes = local.path().join(".cache/huggingface/download/sub");
    for (folder, options) in [
        (local.path().join("sub"), &option[..]),
        (notes, &option[..]),
        (repo.join("blobs"), &option[1..]),
        (commit.join("sub"), &option[1..]),
        (repo.join("refs"), &option[1..]),
        (lab.cache().join(".locks/models--o--n"), &option[1..]),
    ] {
        let client = lab.client(&[("retry_timeout_ms", "1000")]);
        let mut came = 0;
        swapping(std::slice::from_ref(&folder), outside.path(), || {
            for _ in 0..8 {
                let ended = start(&client, options);
                assert!(ended.wait(Some(HUNG)).unwrap(), "it hangs");
                // With the folder in place it works, with the symlink it is refused: both are right.
                came += u32::from(ended.join().is_ok());
            }
        });
        let found: Vec<_> =
            fs::read_dir(outside.path()).unwrap().map(|entry| entry.unwrap().path()).collect();
        assert_eq!(found, [outside.path().join("0.txt")], "{}: {came} came", folder.display());
        assert_eq!(fs::read(&found[0]).unwrap(), b"mine", "{}", folder.display());
    }
}

fn start(client: &Client, options: &[(&str, &str)]) -> Job {
    client.download_snapshot(&model(), None, &job(options), Hooks::default()).unwrap()
}

/// Folders that came with an archive, say: a symlink that is there from the start, in every place of both forms.
#[test]
fn planted_symlinks_are_not_written_through() {
    let bytes = random(6, 3 * M);
    let lab = Lab::with_file("sub/model.bin", &bytes);
    let outside = tempfile::tempdir().unwrap();
    // As large as what is fetched: an unfinished download that misses only its rename, it seems.
    let victim = outside.path().join("victim");
    let (mine, etag) = (random(7, 3 * M), sha256(&bytes));
    fs::write(&victim, &mine).unwrap();
    for folder in [
        "sub",
        ".cache",
        ".cache/huggingface",
        ".cache/huggingface/download",
        ".cache/huggingface/download/sub",
    ] {
        let local = tempfile::tempdir().unwrap();
        let at = local.path().join(folder);
        fs::create_dir_all(at.parent().unwrap()).unwrap();
        symlink(outside.path(), &at).unwrap();
        let option = [("local_dir", local.path().to_str().unwrap())];
        let error = get_with(&lab.client(&[]), "sub/model.bin", None, &option).unwrap_err();
        assert_eq!(error.kind(), Kind::CorruptCache, "{folder}: {error}");
        assert_eq!(files_below(outside.path()), std::slice::from_ref(&victim), "{folder}");
    }
    for folder in
        ["models--o--n", "models--o--n/blobs", "models--o--n/snapshots", "models--o--n/refs", ".locks"]
    {
        let cache = tempfile::tempdir().unwrap();
        let at = cache.path().join(folder);
        fs::create_dir_all(at.parent().unwrap()).unwrap();
        symlink(outside.path(), &at).unwrap();
        let ended = get(&lab.client(&[("cache_dir", cache.path().to_str().unwrap())]), "sub/model.bin");
        assert!(ended.is_err() || folder == ".locks", "{folder}: locks are a courtesy, all else is not");
        assert_eq!(files_below(outside.path()), std::slice::from_ref(&victim), "{folder}");
    }
    // The names of partials, of which the victim would be gone on with.
    let local = tempfile::tempdir().unwrap();
    let option = [("local_dir", local.path().to_str().unwrap())];
    get_with(&lab.client(&[]), "sub/model.bin", None, &option).unwrap();
    let notes = local.path().join(".cache/huggingface/download/sub");
    let name = {
        use base64::Engine as _;
        use sha1::Digest as _;
        base64::prelude::BASE64_URL_SAFE.encode(sha1::Sha1::digest(b"model.bin.metadata"))
    };
    fs::remove_file(local.path().join("sub/model.bin")).unwrap();
    symlink(&victim, notes.join(format!("{name}.{etag}.00000001.incomplete"))).unwrap();
    get_with(&lab.client(&[]), "sub/model.bin", None, &option).unwrap();
    assert!(fs::read(&victim).unwrap() == mine, "written through a partial's name");
    assert!(fs::read(local.path().join("sub/model.bin")).unwrap() == bytes);
    // The same beside a path of the caller's, and in the cache's blobs.
    let folder = tempfile::tempdir().unwrap();
    symlink(&victim, folder.path().join("x.00000001.incomplete")).unwrap();
    let from = format!("{}/o/n/resolve/main/sub/model.bin", lab.hub.endpoint);
    url(&lab.client(&[]), &from, &folder.path().join("x"), &[("sha256", &etag)]).unwrap();
    let blobs = lab.cache().join("models--o--n/blobs");
    fs::create_dir_all(&blobs).unwrap();
    symlink(&victim, blobs.join(format!("{etag}.00000001.incomplete"))).unwrap();
    get(&lab.client(&[]), "sub/model.bin").unwrap();
    assert!(fs::read(&victim).unwrap() == mine, "written through a partial's name");
}

#[test]
fn whoever_dribbles_is_left() {
    let drip = |stream: &mut TcpStream, first: &[u8]| -> std::io::Result<()> {
        stream.write_all(first)?;
        loop {
            stream.write_all(b" ")?;
            std::thread::sleep(Duration::from_millis(100));
        }
    };
    let lab = Lab::with_file("model.bin", b"x");
    let quick = [
        ("head_timeout_ms", "400"),
        ("stall_timeout_ms", "400"),
        ("retry_timeout_ms", "1000"),
        ("connect_timeout_ms", "400"),
    ];
    // The head; the body of an answer; the rest of a redirect that nobody wants; an error's body.
    let heads: [&'static [u8]; 5] = [
        b"HTTP/1.1 200 OK\r\nX-Long: ",
        b"HTTP/1.1 200 OK\r\nContent-Length: 10000\r\n\r\n[",
        b"HTTP/1.1 302 Found\r\nLocation: /api/models/o/n/revision/x\r\nContent-Length: 10000\r\n\r\n",
        b"HTTP/1.1 500 No\r\nContent-Length: 10000\r\n\r\n",
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n1;",
    ];
    for head in heads {
        let slow = Rude::start(move |_, stream| drip(stream, head));
        let client = lab.client(&[&quick[..], &[("endpoint", &slow.origin)]].concat());
        let error = failed(&start_snapshot(&client));
        let text = String::from_utf8_lossy(head);
        assert!(matches!(error.kind(), Kind::Timeout | Kind::Protocol | Kind::Network), "{text}: {error}");
        assert!(!slow.asked().is_empty());
    }
    // 1xx for ever, and TLS that never gets on.
    let slow = Rude::start(|_, stream| {
        loop {
            stream.write_all(b"HTTP/1.1 103 Early Hints\r\nLink: </x>\r\n\r\n")?;
        }
    });
    let error = failed(&start_snapshot(&lab.client(&[&quick[..], &[("endpoint", &slow.origin)]].concat())));
    assert!(matches!(error.kind(), Kind::Timeout | Kind::Protocol | Kind::Network), "{error}");
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let secure = format!("https://{}", listener.local_addr().unwrap());
    std::thread::spawn(move || {
        for stream in listener.incoming().flatten() {
            std::thread::spawn(move || drip(&mut { stream }, b"\x16\x03\x03\x40\x00"));
        }
    });
    let error = failed(&start_snapshot(&lab.client(&[&quick[..], &[("endpoint", &secure)]].concat())));
    assert!(matches!(error.kind(), Kind::Timeout | Kind::Tls | Kind::Network), "{error}");
}

#[test]
fn what_never_ends_takes_no_memory() {
    type Piece = Box<dyn Fn(u64) -> String + Send + Sync>;
    let quick = [("head_timeout_ms", "2000"), ("stall_timeout_ms", "2000"), ("retry_timeout_ms", "1000")];
    let entry = |number: u64| {
        format!("{{\"type\":\"file\",\"path\":\"{number:x}\",\"oid\":\"a\",\"size\":18446744073709551615}},")
    };
    let endless: [(&str, &'static str, Piece); 7] = [
        ("headers", "HTTP/1.1 200 OK\r\n", Box::new(|n| format!("X-{n}: {}\r\n", "y".repeat(1000)))),
        ("one header", "HTTP/1.1 200 OK\r\nX: ", Box::new(|_| "y".repeat(1000))),
        ("a status", "HTTP/1.1 200 ", Box::new(|_| "O".repeat(1000))),
        ("a listing", "HTTP/1.1 200 OK\r\n\r\n[", Box::new(entry)),
        (
            "folders",
            "HTTP/1.1 200 OK\r\n\r\n[",
            Box::new(|_| "{\"type\":\"directory\",\"path\":\"\"},".repeat(100)),
        ),
        ("nesting", "HTTP/1.1 200 OK\r\n\r\n", Box::new(|_| "[".repeat(1000))),
        (
            "trailers",
            "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\n[]\r\n0\r\n",
            Box::new(|n| format!("X-{n}: {}\r\n", "y".repeat(1000))),
        ),
    ];
    for (what, head, piece) in endless {
        let server = Rude::start(move |asked, stream| {
            if asked.path.contains("/revision/") {
                return say(asked, stream, 200, &[], format!("{{\"sha\": \"{COMMIT}\"}}").as_bytes());
            }
            stream.write_all(head.as_bytes())?;
            for number in 0.. {
                stream.write_all(piece(number).as_bytes())?;
            }
            Ok(())
        });
        let lab = Lab::new();
        let task = Task::download(&lab, None, &[&quick[..], &[("endpoint", &server.origin)]].concat());
        let ended = task.run();
        let peak = ended["peak"].as_u64().unwrap();
        assert!(peak > 1 << 20, "it was looked at");
        // The largest answer that is read has 64 MiB.
        assert!(peak < 192 << 20, "{what}: {} MiB, {ended}", peak >> 20);
        assert!(ended["error"].is_string() || what == "trailers", "{what}: {ended}");
    }
}

#[test]
fn absurd_lengths_are_told_and_not_made_room_for() {
    let lab = Lab::with_file("model.bin", &random(8, 3 * M));
    for length in
        ["18446744073709551615", "18446744073709551616", "-1", "9223372036854775808", "0x10", "1, 2", ""]
    {
        lab.hub.fault(
            json!({"path": "model.bin", "times": 0}),
            json!({"set_headers": {"X-Linked-Size": length}}),
        );
        let ended = Task::download(&lab, Some("model.bin"), &[("retry_timeout_ms", "500")]).run();
        // What is no number counts as not said, and the file comes with its true size.
        let named = length.parse::<u64>().is_ok();
        assert_eq!(ended["error"].is_string(), named, "{length}: {ended}");
        assert!(ended["peak"].as_u64().unwrap() < 128 << 20, "{length}: {ended}");
        let _ = fs::remove_dir_all(lab.cache().join("models--o--n"));
    }
    // A server that says more than it sends, and one that sends more than it says.
    for told in ["18446744073709551615", "99999999999999999999", "-5", "1"] {
        let head = format!("HTTP/1.1 200 OK\r\nContent-Length: {told}\r\n\r\n");
        let liar = Rude::start(move |_, stream| {
            stream.write_all(head.as_bytes())?;
            stream.write_all(&[b'x'; 5000])
        });
        let folder = tempfile::tempdir().unwrap();
        let client = lab.client(&[("retry_timeout_ms", "500")]);
        let ended = url(&client, &format!("{}/x", liar.origin), &folder.path().join("x"), &[]);
        assert!(ended.is_err() || (told == "1" && ended.unwrap().size == 1), "{told}");
    }
}

#[test]
fn packed_answers_are_refused_unread() {
    for encoding in ["gzip", "br", "deflate", "zstd", "x-gzip, identity", "GZIP"] {
        let packer = Rude::saying(200, &[("Content-Encoding", encoding)], &random(9, 100_000));
        let lab = Lab::with_file("model.bin", b"x");
        let client = lab.client(&[("endpoint", &packer.origin), ("retry_timeout_ms", "500")]);
        let error = failed(&start_snapshot(&client));
        assert!(
            error.kind() == Kind::Protocol && error.to_string().contains("plain bytes"),
            "{encoding}: {error}"
        );
        redirect(&lab, &packer.origin);
        let error = get(&lab.client(&[("retry_timeout_ms", "500")]), "model.bin").unwrap_err();
        assert_eq!(error.kind(), Kind::Protocol, "{encoding}: {error}");
        assert!(
            packer
                .asked()
                .iter()
                .all(|asked| asked.head.to_lowercase().contains("accept-encoding: identity"))
        );
    }
}

#[test]
fn bad_certificates_and_old_versions_of_tls_are_refused() {
    const EXPIRED: &str = "touch index.txt; echo 01 > serial
        printf '[ca]\ndefault_ca=d\n[d]\ndatabase=index.txt\nserial=serial\nnew_certs_dir=.\ndefault_md=sha256\npolicy=p\n[p]\ncommonName=supplied\n' > ca.cnf
        openssl ca -batch -notext -config ca.cnf -in csr.pem -cert ca.pem -keyfile ca.key -extfile ext -out cert.pem \
            -startdate 20200101000000Z -enddate 20200102000000Z";
    const SELF_SIGNED: &str = "openssl req -x509 -newkey rsa:2048 -nodes -keyout key.pem -out cert.pem -days 2 \
        -subj /CN=localhost -addext subjectAltName=DNS:localhost -addext basicConstraints=CA:FALSE";
    const OTHER_NAME: &str = "printf 'subjectAltName=DNS:hub.invalid\nbasicConstraints=CA:FALSE\n' > ext
        openssl x509 -req -in csr.pem -CA ca.pem -CAkey ca.key -days 2 -extfile ext -out cert.pem";
    let lab = Lab::with_file("config.json", b"{}");
    let refused = |script: &str, version: &[&str], what: &str| {
        let Some(tls) = Terminator::with(&lab, script, version) else {
            return skip("hostile tls", "openssl and a python3 that speaks old TLS are needed");
        };
        let (ca, here) = (tls.ca(), tls.endpoint("localhost"));
        let options = [
            ("endpoint", here.as_str()),
            ("ca_file", ca.to_str().unwrap()),
            ("retry_timeout_ms", "500"),
            ("token", TOKEN),
        ];
        let error = get(&lab.client(&options), "config.json").unwrap_err();
        assert_eq!(error.kind(), Kind::Tls, "{what}: {error}");
        assert!(lab.hub.requests().is_empty(), "{what}: something was said");
    };
    refused(EXPIRED, &[], "expired");
    refused(SELF_SIGNED, &[], "self-signed");
    refused(OTHER_NAME, &[], "another name");
    refused("", &["TLSv1"], "TLS 1.0");
    refused("", &["TLSv1_1"], "TLS 1.1");
    // The same set-up with TLS 1.2 works: what was refused was what is bad about it.
    if let Some(tls) = Terminator::with(&lab, "", &["TLSv1_2"]) {
        let (ca, here) = (tls.ca(), tls.endpoint("localhost"));
        get(&lab.client(&[("endpoint", &here), ("ca_file", ca.to_str().unwrap())]), "config.json").unwrap();
    }
    // What speaks no TLS at all.
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let plain = format!("https://{}", listener.local_addr().unwrap());
    std::thread::spawn(move || {
        for mut stream in listener.incoming().flatten() {
            let _ = stream.write_all(b"HTTP/1.1 400 Bad Request\r\nContent-Length: 0\r\n\r\n");
        }
    });
    let error =
        get(&lab.client(&[("endpoint", &plain), ("retry_timeout_ms", "500")]), "config.json").unwrap_err();
    assert!(matches!(error.kind(), Kind::Tls | Kind::Network), "{error}");
}

/// Everything that can be read of a client: its log, its errors, their `Debug`, and the options.
#[test]
fn no_secret_is_told() {
    let told = Arc::new(Mutex::new(Vec::<String>::new()));
    let lab = push::lab(&["--token", TOKEN]);
    lab.hub.put("models/o/n/model.bin", &random(10, 3 * M));
    let log = told.clone();
    let mut options = Options::new();
    for (name, value) in lab.pairs() {
        options.set_by_name(&name, &value).unwrap();
    }
    let proxy = "http://user:proxy-password@127.0.0.1:1";
    let options = with(
        options,
        &[
            ("token", TOKEN),
            ("headers", &format!("Authorization: Bearer {TOKEN}")),
            ("https_proxy", proxy),
            ("retry_timeout_ms", "500"),
            ("stall_timeout_ms", "300"),
        ],
    );
    let tell = move |_: Level, room: &str, text: &str| log.lock().unwrap().push(format!("{room} {text}"));
    let client = Client::open_with(options.clone(), Log::new(Level::Debug, Box::new(tell))).unwrap();
    let say_all = |error: &Error| {
        told.lock().unwrap().push(format!("{error} {error:?} {:?} {:?}", error.url_text(), error.message()));
    };
    told.lock().unwrap().push(format!("{options:?}"));
    let signed =
        |origin: &str| format!("{origin}/x?X-Amz-Signature={SIGNATURE}&Signature={SIGNATURE}&token={TOKEN}");
    for (status, body) in [(403, "<Code>AccessDenied</Code>"), (500, "no"), (200, "short"), (302, "")] {
        let cdn = Rude::saying(status, &[("Location", &signed("http://127.0.0.1:1"))], body.as_bytes());
        redirect(&lab, &signed(&cdn.origin));
        say_all(&get(&client, "model.bin").unwrap_err());
        let bytes = random(11, LFS + 1);
        batch(
            &lab,
            &bytes,
            &json!({"upload": {"href": signed(&cdn.origin)}, "verify": {"href": signed(&cdn.origin)}}),
        );
        say_all(&push::push(&client, "f.bin", &bytes, &[]).unwrap_err());
        let folder = tempfile::tempdir().unwrap();
        let _ = url(&client, &signed(&cdn.origin), &folder.path().join("x"), &[]).inspect_err(&say_all);
    }
    // A connection that dies, an address that stalls, a proxy that is not there.
    lab.hub.fault(json!({"port": "cdn", "times": 0}), json!({"stall_after": 1000}));
    say_all(&get(&client, "model.bin").unwrap_err());
    lab.hub.fault(json!({"port": "cdn", "times": 0}), json!({"drop_after": 1000}));
    say_all(&get(&client, "model.bin").unwrap_err());
    let folder = tempfile::tempdir().unwrap();
    say_all(&url(&client, &signed("https://hub.invalid"), &folder.path().join("x"), &[]).unwrap_err());
    let told = told.lock().unwrap().join("\n");
    assert!(told.contains("http://127.0.0.1"), "something was told: {told}");
    for secret in [TOKEN, SIGNATURE, "proxy-password", "X-Amz"] {
        assert!(!told.contains(secret), "{secret} is in: {told}");
    }
}

/// What the tool starts sees no token where others can read it: arguments and environment.
#[test]
fn children_are_not_shown_the_token() {
    let mut shell = Shell::new();
    shell.hub = Hub::with(&["--token", TOKEN]);
    let bin = PathBuf::from(shell.path("bin"));
    fs::create_dir_all(&bin).unwrap();
    let (git, seen) = (bin.join("git"), PathBuf::from(shell.path("seen")));
    let script = "#!/bin/sh\n{ echo \"$0 $*\"; env; } >>SEEN\ncat >/dev/null\n[ $1 = config ] && echo credential.helper=store\n";
    let script = script.replace("SEEN", seen.to_str().unwrap()) + "exit 0\n";
    fs::write(&git, script).unwrap();
    fs::set_permissions(&git, fs::Permissions::from_mode(0o755)).unwrap();
    let path = format!("{}:{}", bin.display(), std::env::var("PATH").unwrap());
    let file = PathBuf::from(shell.path("stdin"));
    fs::write(&file, format!("{TOKEN}\n")).unwrap();
    let line = ["auth", "login", "--add-to-git-credential"];
    let login = ran(shell.command(&line).env("PATH", path).stdin(fs::File::open(&file).unwrap()));
    assert_eq!(login.code, 0, "{login:?}");
    let seen = fs::read_to_string(seen).unwrap();
    assert!(seen.contains("credential approve"), "{seen}");
    assert!(!seen.contains(TOKEN), "{seen}");
}
