//! What survives on the way out: kills, cancels, pauses, and a memory of parts that others have touched.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::net::TcpStream;
use std::os::unix::fs::PermissionsExt as _;
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering::Relaxed};
use std::time::{Duration, Instant};

use hfx::client::{Client, Hooks, Input, Job};
use hfx::error::Kind;
use serde_json::json;

use crate::support::client::{job, model};
use crate::support::files::{files_below, random, seed};
use crate::support::push::{PART, held, history, lab, listed, made, write};
use crate::support::{Lab, wait_for};

/// Bytes of a part of the folders that are killed.
const SMALL: usize = PART / 2;
/// Connections of the uploads that are killed: so many parts may be in flight.
const CONNECTIONS: usize = 3;

/// `hfx upload o/n FOLDER`, with a home of its own.
fn upload(lab: &Lab, folder: &Path, state: &Path) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_hfx"));
    command
        .args(["upload", "o/n"])
        .arg(folder)
        .args(["--max-connections", &CONNECTIONS.to_string(), "-q", "-o"])
        .arg(format!("state_dir={}", state.display()))
        .env_clear()
        .env("HF_ENDPOINT", &lab.hub.endpoint)
        .env("HOME", state)
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(Stdio::null());
    command
}

/// How often the server has stored each part.
fn stored(lab: &Lab) -> BTreeMap<String, usize> {
    let mut parts = BTreeMap::new();
    for put in lab.hub.puts().into_iter().filter(|put| put.status == 200) {
        *parts.entry(put.path.split('?').next().unwrap().to_owned()).or_default() += 1;
    }
    parts
}

fn ended(child: &mut Child) -> bool {
    child.try_wait().unwrap().is_some()
}

#[test]
fn a_folder_killed_at_thirty_moments_goes_on_where_it_was() {
    let seed = seed();
    println!("HFX_TEST_SEED={seed}");
    let mut rng = fastrand::Rng::with_seed(seed);
    let lab = lab(&["--multipart-from", "1M", "--chunk-size", "512K"]);
    let client = lab.client(&[]);
    let (dir, state) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    // A third of a second or so, so that the moments spread over it.
    lab.hub.fault(json!({"port": "cdn", "method": "PUT", "times": 0}), json!({"request_rate": 8_000_000}));
    let sizes =
        [("a.bin", 6 * SMALL + 1), ("deep/b.bin", 4 * SMALL), ("whole.bin", 2 * SMALL - 1), ("small.txt", 9)];
    let total: u64 = sizes.iter().map(|(_, size)| *size as u64).sum();
    let mut commits = history(&client, None).len();
    let (mut killed, mut kept) = (0, 0);
    for round in 0..30 {
        let files: Vec<_> = sizes.iter().map(|(path, size)| (*path, random(rng.u64(..), *size))).collect();
        for (path, bytes) in &files {
            write(dir.path(), &[(path, bytes), (&format!("many/{round}-{}.txt", bytes.len()), &bytes[..9])]);
        }
        lab.hub.forget();
        let mut child = upload(&lab, dir.path(), state.path()).spawn().unwrap();
        // A moment: so many bytes sent; one in ten is the commit's.
        let moment = rng.u64(0..total + total / 10);
        let sent = || lab.hub.puts().iter().map(|put| put.received).sum::<u64>();
        wait_for("the moment", || {
            sent() >= moment || lab.hub.count("POST", "/commit/") > 0 || ended(&mut child)
        });
        child.kill().unwrap();
        killed += usize::from(!child.wait().unwrap().success());
        let before = stored(&lab);
        kept += before.len();
        let again = upload(&lab, dir.path(), state.path()).stderr(Stdio::piped()).output().unwrap();
        assert!(again.status.success(), "round {round}: {}", String::from_utf8_lossy(&again.stderr));
        commits += 1;
        assert_eq!(history(&client, None).len(), commits, "round {round}: one commit for it all");
        for (path, bytes) in &files {
            assert!(held(&client, path, None).unwrap() == *bytes, "round {round}: {path}");
        }
        let twice = stored(&lab).into_iter().filter(|(_, times)| *times > 1).count();
        assert!(twice <= CONNECTIONS, "round {round}: {twice} stored again");
        assert_eq!(stored(&lab).values().filter(|times| **times > 2).count(), 0, "round {round}");
        let left = files_below(state.path());
        assert!(!left.iter().any(|path| path.extension().is_some_and(|e| e == "parts")), "{left:?}");
    }
    assert!(killed >= 20 && kept >= 60, "{killed} of 30 were killed on their way, with {kept} parts stored");
    assert_eq!(listed(&client, None).len(), 4 + 30 * 4);
}

#[test]
fn a_folder_in_several_commits_is_killed_and_goes_on() {
    let lab = lab(&[]);
    let client = lab.client(&[]);
    let (dir, state) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    let mut rng = fastrand::Rng::with_seed(seed());
    for round in 0..4 {
        for n in 0..350 {
            write(dir.path(), &[(&format!("{}/f{n:03}.txt", n % 5), format!("{round} {n}").as_bytes())]);
        }
        write(dir.path(), &[("z.bin", &random(rng.u64(..), 3 * PART + 1))]);
        let before = history(&client, None).len();
        lab.hub.forget();
        lab.hub.fault(json!({"path": "/commit/", "times": 0}), json!({"delay_ms": 50}));
        let run = || {
            let mut command = upload(&lab, dir.path(), state.path());
            command.args(["-o", "commits=paced"]).stderr(Stdio::piped());
            command
        };
        let mut child = run().spawn().unwrap();
        let moment = rng.usize(1..4);
        wait_for("the moment", || lab.hub.count("POST", "/commit/") >= moment || ended(&mut child));
        child.kill().unwrap();
        child.wait().unwrap();
        let again = run().output().unwrap();
        assert!(again.status.success(), "{}", String::from_utf8_lossy(&again.stderr));
        let commits = history(&client, None).len() - before;
        assert!((2..=5).contains(&commits), "round {round}: {commits}");
        for n in [0, 99, 100, 101, 199, 200, 349] {
            let path = format!("{}/f{n:03}.txt", n % 5);
            assert_eq!(held(&client, &path, None).unwrap(), format!("{round} {n}").as_bytes());
        }
        assert!(held(&client, "z.bin", None).unwrap() == fs::read(dir.path().join("z.bin")).unwrap());
        assert!(run().status().unwrap().success());
        assert_eq!(history(&client, None).len() - before, commits, "nothing is left to do");
    }
}

/// The parts of multipart uploads that the server has on its disk, by their numbers.
fn on_disk(lab: &Lab) -> BTreeSet<String> {
    let files = files_below(&lab.hub.path(".hub"));
    let part = |path: &std::path::PathBuf| {
        let name = path.file_name()?.to_str()?.to_owned();
        let is_one = path.iter().any(|room| room == "uploads") && name.parse::<u32>().is_ok();
        is_one.then_some(name)
    };
    files.iter().filter_map(part).collect()
}

#[test]
fn a_server_killed_in_the_middle_goes_on_where_it_was() {
    let mut lab = lab(&[]);
    let (connections, bytes) = (CONNECTIONS.to_string(), random(82, 24 * PART + 7));
    let dir = tempfile::tempdir().unwrap();
    let path = write(dir.path(), &[("f.bin", &bytes)]).join("f.bin");
    let client = lab.client(&[("max_connections", &connections), ("retry_timeout_ms", "60000")]);
    let commits = history(&client, None).len();
    let job = started(&lab, &client, &path, 6);
    lab.hub.kill();
    let there = on_disk(&lab);
    assert!((6..=24).contains(&there.len()), "{there:?}");
    lab.hub.restart();
    made(job.join()).unwrap();
    let again: BTreeSet<String> =
        stored(&lab).into_keys().map(|part| part.rsplit('/').next().unwrap().to_owned()).collect();
    // Those whose answer was on its way: the server had them, and nobody heard of it.
    let twice: Vec<_> = again.intersection(&there).collect();
    assert!(twice.len() <= CONNECTIONS, "{twice:?} of {there:?}");
    assert_eq!(again.union(&there).count(), 25);
    assert!(held(&client, "f.bin", None).unwrap() == bytes);
    assert_eq!(history(&client, None).len(), commits + 1);
}

#[test]
fn two_at_once_make_one_commit() {
    let lab = lab(&[]);
    let client = lab.client(&[]);
    let (dir, state) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    for round in 0..5 {
        write(dir.path(), &[("a.bin", &random(round, 4 * PART + 3)), ("b.bin", &random(50 + round, PART))]);
        write(dir.path(), &[("c.txt", round.to_string().as_bytes())]);
        let before = history(&client, None).len();
        let run = || upload(&lab, dir.path(), state.path()).stderr(Stdio::piped()).spawn().unwrap();
        let both = [run(), run()];
        for child in both {
            let ran = child.wait_with_output().unwrap();
            assert!(ran.status.success(), "round {round}: {}", String::from_utf8_lossy(&ran.stderr));
        }
        assert_eq!(history(&client, None).len(), before + 1, "round {round}");
        assert!(held(&client, "a.bin", None).unwrap() == random(round, 4 * PART + 3));
    }
}

/// A client with a memory, which sends one part at a time.
fn careful(lab: &Lab, state: &Path) -> Client {
    lab.client(&[("state_dir", state.to_str().unwrap()), ("max_connections", "1")])
}

/// Starts the upload of `path` as `f.bin`, slowly, and waits until so many parts are stored.
fn started(lab: &Lab, client: &Client, path: &Path, parts: usize) -> Job {
    lab.hub.forget();
    lab.hub.fault(json!({"path": "/part/", "times": 0}), json!({"request_rate": 6_000_000}));
    let input = Input::Path(path.to_owned(), None);
    let job = client.upload_file(&model(), None, input, "f.bin", &job(&[]), Hooks::default()).unwrap();
    wait_for("the parts", || job.totals().done >= (parts * PART) as u64 || job.has_ended());
    assert!(!job.has_ended(), "{:?}", job.error());
    job
}

/// An upload of `path` that was cancelled when three parts were stored.
fn cancelled(lab: &Lab, client: &Client, path: &Path) {
    let job = started(lab, client, path, 3);
    let start = Instant::now();
    job.cancel();
    assert_eq!(job.join().unwrap_err().kind(), Kind::Cancelled);
    assert!(start.elapsed() < Duration::from_secs(3), "{:?}", start.elapsed());
    lab.hub.faults(&json!([]));
}

fn go_on(client: &Client, path: &Path) -> Job {
    let input = Input::Path(path.to_owned(), None);
    let job = client.upload_file(&model(), None, input, "f.bin", &job(&[]), Hooks::default()).unwrap();
    made(job.join()).unwrap();
    job
}

#[test]
fn a_cancel_leaves_parts_that_are_not_sent_again() {
    let lab = lab(&[]);
    let (dir, state) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    let client = careful(&lab, state.path());
    let path = dir.path().join("f.bin");
    fs::write(&path, random(80, 6 * PART + 7)).unwrap();
    cancelled(&lab, &client, &path);
    let before = stored(&lab);
    let again = go_on(&client, &path);
    assert_eq!(stored(&lab).len(), 7);
    // The one that was in flight may have come whole, with nobody left to hear of it.
    assert!(
        stored(&lab).values().filter(|times| **times > 1).count() <= before.len() - 3,
        "{:?}",
        stored(&lab)
    );
    let totals = again.totals();
    let known = totals.restored / PART as u64;
    assert!((3..=4).contains(&known) && totals.sent == totals.bytes - totals.restored, "{totals:?}");
    assert_eq!((totals.done, totals.files_done, totals.bytes), (6 * PART as u64 + 7, 1, 6 * PART as u64 + 7));
    assert!(held(&client, "f.bin", None).unwrap() == fs::read(&path).unwrap());
}

#[test]
fn a_store_that_is_gone_does_not_hold_up_the_next_run() {
    let lab = lab(&[]);
    let (dir, state) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    let bytes = random(81, 6 * PART + 7);
    let path = write(dir.path(), &[("f.bin", &bytes)]).join("f.bin");
    // The first addresses lead through this door, as another upload's.
    let (open, cdn) = (Arc::new(AtomicBool::new(true)), lab.hub.cdn.replace("http://", ""));
    let (door, at) = (open.clone(), cdn.clone());
    let (port, _) = crate::proxy::serve(move |client, _| {
        if door.load(Relaxed) { crate::proxy::pump(client, TcpStream::connect(&at)?) } else { Ok(()) }
    });
    let mut answer = crate::upload_faults::batch(&lab, &bytes);
    let header = answer["objects"][0]["actions"]["upload"]["header"].as_object_mut().unwrap();
    for (_, url) in header.iter_mut().filter(|(name, _)| *name != "chunk_size") {
        *url = json!(format!(
            "{}&uploadId=old",
            url.as_str().unwrap().replace(&cdn, &format!("127.0.0.1:{port}"))
        ));
    }
    let client = lab.client(&[
        ("state_dir", state.path().to_str().unwrap()),
        ("max_connections", "1"),
        ("retry_timeout_ms", "1000"),
    ]);
    let slow = json!({"match": {"path": "/part/", "times": 0}, "do": {"request_rate": 6_000_000}});
    lab.hub.faults(&json!([crate::upload_faults::batch_says(&answer), slow]));
    let input = Input::Path(path.clone(), None);
    let job = client.upload_file(&model(), None, input, "f.bin", &job(&[]), Hooks::default()).unwrap();
    wait_for("the parts", || job.totals().done >= 3 * PART as u64 || job.has_ended());
    job.cancel();
    assert_eq!(job.join().unwrap_err().kind(), Kind::Cancelled);
    lab.hub.faults(&json!([]));
    open.store(false, Relaxed);
    go_on(&client, &path);
    assert!(held(&client, "f.bin", None).unwrap() == bytes);
}

#[test]
fn parts_that_were_taken_are_kept_when_the_others_are_refused_for_good() {
    let lab = lab(&[]);
    let (dir, state) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    let client = careful(&lab, state.path());
    let path = write(dir.path(), &[("f.bin", &random(82, 6 * PART + 7))]).join("f.bin");
    lab.hub.fault(json!({"path": "/part/", "skip": 3, "times": 0}), json!({"status": 403}));
    let input = Input::Path(path.clone(), None);
    let job = client.upload_file(&model(), None, input, "f.bin", &job(&[]), Hooks::default()).unwrap();
    assert_eq!(job.join().unwrap_err().kind(), Kind::Forbidden);
    lab.hub.faults(&json!([]));
    go_on(&client, &path);
    assert_eq!(stored(&lab).into_values().collect::<Vec<_>>(), [1; 7]);
}

type Damage = fn(&[u8]) -> Vec<u8>;

#[test]
fn what_is_remembered_is_for_the_owner_and_may_be_damaged() {
    let lab = lab(&[]);
    let (dir, state) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    let memory = state.path().join("made/for/it");
    let client = careful(&lab, &memory);
    let path = dir.path().join("f.bin");
    let old = std::time::SystemTime::now() - Duration::from_mins(1);
    let journal = |ending: &str| {
        let mut all = files_below(&memory);
        all.retain(|path| path.extension().is_some_and(|e| e == ending));
        assert_eq!(all.len(), 1, "{ending}: {all:?}");
        all.remove(0)
    };
    let replaced = |text: &[u8], from: &str, to: &str| {
        let text = String::from_utf8(text.to_vec()).unwrap();
        assert!(text.contains(from), "{from} is not in {text}");
        text.replace(from, to).into_bytes()
    };
    let damages: &[(&str, Damage)] = &[
        ("parts", |_| Vec::new()),
        ("parts", |_| b"\xff\xfe{}\n".to_vec()),
        ("parts", |text| text[..text.len() / 2].to_vec()),
        ("parts", |text| text[..text.len() - 5].to_vec()),
        ("parts", |text| {
            [text, b"{\"part\":18446744073709551615,\"etag\":\"x\"}\n{\"part\":9,\"etag\":\"x\"}\n"].concat()
        }),
        ("parts", |text| [text, b"{\"part\":5,\"etag\":\"never stored\"}\n"].concat()),
        ("hashes", |_| b"\0\0\0\n[]\n{\"path\":1}\n".to_vec()),
        ("hashes", |text| text[..text.len() / 2].to_vec()),
    ];
    for (round, (ending, damage)) in damages.iter().enumerate() {
        fs::write(&path, random(90 + round as u64, 6 * PART + 7)).unwrap();
        fs::File::options().write(true).open(&path).unwrap().set_modified(old).unwrap();
        let _ = fs::remove_dir_all(&memory);
        cancelled(&lab, &careful(&lab, &memory), &path);
        for file in files_below(&memory) {
            let mode = fs::metadata(&file).unwrap().permissions().mode() & 0o777;
            assert_eq!(mode, 0o600, "{}", file.display());
        }
        let file = journal(ending);
        fs::write(&file, damage(&fs::read(&file).unwrap())).unwrap();
        go_on(&client, &path);
        assert!(held(&client, "f.bin", None).unwrap() == fs::read(&path).unwrap(), "round {round}");
    }
    // Bits that fell over in what can still be read.
    let flips: &[(&str, &str, &str)] = &[
        ("parts", "\"chunk_size\":1048576", "\"chunk_size\":1048577"),
        ("parts", "\"chunk_size\":1048576", "\"chunk_size\":0"),
        ("parts", "\"part\":1,", "\"part\":4,"),
        ("parts", "/part/", "/parx/"),
        ("hashes", "\"sha256\":\"", "\"sha256\":\"z"),
        ("hashes", "\"sha256\":\"", "\"sha256\":\"0123456789"),
    ];
    for (round, (ending, from, to)) in flips.iter().enumerate() {
        fs::write(&path, random(190 + round as u64, 6 * PART + 7)).unwrap();
        fs::File::options().write(true).open(&path).unwrap().set_modified(old).unwrap();
        let _ = fs::remove_dir_all(&memory);
        cancelled(&lab, &careful(&lab, &memory), &path);
        let file = journal(ending);
        let mut text = replaced(&fs::read(&file).unwrap(), from, to);
        if *to == "\"sha256\":\"0123456789" {
            // As long as it was.
            let text_now = String::from_utf8(text).unwrap();
            let at = text_now.find(to).unwrap() + to.len();
            text = format!("{}{}", &text_now[..at], &text_now[at + 10..]).into_bytes();
        }
        fs::write(&file, text).unwrap();
        go_on(&careful(&lab, &memory), &path);
        assert!(held(&client, "f.bin", None).unwrap() == fs::read(&path).unwrap(), "{from} to {to}");
    }
    // A memory that can't be written to.
    fs::write(&path, random(299, 3 * PART)).unwrap();
    go_on(&careful(&lab, &path), &path);
}
