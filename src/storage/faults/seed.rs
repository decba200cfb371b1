//! Numbers from a seed.

/// `SplitMix64` (Steele, Lea, Flood 2014): small, and good enough to choose sectors.
#[derive(Debug, Clone)]
pub(super) struct Seed(u64);

impl Seed {
    pub(super) const fn new(seed: u64) -> Self {
        Self(seed)
    }

    pub(super) const fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mixed = (self.0 ^ (self.0 >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        let mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        mixed ^ (mixed >> 31)
    }

    /// Yes in `quarters` of four cases.
    pub(super) const fn chance(&mut self, quarters: u64) -> bool {
        (self.next() >> 32) % 4 < quarters
    }
}
