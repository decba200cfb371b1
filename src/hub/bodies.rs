//! Revisions whole: those that a draft's row names and what their bodies build on, and no others.

use super::body_row::{BodyRow, Bytes, Came};
use super::rows::DraftRow;
use super::tables::{BODIES, PIECES, SpaceKey};
use crate::codec::Unknown;
use crate::error::Failure;
use crate::id::{DraftId, RevisionId};
use crate::records::pieces::{self, INLINE_MAX};
use crate::records::txn::Txn;
use crate::records::view::View;
use crate::transport::{Base, Revision};

pub(super) fn write(
    txn: &mut Txn,
    space: &SpaceKey,
    revision: &Revision,
    base: Option<RevisionId>,
    came: Came,
) -> Result<(), Failure> {
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
        base,
        bytes,
        came,
        unknown: Unknown::default(),
    };
    txn.put(BODIES, space.revision(draft, id), row.encode());
    Ok(())
}

/// Notes that a revision whose body is here was pushed once more, and is something else from now on.
pub(super) fn come_again(
    txn: &mut Txn,
    space: &SpaceKey,
    (draft, row): (DraftId, &DraftRow),
    id: RevisionId,
    came: Came,
) -> Result<(), Failure> {
    let found = BodyRow { came, ..self::row(txn, space, (draft, row), id)? };
    txn.put(BODIES, space.revision(draft, id), found.encode());
    Ok(())
}

/// How many bytes a revision takes; none where its row is damaged.
pub(super) fn taken(view: &impl View, space: &SpaceKey, draft: DraftId, id: RevisionId) -> Result<u64, Failure> {
    let found = view.get(BODIES, &space.revision(draft, id)).and_then(|found| {
        let row = found.map(|bytes| BodyRow::decode(&bytes)).transpose()?;
        Ok(row.map_or(0, |row| row.length()))
    });
    found.or_else(|failure| if failure.is_damage() { Ok(0) } else { Err(failure) })
}

/// How a revision that the draft's row names came, and how many bytes it takes.
pub(super) fn came(
    view: &impl View,
    space: &SpaceKey,
    (draft, row): (DraftId, &DraftRow),
    id: RevisionId,
) -> Result<(Came, u64), Failure> {
    let found = self::row(view, space, (draft, row), id)?;
    let bytes = found.length();
    Ok((found.came, bytes))
}

/// What is stored of a revision.
pub(super) struct Stored {
    /// The bytes of header and body.
    pub(super) bytes: u64,
    /// The records that they are cut into beside its row.
    pub(super) pieces: u64,
}

/// Reads all that is stored of a revision that the draft's row names.
pub(super) fn check(
    view: &impl View,
    space: &SpaceKey,
    (draft, row): (DraftId, &DraftRow),
    id: RevisionId,
) -> Result<Stored, Failure> {
    let found = self::row(view, space, (draft, row), id)?;
    let pieces = if let Bytes::Pieces(count) = found.bytes { count.into() } else { 0 };
    let stored = Stored { bytes: found.length(), pieces };
    revision(view, space, draft, id, found).map(|_| stored)
}

/// Drops a revision that no row names any more, whatever is left of it: what is damaged has to go as well.
pub(super) fn remove(txn: &mut Txn, space: &SpaceKey, draft: DraftId, id: RevisionId) -> Result<(), Failure> {
    let key = space.revision(draft, id);
    txn.delete_prefix(PIECES, &key)?;
    txn.delete(BODIES, key);
    Ok(())
}

/// A revision that the draft's row names, with what its body builds on, where all of it is not longer than `bytes_max`; how long it
/// is otherwise.
pub(super) fn read_within(
    view: &impl View,
    space: &SpaceKey,
    (draft, row): (DraftId, &DraftRow),
    id: RevisionId,
    bytes_max: usize,
) -> Result<Result<Revision, usize>, Failure> {
    let found = self::row(view, space, (draft, row), id)?;
    let (_, mut total) = lengths(draft, &found)?;
    let mut chain = Vec::new();
    for base in row.chain(id) {
        let found = self::row(view, space, (draft, row), base)?;
        let (header_len, length) = lengths(draft, &found)?;
        total = total.saturating_add(RevisionId::LEN + length - header_len);
        chain.push((base, found));
    }
    if total > bytes_max {
        return Ok(Err(total));
    }
    let below = chain.into_iter().map(|(base, found)| {
        let body = revision(view, space, draft, base, found)?.body().to_vec();
        Ok(Base { id: base, body })
    });
    let below = below.collect::<Result<Vec<_>, Failure>>()?;
    let revision = revision(view, space, draft, id, found)?.with_chain(below);
    Ok(Ok(revision.map_err(|error| damaged(draft, "cannot be read").because(error))?))
}

/// How long the bodies are together that the body of a revision is made of: its own, and those that it builds on.
pub(super) fn together(
    view: &impl View,
    space: &SpaceKey,
    (draft, row): (DraftId, &DraftRow),
    id: RevisionId,
) -> Result<usize, Failure> {
    let mut together = 0_usize;
    for id in row.chain(id).into_iter().chain([id]) {
        let (header_len, length) = lengths(draft, &self::row(view, space, (draft, row), id)?)?;
        together = together.saturating_add(length - header_len);
    }
    Ok(together)
}

/// The length of a revision's header, and of header and body.
fn lengths(draft: DraftId, row: &BodyRow) -> Result<(usize, usize), Failure> {
    let header = usize::try_from(row.header_len).ok();
    let total = row.header_len.checked_add(row.body_len).and_then(|total| usize::try_from(total).ok());
    header.zip(total).ok_or_else(|| damaged(draft, "says an impossible length"))
}

/// One revision without what it builds on.
fn revision(
    view: &impl View,
    space: &SpaceKey,
    draft: DraftId,
    id: RevisionId,
    row: BodyRow,
) -> Result<Revision, Failure> {
    let (header_len, total) = lengths(draft, &row)?;
    let mut header = match row.bytes {
        Bytes::Here(bytes) => bytes,
        Bytes::Pieces(count) => pieces::read(view, PIECES, count, |piece| space.piece(draft, id, piece))?,
    };
    if header.len() != total {
        return Err(damaged(draft, "has another length than it says"));
    }
    let body = header.split_off(header_len);
    let revision = Revision::new(header, body).map_err(|error| damaged(draft, "cannot be read").because(error))?;
    if revision.id() != id || revision.draft() != draft {
        return Err(damaged(draft, "is another one"));
    }
    Ok(revision)
}

fn row(
    view: &impl View,
    space: &SpaceKey,
    (draft, row): (DraftId, &DraftRow),
    id: RevisionId,
) -> Result<BodyRow, Failure> {
    let found = view.get(BODIES, &space.revision(draft, id)).map_err(|failure| failure.of_draft(draft))?;
    let found = BodyRow::decode(&found.ok_or_else(|| damaged(draft, "is missing"))?)?;
    if found.base.as_ref() != row.bases.get(&id) {
        return Err(damaged(draft, "builds on another one than the row says"));
    }
    Ok(found)
}

fn damaged(draft: DraftId, what: &str) -> Failure {
    Failure::corrupt(Some(draft), format!("a revision that its row names {what}"))
}
