//! Cutting texts into lines, sentences and words.
//!
//! The rules are our own and name every character they depend on, so that no release of a Unicode table changes what a
//! merge gives. They cut in fewer places than Unicode's: never inside a character that people see, because a cut has a
//! line's end, ASCII, or a sign of the lists below before it, and behind it a character that is known to begin one.

/// Lines with their ends.
pub(super) fn lines(text: &str) -> Vec<&str> {
    text.split_inclusive('\n').collect()
}

/// Sentences with what ends them and the space behind.
pub(super) fn sentences(text: &str) -> Vec<&str> {
    let mut phase = Phase::Inside;
    cut(text, |before, after| {
        phase = match (phase, before) {
            (_, '.' | '!' | '?') => Phase::Ended,
            (_, '。' | '！' | '？') => Phase::EndedWide,
            (Phase::Ended | Phase::EndedWide, '"' | '\'' | ')' | ']' | '”' | '’' | '»' | '」' | '』' | '）') => {
                phase
            }
            (Phase::Ended | Phase::EndedWide | Phase::Spaced, ' ' | '\t') => Phase::Spaced,
            (_, '\n') => Phase::Spaced,
            _ => Phase::Inside,
        };
        let ends = match phase {
            Phase::Spaced => !is_space(after),
            Phase::EndedWide => !matches!(after, '」' | '』' | '）' | '。' | '！' | '？') && !is_space(after),
            Phase::Ended | Phase::Inside => false,
        };
        ends && begins(after)
    })
}

#[derive(Clone, Copy)]
enum Phase {
    Inside,
    /// Behind a full stop.
    Ended,
    /// Behind a full stop of a script without spaces.
    EndedWide,
    /// Behind the space that follows one.
    Spaced,
}

/// Words, what is between them, and single characters of scripts without spaces.
pub(super) fn words(text: &str) -> Vec<&str> {
    cut(text, |before, after| {
        let differs = match (sort(before), sort(after)) {
            (Sort::Single, _) | (_, Sort::Single) => true,
            (before, after) => before != after,
        };
        differs && begins(after) && (before, after) != ('\r', '\n') && !belongs_to_next(before)
    })
}

/// Cuts between two characters where the predicate says so; it sees each pair once, in order.
fn cut(text: &str, mut is_cut: impl FnMut(char, char) -> bool) -> Vec<&str> {
    let mut parts = Vec::new();
    let mut start = 0;
    for ((_, before), (at, after)) in text.char_indices().zip(text.char_indices().skip(1)) {
        if is_cut(before, after) {
            parts.push(&text[start..at]);
            start = at;
        }
    }
    if start < text.len() {
        parts.push(&text[start..]);
    }
    parts
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Sort {
    Space,
    /// Signs of ASCII that are no part of a word.
    Sign,
    /// A character that is a word, or a sign, by itself.
    Single,
    Word,
}

const fn sort(char: char) -> Sort {
    match char {
        ' ' | '\t' | '\n' | '\r' => Sort::Space,
        '_' | '\'' | '0'..='9' | 'A'..='Z' | 'a'..='z' => Sort::Word,
        '\0'..='\x7f' => Sort::Sign,
        _ if is_single(char) => Sort::Single,
        _ => Sort::Word,
    }
}

pub(super) const fn is_space(char: char) -> bool {
    matches!(char, ' ' | '\t' | '\n' | '\r')
}

/// Ideographs, kana and their punctuation: written without spaces, and each begins a character.
pub(super) const fn is_single(char: char) -> bool {
    matches!(char,
        '\u{3001}'..='\u{3003}' | '\u{3008}'..='\u{3011}' | '\u{3041}'..='\u{3096}' | '\u{30A1}'..='\u{30FA}'
        | '\u{3400}'..='\u{4DBF}' | '\u{4E00}'..='\u{9FFF}' | '\u{FF01}' | '\u{FF08}'..='\u{FF09}' | '\u{FF0C}' | '\u{FF1F}')
}

/// Whether a character begins one that people see, whatever stands before it as far as we cut: letters of Latin, Greek,
/// Cyrillic, Hebrew, Arabic and Hangul, the scripts above, and what opens a quotation.
const fn begins(char: char) -> bool {
    matches!(char,
        '\t' | '\n' | '\r' | ' '..='~' | '\u{A1}'..='\u{AC}' | '\u{AE}'..='\u{2FF}' | '\u{370}'..='\u{377}'
        | '\u{37A}'..='\u{37F}' | '\u{384}'..='\u{38A}' | '\u{38E}'..='\u{3A1}' | '\u{3A3}'..='\u{482}'
        | '\u{48A}'..='\u{52F}' | '\u{5D0}'..='\u{5EA}' | '\u{620}'..='\u{64A}' | '\u{2013}'..='\u{2026}'
        | '\u{AC00}'..='\u{D7A3}')
        || is_single(char)
}

/// Signs that are one with whatever follows (`Prepend` of Unicode Standard Annex #29, as of Unicode 16).
const fn belongs_to_next(char: char) -> bool {
    matches!(char,
        '\u{600}'..='\u{605}' | '\u{6DD}' | '\u{70F}' | '\u{890}'..='\u{891}' | '\u{8E2}' | '\u{D4E}' | '\u{110BD}'
        | '\u{110CD}' | '\u{111C2}'..='\u{111C3}' | '\u{113D1}' | '\u{1193F}' | '\u{11941}' | '\u{11A3A}'
        | '\u{11A84}'..='\u{11A89}' | '\u{11D46}' | '\u{11F02}')
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::value::strategy::arbitrary_text;
    use proptest::prelude::*;
    use unicode_segmentation::UnicodeSegmentation;

    #[test]
    fn sentences_end_behind_their_space() {
        for (text, expected) in [
            ("One. Two!  Three", &["One. ", "Two!  ", "Three"][..]),
            ("He said \"no.\" Then left.", &["He said \"no.\" ", "Then left."]),
            ("3.14 is pi. Yes", &["3.14 is pi. ", "Yes"]),
            ("今日は雨。明日は？「はい。」そう", &["今日は雨。", "明日は？", "「はい。」", "そう"]),
            ("", &[]),
        ] {
            assert_eq!(sentences(text), expected);
        }
    }

    #[test]
    fn words_stand_apart_from_spaces_and_signs() {
        assert_eq!(words("don't go, 今日."), ["don't", " ", "go", ",", " ", "今", "日", "."]);
        assert_eq!(words("a\r\nb"), ["a", "\r\n", "b"]);
        // A mark that belongs to the space before it, and an accent that belongs to its letter.
        assert_eq!(words("a \u{301}b e\u{301}x"), ["a", " \u{301}b", " ", "e\u{301}x"]);
    }

    proptest! {
        #[test]
        fn cuts_lose_nothing_and_fall_between_characters_that_people_see(
            text in prop_oneof![arbitrary_text(), "[a .!?。」今ア가e\u{301}\u{200d}👩🇩🇪\u{1100}\u{1161}\u{600}\r\n']{0,20}"]
        ) {
            let borders: Vec<usize> = text.grapheme_indices(true).map(|(at, _)| at).collect();
            for parts in [lines(&text), sentences(&text), words(&text)] {
                prop_assert_eq!(parts.concat(), &text[..]);
                let mut at = 0;
                for part in parts {
                    prop_assert!(borders.contains(&at), "cut at {} of {:?}", at, text);
                    at += part.len();
                }
            }
        }
    }
}
