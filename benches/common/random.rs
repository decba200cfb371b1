//! Variety that is the same every time.

/// A small generator (xorshift64).
pub(crate) struct Random(u64);

impl Random {
    pub(crate) fn new(seed: u64) -> Self {
        Self(seed.wrapping_mul(0x9e37_79b9_7f4a_7c15) | 1)
    }

    pub(crate) fn below(&mut self, end: usize) -> usize {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        usize::try_from(self.0 % end.max(1) as u64).unwrap_or(0)
    }
}

/// A vocabulary, whose first words are used most.
pub(crate) struct Words(Vec<String>);

impl Words {
    pub(crate) fn new() -> Self {
        let letters: Vec<char> = "etaoinshrdlucmfwypvbgkjqxz".chars().collect();
        let mut random = Random::new(1);
        let mut letter = || letters[random.below(26) * random.below(26) / 26];
        let words = (0..3_000_usize).map(|number| (0..2 + number % 9).map(|_| letter()).collect());
        Self(words.collect())
    }

    pub(crate) fn pick(&self, random: &mut Random) -> &str {
        &self.0[random.below(self.0.len()) * random.below(self.0.len()) / self.0.len()]
    }

    /// Sentences and paragraphs of about so many bytes.
    pub(crate) fn prose(&self, random: &mut Random, bytes: usize) -> String {
        let mut text = String::with_capacity(bytes + 16);
        while text.len() < bytes {
            text.push_str(self.pick(random));
            text.push_str(match random.below(80) {
                0 => ".\n\n",
                1..=6 => ". ",
                7..=12 => ", ",
                _ => " ",
            });
        }
        text
    }
}
