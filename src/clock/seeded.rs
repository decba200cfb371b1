//! Randomness that a test can repeat.

use super::Entropy;
use std::fmt;
use std::sync::{Mutex, PoisonError};

/// Bytes that follow from a seed, for tests: the output of BLAKE3 keyed by the seed, read on and on.
///
/// The same seed gives the same bytes on every platform and in every release. Never use it for ids of real documents.
pub struct SeededEntropy {
    seed: u64,
    output: Mutex<blake3::OutputReader>,
}

impl SeededEntropy {
    /// The stream of bytes that belongs to `seed`.
    #[must_use]
    pub fn new(seed: u64) -> Self {
        let mut hasher = blake3::Hasher::new_derive_key("draftkeep 2026 seeded entropy");
        hasher.update(&seed.to_le_bytes());
        Self { seed, output: Mutex::new(hasher.finalize_xof()) }
    }
}

impl fmt::Debug for SeededEntropy {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("SeededEntropy").field("seed", &self.seed).finish_non_exhaustive()
    }
}

impl Entropy for SeededEntropy {
    fn fill(&self, bytes: &mut [u8]) {
        self.output.lock().unwrap_or_else(PoisonError::into_inner).fill(bytes);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn draw(entropy: &SeededEntropy, lens: &[usize]) -> Vec<u8> {
        lens.iter()
            .flat_map(|&len| {
                let mut bytes = vec![0; len];
                entropy.fill(&mut bytes);
                bytes
            })
            .collect()
    }

    #[test]
    fn a_seed_gives_the_same_bytes_however_they_are_drawn() {
        assert_eq!(draw(&SeededEntropy::new(7), &[16, 0, 200]), draw(&SeededEntropy::new(7), &[1, 214, 1]));
        assert_ne!(draw(&SeededEntropy::new(7), &[16]), draw(&SeededEntropy::new(8), &[16]));
    }

    #[test]
    fn the_bytes_of_a_seed_are_pinned() {
        assert_eq!(draw(&SeededEntropy::new(0), &[4]), [103, 148, 119, 86]);
    }
}
