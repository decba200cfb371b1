//! What messages say of drafts that are erased.

use super::Rejection;
use crate::clock::Timestamp;
use crate::id::{DraftId, RevisionId};

/// That a draft was erased by its owner: what a hub keeps in place of the draft, for devices that come late.
///
/// A hub cannot tell whether it is true, and need not. A device that is told of it holds the MAC against what it has of the space's secret,
/// and where the secret is no secret it asks its application.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Marker {
    /// The draft.
    pub draft: DraftId,
    /// When, by the clock of the device that erased it.
    pub at: Timestamp,
    /// Over draft and time, keyed by what only devices of the space know.
    pub mac: [u8; 32],
}

impl Marker {
    /// What stands in a position's chain for this: the MAC, where a push has the id of its revision.
    #[must_use]
    pub const fn chained(&self) -> RevisionId {
        RevisionId::from_bytes(self.mac)
    }
}

/// What a hub has of a draft that was erased.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ErasedRow {
    /// The number of its last change in the feed.
    pub seq: u64,
    /// What says that it was erased.
    pub marker: Marker,
}

/// What became of erasing one draft.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum EraseOutcome {
    /// The hub has nothing of the draft but its marker, durably, and takes nothing of it any more. The only outcome that ends what the
    /// device owes.
    Erased,
    /// It was not erased. The device goes on owing it, and tries no more until somebody says so.
    Rejected {
        /// Why.
        code: Rejection,
        /// The same for people, with the way out.
        reason: String,
    },
}
