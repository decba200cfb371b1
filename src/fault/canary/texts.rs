//! What is looked for: windows of bytes, each compared byte by byte.

use std::collections::BTreeSet;

/// So many bytes are looked for at once. Whatever holds 23 bytes of a text in a row holds a window of it, and so does a whole text of 12.
pub(super) const WINDOW: usize = 12;

/// Fewer different bytes than this are no text: they are ruled lines, or the rests of pages.
const DIFFERENT_MIN: usize = 4;

/// As many windows as this are remembered, and as many before them: some 12 MB of texts each.
const GENERATION: usize = 1 << 20;

const FILTER_BITS: u32 = 26;

/// Windows that are looked for. Those that were met last are kept where there are too many.
#[derive(Default)]
pub(super) struct Texts {
    newer: Generation,
    older: Generation,
    /// How many were ever remembered; one that was forgotten in between counts again.
    pub(super) remembered: u64,
    /// How many are not looked for any more.
    pub(super) forgotten: u64,
}

/// Windows as numbers, which say all of their bytes, behind a filter that tells most of what is none of them.
#[derive(Default)]
struct Generation {
    filter: Vec<u64>,
    windows: BTreeSet<u128>,
}

impl Generation {
    fn add(&mut self, window: u128) -> bool {
        if self.filter.is_empty() {
            self.filter = vec![0; 1 << (FILTER_BITS - 6)];
        }
        let bit = bit_of(window);
        self.filter[bit / 64] |= 1 << (bit % 64);
        self.windows.insert(window)
    }

    fn has(&self, window: u128, bit: usize) -> bool {
        self.filter.get(bit / 64).is_some_and(|word| word & (1 << (bit % 64)) != 0) && self.windows.contains(&window)
    }
}

#[allow(clippy::cast_possible_truncation, reason = "all bits are mixed, and some of them are taken")]
fn bit_of(window: u128) -> usize {
    let mixed = (window as u64 ^ ((window >> 32) as u64).rotate_left(23)).wrapping_mul(0x9e37_79b9_7f4a_7c15);
    (mixed >> (64 - FILTER_BITS)) as usize
}

impl Texts {
    /// Remembers the windows that stand one behind the other in these bytes, and the last one.
    pub(super) fn remember(&mut self, bytes: &[u8]) {
        let ends = (WINDOW..=bytes.len()).step_by(WINDOW).chain(bytes.len().ge(&WINDOW).then_some(bytes.len()));
        for end in ends {
            let window = &bytes[end - WINDOW..end];
            let different = window.iter().enumerate().filter(|(at, byte)| !window[..*at].contains(byte)).count();
            if different >= DIFFERENT_MIN && self.newer.add(number(window)) {
                self.remembered += 1;
            }
        }
        if self.newer.windows.len() >= GENERATION {
            let older = std::mem::replace(&mut self.older, std::mem::take(&mut self.newer));
            self.forgotten += older.windows.difference(&self.older.windows).count() as u64;
        }
    }

    /// Where a window that is remembered begins in these bytes, at any byte.
    pub(super) fn find<'a>(&'a self, bytes: &'a [u8]) -> impl Iterator<Item = usize> + 'a {
        let (first, rest) = bytes.split_at(bytes.len().min(WINDOW - 1));
        let mut window = number(first);
        rest.iter().enumerate().filter_map(move |(at, byte)| {
            window = (window << 8 | u128::from(*byte)) & ((1 << (8 * WINDOW)) - 1);
            let bit = bit_of(window);
            (self.newer.has(window, bit) || self.older.has(window, bit)).then_some(at)
        })
    }
}

fn number(bytes: &[u8]) -> u128 {
    bytes.iter().fold(0, |number, byte| number << 8 | u128::from(*byte))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn found(texts: &Texts, bytes: &[u8]) -> Vec<usize> {
        texts.find(bytes).collect()
    }

    #[test]
    fn a_text_is_found_wherever_it_stands_and_nothing_that_only_resembles_it() {
        let text = b"It rained all the night, and the roof let it in.";
        let mut texts = Texts::default();
        texts.remember(text);
        for before in 0..40 {
            let bytes = [&vec![b'x'; before][..], text, b"?"].concat();
            assert_eq!(found(&texts, &bytes)[0], before);
        }
        for piece in text.windows(2 * WINDOW - 1) {
            assert!(!found(&texts, piece).is_empty(), "{piece:?}");
        }
        for at in 0..WINDOW {
            let mut other = text[..WINDOW].to_vec();
            other[at] ^= 1;
            assert!(found(&texts, &other).is_empty());
        }
        assert!(found(&texts, b"").is_empty() && found(&texts, &text[..WINDOW - 1]).is_empty());
    }

    #[test]
    fn short_texts_and_ruled_lines_are_not_remembered() {
        let mut texts = Texts::default();
        texts.remember(b"too short");
        texts.remember(&[b'-'; 100]);
        assert_eq!(texts.remembered, 0);
        texts.remember(b"twelve bytes");
        assert_eq!(texts.remembered, 1);
    }

    #[test]
    fn what_was_met_last_is_kept_where_there_is_too_much() {
        let text = |number: usize| format!("text {number:07x}");
        let mut texts = Texts::default();
        (0..3 * GENERATION).for_each(|number| texts.remember(text(number).as_bytes()));
        assert!(texts.forgotten > 0 && texts.forgotten + 2 * GENERATION as u64 >= texts.remembered);
        assert_eq!(found(&texts, text(3 * GENERATION - 1).as_bytes()), [0]);
        assert_eq!(found(&texts, text(2 * GENERATION).as_bytes()), [0]);
    }
}
