//! The budgets that all transfers of a client share: connections and bytes per second.
//!
//! A part holds a [`Slot`] while it uses a connection. Slots go to the transfer that has the fewest, so that files
//! share the line fairly; how many there are is the [`Window`]'s decision, taken ten times a second by a task that
//! lives only while slots are in use. A part that has nothing left to move but still waits for an answer rests: another
//! one begins in its place, so that the line is not idle for a round trip after each part. And the last parts begin
//! together, so that they end together. Neither takes more than twice the window's connections.

use std::collections::{HashMap, VecDeque};
use std::sync::atomic::{AtomicBool, AtomicU64, AtomicUsize, Ordering::Relaxed};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use tokio::sync::{Notify, oneshot};

use super::window::{Sample, Window};

/// Connections a client starts with.
const FIRST: usize = 12;
/// Most connections without a cap of the caller's.
const MOST: usize = 256;
/// Buffers that one connection may fill: hyper's, TLS's and the part's own.
const PER_CONNECTION: u64 = 768 << 10;
/// Buffers that one file in work may fill beside its connections'.
const PER_FILE: u64 = 4 << 20;
/// What a request is worth beside its bytes when goodput is judged, so that small files count.
const REQUEST_WORTH: f64 = 65_536.0;
/// How often the window looks.
const TICK: Duration = Duration::from_millis(100);
/// Bytes that may pass at once under a rate limit, in seconds of the rate.
const BURST: f64 = 0.1;
/// So many of the last parts move at once at most, unless the window has more: each has its buffers, and among so many
/// one is a small share of the line.
const TOGETHER: usize = 32;
/// The parts that a transfer has yet to begin, where that is not known.
const MANY: usize = usize::MAX;

/// The shared budgets of one client.
#[derive(Debug)]
pub struct Limits {
    slots: Mutex<Slots>,
    rate: AtomicU64,
    rate_changed: Notify,
    next_free: Mutex<Option<Instant>>,
    memory: u64,
    files: usize,
    received: AtomicU64,
    requests: AtomicU64,
    delivering: AtomicUsize,
    sending: AtomicUsize,
    failures: AtomicUsize,
    /// Microseconds that a request usually waits for the first byte; 0 while unknown.
    latency: AtomicU64,
    ticking: AtomicBool,
    ids: AtomicU64,
}

#[derive(Debug)]
struct Slots {
    window: Window,
    hard_cap: usize,
    /// Slots of parts that move bytes.
    active: usize,
    /// Slots of parts that rest.
    resting: usize,
    held: HashMap<u64, usize>,
    waiting: VecDeque<Waiting>,
}

/// A transfer that waits for a slot.
#[derive(Debug)]
struct Waiting {
    transfer: u64,
    /// How many parts it has yet to begin.
    parts: usize,
    sender: oneshot::Sender<()>,
}

/// The right to use one connection. Dropping it gives the right back.
#[derive(Debug)]
pub struct Slot {
    limits: Arc<Limits>,
    transfer: u64,
    granted: Instant,
    delivering: bool,
    sending: bool,
    resting: bool,
}

impl Limits {
    /// Budgets for a client; `connections` and `rate` of 0 mean no cap of the caller's, `descriptors` is what the
    /// process may open.
    pub fn new(connections: u64, memory: u64, rate: u64, descriptors: Option<u64>) -> Arc<Self> {
        // Half of the descriptors are the host's; a connection needs one, and files need some.
        let by_descriptors = descriptors.map_or(MOST, |d| (d.saturating_sub(24) / 2) as usize);
        let by_memory = (memory / 4 * 3 / PER_CONNECTION) as usize;
        let hard_cap = MOST.max(connections as usize).min(by_descriptors).min(by_memory).max(1);
        let most = if connections == 0 { hard_cap } else { hard_cap.min(connections as usize) };
        Arc::new(Self {
            slots: Mutex::new(Slots {
                window: Window::new(FIRST, most),
                hard_cap,
                active: 0,
                resting: 0,
                held: HashMap::new(),
                waiting: VecDeque::new(),
            }),
            rate: rate.into(),
            rate_changed: Notify::new(),
            next_free: Mutex::new(None),
            memory,
            // A file needs its partial, its lock, and now and then one more.
            files: descriptors.map_or(usize::MAX, |d| (d.saturating_sub(24) / 8) as usize),
            received: 0.into(),
            requests: 0.into(),
            delivering: 0.into(),
            sending: 0.into(),
            failures: 0.into(),
            latency: 0.into(),
            ticking: false.into(),
            ids: 0.into(),
        })
    }

    /// A number for a new transfer.
    pub fn transfer_id(&self) -> u64 {
        self.ids.fetch_add(1, Relaxed)
    }

    /// Bytes that buffers may hold.
    pub fn memory(&self) -> u64 {
        self.memory
    }

    /// How many files may be open at once: each needs descriptors beside its connections, and some memory.
    pub fn files(&self) -> usize {
        let by_memory = (self.memory / PER_FILE) as usize;
        self.files.min(by_memory).max(1)
    }

    /// How many connections the window grants now.
    pub fn window(&self) -> usize {
        self.slots().window.target()
    }

    /// Most connections that may ever be open at once.
    pub fn most(&self) -> usize {
        self.slots().window.most()
    }

    /// Changes the cap on connections while running; 0 lets hfx find the number.
    pub fn set_connections(&self, most: u64) {
        let mut slots = self.slots();
        let cap = if most == 0 { slots.hard_cap } else { slots.hard_cap.min(most as usize) };
        slots.window.set_most(cap);
        slots.grant();
    }

    /// Changes the cap on bytes per second while running; 0 is none.
    pub fn set_rate(&self, rate: u64) {
        self.rate.store(rate, Relaxed);
        *self.next_free.lock().unwrap_or_else(PoisonError::into_inner) = None;
        self.rate_changed.notify_waiters();
    }

    /// Whether bytes per second are capped.
    pub fn is_rate_capped(&self) -> bool {
        self.rate.load(Relaxed) != 0
    }

    /// Waits for a connection's turn.
    pub async fn acquire(self: &Arc<Self>, transfer: u64) -> Slot {
        self.acquire_one_of(transfer, MANY).await
    }

    /// Waits for the turn of one of the last `parts` that a transfer has yet to begin.
    pub async fn acquire_one_of(self: &Arc<Self>, transfer: u64, parts: usize) -> Slot {
        let turn = {
            let mut slots = self.slots();
            if slots.waiting.is_empty() && slots.has_room(parts) {
                slots.take(transfer);
                None
            } else {
                let (sender, receiver) = oneshot::channel();
                slots.waiting.push_back(Waiting { transfer, parts, sender });
                Some(Turn { limits: self, transfer, receiver, taken: false })
            }
        };
        self.tick();
        if let Some(mut turn) = turn {
            // The sender is dropped only with the limits themselves.
            let _ = (&mut turn.receiver).await;
            turn.taken = true;
        }
        let granted = Instant::now();
        Slot { limits: self.clone(), transfer, granted, delivering: false, sending: false, resting: false }
    }

    /// Waits until the rate limit lets these bytes pass.
    pub async fn pass(&self, bytes: u64) {
        self.received.fetch_add(bytes, Relaxed);
        let changed = self.rate_changed.notified();
        let rate = self.rate.load(Relaxed);
        if rate == 0 {
            return;
        }
        let wait = {
            let mut next = self.next_free.lock().unwrap_or_else(PoisonError::into_inner);
            let now = Instant::now();
            let from = next.map_or(now, |at| at.max(now));
            let free = from + Duration::from_secs_f64(bytes as f64 / rate as f64);
            *next = Some(free);
            free.saturating_duration_since(now + Duration::from_secs_f64(BURST))
        };
        if !wait.is_zero() {
            // Under a new rate, the wait that the old one asked for is void.
            tokio::select! {
                () = tokio::time::sleep(wait) => {}
                () = changed => {}
            }
        }
    }

    fn slots(&self) -> MutexGuard<'_, Slots> {
        self.slots.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Starts the task that feeds the window, unless it runs.
    fn tick(self: &Arc<Self>) {
        if self.ticking.swap(true, Relaxed) {
            return;
        }
        let limits = self.clone();
        tokio::spawn(async move {
            let (mut bytes, mut requests) = (limits.received.load(Relaxed), limits.requests.load(Relaxed));
            let mut last = Instant::now();
            loop {
                tokio::time::sleep(TICK).await;
                let (b, r) = (limits.received.load(Relaxed), limits.requests.load(Relaxed));
                let work = (b - bytes) as f64 + (r - requests) as f64 * REQUEST_WORTH;
                (bytes, requests) = (b, r);
                let mut slots = limits.slots();
                if slots.active + slots.resting == 0 && slots.waiting.is_empty() {
                    limits.ticking.store(false, Relaxed);
                    return;
                }
                let sample = Sample {
                    work,
                    seconds: last.elapsed().as_secs_f64(),
                    delivering: limits.delivering.load(Relaxed),
                    // Under a rate limit more connections can't bring more.
                    pressed: !slots.waiting.is_empty() && limits.rate.load(Relaxed) == 0,
                    failures: limits.failures.swap(0, Relaxed),
                    sending: limits.sending.load(Relaxed) > 0,
                    latency: match limits.latency.load(Relaxed) {
                        0 => f64::INFINITY,
                        micros => micros as f64 / 1e6,
                    },
                };
                last = Instant::now();
                slots.window.observe(&sample);
                slots.grant();
            }
        });
    }
}

/// A place in the queue; leaving it gives a right that was granted meanwhile back.
struct Turn<'a> {
    limits: &'a Arc<Limits>,
    transfer: u64,
    receiver: oneshot::Receiver<()>,
    /// The right has become a [`Slot`].
    taken: bool,
}

impl Drop for Turn<'_> {
    fn drop(&mut self) {
        if self.taken {
            return;
        }
        let mut slots = self.limits.slots();
        self.receiver.close();
        if self.receiver.try_recv().is_ok() {
            slots.release(self.transfer);
        }
        slots.waiting.retain(|waiting| !waiting.sender.is_closed());
        slots.grant();
    }
}

impl Slots {
    fn take(&mut self, transfer: u64) {
        self.active += 1;
        *self.held.entry(transfer).or_default() += 1;
    }

    fn release(&mut self, transfer: u64) {
        self.active -= 1;
        if let Some(held) = self.held.get_mut(&transfer) {
            *held -= 1;
            if *held == 0 {
                self.held.remove(&transfer);
            }
        }
    }

    /// Whether another part may begin, with so many that have yet to.
    fn has_room(&self, parts: usize) -> bool {
        let target = self.window.target();
        let level = if parts <= target { target.max(TOGETHER.min(target * 2)) } else { target };
        self.active < level && self.active + self.resting < (target * 2).min(self.window.most())
    }

    fn grant(&mut self) {
        while self
            .has_room(self.waiting.iter().fold(0, |sum: usize, waiting| sum.saturating_add(waiting.parts)))
        {
            let fewest = self.waiting.iter().enumerate().min_by_key(|(place, waiting)| {
                (self.held.get(&waiting.transfer).copied().unwrap_or(0), *place)
            });
            let Some((place, _)) = fewest else { return };
            let Some(Waiting { transfer, sender, .. }) = self.waiting.remove(place) else { return };
            if sender.send(()).is_ok() {
                self.take(transfer);
            }
        }
    }
}

impl Slot {
    /// Bytes arrive on the connection; whether that was known.
    pub fn delivers(&mut self) -> bool {
        let known = self.moves();
        if !known {
            let (now, before) =
                (self.granted.elapsed().as_micros() as u64, self.limits.latency.load(Relaxed));
            let usual = if before == 0 { now } else { (before * 7 + now) / 8 };
            self.limits.latency.store(usual.max(1), Relaxed);
        }
        known
    }

    fn moves(&mut self) -> bool {
        if !self.delivering && !self.resting {
            self.delivering = true;
            self.limits.delivering.fetch_add(1, Relaxed);
            return false;
        }
        true
    }

    /// Bytes go out on the connection.
    pub fn sends(&mut self) {
        if !std::mem::replace(&mut self.sending, true) {
            self.limits.sending.fetch_add(1, Relaxed);
        }
        self.moves();
    }

    /// All bytes are moved, or as good as: what is left is waiting for an answer, and another part may begin.
    pub fn rests(&mut self) {
        if std::mem::replace(&mut self.resting, true) {
            return;
        }
        self.no_longer_moves();
        let mut slots = self.limits.slots();
        slots.release(self.transfer);
        slots.resting += 1;
        slots.grant();
    }

    fn no_longer_moves(&mut self) {
        if std::mem::take(&mut self.delivering) {
            self.limits.delivering.fetch_sub(1, Relaxed);
        }
        if std::mem::take(&mut self.sending) {
            self.limits.sending.fetch_sub(1, Relaxed);
        }
    }

    /// A request was answered in full.
    pub fn finished(&self) {
        self.limits.requests.fetch_add(1, Relaxed);
    }

    /// The connection failed.
    pub fn failed(&self) {
        self.limits.failures.fetch_add(1, Relaxed);
    }
}

impl Drop for Slot {
    fn drop(&mut self) {
        self.no_longer_moves();
        let mut slots = self.limits.slots();
        if self.resting {
            slots.resting -= 1;
        } else {
            slots.release(self.transfer);
        }
        slots.grant();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn slots_are_shared_fairly_and_given_back() {
        let limits = Limits::new(2, 256 << 20, 0, None);
        let (a, b) = (limits.transfer_id(), limits.transfer_id());
        let (first, second) = (limits.acquire(a).await, limits.acquire(a).await);
        let mut third = Box::pin(limits.acquire(a));
        let mut other = Box::pin(limits.acquire(b));
        for future in [&mut third, &mut other] {
            assert!(tokio::time::timeout(Duration::from_millis(1), future).await.is_err());
        }
        drop(first);
        let held =
            tokio::time::timeout(Duration::from_secs(5), &mut other).await.expect("b has none, so b is next");
        drop(third);
        drop((held, second));
        let _again = (limits.acquire(b).await, limits.acquire(b).await);
    }

    #[tokio::test]
    async fn an_abandoned_wait_loses_no_slot() {
        let limits = Limits::new(1, 256 << 20, 0, None);
        for _ in 0..50 {
            let held = limits.acquire(0).await;
            let mut waiting = Box::pin(limits.acquire(1));
            assert!(tokio::time::timeout(Duration::from_micros(10), &mut waiting).await.is_err());
            drop(held); // The wait is granted its turn here...
            drop(waiting); // ...and given up before it sees it.
        }
        tokio::time::timeout(Duration::from_secs(5), limits.acquire(2)).await.expect("the slot is free");
    }

    /// How many turns come at once, for a transfer with so many parts to begin.
    async fn turns(limits: &Arc<Limits>, parts: usize) -> Vec<Slot> {
        let mut slots = Vec::new();
        for begun in 0..parts {
            let turn = limits.acquire_one_of(0, parts - begun);
            match tokio::time::timeout(Duration::from_millis(1), turn).await {
                Ok(slot) => slots.push(slot),
                Err(_) => break,
            }
        }
        slots
    }

    #[tokio::test]
    async fn the_last_parts_begin_together() {
        for (parts, begin) in [(5, 5), (FIRST, FIRST), (FIRST + 4, FIRST + 4), (3 * FIRST, FIRST)] {
            let limits = Limits::new(0, 256 << 20, 0, None);
            assert_eq!(turns(&limits, parts).await.len(), begin, "of {parts}");
        }
        let capped = Limits::new(4, 256 << 20, 0, None);
        assert_eq!(turns(&capped, 6).await.len(), 4, "a cap is a cap");
    }

    /// Sends so many parts of 16 MiB over a line of 500 MB/s that gives a connection no more than 50; a new connection,
    /// and the answer to each part, take 40 ms. Returns the share of the line.
    fn sent_over_a_long_line(parts: usize) -> f64 {
        const STEP: f64 = 0.001;
        let limits = Limits::new(0, 256 << 20, 0, None);
        let mut slots = limits.slots();
        let (mut missing, mut kept, mut moved, mut time) = (parts, 1_usize, 0.0, 0.0);
        // Seconds until it may move, and bytes left; seconds until the answer is there.
        let (mut moving, mut resting): (Vec<(f64, f64)>, Vec<f64>) = Default::default();
        for step in 1.. {
            while missing > 0 && slots.has_room(missing) {
                slots.take(0);
                missing -= 1;
                moving.push((if kept > 0 { 0.0 } else { 0.04 }, f64::from(16 << 20)));
                kept = kept.saturating_sub(1);
            }
            let active = moving.iter().filter(|(wait, _)| *wait <= 0.0).count();
            let speed = 500e6_f64.min(active as f64 * 50e6) / active.max(1) as f64;
            for (wait, left) in &mut moving {
                if *wait > 0.0 {
                    *wait -= STEP;
                } else {
                    *left -= speed * STEP;
                    moved += speed * STEP;
                }
            }
            for wait in &mut resting {
                *wait -= STEP;
            }
            let begun = moving.len();
            moving.retain(|(_, left)| *left > 0.0);
            let out = begun - moving.len();
            (0..out).for_each(|_| slots.release(0));
            slots.resting += out;
            resting.extend(std::iter::repeat_n(0.04, out));
            let answered = resting.extract_if(.., |wait| *wait <= 0.0).count();
            slots.resting -= answered;
            kept += answered;
            time += STEP;
            if missing == 0 && moving.is_empty() && resting.is_empty() {
                break;
            }
            if step % 100 == 0 {
                let delivering = moving.iter().filter(|(wait, _)| *wait <= 0.0).count();
                let pressed = missing > 0;
                let work = std::mem::take(&mut moved);
                slots.window.observe(&Sample {
                    work,
                    seconds: 0.1,
                    delivering,
                    pressed,
                    failures: 0,
                    sending: true,
                    latency: f64::INFINITY,
                });
            }
        }
        parts as f64 * f64::from(16 << 20) / 500e6 / time
    }

    #[test]
    fn a_long_line_is_busy_between_parts_and_to_the_end() {
        // However the parts fall into rounds. What is left to win is the first connect and the last answer.
        for parts in [20, 25, 32, 40, 48, 64, 100, 128] {
            let share = sent_over_a_long_line(parts);
            let least = if parts >= 64 { 0.93 } else { 0.88 };
            assert!(share >= least, "{parts} parts: {share}");
        }
    }

    #[tokio::test]
    async fn a_part_that_rests_lets_another_begin_and_twice_the_window_is_the_end() {
        let limits = Limits::new(0, 256 << 20, 0, None);
        let mut first = turns(&limits, 100).await;
        assert_eq!(first.len(), FIRST);
        first.iter_mut().for_each(Slot::rests);
        first[0].rests();
        let mut second = turns(&limits, 100).await;
        assert_eq!(second.len(), FIRST);
        second[0].rests();
        assert!(turns(&limits, 100).await.is_empty(), "each of them has a connection");
        drop(first.pop());
        assert_eq!(turns(&limits, 100).await.len(), 1);
        let capped = Limits::new(1, 256 << 20, 0, None);
        let mut only = capped.acquire(0).await;
        only.rests();
        assert!(turns(&capped, 100).await.is_empty(), "a cap is one of connections");
        drop(only);
        assert_eq!(turns(&capped, 100).await.len(), 1);
    }

    #[test]
    fn caps_follow_memory_and_descriptors() {
        assert_eq!(Limits::new(0, 256 << 20, 0, None).most(), 256);
        assert_eq!(Limits::new(0, 32 << 20, 0, None).most(), 32);
        assert_eq!(Limits::new(0, 256 << 20, 0, Some(64)).most(), 20);
        assert_eq!(Limits::new(4, 256 << 20, 0, None).most(), 4);
        assert_eq!(Limits::new(0, 1, 0, Some(0)).most(), 1);
    }

    #[tokio::test]
    async fn the_rate_holds_and_can_change() {
        let limits = Limits::new(0, 256 << 20, 10_000_000, None);
        let start = Instant::now();
        limits.pass(2_000_000).await;
        assert!(start.elapsed() >= Duration::from_millis(99), "0.2 s worth of bytes, less the burst");
        limits.set_rate(1 << 50);
        tokio::time::timeout(Duration::from_secs(5), limits.pass(1 << 40))
            .await
            .expect("the new rate holds at once");
    }
}
