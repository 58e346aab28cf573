//! What survives a crash: the trailer behind a partial's data.
//!
//! A partial is `size` bytes of data (with holes) and, from offset `size` on, an append-only list of records.
//! Each record carries its own checksum, keyed by its place, so a torn or stale one ends the list. Records are
//! written right behind the data they speak of, without waiting for the disk: within one boot the page cache keeps
//! both. [`Record::Synced`] says that everything before it is on disk; after a reboot, what no such record covers is
//! believed only when the bytes still have their checksum. So a killed process loses what was not yet recorded, a
//! power loss what was not yet written, and neither makes a record lie.
//!
//! The encoding and the replay are pure; [`Journal`] does the I/O.

use std::collections::BTreeMap;
use std::fs::File;
use std::io;
use std::ops::Range;
use std::sync::Arc;

use twox_hash::XxHash3_64;

use super::plan::RangeSet;
use crate::sys::file;
use crate::sys::process::Process;

/// First bytes of the payload of every [`Record::Open`].
const MAGIC: &[u8; 8] = b"hfxpart1";
/// A trailer larger than this is not ours.
const LARGEST: u64 = 256 << 20;

/// One entry.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Record {
    /// A process begins to write.
    Open {
        /// Who.
        writer: Process,
        /// Size of the data.
        size: u64,
        /// The etag that the data belongs to.
        etag: String,
        /// The commit it was asked for at; for people, not for decisions.
        commit: String,
    },
    /// These bytes are there, and their XXH3 is this.
    Range {
        /// Offsets.
        range: Range<u64>,
        /// Checksum.
        sum: u64,
    },
    /// The state of the hash after the first `at` bytes.
    Midstate {
        /// How many bytes it has taken.
        at: u64,
        /// The saved state.
        state: Vec<u8>,
    },
    /// All records before this offset of the file, and the data they speak of, are on disk.
    Synced {
        /// The offset.
        up_to: u64,
    },
    /// These bytes are bad and must be fetched again; midstates behind them are void.
    Lost {
        /// Offsets.
        range: Range<u64>,
    },
}

impl Record {
    fn encode(&self, place: u64) -> Vec<u8> {
        let mut payload = Vec::with_capacity(64);
        let kind = match self {
            Self::Open { writer, size, etag, commit } => {
                payload.extend(MAGIC);
                payload.extend(writer.boot);
                payload.extend(writer.pid.to_le_bytes());
                payload.extend(writer.pid_space.to_le_bytes());
                payload.extend(writer.started.to_le_bytes());
                payload.extend(size.to_le_bytes());
                payload.push(etag.len().min(128) as u8);
                payload.extend(etag.bytes().take(128));
                payload.extend(commit.bytes().take(40));
                1
            }
            Self::Range { range, sum } => {
                payload.extend(range.start.to_le_bytes());
                payload.extend(range.end.to_le_bytes());
                payload.extend(sum.to_le_bytes());
                2
            }
            Self::Midstate { at, state } => {
                payload.extend(at.to_le_bytes());
                payload.extend(state);
                3
            }
            Self::Synced { up_to } => {
                payload.extend(up_to.to_le_bytes());
                4
            }
            Self::Lost { range } => {
                payload.extend(range.start.to_le_bytes());
                payload.extend(range.end.to_le_bytes());
                5
            }
        };
        let mut bytes = vec![kind, payload.len() as u8];
        bytes.append(&mut payload);
        let sum = XxHash3_64::oneshot_with_seed(place, &bytes);
        bytes.extend(sum.to_le_bytes());
        bytes
    }

    /// The record at the start of `bytes`, and its length.
    fn decode(bytes: &[u8], place: u64) -> Option<(Self, usize)> {
        let length = 2 + usize::from(*bytes.get(1)?);
        let body = bytes.get(..length)?;
        let sum = u64::from_le_bytes(bytes.get(length..length + 8)?.try_into().ok()?);
        if XxHash3_64::oneshot_with_seed(place, body) != sum {
            return None;
        }
        let payload = &body[2..];
        let number = |at: usize| Some(u64::from_le_bytes(payload.get(at..at + 8)?.try_into().ok()?));
        let range = || Some(number(0)?..number(8)?).filter(|r| r.start < r.end);
        let record = match body[0] {
            1 => {
                let rest = payload.strip_prefix(MAGIC)?;
                let writer = Process {
                    boot: rest.get(..16)?.try_into().ok()?,
                    pid: u32::from_le_bytes(rest.get(16..20)?.try_into().ok()?),
                    pid_space: number(28)?,
                    started: number(36)?,
                };
                let etag_end = 53 + usize::from(*payload.get(52)?);
                Self::Open {
                    writer,
                    size: number(44)?,
                    etag: String::from_utf8(payload.get(53..etag_end)?.to_vec()).ok()?,
                    commit: String::from_utf8(payload.get(etag_end..)?.to_vec()).ok()?,
                }
            }
            2 => Self::Range { range: range()?, sum: number(16)? },
            3 => Self::Midstate { at: number(0)?, state: payload.get(8..)?.to_vec() },
            4 => Self::Synced { up_to: number(0)? },
            5 => Self::Lost { range: range()? },
            _ => return None,
        };
        Some((record, length + 8))
    }
}

/// A finished range as the journal knows it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Finished {
    /// Offset behind the last byte.
    pub end: u64,
    /// XXH3 of the bytes.
    pub sum: u64,
    /// Whether the bytes are there without a check.
    pub sure: bool,
    /// Where in the file the record stands.
    place: u64,
}

/// What a journal says, replayed.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct State {
    /// The last writer.
    pub writer: Process,
    /// The etag.
    pub etag: String,
    /// Finished ranges by their first offset.
    pub ranges: BTreeMap<u64, Finished>,
    /// The furthest midstate: bytes taken and state.
    pub midstate: Option<(u64, Vec<u8>)>,
    /// Length of the sound part of the trailer.
    pub length: u64,
}

impl State {
    /// Replays a trailer that starts at offset `size`. None when it is not one of ours, of this size.
    pub fn replay(bytes: &[u8], size: u64, boot: Option<[u8; 16]>) -> Option<Self> {
        let mut state = Self::default();
        let (mut place, mut opened) = (0usize, false);
        while let Some((record, length)) = Record::decode(bytes.get(place..)?, size + place as u64) {
            if !opened && !matches!(record, Record::Open { .. }) {
                return None;
            }
            match record {
                Record::Open { writer, size: of, etag, .. } => {
                    if of != size || (opened && etag != state.etag) {
                        return None;
                    }
                    opened = true;
                    state.etag = etag;
                    state.writer = writer;
                }
                Record::Range { range, sum } if range.end <= size => {
                    let known_boot = boot.is_some_and(|boot| boot == state.writer.boot && boot != [0; 16]);
                    if state.forget(&range) {
                        // What the hash had passed was written once more.
                        state.midstate = state.midstate.take().filter(|(at, _)| *at <= range.start);
                    }
                    state.ranges.insert(
                        range.start,
                        Finished { end: range.end, sum, sure: known_boot, place: size + place as u64 },
                    );
                }
                Record::Midstate { at, state: saved } if at <= size => state.midstate = Some((at, saved)),
                Record::Synced { up_to } => {
                    state.ranges.values_mut().filter(|r| r.place < up_to).for_each(|r| r.sure = true);
                }
                Record::Lost { range } => {
                    state.forget(&range);
                    state.midstate = state.midstate.take().filter(|(at, _)| *at <= range.start);
                }
                Record::Range { .. } | Record::Midstate { .. } => return None,
            }
            place += length;
        }
        state.length = place as u64;
        opened.then_some(state)
    }

    /// The bytes that are there.
    pub fn done(&self) -> RangeSet {
        let mut done = RangeSet::default();
        for (&start, range) in &self.ranges {
            done.insert(start..range.end);
        }
        done
    }

    /// Forgets the ranges that touch this one; whether there were any. They are disjoint: the last ones are looked at.
    fn forget(&mut self, range: &Range<u64>) -> bool {
        let before = self.ranges.len();
        while let Some((&start, old)) = self.ranges.range(..range.end).next_back()
            && old.end > range.start
        {
            self.ranges.remove(&start);
        }
        self.ranges.len() < before
    }
}

/// An open journal: appends, one record at a time.
#[derive(Debug)]
pub struct Journal {
    file: Arc<File>,
    end: u64,
    state: State,
    closed: bool,
}

impl Journal {
    /// Reads the journal of a partial, without changing anything. None when it has none of ours.
    pub fn read(file: &File, size: u64, boot: Option<[u8; 16]>) -> io::Result<Option<State>> {
        let length = file.metadata()?.len();
        let Some(trailer) = length.checked_sub(size).filter(|l| (1..=LARGEST).contains(l)) else {
            return Ok(None);
        };
        let mut bytes = vec![0; trailer as usize];
        file::read_exact_at(file, &mut bytes, size)?;
        Ok(State::replay(&bytes, size, boot))
    }

    /// Begins to write: behind what `state` says is sound, or at the start of the trailer.
    pub fn open(
        file: Arc<File>,
        size: u64,
        etag: &str,
        commit: &str,
        writer: Process,
        state: Option<State>,
    ) -> io::Result<Self> {
        let mut state = state.unwrap_or_default();
        etag.clone_into(&mut state.etag);
        let mut journal = Self { file, end: size + state.length, state, closed: false };
        let open = Record::Open { writer, size, etag: etag.to_owned(), commit: commit.to_owned() };
        journal.append(&open)?;
        Ok(journal)
    }

    /// Writes a record behind the last one.
    pub fn append(&mut self, record: &Record) -> io::Result<()> {
        if self.closed {
            return Err(io::Error::other("the transfer has ended"));
        }
        let bytes = record.encode(self.end);
        file::write_all_at(&self.file, &bytes, self.end)?;
        self.end += bytes.len() as u64;
        Ok(())
    }

    /// Notes a finished range.
    pub fn finished(&mut self, range: Range<u64>, sum: u64) -> io::Result<()> {
        let place = self.end;
        self.append(&Record::Range { range: range.clone(), sum })?;
        self.state.forget(&range);
        self.state.ranges.insert(range.start, Finished { end: range.end, sum, sure: true, place });
        Ok(())
    }

    /// Where the next record will stand.
    pub fn end(&self) -> u64 {
        self.end
    }

    /// Refuses every record from now on: the transfer has ended, and what is behind the data may be cut off.
    pub fn close(&mut self) {
        self.closed = true;
    }

    /// Notes that a range is bad.
    pub fn lost(&mut self, range: Range<u64>) -> io::Result<()> {
        self.append(&Record::Lost { range: range.clone() })?;
        self.state.forget(&range);
        Ok(())
    }

    /// The finished ranges with their checksums.
    pub fn ranges(&self) -> Vec<(Range<u64>, u64)> {
        self.state.ranges.iter().map(|(&start, range)| (start..range.end, range.sum)).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    const SIZE: u64 = 1000;
    const BOOT: [u8; 16] = [7; 16];

    fn open(boot: [u8; 16]) -> Record {
        let writer = Process { boot, pid: 1, pid_space: 2, started: 3 };
        Record::Open { writer, size: SIZE, etag: "abc".into(), commit: "c".repeat(40) }
    }

    fn trailer(records: &[Record]) -> Vec<u8> {
        let mut bytes = Vec::new();
        for record in records {
            bytes.extend(record.encode(SIZE + bytes.len() as u64));
        }
        bytes
    }

    fn range(range: Range<u64>) -> Record {
        Record::Range { sum: range.start, range }
    }

    #[test]
    fn records_survive_the_round_trip() {
        let records = [
            open(BOOT),
            range(0..10),
            Record::Midstate { at: 5, state: vec![1, 2, 3] },
            Record::Synced { up_to: 9 },
            Record::Lost { range: 2..3 },
        ];
        for record in records {
            let bytes = record.encode(77);
            assert_eq!(Record::decode(&bytes, 77), Some((record.clone(), bytes.len())));
            assert_eq!(Record::decode(&bytes, 78), None, "bound to its place");
        }
    }

    #[test]
    fn a_torn_tail_ends_the_list() {
        let bytes = trailer(&[open(BOOT), range(0..10), range(10..20)]);
        for cut in 0..bytes.len() {
            let state = State::replay(&bytes[..cut], SIZE, Some(BOOT));
            let ranges = state.map_or(0, |s| s.ranges.len());
            assert!(ranges <= 1, "the last record is not whole at {cut}");
        }
        assert_eq!(State::replay(&bytes, SIZE, Some(BOOT)).unwrap().done().total(), 20);
    }

    #[test]
    fn another_boot_believes_only_what_was_synced() {
        let first = trailer(&[open(BOOT), range(0..10)]).len() as u64;
        let synced = Record::Synced { up_to: SIZE + first };
        let bytes = trailer(&[open(BOOT), range(0..10), range(10..20), synced, range(20..30)]);
        let sure = |boot| {
            let state = State::replay(&bytes, SIZE, boot).unwrap();
            state.ranges.values().map(|r| r.sure).collect::<Vec<_>>()
        };
        assert_eq!(sure(Some(BOOT)), [true, true, true]);
        assert_eq!(sure(Some([8; 16])), [true, false, false], "only what stood before the sync began");
        assert_eq!(sure(None), [true, false, false]);
    }

    #[test]
    fn what_is_lost_is_gone_with_the_midstates_behind_it() {
        let midstate = Record::Midstate { at: 15, state: vec![9] };
        let bytes =
            trailer(&[open(BOOT), range(0..10), range(10..20), midstate, Record::Lost { range: 10..20 }]);
        let state = State::replay(&bytes, SIZE, Some(BOOT)).unwrap();
        assert_eq!(state.done().total(), 10);
        assert_eq!(state.midstate, None);
    }

    #[test]
    fn another_size_or_etag_is_not_ours() {
        assert_eq!(State::replay(&trailer(&[open(BOOT)]), SIZE + 1, Some(BOOT)), None);
        assert_eq!(State::replay(&trailer(&[range(0..10)]), SIZE, Some(BOOT)), None);
        assert_eq!(State::replay(b"", SIZE, Some(BOOT)), None);
    }

    proptest! {
        #[test]
        fn noise_is_never_a_journal(bytes in prop::collection::vec(any::<u8>(), 0..200)) {
            prop_assert_eq!(State::replay(&bytes, SIZE, Some(BOOT)), None);
        }

        #[test]
        fn a_flipped_bit_never_adds_a_range(at in 0usize..200, bit in 0u8..8) {
            let mut bytes = trailer(&[open(BOOT), range(0..10), range(10..20), range(30..40)]);
            let at = at % bytes.len();
            bytes[at] ^= 1 << bit;
            if let Some(state) = State::replay(&bytes, SIZE, Some(BOOT)) {
                prop_assert!(state.ranges.iter().all(|(start, r)| matches!((start, r.end), (0, 10) | (10, 20) | (30, 40))));
            }
        }
    }
}
