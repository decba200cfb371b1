//! What the records of this folder hold.

use crate::clock::Timestamp;
use crate::codec::{CodecError, Fields, Unknown, Writer};
use crate::fault;
use crate::id::{HubId, KeyId, RevisionId};
use crate::position::Position;
use crate::vector::VersionVector;

const FORMAT: u8 = 1;

fn small(number: u64, tag: u64) -> Result<u32, CodecError> {
    u32::try_from(number).map_err(|_| CodecError::Malformed(tag))
}

/// What a space knows of its hub.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct LinkRow {
    pub(crate) hub: HubId,
    /// Counts how often all rows had to be learnt anew: what was known in an earlier epoch is not known any more.
    pub(crate) epoch: u64,
    /// Rows up to this number are pulled.
    pub(crate) cursor: u64,
    /// The highest position that the hub told, by a page or by an answer to a push.
    pub(crate) seen: Option<Position>,
    /// A pull was carried to its end in this epoch, and whatever the hub turned out not to have is in the outbox.
    pub(crate) is_complete: bool,
    /// The application switched syncing off.
    pub(crate) is_disabled: bool,
    /// How many cycles failed in a row, and when the next one may begin.
    pub(crate) attempts: u32,
    pub(crate) retry_at: Timestamp,
    /// When a cycle was last carried to its end, to the minute.
    pub(crate) synced_at: Timestamp,
    /// Why the last cycle failed, if it did.
    pub(crate) error: Option<String>,
    pub(crate) unknown: Unknown,
}

impl LinkRow {
    pub(crate) fn new(hub: HubId, epoch: u64) -> Self {
        Self {
            hub,
            epoch,
            cursor: 0,
            seen: None,
            is_complete: false,
            is_disabled: false,
            attempts: 0,
            retry_at: Timestamp::default(),
            synced_at: Timestamp::default(),
            error: None,
            unknown: Unknown::default(),
        }
    }

    pub(crate) fn encode(&self) -> Vec<u8> {
        let mut writer = Writer::new(FORMAT);
        writer.bytes(1, self.hub.as_bytes());
        writer.number(2, self.epoch);
        writer.number_unless_zero(3, self.cursor);
        if let Some(seen) = self.seen {
            writer.number(4, seen.seq);
            writer.bytes(5, &seen.chain);
        }
        writer.number_unless_zero(6, self.is_complete.into());
        writer.number_unless_zero(7, self.is_disabled.into());
        writer.number_unless_zero(8, self.attempts.into());
        writer.number_unless_zero(9, self.retry_at.as_millis());
        writer.number_unless_zero(10, self.synced_at.as_millis());
        writer.bytes_unless_empty(11, self.error.as_deref().unwrap_or_default().as_bytes());
        writer.unknown(&self.unknown);
        writer.finish()
    }

    pub(crate) fn decode(bytes: &[u8]) -> Result<Self, CodecError> {
        let fields = Fields::parse(bytes, FORMAT)?;
        let seen = match (fields.optional_number(4)?, fields.optional_array(5)?) {
            (Some(seq), Some(chain)) => Some(Position { seq, chain }),
            (None, None) => None,
            _ => return Err(CodecError::Malformed(4)),
        };
        Ok(Self {
            hub: HubId::from_bytes(fields.array(1)?),
            epoch: fields.number(2)?,
            cursor: fields.number(3)?,
            seen,
            is_complete: fields.number(6)? != 0,
            is_disabled: fields.number(7)? != 0,
            attempts: small(fields.number(8)?, 8)?,
            retry_at: Timestamp::from_millis(fields.number(9)?),
            synced_at: Timestamp::from_millis(fields.number(10)?),
            error: fields.text(11)?,
            unknown: fields.unknown_above(11),
        })
    }
}

/// A draft that the hub does not have as it is here.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(crate) struct OwedRow {
    /// Since when, and since which version.
    pub(crate) since: Timestamp,
    pub(crate) version: u64,
    /// How many pushes of it were refused or not answered, in a row.
    pub(crate) attempts: u32,
    /// Why it is not pushed any more until somebody says so, or until it changes.
    pub(crate) parked: Option<Parking>,
    /// It was held back as not valid, and was not found valid since: somebody is still at it.
    pub(crate) is_unfinished: bool,
    /// The draft is erased, and the hub has to be told.
    pub(crate) is_erasure: bool,
    pub(crate) unknown: Unknown,
}

/// Why a draft is not pushed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Parking {
    /// The number of the reason, which the floor above gives its meaning.
    pub(crate) code: u32,
    pub(crate) reason: String,
}

impl Parking {
    /// The number of what this device holds back because it is not valid. Every cycle looks at it anew: the text may have been mended, or the
    /// application updated.
    pub(crate) const NOT_VALID: u32 = 9;

    /// The number of what was erased elsewhere.
    pub(crate) const ERASED: u32 = 5;

    /// Whether the next cycle looks at it anew.
    pub(crate) fn is_looked_at_anew(&self) -> bool {
        self.code == Self::NOT_VALID
    }
}

impl OwedRow {
    pub(crate) fn encode(&self) -> Vec<u8> {
        let mut writer = Writer::new(FORMAT);
        writer.number_unless_zero(1, self.since.as_millis());
        writer.number_unless_zero(2, self.version);
        writer.number_unless_zero(3, self.attempts.into());
        if let Some(parked) = &self.parked {
            writer.number(4, parked.code.into());
            writer.bytes(5, parked.reason.as_bytes());
        }
        writer.number_unless_zero(6, self.is_unfinished.into());
        writer.number_unless_zero(7, self.is_erasure.into());
        writer.unknown(&self.unknown);
        writer.finish()
    }

    pub(crate) fn decode(bytes: &[u8]) -> Result<Self, CodecError> {
        let fields = Fields::parse(bytes, FORMAT)?;
        let parked = match fields.optional_number(4)? {
            None => None,
            Some(code) => {
                let reason = fields.text(5)?.ok_or(CodecError::Missing(5))?;
                Some(Parking { code: small(code, 4)?, reason })
            }
        };
        Ok(Self {
            since: Timestamp::from_millis(fields.number(1)?),
            version: fields.number(2)?,
            attempts: small(fields.number(3)?, 3)?,
            parked,
            is_unfinished: fields.number(6)? != 0,
            is_erasure: fields.number(7)? != 0,
            unknown: fields.unknown_above(7),
        })
    }
}

/// The most forks that went, of one draft, that are kept in mind: many times as many as may be open at once.
const GONE_MAX: usize = 512;

/// What the hub said of a draft.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct RemoteRow {
    /// The epoch in which it said so.
    pub(crate) epoch: u64,
    /// The number of the draft's last change in the feed.
    pub(crate) seq: u64,
    pub(crate) main: RevisionId,
    pub(crate) forks: Vec<RevisionId>,
    /// What were forks in this epoch, and are none any more. A fork goes only when something that contains it is accepted, so the
    /// hub has them, as its main or within what it has.
    pub(crate) gone: Vec<RevisionId>,
    /// In how many records the main's revision waits in `ARRIVALS`; 0 where it is to be asked for, or was taken in.
    pub(crate) pieces: u16,
    /// Why it cannot be taken in, for people, and the number of the reason, which the floor above gives its meaning.
    pub(crate) blocked: Option<String>,
    pub(crate) blocked_by: u32,
    /// The last revision of the head's line that the hub was sent, or that came from it: what the next edit is made from.
    pub(crate) line: Option<RevisionId>,
    /// What was given up here: the texts are in the history, and no edit of another text may seem to contain them.
    pub(crate) given_up: VersionVector,
    /// How many deltas the main's document is made by on the hub, as far as this device knows; 0 for a whole one, and where it does
    /// not know.
    pub(crate) deltas: usize,
    /// The key that the main's body is sealed with on the hub, as far as this device knows.
    pub(crate) key: Option<KeyId>,
    /// The hub says that the draft was erased, at this time: then the marker's MAC stands in the place of the main, and there is nothing of
    /// the draft there.
    pub(crate) erased: Option<Timestamp>,
    pub(crate) unknown: Unknown,
}

impl RemoteRow {
    /// What the hub says now, in place of what it said before. What this device noted itself stays.
    pub(crate) fn after(
        before: Option<&Self>,
        (epoch, seq): (u64, u64),
        main: RevisionId,
        forks: Vec<RevisionId>,
    ) -> Self {
        let known = before.filter(|before| before.epoch == epoch);
        let mut gone: Vec<RevisionId> =
            known.into_iter().flat_map(|row| row.gone.iter().chain(&row.forks)).copied().collect();
        gone.retain(|id| !forks.contains(id));
        // Which of them went first is nothing that anything depends on: one that is left out is offered to the hub once more.
        if !fault::on("forks-that-went-kept-without-limit") {
            gone.drain(..gone.len().saturating_sub(GONE_MAX));
        }
        Self {
            epoch,
            seq,
            main,
            forks,
            gone,
            pieces: 0,
            blocked: None,
            blocked_by: 0,
            line: before.and_then(|before| before.line),
            given_up: before.map(|before| before.given_up.clone()).unwrap_or_default(),
            deltas: 0,
            key: None,
            erased: None,
            unknown: before.map(|before| before.unknown.clone()).unwrap_or_default(),
        }
    }

    /// In place of the number of a reason: somebody wants it taken in, although it is not valid.
    pub(crate) const WANTED: u32 = 255;

    /// In place of the number of a reason: the hub says that it was erased, and somebody wants to keep it here.
    pub(crate) const KEPT: u32 = 254;

    /// Whether the hub says that the draft was erased, and somebody wants to keep it here all the same.
    pub(crate) fn is_kept(&self) -> bool {
        self.erased.is_some() && self.blocked_by == Self::KEPT
    }

    /// Whether somebody wants it taken in, although it is not valid.
    pub(crate) fn is_wanted(&self) -> bool {
        self.blocked_by == Self::WANTED
    }

    /// Whether the hub said that it has a revision: as its main, as a fork, or in what it took in place of a fork.
    pub(crate) fn has(&self, id: RevisionId) -> bool {
        if self.erased.is_some() {
            return false;
        }
        let is_gone = self.gone.contains(&id) && !fault::on("fork-within-another-sent-again");
        self.main == id || self.forks.contains(&id) || is_gone
    }

    pub(crate) fn encode(&self) -> Vec<u8> {
        let forks: Vec<[u8; 32]> = self.forks.iter().map(|id| *id.as_bytes()).collect();
        let mut writer = Writer::new(FORMAT);
        writer.number(1, self.epoch);
        writer.number(2, self.seq);
        writer.bytes(3, self.main.as_bytes());
        writer.bytes_unless_empty(4, forks.as_flattened());
        writer.number_unless_zero(5, self.pieces.into());
        writer.bytes_unless_empty(6, self.blocked.as_deref().unwrap_or_default().as_bytes());
        writer.bytes_unless_empty(7, self.line.as_ref().map_or(&[], |line| &line.as_bytes()[..]));
        writer.bytes_unless_empty(8, &self.given_up.encode());
        writer.number_unless_zero(9, self.deltas as u64);
        let gone: Vec<[u8; 32]> = self.gone.iter().map(|id| *id.as_bytes()).collect();
        writer.bytes_unless_empty(10, gone.as_flattened());
        writer.number_unless_zero(11, self.blocked_by.into());
        writer.bytes_unless_empty(12, self.key.as_ref().map_or(&[], |key| &key.as_bytes()[..]));
        if let Some(at) = self.erased {
            writer.number(13, at.as_millis());
        }
        writer.unknown(&self.unknown);
        writer.finish()
    }

    pub(crate) fn decode(bytes: &[u8]) -> Result<Self, CodecError> {
        let fields = Fields::parse(bytes, FORMAT)?;
        let ids = |tag| {
            let (ids, rest) = fields.bytes(tag).as_chunks::<32>();
            let ids = ids.iter().map(|id| RevisionId::from_bytes(*id)).collect::<Vec<_>>();
            if rest.is_empty() { Ok(ids) } else { Err(CodecError::Malformed(tag)) }
        };
        Ok(Self {
            epoch: fields.number(1)?,
            seq: fields.number(2)?,
            main: RevisionId::from_bytes(fields.array(3)?),
            forks: ids(4)?,
            gone: ids(10)?,
            pieces: u16::try_from(fields.number(5)?).map_err(|_| CodecError::Malformed(5))?,
            blocked: fields.text(6)?,
            line: fields.optional_array(7)?.map(RevisionId::from_bytes),
            given_up: VersionVector::decode(8, fields.bytes(8))?,
            deltas: usize::try_from(fields.number(9)?).map_err(|_| CodecError::Malformed(9))?,
            blocked_by: small(fields.number(11)?, 11)?,
            key: fields.optional_array(12)?.map(KeyId::from_bytes),
            erased: fields.optional_number(13)?.map(Timestamp::from_millis),
            unknown: fields.unknown_above(13),
        })
    }
}

/// A revision that a draft's head contains, or a side of its conflict.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct ContainedRow {
    /// The first version of the head's line that contains it.
    pub(crate) since: u64,
    /// The version that it is itself; 0 where its text is not here.
    pub(crate) version: u64,
    /// The version of the side that alone contains it; 0 where the head does.
    pub(crate) side: u64,
    /// The epoch in which the hub's main was last known to contain it; 0 where it is not known to.
    pub(crate) epoch: u64,
    /// What it contains itself; empty where that is not known.
    pub(crate) vector: VersionVector,
    /// A side that contains it as the head does: what both parted from. 0 where there is none.
    pub(crate) also: u64,
}

impl ContainedRow {
    pub(crate) fn encode(&self) -> Vec<u8> {
        let mut writer = Writer::new(FORMAT);
        writer.number(1, self.since);
        writer.number_unless_zero(2, self.version);
        writer.number_unless_zero(3, self.side);
        writer.number_unless_zero(4, self.epoch);
        writer.bytes_unless_empty(5, &self.vector.encode());
        writer.number_unless_zero(6, self.also);
        writer.finish()
    }

    pub(crate) fn decode(bytes: &[u8]) -> Result<Self, CodecError> {
        let fields = Fields::parse(bytes, FORMAT)?;
        Ok(Self {
            since: fields.number(1)?,
            version: fields.number(2)?,
            side: fields.number(3)?,
            epoch: fields.number(4)?,
            vector: VersionVector::decode(5, fields.bytes(5))?,
            also: fields.number(6)?,
        })
    }
}
