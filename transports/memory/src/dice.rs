//! Numbers that look like chance and follow from a seed.

/// `SplitMix64` (Steele, Lea, Flood 2014): small, and good enough to choose what happens next.
#[derive(Debug, Clone)]
pub(crate) struct Dice(u64);

impl Dice {
    pub(crate) fn new(seed: u64) -> Self {
        let mut dice = Self(seed);
        dice.roll();
        dice
    }

    /// Another row of numbers, which goes its own way from here.
    pub(crate) fn fork(&mut self) -> Self {
        Self::new(self.roll())
    }

    pub(crate) fn roll(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mixed = (self.0 ^ (self.0 >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        let mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        mixed ^ (mixed >> 31)
    }

    /// A number from 0 to below `limit`; 0 where there is none.
    pub(crate) fn below(&mut self, limit: usize) -> usize {
        let limit = u64::try_from(limit).unwrap_or(u64::MAX).max(1);
        usize::try_from((self.roll() >> 1) % limit).unwrap_or_default()
    }

    /// Yes in so many of a thousand cases.
    pub(crate) fn chance(&mut self, thousandths: u16) -> bool {
        self.below(1_000) < usize::from(thousandths)
    }

    /// One of them; none where there are none.
    pub(crate) fn pick<'a, T>(&mut self, of: &'a [T]) -> Option<&'a T> {
        of.get(self.below(of.len()))
    }
}
