//! A place in a hub's feed.

use crate::id::{DraftId, HubId, RevisionId};
use std::fmt;

/// A place in a space's feed: how much the hub had accepted by then, and a hash over all of it.
///
/// Each hash is made from the one before it, so that two histories that differ anywhere differ in all later positions: a hub
/// that was restored from a backup and went on cannot confirm a position of its former life, not even by accident.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub struct Position {
    /// How many pushes the space had accepted.
    pub seq: u64,
    /// The hash over them, in their order.
    pub chain: [u8; 32],
}

impl Position {
    /// The beginning of every feed of this hub.
    #[must_use]
    pub fn start(hub: HubId, space: &str) -> Self {
        let mut hasher = blake3::Hasher::new_derive_key("draftkeep 1 beginning of a feed");
        hasher.update(hub.as_bytes()).update(space.as_bytes());
        Self { seq: 0, chain: *hasher.finalize().as_bytes() }
    }

    /// The position after a push was accepted.
    #[must_use]
    pub fn after(self, draft: DraftId, revision: RevisionId) -> Self {
        let mut hasher = blake3::Hasher::new_derive_key("draftkeep 1 chain of a feed");
        if !crate::fault::on("positions-do-not-chain") {
            hasher.update(&self.chain);
        }
        hasher.update(draft.as_bytes()).update(revision.as_bytes());
        Self { seq: self.seq + 1, chain: *hasher.finalize().as_bytes() }
    }
}

impl fmt::Debug for Position {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Position({}, ", self.seq)?;
        self.chain[..4].iter().try_for_each(|byte| write!(f, "{byte:02x}"))?;
        f.write_str("…)")
    }
}
