//! Drafts whose text lies on the hub under another key than the current one are written once more, so that they are pushed under that.

use super::rows::RemoteRow;
use super::{arrivals, link, outbox};
use crate::error::Failure;
use crate::fault;
use crate::id::{KeyId, TraceId};
use crate::store::audit::AuditAction;
use crate::store::audit::record::{self, About};
use crate::store::change::{self, Place};
use crate::store::heads;
use crate::store::tables::{DraftKey, REMOTES, page_of_drafts};
use crate::store::write::Write;

/// What came of one page of drafts.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Resealed {
    /// Where to go on; none once all were looked at.
    pub(crate) last: Option<DraftKey>,
    /// How many were written once more.
    pub(crate) drafts: u64,
}

/// Writes drafts once more, from behind `after` on.
pub(crate) fn page(
    write: &mut Write<'_>,
    place: &Place,
    current: KeyId,
    after: Option<DraftKey>,
    limit: usize,
    trace: TraceId,
) -> Result<Resealed, Failure> {
    let page = page_of_drafts(write.txn, REMOTES, place.space, after, limit)?;
    let mut resealed = Resealed { last: page.last().map(|(key, _)| *key).filter(|_| page.len() == limit), drafts: 0 };
    let Some(link) = link::read(write.txn, place.space)? else { return Ok(resealed) };
    for (key, bytes) in page {
        let row = RemoteRow::decode(&bytes)?;
        // What another hub said leaves by itself.
        if row.epoch == link.epoch && is_under_another_key(write, key, &row, current)? {
            let version = change::again(write, place, key)?.version;
            record::note(write, About::draft(key, trace), AuditAction::Resealed { version })?;
            resealed.drafts += 1;
        }
    }
    Ok(resealed)
}

/// Whether the hub's main is the draft as it is here, under another key. What is owed leaves under the current one, and what is in conflict, or not
/// taken in yet, is another matter first.
fn is_under_another_key(write: &Write<'_>, key: DraftKey, row: &RemoteRow, current: KeyId) -> Result<bool, Failure> {
    let is_current = row.key == Some(current) && !fault::on("resealed-without-end");
    if is_current || row.erased.is_some() || !row.forks.is_empty() {
        return Ok(false);
    }
    let Some(head) = heads::read(write.txn, key)? else { return Ok(false) };
    let is_settled = head.row.sides == 0 && outbox::read(write.txn, key)?.is_none();
    Ok(is_settled && !arrivals::has_arrived(write.txn, key)?)
}
