//! Which bytes are there, which are under way, which come next (pure).

use std::collections::BTreeMap;
use std::ops::Range;

/// Least and greatest length of a part chosen by the plan.
pub const SMALLEST_PART: u64 = 4 << 20;
/// See [`SMALLEST_PART`].
pub const LARGEST_PART: u64 = 16 << 20;

/// A set of byte offsets, kept as disjoint, non-touching ranges.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct RangeSet(BTreeMap<u64, u64>);

impl RangeSet {
    /// Adds a range.
    pub fn insert(&mut self, range: Range<u64>) {
        if range.is_empty() {
            return;
        }
        let (mut start, mut end) = (range.start, range.end);
        while let Some((&s, &e)) = self.0.range(..=end).next_back()
            && e >= start
        {
            self.0.remove(&s);
            start = start.min(s);
            end = end.max(e);
        }
        self.0.insert(start, end);
    }

    /// Takes a range out.
    pub fn remove(&mut self, range: Range<u64>) {
        if range.is_empty() {
            return;
        }
        while let Some((&s, &e)) = self.0.range(..range.end).next_back()
            && e > range.start
        {
            self.0.remove(&s);
            if s < range.start {
                self.0.insert(s, range.start);
            }
            if e > range.end {
                self.0.insert(range.end, e);
            }
        }
    }

    /// The end of the range that `from` lies in, or `from` itself.
    pub fn contiguous(&self, from: u64) -> u64 {
        match self.0.range(..=from).next_back() {
            Some((_, &end)) if end > from => end,
            _ => from,
        }
    }

    /// The first gap at or behind `from`, before `limit`.
    pub fn gap(&self, from: u64, limit: u64) -> Option<Range<u64>> {
        let start = self.contiguous(from);
        if start >= limit {
            return None;
        }
        let end = self.0.range(start..).next().map_or(limit, |(&s, _)| s.min(limit));
        Some(start..end)
    }

    /// How many bytes are in the set.
    pub fn total(&self) -> u64 {
        self.0.iter().map(|(s, e)| e - s).sum()
    }

    /// The ranges in ascending order.
    pub fn iter(&self) -> impl Iterator<Item = Range<u64>> + '_ {
        self.0.iter().map(|(&s, &e)| s..e)
    }
}

/// The plan of one transfer: hands out the lowest missing ranges first.
#[derive(Debug)]
pub struct Plan {
    bounds: Range<u64>,
    part: u64,
    done: RangeSet,
    /// What is done or handed out.
    taken: RangeSet,
}

impl Plan {
    /// A plan for the bytes in `bounds`, of which `done` are there. `part` fixes the length of a part; 0 lets the
    /// plan choose.
    pub fn new(bounds: Range<u64>, part: u64, done: RangeSet) -> Self {
        Self { bounds, part, taken: done.clone(), done }
    }

    /// The next part for one of `workers`, starting before `horizon`.
    pub fn next(&mut self, workers: usize, horizon: u64) -> Option<Range<u64>> {
        let gap = self.taken.gap(self.bounds.start, self.bounds.end.min(horizon))?;
        // A part may cross the horizon, never the next range that is there.
        let gap = self.taken.gap(gap.start, self.bounds.end)?;
        let range = gap.start..gap.end.min(gap.start.saturating_add(self.part_length(workers)));
        self.taken.insert(range.clone());
        Some(range)
    }

    /// Whether a part could be handed out.
    pub fn has_next(&self, horizon: u64) -> bool {
        self.taken.gap(self.bounds.start, self.bounds.end.min(horizon)).is_some()
    }

    /// Takes a range that is under way already.
    pub fn reserve(&mut self, range: Range<u64>) {
        self.taken.insert(range);
    }

    /// Takes everything still missing as one part: for servers without ranges.
    pub fn take_all(&mut self) {
        self.taken.insert(self.bounds.clone());
    }

    /// The first of these bytes that are not there yet, as far as they go.
    pub fn missing(&self, range: Range<u64>) -> Option<Range<u64>> {
        self.done.gap(range.start, range.end)
    }

    /// Bytes have arrived.
    pub fn arrived(&mut self, range: Range<u64>) {
        self.done.insert(range.clone());
        self.taken.insert(range);
    }

    /// What is left of a part that was given up goes back.
    pub fn give_back(&mut self, range: Range<u64>) {
        self.taken.remove(range);
        for done in self.done.iter().collect::<Vec<_>>() {
            self.taken.insert(done);
        }
    }

    /// Bytes turned out to be bad: they are missing again.
    pub fn lost(&mut self, range: Range<u64>) {
        self.done.remove(range.clone());
        self.taken.remove(range);
    }

    /// Where the contiguous prefix ends.
    pub fn edge(&self) -> u64 {
        self.done.contiguous(self.bounds.start).min(self.bounds.end)
    }

    /// Whether every byte is there.
    pub fn is_complete(&self) -> bool {
        self.edge() >= self.bounds.end
    }

    /// How many bytes are there.
    pub fn done(&self) -> u64 {
        self.done.total()
    }

    /// Parts get smaller towards the end, so that no single connection holds up the rest.
    fn part_length(&self, workers: usize) -> u64 {
        if self.part != 0 {
            return self.part;
        }
        let left = (self.bounds.end - self.bounds.start).saturating_sub(self.taken.total());
        (left / (2 * workers.max(1) as u64)).clamp(SMALLEST_PART, LARGEST_PART)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn the_last_byte_is_neither_lost_nor_doubled() {
        let mut plan = Plan::new(0..10, 4, RangeSet::default());
        let parts: Vec<_> = std::iter::from_fn(|| plan.next(1, u64::MAX)).collect();
        assert_eq!(parts, [0..4, 4..8, 8..10]);
        for part in parts {
            assert!(!plan.is_complete());
            plan.arrived(part);
        }
        assert!(plan.is_complete());
    }

    #[test]
    fn only_what_is_missing_is_handed_out_lowest_first() {
        let mut done = RangeSet::default();
        done.insert(0..3);
        done.insert(5..7);
        let mut plan = Plan::new(0..9, 100, done);
        assert_eq!(plan.next(1, u64::MAX), Some(3..5));
        assert_eq!(plan.next(1, u64::MAX), Some(7..9));
        assert_eq!(plan.next(1, u64::MAX), None);
        plan.arrived(3..4);
        plan.give_back(3..5);
        assert_eq!(plan.next(1, u64::MAX), Some(4..5));
        assert_eq!(plan.edge(), 4);
    }

    #[test]
    fn the_horizon_holds_parts_back() {
        let mut plan = Plan::new(0..100, 10, RangeSet::default());
        assert_eq!(plan.next(1, 15), Some(0..10));
        assert_eq!(plan.next(1, 15), Some(10..20));
        assert_eq!(plan.next(1, 15), None);
        assert!(!plan.has_next(15));
        assert!(plan.has_next(21));
    }

    #[test]
    fn parts_shrink_towards_the_end() {
        let mut plan = Plan::new(0..1 << 30, 0, RangeSet::default());
        let lengths: Vec<u64> =
            std::iter::from_fn(|| plan.next(8, u64::MAX)).map(|r| r.end - r.start).collect();
        assert_eq!(lengths[0], LARGEST_PART);
        assert!(lengths[lengths.len() - 2] == SMALLEST_PART);
        assert!(lengths.windows(2).all(|w| w[0] >= w[1]));
    }

    proptest! {
        #[test]
        fn a_range_set_is_a_set(ops in prop::collection::vec((any::<bool>(), 0u64..64, 0u64..16), 0..40)) {
            let (mut set, mut model) = (RangeSet::default(), [false; 96]);
            for (add, start, length) in ops {
                let range = start..start + length;
                model[start as usize..(start + length) as usize].fill(add);
                if add { set.insert(range) } else { set.remove(range) }
            }
            prop_assert_eq!(set.total() as usize, model.iter().filter(|x| **x).count());
            for from in 0..90u64 {
                let run = model[from as usize..].iter().take_while(|x| **x).count() as u64;
                prop_assert_eq!(set.contiguous(from), from + run);
            }
            let ranges: Vec<_> = set.iter().collect();
            prop_assert!(ranges.windows(2).all(|w| w[0].end < w[1].start), "disjoint and not touching");
        }

        #[test]
        fn every_plan_covers_its_bounds_once(size in 1u64..5000, part in 1u64..700, have in prop::collection::vec((0u64..5000, 1u64..500), 0..6)) {
            let mut done = RangeSet::default();
            for (start, length) in have {
                done.insert(start.min(size)..(start + length).min(size));
            }
            let before = done.total();
            let mut plan = Plan::new(0..size, part, done);
            let mut sum = 0;
            while let Some(range) = plan.next(3, u64::MAX) {
                sum += range.end - range.start;
                plan.arrived(range);
            }
            prop_assert_eq!(before + sum, size);
            prop_assert!(plan.is_complete());
        }
    }
}
