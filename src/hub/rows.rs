//! The values of a hub's tables, in the codec of everything that is stored.

use crate::clock::Timestamp;
use crate::codec::{CodecError, Fields, Unknown, Writer, put_varint, take, take_varint};
use crate::fault;
use crate::id::{DraftId, HubId, RevisionId};
use crate::transport::{CHAIN_MAX, FORKS_MAX, Marker, Position};
use std::collections::{BTreeMap, BTreeSet};

const FORMAT: u8 = 1;

/// What the hub is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct HubRow {
    pub(super) id: HubId,
    pub(super) created: Timestamp,
    pub(super) unknown: Unknown,
}

impl HubRow {
    pub(super) fn encode(&self) -> Vec<u8> {
        let mut writer = Writer::new(FORMAT);
        writer.bytes(1, self.id.as_bytes());
        writer.number_unless_zero(2, self.created.as_millis());
        writer.unknown(&self.unknown);
        writer.finish()
    }

    pub(super) fn decode(bytes: &[u8]) -> Result<Self, CodecError> {
        let fields = Fields::parse(bytes, FORMAT)?;
        Ok(Self {
            id: HubId::from_bytes(fields.array(1)?),
            created: Timestamp::from_millis(fields.number(2)?),
            unknown: fields.unknown_above(2),
        })
    }
}

/// How far a space is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct SpaceRow {
    pub(super) name: String,
    /// Where the feed ends. The draft that changed last stands there.
    pub(super) position: Position,
    /// How many drafts there are.
    pub(super) drafts: u64,
    /// The number of the last entry in the audit.
    pub(super) audited: u64,
    /// How many forks all drafts have together.
    pub(super) forks: u64,
    /// How many bytes all revisions have together whose bodies are kept.
    pub(super) bytes: u64,
    /// How many of the drafts are erased: nothing is here of them but their markers.
    pub(super) erased: u64,
    pub(super) unknown: Unknown,
}

impl SpaceRow {
    pub(super) fn new(hub: HubId, name: &str) -> Self {
        let position = Position::start(hub, name);
        let unknown = Unknown::default();
        Self { name: name.to_owned(), position, drafts: 0, audited: 0, forks: 0, bytes: 0, erased: 0, unknown }
    }

    pub(super) fn encode(&self) -> Vec<u8> {
        let mut writer = Writer::new(FORMAT);
        writer.bytes(1, self.name.as_bytes());
        writer.number_unless_zero(2, self.position.seq);
        writer.bytes(3, &self.position.chain);
        writer.number_unless_zero(4, self.drafts);
        writer.number_unless_zero(5, self.audited);
        writer.number_unless_zero(6, self.forks);
        writer.number_unless_zero(7, self.bytes);
        writer.number_unless_zero(8, self.erased);
        writer.unknown(&self.unknown);
        writer.finish()
    }

    pub(super) fn decode(bytes: &[u8]) -> Result<Self, CodecError> {
        let fields = Fields::parse(bytes, FORMAT)?;
        Ok(Self {
            name: fields.text(1)?.ok_or(CodecError::Missing(1))?,
            position: Position { seq: fields.number(2)?, chain: fields.array(3)? },
            drafts: fields.number(4)?,
            audited: fields.number(5)?,
            forks: fields.number(6)?,
            bytes: fields.number(7)?,
            erased: fields.number(8)?,
            unknown: fields.unknown_above(8),
        })
    }
}

/// What the hub has of a draft.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct DraftRow {
    /// The number of its last change in the feed.
    pub(super) seq: u64,
    pub(super) main: RevisionId,
    /// The mains before it whose bodies are kept, the newest first.
    pub(super) mains: Vec<RevisionId>,
    /// Copies in conflict, in the order in which they came.
    pub(super) forks: Vec<Fork>,
    /// Which bodies that are kept are deltas, and of which other one that is kept.
    pub(super) bases: BTreeMap<RevisionId, RevisionId>,
    /// The number of its first push in the feed.
    pub(super) began: u64,
    /// When that was, by the hub's clock.
    pub(super) began_at: Timestamp,
    /// When it was erased, by the clock of the device that did: then nothing of it is here, and the marker's MAC stands in the place of the
    /// main.
    pub(super) erased: Option<Timestamp>,
    pub(super) unknown: Unknown,
}

/// A copy in conflict.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Fork {
    pub(super) id: RevisionId,
    /// Those of its parents whose bodies were here when it came: they are kept as long as it is open.
    pub(super) bases: Vec<RevisionId>,
}

impl Fork {
    /// The most parents that are kept for one fork: what keeps a row within one record.
    pub(super) const BASES_MAX: usize = 16;
}

/// The most mains that are kept beside the one that counts: what keeps a row within one record.
pub(super) const MAINS_MAX: usize = 256;

/// The most bodies of a draft that are deltas: what keeps a row within one record.
pub(super) const BASES_MAX: usize = 256;

impl DraftRow {
    /// The row of a draft that is erased.
    pub(super) fn gone(marker: &Marker, seq: u64, (began, began_at): (u64, Timestamp)) -> Self {
        Self {
            seq,
            main: marker.chained(),
            mains: Vec::new(),
            forks: Vec::new(),
            bases: BTreeMap::new(),
            began,
            began_at,
            erased: Some(marker.at),
            unknown: Unknown::default(),
        }
    }

    /// What says that it is erased, where it is.
    pub(super) fn marker(&self, draft: DraftId) -> Option<Marker> {
        self.erased.map(|at| Marker { draft, at, mac: *self.main.as_bytes() })
    }

    /// The ids of all forks.
    pub(super) fn fork_ids(&self) -> Vec<RevisionId> {
        self.forks.iter().map(|fork| fork.id).collect()
    }

    /// Everything whose body has to be here: what the row names, and what that builds on.
    pub(super) fn held(&self) -> BTreeSet<RevisionId> {
        if self.erased.is_some() {
            return BTreeSet::new();
        }
        let forks = self.forks.iter().flat_map(|fork| fork.bases.iter().copied().chain([fork.id]));
        let named: BTreeSet<RevisionId> = forks.chain(self.mains.iter().copied()).chain([self.main]).collect();
        if fault::on("hub-drops-what-deltas-build-on") {
            return named;
        }
        let below: Vec<RevisionId> = named.iter().flat_map(|id| self.chain(*id)).collect();
        named.into_iter().chain(below).collect()
    }

    /// What the body of a revision builds on, the whole one first; empty where it is whole itself.
    pub(super) fn chain(&self, id: RevisionId) -> Vec<RevisionId> {
        let below = std::iter::successors(self.bases.get(&id), |base| self.bases.get(base));
        // A row that goes in circles is damaged: then too many are missed, and not looked for for ever.
        let mut chain: Vec<RevisionId> = below.copied().take(CHAIN_MAX + 1).collect();
        chain.reverse();
        chain
    }

    pub(super) fn encode(&self) -> Vec<u8> {
        let mut writer = Writer::new(FORMAT);
        writer.number(1, self.seq);
        writer.bytes(2, self.main.as_bytes());
        writer.bytes_unless_empty(3, &concat(&self.mains));
        let mut forks = Vec::new();
        for Fork { id, bases } in &self.forks {
            forks.extend_from_slice(id.as_bytes());
            put_varint(&mut forks, bases.len() as u64);
            forks.extend(concat(bases));
        }
        writer.bytes_unless_empty(4, &forks);
        let bases: Vec<RevisionId> = self.bases.iter().flat_map(|(id, base)| [*id, *base]).collect();
        writer.bytes_unless_empty(5, &concat(&bases));
        writer.number(6, self.began);
        writer.number_unless_zero(7, self.began_at.as_millis());
        if let Some(at) = self.erased {
            writer.number(8, at.as_millis());
        }
        writer.unknown(&self.unknown);
        writer.finish()
    }

    pub(super) fn decode(bytes: &[u8]) -> Result<Self, CodecError> {
        let fields = Fields::parse(bytes, FORMAT)?;
        let mut forks = Vec::new();
        let mut rest = fields.bytes(4);
        while !rest.is_empty() {
            let id = ids(take(&mut rest, RevisionId::LEN)?, 4)?[0];
            let count = usize::try_from(take_varint(&mut rest)?).map_err(|_| CodecError::Malformed(4))?;
            if count > Fork::BASES_MAX || forks.len() == FORKS_MAX {
                return Err(CodecError::Malformed(4));
            }
            forks.push(Fork { id, bases: ids(take(&mut rest, count * RevisionId::LEN)?, 4)? });
        }
        let (bases, rest) = fields.bytes(5).as_chunks::<{ 2 * RevisionId::LEN }>();
        let bases: Vec<Vec<RevisionId>> = bases.iter().map(|pair| ids(pair, 5)).collect::<Result<_, _>>()?;
        if !rest.is_empty() || bases.len() > BASES_MAX || !bases.is_sorted_by(|a, b| a[0] < b[0]) {
            return Err(CodecError::Malformed(5));
        }
        Ok(Self {
            seq: fields.number(1)?,
            main: RevisionId::from_bytes(fields.array(2)?),
            mains: ids(fields.bytes(3), 3)?,
            forks,
            bases: bases.into_iter().map(|pair| (pair[0], pair[1])).collect(),
            began: fields.number(6)?,
            began_at: Timestamp::from_millis(fields.number(7)?),
            erased: fields.optional_number(8)?.map(Timestamp::from_millis),
            unknown: fields.unknown_above(8),
        })
    }
}

fn concat(ids: &[RevisionId]) -> Vec<u8> {
    ids.iter().flat_map(|id| *id.as_bytes()).collect()
}

fn ids(bytes: &[u8], tag: u64) -> Result<Vec<RevisionId>, CodecError> {
    let (ids, rest) = bytes.as_chunks::<{ RevisionId::LEN }>();
    if rest.is_empty() {
        Ok(ids.iter().map(|id| RevisionId::from_bytes(*id)).collect())
    } else {
        Err(CodecError::Malformed(tag))
    }
}

/// A draft in the feed, at its last change.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct FeedRow {
    pub(super) draft: DraftId,
    /// The number before this one in the feed, 0 for none: a row that the engine does not return is missed.
    pub(super) before: u64,
    pub(super) unknown: Unknown,
}

impl FeedRow {
    pub(super) fn encode(&self) -> Vec<u8> {
        let mut writer = Writer::new(FORMAT);
        writer.bytes(1, self.draft.as_bytes());
        writer.number_unless_zero(2, self.before);
        writer.unknown(&self.unknown);
        writer.finish()
    }

    pub(super) fn decode(bytes: &[u8]) -> Result<Self, CodecError> {
        let fields = Fields::parse(bytes, FORMAT)?;
        Ok(Self {
            draft: DraftId::from_bytes(fields.array(1)?),
            before: fields.number(2)?,
            unknown: fields.unknown_above(2),
        })
    }
}
