//! A name with several addresses, of which some are dead: in a mount namespace with an `/etc/hosts` of its own.

use std::fs;
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::process::Command;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering::Relaxed};
use std::time::{Duration, Instant};

use serde_json::json;

use crate::proxy::pump;
use crate::support::files::random;
use crate::support::proc::{can_have_files_of_its_own, with_file};
use crate::support::push::{self, PART, held};
use crate::support::{Hub, Lab, M, skip};

/// One that nobody listens on, and those whose connects are never answered.
const DEAD: &str = "127.0.0.5";
const SILENT: &[&str] = &["127.0.0.6", "::1"];

/// An address that passes on to the Hub, and how many connections came to its CDN by it.
struct Way {
    ip: &'static str,
    connections: Arc<AtomicUsize>,
}

impl Way {
    /// From the Hub's and the CDN's port at `ip`; none where this machine has no such address.
    fn open(hub: &Hub, ip: &'static str) -> Option<Self> {
        let connections = Arc::<AtomicUsize>::default();
        for (url, counts) in [(&hub.endpoint, None), (&hub.cdn, Some(connections.clone()))] {
            let to: SocketAddr = url.strip_prefix("http://").unwrap().parse().unwrap();
            let listener = TcpListener::bind(SocketAddr::new(ip.parse().unwrap(), to.port())).ok()?;
            std::thread::spawn(move || {
                for client in listener.incoming().flatten() {
                    if let Some(counts) = &counts {
                        counts.fetch_add(1, Relaxed);
                    }
                    std::thread::spawn(move || pump(client, TcpStream::connect(to)?));
                }
            });
        }
        Some(Self { ip, connections })
    }
}

/// Listeners whose backlog is full: they drop further SYNs, and a connect hangs as behind a dead route.
fn silent(hub: &Hub) -> Vec<(TcpListener, Vec<std::io::Result<TcpStream>>)> {
    let mut all = Vec::new();
    for ip in SILENT {
        for url in [&hub.endpoint, &hub.cdn] {
            let port = url.rsplit(':').next().unwrap().parse().unwrap();
            let address = SocketAddr::new(ip.parse().unwrap(), port);
            let Ok(listener) = TcpListener::bind(address) else {
                skip("addresses", "no IPv6 on this machine: the rest is tested");
                continue;
            };
            rustix::net::listen(&listener, 0).unwrap();
            let fill = (0..3).map(|_| TcpStream::connect_timeout(&address, Duration::from_millis(200)));
            let fill = fill.collect();
            all.push((listener, fill));
        }
    }
    all
}

/// Runs `hfx` where `many.test` has these addresses.
fn run(lab: &Lab, addresses: &[&str], args: &[&str]) {
    let hosts = lab.cache().join("hosts");
    let lines: Vec<String> = addresses.iter().map(|ip| format!("{ip} many.test\n")).collect();
    fs::write(&hosts, lines.concat()).unwrap();
    let endpoint = lab.hub.endpoint.replace("127.0.0.1", "many.test");
    let mut command = Command::new(env!("CARGO_BIN_EXE_hfx"));
    // A wait for the silent one would take minutes.
    command.args(args).args(["-q", "--endpoint", &endpoint, "-o", "connect_timeout_ms=120000"]);
    command.env("HF_HOME", lab.cache().join("home"));
    let start = Instant::now();
    let ran = with_file(&command, &hosts, "/etc/hosts").output().unwrap();
    assert!(ran.status.success(), "{}", String::from_utf8_lossy(&ran.stderr));
    assert!(start.elapsed() < Duration::from_mins(1), "{:?}", start.elapsed());
}

#[test]
fn connections_spread_over_the_addresses_of_a_name_and_dead_ones_cost_little() {
    if !can_have_files_of_its_own() {
        return skip("addresses", "mount namespaces are refused here");
    }
    let lab = push::lab(&["--listen", "127.0.0.1:0"]);
    let ways = ["127.0.0.2", "127.0.0.3", "127.0.0.4"].map(|ip| Way::open(&lab.hub, ip).unwrap());
    let silent = silent(&lab.hub);
    let mut addresses: Vec<&str> = ways.iter().map(|way| way.ip).collect();
    addresses.extend(SILENT.iter().chain([&DEAD]));
    let counts = || ways.iter().map(|way| way.connections.swap(0, Relaxed)).collect::<Vec<_>>();
    // Each connection is busy for a while, so that there are several.
    lab.hub.fault(json!({"port": "cdn", "times": 0}), json!({"rate": 8_000_000, "request_rate": 8_000_000}));
    let bytes = random(90, 24 * PART);
    let file = lab.cache().join("f.bin");
    fs::write(&file, &bytes).unwrap();
    run(&lab, &addresses, &["upload", "o/n", file.to_str().unwrap(), "f.bin"]);
    let up = counts();
    assert!(up.iter().all(|count| *count > 0), "{up:?} at {addresses:?}");
    assert!(held(&lab.client(&[]), "f.bin", None).unwrap() == bytes);
    let there = lab.cache().join("there");
    run(&lab, &addresses, &["download", "o/n", "f.bin", "--local-dir", there.to_str().unwrap()]);
    let down = counts();
    assert!(down.iter().all(|count| *count > 0), "{down:?} at {addresses:?}");
    assert!(fs::read(there.join("f.bin")).unwrap() == bytes && bytes.len() == 24 * M);
    // IPv6 that does answer is preferred.
    drop(silent);
    if let Some(v6) = Way::open(&lab.hub, "::1") {
        addresses.retain(|ip| !ways.iter().any(|way| way.ip == *ip));
        let down = ["download", "o/n", "f.bin", "--force-download", "--local-dir", there.to_str().unwrap()];
        run(&lab, &addresses, &down);
        assert!(v6.connections.load(Relaxed) > 0);
        assert!(fs::read(there.join("f.bin")).unwrap() == bytes);
    }
}
