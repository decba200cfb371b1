//! What is wrong with a document.

use crate::value::ValueError;
use std::fmt::{self, Write as _};

/// What is wrong with a document, and where. What it says is shown on the device that wrote the document, and kept there; what no log
/// may hold should not be in it.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub struct Invalid {
    flaws: Vec<Flaw>,
    /// How many more there are.
    left_out: usize,
}

/// One thing that is wrong with a document.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Flaw {
    path: Option<String>,
    reason: String,
}

impl Flaw {
    /// Where, as a JSON pointer, which is empty for the document itself; none where nothing is said about the place.
    #[must_use]
    pub fn path(&self) -> Option<&str> {
        self.path.as_deref()
    }

    /// What, for people.
    #[must_use]
    pub fn reason(&self) -> &str {
        &self.reason
    }
}

/// The flaws of a document that a device shows, and the bytes of a path or a reason among them.
const FLAWS_MAX: usize = 100;
const WORDS_MAX: usize = 1_000;

/// Room for the words that tell how many flaws are left out.
const LEFT_OUT: usize = 32;

impl Invalid {
    /// Something that is wrong with the document as a whole.
    #[must_use]
    pub fn new(reason: impl Into<String>) -> Self {
        Self { flaws: vec![Flaw { path: None, reason: reason.into() }], left_out: 0 }
    }

    /// Something that is wrong at a [`Path`](crate::value::Path), or at a JSON pointer as text.
    #[must_use]
    pub fn at(path: impl fmt::Display, reason: impl Into<String>) -> Self {
        Self { flaws: vec![Flaw { path: Some(path.to_string()), reason: reason.into() }], left_out: 0 }
    }

    /// This and that.
    ///
    /// ```
    /// use draftkeep::hub::Invalid;
    ///
    /// let both = Invalid::at("/title", "it is empty").and(Invalid::at("/tags", "more than ten"));
    /// assert_eq!(both.to_string(), "/title: it is empty; /tags: more than ten");
    /// ```
    #[must_use]
    pub fn and(mut self, other: Self) -> Self {
        self.flaws.extend(other.flaws);
        self.left_out = self.left_out.saturating_add(other.left_out);
        self
    }

    /// And so many more.
    #[cfg(feature = "jsonschema")]
    pub(crate) fn and_more(mut self, count: usize) -> Self {
        self.left_out = self.left_out.saturating_add(count);
        self
    }

    /// What is wrong, in the order in which it was found.
    pub fn flaws(&self) -> impl ExactSizeIterator<Item = &Flaw> {
        self.flaws.iter()
    }

    /// How many more flaws there are, which are not told.
    #[must_use]
    pub const fn left_out(&self) -> usize {
        self.left_out
    }

    /// The same, in no more room than a person can read: at most 100 flaws, with at most 1,000 bytes of each path and reason.
    pub(crate) fn bounded(mut self) -> Self {
        let spare = self.flaws.len().saturating_sub(FLAWS_MAX);
        self.flaws.truncate(FLAWS_MAX);
        self.left_out = self.left_out.saturating_add(spare);
        for flaw in &mut self.flaws {
            cut(&mut flaw.reason, WORDS_MAX);
            if let Some(path) = &mut flaw.path {
                cut(path, WORDS_MAX);
            }
        }
        self
    }

    /// The same for people, as far as it goes into so many bytes. The first flaw is always told, if need be its beginning.
    pub(crate) fn told(&self, bytes_max: usize) -> String {
        let room = bytes_max.saturating_sub(LEFT_OUT);
        let mut told = String::new();
        for (number, flaw) in self.flaws.iter().enumerate() {
            let before = told.len();
            let _ = write!(told, "{}{flaw}", if number > 0 { "; " } else { "" });
            if told.len() > room && number > 0 {
                told.truncate(before);
                let _ = write!(told, "; and {} more", (self.flaws.len() - number).saturating_add(self.left_out));
                return told;
            }
            cut(&mut told, room);
        }
        if self.left_out > 0 {
            let _ = write!(told, "; and {} more", self.left_out);
        }
        told
    }
}

/// Cuts a text to at most so many bytes, between two characters.
pub(crate) fn cut(text: &mut String, bytes_max: usize) {
    text.truncate((0..=bytes_max.min(text.len())).rev().find(|end| text.is_char_boundary(*end)).unwrap_or(0));
}

impl From<ValueError> for Invalid {
    fn from(error: ValueError) -> Self {
        Self::new(error.to_string())
    }
}

impl fmt::Display for Invalid {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (number, flaw) in self.flaws.iter().enumerate() {
            write!(f, "{}{flaw}", if number > 0 { "; " } else { "" })?;
        }
        if self.left_out > 0 {
            write!(f, "; and {} more", self.left_out)?;
        }
        Ok(())
    }
}

impl fmt::Display for Flaw {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.path {
            Some(path) if !path.is_empty() => write!(f, "{path}: {}", self.reason),
            _ => f.write_str(&self.reason),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn however_much_is_wrong_what_is_told_of_it_is_bounded_and_says_what_is_left_out() {
        for (faults, length) in [(1, 10), (1, 9_000), (500, 20), (3, 4_000), (2, 4_094), (200, 1)] {
            let one = |number| Invalid::at(format!("/items/{number}"), "é".repeat(length));
            let all = (1..faults).fold(one(0), |all, number| all.and(one(number)));
            let bounded = all.clone().bounded();
            assert_eq!(bounded.flaws().len() + bounded.left_out(), faults);
            assert!(bounded.flaws().all(|flaw| flaw.reason().len() <= 1_000) && bounded.flaws().len() <= 100);
            assert!(bounded.told(4_096).len() <= 4_096);
            let told = all.told(4_096);
            assert!(told.len() <= 4_096 && told.starts_with("/items/0: é"), "{} bytes of {faults}", told.len());
            let shown = told.matches("/items/").count();
            if shown < faults {
                assert!(told.ends_with(&format!("; and {} more", faults - shown)), "{faults} of {length}: {told}");
            } else if length < 1_000 {
                assert_eq!(told, all.to_string());
            }
        }
    }
}
