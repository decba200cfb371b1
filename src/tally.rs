//! What one cycle of syncing did.

use std::time::Duration;

/// What one cycle of syncing did: what `Syncer::once` returns, and what an event tells of a cycle that began by itself.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct Report {
    /// Rows of the hub that were stored.
    pub pulled: u64,
    /// Drafts whose head is another device's text now, or a merge with one.
    pub received: u64,
    /// Revisions that the hub accepted, as main or as fork.
    pub pushed: u64,
    /// Drafts of which both sides were merged.
    pub merged: u64,
    /// Drafts begun here that became another generation of their slot, since that of other devices was archived already.
    pub moved: u64,
    /// Drafts that this device had texts of and that were erased here because another device had. What was erased here itself is not counted,
    /// neither then nor when the hub is told of it.
    pub erased: u64,
    /// Texts that came to stand beside a head, for a person to decide on.
    pub conflicts: u64,
    /// Drafts that this cycle parked: the hub cannot accept them as they are. `sync::Status::parked` has all.
    pub parked: u64,
    /// Drafts of the hub that this device cannot take in, as of a newer release of the application.
    pub blocked: u64,
    /// Bytes of revisions sent and received.
    pub bytes: u64,
    /// The hub had been restored or does not keep positions that old: all rows were learnt anew.
    pub resynced: bool,
    /// How long it took, by the clock's `elapsed`.
    pub took: Duration,
}
