//! The connections that all transfers of a client share.
//!
//! A part holds a [`Slot`] while it uses a connection. Slots go to the transfer that has the fewest, so that files
//! share the line fairly. How many there are is decided by a [`Window`] for each [`Class`], ten times a second by a
//! task that lives only while slots are in use. Parts of large files are worth what all connections bring together, so
//! that more of them are kept only where the line has room. Small files are worth their own bytes and answers: they
//! mostly wait, and take little from the line. Thus they come beside the large ones, not before or after them.
//!
//! A part that has nothing left to move but still waits for an answer rests: another one begins in its place, so that
//! the line is not idle for a round trip after each part. And the last parts begin together, so that they end together.
//! Neither takes more than twice the window's connections.

use std::collections::{HashMap, VecDeque};
use std::sync::atomic::{AtomicBool, AtomicU64, AtomicUsize, Ordering::Relaxed};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use tokio::sync::oneshot;

use super::rate::Rate;
use super::window::{Sample, Window};

/// Files up to this size come in one short answer.
pub const SMALL: u64 = 1 << 20;
/// Connections a class starts with.
const FIRST: usize = 12;
/// What a request is worth beside its bytes when goodput is judged, so that small ones count.
const REQUEST_WORTH: u64 = 64 << 10;
/// How often the windows look.
const TICK: Duration = Duration::from_millis(100);
/// So many of the last parts move at once at most, unless the window has more: each has its buffers, and among so many
/// one is a small share of the line.
const TOGETHER: usize = 32;
/// The parts that a transfer has yet to begin, where that is not known.
const MANY: usize = usize::MAX;

/// What connections are used for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
enum Class {
    /// Parts of large files: the bytes take longer than the wait for them.
    Bulk,
    /// Files up to [`SMALL`].
    Small,
}

/// A transfer, as the slots know it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Member {
    id: u64,
    class: Class,
    length: u64,
}

/// The connections of one client.
#[derive(Debug)]
pub struct Slots {
    state: Mutex<State>,
    seen: [Seen; 2],
    rate: Arc<Rate>,
    ticking: AtomicBool,
    ids: AtomicU64,
}

/// What was seen of the slots of a class.
#[derive(Debug, Default)]
struct Seen {
    /// What was brought, as the class is judged by it; of parts of large files, what comes on top of all bytes.
    work: AtomicU64,
    delivering: AtomicUsize,
    sending: AtomicUsize,
    failures: AtomicUsize,
    /// Microseconds that a request usually waits for the first byte; 0 while unknown.
    latency: AtomicU64,
}

#[derive(Debug)]
struct State {
    lanes: [Lane; 2],
    hard_cap: usize,
    held: HashMap<Member, usize>,
    /// Turns that were ever waited for.
    turns: u64,
}

/// The slots of one class.
#[derive(Debug)]
struct Lane {
    window: Window,
    /// Slots of parts that move bytes.
    active: usize,
    /// Slots of parts that rest.
    resting: usize,
    waiting: VecDeque<Waiting>,
}

/// A transfer that waits for a slot.
#[derive(Debug)]
struct Waiting {
    turn: u64,
    member: Member,
    /// How many parts it has yet to begin.
    parts: usize,
    sender: oneshot::Sender<()>,
}

/// The right to use one connection. Dropping it gives the right back.
#[derive(Debug)]
pub struct Slot {
    slots: Arc<Slots>,
    member: Member,
    granted: Instant,
    delivering: bool,
    sending: bool,
    resting: bool,
}

impl Slots {
    /// Slots of which the caller wants at most `most` (0: as many as pay), and never more than `hard_cap`.
    pub fn new(most: u64, hard_cap: usize, rate: Arc<Rate>) -> Arc<Self> {
        let cap = cap(most, hard_cap);
        let lane =
            || Lane { window: Window::new(FIRST, cap), active: 0, resting: 0, waiting: VecDeque::new() };
        let state = State { lanes: [lane(), lane()], hard_cap, held: HashMap::new(), turns: 0 };
        Arc::new(Self {
            state: Mutex::new(state),
            seen: Default::default(),
            rate,
            ticking: false.into(),
            ids: 0.into(),
        })
    }

    /// A new transfer of so many bytes.
    pub fn member(&self, length: u64) -> Member {
        let class = if length <= SMALL { Class::Small } else { Class::Bulk };
        Member { id: self.ids.fetch_add(1, Relaxed), class, length }
    }

    /// How many connections the window grants to parts of large files now.
    pub fn window(&self) -> usize {
        self.state().lane(Class::Bulk).window.target()
    }

    /// Most connections that may be open at once.
    pub fn most(&self) -> usize {
        self.state().most()
    }

    /// Changes the cap on connections while running; 0 lets hfx find the number.
    pub fn set_most(&self, most: u64) {
        let mut state = self.state();
        let cap = cap(most, state.hard_cap);
        state.lanes.iter_mut().for_each(|lane| lane.window.set_most(cap));
        state.grant();
    }

    /// Waits for a connection's turn.
    pub async fn acquire(self: &Arc<Self>, member: Member) -> Slot {
        self.acquire_one_of(member, MANY).await
    }

    /// Waits for the turn of one of the last `parts` that a transfer has yet to begin.
    pub async fn acquire_one_of(self: &Arc<Self>, member: Member, parts: usize) -> Slot {
        let turn = {
            let mut state = self.state();
            if state.lane(member.class).waiting.is_empty() && state.has_room(member.class, parts) {
                state.take(member);
                None
            } else {
                let (sender, receiver) = oneshot::channel();
                let turn = state.turns;
                state.turns += 1;
                state.lane_mut(member.class).waiting.push_back(Waiting { turn, member, parts, sender });
                Some(Turn { slots: self, member, receiver, taken: false })
            }
        };
        self.tick();
        if let Some(mut turn) = turn {
            // The sender is dropped only with the slots themselves.
            let _ = (&mut turn.receiver).await;
            turn.taken = true;
        }
        let granted = Instant::now();
        Slot { slots: self.clone(), member, granted, delivering: false, sending: false, resting: false }
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Starts the task that feeds the windows, unless it runs.
    fn tick(self: &Arc<Self>) {
        if self.ticking.swap(true, Relaxed) {
            return;
        }
        let slots = self.clone();
        tokio::spawn(async move {
            let mut before = slots.work();
            let mut last = Instant::now();
            loop {
                tokio::time::sleep(TICK).await;
                let now = slots.work();
                let work = [now[0] - before[0], now[1] - before[1]];
                before = now;
                let mut state = slots.state();
                if state.is_idle() {
                    slots.ticking.store(false, Relaxed);
                    return;
                }
                let seconds = last.elapsed().as_secs_f64();
                last = Instant::now();
                for (class, work) in [Class::Bulk, Class::Small].into_iter().zip(work) {
                    // Under a cap of bytes per second more connections can't bring more.
                    let pressed = state.is_pressed(class) && !slots.rate.is_capped();
                    let sample = slots.seen[class as usize].sample(work as f64, seconds, pressed);
                    state.lane_mut(class).window.observe(&sample);
                }
                state.grant();
            }
        });
    }

    /// The work of each class so far.
    fn work(&self) -> [u64; 2] {
        let [bulk, small] = &self.seen;
        [self.rate.passed() + bulk.work.load(Relaxed), small.work.load(Relaxed)]
    }
}

/// The caller's cap, where there is one.
fn cap(most: u64, hard_cap: usize) -> usize {
    if most == 0 { hard_cap } else { hard_cap.min(most as usize) }
}

impl Seen {
    fn sample(&self, work: f64, seconds: f64, pressed: bool) -> Sample {
        Sample {
            work,
            seconds,
            delivering: self.delivering.load(Relaxed),
            pressed,
            failures: self.failures.swap(0, Relaxed),
            sending: self.sending.load(Relaxed) > 0,
            latency: match self.latency.load(Relaxed) {
                0 => f64::INFINITY,
                micros => micros as f64 / 1e6,
            },
        }
    }
}

/// A place in the queue; leaving it gives a right that was granted meanwhile back.
struct Turn<'a> {
    slots: &'a Arc<Slots>,
    member: Member,
    receiver: oneshot::Receiver<()>,
    /// The right has become a [`Slot`].
    taken: bool,
}

impl Drop for Turn<'_> {
    fn drop(&mut self) {
        if self.taken {
            return;
        }
        let mut state = self.slots.state();
        self.receiver.close();
        if self.receiver.try_recv().is_ok() {
            state.release(self.member);
        }
        state.lane_mut(self.member.class).waiting.retain(|waiting| !waiting.sender.is_closed());
        state.grant();
    }
}

impl Lane {
    fn in_use(&self) -> usize {
        self.active + self.resting
    }
}

impl State {
    fn lane(&self, class: Class) -> &Lane {
        &self.lanes[class as usize]
    }

    fn lane_mut(&mut self, class: Class) -> &mut Lane {
        &mut self.lanes[class as usize]
    }

    fn most(&self) -> usize {
        self.lane(Class::Bulk).window.most()
    }

    fn in_use(&self) -> usize {
        self.lanes.iter().map(Lane::in_use).sum()
    }

    fn is_idle(&self) -> bool {
        self.in_use() == 0 && self.lanes.iter().all(|lane| lane.waiting.is_empty())
    }

    /// Whether it is the window that lets no more through.
    fn is_pressed(&self, class: Class) -> bool {
        let lane = self.lane(class);
        !lane.waiting.is_empty() && lane.in_use() >= lane.window.target()
    }

    fn take(&mut self, member: Member) {
        self.lane_mut(member.class).active += 1;
        *self.held.entry(member).or_default() += 1;
    }

    fn release(&mut self, member: Member) {
        self.lane_mut(member.class).active -= 1;
        if let Some(held) = self.held.get_mut(&member) {
            *held -= 1;
            if *held == 0 {
                self.held.remove(&member);
            }
        }
    }

    /// Whether another part of a class may begin, with so many that have yet to.
    fn has_room(&self, class: Class, parts: usize) -> bool {
        let lane = self.lane(class);
        let target = lane.window.target();
        let level = if parts <= target { target.max(TOGETHER.min(target * 2)) } else { target };
        lane.active < level && lane.in_use() < target * 2 && self.in_use() < self.most()
    }

    /// The next one of a class, and its place: of those that have the fewest, the one that waits longest. What comes
    /// before that in the order decides between the classes: where a cap is for both, half of it is for each.
    fn next(&self, class: Class) -> Option<((bool, usize, u64), Class, usize)> {
        let lane = self.lane(class);
        // A small file hardly ever has two parts, so the first that came is the next.
        let looked_at = if class == Class::Small { 1 } else { lane.waiting.len() };
        let places = lane.waiting.iter().enumerate().take(looked_at);
        let parts = places.clone().fold(0, |sum: usize, (_, waiting)| sum.saturating_add(waiting.parts));
        if !self.has_room(class, parts) {
            return None;
        }
        let has_half = lane.in_use() * 2 >= self.most();
        let held = |waiting: &Waiting| self.held.get(&waiting.member).copied().unwrap_or(0);
        let next = places.map(|(place, waiting)| ((has_half, held(waiting), waiting.turn), place)).min();
        next.map(|(order, place)| (order, class, place))
    }

    fn grant(&mut self) {
        let next = |state: &Self| {
            let both = [Class::Bulk, Class::Small].into_iter().filter_map(|class| state.next(class));
            both.min_by_key(|(order, ..)| *order)
        };
        while let Some((_, class, place)) = next(self) {
            let Some(Waiting { member, sender, .. }) = self.lane_mut(class).waiting.remove(place) else {
                return;
            };
            if sender.send(()).is_ok() {
                self.take(member);
            }
        }
    }
}

impl Slot {
    fn seen(&self) -> &Seen {
        &self.slots.seen[self.member.class as usize]
    }

    /// So many bytes have arrived on the connection; whether they are not its first.
    pub fn delivers(&mut self, bytes: u64) -> bool {
        if self.member.class == Class::Small {
            // The answer's worth comes along with its bytes: on a slow line few answers have to tell how it goes.
            self.seen().work.fetch_add(bytes + bytes * REQUEST_WORTH / self.member.length.max(1), Relaxed);
        }
        let known = self.moves();
        if !known {
            let latency = &self.seen().latency;
            let (now, before) = (self.granted.elapsed().as_micros() as u64, latency.load(Relaxed));
            let usual = if before == 0 { now } else { (before * 7 + now) / 8 };
            latency.store(usual.max(1), Relaxed);
        }
        known
    }

    fn moves(&mut self) -> bool {
        if !self.delivering && !self.resting {
            self.delivering = true;
            self.seen().delivering.fetch_add(1, Relaxed);
            return false;
        }
        true
    }

    /// Bytes go out on the connection.
    pub fn sends(&mut self) {
        if !std::mem::replace(&mut self.sending, true) {
            self.seen().sending.fetch_add(1, Relaxed);
        }
        self.moves();
    }

    /// All bytes are moved, or as good as: what is left is waiting for an answer, and another part may begin.
    pub fn rests(&mut self) {
        if std::mem::replace(&mut self.resting, true) {
            return;
        }
        self.no_longer_moves();
        let mut state = self.slots.state();
        state.release(self.member);
        state.lane_mut(self.member.class).resting += 1;
        state.grant();
    }

    fn no_longer_moves(&mut self) {
        if std::mem::take(&mut self.delivering) {
            self.seen().delivering.fetch_sub(1, Relaxed);
        }
        if std::mem::take(&mut self.sending) {
            self.seen().sending.fetch_sub(1, Relaxed);
        }
    }

    /// A request was answered in full.
    pub fn finished(&self) {
        if self.member.class == Class::Bulk {
            self.seen().work.fetch_add(REQUEST_WORTH, Relaxed);
        }
    }

    /// The connection failed.
    pub fn failed(&self) {
        self.seen().failures.fetch_add(1, Relaxed);
    }
}

impl Drop for Slot {
    fn drop(&mut self) {
        self.no_longer_moves();
        let mut state = self.slots.state();
        if self.resting {
            state.lane_mut(self.member.class).resting -= 1;
        } else {
            state.release(self.member);
        }
        state.grant();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const LARGE: u64 = SMALL + 1;

    fn slots(most: u64) -> Arc<Slots> {
        Slots::new(most, 256, Arc::new(Rate::new(0)))
    }

    #[tokio::test]
    async fn slots_are_shared_fairly_and_given_back() {
        let all = slots(2);
        let (a, b) = (all.member(LARGE), all.member(LARGE));
        let (first, second) = (all.acquire(a).await, all.acquire(a).await);
        let mut third = Box::pin(all.acquire(a));
        let mut other = Box::pin(all.acquire(b));
        for future in [&mut third, &mut other] {
            assert!(tokio::time::timeout(Duration::from_millis(1), future).await.is_err());
        }
        drop(first);
        let held =
            tokio::time::timeout(Duration::from_secs(5), &mut other).await.expect("b has none, so b is next");
        drop(third);
        drop((held, second));
        let _again = (all.acquire(b).await, all.acquire(b).await);
    }

    #[tokio::test]
    async fn an_abandoned_wait_loses_no_slot() {
        let all = slots(1);
        let (a, b) = (all.member(LARGE), all.member(1));
        for _ in 0..50 {
            let held = all.acquire(a).await;
            let mut waiting = Box::pin(all.acquire(b));
            assert!(tokio::time::timeout(Duration::from_micros(10), &mut waiting).await.is_err());
            drop(held); // The wait is granted its turn here...
            drop(waiting); // ...and given up before it sees it.
        }
        tokio::time::timeout(Duration::from_secs(5), all.acquire(a)).await.expect("the slot is free");
    }

    /// How many turns come at once, for a transfer with so many parts to begin.
    async fn turns(slots: &Arc<Slots>, length: u64, parts: usize) -> Vec<Slot> {
        let (member, mut taken) = (slots.member(length), Vec::new());
        for begun in 0..parts {
            let turn = slots.acquire_one_of(member, parts - begun);
            match tokio::time::timeout(Duration::from_millis(1), turn).await {
                Ok(slot) => taken.push(slot),
                Err(_) => break,
            }
        }
        taken
    }

    #[tokio::test]
    async fn the_last_parts_begin_together() {
        for (parts, begin) in [(5, 5), (FIRST, FIRST), (FIRST + 4, FIRST + 4), (3 * FIRST, FIRST)] {
            let all = slots(0);
            assert_eq!(turns(&all, LARGE, parts).await.len(), begin, "of {parts}");
        }
        let capped = slots(4);
        assert_eq!(turns(&capped, LARGE, 6).await.len(), 4, "a cap is a cap");
    }

    /// Sends so many parts of 16 MiB over a line of 500 MB/s that gives a connection no more than 50; a new connection,
    /// and the answer to each part, take 40 ms. Returns the share of the line.
    fn sent_over_a_long_line(parts: usize) -> f64 {
        const STEP: f64 = 0.001;
        let (all, member) = (slots(0), Member { id: 0, class: Class::Bulk, length: LARGE });
        let mut slots = all.state();
        let (mut missing, mut kept, mut moved, mut time) = (parts, 1_usize, 0.0, 0.0);
        // Seconds until it may move, and bytes left; seconds until the answer is there.
        let (mut moving, mut resting): (Vec<(f64, f64)>, Vec<f64>) = Default::default();
        for step in 1.. {
            while missing > 0 && slots.has_room(Class::Bulk, missing) {
                slots.take(member);
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
            (0..out).for_each(|_| slots.release(member));
            slots.lanes[0].resting += out;
            resting.extend(std::iter::repeat_n(0.04, out));
            let answered = resting.extract_if(.., |wait| *wait <= 0.0).count();
            slots.lanes[0].resting -= answered;
            kept += answered;
            time += STEP;
            if missing == 0 && moving.is_empty() && resting.is_empty() {
                break;
            }
            if step % 100 == 0 {
                let delivering = moving.iter().filter(|(wait, _)| *wait <= 0.0).count();
                let pressed = missing > 0;
                let work = std::mem::take(&mut moved);
                slots.lanes[0].window.observe(&Sample {
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
        let all = slots(0);
        let mut first = turns(&all, LARGE, 100).await;
        assert_eq!(first.len(), FIRST);
        first.iter_mut().for_each(Slot::rests);
        first[0].rests();
        let mut second = turns(&all, LARGE, 100).await;
        assert_eq!(second.len(), FIRST);
        second[0].rests();
        assert!(turns(&all, LARGE, 100).await.is_empty(), "each of them has a connection");
        drop(first.pop());
        assert_eq!(turns(&all, LARGE, 100).await.len(), 1);
        let capped = slots(1);
        let mut only = capped.acquire(capped.member(LARGE)).await;
        only.rests();
        assert!(turns(&capped, LARGE, 100).await.is_empty(), "a cap is one of connections");
        drop(only);
        assert_eq!(turns(&capped, LARGE, 100).await.len(), 1);
    }

    #[tokio::test]
    async fn small_files_come_beside_large_ones_and_a_cap_is_for_both() {
        let all = slots(0);
        let parts = turns(&all, LARGE, 100).await;
        let files = turns(&all, 1, 100).await;
        assert_eq!((parts.len(), files.len()), (FIRST, FIRST));
        let capped = slots(4);
        let mut parts = turns(&capped, LARGE, 100).await;
        assert_eq!((parts.len(), turns(&capped, 1, 100).await.len()), (4, 0));
        // Small ones wait, and one more part: small ones get half of it, and no more while a part waits.
        let part = capped.member(LARGE);
        let mut waiting: Vec<_> = (0..3).map(|_| Box::pin(capped.acquire(capped.member(1)))).collect();
        waiting.push(Box::pin(capped.acquire(part)));
        for future in &mut waiting {
            assert!(tokio::time::timeout(Duration::from_millis(1), future).await.is_err());
        }
        let mut granted = Vec::new();
        for next in [0, 0, 1] {
            drop(parts.pop());
            let turn = tokio::time::timeout(Duration::from_secs(5), waiting.remove(next)).await;
            granted.push(turn.expect("its turn"));
        }
    }
}
