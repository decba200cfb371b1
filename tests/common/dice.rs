//! Numbers and texts from seeds, and how hard to search.

use std::env;

/// By how much the search is to be longer than usual.
pub fn effort() -> u64 {
    number("DRAFTKEEP_EFFORT").unwrap_or(1)
}

/// The first seed, so that a long search can be cut into ranges and gone on with.
pub fn first() -> u64 {
    number("DRAFTKEEP_FIRST").unwrap_or(0)
}

fn number(name: &str) -> Option<u64> {
    env::var(name).ok()?.parse().ok()
}

/// A number that looks like chance and follows from the seed.
pub fn mix(seed: u64) -> u64 {
    let mixed = seed.wrapping_add(1).wrapping_mul(0x9e37_79b9_7f4a_7c15);
    let mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    let mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    mixed ^ (mixed >> 31)
}

/// Numbers in a row.
#[derive(Debug, Clone)]
pub struct Dice(u64);

impl Dice {
    pub fn new(seed: u64) -> Self {
        Self(mix(seed))
    }

    pub fn roll(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        mix(self.0)
    }

    pub fn below(&mut self, limit: usize) -> usize {
        usize::try_from(self.roll() >> 1).unwrap() % limit.max(1)
    }

    /// Words that compress badly, so that a long text really takes room.
    pub fn words(&mut self, count: usize) -> String {
        (0..count).flat_map(|_| [format!("{:x}", self.roll() >> 24), " ".to_owned()]).collect()
    }

    /// The text after somebody has typed into it, or cut something out.
    pub fn edited(&mut self, text: &str) -> String {
        let at = self.below(text.len() + 1);
        let (before, behind) = text.split_at(at);
        match self.below(4) {
            0 => format!("{before}{}", &behind[self.below(20).min(behind.len())..]) + &self.words(1),
            1 => format!("{before}{}{behind}", self.words(12)),
            _ => format!("{text}{}", self.words(3)),
        }
    }
}
