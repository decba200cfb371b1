//! Words that can be found again wherever they went.

use crate::dice::Dice;
use std::collections::BTreeSet;
use std::fmt;

/// A word that was typed once and is found nowhere else: `w00042`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) struct Word(pub(crate) u32);

/// The digits of a word.
const DIGITS: usize = 6;

impl fmt::Display for Word {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "w{:06}", self.0)
    }
}

/// All words in some bytes, whatever else they are.
pub(crate) fn words_in(bytes: &[u8]) -> BTreeSet<Word> {
    let mut found = BTreeSet::new();
    for (at, _) in bytes.iter().enumerate().filter(|(_, byte)| **byte == b'w') {
        let Some(digits) = bytes.get(at + 1..at + 1 + DIGITS) else { continue };
        if let Some(number) = std::str::from_utf8(digits).ok().and_then(|digits| digits.parse().ok()) {
            found.insert(Word(number));
        }
    }
    found
}

const FILLERS: &[&str] =
    &["the", "night", "train", "slowly", "over", "rain", "and", "again", "nobody", "under", "a", "lamp"];

/// A sentence of a few fillers.
pub(crate) fn sentence(dice: &mut Dice) -> String {
    let mut sentence = String::new();
    for _ in 0..3 + dice.below(5) {
        sentence.push_str(dice.pick(FILLERS).unwrap_or(&"so"));
        sentence.push(' ');
    }
    sentence
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_word_is_found_in_whatever_is_around_it() {
        let text = format!("we {}, w123 {}w{}", Word(7), Word(999_999), Word(0));
        let expected = [Word(0), Word(7), Word(999_999)];
        assert_eq!(words_in(text.as_bytes()).into_iter().collect::<Vec<_>>(), expected);
        assert!(sentence(&mut Dice::new(3)).split(' ').all(|filler| words_in(filler.as_bytes()).is_empty()));
    }
}
