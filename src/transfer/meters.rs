//! What each connection of a transfer moves, so that one that is much slower than the others is replaced.
//!
//! Connections are compared over the time since the last look, not over their whole life: one that has just begun and
//! still gets faster is left alone. While there is more to hand out, a slow connection costs its share alone; once all
//! that is left is under way, everybody waits for the slowest, and looks are shorter and less is waited for. A part is
//! replaced a few times at most, so that a store that is slow about one part is waited for in the end.

use std::sync::atomic::{AtomicBool, AtomicU64, Ordering::Relaxed};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use tokio::sync::Notify;

/// How often to look.
pub const LOOK: Duration = Duration::from_millis(125);
/// How long connections are watched before they are compared, while there is more to hand out.
const COMPARE: Duration = Duration::from_millis(450);
/// How often one part may be taken from a slow connection.
pub const REPLACEMENTS: u32 = 3;
/// By how much a connection has to be slower than the others.
const SLOWER: f64 = 4.0;
/// Seconds that a new connection has to win; when all that is left is under way.
const WORTH: f64 = 1.0;
/// See [`WORTH`].
const WORTH_AT_THE_END: f64 = 0.3;
/// What a usual connection must have moved in a short look at the end, for one that moved less to be told apart.
const TELLING: f64 = 524_288.0;
/// An exchange of at least this many bytes tells what a connection usually moves.
const METERED: u64 = 1 << 20;
/// Seconds below which a look tells nothing of a connection.
const SHORTEST: f64 = 0.1;

/// The connections of one transfer.
pub struct Meters {
    list: Mutex<Vec<Seen>>,
    /// Bytes per second that a connection usually moves; 0 while unknown.
    usual: AtomicU64,
    /// Bytes that a connection's count may jump by: less than a few of them can't be compared.
    grain: u64,
}

/// What one connection moves.
pub struct Meter {
    bytes: AtomicU64,
    /// Bytes to move in all.
    length: u64,
    /// Whether another connection would have to move all of it again.
    again: bool,
    may_be_replaced: bool,
    replaced: AtomicBool,
    too_slow: Notify,
}

/// A meter, and what was seen of it at the last look.
struct Seen {
    meter: Arc<Meter>,
    since: Instant,
    bytes: u64,
    /// Bytes per second before that, once a whole time between two looks was seen.
    before: Option<f64>,
    looks: u32,
}

/// A meter in its transfer's list, for as long as its exchange lasts.
pub struct Metered<'a> {
    /// The meter.
    pub meter: Arc<Meter>,
    meters: &'a Meters,
    since: Instant,
}

impl Meters {
    /// None yet; counts jump by up to `grain` bytes.
    pub fn new(grain: u64) -> Self {
        Self { list: Mutex::default(), usual: 0.into(), grain }
    }

    /// An exchange of `length` bytes begins; `again` says that what breaks off is moved again from the beginning, and
    /// `may_be_replaced` that it may be told to break off.
    pub fn start(&self, length: u64, again: bool, may_be_replaced: bool) -> Metered<'_> {
        let (replaced, too_slow) = (false.into(), Notify::new());
        let meter = Arc::new(Meter { bytes: 0.into(), length, again, may_be_replaced, replaced, too_slow });
        let since = Instant::now();
        self.list().push(Seen { meter: meter.clone(), since, bytes: 0, before: None, looks: 0 });
        Metered { meter, meters: self, since }
    }

    /// Compares the connections and tells those that are to be replaced; `ending` says that all that is left is under
    /// way.
    pub fn look(&self, now: Instant, ending: bool) {
        let mut list = self.list();
        let seen: Vec<(u64, f64)> = list
            .iter()
            .map(|seen| {
                let moved = seen.meter.bytes.load(Relaxed).saturating_sub(seen.bytes);
                (moved, now.saturating_duration_since(seen.since).as_secs_f64())
            })
            .collect();
        // One that is still being made, or waits for its answer, tells nothing.
        let moves = |at: usize| seen[at].0 > 0 || list[at].meter.is_on_its_way();
        let told = (0..seen.len()).filter(|at| seen[*at].1 >= SHORTEST && moves(*at));
        let mut rates: Vec<f64> = told.map(|at| seen[at].0 as f64 / seen[at].1).collect();
        rates.sort_unstable_by(f64::total_cmp);
        // A few can't be compared with each other: one of two may be slow, and the last part is alone.
        let usual = self.usual.load(Relaxed);
        let median = if rates.len() > 2 { rates[rates.len() / 2] } else { 0.0 };
        // At the end the slow ones may be among themselves.
        let others = if ending || rates.len() <= 2 { median.max(usual as f64) } else { median };
        let longest = seen.iter().map(|(_, seconds)| *seconds).fold(0.0, f64::max);
        let grains = (8 * self.grain) as f64;
        let (shortest, telling, worth) = if ending {
            (0.0, grains.max(TELLING), WORTH_AT_THE_END)
        } else {
            (COMPARE.as_secs_f64(), grains, WORTH)
        };
        if longest < shortest || others * longest < telling {
            return; // The time until the next look counts as well.
        }
        for (seen, (moved, seconds)) in list.iter_mut().zip(seen) {
            let rate = moved as f64 / seconds.max(1e-6);
            if let Some(before) = seen.before
                && seen.meter.is_slow(rate, before, others, worth)
                && !seen.meter.replaced.swap(true, Relaxed)
            {
                seen.meter.too_slow.notify_one();
                // Should the line itself have become slow, this ends soon.
                self.usual.store(usual / 2, Relaxed);
            }
            // The first look came some time after the beginning.
            seen.before = (seen.looks > 0).then_some(rate);
            (seen.since, seen.bytes, seen.looks) = (now, seen.bytes + moved, seen.looks + 1);
        }
    }

    fn list(&self) -> MutexGuard<'_, Vec<Seen>> {
        self.list.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Meter {
    /// Notes how many bytes have been moved in all.
    pub fn moved(&self, bytes: u64) {
        self.bytes.store(bytes, Relaxed);
    }

    /// Waits until the connection has turned out to be much slower than the others.
    pub async fn too_slow(&self) {
        self.too_slow.notified().await;
    }

    /// Whether it was told so.
    pub fn is_replaced(&self) -> bool {
        self.replaced.load(Relaxed)
    }

    fn is_on_its_way(&self) -> bool {
        (1..self.length).contains(&self.bytes.load(Relaxed))
    }

    /// Whether another connection, as fast as the others, would be done much sooner.
    fn is_slow(&self, rate: f64, before: f64, others: f64, worth: f64) -> bool {
        let left = self.length.saturating_sub(self.bytes.load(Relaxed)) as f64;
        let anew = if self.again { self.length as f64 } else { left };
        let gets_faster = rate > before * 1.25;
        self.may_be_replaced
            && self.is_on_its_way()
            && rate * SLOWER < others
            && !gets_faster
            && left / rate.max(1.0) > worth + anew / others
    }
}

impl Drop for Metered<'_> {
    fn drop(&mut self) {
        self.meters.list().retain(|seen| !Arc::ptr_eq(&seen.meter, &self.meter));
        let bytes = self.meter.bytes.load(Relaxed);
        if bytes >= METERED {
            let rate = (bytes as f64 / self.since.elapsed().as_secs_f64().max(1e-6)) as u64;
            let usual = self.meters.usual.load(Relaxed);
            self.meters.usual.store(if usual == 0 { rate } else { (usual * 3 + rate) / 4 }, Relaxed);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Lets time pass over connections with these bytes per second; which are told to go, and when.
    fn run(
        grain: u64,
        length: u64,
        again: bool,
        rates: impl Fn(usize, f64) -> f64,
        count: usize,
    ) -> Vec<(usize, u32)> {
        let (meters, start) = (Meters::new(grain), Instant::now());
        let running: Vec<_> = (0..count).map(|_| meters.start(length, again, true)).collect();
        let (mut bytes, mut told) = (vec![0.0; count], Vec::new());
        for step in 1..=40 {
            let time = f64::from(step) * 0.5;
            for (at, bytes) in bytes.iter_mut().enumerate() {
                *bytes += rates(at, time) * 0.5;
                let whole = *bytes as u64 / grain.max(1) * grain.max(1);
                running[at].meter.moved(whole.min(length));
            }
            meters.look(start + Duration::from_secs_f64(time), false);
            for (at, metered) in running.iter().enumerate() {
                let mut wait = std::pin::pin!(metered.meter.too_slow.notified());
                let mut cx = std::task::Context::from_waker(std::task::Waker::noop());
                if wait.as_mut().poll(&mut cx).is_ready() {
                    told.push((at, step));
                }
            }
        }
        told
    }

    #[test]
    fn one_at_a_tenth_goes_within_seconds() {
        let rate = |at: usize, _: f64| if at == 3 { 5e6 } else { 50e6 };
        let told = run(0, 1 << 30, false, rate, 12);
        assert!(told.iter().all(|(at, _)| *at == 3) && told[0].1 <= 4, "{told:?}");
        let told = run(256 << 10, 1 << 30, true, rate, 12);
        assert!(told.iter().all(|(at, _)| *at == 3) && told[0].1 <= 4, "{told:?}");
    }

    #[test]
    fn one_that_stands_still_goes() {
        let stops = |at: usize, time: f64| if at == 0 && time > 2.0 { 0.0 } else { 1e6 };
        let told = run(0, 1 << 25, false, stops, 4);
        assert_eq!(told[0].0, 0, "{told:?}");
    }

    #[test]
    fn half_as_fast_stays_and_so_does_one_that_gets_faster() {
        assert!(run(0, 1 << 30, false, |at, _| if at == 0 { 20e6 } else { 50e6 }, 8).is_empty());
        // Slow start: twice as fast after each look.
        let rate = |at: usize, time: f64| if at == 0 { (1e5 * 4f64.powf(time)).min(50e6) } else { 50e6 };
        assert!(run(0, 1 << 34, false, rate, 8).is_empty());
    }

    #[test]
    fn what_is_almost_done_is_waited_for() {
        // Two seconds' worth at its speed, of which most is over when it can be told.
        let rate = |at: usize, _: f64| if at == 0 { 5e6 } else { 50e6 };
        assert!(run(0, 10_000_000, false, rate, 8).is_empty());
        // The rest takes four seconds here; to send all of it again takes longer than that is worth.
        let meters = Meters::new(0);
        for (again, slow) in [(true, false), (false, true)] {
            let last = meters.start(160_000_000, again, true);
            last.meter.moved(140_000_000);
            assert_eq!(last.meter.is_slow(5e6, 5e6, 50e6, WORTH), slow);
        }
    }

    /// 100 KB/s in blocks of 256 KiB: in any second some connections seem to stand still.
    #[test]
    fn blocks_on_a_thin_line_are_no_stall() {
        let told = run(256 << 10, 1 << 30, true, |at, _| 100e3 + at as f64 * 3e3, 8);
        assert!(told.is_empty(), "{told:?}");
    }

    /// All parts of a file are under way at once, and none has ended that could tell what is usual.
    #[test]
    fn a_slow_one_goes_before_any_has_ended() {
        let (meters, start) = (Meters::new(0), Instant::now());
        let all: Vec<_> = (0..4).map(|_| meters.start(64 << 20, false, true)).collect();
        for step in 1..=4 {
            for (at, metered) in all.iter().enumerate() {
                metered.meter.moved(step * if at == 2 { 600_000 } else { 6_000_000 });
            }
            meters.look(start + LOOK * step as u32, true);
        }
        let told: Vec<_> = all.iter().map(|metered| metered.meter.is_replaced()).collect();
        assert_eq!(told, [false, false, true, false]);
    }

    /// The last 4 MiB at a tenth of the speed: not worth a word while others work, but nobody does any more.
    #[test]
    fn the_last_one_is_not_waited_for() {
        let told_among = |count: usize, ending: bool, usual: u64, rate: u64| {
            let meters = Meters::new(0);
            meters.usual.store(usual, Relaxed);
            let start = Instant::now();
            let last: Vec<_> = (0..count).map(|_| meters.start(4 << 20, false, true)).collect();
            (1..=8).find(|step| {
                for last in &last {
                    last.meter.moved(rate / 8 * step);
                }
                meters.look(start + LOOK * *step as u32, ending);
                last.iter().all(|last| last.meter.is_replaced())
            })
        };
        let told = |ending, usual, rate| told_among(1, ending, usual, rate);
        assert_eq!(told_among(5, true, 50_000_000, 5_000_000), Some(3), "slow ones among themselves");
        assert_eq!(told(true, 50_000_000, 5_000_000), Some(3));
        assert_eq!(told(false, 50_000_000, 5_000_000), None);
        assert_eq!(told(true, 8_000_000, 5_000_000), None, "as fast as the others");
        assert_eq!(told(true, 400_000, 1_000), None, "too thin a line to tell in a second");
    }

    #[test]
    fn the_last_ones_are_compared_with_what_was_usual() {
        let meters = Meters::new(0);
        meters.usual.store(50_000_000, Relaxed);
        let (start, last) = (Instant::now(), meters.start(1 << 30, false, true));
        for step in 1..4 {
            last.meter.moved(step * 1_000_000);
            meters.look(start + Duration::from_millis(500 * step), false);
        }
        assert_eq!(meters.usual.load(Relaxed), 25_000_000, "told, and less sure of it");
    }
}
