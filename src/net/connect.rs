//! From a host name to a TCP connection: all addresses, both families, the bad ones last.
//!
//! Happy Eyeballs (RFC 8305): families alternate, a next address is tried a quarter of a second after the last
//! or as soon as one fails, the first that answers wins. Each call starts at another address, so that the
//! connections of one download spread over all of them; an address that failed or stalled is tried last for a
//! while.

use std::collections::HashMap;
use std::io;
use std::net::SocketAddr;
use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use tokio::net::TcpStream;
use tokio::task::JoinSet;

use crate::error::{Error, Kind, Result};

/// Head start of one address over the next.
const STAGGER: Duration = Duration::from_millis(250);
/// How long an address that failed is tried last.
const PENALTY: Duration = Duration::from_secs(30);
/// Bytes that the system keeps beyond those on the wire.
#[cfg(any(target_os = "linux", target_os = "android"))]
const UNSENT: u32 = 128 << 10;
/// How long a look-up is remembered.
const DNS_LIFE: Duration = Duration::from_secs(30);

/// After so long without a byte the system asks whether the peer is there.
const SILENCE: Duration = Duration::from_secs(30);

/// Knows names and addresses; one for each client.
#[derive(Debug, Default)]
pub struct Dialer {
    turn: AtomicUsize,
    names: Mutex<HashMap<(String, u16), Known>>,
    penalties: Mutex<HashMap<SocketAddr, Instant>>,
}

/// What a look-up found, and when.
type Known = (Instant, Vec<SocketAddr>);

impl Dialer {
    /// Connects to a host by name or number.
    pub async fn connect(&self, host: &str, port: u16) -> Result<(TcpStream, SocketAddr)> {
        let addresses = self.look_up(host, port).await?;
        self.dial(&addresses).await.map_err(|error| {
            Error::new(Kind::Network, format!("can't connect to {host}:{port}")).os(&error).retryable(true)
        })
    }

    /// All addresses of a host, remembered for half a minute.
    pub async fn look_up(&self, host: &str, port: u16) -> Result<Vec<SocketAddr>> {
        let key = (host.to_owned(), port);
        if let Some((when, known)) = lock(&self.names).get(&key)
            && when.elapsed() < DNS_LIFE
        {
            return Ok(known.clone());
        }
        let found: Vec<SocketAddr> = tokio::net::lookup_host((host, port))
            .await
            .map_err(|error| {
                Error::new(Kind::Network, format!("can't find the address of {host}"))
                    .os(&error)
                    .retryable(true)
            })?
            .collect();
        if found.is_empty() {
            return Err(Error::new(Kind::Network, format!("{host} has no address")).retryable(true));
        }
        lock(&self.names).insert(key, (Instant::now(), found.clone()));
        Ok(found)
    }

    /// Connects to the first of the addresses that answers.
    pub async fn dial(&self, addresses: &[SocketAddr]) -> io::Result<(TcpStream, SocketAddr)> {
        let order = self.order(addresses);
        let mut tries: JoinSet<(SocketAddr, io::Result<TcpStream>)> = JoinSet::new();
        let mut waiting = order.into_iter();
        let mut pending: Vec<(SocketAddr, Instant)> = Vec::new();
        let mut last = io::Error::new(io::ErrorKind::NotFound, "no address");
        let mut next = waiting.next();
        loop {
            if let Some(address) = next.take() {
                pending.push((address, Instant::now()));
                tries.spawn(async move { (address, TcpStream::connect(address).await) });
            }
            let more = waiting.len() > 0;
            tokio::select! {
                done = tries.join_next() => match done {
                    Some(Ok((address, Ok(stream)))) => {
                        // One that does not answer must not cost each connection its head start.
                        for (silent, since) in pending {
                            if silent != address && since.elapsed() >= STAGGER {
                                self.penalise(silent);
                            }
                        }
                        stream.set_nodelay(true)?;
                        not_ahead_of_the_line(&stream);
                        notice_when_it_is_gone(&stream);
                        return Ok((stream, address));
                    }
                    Some(Ok((address, Err(error)))) => {
                        self.penalise(address);
                        pending.retain(|(other, _)| *other != address);
                        last = error;
                        next = waiting.next();
                    }
                    // A try that panicked or was cancelled counts as failed.
                    Some(Err(_)) => next = waiting.next(),
                    None => return Err(last),
                },
                () = tokio::time::sleep(STAGGER), if more => next = waiting.next(),
            }
        }
    }

    /// Says that an address did badly: others are tried before it for a while.
    pub fn penalise(&self, address: SocketAddr) {
        lock(&self.penalties).insert(address, Instant::now() + PENALTY);
    }

    fn order(&self, addresses: &[SocketAddr]) -> Vec<SocketAddr> {
        let now = Instant::now();
        let mut penalties = lock(&self.penalties);
        penalties.retain(|_, until| *until > now);
        order(addresses, self.turn.fetch_add(1, Ordering::Relaxed), |address| penalties.contains_key(address))
    }
}

/// Has the system take bytes to send only when the line is about to: else megabytes of each connection lie in its buffer,
/// look as if they were sent, and have to be sent again when it breaks. Where it can't, that is how it is.
fn not_ahead_of_the_line(stream: &TcpStream) {
    #[cfg(any(target_os = "linux", target_os = "android"))]
    let _ = socket2::SockRef::from(stream).set_tcp_notsent_lowat(UNSENT);
    #[cfg(not(any(target_os = "linux", target_os = "android")))]
    let _ = stream;
}

/// Has the system ask a peer that says nothing whether it is there: an answer may take minutes, and a router on the way may
/// have forgotten the connection. Where it can't, the bounds on waiting end it.
fn notice_when_it_is_gone(stream: &TcpStream) {
    let asking = socket2::TcpKeepalive::new().with_time(SILENCE).with_interval(SILENCE / 3);
    let _ = socket2::SockRef::from(stream).set_tcp_keepalive(&asking);
}

/// Families alternating from the first one's, each rotated by `turn`, the `bad` ones last (pure).
fn order(addresses: &[SocketAddr], turn: usize, bad: impl Fn(&SocketAddr) -> bool) -> Vec<SocketAddr> {
    let Some(first) = addresses.first() else { return Vec::new() };
    let (mut a, mut b): (Vec<_>, Vec<_>) =
        addresses.iter().copied().partition(|x| x.is_ipv6() == first.is_ipv6());
    for family in [&mut a, &mut b] {
        if !family.is_empty() {
            let by = turn % family.len();
            family.rotate_left(by);
        }
    }
    let mut mixed = Vec::with_capacity(addresses.len());
    let (mut a, mut b) = (a.into_iter(), b.into_iter());
    loop {
        match (a.next(), b.next()) {
            (None, None) => break,
            (x, y) => mixed.extend(x.into_iter().chain(y)),
        }
    }
    mixed.sort_by_key(&bad); // Stable: only the bad ones move.
    mixed
}

fn lock<T>(mutex: &Mutex<T>) -> std::sync::MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(std::sync::PoisonError::into_inner)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn addresses(list: &[&str]) -> Vec<SocketAddr> {
        list.iter().map(|text| text.parse().unwrap()).collect()
    }

    #[test]
    fn families_alternate_and_turns_rotate() {
        let all = addresses(&["[::1]:1", "[::2]:1", "1.0.0.1:1", "1.0.0.2:1"]);
        assert_eq!(order(&all, 0, |_| false), addresses(&["[::1]:1", "1.0.0.1:1", "[::2]:1", "1.0.0.2:1"]));
        assert_eq!(order(&all, 1, |_| false), addresses(&["[::2]:1", "1.0.0.2:1", "[::1]:1", "1.0.0.1:1"]));
        let bad = all[0];
        assert_eq!(order(&all, 0, |x| *x == bad).last(), Some(&bad));
    }

    #[tokio::test]
    async fn a_dead_first_address_costs_a_fraction_of_a_second() {
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let alive = listener.local_addr().unwrap();
        // A port that nobody listens on answers with a refusal; the next address follows at once.
        let dead = {
            let closed = std::net::TcpListener::bind("[::1]:0")
                .or_else(|_| std::net::TcpListener::bind("127.0.0.1:0"));
            closed.unwrap().local_addr().unwrap()
        };
        let dialer = Dialer::default();
        let (_, won) = dialer.dial(&[dead, alive]).await.unwrap();
        assert_eq!(won, alive);
        assert_eq!(dialer.order(&[dead, alive])[0], alive, "the dead one is tried last from now on");
    }

    #[tokio::test]
    async fn a_silent_first_address_is_overtaken() {
        // A listener whose backlog is full drops further SYNs: the connect hangs, as behind a dead route.
        let silent = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
        rustix::net::listen(&silent, 0).unwrap();
        let address = silent.local_addr().unwrap();
        let _fill: Vec<_> = (0..2).map(|_| std::net::TcpStream::connect_timeout(&address, STAGGER)).collect();
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let alive = listener.local_addr().unwrap();
        let dialer = Dialer::default();
        let start = Instant::now();
        let (_, won) = dialer.dial(&[address, alive]).await.unwrap();
        assert_eq!(won, alive);
        assert!(start.elapsed() >= STAGGER, "the first one had its head start");
        assert_eq!(dialer.order(&[address, alive])[0], alive, "which it does not get again");
    }
}
