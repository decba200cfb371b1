//! What became of a save.

use crate::clock::Timestamp;

/// What became of a save. Each of these means that the text is durable.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
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
    /// Somebody saved since this edit was loaded. The text is kept as a version beside the head, which did not change.
    ///
    /// Later saves of this edit go beside the head, too. To go on from the head, take another
    /// [`edit`](crate::Draft::edit) and put into it what is missing there; to make this text the head,
    /// [`restore`](crate::Draft::restore) this version, and this edit goes on from it.
    Stale {
        /// The version that holds this text.
        version: u64,
        /// The version that is the head.
        head: u64,
    },
}

impl Saved {
    /// The version that holds the text.
    #[must_use]
    pub const fn version(&self) -> u64 {
        match self {
            Self::Unchanged { version } | Self::Stored { version, .. } | Self::Stale { version, .. } => *version,
        }
    }
}
