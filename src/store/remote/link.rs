//! Which hub a space syncs with, and how far.

use super::rows::LinkRow;
use crate::error::Failure;
use crate::position::Position;
use crate::records::view::View;
use crate::store::tables::{LINKS, SpaceNo};
use crate::store::write::Write;

/// What the space knows of its hub; none where it never met one.
pub(crate) fn read(view: &impl View, space: SpaceNo) -> Result<Option<LinkRow>, Failure> {
    view.get(LINKS, &space.to_be_bytes())?.map(|bytes| Ok(LinkRow::decode(&bytes)?)).transpose()
}

pub(crate) fn put(write: &mut Write<'_>, space: SpaceNo, row: &LinkRow) {
    write.put(LINKS, space.to_be_bytes().to_vec(), row.encode());
}

/// Changes what is known of the hub, where there is one.
pub(crate) fn change(
    write: &mut Write<'_>,
    space: SpaceNo,
    change: impl FnOnce(&mut LinkRow),
) -> Result<Option<LinkRow>, Failure> {
    let Some(before) = read(write.txn, space)? else { return Ok(None) };
    let mut row = before.clone();
    change(&mut row);
    if row != before {
        put(write, space, &row);
    }
    Ok(Some(row))
}

/// Notes how far the hub's feed was after an answer. `alone` is the position behind which it has nothing but what was asked for, where that
/// is known: whoever has pulled all before need not be told what it has said itself.
pub(crate) fn answered(
    write: &mut Write<'_>,
    space: SpaceNo,
    position: Position,
    alone: Option<Position>,
) -> Result<(), Failure> {
    change(write, space, |link| {
        if alone.is_some_and(|seen| link.cursor == seen.seq && link.seen == alone) {
            link.cursor = position.seq;
        }
        if link.seen.is_none_or(|seen| seen.seq < position.seq) {
            link.seen = Some(position);
        }
    })?;
    Ok(())
}
