//! All tables of a hub: what their keys are, and which of them speak for each other.
//!
//! | table | key | value | who agrees with it |
//! |---|---|---|---|
//! | `HUB` | `"hub"` | [`HubRow`](super::rows::HubRow) | where it is missing, all tables are empty |
//! | `SPACES` | space | [`SpaceRow`](super::rows::SpaceRow) | where it is missing, so are its first position and audit entry |
//! | `ROWS` | space, draft | [`DraftRow`](super::rows::DraftRow) | where it is missing, `CONTAINED` has nothing of the draft |
//! | `FEED` | space, number | [`FeedRow`](super::rows::FeedRow) | each row names the number before it; the last one is the space's |
//! | `POSITIONS` | space, number | hash of the feed's chain | dense |
//! | `CONTAINED` | space, draft, revision | empty | – |
//! | `BODIES` | space, draft, revision | [`BodyRow`](super::body_row::BodyRow) | `ROWS` names all that have to be there |
//! | `PIECES` | space, draft, revision, piece | bytes of a revision | `BODIES` counts them |
//! | `AUDIT` | space, number | [`AuditRow`](super::rows::AuditRow) | dense |
//!
//! Their numbers are none of a store's tables', so that neither takes the other's for its own.

use crate::id::{DraftId, RevisionId};
use crate::storage::Table;

pub(super) const HUB: Table = Table::new(64);
pub(super) const SPACES: Table = Table::new(65);
pub(super) const ROWS: Table = Table::new(66);
pub(super) const FEED: Table = Table::new(67);
pub(super) const POSITIONS: Table = Table::new(68);
pub(super) const CONTAINED: Table = Table::new(69);
pub(super) const BODIES: Table = Table::new(70);
pub(super) const PIECES: Table = Table::new(71);
pub(super) const AUDIT: Table = Table::new(72);

/// All of them, with what they are for people.
pub(super) const ALL: [(Table, &str); 9] = [
    (HUB, "the hub"),
    (SPACES, "spaces"),
    (ROWS, "rows"),
    (FEED, "the feed"),
    (POSITIONS, "positions"),
    (CONTAINED, "what is contained"),
    (BODIES, "bodies"),
    (PIECES, "pieces"),
    (AUDIT, "the audit"),
];

pub(super) const HUB_KEY: &[u8] = b"hub";

/// Names a space in keys: half of a hash of its name, so that every key has the same width. The row has the whole name, and is
/// held against it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct SpaceKey([u8; 16]);

impl SpaceKey {
    pub(super) const LEN: usize = 16;

    pub(super) fn new(name: &str) -> Self {
        let mut key = [0; 16];
        blake3::Hasher::new_derive_key("draftkeep 1 space of a hub")
            .update(name.as_bytes())
            .finalize_xof()
            .fill(&mut key);
        Self(key)
    }

    pub(super) const fn bytes(&self) -> &[u8; 16] {
        &self.0
    }

    /// The space that a key of any table but the hub's own is of, and the draft in it, where it has one.
    pub(super) fn parse(key: &[u8]) -> Option<(Self, Option<DraftId>)> {
        let (space, rest) = key.split_first_chunk()?;
        Some((Self(*space), rest.first_chunk().map(|draft| DraftId::from_bytes(*draft))))
    }

    /// The key of a number in the feed, the positions or the audit.
    pub(super) fn number(&self, number: u64) -> Vec<u8> {
        [&self.0[..], &number.to_be_bytes()].concat()
    }

    pub(super) fn draft(&self, draft: DraftId) -> Vec<u8> {
        [&self.0[..], draft.as_bytes()].concat()
    }

    pub(super) fn revision(&self, draft: DraftId, revision: RevisionId) -> Vec<u8> {
        [&self.0[..], draft.as_bytes(), revision.as_bytes()].concat()
    }

    pub(super) fn piece(&self, draft: DraftId, revision: RevisionId, piece: u16) -> Vec<u8> {
        [&self.0[..], draft.as_bytes(), revision.as_bytes(), &piece.to_be_bytes()].concat()
    }
}

/// The number at the end of a key.
pub(super) fn number_of(key: &[u8]) -> Option<u64> {
    key.last_chunk::<8>().map(|bytes| u64::from_be_bytes(*bytes))
}
