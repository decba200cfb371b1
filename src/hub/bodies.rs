//! Revisions whole: those that a draft's row names, and no others.

use super::rows::{BodyRow, Bytes};
use super::tables::{BODIES, PIECES, SpaceKey};
use crate::codec::Unknown;
use crate::error::Failure;
use crate::id::{DraftId, RevisionId};
use crate::records::pieces::{self, INLINE_MAX};
use crate::records::txn::Txn;
use crate::records::view::View;
use crate::transport::Revision;

pub(super) fn write(txn: &mut Txn, space: &SpaceKey, revision: &Revision) -> Result<(), Failure> {
    let (draft, id) = (revision.draft(), revision.id());
    let bytes = [revision.header(), revision.body()].concat();
    let bytes = if bytes.len() <= INLINE_MAX {
        Bytes::Here(bytes)
    } else {
        Bytes::Pieces(pieces::write(txn, PIECES, &bytes, |piece| space.piece(draft, id, piece))?)
    };
    let row = BodyRow {
        header_len: revision.header().len() as u64,
        body_len: revision.body().len() as u64,
        bytes,
        unknown: Unknown::default(),
    };
    txn.put(BODIES, space.revision(draft, id), row.encode());
    Ok(())
}

/// Drops a revision that no row names any more, whatever is left of it: what is damaged has to go as well.
pub(super) fn remove(txn: &mut Txn, space: &SpaceKey, draft: DraftId, id: RevisionId) -> Result<(), Failure> {
    let key = space.revision(draft, id);
    txn.delete_prefix(PIECES, &key)?;
    txn.delete(BODIES, key);
    Ok(())
}

/// A revision that the draft's row names, where header and body are not longer than `bytes_max`; its length otherwise.
pub(super) fn read_within(
    view: &impl View,
    space: &SpaceKey,
    draft: DraftId,
    id: RevisionId,
    bytes_max: usize,
) -> Result<Result<Revision, usize>, Failure> {
    let row = row(view, space, draft, id)?;
    let total = row.header_len.checked_add(row.body_len).and_then(|total| usize::try_from(total).ok());
    let total = total.ok_or_else(|| damaged(draft, "says an impossible length"))?;
    if total > bytes_max {
        return Ok(Err(total));
    }
    let mut header = match row.bytes {
        Bytes::Here(bytes) => bytes,
        Bytes::Pieces(count) => pieces::read(view, PIECES, count, |piece| space.piece(draft, id, piece))?,
    };
    if header.len() != total {
        return Err(damaged(draft, "has another length than it says"));
    }
    let body = header.split_off(total - usize::try_from(row.body_len).unwrap_or(total));
    let revision = Revision::new(header, body).map_err(|error| damaged(draft, "cannot be read").because(error))?;
    if revision.id() != id || revision.draft() != draft {
        return Err(damaged(draft, "is another one"));
    }
    Ok(Ok(revision))
}

fn row(view: &impl View, space: &SpaceKey, draft: DraftId, id: RevisionId) -> Result<BodyRow, Failure> {
    let found = view.get(BODIES, &space.revision(draft, id)).map_err(|failure| failure.of_draft(draft))?;
    Ok(BodyRow::decode(&found.ok_or_else(|| damaged(draft, "is missing"))?)?)
}

fn damaged(draft: DraftId, what: &str) -> Failure {
    Failure::corrupt(Some(draft), format!("a revision that its row names {what}"))
}
