//! An entry: its bytes, and its hash over the one before.
//!
//! ```text
//! payload := record(tags below 127) 7F 20 hash[32]
//! hash    := BLAKE3(hash of the entry before, number u64 little-endian, payload up to 7F)
//! ```
//!
//! The hash stands in the entry itself, so that of two neighbours that do not fit the altered one can be told; and it is
//! over bytes, so that a release which does not know all of them proves them as well.

use super::action::AuditAction;
use super::codes::Coded;
use super::saves::AuditedSaves;
use super::state::AuditHead;
use crate::clock::Timestamp;
use crate::codec::{CodecError, Fields, Writer};
use crate::fault;
use crate::id::{DraftId, EventId, ReplicaId, RevisionId, TraceId};

const FORMAT: u8 = 1;
const HASH: u64 = 127;

pub(super) const HASH_LEN: usize = 32;

/// The hash with its tag and length.
const TAIL: usize = 2 + HASH_LEN;

/// Something that happened, as the space's audit keeps it. Never any text of a document, no name and no key.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct AuditEntry {
    /// Its number in its space: 1, 2, 3, … without gaps.
    pub number: u64,
    /// Names it wherever it is copied to. The [event](crate::Event) that tells the same has it, too.
    pub event: EventId,
    /// When, by this device's clock. Numbers say the order, not times.
    pub at: Timestamp,
    /// What happened.
    pub action: AuditAction,
    /// The draft, where it concerns one.
    pub draft: Option<DraftId>,
    /// The revision that it is about: one that was pushed, parked or refused, else the draft's head afterwards.
    pub revision: Option<RevisionId>,
    /// All versions of the draft up to then, in short: this is how saves are in the audit. None where it is about no draft, or a
    /// draft that is not here.
    pub saves: Option<AuditedSaves>,
    /// The call that it belongs to: the same id stands in the events, the log, the call's error, and the hub's audit.
    pub trace: TraceId,
    /// The store that wrote it.
    pub replica: ReplicaId,
    /// The name of the device, where it has one.
    pub device: Option<String>,
    /// The hash over it and all before it.
    pub hash: [u8; 32],
    /// The number of the entry about the same draft before it; 0 where there is none.
    pub(crate) prior: u64,
    /// On how many days the space had been opened by then.
    pub(crate) days: u64,
}

impl AuditEntry {
    /// It, by number and hash.
    #[must_use]
    pub fn head(&self) -> AuditHead {
        AuditHead { number: self.number, hash: self.hash }
    }

    /// Chains it to the one before, and gives its bytes.
    pub(super) fn seal(&mut self, before: AuditHead) -> Vec<u8> {
        let body = self.body();
        self.hash = chained(before, self.number, &body);
        let mut payload = body;
        payload.extend([0x7f, 0x20]);
        payload.extend(self.hash);
        payload
    }

    fn body(&self) -> Vec<u8> {
        let Coded { code, numbers: [a, b, c], id } = self.action.coded();
        let mut writer = Writer::new(FORMAT);
        writer.bytes(1, self.event.as_bytes());
        writer.number_unless_zero(2, self.at.as_millis());
        writer.number(3, code.into());
        writer.number_unless_zero(4, a);
        writer.number_unless_zero(5, b);
        writer.number_unless_zero(6, c);
        if let Some(id) = id {
            writer.bytes(7, &id);
        }
        if let Some(draft) = self.draft {
            writer.bytes(8, draft.as_bytes());
        }
        if let Some(revision) = self.revision {
            writer.bytes(9, revision.as_bytes());
        }
        if let Some(saves) = self.saves {
            writer.number(10, saves.from);
            writer.number(11, saves.to);
            writer.bytes(12, &saves.hash);
        }
        writer.bytes(13, self.trace.as_bytes());
        writer.bytes(14, self.replica.as_bytes());
        if let Some(device) = &self.device {
            writer.bytes(15, device.as_bytes());
        }
        writer.number_unless_zero(16, self.prior);
        writer.number_unless_zero(17, self.days);
        writer.finish()
    }

    pub(crate) fn decode(number: u64, bytes: &[u8]) -> Result<Self, CodecError> {
        let fields = Fields::parse(bytes, FORMAT)?;
        let code = u32::try_from(fields.number(3)?).map_err(|_| CodecError::Malformed(3))?;
        let numbers = [fields.number(4)?, fields.number(5)?, fields.number(6)?];
        let saves = match (fields.optional_number(10)?, fields.optional_number(11)?, fields.optional_array(12)?) {
            (None, None, None) => None,
            (Some(from), Some(to), Some(hash)) => Some(AuditedSaves { from, to, hash }),
            _ => return Err(CodecError::Malformed(10)),
        };
        Ok(Self {
            number,
            event: EventId::from_bytes(fields.array(1)?),
            at: Timestamp::from_millis(fields.number(2)?),
            action: AuditAction::of_code(Coded { code, numbers, id: fields.optional_array(7)? }, 3)?,
            draft: fields.optional_array(8)?.map(DraftId::from_bytes),
            revision: fields.optional_array(9)?.map(RevisionId::from_bytes),
            saves,
            trace: TraceId::from_bytes(fields.array(13)?),
            replica: ReplicaId::from_bytes(fields.array(14)?),
            device: fields.text(15)?,
            prior: fields.number(16)?,
            days: fields.number(17)?,
            hash: fields.array(HASH)?,
        })
    }
}

/// The hash of an entry that stands behind another one.
fn chained(before: AuditHead, number: u64, body: &[u8]) -> [u8; HASH_LEN] {
    let mut hasher = blake3::Hasher::new();
    if !fault::on("audit-not-chained") {
        hasher.update(&before.hash);
    }
    *hasher.update(&number.to_le_bytes()).update(body).finalize().as_bytes()
}

/// Whether an entry's bytes say what was written behind the one before it.
pub(super) fn follows(before: AuditHead, number: u64, payload: &[u8]) -> bool {
    payload.split_last_chunk::<TAIL>().is_some_and(|(body, tail)| {
        let [0x7f, 0x20, hash @ ..] = tail else { return false };
        chained(before, number, body) == *hash
    })
}

#[cfg(test)]
mod tests {
    use super::super::action::Guard;
    use super::*;
    use crate::id::HubId;

    fn all() -> Vec<AuditAction> {
        let (to, hub) = (DraftId::from_bytes([7; 16]), HubId::from_bytes([8; 16]));
        let guards = (0..=8).map(Guard::from_number);
        let mut all: Vec<AuditAction> = guards.clone().map(|guard| AuditAction::Parked { guard }).collect();
        all.extend(guards.map(|guard| AuditAction::PassedOver { guard }));
        all.extend([
            AuditAction::Started,
            AuditAction::Promoted,
            AuditAction::Archived,
            AuditAction::Reopened,
            AuditAction::Discarded,
            AuditAction::Purged,
            AuditAction::Erased { versions: 3, unsynced: 2 },
            AuditAction::KeptOut,
            AuditAction::ErasedElsewhere { versions: 4, unsynced: 1 },
            AuditAction::PushedErasure,
            AuditAction::ErasureDeclined,
            AuditAction::Restored { from: 1, version: 300 },
            AuditAction::BroughtBack { version: 301 },
            AuditAction::Checkpointed { version: 4 },
            AuditAction::BlankConfirmed { version: 5 },
            AuditAction::Thinned { versions: 6 },
            AuditAction::Merged { version: 7, head: 8, overwritten: 9 },
            AuditAction::ConflictDetected { version: 10, theirs: 11 },
            AuditAction::ConflictSettled { version: 12 },
            AuditAction::ConflictReleased { sides: 2 },
            AuditAction::Received { version: 13 },
            AuditAction::Renewed { version: 14 },
            AuditAction::Moved { to },
            AuditAction::PushedMain,
            AuditAction::PushedFork,
            AuditAction::Retried,
            AuditAction::GivenUp { head: 15, texts: 2 },
            AuditAction::Blocked,
            AuditAction::Pulled { rows: 256, up_to: 70_000 },
            AuditAction::HubMet { hub },
            AuditAction::HubAccepted { hub },
            AuditAction::Resynced,
            AuditAction::SyncEnabled,
            AuditAction::SyncDisabled,
            AuditAction::InvalidWanted,
            AuditAction::PointTaken { point: 1 },
            AuditAction::PointDropped { point: 2 },
            AuditAction::Resumed,
            AuditAction::Unknown { code: 99 },
        ]);
        all
    }

    fn entry(number: u64, action: AuditAction) -> AuditEntry {
        AuditEntry {
            number,
            event: EventId::from_bytes([1; 16]),
            at: Timestamp::from_millis(1_700_000_000_000),
            action,
            draft: number.is_multiple_of(2).then_some(DraftId::from_bytes([2; 16])),
            revision: number.is_multiple_of(3).then_some(RevisionId::from_bytes([3; 32])),
            saves: number.is_multiple_of(2).then_some(AuditedSaves { from: 1, to: number, hash: [4; 32] }),
            trace: TraceId::from_bytes([5; 16]),
            replica: ReplicaId::from_bytes([6; 16]),
            device: number.is_multiple_of(5).then(|| "laptop".to_owned()),
            hash: [0; HASH_LEN],
            prior: number / 2,
            days: 3,
        }
    }

    #[test]
    fn every_action_survives_its_bytes_and_has_a_code_of_its_own() {
        let mut codes = std::collections::BTreeSet::new();
        for (number, action) in (1..).zip(all()) {
            let mut entry = entry(number, action);
            let bytes = entry.seal(AuditHead::beginning("alice"));
            assert_eq!(AuditEntry::decode(number, &bytes), Ok(entry));
            codes.insert(action.coded().code);
        }
        assert_eq!(codes.len(), all().len() - 16, "parked and passed over are there nine times each");
    }

    #[test]
    fn every_flipped_bit_another_number_and_another_beginning_are_noticed() {
        let before = AuditHead::beginning("alice");
        let bytes = entry(30, AuditAction::Merged { version: 7, head: 8, overwritten: 9 }).seal(before);
        assert!(follows(before, 30, &bytes));
        assert!(!follows(before, 31, &bytes));
        assert!(!follows(AuditHead::beginning("bob"), 30, &bytes));
        for bit in 0..bytes.len() * 8 {
            let mut flipped = bytes.clone();
            flipped[bit / 8] ^= 1 << (bit % 8);
            assert!(!follows(before, 30, &flipped), "bit {bit}");
        }
        assert!((0..bytes.len()).all(|length| !follows(before, 30, &bytes[..length])));
    }

    #[test]
    fn what_a_newer_release_adds_is_proven_unread() {
        let before = AuditHead::beginning("alice");
        let mut body = entry(1, AuditAction::Started).body();
        body.extend([90, 3, 1, 2, 3]);
        let hash = chained(before, 1, &body);
        body.extend([0x7f, 0x20]);
        body.extend(hash);
        assert!(follows(before, 1, &body));
        assert_eq!(AuditEntry::decode(1, &body).map(|entry| entry.hash), Ok(hash));
    }
}
