//! All tables: what their keys are, who owns them, and which can be rebuilt from which.
//!
//! Numbers in keys are big-endian and of fixed width, so that the order of the bytes is the order that is meant; a
//! name of any length stands last in its key, so that no two keys can be the same for different parts.
//!
//! | table | key | value | rebuilt from |
//! |---|---|---|---|
//! | `META` | `"store"` | [`MetaRow`](super::rows::MetaRow) | – |
//! | `SPACES` | space | [`SpaceRow`](super::rows::SpaceRow) | – |
//! | `SPACE_NAMES` | name | space number | `SPACES` |
//! | `VERSIONS` | space, draft, version | [`VersionRow`](super::rows::VersionRow) | `HEADS` (the head only) |
//! | `ANCHORS` | space, draft, version, piece | bytes of an anchor | – |
//! | `HEADS` | space, draft | [`HeadRow`](super::rows::HeadRow) | `VERSIONS` |
//! | `HEAD_ANCHORS` | space, draft, version, piece | bytes of an anchor | `VERSIONS`, `ANCHORS` |
//! | `PACKS` | space, draft, first, last, piece | bytes of a pack | – |
//! | `LISTS` | space, kind, phase, place | [`ListRow`](super::rows::ListRow) | `HEADS` |
//! | `SLOTS` | space, kind, key | [`SlotRow`](super::rows::SlotRow) | `HEADS` |
//! | `PINS` | space, draft, version | empty record | – |
//! | `TOMBSTONES` | space, draft | when it was purged, and whether it was erased | – |
//! | `SIDES` | space, draft, version | [`Side`](super::sides::Side) | `VERSIONS`, `PACKS` |
//! | `LINKS` | space | [`LinkRow`](super::remote::rows::LinkRow) | – |
//! | `OUTBOX` | space, draft | [`OwedRow`](super::remote::rows::OwedRow) | a resync |
//! | `REMOTES` | space, draft | [`RemoteRow`](super::remote::rows::RemoteRow) | a resync |
//! | `ARRIVED` | space, draft | empty record: the row in `REMOTES` is not taken in yet | a resync |
//! | `ARRIVALS` | space, draft, piece | a main as it came, until it is taken in | the hub |
//! | `CONTAINS` | space, draft, revision | [`ContainedRow`](super::remote::rows::ContainedRow) | – |
//! | `POINTS` | space, number | [`PointRow`](super::points::PointRow) | – |
//! | `AUDIT` | space, number | [`AuditEntry`](super::audit::AuditEntry); under 0 the [`AuditRow`](super::audit::state::AuditRow) | – |
//! | `AUDIT_DRAFTS` | space, draft, number | empty record: the entry is about the draft | `AUDIT` |
//! | `KEYS` | space | [`KeysRow`](super::sealing::row::KeysRow), in a store that is sealed | `KEYS_AGAIN` |
//! | `KEYS_AGAIN` | space | the same | `KEYS` |
//! | `ERASED` | space, draft | [`ErasedRow`](super::erase::marker::ErasedRow) | `TOMBSTONES` |
//! | `KEYLESS` | space, draft, epoch, revision, piece | a revision as it came, until its key is here | the hub of that epoch |
//!
//! In a store that is sealed all but `META`, `SPACE_NAMES`, `KEYS` and `KEYS_AGAIN` hold sealed payloads. Table 25 is kept free for blobs.

use crate::error::Failure;
use crate::id::{DraftId, RevisionId};
use crate::phase::Phase;
use crate::records::view::View;
pub(crate) use crate::records::view::after;
use crate::storage::{Order, Scan, Table};

pub(crate) const META: Table = Table::new(0);
pub(crate) const SPACES: Table = Table::new(1);
pub(crate) const SPACE_NAMES: Table = Table::new(2);
pub(crate) const VERSIONS: Table = Table::new(3);
pub(crate) const ANCHORS: Table = Table::new(4);
pub(crate) const HEADS: Table = Table::new(5);
pub(crate) const HEAD_ANCHORS: Table = Table::new(6);
pub(crate) const PACKS: Table = Table::new(7);
pub(crate) const LISTS: Table = Table::new(8);
pub(crate) const SLOTS: Table = Table::new(9);
pub(crate) const PINS: Table = Table::new(10);
pub(crate) const TOMBSTONES: Table = Table::new(11);
pub(crate) const SIDES: Table = Table::new(12);
pub(crate) const LINKS: Table = Table::new(13);
pub(crate) const OUTBOX: Table = Table::new(14);
pub(crate) const REMOTES: Table = Table::new(15);
pub(crate) const ARRIVED: Table = Table::new(16);
pub(crate) const ARRIVALS: Table = Table::new(17);
pub(crate) const CONTAINS: Table = Table::new(18);
pub(crate) const POINTS: Table = Table::new(19);
pub(crate) const AUDIT: Table = Table::new(20);
pub(crate) const AUDIT_DRAFTS: Table = Table::new(21);
pub(crate) const KEYS: Table = Table::new(22);
pub(crate) const KEYS_AGAIN: Table = Table::new(23);
pub(crate) const ERASED: Table = Table::new(24);
pub(crate) const KEYLESS: Table = Table::new(26);

/// The tables of this release with their names, for `verify` and for people.
pub(crate) const ALL: [(Table, &str); 26] = [
    (META, "meta"),
    (SPACES, "spaces"),
    (SPACE_NAMES, "space names"),
    (VERSIONS, "versions"),
    (ANCHORS, "anchors"),
    (HEADS, "heads"),
    (HEAD_ANCHORS, "head anchors"),
    (PACKS, "packs"),
    (LISTS, "lists"),
    (SLOTS, "slots"),
    (PINS, "pins"),
    (TOMBSTONES, "tombstones"),
    (SIDES, "sides"),
    (LINKS, "links"),
    (OUTBOX, "outbox"),
    (REMOTES, "remotes"),
    (ARRIVED, "arrived"),
    (ARRIVALS, "arrivals"),
    (CONTAINS, "contains"),
    (POINTS, "restore points"),
    (AUDIT, "the audit"),
    (AUDIT_DRAFTS, "audited drafts"),
    (KEYS, "keys"),
    (KEYS_AGAIN, "keys, again"),
    (ERASED, "erased drafts"),
    (KEYLESS, "texts without a key"),
];

pub(crate) const META_KEY: &[u8] = b"store";

/// The number of a space in keys: 1, 2, 3, … in the order of their creation.
pub(crate) type SpaceNo = u32;

/// The number of a kind within its space: 1, 2, 3, …
pub(crate) type KindNo = u16;

/// Names a draft within the store.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) struct DraftKey {
    pub(crate) space: SpaceNo,
    pub(crate) draft: DraftId,
}

impl DraftKey {
    /// The key of the draft's row, and the prefix of every key of its versions.
    pub(crate) fn bytes(self) -> Vec<u8> {
        [&self.space.to_be_bytes()[..], self.draft.as_bytes()].concat()
    }

    pub(crate) fn version(self, version: u64) -> Vec<u8> {
        [&self.bytes()[..], &version.to_be_bytes()].concat()
    }

    pub(crate) fn piece(self, version: u64, piece: u16) -> Vec<u8> {
        [&self.version(version)[..], &piece.to_be_bytes()].concat()
    }

    pub(crate) fn pack_piece(self, first: u64, last: u64, piece: u16) -> Vec<u8> {
        [&self.version(first)[..], &last.to_be_bytes(), &piece.to_be_bytes()].concat()
    }

    /// A piece of what arrived for the draft.
    pub(crate) fn arrival(self, piece: u16) -> Vec<u8> {
        [&self.bytes()[..], &piece.to_be_bytes()].concat()
    }

    /// That an entry of the audit is about the draft.
    pub(crate) fn audited(self, number: u64) -> Vec<u8> {
        [&self.bytes()[..], &number.to_be_bytes()].concat()
    }

    pub(crate) fn revision(self, id: RevisionId) -> Vec<u8> {
        [&self.bytes()[..], id.as_bytes()].concat()
    }

    /// The prefix of every piece of a revision that a hub told of in an epoch.
    pub(crate) fn keyless(self, epoch: u64, id: RevisionId) -> Vec<u8> {
        [&self.epoch(epoch)[..], id.as_bytes()].concat()
    }

    pub(crate) fn keyless_piece(self, epoch: u64, id: RevisionId, piece: u16) -> Vec<u8> {
        [&self.keyless(epoch, id)[..], &piece.to_be_bytes()].concat()
    }

    /// The prefix of what a hub told of the draft in an epoch.
    pub(crate) fn epoch(self, epoch: u64) -> Vec<u8> {
        [&self.bytes()[..], &epoch.to_be_bytes()].concat()
    }

    pub(crate) fn parse(key: &[u8]) -> Option<Self> {
        let (space, rest) = key.split_first_chunk::<4>()?;
        let (draft, _) = rest.split_first_chunk::<{ DraftId::LEN }>()?;
        Some(Self { space: SpaceNo::from_be_bytes(*space), draft: DraftId::from_bytes(*draft) })
    }
}

/// The rows of a table whose keys are drafts of a space, in the order of their ids, from behind `last` on.
pub(crate) fn page_of_drafts(
    view: &impl View,
    table: Table,
    space: SpaceNo,
    last: Option<DraftKey>,
    limit: usize,
) -> Result<Vec<(DraftKey, Vec<u8>)>, Failure> {
    let from = last.map_or_else(|| space.to_be_bytes().to_vec(), |key| [&key.bytes()[..], &[0]].concat());
    let to = after(&space.to_be_bytes());
    let page = view.scan(table, Scan { from: &from, to: to.as_deref(), order: Order::Ascending, limit })?;
    let row = |(key, bytes): (Vec<u8>, Vec<u8>)| {
        let key = DraftKey::parse(&key).ok_or_else(|| Failure::corrupt(None, "a key is too short"))?;
        Ok((key, bytes))
    };
    page.into_iter().map(row).collect()
}

/// The revision in a key that begins with a draft and ends with a revision.
pub(crate) fn revision_of(key: &[u8]) -> Option<RevisionId> {
    key.get(4 + DraftId::LEN..)?.try_into().ok().map(RevisionId::from_bytes)
}

/// The epoch and the revision in a key that begins with a draft and both.
pub(crate) fn keyless_of(key: &[u8]) -> Option<(u64, RevisionId)> {
    let id = key.get(4 + DraftId::LEN + 8..)?.first_chunk::<{ RevisionId::LEN }>()?;
    Some((number_at(key, 4 + DraftId::LEN)?, RevisionId::from_bytes(*id)))
}

/// The version in a key that begins with a draft and a version.
pub(crate) fn version_of(key: &[u8]) -> Option<u64> {
    number_at(key, 4 + DraftId::LEN)
}

/// The last version in the key of a pack's piece.
pub(crate) fn pack_last_of(key: &[u8]) -> Option<u64> {
    number_at(key, 4 + DraftId::LEN + 8)
}

fn number_at(key: &[u8], at: usize) -> Option<u64> {
    key.get(at..)?.first_chunk::<8>().map(|bytes| u64::from_be_bytes(*bytes))
}

/// One list: the drafts of a kind in a phase.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) struct ListKey {
    pub(crate) space: SpaceNo,
    pub(crate) kind: KindNo,
    pub(crate) phase: Phase,
}

impl ListKey {
    fn prefix(self) -> Vec<u8> {
        [&self.space.to_be_bytes()[..], &self.kind.to_be_bytes(), &[self.phase.number()]].concat()
    }

    /// The row that says how the list begins and how long it is. It sorts before all places.
    pub(crate) fn top(self) -> Vec<u8> {
        self.place(u64::MAX)
    }

    /// The row of a place; larger places are newer and sort first.
    pub(crate) fn place(self, place: u64) -> Vec<u8> {
        [&self.prefix()[..], &(!place).to_be_bytes()].concat()
    }

    /// The first key behind the list.
    pub(crate) fn end(self) -> Vec<u8> {
        [&self.prefix()[..], &[0xff; 9]].concat()
    }
}

/// The place in the key of a list row.
pub(crate) fn place_of(key: &[u8]) -> Option<u64> {
    key.last_chunk::<8>().map(|bytes| !u64::from_be_bytes(*bytes))
}

pub(crate) fn slot(space: SpaceNo, kind: KindNo, key: &[u8]) -> Vec<u8> {
    [&space.to_be_bytes()[..], &kind.to_be_bytes(), key].concat()
}

/// The key of a restore point.
pub(crate) fn point(space: SpaceNo, number: u64) -> Vec<u8> {
    [&space.to_be_bytes()[..], &number.to_be_bytes()].concat()
}

/// The number in the key of a restore point.
pub(crate) fn point_of(key: &[u8]) -> Option<u64> {
    number_at(key, 4)
}

/// The key of an entry of a space's audit; the entries begin with 1, and under 0 stands how far they go.
pub(crate) fn audit(space: SpaceNo, number: u64) -> Vec<u8> {
    [&space.to_be_bytes()[..], &number.to_be_bytes()].concat()
}

/// The number in the key of an entry.
pub(crate) fn audit_of(key: &[u8]) -> Option<u64> {
    number_at(key, 4)
}

/// The number in the key of a draft's entry.
pub(crate) fn audited_of(key: &[u8]) -> Option<u64> {
    number_at(key, 4 + DraftId::LEN)
}

/// Where a slot's own key begins in the key of its row.
pub(crate) const SLOT_PREFIX: usize = 6;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn places_sort_newest_first_behind_the_top() {
        let list = ListKey { space: 1, kind: 2, phase: Phase::Open };
        let keys = [list.top(), list.place(9), list.place(8), list.place(0), list.end()];
        assert!(keys.is_sorted());
        assert_eq!(place_of(&list.place(9)), Some(9));
    }

    #[test]
    fn the_parts_of_a_key_come_back() {
        let draft = DraftKey { space: 7, draft: DraftId::from_bytes([3; 16]) };
        assert_eq!(DraftKey::parse(&draft.piece(5, 1)), Some(draft));
        assert_eq!(version_of(&draft.version(5)), Some(5));
        assert_eq!(pack_last_of(&draft.pack_piece(5, 9, 0)), Some(9));
        let id = RevisionId::from_bytes([8; 32]);
        assert_eq!(keyless_of(&draft.keyless_piece(5, id, 2)), Some((5, id)));
    }
}
