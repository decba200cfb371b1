//! What goes into a merge and what comes out of it.

use super::passage::Passage;
use crate::value::{Path, Value};

/// When a side was accepted, which tells the later of the two.
///
/// Everything that is only on this device comes after everything that a hub has accepted.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Place {
    /// At this place of a hub's feed.
    Hub(u64),
    /// As this version of a draft's history on this device.
    Local(u64),
}

/// One of the two documents that are merged, and its place.
#[derive(Debug, PartialEq, Eq)]
pub struct Side<'v, T: ?Sized = Value> {
    /// The document: a [`Value`], or its JSON as bytes.
    pub value: &'v T,
    /// Where it stands in time. Of two sides at one place, the one with the larger canonical text is the later.
    pub place: Place,
}

impl<T: ?Sized> Clone for Side<'_, T> {
    fn clone(&self) -> Self {
        *self
    }
}

impl<T: ?Sized> Copy for Side<'_, T> {}

/// The sides as the caller named them: `ours` is the first, `theirs` the second.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Whose {
    /// The first side.
    Ours,
    /// The second side.
    Theirs,
}

impl Whose {
    pub(super) const fn other(self) -> Self {
        match self {
            Self::Ours => Self::Theirs,
            Self::Theirs => Self::Ours,
        }
    }
}

/// What a merge made of two documents.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Merged<T = Value> {
    /// The document with everything in it that could be merged: a [`Value`], or its canonical JSON. Where something
    /// conflicts it holds the later side's.
    pub value: T,
    /// Changes that a rule decided against.
    pub overwritten: Vec<Overwritten>,
    /// Changes that a person has to decide on.
    pub conflicts: Vec<Conflict>,
    /// Texts in which both versions of a passage stand, marked, because the rule asked for that.
    pub marked: Vec<Path>,
}

impl<T> Merged<T> {
    /// Whether nothing needs a person: some changes may still have been overwritten, as their rules say.
    #[must_use]
    pub fn is_clean(&self) -> bool {
        self.conflicts.is_empty()
    }

    /// The same, with the document in another form.
    pub(super) fn with<U>(self, value: U) -> Merged<U> {
        let Self { value: _, overwritten, conflicts, marked } = self;
        Merged { value, overwritten, conflicts, marked }
    }
}

/// A change that is not in the merged document, because a rule preferred another one.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Overwritten {
    /// Where in the merged document; where it is gone from there, where it would be.
    pub path: Path,
    /// Whose change was dropped.
    pub whose: Whose,
    /// What the merged document has; `None`: nothing.
    pub kept: Option<Value>,
    /// What the change made of it; `None`: it removed it.
    pub dropped: Option<Value>,
}

/// Changes of both sides to one thing, of which no rule prefers one.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Conflict {
    /// Where in the merged document.
    pub path: Path,
    /// What was there before both; `None` where there was nothing, or where no base is known.
    pub base: Option<Value>,
    /// What the first side has; `None` where it removed it.
    pub ours: Option<Value>,
    /// What the second side has; `None` where it removed it.
    pub theirs: Option<Value>,
    /// Why it needs a person.
    pub why: Why,
    /// The passages that are contested, where only these are ([`Why::Overlap`]): the rest of the text or the array is
    /// merged. Empty where the conflict is about the whole value.
    pub passages: Vec<Passage>,
}

/// Why something needs a person.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum Why {
    /// The rule leaves every change of both sides to a person.
    #[error("both changed it, and its rule asks a person")]
    Manual,
    /// Both changed the same passage, or the same elements.
    #[error("both changed the same passage")]
    Overlap,
    /// It is not known what was there before, so it is not known who changed it.
    #[error("they differ, and what was there before is not known")]
    NoBase,
    /// A counter's sum does not fit into 64 bits with a sign.
    #[error("the sum of both changes does not fit into a counter")]
    Overflow,
    /// A counter holds something else than an integer of 64 bits with a sign.
    #[error("it is no counter: not an integer between -2^63 and 2^63 - 1")]
    NotACounter,
    /// Finding out what both changed would have cost more than the budget allows.
    #[error("comparing both would take too long")]
    TooMuchWork,
    /// The application's type cannot read what the merge made of two documents that it can read.
    #[error("the application cannot read the merged document: {reason}")]
    Misfit {
        /// What does not fit, without any text of the document.
        reason: String,
    },
    /// The application's rule panicked.
    #[error("the rule {rule:?} panicked")]
    Panicked {
        /// The rule's name.
        rule: String,
    },
    /// The application's rule asks a person.
    #[error("the rule {rule:?}: {reason}")]
    Refused {
        /// The rule's name.
        rule: String,
        /// What it said.
        reason: String,
    },
}
