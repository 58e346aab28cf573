//! How many parts of a class may be in flight (pure: samples and time come in, a number comes out).
//!
//! The window searches for the knee: the fewest connections that bring (almost) all the goodput there is. It
//! doubles while doubling pays, then holds, and from time to time tries a few more or a few less: more are kept
//! when they bring more, fewer when they bring as much. A level that brings less than the one before is left at
//! once, and after a collapse the knee is looked for again. It is judged only while the work could use more
//! connections than it has.

/// What was seen since the last sample.
#[derive(Debug, Clone, Copy)]
pub struct Sample {
    /// Work done: bytes, and a fixed worth for each request, so that small ones count.
    pub work: f64,
    /// Over how many seconds.
    pub seconds: f64,
    /// Parts that received bytes at the end of the sample.
    pub delivering: usize,
    /// Whether more parts were waiting than the window let through.
    pub pressed: bool,
    /// Parts that failed for reasons of the network.
    pub failures: usize,
    /// Whether some of the work is bytes sent, which the system's buffers take faster than the line.
    pub sending: bool,
    /// Seconds that a request usually waits for the first byte of its answer; infinite while unknown.
    pub latency: f64,
}

/// Doubling must bring at least this much to go on doubling.
const DOUBLING_PAYS: f64 = 1.15;
/// A quarter more must bring at least this much to be kept.
const MORE_PAYS: f64 = 1.05;
/// A fifth less must keep at least this much to be kept.
const LESS_SUFFICES: f64 = 0.97;
/// Below this share of what a level brought, the line has changed.
const COLLAPSE: f64 = 0.5;
/// Seconds that have to say so: less is a hiccup.
const COLLAPSED: f64 = 0.5;
/// Seconds of samples that judge a level.
const JUDGE: f64 = 0.1;
/// Seconds at a level with new connections that say nothing while bytes are sent: their buffers fill up first.
const FILLING: f64 = 0.3;
/// Within so many latencies a new connection delivers, or it will not soon; small files hardly ever do at the moment of
/// a look, since they mostly wait for their answers.
const MADE: f64 = 3.0;
/// Seconds of the same, at most.
const MADE_AT_LAST: f64 = 2.0;
/// Seconds between two experiments; doubles with each that changes nothing.
const HOLD: f64 = 1.0;
/// Longest time between two experiments.
const LONGEST_HOLD: f64 = 30.0;

#[derive(Debug, Clone, Copy, PartialEq)]
enum Phase {
    /// Doubling; the rate of the level before, if there was one.
    Start { before: Option<(usize, f64)> },
    /// Holding a level that is known to be good.
    Hold,
    /// Trying another level; what to go back to.
    Try { home: usize, rate: f64 },
    /// Trying half of it where the goodput collapsed; what it was at last.
    Fewer { rate: f64 },
}

/// The controller of one class of a client's connections.
#[derive(Debug)]
pub struct Window {
    target: usize,
    most: usize,
    phase: Phase,
    /// Work and seconds seen at this level since all its connections deliver.
    seen: (f64, f64),
    /// Seconds at this level in all.
    age: f64,
    hold: f64,
    /// The rate that the held level brought.
    rate: f64,
    up_next: bool,
}

impl Window {
    /// Starts with `first` connections, at most `most`.
    pub fn new(first: usize, most: usize) -> Self {
        let most = most.max(1);
        Self {
            target: first.clamp(1, most),
            most,
            phase: Phase::Start { before: None },
            seen: (0.0, 0.0),
            age: 0.0,
            hold: HOLD,
            rate: 0.0,
            up_next: true,
        }
    }

    /// How many parts may be in flight.
    pub fn target(&self) -> usize {
        self.target
    }

    /// The cap.
    pub fn most(&self) -> usize {
        self.most
    }

    /// Changes the cap.
    pub fn set_most(&mut self, most: usize) {
        let held_back = self.target == self.most;
        let before = std::mem::replace(&mut self.most, most.max(1));
        if self.target > self.most {
            self.go(self.most, Phase::Hold);
        } else if held_back && self.most > before {
            // Where the knee lies beyond the old cap is not known yet.
            self.go(self.target, Phase::Start { before: None });
        }
    }

    /// Takes a sample into account; returns the new target.
    pub fn observe(&mut self, sample: &Sample) -> usize {
        if sample.failures > 1 && sample.failures * 2 >= self.target {
            // Half of the connections broke: whatever this was, fewer will do for now.
            self.rate = 0.0;
            self.go((self.target / 2).max(1), Phase::Hold);
            return self.target;
        }
        if !sample.pressed {
            // The work needs no more than it has; nothing can be learnt about the line.
            self.seen = (0.0, 0.0);
            return self.target;
        }
        self.age += sample.seconds;
        // Connections that are still being made say nothing; one that never delivers must not block the rest.
        if sample.delivering * 10 < self.target * 9 && self.age < (MADE * sample.latency).min(MADE_AT_LAST) {
            return self.target;
        }
        if sample.sending && self.age < FILLING {
            return self.target;
        }
        self.seen.0 += sample.work;
        self.seen.1 += sample.seconds;
        // A line so slow that little arrives needs longer to be judged.
        let judged =
            self.seen.1 >= JUDGE && (self.seen.0 >= self.target as f64 * 65_536.0 || self.seen.1 >= 2.0);
        if judged {
            self.judge(self.seen.0 / self.seen.1);
        }
        self.target
    }

    fn judge(&mut self, rate: f64) {
        match self.phase {
            Phase::Start { before } => self.judge_start(before, rate),
            Phase::Hold => self.judge_hold(rate),
            Phase::Fewer { rate: before } => {
                // Whatever it was: the knee is looked for again, from the better of the two.
                let level = if rate < before * LESS_SUFFICES { self.target * 2 } else { self.target };
                self.hold = HOLD;
                self.go(level.min(self.most), Phase::Start { before: None });
            }
            Phase::Try { home, rate: at_home } => {
                let keep = match self.target.cmp(&home) {
                    std::cmp::Ordering::Greater => rate >= at_home * MORE_PAYS,
                    _ => rate >= at_home * LESS_SUFFICES,
                };
                if keep {
                    self.hold = HOLD;
                    self.rate = rate;
                    self.up_next = self.target > home;
                    self.go(self.target, Phase::Hold);
                } else {
                    self.hold = (self.hold * 2.0).min(LONGEST_HOLD);
                    self.up_next = self.target < home;
                    self.go(home, Phase::Hold);
                }
            }
        }
    }

    fn judge_start(&mut self, before: Option<(usize, f64)>, rate: f64) {
        match before {
            // Nothing is not more than nothing.
            Some((level, old)) if rate <= old * DOUBLING_PAYS => {
                // It did not pay. A little more than before may: the knee lies between.
                self.rate = rate.max(old);
                let back = if rate > old { level + (self.target - level) / 2 } else { level };
                self.go(back, Phase::Hold);
            }
            _ if self.target >= self.most => {
                self.rate = rate;
                self.go(self.target, Phase::Hold);
            }
            _ => {
                let level = self.target;
                self.go((level * 2).min(self.most), Phase::Start { before: Some((level, rate)) });
            }
        }
    }

    fn judge_hold(&mut self, rate: f64) {
        if rate < self.rate * COLLAPSE && self.seen.1 >= COLLAPSED {
            self.rate = rate;
            self.go((self.target / 2).max(1), Phase::Fewer { rate });
            return;
        }
        if self.seen.1 < self.hold {
            return;
        }
        self.rate = rate;
        let level = if self.up_next { self.target + self.target.div_ceil(4) } else { self.target * 4 / 5 };
        let level = level.clamp(1, self.most);
        if level == self.target {
            self.up_next = !self.up_next;
            self.seen = (0.0, 0.0);
        } else {
            self.go(level, Phase::Try { home: self.target, rate });
        }
    }

    fn go(&mut self, target: usize, phase: Phase) {
        self.target = target.clamp(1, self.most);
        self.phase = phase;
        self.seen = (0.0, 0.0);
        self.age = 0.0;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const SAMPLE: Sample = Sample {
        work: 0.0,
        seconds: 0.1,
        delivering: 0,
        pressed: true,
        failures: 0,
        sending: false,
        latency: 0.05,
    };

    /// Runs the window over a line whose goodput in bytes per second depends on the connections; returns the
    /// targets after each tenth of a second.
    fn simulate(seconds: f64, most: usize, line: impl Fn(usize, f64) -> f64) -> Vec<usize> {
        let mut window = Window::new(8, most);
        let (mut targets, mut old, mut changed, mut time) = (Vec::new(), 0, 0.0, 0.0);
        while time < seconds {
            time += 0.1;
            let target = window.target();
            // A new connection delivers after a fifth of a second: one round trip to make it, one for the answer.
            let delivering = if time - changed < 0.2 { target.min(old) } else { target };
            let work = line(delivering, time) * 0.1;
            window.observe(&Sample { work, delivering, latency: 0.1, ..SAMPLE });
            if window.target() != target {
                (old, changed) = (delivering, time);
            }
            targets.push(window.target());
        }
        targets
    }

    fn settled(targets: &[usize]) -> f64 {
        let tail = &targets[targets.len() * 2 / 3..];
        tail.iter().sum::<usize>() as f64 / tail.len() as f64
    }

    #[test]
    fn finds_the_knee_of_a_cdn() {
        // 50 MB/s a connection, 500 MB/s in all: the knee is 10.
        let targets = simulate(60.0, 256, |n, _| (n as f64 * 50e6).min(500e6));
        let level = settled(&targets);
        assert!((9.0..=16.0).contains(&level), "{level} {targets:?}");
        assert!(targets[10..].iter().all(|t| *t >= 9), "never starves the line: {targets:?}");
    }

    #[test]
    fn finds_the_knee_of_a_fat_line() {
        // 100 Gbit/s with 200 MB/s a connection: the knee is 62.
        let targets = simulate(60.0, 256, |n, _| (n as f64 * 200e6).min(12.5e9));
        let level = settled(&targets);
        assert!((56.0..=90.0).contains(&level), "{level} {targets:?}");
        assert!(targets[20] >= 48, "within two seconds: {targets:?}");
    }

    /// A request a connection every 40 ms, whose bytes take next to no time: hardly one delivers when it is looked at.
    #[test]
    fn small_files_over_a_round_trip_need_many_soon() {
        let mut window = Window::new(12, 256);
        let mut took = 0;
        while window.target() < 96 {
            let requests = window.target() as f64 * 0.1 / 0.04;
            window.observe(&Sample { work: requests * 80_000.0, delivering: 1, latency: 0.04, ..SAMPLE });
            took += 1;
        }
        assert!(took <= 10, "{took} tenths of a second");
    }

    #[test]
    fn one_kilobyte_per_second_needs_few() {
        let targets = simulate(600.0, 256, |_, _| 1000.0);
        assert!(settled(&targets) <= 4.0, "{targets:?}");
        assert!(targets.iter().all(|t| *t <= 16), "never floods a thin line: {targets:?}");
    }

    #[test]
    fn leaves_a_level_that_brings_less() {
        // A server that can serve 6 and thrashes beyond.
        let line = |n: usize, _| if n <= 6 { n as f64 * 40e6 } else { 240e6 * (6.0 / n as f64).powi(2) };
        let targets = simulate(120.0, 256, line);
        let level = settled(&targets);
        assert!((4.0..=8.0).contains(&level), "{level} {targets:?}");
    }

    #[test]
    fn follows_a_line_that_changes() {
        // From 1 GB/s to 100 MB/s and back, 50 MB/s a connection.
        let line = |n: usize, t: f64| {
            let all = if (40.0..120.0).contains(&t) { 100e6 } else { 1e9 };
            (n as f64 * 50e6).min(all)
        };
        let targets = simulate(300.0, 256, line);
        assert!(targets[1150] <= 6, "few for a thin line: {}", targets[1150]);
        assert!(settled(&targets) >= 15.0, "and many again: {}", settled(&targets));
    }

    /// 50 MB/s a connection, 500 MB/s in all, and 40 for a third of a second or for two.
    #[test]
    fn a_gap_costs_little_more_than_itself() {
        for gap in [0.3, 2.0] {
            let line = |n: usize, t: f64| {
                if (5.0..5.0 + gap).contains(&t) { 40e6 } else { (n as f64 * 50e6).min(500e6) }
            };
            let targets = simulate(20.0, 256, line);
            let after = 50 + (gap * 10.0) as usize + 10;
            assert!(targets[after..].iter().all(|target| *target >= 7), "{gap}: {targets:?}");
        }
    }

    /// A slow line that twelve others use as well: each step takes from them, and is worth less than the one before.
    #[test]
    fn takes_no_more_than_a_share_of_a_full_line() {
        let targets = simulate(120.0, 256, |n, _| 1e6 * n as f64 / (n as f64 + 12.0));
        assert!(targets.iter().all(|target| *target <= 128), "{targets:?}");
        assert!(settled(&targets) <= 96.0, "{} {targets:?}", settled(&targets));
    }

    /// Others fill the line, so that it makes no difference how many there are; then they are gone.
    #[test]
    fn comes_back_when_it_was_not_needed() {
        let line = |n: usize, t: f64| if t < 30.0 { 500e6 } else { (n as f64 * 50e6).min(500e6) };
        let targets = simulate(60.0, 256, line);
        assert!(
            targets[330..].iter().all(|target| *target >= 9),
            "within three seconds: {:?}",
            &targets[280..]
        );
    }

    #[test]
    fn breaking_connections_halve_it_and_the_cap_holds() {
        let mut window = Window::new(8, 4);
        assert_eq!(window.target(), 4);
        window.set_most(16);
        let broken = Sample { delivering: 0, failures: 3, ..SAMPLE };
        assert_eq!(window.observe(&broken), 2);
        assert_eq!(window.observe(&broken), 1);
        assert_eq!(window.observe(&broken), 1);
    }

    /// Each new connection takes 2 MB at once, then its share of a line of 500 MB/s that gives one no more than 50.
    #[test]
    fn buffers_that_fill_up_are_not_the_line() {
        let mut window = Window::new(12, 256);
        let (mut before, mut widest) = (0, 0);
        for _ in 0..100 {
            let target = window.target();
            let burst = target.saturating_sub(before) as f64 * 2e6;
            before = target;
            let work = burst + (target as f64 * 50e6).min(500e6) * 0.1;
            window.observe(&Sample { work, delivering: target, sending: true, ..SAMPLE });
            widest = widest.max(window.target());
            assert!(window.target() >= 9, "the burst was no rate to fall from");
        }
        assert!(widest <= 24, "{widest}: one doubling shows that it does not pay");
    }

    #[test]
    fn a_cap_that_is_lifted_lets_it_double_again() {
        let mut window = Window::new(8, 2);
        let pressed = |window: &mut Window, count: usize| {
            for _ in 0..count {
                let delivering = window.target();
                let work = delivering as f64 * 5e6;
                window.observe(&Sample { work, delivering, ..SAMPLE });
            }
        };
        pressed(&mut window, 20);
        assert_eq!(window.target(), 2);
        window.set_most(64);
        pressed(&mut window, 10);
        assert_eq!(window.target(), 64, "within a second");
    }

    #[test]
    fn idle_work_teaches_nothing() {
        let mut window = Window::new(8, 64);
        for _ in 0..100 {
            let sample = Sample { work: 1e9, delivering: 8, pressed: false, ..SAMPLE };
            assert_eq!(window.observe(&sample), 8);
        }
    }
}
