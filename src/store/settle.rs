//! The end of an open conflict: somebody decided.

use super::append::{self, New};
use super::change::{Place, Text, check_saves, kind_of, open_head, refuse_newer_schema, typed_as};
use super::heads::{self, Head};
use super::rows::HeadRow;
use super::sides;
use super::tables::DraftKey;
use super::write::Write;
use crate::error::{ErrorKind, Failure};
use crate::fault;
use crate::id::RevisionId;

/// What a person was shown of a conflict.
#[derive(Debug, Clone)]
pub(crate) struct Shown {
    pub(crate) head: RevisionId,
    pub(crate) sides: Vec<u64>,
}

/// Ends an open conflict with a text that a person decided on: it contains all sides.
pub(crate) fn settle(
    write: &mut Write<'_>,
    place: &Place,
    key: DraftKey,
    shown: &Shown,
    text: Text,
) -> Result<Settled, Failure> {
    let head = open_head(write, key)?;
    let digests = place.keys.digests();
    let current = heads::body(write.txn, write.bodies, &digests, key, &head)?;
    if head.row.sides == 0 && *current == *text.body && text.schema == head.header.schema {
        return Ok(Settled::Before(head.row.version));
    }
    check_saves(&head)?;
    refuse_newer_schema(&head, text.schema)?;
    let sides = sides::read(write.txn, key, &head)?;
    let is_as_shown = head.id() == shown.head && sides.iter().map(|side| side.version).eq(shown.sides.iter().copied());
    if !is_as_shown && !fault::on("conflict-settled-unseen") {
        return Err(ErrorKind::Stale { draft: key.draft, head: head.row.version }.into());
    }
    let mut vector = head.header.vector.clone();
    for side in sides {
        vector = vector.join(&sides::whole(write.txn, &digests, key, side)?.header.vector);
    }
    sides::clear(write, key)?;
    let kind = kind_of(write, place.space, &head)?;
    let (header, meta) = typed_as(write, place, &head, &vector, &text)?;
    let before = Head { row: HeadRow { sides: 0, ..head.row.clone() }, ..head };
    let new = New { header, meta, body: text.body, aside: false };
    let written = append::append(write, place.belongs(key.draft, kind), Some(&before), new)?;
    Ok(Settled::Now(written.version))
}

/// When a conflict was settled, with the version that did it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Settled {
    Now(u64),
    /// By an earlier call whose end nobody saw.
    Before(u64),
}
