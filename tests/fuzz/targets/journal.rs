//! The trailer of a partial: as bytes, and as records whose checksums are right; and the midstate of a hash.
#![no_main]

use hfx::sys::sha::Sha256;
use hfx::transfer::journal::State;
use libfuzzer_sys::fuzz_target;
use twox_hash::XxHash3_64;

// The first byte: bit 0, whether checksums are put right; the rest the size of the data. Then the trailer.
fuzz_target!(|data: &[u8]| {
    let Some((&first, rest)) = data.split_first() else { return };
    let size = u64::from(first >> 1) * 1000;
    let trailer = if first & 1 == 1 { with_sums(rest, size) } else { rest.to_vec() };
    if let Some(state) = State::replay(&trailer, size, Some([7; 16])) {
        let mut end = 0;
        for (&start, range) in &state.ranges {
            assert!(start >= end && start < range.end && range.end <= size, "{:?}", state.ranges);
            end = range.end;
        }
        assert!(state.length <= trailer.len() as u64);
        assert!(state.done().total() <= size);
        if let Some((at, saved)) = &state.midstate {
            assert!(*at <= size);
            if let Some(mut hash) = Sha256::restore(saved) {
                hash.update(b"more");
                hash.finish();
            }
        }
    }
    if let Some(hash) = Sha256::restore(rest) {
        assert!(hash.save().is_none_or(|saved| saved.len() == 40));
        hash.finish();
    }
});

/// Each record, `kind length payload`, with the checksum of its place.
fn with_sums(mut records: &[u8], size: u64) -> Vec<u8> {
    let mut all = Vec::new();
    while let Some(length) = records.get(1) {
        let length = (2 + usize::from(*length)).min(records.len());
        let (record, rest) = records.split_at(length);
        let mut record = record.to_vec();
        record[1] = (length - 2) as u8;
        let sum = XxHash3_64::oneshot_with_seed(size + all.len() as u64, &record);
        all.extend(record);
        all.extend(sum.to_le_bytes());
        records = rest;
    }
    all
}
