//! Finding spaces, drafts and positions; nothing is taken for absent because one record does not come back.

use super::rows::{DraftRow, SpaceRow};
use super::tables::{AUDIT, CONTAINED, POSITIONS, ROWS, SPACES, SpaceKey};
use crate::error::Failure;
use crate::fault;
use crate::id::{DraftId, HubId};
use crate::records::view::{View, after};
use crate::storage::{Order, Scan};
use crate::transport::{Position, Refusal, Request};

/// The space's row; that of a space without anything where it has none.
pub(super) fn space(view: &impl View, hub: HubId, key: &SpaceKey, name: &str) -> Result<SpaceRow, Failure> {
    if let Some(bytes) = view.get(SPACES, key.bytes())? {
        let row = SpaceRow::decode(&bytes)?;
        return if row.name == name { Ok(row) } else { Err(Failure::corrupt(None, "two spaces have one key")) };
    }
    let first = key.number(1);
    let is_absent = view.get(POSITIONS, &first)?.is_none() && view.get(AUDIT, &first)?.is_none();
    if is_absent || fault::on("hub-believes-one-absence") {
        Ok(SpaceRow::new(hub, name))
    } else {
        Err(Failure::corrupt(None, "the row of a space is missing"))
    }
}

/// The draft's row; none where the hub has nothing of it.
pub(super) fn draft(view: &impl View, space: &SpaceKey, draft: DraftId) -> Result<Option<DraftRow>, Failure> {
    let key = space.draft(draft);
    if let Some(bytes) = view.get(ROWS, &key).map_err(|failure| failure.of_draft(draft))? {
        return Ok(Some(DraftRow::decode(&bytes)?));
    }
    // Every draft has a main, and a main contains itself.
    let end = after(&key);
    let scan = Scan { from: &key, to: end.as_deref(), order: Order::Ascending, limit: 1 };
    if view.scan(CONTAINED, scan)?.is_empty() || fault::on("hub-believes-one-absence") {
        Ok(None)
    } else {
        Err(Failure::corrupt(Some(draft), "the row of a draft is missing"))
    }
}

/// Whether the position is one of this space's.
pub(super) fn confirms(
    view: &impl View,
    hub: HubId,
    key: &SpaceKey,
    row: &SpaceRow,
    seen: Option<Position>,
) -> Result<bool, Failure> {
    let Some(seen) = seen else { return Ok(true) };
    if fault::on("hub-confirms-any-position") {
        return Ok(true);
    }
    if seen.seq == 0 {
        return Ok(seen == Position::start(hub, &row.name));
    }
    if seen.seq >= row.position.seq {
        return Ok(seen == row.position);
    }
    let found = view.get(POSITIONS, &key.number(seen.seq))?;
    let found = found.ok_or_else(|| Failure::corrupt(None, format!("position {} of a feed is missing", seen.seq)))?;
    Ok(found == seen.chain)
}

/// Why a request that is within the limits is not carried out.
pub(super) fn refusal(
    view: &impl View,
    hub: HubId,
    key: &SpaceKey,
    row: &SpaceRow,
    request: &Request,
) -> Result<Option<Refusal>, Failure> {
    if request.hub.is_some_and(|meant| meant != hub) && !fault::on("hub-answers-for-another") {
        return Ok(Some(Refusal::OtherHub));
    }
    Ok((!confirms(view, hub, key, row, request.seen)?).then_some(Refusal::Unconfirmed))
}
