//! Budgets that are kept: memory, bytes per second, connections, descriptors, the disk.

use std::fs;
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use hfx::client::Hooks;
use serde_json::json;

use crate::support::client::{file, get, job, model};
use crate::support::files::random;
use crate::support::proc::{Task, result};
use crate::support::{Lab, M, skip, wait_for};

#[test]
fn many_large_files_fit_into_the_memory_budget() {
    let lab = Lab::new();
    for n in 0..16 {
        lab.hub.put(&format!("models/o/n/{n}.bin"), &random(80 + n, 12 * M));
    }
    let mut child = Task::download(&lab, None, &[("memory_budget", "32M")]).start();
    let mut peak = 0;
    while child.try_wait().unwrap().is_none() {
        peak = peak.max(anonymous(child.id()));
        std::thread::sleep(Duration::from_millis(2));
    }
    let ended = result(&child.wait_with_output().unwrap());
    assert!(ended["path"].is_string(), "{ended}");
    assert!(peak > 1 << 20, "it was looked at");
    assert!(peak <= 48 << 20, "{} MiB for a budget of 32 and what a process has anyway", peak >> 20);
}

/// A process's anonymous memory in bytes, as the kernel counts it.
fn anonymous(pid: u32) -> u64 {
    let status = fs::read_to_string(format!("/proc/{pid}/status")).unwrap_or_default();
    let line = status.lines().find_map(|line| line.strip_prefix("RssAnon:"));
    line.and_then(|l| l.trim().trim_end_matches(" kB").parse::<u64>().ok()).unwrap_or(0) << 10
}

#[test]
fn the_bandwidth_cap_holds_and_changes_while_it_runs() {
    let bytes = random(81, 32 * M);
    let lab = Lab::with_file("model.bin", &bytes);
    let client = lab.client(&[("max_bytes_per_second", "4M")]);
    let job = client.download_file(&model(), None, "model.bin", &job(&[]), Hooks::default()).unwrap();
    wait_for("the first bytes", || job.totals().received > 0);
    let start = (Instant::now(), job.totals().received);
    wait_for("some more", || job.totals().received >= start.1 + 6 * M as u64);
    // A chunk for each connection may come at once.
    assert!(start.0.elapsed() >= Duration::from_millis(700), "{:?}", start.0.elapsed());
    client.set_max_rate(1000);
    wait_for("the brake", || {
        let before = job.totals().received;
        !job.wait(Some(Duration::from_millis(300))).unwrap() && job.totals().received == before
    });
    assert!(!job.has_ended());
    client.set_max_rate(0);
    let released = Instant::now();
    assert!(fs::read(file(job.join()).unwrap().path).unwrap() == bytes);
    assert!(released.elapsed() < Duration::from_secs(5), "{:?}", released.elapsed());
}

#[test]
fn the_connection_cap_holds_and_changes_while_it_runs() {
    let bytes = random(82, 64 * M);
    let lab = Lab::with_file("model.bin", &bytes);
    lab.hub.fault(json!({"port": "cdn", "times": 0}), json!({"rate": 4_000_000}));
    let client = lab.client(&[("max_connections", "2"), ("part_size", "1M")]);
    let job = client.download_file(&model(), None, "model.bin", &job(&[]), Hooks::default()).unwrap();
    wait_for("both", || job.totals().received > 8 * M as u64);
    assert_eq!(lab.hub.connections("cdn").1, 2);
    client.set_max_connections(6);
    wait_for("six", || lab.hub.connections("cdn").0 == 6);
    client.set_max_connections(0);
    wait_for("more", || lab.hub.connections("cdn").1 > 6 || job.has_ended());
    assert!(fs::read(file(job.join()).unwrap().path).unwrap() == bytes);
}

#[test]
fn sixty_four_descriptors_are_enough() {
    let lab = Lab::new();
    for n in 0..150 {
        lab.hub.put(&format!("models/o/n/small/{n}"), &random(200 + n, 3000));
    }
    for n in 0..4 {
        lab.hub.put(&format!("models/o/n/{n}.bin"), &random(300 + n, 11 * M));
    }
    let ended = in_shell(&Task::download(&lab, None, &[]), "ulimit -n 64; exec \"$@\"", &[]);
    assert!(ended["path"].is_string(), "{ended}");
}

/// Runs a task's command as `"$@"` of a shell script.
fn in_shell(task: &Task, script: &str, wrapper: &[&str]) -> serde_json::Value {
    let inner = task.command();
    let mut words: Vec<&std::ffi::OsStr> = wrapper.iter().map(std::ffi::OsStr::new).collect();
    words.extend(["sh", "-c", script, "sh"].map(std::ffi::OsStr::new));
    words.push(inner.get_program());
    words.extend(inner.get_args());
    let mut command = Command::new(words[0]);
    command.args(&words[1..]).stdin(Stdio::null());
    command.envs(inner.get_envs().filter_map(|(name, value)| Some((name, value?))));
    result(&command.output().unwrap())
}

/// Runs a script with a small file system of its own at the cache; none where the kernel refuses that.
fn on_a_small_disk(lab: &Lab, task: &Task, size: &str, script: &str) -> Option<serde_json::Value> {
    let may = Command::new("unshare").args(["-Urm", "true"]).status().is_ok_and(|status| status.success());
    if !may {
        skip("on_a_small_disk", "no user namespaces here");
        return None;
    }
    let cache = lab.cache().display();
    let script = format!("C={cache}; mount -t tmpfs -o size={size} none $C || exit 1; {script}");
    Some(in_shell(task, &script, &["unshare", "-Urm"]))
}

#[test]
fn a_disk_that_is_too_small_is_seen_before_the_first_byte() {
    let lab = Lab::new();
    for n in 0..3 {
        lab.hub.put(&format!("models/o/n/{n}.bin"), &random(83 + n, 11 * M));
    }
    for (path, size, sink) in
        [(None, "24m", "write"), (Some("0.bin"), "8m", "write"), (Some("0.bin"), "8m", "map")]
    {
        let task = Task::download(&lab, path, &[("sink", sink)]);
        let Some(ended) = on_a_small_disk(&lab, &task, size, "exec \"$@\"") else { return };
        assert_eq!(ended["error"], "DISK_FULL", "{ended}");
        assert_eq!(lab.hub.sent(), 0, "{sink}: the whole job is refused, not file by file");
    }
}

#[test]
fn a_disk_that_fills_up_ends_with_an_error_and_what_came_is_kept() {
    let lab = Lab::new();
    lab.hub.put("models/o/n/model.bin", &random(86, 11 * M));
    for n in 0..40 {
        lab.hub.put(&format!("models/o/n/{n:02}.txt"), &random(400 + n, 300_000));
    }
    for sink in ["write", "map"] {
        lab.hub.forget();
        lab.hub.fault(json!({"port": "hub", "path": ".txt", "times": 0}), json!({"rate": 1_000_000}));
        // The last part of the large file comes slowly: the others are there and noted when the disk fills up.
        lab.hub.fault(json!({"port": "cdn", "range_from": 8 * M, "times": 0}), json!({"rate": 1_000_000}));
        let options =
            [("sink", sink), ("max_connections", "4"), ("part_size", "4194304"), ("fail_fast", "false")];
        let task = Task::download(&lab, None, &options);
        // Somebody else takes the room once it is under way; then gives it back.
        let script = "\"$@\" > $C.first & P=$!; \
             there() { N=$(du -k $C/models--o--n/blobs/*.incomplete 2>/dev/null | sort -n | tail -1 | cut -f1); [ ${N:-0} -ge 8704 ]; }; \
             until there; do sleep 0.02; done; \
             head -c 64M /dev/zero > $C/fill 2>/dev/null; wait $P; rm $C/fill; \
             grep -q DISK_FULL $C.first || { cat $C.first; exit 3; }; exec \"$@\"";
        let Some(ended) = on_a_small_disk(&lab, &task, "26m", script) else { return };
        assert!(ended["path"].is_string(), "{sink}: {ended}");
        let large = lab.hub.data_requests().into_iter().filter(|r| r.path.contains("model.bin"));
        let sent: u64 = large.map(|r| r.bytes).sum();
        assert!(sent <= 16 * M as u64, "{sink}: {sent} bytes of the large file");
        let _ = fs::remove_file(lab.cache().with_extension("first"));
    }
}

#[test]
fn clients_side_by_side_share_nothing_but_the_disk() {
    let bytes = random(87, 12 * M);
    let lab = Lab::with_file("model.bin", &bytes);
    let clients: Vec<_> = (0..4).map(|_| lab.client(&[])).collect();
    std::thread::scope(|scope| {
        for client in &clients {
            scope.spawn(|| assert!(fs::read(get(client, "model.bin").unwrap().path).unwrap() == bytes));
        }
    });
    assert_eq!(lab.hub.sent(), bytes.len() as u64, "the lock lets one fetch and the others find");
}

/// What a paused job needs of the memory for small files, others have meanwhile.
#[test]
fn a_paused_job_holds_nobody_up() {
    let lab = Lab::with_file("one.txt", &random(43, M));
    lab.hub.put("models/o/n/two.txt", b"two");
    let client = lab.client(&[("memory_budget", "8388608"), ("stall_timeout_ms", "60000")]);
    lab.hub.fault(json!({"path": "one.txt", "method": "GET"}), json!({"stall_after": 1000}));
    let one = client.download_file(&model(), None, "one.txt", &job(&[]), Hooks::default()).unwrap();
    wait_for("the first bytes", || one.totals().received > 0);
    one.pause();
    let two = client.download_file(&model(), None, "two.txt", &job(&[]), Hooks::default()).unwrap();
    assert!(two.wait(Some(Duration::from_secs(20))).unwrap(), "it waits for the one that is paused");
    two.join().unwrap();
    assert!(!one.has_ended());
    one.resume();
    one.join().unwrap();
}
