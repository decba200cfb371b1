//! What is wrong with a document.

use crate::value::ValueError;
use std::fmt::{self, Write as _};

/// What is wrong with a document, and where. What it says is shown on the device that wrote the document, and kept there; what no log
/// may hold should not be in it.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub struct Invalid {
    faults: Vec<Fault>,
}

#[derive(Debug, Clone, PartialEq, Eq)]
struct Fault {
    path: Option<String>,
    reason: String,
}

/// Room for the words that tell how many faults are left out.
const LEFT_OUT: usize = 32;

impl Invalid {
    /// Something that is wrong with the document as a whole.
    #[must_use]
    pub fn new(reason: impl Into<String>) -> Self {
        Self { faults: vec![Fault { path: None, reason: reason.into() }] }
    }

    /// Something that is wrong at a [`Path`](crate::value::Path), or at a JSON pointer as text.
    #[must_use]
    pub fn at(path: impl fmt::Display, reason: impl Into<String>) -> Self {
        Self { faults: vec![Fault { path: Some(path.to_string()), reason: reason.into() }] }
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
        self.faults.extend(other.faults);
        self
    }

    /// The same for people, as far as it goes into so many bytes. The first fault is always told, if need be its beginning.
    pub(super) fn told(&self, bytes_max: usize) -> String {
        let room = bytes_max.saturating_sub(LEFT_OUT);
        let mut told = String::new();
        for (number, fault) in self.faults.iter().enumerate() {
            let before = told.len();
            let _ = write!(told, "{}{fault}", if number > 0 { "; " } else { "" });
            if told.len() > room && number > 0 {
                told.truncate(before);
                let _ = write!(told, "; and {} more", self.faults.len() - number);
                return told;
            }
            told.truncate((0..=room.min(told.len())).rev().find(|end| told.is_char_boundary(*end)).unwrap_or(0));
        }
        told
    }
}

impl From<ValueError> for Invalid {
    fn from(error: ValueError) -> Self {
        Self::new(error.to_string())
    }
}

impl fmt::Display for Invalid {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (number, fault) in self.faults.iter().enumerate() {
            write!(f, "{}{fault}", if number > 0 { "; " } else { "" })?;
        }
        Ok(())
    }
}

impl fmt::Display for Fault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.path {
            Some(path) => write!(f, "{path}: {}", self.reason),
            None => f.write_str(&self.reason),
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
