//! A long line in user space: a TCP forwarder with a round trip and two speed limits.
//!
//!     rustc -O --edition 2024 -o build/longline benches/longline.rs
//!     build/longline --listen 127.0.0.1:0 --target 127.0.0.1:8080
//!
//! The first line of its output is `listening on ADDR`. Linux only; std only.
//!
//! What it makes, seen from the client:
//! - an answer comes one round trip after its request, and later bytes follow at the speed of the line;
//! - a new connection costs one more round trip (the kernel answers `connect` on loopback at once, so the
//!   first bytes of the client are held back instead). TLS 1.3 adds one of its own, as on a real line;
//! - bytes per second of each connection, and of all together, shared evenly; each direction on its own;
//! - with `--slow-start`, a connection begins with ten segments in flight and doubles each round trip
//!   until it fills its share of the line;
//! - with `--slow-every N`, one of each N connections has a tenth of the speed; with `--dying-every N`, one of each N
//!   breaks after 8 MB. (The third and the fifth of them: a bench has few connections.)
//!
//! What it does not make: loss, jitter, and a slow start again after idling. The whole round trip is spent
//! on the way from the client to the server (a client can't tell), so a server that speaks first, or that
//! streams on after a cancelled request, is not slowed by it.
//!
//! What a client may hand over before the line carries it is bounded (the socket it writes to has a small receive
//! buffer), so that it sees its bytes taken at the speed of the line, as by a far server's acknowledgements.
//!
//! Downwards bytes go from socket to socket by splice(2) and are never copied; upwards they are copied once in and
//! once out, since they have to wait.

use std::collections::VecDeque;
use std::io::{self, ErrorKind, Read, Write};
use std::net::{Shutdown, SocketAddr, TcpListener, TcpStream};
use std::os::fd::{AsRawFd, RawFd};
use std::process::exit;
use std::thread::sleep;
use std::time::{Duration, Instant};

/// The line is served at this pace while there is anything to serve.
const TICK: Duration = Duration::from_millis(1);
/// Seconds that a late tick may make up for: more would let bursts through, less would lose speed on a busy machine.
const CATCH_UP: f64 = 0.02;
/// Seconds that a line saves up while nobody uses it.
const SAVED: f64 = 0.002;
/// One read from a client.
const UP_CHUNK: usize = 256 * 1024;
/// The segment of slow start, and how many a connection begins with.
const SEGMENT: usize = 1460;
const INITIAL_SEGMENTS: usize = 10;
/// A slow connection has this share of the speed, and a dying one breaks after so many bytes.
const SLOW: f64 = 0.1;
const LIFE: usize = 8_000_000;

mod sys {
    //! The system calls that std lacks.
    use std::ffi::c_int;
    use std::io;
    use std::os::fd::{FromRawFd, OwnedFd, RawFd};

    pub const IN: u32 = 0x1;
    pub const ERR: u32 = 0x8;
    pub const HUP: u32 = 0x10;
    pub const RDHUP: u32 = 0x2000;
    const EDGE: u32 = 1 << 31;
    const CTL_ADD: c_int = 1;
    const CLOEXEC: c_int = 0o2000000;
    const NONBLOCK: c_int = 0o4000;
    const SET_PIPE_SIZE: c_int = 1031;
    const SPLICE_MOVE_NONBLOCK: u32 = 3;
    const SOCKET_LEVEL: c_int = 1;
    const RECEIVE_BUFFER: c_int = 8;
    const RECEIVE_BUFFER_FORCE: c_int = 33;

    #[derive(Clone, Copy)]
    #[cfg_attr(target_arch = "x86_64", repr(C, packed))]
    #[cfg_attr(not(target_arch = "x86_64"), repr(C))]
    pub struct Event {
        pub flags: u32,
        pub token: u64,
    }

    unsafe extern "C" {
        fn epoll_create1(flags: c_int) -> c_int;
        fn epoll_ctl(ep: c_int, op: c_int, fd: c_int, event: *mut Event) -> c_int;
        fn epoll_wait(ep: c_int, events: *mut Event, max: c_int, timeout_ms: c_int) -> c_int;
        fn pipe2(fds: *mut c_int, flags: c_int) -> c_int;
        fn fcntl(fd: c_int, cmd: c_int, arg: c_int) -> c_int;
        fn setsockopt(fd: c_int, level: c_int, name: c_int, value: *const c_int, size: u32) -> c_int;
        fn splice(from: c_int, a: *mut i64, to: c_int, b: *mut i64, len: usize, flags: u32) -> isize;
    }

    fn check(n: isize) -> io::Result<usize> {
        usize::try_from(n).map_err(|_| io::Error::last_os_error())
    }

    pub fn epoll() -> io::Result<RawFd> {
        // SAFETY: no pointers.
        check(unsafe { epoll_create1(CLOEXEC) } as isize).map(|fd| fd as RawFd)
    }

    /// Tells of bytes to read, once for each arrival.
    pub fn watch(ep: RawFd, fd: RawFd, token: u64) -> io::Result<()> {
        let mut event = Event { flags: IN | RDHUP | EDGE, token };
        // SAFETY: `event` lives through the call.
        check(unsafe { epoll_ctl(ep, CTL_ADD, fd, &mut event) } as isize).map(drop)
    }

    pub fn wait(ep: RawFd, events: &mut [Event], timeout_ms: i32) -> io::Result<usize> {
        // SAFETY: pointer and length are those of one slice.
        check(unsafe { epoll_wait(ep, events.as_mut_ptr(), events.len() as c_int, timeout_ms) } as isize)
    }

    /// A pipe: the end to read and the end to write.
    pub fn pipe(size: usize) -> io::Result<(OwnedFd, OwnedFd)> {
        let mut fds = [0; 2];
        // SAFETY: room for two descriptors, which are ours alone afterwards.
        let (out, into) = unsafe {
            check(pipe2(fds.as_mut_ptr(), CLOEXEC | NONBLOCK) as isize)?;
            (OwnedFd::from_raw_fd(fds[0]), OwnedFd::from_raw_fd(fds[1]))
        };
        // SAFETY: no pointers. A smaller pipe works as well, so the answer does not matter.
        unsafe { fcntl(fds[1], SET_PIPE_SIZE, size as c_int) };
        Ok((out, into))
    }

    /// Bounds what a listener's connections take in unread. Without the rights, the system's own bound may be less.
    pub fn set_receive_buffer(fd: RawFd, size: usize) -> io::Result<()> {
        let size = size as c_int;
        // SAFETY: `size` lives through the call and has the size that is told.
        let set = |name| check(unsafe { setsockopt(fd, SOCKET_LEVEL, name, &size, 4) } as isize).map(drop);
        set(RECEIVE_BUFFER_FORCE).or_else(|_| set(RECEIVE_BUFFER))
    }

    /// Moves bytes without a copy; one side is a pipe. 0 is the end of the stream.
    pub fn move_bytes(from: RawFd, to: RawFd, len: usize) -> io::Result<usize> {
        let none = std::ptr::null_mut();
        // SAFETY: both offsets may be null.
        check(unsafe { splice(from, none, to, none, len, SPLICE_MOVE_NONBLOCK) })
    }
}

struct Config {
    listen: SocketAddr,
    target: SocketAddr,
    round_trip: Duration,
    connection_rate: f64,
    total_rate: f64,
    slow_start: bool,
    slow_every: usize,
    dying_every: usize,
}

impl Config {
    /// Bytes per second of the connection of that number, from 0 on.
    fn rate_of(&self, number: usize) -> f64 {
        let is_slow = self.slow_every > 0 && number % self.slow_every == 2 % self.slow_every;
        if is_slow { self.connection_rate * SLOW } else { self.connection_rate }
    }

    /// How many bytes it carries before it breaks.
    fn life_of(&self, number: usize) -> usize {
        let dies = self.dying_every > 0 && number % self.dying_every == 4 % self.dying_every;
        if dies { LIFE } else { usize::MAX }
    }

    /// Bytes that fill one connection for one round trip.
    fn full_window(&self) -> usize {
        (self.connection_rate * self.round_trip.as_secs_f64()) as usize
    }
}

/// A speed limit: what may pass now.
struct Limit {
    rate: f64,
    allowed: f64,
    filled: Instant,
}

impl Limit {
    fn new(rate: f64, now: Instant) -> Self {
        Limit { rate, allowed: 0.0, filled: now }
    }

    /// Adds what the time since the last call has earned; `in_use` says whether bytes were left waiting then.
    fn fill(&mut self, now: Instant, in_use: bool) {
        let earned = self.rate * (now - self.filled).as_secs_f64();
        let most = self.rate * if in_use { CATCH_UP } else { SAVED };
        self.allowed = (self.allowed + earned).min(most);
        self.filled = now;
    }

    fn room(&self) -> usize {
        self.allowed.max(0.0) as usize
    }

    fn spend(&mut self, bytes: usize) {
        self.allowed -= bytes as f64;
    }
}

/// The sender's congestion window while it is in slow start.
struct Window {
    size: usize,
    full: usize,
    in_flight: usize,
    sent: VecDeque<(Instant, usize)>,
}

impl Window {
    fn new(full: usize) -> Self {
        Window { size: INITIAL_SEGMENTS * SEGMENT, full, in_flight: 0, sent: VecDeque::new() }
    }

    fn room(&mut self, now: Instant, round_trip: Duration) -> usize {
        while self.sent.front().is_some_and(|(at, _)| *at + round_trip <= now) {
            let (_, bytes) = self.sent.pop_front().unwrap_or((now, 0));
            self.in_flight -= bytes;
            self.size += bytes;
        }
        if self.is_full() { usize::MAX } else { self.size.saturating_sub(self.in_flight) }
    }

    fn is_full(&self) -> bool {
        self.size >= self.full
    }

    fn spend(&mut self, now: Instant, bytes: usize) {
        if !self.is_full() {
            self.in_flight += bytes;
            self.sent.push_back((now, bytes));
        }
    }
}

/// What limits one direction of one connection.
struct Pace {
    limit: Limit,
    window: Option<Window>,
    round_trip: Duration,
    in_use: bool,
}

impl Pace {
    fn new(config: &Config, number: usize, now: Instant) -> Self {
        let window = config.slow_start.then(|| Window::new(config.full_window()));
        Pace {
            limit: Limit::new(config.rate_of(number), now),
            window,
            round_trip: config.round_trip,
            in_use: false,
        }
    }

    /// What may pass now.
    fn room(&mut self, now: Instant) -> usize {
        self.limit.fill(now, self.in_use);
        let window = self.window.as_mut().map_or(usize::MAX, |w| w.room(now, self.round_trip));
        self.limit.room().min(window)
    }

    /// Notes what has passed, and whether more is waiting.
    fn spend(&mut self, now: Instant, bytes: usize, in_use: bool) {
        self.in_use = in_use;
        self.limit.spend(bytes);
        if let Some(window) = &mut self.window {
            window.spend(now, bytes);
        }
    }
}

/// The bytes from the server: a pipe that is empty again after each tick unless the client is slow.
struct Down {
    pipe: (std::os::fd::OwnedFd, std::os::fd::OwnedFd),
    held: usize,
    pace: Pace,
    readable: bool,
    ended: bool,
}

impl Down {
    fn hungry(&self) -> bool {
        self.readable && self.held == 0 && !self.ended
    }

    /// Takes up to `room` bytes from the server to the client; says how many.
    fn carry(&mut self, from: &TcpStream, to: &TcpStream, room: usize) -> io::Result<usize> {
        let mut taken = 0;
        self.flush(to)?;
        while taken < room && self.hungry() {
            match sys::move_bytes(from.as_raw_fd(), self.pipe.1.as_raw_fd(), room - taken) {
                Ok(0) => self.ended = true,
                Ok(n) => {
                    taken += n;
                    self.held = n;
                    self.flush(to)?;
                }
                Err(e) if e.kind() == ErrorKind::WouldBlock => self.readable = false,
                Err(e) => return Err(e),
            }
        }
        Ok(taken)
    }

    fn flush(&mut self, to: &TcpStream) -> io::Result<()> {
        while self.held > 0 {
            match sys::move_bytes(self.pipe.0.as_raw_fd(), to.as_raw_fd(), self.held) {
                Ok(n) => self.held -= n,
                Err(e) if e.kind() == ErrorKind::WouldBlock => return Ok(()),
                Err(e) => return Err(e),
            }
        }
        Ok(())
    }
}

/// The bytes from the client, waiting for their time.
struct Up {
    queue: VecDeque<(Instant, Vec<u8>)>,
    queued: usize,
    most_queued: usize,
    opened: Instant,
    pace: Pace,
    readable: bool,
    ended: bool,
    end_due: Option<Instant>,
}

impl Up {
    fn hungry(&self) -> bool {
        self.readable && self.end_due.is_none() && self.queued < self.most_queued
    }

    /// Takes up to `room` bytes from the client, to be delivered when they are due; says how many.
    fn take(&mut self, from: &mut TcpStream, room: usize, due: Instant) -> io::Result<usize> {
        let mut taken = 0;
        while taken < room && self.hungry() {
            let mut chunk = vec![0; UP_CHUNK.min(room - taken)];
            match from.read(&mut chunk) {
                Ok(0) => self.end_due = Some(due),
                Ok(n) => {
                    chunk.truncate(n);
                    taken += n;
                    self.queued += n;
                    self.queue.push_back((due, chunk));
                }
                Err(e) if e.kind() == ErrorKind::WouldBlock => self.readable = false,
                Err(e) if e.kind() == ErrorKind::Interrupted => {}
                Err(e) => return Err(e),
            }
        }
        Ok(taken)
    }

    fn deliver(&mut self, to: &mut TcpStream, now: Instant) -> io::Result<()> {
        while let Some((due, chunk)) = self.queue.front_mut() {
            if *due > now {
                return Ok(());
            }
            match to.write(chunk) {
                Ok(n) => {
                    self.queued -= n;
                    chunk.drain(..n);
                    if chunk.is_empty() {
                        self.queue.pop_front();
                    }
                }
                Err(e) if e.kind() == ErrorKind::WouldBlock => return Ok(()),
                Err(e) => return Err(e),
            }
        }
        Ok(())
    }
}

struct Connection {
    client: TcpStream,
    server: TcpStream,
    down: Down,
    up: Up,
    down_closed: bool,
    up_closed: bool,
    broken: bool,
    /// Bytes to carry before it breaks.
    life: usize,
}

impl Connection {
    fn open(client: TcpStream, config: &Config, number: usize) -> io::Result<Self> {
        let now = Instant::now();
        let server = TcpStream::connect(config.target)?;
        for socket in [&client, &server] {
            socket.set_nonblocking(true)?;
            socket.set_nodelay(true)?;
        }
        let down = Down {
            pipe: sys::pipe(1 << 20)?,
            held: 0,
            pace: Pace::new(config, number, now),
            readable: true,
            ended: false,
        };
        let up = Up {
            queue: VecDeque::new(),
            queued: 0,
            most_queued: 2 * config.full_window() + UP_CHUNK,
            opened: now,
            pace: Pace::new(config, number, now),
            readable: true,
            ended: false,
            end_due: None,
        };
        let life = config.life_of(number);
        Ok(Connection { client, server, down, up, down_closed: false, up_closed: false, broken: false, life })
    }

    fn carry_down(&mut self, total: &mut Limit, share: usize, now: Instant) -> io::Result<()> {
        let room = self.down.pace.room(now).min(share);
        let bytes = self.down.carry(&self.server, &self.client, room)?;
        let hungry = self.down.hungry();
        self.down.pace.spend(now, bytes, hungry);
        self.wear(bytes);
        total.spend(bytes);
        if self.down.ended && self.down.held == 0 && !self.down_closed {
            self.down_closed = true;
            self.client.shutdown(Shutdown::Write)?;
        }
        Ok(())
    }

    fn carry_up(
        &mut self,
        total: &mut Limit,
        share: usize,
        now: Instant,
        round_trip: Duration,
    ) -> io::Result<()> {
        if now < self.up.opened + round_trip {
            return Ok(()); // on a real line the client is still connecting
        }
        let room = self.up.pace.room(now).min(share);
        let bytes = self.up.take(&mut self.client, room, now + round_trip)?;
        let hungry = self.up.hungry();
        self.up.pace.spend(now, bytes, hungry);
        self.wear(bytes);
        total.spend(bytes);
        self.up.deliver(&mut self.server, now)?;
        self.up.ended = self.up.queue.is_empty() && self.up.end_due.is_some_and(|due| due <= now);
        if self.up.ended && !self.up_closed {
            self.up_closed = true;
            self.server.shutdown(Shutdown::Write)?;
        }
        Ok(())
    }

    fn wear(&mut self, bytes: usize) {
        self.life = self.life.saturating_sub(bytes);
        self.broken |= self.life == 0;
    }

    fn is_busy(&self) -> bool {
        let up_waits = !self.up.queue.is_empty() || (self.up.end_due.is_some() && !self.up_closed);
        self.down.hungry() || self.down.held > 0 || self.up.hungry() || up_waits
    }

    fn is_over(&self) -> bool {
        self.broken || (self.down_closed && self.up_closed)
    }
}

struct Line {
    config: Config,
    listener: TcpListener,
    epoll: RawFd,
    connections: Vec<Option<Connection>>,
    down: Limit,
    up: Limit,
    in_use: (bool, bool),
    first: usize,
    /// Connections so far.
    count: usize,
}

impl Line {
    fn new(config: Config) -> io::Result<Self> {
        let listener = TcpListener::bind(config.listen)?;
        listener.set_nonblocking(true)?;
        // What passes while a tick is as late as can be made up for; the kernel adds as much for itself.
        sys::set_receive_buffer(listener.as_raw_fd(), (config.connection_rate * CATCH_UP) as usize)?;
        let epoll = sys::epoll()?;
        sys::watch(epoll, listener.as_raw_fd(), 0)?;
        let now = Instant::now();
        let (down, up) = (Limit::new(config.total_rate, now), Limit::new(config.total_rate, now));
        Ok(Line {
            config,
            listener,
            epoll,
            connections: Vec::new(),
            down,
            up,
            in_use: (false, false),
            first: 0,
            count: 0,
        })
    }

    fn run(&mut self) -> io::Result<()> {
        let mut events = vec![sys::Event { flags: 0, token: 0 }; 256];
        let mut next = Instant::now();
        loop {
            let busy = self.connections.iter().flatten().any(Connection::is_busy);
            if busy {
                next = (next + TICK).max(Instant::now());
                sleep(next.saturating_duration_since(Instant::now()));
            }
            let count = match sys::wait(self.epoll, &mut events, if busy { 0 } else { -1 }) {
                Ok(count) => count,
                Err(e) if e.kind() == ErrorKind::Interrupted => 0,
                Err(e) => return Err(e),
            };
            for event in &events[..count] {
                self.note(event.token, event.flags);
            }
            self.tick(Instant::now());
        }
    }

    fn note(&mut self, token: u64, flags: u32) {
        if token == 0 {
            return self.accept();
        }
        let (slot, from_server) = ((token as usize >> 1) - 1, token & 1 == 1);
        let Some(connection) = &mut self.connections[slot] else { return };
        if from_server {
            connection.down.readable = true;
        } else {
            connection.up.readable = true;
            connection.broken |= flags & (sys::ERR | sys::HUP) != 0;
        }
    }

    fn accept(&mut self) {
        while let Ok((client, _)) = self.listener.accept() {
            let opened = Connection::open(client, &self.config, self.count);
            self.count += 1;
            if let Err(e) = opened.and_then(|c| self.add(c)) {
                eprintln!("longline: {e}");
            }
        }
    }

    fn add(&mut self, connection: Connection) -> io::Result<()> {
        let slot = self.connections.iter().position(Option::is_none).unwrap_or(self.connections.len());
        let token = (slot as u64 + 1) << 1;
        sys::watch(self.epoll, connection.client.as_raw_fd(), token)?;
        sys::watch(self.epoll, connection.server.as_raw_fd(), token | 1)?;
        if slot == self.connections.len() {
            self.connections.push(None);
        }
        self.connections[slot] = Some(connection);
        Ok(())
    }

    /// Serves every connection once. Those that want more than an even share get what the others leave,
    /// and another one is the first to choose each time.
    fn tick(&mut self, now: Instant) {
        let count = self.connections.len();
        if count == 0 {
            return;
        }
        self.down.fill(now, self.in_use.0);
        self.up.fill(now, self.in_use.1);
        let mut hungry = (0, 0);
        for c in self.connections.iter().flatten() {
            hungry.0 += usize::from(c.down.hungry());
            hungry.1 += usize::from(c.up.hungry());
        }
        self.first = (self.first + 1) % count;
        for i in 0..count {
            let place = &mut self.connections[(self.first + i) % count];
            let Some(c) = place else { continue };
            let (down_share, up_share) =
                (self.down.room() / hungry.0.max(1), self.up.room() / hungry.1.max(1));
            hungry.0 -= usize::from(c.down.hungry());
            hungry.1 -= usize::from(c.up.hungry());
            let carried = c
                .carry_down(&mut self.down, down_share, now)
                .and_then(|()| c.carry_up(&mut self.up, up_share, now, self.config.round_trip));
            if carried.is_err() || c.is_over() {
                *place = None;
            }
        }
        let connections = || self.connections.iter().flatten();
        self.in_use = (connections().any(|c| c.down.hungry()), connections().any(|c| c.up.hungry()));
    }
}

const USAGE: &str = "usage: longline --target ADDR [--listen 127.0.0.1:0] [--rtt-ms 40]
                [--connection-mb 50] [--total-mb 500] [--slow-start] [--slow-every N] [--dying-every N]
Speeds are in MB (1,000,000 bytes) per second.";

fn usage(message: &str) -> ! {
    eprintln!("longline: {message}\n{USAGE}");
    exit(2)
}

fn parse<T: std::str::FromStr>(option: &str, value: Option<String>) -> T {
    let value = value.unwrap_or_else(|| usage(&format!("{option} needs a value")));
    value.parse().unwrap_or_else(|_| usage(&format!("{option}: {value} is no good")))
}

fn config() -> Config {
    let mut config = Config {
        listen: SocketAddr::from(([127, 0, 0, 1], 0)),
        target: SocketAddr::from(([127, 0, 0, 1], 0)),
        round_trip: Duration::from_millis(40),
        connection_rate: 50e6,
        total_rate: 500e6,
        slow_start: false,
        slow_every: 0,
        dying_every: 0,
    };
    let mut args = std::env::args().skip(1);
    while let Some(option) = args.next() {
        match option.as_str() {
            "--listen" => config.listen = parse(&option, args.next()),
            "--target" => config.target = parse(&option, args.next()),
            "--rtt-ms" => config.round_trip = Duration::from_millis(parse(&option, args.next())),
            "--connection-mb" => config.connection_rate = parse::<f64>(&option, args.next()) * 1e6,
            "--total-mb" => config.total_rate = parse::<f64>(&option, args.next()) * 1e6,
            "--slow-start" => config.slow_start = true,
            "--slow-every" => config.slow_every = parse(&option, args.next()),
            "--dying-every" => config.dying_every = parse(&option, args.next()),
            "--help" => {
                println!("{USAGE}");
                exit(0)
            }
            _ => usage(&format!("unknown option {option}")),
        }
    }
    if config.target.port() == 0 {
        usage("--target is missing");
    }
    config
}

fn run(config: Config) -> io::Result<()> {
    let mut line = Line::new(config)?;
    println!("listening on {}", line.listener.local_addr()?);
    io::stdout().flush()?;
    line.run()
}

fn main() {
    if let Err(e) = run(config()) {
        eprintln!("longline: {e}");
        exit(1);
    }
}
