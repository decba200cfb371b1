//! Writing an entry: in the commit of what it tells of, so that there is never one without the other.

use super::action::AuditAction;
use super::entry::{AuditEntry, HASH_LEN};
use super::state::{self, AuditHead, AuditRow};
use super::trim;
use crate::codec::Writer;
use crate::error::{Failure, unless_damaged};
use crate::events::EventKind;
use crate::fault;
use crate::id::{DraftId, EventId, RevisionId, TraceId};
use crate::records::view::View;
use crate::store::heads;
use crate::store::tables::{self, AUDIT, AUDIT_DRAFTS, DraftKey, SpaceNo};
use crate::store::write::Write;

/// What an entry is about.
#[derive(Debug, Clone, Copy)]
pub(crate) struct About {
    space: SpaceNo,
    draft: Option<DraftId>,
    /// Where it is about another revision than the draft's head.
    revision: Option<RevisionId>,
    trace: TraceId,
}

impl About {
    pub(crate) const fn space(space: SpaceNo, trace: TraceId) -> Self {
        Self { space, draft: None, revision: None, trace }
    }

    pub(crate) const fn draft(key: DraftKey, trace: TraceId) -> Self {
        Self { space: key.space, draft: Some(key.draft), revision: None, trace }
    }

    pub(crate) const fn revision(key: DraftKey, revision: RevisionId, trace: TraceId) -> Self {
        Self { revision: Some(revision), ..Self::draft(key, trace) }
    }
}

/// Tells what happened to a draft once it is durable, and writes it into the audit: both have one event id.
///
/// It has to come when the draft is as it is left, but for a removal, which it has to come before.
pub(crate) fn tell(write: &mut Write<'_>, key: DraftKey, trace: TraceId, what: EventKind) -> Result<(), Failure> {
    tell_about(write, key, About::draft(key, trace), what)
}

/// The same of what is about another revision than the draft's head.
pub(crate) fn tell_about(write: &mut Write<'_>, key: DraftKey, about: About, what: EventKind) -> Result<(), Failure> {
    let entry = match AuditAction::of(&what) {
        Some(action) => note(write, about, action)?,
        None => None,
    };
    write.tell_of(entry, key.space, Some(key.draft), about.trace, what);
    Ok(())
}

/// Writes an entry. Costs its record, the row that says how far the audit goes, and where it is about a draft an empty one.
///
/// None, and nothing written, where the audit is damaged so that not even its entries can be looked through: a text is not refused
/// for want of a note about it. Whoever verifies the store is told.
pub(crate) fn note(write: &mut Write<'_>, about: About, action: AuditAction) -> Result<Option<EventId>, Failure> {
    let Some((mut row, days)) = unless_damaged(begin(write, about.space, about.trace))? else {
        tracing::warn!(?action, trace = %about.trace, "the audit is damaged; there is no entry of this");
        return Ok(None);
    };
    let event = append(write, &mut row, about, action, days)?;
    trim::trim(write, about.space, &mut row, days)?;
    end(write, about.space, &row);
    Ok(Some(event))
}

/// Goes on with an audit whose row is damaged; nothing happens where it is not. Says whether it was.
pub(crate) fn resume(write: &mut Write<'_>, space: SpaceNo, trace: TraceId) -> Result<bool, Failure> {
    let before = write.space(space)?;
    if state::read(write.txn, space, &before.name).is_ok() {
        return Ok(false);
    }
    let (row, _) = begin(write, space, trace)?;
    end(write, space, &row);
    Ok(true)
}

/// How far the audit goes, and on how many days the space was opened.
fn begin(write: &mut Write<'_>, space: SpaceNo, trace: TraceId) -> Result<(AuditRow, u64), Failure> {
    let owner = write.space(space)?;
    let (mut row, is_found) = state::for_writing(write, space, &owner.name)?;
    if is_found {
        if row.start.number > 0 {
            write.delete(AUDIT, tables::audit(space, row.start.number));
        }
        append(write, &mut row, About::space(space, trace), AuditAction::Resumed, owner.days)?;
    }
    Ok((row, owner.days))
}

fn end(write: &mut Write<'_>, space: SpaceNo, row: &AuditRow) {
    if !fault::on("audit-head-stays") {
        write.put(AUDIT, tables::audit(space, 0), row.encode());
    }
}

fn append(
    write: &mut Write<'_>,
    row: &mut AuditRow,
    about: About,
    action: AuditAction,
    days: u64,
) -> Result<EventId, Failure> {
    let number = row.head.number.checked_add(1);
    let number = number.ok_or_else(|| Failure::options("the space's audit has no numbers left"))?;
    let About { space, draft, mut revision, trace } = about;
    let (mut saves, mut prior) = (None, 0);
    if let Some(draft) = draft {
        let key = DraftKey { space, draft };
        prior = last_of(write.txn, key)?;
        // A draft that is damaged or not here is no reason to leave out what happened to it.
        if let Some(head) = unless_damaged(heads::read(write.txn, key))?.flatten() {
            revision = revision.or_else(|| Some(head.id()));
            saves = head.row.saves;
        }
        if !fault::on("audit-not-indexed") {
            write.put(AUDIT_DRAFTS, key.audited(number), Writer::new(1).finish());
        }
    }
    let event = event(row.head, number, trace);
    let (at, replica, device) = (write.now, write.state.replica, write.settings.device.clone());
    let hash = [0; HASH_LEN];
    let mut entry =
        AuditEntry { number, event, at, action, draft, revision, saves, trace, replica, device, hash, prior, days };
    let payload = entry.seal(row.head);
    write.put(AUDIT, tables::audit(space, number), payload);
    row.head = entry.head();
    Ok(event)
}

/// The number of the last entry about a draft; 0 where none is known.
fn last_of(view: &impl View, key: DraftKey) -> Result<u64, Failure> {
    let last = view.last(AUDIT_DRAFTS, &key.audited(0), &key.audited(u64::MAX));
    Ok(unless_damaged(last)?.flatten().and_then(|(found, _)| tables::audited_of(&found)).unwrap_or(0))
}

/// The id follows from all that came before, so that nothing has to be drawn for it, and no two are the same.
fn event(before: AuditHead, number: u64, trace: TraceId) -> EventId {
    let mut hasher = blake3::Hasher::new_derive_key("draftkeep 1 ids of events");
    hasher.update(&before.hash).update(&number.to_le_bytes()).update(trace.as_bytes());
    let mut event = [0; EventId::LEN];
    hasher.finalize_xof().fill(&mut event);
    EventId::from_bytes(event)
}
