//! SHA-256 and SHA-1 by aws-lc, which TLS brings along: its assembly is twice as fast as portable code where the
//! processor has no SHA instructions. The state can be put away and taken up again, which the safe wrappers of
//! aws-lc do not offer; hence the C interface.
#![allow(unsafe_code)]

use std::fmt::Write as _;
use std::mem::MaybeUninit;

use aws_lc_sys::{
    SHA_CTX, SHA1_Final, SHA1_Init, SHA1_Update, SHA256_CTX, SHA256_Final, SHA256_Init, SHA256_Update,
};

/// Bytes that both hashes take at a time; states are saved between blocks only.
pub const BLOCK: u64 = 64;

/// A SHA-256 under way.
#[derive(Clone)]
pub struct Sha256 {
    state: SHA256_CTX,
    taken: u64,
}

/// A SHA-1 under way.
#[derive(Clone)]
pub struct Sha1(SHA_CTX);

impl Default for Sha256 {
    fn default() -> Self {
        Self::new()
    }
}

impl Sha256 {
    /// A hash of nothing yet.
    pub fn new() -> Self {
        let mut state = MaybeUninit::uninit();
        // SAFETY: SHA256_Init fills the whole structure and always succeeds.
        let state = unsafe {
            SHA256_Init(state.as_mut_ptr());
            state.assume_init()
        };
        Self { state, taken: 0 }
    }

    /// Takes the next bytes.
    pub fn update(&mut self, bytes: &[u8]) {
        // SAFETY: the state is initialised, and the slice is valid for its length.
        unsafe { SHA256_Update(&raw mut self.state, bytes.as_ptr().cast(), bytes.len()) };
        self.taken += bytes.len() as u64;
    }

    /// The hash.
    pub fn finish(mut self) -> [u8; 32] {
        let mut hash = [0; 32];
        // SAFETY: the state is initialised, and the output has the 32 bytes that are written.
        unsafe { SHA256_Final(hash.as_mut_ptr(), &raw mut self.state) };
        hash
    }

    /// The state after a whole number of blocks: how many bytes were taken, and the chaining value.
    pub fn save(&self) -> Option<[u8; 40]> {
        if !self.taken.is_multiple_of(BLOCK) {
            return None;
        }
        let mut saved = [0; 40];
        saved[..8].copy_from_slice(&self.taken.to_le_bytes());
        for (bytes, word) in saved[8..].chunks_exact_mut(4).zip(self.state.h) {
            bytes.copy_from_slice(&word.to_le_bytes());
        }
        Some(saved)
    }

    /// Goes on from a saved state.
    pub fn restore(saved: &[u8]) -> Option<Self> {
        let saved: &[u8; 40] = saved.try_into().ok()?;
        let mut hash = Self::new();
        hash.taken = u64::from_le_bytes(saved[..8].try_into().ok()?);
        if !hash.taken.is_multiple_of(BLOCK) {
            return None;
        }
        for (word, bytes) in hash.state.h.iter_mut().zip(saved[8..].chunks_exact(4)) {
            *word = u32::from_le_bytes(bytes.try_into().ok()?);
        }
        let bits = hash.taken.wrapping_mul(8);
        hash.state.Nl = bits as u32;
        hash.state.Nh = (bits >> 32) as u32;
        Some(hash)
    }
}

impl Default for Sha1 {
    fn default() -> Self {
        Self::new()
    }
}

impl Sha1 {
    /// A hash of nothing yet.
    pub fn new() -> Self {
        let mut state = MaybeUninit::uninit();
        // SAFETY: SHA1_Init fills the whole structure and always succeeds.
        Self(unsafe {
            SHA1_Init(state.as_mut_ptr());
            state.assume_init()
        })
    }

    /// Git's name of a blob of this size: its header taken, its bytes to come.
    pub fn git_blob(size: u64) -> Self {
        let mut hash = Self::new();
        hash.update(format!("blob {size}\0").as_bytes());
        hash
    }

    /// Takes the next bytes.
    pub fn update(&mut self, bytes: &[u8]) {
        // SAFETY: the state is initialised, and the slice is valid for its length.
        unsafe { SHA1_Update(&raw mut self.0, bytes.as_ptr().cast(), bytes.len()) };
    }

    /// The hash.
    pub fn finish(mut self) -> [u8; 20] {
        let mut hash = [0; 20];
        // SAFETY: the state is initialised, and the output has the 20 bytes that are written.
        unsafe { SHA1_Final(hash.as_mut_ptr(), &raw mut self.0) };
        hash
    }
}

/// Bytes in lower-case hex.
pub fn hex(bytes: &[u8]) -> String {
    bytes.iter().fold(String::with_capacity(bytes.len() * 2), |mut hex, byte| {
        // Writing to a String can't fail.
        let _ = write!(hex, "{byte:02x}");
        hex
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn known_hashes() {
        let mut hash = Sha256::new();
        hash.update(b"abc");
        assert_eq!(hex(&hash.finish()), "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
        let mut hash = Sha1::new();
        hash.update(b"abc");
        assert_eq!(hex(&hash.finish()), "a9993e364706816aba3e25717850c26c9cd0d89d");
    }

    proptest! {
        #[test]
        fn a_saved_state_goes_on(bytes in prop::collection::vec(any::<u8>(), 0..1000), cut in 0usize..16) {
            let cut = (cut * 64).min(bytes.len() / 64 * 64);
            let mut whole = Sha256::new();
            whole.update(&bytes);
            let mut first = Sha256::new();
            first.update(&bytes[..cut]);
            let mut second = Sha256::restore(&first.save().unwrap()).unwrap();
            second.update(&bytes[cut..]);
            prop_assert_eq!(second.finish(), whole.finish());
            first.update(b"x");
            prop_assert_eq!(first.save(), None, "not between blocks");
        }
    }

    #[test]
    fn lengths_beyond_32_bits_are_kept() {
        let mut saved = [0; 40];
        saved[..8].copy_from_slice(&(1u64 << 36).to_le_bytes());
        let hash = Sha256::restore(&saved).unwrap();
        assert_eq!((hash.state.Nl, hash.state.Nh), (0, 1 << 7));
    }
}
