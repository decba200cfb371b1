//! How far a space's audit goes, and from where it is kept.

use super::entry::{AuditEntry, HASH_LEN};
use crate::codec::{CodecError, Fields, Unknown, Writer};
use crate::error::{Failure, unless_damaged};
use crate::records::view::View;
use crate::storage::{Order, Scan, Table};
use crate::store::tables::{self, AUDIT, AUDIT_DRAFTS, SpaceNo};
use crate::store::write::Write;
use std::fmt;
use std::str::FromStr;

const FORMAT: u8 = 1;

/// The last entry of an audit, by number and hash: what stands for the whole audit up to there.
///
/// Kept elsewhere, with somebody who cannot write to the store, it is an *anchor*: [`verify_audit`](crate::Space::verify_audit)
/// holds the audit against it. As text it is the number and the hash in hexadecimal digits, with a colon between.
///
/// ```
/// # use draftkeep::{AuditHead, Kind, Options, Store};
/// # let space = Store::in_memory(Options::new())?.space("alice")?;
/// # space.drafts(Kind::<String>::new("note"))?.start(&String::new())?;
/// let anchor = space.audit_head()?.to_string();
/// // … kept elsewhere, and brought back:
/// let anchor: AuditHead = anchor.parse().expect("it was written by us");
/// assert!(space.verify_audit(Some(anchor))?.is_intact());
/// # Ok::<(), draftkeep::Error>(())
/// ```
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub struct AuditHead {
    /// The number of the entry; 0 where there is none yet.
    pub number: u64,
    /// The hash over it and all before it.
    pub hash: [u8; 32],
}

impl AuditHead {
    /// What the first entry of a space's audit is chained to.
    pub(crate) fn beginning(space: &str) -> Self {
        let mut hasher = blake3::Hasher::new_derive_key("draftkeep 1 beginning of an audit");
        hasher.update(space.as_bytes());
        Self { number: 0, hash: *hasher.finalize().as_bytes() }
    }
}

impl fmt::Display for AuditHead {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:", self.number)?;
        self.hash.iter().try_for_each(|byte| write!(f, "{byte:02x}"))
    }
}

impl fmt::Debug for AuditHead {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "AuditHead({self})")
    }
}

/// Why a text is not the head of an audit.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("the head of an audit is a number, a colon, and 64 lower-case hexadecimal digits")]
pub struct ParseAuditHeadError;

impl FromStr for AuditHead {
    type Err = ParseAuditHeadError;

    fn from_str(text: &str) -> Result<Self, ParseAuditHeadError> {
        let (number, hash) = text.split_once(':').ok_or(ParseAuditHeadError)?;
        let number = number.parse().map_err(|_| ParseAuditHeadError)?;
        // A revision is named by as many digits.
        let hash: crate::id::RevisionId = hash.parse().map_err(|_| ParseAuditHeadError)?;
        let head = Self { number, hash: *hash.as_bytes() };
        // One form each: no plus sign, no leading zeros.
        if head.to_string() == text { Ok(head) } else { Err(ParseAuditHeadError) }
    }
}

/// How far a space's audit goes, and from where it is kept.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct AuditRow {
    /// The last entry.
    pub(crate) head: AuditHead,
    /// The last entry that is not kept any more: what the first one that is kept is chained to.
    pub(crate) start: AuditHead,
    pub(crate) unknown: Unknown,
}

impl AuditRow {
    pub(crate) fn encode(&self) -> Vec<u8> {
        let mut writer = Writer::new(FORMAT);
        writer.number(1, self.head.number);
        writer.bytes(2, &self.head.hash);
        writer.number_unless_zero(3, self.start.number);
        writer.bytes(4, &self.start.hash);
        writer.unknown(&self.unknown);
        writer.finish()
    }

    pub(crate) fn decode(bytes: &[u8]) -> Result<Self, CodecError> {
        let fields = Fields::parse(bytes, FORMAT)?;
        let head = AuditHead { number: fields.number(1)?, hash: fields.array::<HASH_LEN>(2)? };
        let start = AuditHead { number: fields.number(3)?, hash: fields.array::<HASH_LEN>(4)? };
        if start.number > head.number {
            return Err(CodecError::Malformed(3));
        }
        Ok(Self { head, start, unknown: fields.unknown_above(4) })
    }
}

/// Reads how far the audit goes. No row means no entries, which is believed only where neither entries nor their index are there.
pub(crate) fn read(view: &impl View, space: SpaceNo, name: &str) -> Result<AuditRow, Failure> {
    if let Some(bytes) = view.get(AUDIT, &tables::audit(space, 0))? {
        return Ok(AuditRow::decode(&bytes)?);
    }
    if has_any(view, AUDIT, space)? || has_any(view, AUDIT_DRAFTS, space)? {
        return Err(Failure::corrupt(None, "the row that says how far an audit goes is missing"));
    }
    let beginning = AuditHead::beginning(name);
    Ok(AuditRow { head: beginning, start: beginning, unknown: Unknown::default() })
}

fn has_any(view: &impl View, table: Table, space: SpaceNo) -> Result<bool, Failure> {
    let (from, to) = (space.to_be_bytes(), tables::after(&space.to_be_bytes()));
    let any = view.scan(table, Scan { from: &from, to: to.as_deref(), order: Order::Ascending, limit: 1 })?;
    Ok(!any.is_empty())
}

/// How far the audit goes, for an entry that is to be written; and whether that had to be found out from the entries, as the
/// row is damaged. A damaged audit is no reason to refuse a save.
pub(super) fn for_writing(write: &Write<'_>, space: SpaceNo, name: &str) -> Result<(AuditRow, bool), Failure> {
    match read(write.txn, space, name) {
        Err(failure) if failure.is_damage() => Ok((found(write, space, name)?, true)),
        row => Ok((row?, false)),
    }
}

/// What the entries themselves say of how far they go. What is damaged is passed over: the chain goes on from what can be read,
/// and whoever verifies it finds the place.
pub(super) fn found(write: &Write<'_>, space: SpaceNo, name: &str) -> Result<AuditRow, Failure> {
    let beginning = AuditHead::beginning(name);
    let at = |order| -> Result<Option<AuditHead>, Failure> {
        let (from, to) = (tables::audit(space, 1), tables::after(&space.to_be_bytes()));
        // Below the hash check: a damaged entry still has its number. Nothing of this space's audit is staged here, or its row
        // would be.
        let scan = Scan { from: &from, to: to.as_deref(), order, limit: 1 };
        let Some((key, stored)) = write.txn.committed.snapshot.scan(AUDIT, scan)?.pop() else { return Ok(None) };
        let Some(number) = tables::audit_of(&key) else { return Ok(None) };
        let payload = write.txn.committed.open(AUDIT, &key, stored);
        let entry = unless_damaged(payload.and_then(|bytes| Ok(AuditEntry::decode(number, &bytes)?)))?;
        Ok(Some(AuditHead { number, hash: entry.map_or([0; HASH_LEN], |entry| entry.hash) }))
    };
    let head = match at(Order::Descending)? {
        Some(head) => head,
        // Under which numbers they are is not known, and none may be written over.
        None if has_any(write.txn, AUDIT_DRAFTS, space)? => {
            return Err(Failure::corrupt(None, "the entries of an audit cannot be found"));
        }
        None => beginning,
    };
    // What the first one was chained to stood in the row alone: it counts as the last that is not kept.
    let start = at(Order::Ascending)?.filter(|first| first.number > 1).unwrap_or(beginning);
    Ok(AuditRow { head, start, unknown: Unknown::default() })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_head_survives_its_text_and_has_one_form() {
        let head = AuditHead { number: 17, hash: [0xab; 32] };
        let text = head.to_string();
        assert_eq!(text.parse(), Ok(head));
        for wrong in [format!("+{text}"), format!("0{text}"), text.to_uppercase(), text.replace(':', ""), String::new()]
        {
            assert_eq!(wrong.parse::<AuditHead>(), Err(ParseAuditHeadError), "{wrong}");
        }
    }

    #[test]
    fn audits_of_two_spaces_begin_differently() {
        assert_ne!(AuditHead::beginning("alice"), AuditHead::beginning("bob"));
    }
}
