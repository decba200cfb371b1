//! What an export or an import did.

use crate::id::DraftId;

/// What was exported.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct Exported {
    /// How many drafts.
    pub drafts: u64,
    /// How many versions of them, their heads included.
    pub versions: u64,
    /// How many drafts were left out because their kinds are [secret](crate::Schema::secret).
    pub secrets: u64,
    /// How many bytes were written.
    pub bytes: u64,
    /// Drafts that cannot be read, or versions of which cannot: what can be read of them is in the export.
    pub damaged: Vec<DraftId>,
}

/// What was imported, up to where it ended.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct Imported {
    /// Drafts that were not here before.
    pub begun: u64,
    /// Drafts that were here, and go on as the export has them: what was here is in their history.
    pub continued: u64,
    /// Drafts that say something else here: what was exported stands beside the head, as a side of an open conflict.
    pub in_conflict: u64,
    /// Drafts that have all of it already.
    pub unchanged: u64,
    /// Versions that were written.
    pub versions: u64,
    /// Drafts that are erased here: nothing of them was written. What is erased comes back by no way; whoever wants it begins another
    /// draft with it.
    pub erased: u64,
}

/// What was taken over from an older application.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct TakenOver {
    /// Slots that begin with what was taken over.
    pub begun: u64,
    /// Documents that became versions of a draft that has nothing else yet.
    pub added: u64,
    /// Documents of slots that somebody works on by now: they stand beside the head, which stays, as sides of an open conflict.
    pub beside: u64,
    /// Documents that are here already.
    pub known: u64,
}
