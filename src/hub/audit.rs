//! Who did what: one entry for every push and every erasure that was accepted or refused.

use super::tables::{AUDIT, SpaceKey};
use crate::clock::Timestamp;
use crate::codec::{CodecError, Fields, Writer};
use crate::error::Failure;
use crate::id::{DraftId, EventId, RevisionId, TraceId};
use crate::records::numbered;
use crate::records::view::View;
use crate::transport::{Rejection, Standing};

const FORMAT: u8 = 1;

/// One push that a hub decided. A push that only repeats an accepted one changes nothing and has no entry of its own.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AuditEntry {
    /// Its number in its space: 1, 2, 3, … without gaps.
    pub number: u64,
    /// Names this entry wherever it is copied to.
    pub event: EventId,
    /// When it was decided, by the hub's clock.
    pub at: Timestamp,
    /// What the device wanted.
    pub action: AuditAction,
    /// What became of it.
    pub outcome: AuditOutcome,
    /// The device's name, as it said.
    pub device: Option<String>,
    /// The request that it came with.
    pub trace: TraceId,
    /// The draft.
    pub draft: DraftId,
    /// The revision; of an erasure its marker's MAC.
    pub revision: RevisionId,
}

/// What a device wanted.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum AuditAction {
    /// To replace the main.
    PushMain,
    /// To keep a copy in conflict beside it.
    PushFork,
    /// To erase the draft. In place of a revision the entry has the marker's MAC.
    Erase,
}

/// What became of it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum AuditOutcome {
    /// It was accepted.
    Accepted(Standing),
    /// The draft was erased.
    Erased,
    /// The device knew another row.
    Conflict,
    /// It cannot be accepted.
    Rejected(Rejection),
}

impl AuditEntry {
    fn encode(&self) -> Vec<u8> {
        let mut writer = Writer::new(FORMAT);
        writer.bytes(1, self.event.as_bytes());
        writer.number_unless_zero(2, self.at.as_millis());
        let action = match self.action {
            AuditAction::PushMain => 1,
            AuditAction::PushFork => 2,
            AuditAction::Erase => 3,
        };
        writer.number(3, action);
        let (outcome, code) = match self.outcome {
            AuditOutcome::Accepted(Standing::Main) => (1, 0),
            AuditOutcome::Accepted(Standing::Fork) => (2, 0),
            AuditOutcome::Conflict => (3, 0),
            AuditOutcome::Rejected(code) => (4, code.number()),
            AuditOutcome::Erased => (5, 0),
        };
        writer.number(4, outcome);
        writer.number_unless_zero(5, code.into());
        if let Some(device) = &self.device {
            writer.bytes(6, device.as_bytes());
        }
        writer.bytes(7, self.trace.as_bytes());
        writer.bytes(8, self.draft.as_bytes());
        writer.bytes(9, self.revision.as_bytes());
        writer.finish()
    }

    fn decode(number: u64, bytes: &[u8]) -> Result<Self, CodecError> {
        let fields = Fields::parse(bytes, FORMAT)?;
        let code = u32::try_from(fields.number(5)?).map_err(|_| CodecError::Malformed(5))?;
        Ok(Self {
            number,
            event: EventId::from_bytes(fields.array(1)?),
            at: Timestamp::from_millis(fields.number(2)?),
            action: match fields.number(3)? {
                1 => AuditAction::PushMain,
                2 => AuditAction::PushFork,
                3 => AuditAction::Erase,
                _ => return Err(CodecError::Malformed(3)),
            },
            outcome: match fields.number(4)? {
                1 => AuditOutcome::Accepted(Standing::Main),
                2 => AuditOutcome::Accepted(Standing::Fork),
                3 => AuditOutcome::Conflict,
                4 => AuditOutcome::Rejected(Rejection::from_number(code)),
                5 => AuditOutcome::Erased,
                _ => return Err(CodecError::Malformed(4)),
            },
            device: fields.text(6)?,
            trace: TraceId::from_bytes(fields.array(7)?),
            draft: DraftId::from_bytes(fields.array(8)?),
            revision: RevisionId::from_bytes(fields.array(9)?),
        })
    }
}

/// The record of an entry: its key, and what stands there.
pub(super) fn record(space: &SpaceKey, entry: &AuditEntry) -> (Vec<u8>, Vec<u8>) {
    (space.number(entry.number), entry.encode())
}

/// The entries behind a number, the oldest first.
pub(super) fn read(
    view: &impl View,
    space: &SpaceKey,
    audited: u64,
    after: u64,
    limit: usize,
) -> Result<Vec<AuditEntry>, Failure> {
    let (Some(from), Some(end)) = (after.checked_add(1), audited.checked_add(1)) else { return Ok(Vec::new()) };
    let records = numbered::read(view, AUDIT, |number| space.number(number), from..end, limit)?;
    records.into_iter().map(|(number, bytes)| Ok(AuditEntry::decode(number, &bytes)?)).collect()
}
