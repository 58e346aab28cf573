//! What survives: kills, cancels, pauses, and partials that others have touched.

use std::fs::{self, OpenOptions};
use std::os::unix::fs::FileExt as _;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use hfx::client::{Client, Hooks, Job};
use hfx::error::Kind;
use serde_json::json;

use crate::support::client::{file, get, get_with, job, model, snapshot};
use crate::support::files::{blobs, partials, random, seed};
use crate::support::proc::{Task, can_have_files_of_its_own, with_file};
use crate::support::{Hub, Lab, M, skip, wait_for};

/// Connections of the downloads that are killed: what is fetched again is bounded for each.
const CONNECTIONS: u64 = 2;

#[test]
fn one_file_killed_at_fifty_moments_goes_on_where_it_was() {
    let bytes = random(40, 40 * M);
    let lab = Lab::with_file("model.bin", &bytes);
    kill_and_resume(&lab, Some("model.bin"), bytes.len() as u64, |path| {
        assert!(fs::read(path).unwrap() == bytes);
    });
}

#[test]
fn a_snapshot_killed_at_fifty_moments_goes_on_where_it_was() {
    let lab = Lab::new();
    let mut files = vec![("a.bin".to_owned(), random(41, 20 * M)), ("b.bin".to_owned(), random(42, 12 * M))];
    files.extend((0..20).map(|n| (format!("small/{n}.txt"), random(100 + n, 30_000))));
    for (name, bytes) in &files {
        lab.hub.put(&format!("models/o/n/{name}"), bytes);
    }
    let total: usize = files.iter().map(|(_, bytes)| bytes.len()).sum();
    kill_and_resume(&lab, None, total as u64, |path| {
        for (name, bytes) in &files {
            assert!(fs::read(path.join(name)).unwrap() == *bytes, "{name}");
        }
    });
}

/// Kills a download at fifty random moments of its way, each time from the start, and resumes it.
fn kill_and_resume(lab: &Lab, path: Option<&str>, total: u64, right: impl Fn(&Path)) {
    let seed = seed();
    println!("HFX_TEST_SEED={seed}");
    let mut rng = fastrand::Rng::with_seed(seed);
    // Half a second or so, so that the moments spread over it.
    lab.hub.fault(json!({"port": "cdn", "times": 0}), json!({"rate": 40_000_000}));
    let mut killed = 0;
    for round in 0..50 {
        let _ = fs::remove_dir_all(lab.cache());
        lab.hub.forget();
        let connections = CONNECTIONS.to_string();
        let task = Task::download(lab, path, &[("max_connections", &connections)]);
        let mut child = task.start();
        // A moment: so many bytes sent, or a little later.
        let moment = rng.u64(0..total);
        wait_for("the moment", || lab.hub.sent() >= moment || child.try_wait().unwrap().is_some());
        child.kill().unwrap();
        killed += usize::from(!child.wait().unwrap().success());
        let result = task.run();
        let path = result["path"].as_str().unwrap_or_else(|| panic!("round {round}: {result}"));
        right(Path::new(path));
        let again = lab.hub.sent().saturating_sub(total);
        assert!(again <= CONNECTIONS * 16 * M as u64, "round {round}: {again} bytes fetched again");
        // A small file's is not worth going on with; a prune takes it away.
        let left = partials(lab.cache()).iter().map(|path| fs::metadata(path).unwrap().len()).max();
        assert!(left.unwrap_or(0) <= M as u64, "round {round}: {:?}", partials(lab.cache()));
    }
    assert!(killed >= 35, "only {killed} of 50 were killed on their way");
}

/// Starts a download of `model.bin` slowly and waits until `bytes` of it have come.
fn started(lab: &Lab, client: &Client, bytes: u64) -> Job {
    lab.hub.fault(json!({"port": "cdn", "times": 0}), json!({"rate": 4_000_000}));
    let job = client.download_file(&model(), None, "model.bin", &job(&[]), Hooks::default()).unwrap();
    wait_for("the first bytes", || job.totals().received >= bytes || job.has_ended());
    assert!(!job.has_ended());
    job
}

/// A download of `model.bin` that was cancelled on its way: its partial.
fn cancelled(lab: &Lab, client: &Client, bytes: u64) -> PathBuf {
    let job = started(lab, client, bytes);
    job.cancel();
    assert_eq!(job.join().unwrap_err().kind(), Kind::Cancelled);
    lab.hub.faults(&json!([]));
    lab.hub.forget();
    let mut all = partials(lab.cache());
    assert_eq!(all.len(), 1, "{all:?}");
    all.remove(0)
}

#[test]
fn a_cancel_answers_at_once_and_leaves_what_can_be_resumed() {
    let bytes = random(43, 32 * M);
    let lab = Lab::with_file("model.bin", &bytes);
    let client = lab.client(&[]);
    let running = started(&lab, &client, 8 * M as u64);
    let (other, start) = (running.clone(), Instant::now());
    std::thread::spawn(move || other.cancel());
    assert_eq!(running.join().unwrap_err().kind(), Kind::Cancelled);
    assert!(start.elapsed() < Duration::from_secs(3), "{:?}", start.elapsed());
    let received = running.totals().received;
    assert!(blobs(lab.cache()).is_empty());
    lab.hub.faults(&json!([]));
    let again = client.download_file(&model(), None, "model.bin", &job(&[]), Hooks::default()).unwrap();
    let result = file(again.join()).unwrap();
    assert!(fs::read(result.path).unwrap() == bytes);
    assert_eq!(again.totals().restored, received, "every byte that had come was kept");
    assert_eq!(again.totals().received, bytes.len() as u64 - received);
}

#[test]
fn a_cancel_answers_at_once_whatever_the_job_waits_for() {
    let bytes = random(44, 12 * M);
    let lab = Lab::with_file("model.bin", &bytes);
    let slow = [
        ("stall_timeout_ms", "60000"),
        ("head_timeout_ms", "60000"),
        ("retry_timeout_ms", "60000"),
        ("max_bytes_per_second", "0"),
    ];
    let gate = json!({"status": 429, "headers": {"RateLimit": "\"x\";r=0;t=500"}});
    for (what, when, act, rate) in [
        ("a head", json!({"port": "hub", "times": 0}), json!({"delay_ms": 60_000}), "0"),
        ("a store's head", json!({"port": "cdn", "times": 0}), json!({"delay_ms": 60_000}), "0"),
        ("bytes", json!({"port": "cdn", "times": 0}), json!({"stall_after": 100}), "0"),
        ("a rate limit", json!({"port": "cdn", "times": 0}), gate, "0"),
        ("a dead store", json!({"port": "cdn", "times": 0}), json!({"refuse": true}), "0"),
        ("its own rate", json!({"port": "cdn", "times": 0}), json!({"drop_after": 1u64 << 40}), "1000"),
    ] {
        lab.hub.fault(when, act);
        let mut options = slow;
        options[3].1 = rate;
        let client = lab.client(&options);
        let job = client.download_file(&model(), None, "model.bin", &job(&[]), Hooks::default()).unwrap();
        wait_for(what, || lab.hub.acted()[0] > 0);
        let start = Instant::now();
        job.cancel();
        assert_eq!(job.join().unwrap_err().kind(), Kind::Cancelled, "{what}");
        assert!(start.elapsed() < Duration::from_secs(3), "{what}: {:?}", start.elapsed());
        assert!(client.close(Duration::from_secs(10)).unwrap(), "{what}: threads are left");
    }
}

#[test]
fn a_paused_job_uses_no_connection_and_goes_on() {
    let bytes = random(45, 32 * M);
    let lab = Lab::with_file("model.bin", &bytes);
    let client = lab.client(&[]);
    let job = started(&lab, &client, 6 * M as u64);
    job.pause();
    wait_for("no connection in use", || lab.hub.connections("cdn").0 == 0);
    let held = job.totals().received;
    assert!(!job.wait(Some(Duration::from_millis(1200))).unwrap(), "longer than any bound on stalls");
    assert_eq!(job.totals().received, held);
    lab.hub.faults(&json!([]));
    job.resume();
    let result = file(job.join()).unwrap();
    assert!(fs::read(result.path).unwrap() == bytes);
    assert_eq!(job.totals().received, bytes.len() as u64, "no byte twice");
}

#[test]
fn a_paused_stream_without_ranges_goes_on() {
    let bytes = random(46, 12 * M);
    let lab = Lab::with_file("model.bin", &bytes);
    let client = lab.client(&[]);
    lab.hub.fault(json!({"port": "cdn", "times": 0}), json!({"ignore_range": true, "rate": 4_000_000}));
    let job = client.download_file(&model(), None, "model.bin", &job(&[]), Hooks::default()).unwrap();
    wait_for("bytes", || job.totals().received > M as u64);
    job.pause();
    wait_for("no connection in use", || lab.hub.connections("cdn").0 == 0);
    lab.hub.fault(json!({"port": "cdn", "times": 0}), json!({"ignore_range": true}));
    job.resume();
    assert!(job.wait(Some(Duration::from_secs(30))).unwrap(), "stuck: {:?}", job.totals());
    assert!(fs::read(file(job.take()).unwrap().path).unwrap() == bytes);
}

#[test]
fn pauses_at_any_moment_never_lose_a_part() {
    let bytes = random(47, 24 * M);
    let lab = Lab::with_file("model.bin", &bytes);
    let seed = seed();
    println!("HFX_TEST_SEED={seed}");
    let mut rng = fastrand::Rng::with_seed(seed);
    // Parts wait for slots, backoffs and answers, and are stopped in the middle of it.
    lab.hub.faults(&json!([
        {"match": {"port": "cdn", "times": 0}, "do": {"rate": 12_000_000}},
        {"match": {"port": "cdn", "times": 6}, "do": {"drop_after": 400_000}},
        {"match": {"port": "cdn", "times": 6}, "do": {"status": 503}},
    ]));
    let client = lab.client(&[("part_size", "1M"), ("max_connections", "6")]);
    let job = client.download_file(&model(), None, "model.bin", &job(&[]), Hooks::default()).unwrap();
    let mut pauses = 0;
    while !job.wait(Some(Duration::from_millis(rng.u64(1..60)))).unwrap() && pauses < 40 {
        job.pause();
        let _ = job.wait(Some(Duration::from_millis(rng.u64(0..40)))).unwrap();
        job.resume();
        pauses += 1;
    }
    assert!(job.wait(Some(Duration::from_mins(1))).unwrap(), "stuck: {:?}", job.totals());
    assert!(fs::read(file(job.take()).unwrap().path).unwrap() == bytes);
}

#[test]
fn what_other_tools_left_is_used_only_when_it_is_right() {
    let bytes = random(48, 12 * M);
    let lab = Lab::with_file("model.bin", &bytes);
    let etag = crate::support::files::sha256(&bytes);
    let blobs = lab.client(&[]).cache().unwrap().paths(&model()).blobs();
    let mut wrong = bytes.clone();
    wrong[5 * M] ^= 1;
    for (name, left, fetches) in [
        (format!("{etag}.incomplete"), &bytes[..3 * M], true),
        (format!("{etag}.0a1b2c3d.incomplete"), &bytes[..3 * M], true),
        (format!("{etag}.0a1b2c3d.incomplete"), &wrong[..], true),
        (format!("{etag}.0a1b2c3d.incomplete"), &bytes[..], false),
    ] {
        let _ = fs::remove_dir_all(lab.cache());
        fs::create_dir_all(&blobs).unwrap();
        fs::write(blobs.join(&name), left).unwrap();
        // Long ago: nobody writes it any more.
        let old = std::time::SystemTime::now() - Duration::from_hours(1);
        OpenOptions::new().write(true).open(blobs.join(&name)).unwrap().set_modified(old).unwrap();
        lab.hub.forget();
        let result = get(&lab.client(&[]), "model.bin").unwrap();
        assert!(fs::read(result.path).unwrap() == bytes, "{name}");
        assert_eq!(lab.hub.sent() > 0, fetches, "{name} with {} bytes", left.len());
    }
}

#[test]
fn what_several_killed_processes_left_goes_with_the_first_that_ends_well() {
    let bytes = random(52, 24 * M);
    let lab = Lab::with_file("model.bin", &bytes);
    lab.hub.fault(json!({"port": "cdn", "times": 0}), json!({"rate": 4_000_000}));
    let mut child = Task::download(&lab, Some("model.bin"), &[]).start();
    wait_for("the first bytes", || lab.hub.sent() > 5 * M as u64);
    child.kill().unwrap();
    child.wait().unwrap();
    lab.hub.faults(&json!([]));
    let left = partials(lab.cache()).remove(0);
    let name = left.file_name().unwrap().to_str().unwrap();
    let other = left.with_file_name(format!("{}.0a1b2c3d.incomplete", &name[..64]));
    let content = fs::read(&left).unwrap();
    fs::write(&other, &content).unwrap();
    let client = lab.client(&[]);
    let result = get(&client, "model.bin").unwrap();
    assert!(fs::read(result.path).unwrap() == bytes);
    assert_eq!(partials(lab.cache()), Vec::<PathBuf>::new());
    // Killed while another tool finished the file.
    fs::write(&other, &content).unwrap();
    snapshot(&client, &[]).unwrap();
    assert_eq!(partials(lab.cache()), Vec::<PathBuf>::new());
    // And the Hub is away, so that the cache answers.
    fs::write(&other, &content).unwrap();
    lab.hub.fault(json!({"path": "/api/", "times": 0}), json!({"status": 503}));
    snapshot(&client, &[]).unwrap();
    assert_eq!(partials(lab.cache()), Vec::<PathBuf>::new());
}

#[test]
fn another_commit_with_the_same_blob_keeps_what_is_there() {
    let bytes = random(49, 24 * M);
    let lab = Lab::with_file("model.bin", &bytes);
    lab.hub.put("models/o/n/.hfx/revisions/dev/model.bin", &bytes);
    lab.hub.put("models/o/n/.hfx/revisions/dev/other", b"x");
    let client = lab.client(&[]);
    cancelled(&lab, &client, 8 * M as u64);
    let result = get_with(&client, "model.bin", Some("dev"), &[]).unwrap();
    assert!(fs::read(result.path).unwrap() == bytes);
    assert!(lab.hub.sent() <= bytes.len() as u64 - 4 * M as u64, "{}", lab.hub.sent());
}

#[test]
fn a_partial_pruned_while_it_grows_is_survived() {
    let bytes = random(50, 16 * M);
    let lab = Lab::with_file("model.bin", &bytes);
    let client = lab.client(&[]);
    for all in [false, true] {
        let _ = fs::remove_dir_all(lab.cache());
        let job = started(&lab, &client, 4 * M as u64);
        if all {
            fs::remove_dir_all(lab.cache()).unwrap();
        } else {
            fs::remove_file(&partials(lab.cache())[0]).unwrap();
        }
        let result = file(job.join()).unwrap();
        assert!(fs::read(result.path).unwrap() == bytes);
    }
}

#[test]
fn a_truncated_partial_starts_again() {
    let bytes = random(51, 16 * M);
    let lab = Lab::with_file("model.bin", &bytes);
    let client = lab.client(&[]);
    let partial = cancelled(&lab, &client, 6 * M as u64);
    OpenOptions::new().write(true).open(&partial).unwrap().set_len(5 * M as u64).unwrap();
    let result = get(&client, "model.bin").unwrap();
    assert!(fs::read(result.path).unwrap() == bytes);
}

#[test]
fn a_partial_truncated_while_it_grows_is_not_published() {
    let bytes = random(52, 16 * M);
    let lab = Lab::with_file("model.bin", &bytes);
    let client = lab.client(&[]);
    let job = started(&lab, &client, 6 * M as u64);
    OpenOptions::new().write(true).open(&partials(lab.cache())[0]).unwrap().set_len(3 * M as u64).unwrap();
    match file(job.join()) {
        Ok(result) => assert!(fs::read(result.path).unwrap() == bytes),
        Err(error) => assert!(blobs(lab.cache()).is_empty(), "{error}"),
    }
    lab.hub.faults(&json!([]));
    assert!(fs::read(get(&client, "model.bin").unwrap().path).unwrap() == bytes);
}

#[test]
fn a_trailer_with_flipped_bits_is_believed_up_to_there() {
    let bytes = random(53, 16 * M);
    let lab = Lab::with_file("model.bin", &bytes);
    let client = lab.client(&[]);
    let seed = seed();
    println!("HFX_TEST_SEED={seed}");
    let mut rng = fastrand::Rng::with_seed(seed);
    let partial = cancelled(&lab, &client, 6 * M as u64);
    let kept = fs::read(&partial).unwrap();
    for round in 0..12 {
        let _ = fs::remove_dir_all(lab.cache());
        let mut flipped = kept.clone();
        let at = rng.usize(bytes.len()..kept.len());
        flipped[at] ^= 1 << rng.u8(0..8);
        fs::create_dir_all(partial.parent().unwrap()).unwrap();
        fs::write(&partial, flipped).unwrap();
        let old = std::time::SystemTime::now() - Duration::from_hours(1);
        OpenOptions::new().write(true).open(&partial).unwrap().set_modified(old).unwrap();
        let result = get(&client, "model.bin").unwrap_or_else(|e| panic!("round {round} at {at}: {e}"));
        assert!(fs::read(result.path).unwrap() == bytes, "round {round} at {at}");
    }
}

#[test]
fn a_restored_range_that_went_bad_is_fetched_again_alone() {
    let bytes = random(54, 48 * M);
    let lab = Lab::with_file("model.bin", &bytes);
    let client = lab.client(&[]);
    let partial = cancelled(&lab, &client, 24 * M as u64);
    let file = OpenOptions::new().read(true).write(true).open(&partial).unwrap();
    let mut byte = [0];
    file.read_exact_at(&mut byte, 100_000).unwrap();
    assert_eq!(byte[0], bytes[100_000], "restored");
    file.write_all_at(&[!byte[0]], 100_000).unwrap();
    let result = get(&client, "model.bin").unwrap();
    assert!(fs::read(result.path).unwrap() == bytes);
    let missing = bytes.len() as u64 - 24 * M as u64;
    assert!(lab.hub.sent() <= missing + 5 * M as u64, "{} for {missing}", lab.hub.sent());
}

#[test]
fn resume_can_be_refused() {
    let bytes = random(55, 16 * M);
    let lab = Lab::with_file("model.bin", &bytes);
    let client = lab.client(&[]);
    cancelled(&lab, &client, 6 * M as u64);
    let result = get_with(&client, "model.bin", None, &[("resume", "false")]).unwrap();
    assert!(fs::read(result.path).unwrap() == bytes);
    assert_eq!(lab.hub.sent(), bytes.len() as u64);
}

#[test]
fn a_url_goes_on_where_it_was_while_its_etag_is_the_same() {
    let bytes = random(56, 24 * M);
    let lab = Lab::with_file("model.bin", &bytes);
    let client = lab.client(&[]);
    let from = format!("{}/o/n/resolve/main/model.bin", lab.hub.endpoint);
    let folder = tempfile::tempdir().unwrap();
    let to = folder.path().join("out");
    lab.hub.fault(json!({"port": "cdn", "times": 0}), json!({"rate": 4_000_000}));
    let first = client.download_url(&from, &to, &job(&[]), Hooks::default()).unwrap();
    wait_for("bytes", || first.totals().received >= 8 * M as u64);
    first.cancel();
    first.join().unwrap_err();
    lab.hub.faults(&json!([]));
    let second = client.download_url(&from, &to, &job(&[]), Hooks::default()).unwrap();
    second.join().unwrap();
    assert!(fs::read(&to).unwrap() == bytes);
    assert!(second.totals().restored >= 8 * M as u64, "{:?}", second.totals());
}

#[test]
fn a_local_folder_is_resumed_as_well() {
    let bytes = random(57, 24 * M);
    let lab = Lab::with_file("model.bin", &bytes);
    let folder = tempfile::tempdir().unwrap();
    let local = [("local_dir", folder.path().to_str().unwrap())];
    let client = lab.client(&[]);
    lab.hub.fault(json!({"port": "cdn", "times": 0}), json!({"rate": 4_000_000}));
    let first = client.download_snapshot(&model(), None, &job(&local), Hooks::default()).unwrap();
    wait_for("bytes", || first.totals().received >= 8 * M as u64);
    first.cancel();
    first.join().unwrap_err();
    lab.hub.faults(&json!([]));
    lab.hub.forget();
    assert!(snapshot(&client, &local).unwrap().first_error().is_none());
    assert!(fs::read(folder.path().join("model.bin")).unwrap() == bytes);
    assert!(lab.hub.sent() <= 20 * M as u64, "{}", lab.hub.sent());
}

/// A download of `model.bin` by its address, whose hash nobody tells, killed when some of it was noted: its partial.
fn killed_without_a_hash(lab: &Lab, out: &Path) -> PathBuf {
    killed(lab, get_by_url(lab, out), out)
}

fn killed(lab: &Lab, mut get: Command, out: &Path) -> PathBuf {
    lab.hub.forget();
    lab.hub.fault(json!({"times": 0}), json!({"rate": 20_000_000}));
    let mut child = get.spawn().unwrap();
    wait_for("some megabytes", || lab.hub.sent() >= 40 * M as u64 || child.try_wait().unwrap().is_some());
    child.kill().unwrap();
    assert!(!child.wait().unwrap().success());
    lab.hub.faults(&json!([]));
    let mut all = partials(out.parent().unwrap());
    assert_eq!(all.len(), 1, "{all:?}");
    all.remove(0)
}

fn get_by_url(lab: &Lab, out: &Path) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_hfx"));
    let url = format!("{}/o/n/resolve/main/model.txt", lab.hub.endpoint);
    let connections = format!("max_connections={CONNECTIONS}");
    command.args(["get", &url, "-q", "--durability", "process", "--option", &connections, "-o"]).arg(out);
    command.env("HF_HOME", lab.cache()).stdin(Stdio::null());
    command
}

#[test]
fn after_another_boot_only_what_is_on_disk_for_sure_is_believed() {
    if !can_have_files_of_its_own() {
        return skip("another boot", "mount namespaces are refused here");
    }
    let bytes = random(49, 96 * M);
    let lab = Lab { hub: Hub::with(&["--lfs-threshold", "1G"]), cache: tempfile::tempdir().unwrap() };
    lab.hub.put("models/o/n/model.txt", &bytes);
    let dir = tempfile::tempdir().unwrap();
    let boot = dir.path().join("boot");
    fs::write(&boot, "11111111-2222-3333-4444-555555555555\n").unwrap();
    for other_boot in [false, true] {
        let out = dir.path().join("out").join("model.txt");
        fs::create_dir_all(out.parent().unwrap()).unwrap();
        let partial = killed_without_a_hash(&lab, &out);
        // What a power loss does to bytes that were in memory only.
        let file = OpenOptions::new().read(true).write(true).open(&partial).unwrap();
        let mut block = vec![0; 4096];
        file.read_exact_at(&mut block, 100_000).unwrap();
        assert!(block == bytes[100_000..104_096], "the first bytes came first");
        file.write_all_at(&[0; 4096], 100_000).unwrap();
        drop(file);
        lab.hub.forget();
        let mut run = get_by_url(&lab, &out);
        if other_boot {
            run = with_file(&run, &boot, "/proc/sys/kernel/random/boot_id");
        }
        let ran = run.output().unwrap();
        assert!(ran.status.success(), "{}", String::from_utf8_lossy(&ran.stderr));
        assert!(
            lab.hub.sent() < bytes.len() as u64 - 8 * M as u64,
            "{} bytes were sent after the kill",
            lab.hub.sent()
        );
        // Within a boot the kernel keeps what was written: nobody looks, so this is how it shows that the other one did.
        assert_eq!(fs::read(&out).unwrap() == bytes, other_boot);
        // A folder of one's own has no lock, and so another boot can't be told from another machine, whose process may
        // live: what it had was copied, and it is removed when it was silent for a while.
        assert_eq!(partial.exists(), other_boot);
        if other_boot {
            let silent = std::time::SystemTime::now() - Duration::from_mins(1);
            OpenOptions::new().write(true).open(&partial).unwrap().set_modified(silent).unwrap();
            fs::remove_file(&out).unwrap();
            assert!(run.output().unwrap().status.success());
            assert!(!partial.exists(), "nobody goes on with it");
        }
        fs::remove_dir_all(out.parent().unwrap()).unwrap();
    }
}

/// A container that is started again and again, each time killed: what it leaves must not fill the disk.
#[test]
fn what_other_boots_left_does_not_pile_up() {
    if !can_have_files_of_its_own() {
        return skip("another boot", "mount namespaces are refused here");
    }
    let bytes = random(50, 160 * M);
    let lab = Lab { hub: Hub::with(&["--lfs-threshold", "1G"]), cache: tempfile::tempdir().unwrap() };
    lab.hub.put("models/o/n/model.txt", &bytes);
    let dir = tempfile::tempdir().unwrap();
    let (boot, out) = (dir.path().join("boot"), dir.path().join("out").join("model.txt"));
    fs::create_dir_all(out.parent().unwrap()).unwrap();
    let mut last = PathBuf::new();
    for digit in 1..4 {
        fs::write(&boot, format!("{digit}1111111-2222-3333-4444-555555555555\n")).unwrap();
        let get = with_file(&get_by_url(&lab, &out), &boot, "/proc/sys/kernel/random/boot_id");
        let partial = killed(&lab, get, &out);
        let silent = std::time::SystemTime::now() - Duration::from_mins(1);
        OpenOptions::new().write(true).open(&partial).unwrap().set_modified(silent).unwrap();
        last = partial;
    }
    // One that somebody holds is not left, however silent: a paused job's.
    let held = OpenOptions::new().write(true).open(&last).unwrap();
    held.try_lock().unwrap();
    held.set_modified(std::time::SystemTime::now() - Duration::from_hours(2)).unwrap();
    lab.hub.forget();
    assert!(get_by_url(&lab, &out).output().unwrap().status.success());
    assert!(fs::read(&out).unwrap() == bytes);
    assert!(lab.hub.sent() < 90 * M as u64, "{} bytes were sent after three kills", lab.hub.sent());
    assert_eq!(partials(out.parent().unwrap()), [last]);
    drop(held);
    fs::remove_file(&out).unwrap();
    assert!(get_by_url(&lab, &out).output().unwrap().status.success());
    assert!(fs::read(&out).unwrap() == bytes && partials(out.parent().unwrap()).is_empty());
}

/// A snapshot that ends at a failure leaves what can be gone on with, and nothing that is empty.
#[test]
fn a_failure_leaves_what_others_had_and_no_empty_partials() {
    let lab = Lab::with_file("a.bin", &random(44, 40 * M));
    lab.hub.put("models/o/n/b.bin", &random(45, 20 * M));
    lab.hub.put("models/o/n/c.txt", b"c");
    let client = lab.client(&[("stall_timeout_ms", "60000")]);
    lab.hub.faults(&json!([
        {"match": {"path": "a.bin", "port": "cdn", "times": 0}, "do": {"stall_after": 300_000}},
        {"match": {"path": "b.bin", "port": "cdn", "times": 0}, "do": {"delay_ms": 60_000}},
        {"match": {"path": "resolve*c.txt", "method": "GET"}, "do": {"delay_ms": 1500, "status": 403}},
    ]));
    let running = client.download_snapshot(&model(), None, &job(&[]), Hooks::default()).unwrap();
    assert!(running.wait(Some(Duration::from_secs(30))).unwrap());
    let left: Vec<u64> =
        partials(lab.cache.path()).iter().map(|path| fs::metadata(path).unwrap().len()).collect();
    assert_eq!(left.len(), 1, "{left:?}");
    lab.hub.faults(&json!([]));
    let again = client.download_snapshot(&model(), None, &job(&[]), Hooks::default()).unwrap();
    again.join().unwrap();
    assert!(again.totals().restored > 0);
}
