//! What became of a save.

use crate::clock::Timestamp;
use crate::merge::Overwritten;
use crate::value::Path;

/// What became of a save. Each of these means that the text is durable.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
#[must_use]
pub enum Saved {
    /// The text was stored already; nothing was written.
    Unchanged {
        /// The version that holds it.
        version: u64,
    },
    /// The text is the head now.
    Stored {
        /// The version that holds it.
        version: u64,
        /// When it was saved.
        at: Timestamp,
    },
    /// Somebody saved since this edit was loaded, and both are merged: the merge is the head, and the edit holds it from
    /// now on. Show it.
    Merged {
        /// The version that holds the text as it was typed; the head itself where the merge came to the very same text.
        version: u64,
        /// The version that holds the merge.
        head: u64,
        /// Changes that a rule of the policy decided against: this edit's ([`Whose::Ours`](crate::merge::Whose::Ours)) or the
        /// others'.
        overwritten: Vec<Overwritten>,
        /// Texts in which both versions of a passage stand, marked, because the rule asked for that.
        marked: Vec<Path>,
    },
    /// Somebody saved since this edit was loaded, and a person has to decide what becomes of both. Both are kept, and
    /// [`Draft::conflict`](crate::Draft::conflict) shows them.
    ///
    /// The text as it was typed is the head, and the edit goes on from it; or, where what the edit was loaded from is
    /// itself a side of an open conflict, it is that side's text now, and the head stays.
    Conflict {
        /// The version that holds the text as it was typed.
        version: u64,
    },
}

impl Saved {
    /// The version that holds the text as it was typed.
    #[must_use]
    pub const fn version(&self) -> u64 {
        match self {
            Self::Unchanged { version }
            | Self::Stored { version, .. }
            | Self::Merged { version, .. }
            | Self::Conflict { version } => *version,
        }
    }
}
