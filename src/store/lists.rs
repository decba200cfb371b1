//! The lists: per kind and phase the drafts, the one touched last first.
//!
//! A list is a chain: its top names the newest place, each place the next older one. Reading it costs what the page
//! holds, and a place that the engine fails to return is noticed because the chain has a gap. Places come from the
//! store's ticks, never from a clock.

use super::rows::ListRow;
use super::tables::{KindNo, LISTS, ListKey, SpaceNo, place_of};
use super::txn::Txn;
use super::view::View;
use crate::error::Failure;
use crate::id::DraftId;
use crate::phase::Phase;
use crate::storage::{Order, Scan};

fn broken(what: &str) -> Failure {
    Failure::corrupt(None, format!("a list of drafts is broken: {what}"))
}

/// Lays out the empty lists of a kind, when the space first knows it. From then on a missing top is damage.
pub(crate) fn create(txn: &mut Txn, space: SpaceNo, kind: KindNo) {
    for phase in Phase::ALL {
        let empty = ListRow { draft: None, older: None, count: 0 };
        txn.put(LISTS, ListKey { space, kind, phase }.top(), empty.encode());
    }
}

/// The top of a list: its newest place, and how many there are.
pub(crate) fn top(view: &impl View, list: ListKey) -> Result<ListRow, Failure> {
    let bytes = view.get(LISTS, &list.top())?.ok_or_else(|| broken("its top is missing"))?;
    Ok(ListRow::decode(&bytes)?)
}

/// The places from `from` on (the newest where it is none) towards older ones, at most `limit`.
///
/// `from` has to be a place that the chain named.
pub(crate) fn page(
    view: &impl View,
    list: ListKey,
    from: Option<u64>,
    limit: usize,
) -> Result<Vec<(u64, DraftId, Option<u64>)>, Failure> {
    let mut expected = match from {
        Some(place) => Some(place),
        None => top(view, list)?.older,
    };
    let Some(first) = expected else { return Ok(Vec::new()) };
    let scan = Scan { from: &list.place(first), to: Some(&list.end()), order: Order::Ascending, limit };
    let mut places = Vec::new();
    for (key, bytes) in view.scan(LISTS, scan)? {
        let row = ListRow::decode(&bytes)?;
        let place = place_of(&key).ok_or_else(|| broken("a key is too short"))?;
        if expected != Some(place) {
            return Err(broken("a place is missing"));
        }
        places.push((place, row.draft.ok_or_else(|| broken("a place names no draft"))?, row.older));
        expected = row.older;
    }
    if places.len() < limit && expected.is_some() {
        return Err(broken("its end is missing"));
    }
    Ok(places)
}

/// Puts a draft at the newest place of a list. The place has to be larger than all that are in use.
pub(crate) fn insert(txn: &mut Txn, list: ListKey, place: u64, draft: DraftId) -> Result<(), Failure> {
    let mut top = top(txn, list)?;
    if top.older.is_some_and(|newest| newest >= place) {
        return Err(broken("a place is newer than its top"));
    }
    let row = ListRow { draft: Some(draft), older: top.older, count: 0 };
    txn.put(LISTS, list.place(place), row.encode());
    top.older = Some(place);
    top.count += 1;
    txn.put(LISTS, list.top(), top.encode());
    Ok(())
}

/// Takes a draft out of a list, closing the chain behind it.
pub(crate) fn remove(txn: &mut Txn, list: ListKey, place: u64, draft: DraftId) -> Result<(), Failure> {
    let key = list.place(place);
    let bytes = txn.get(LISTS, &key)?.ok_or_else(|| broken("a draft is not at its place"))?;
    let row = ListRow::decode(&bytes)?;
    if row.draft != Some(draft) {
        return Err(broken("another draft is at the place"));
    }
    let mut top = top(txn, list)?;
    top.count = top.count.checked_sub(1).ok_or_else(|| broken("it counts too few"))?;
    if top.older == Some(place) {
        top.older = row.older;
    } else {
        let (newer_key, bytes) =
            txn.last(LISTS, &list.place(u64::MAX - 1), &key)?.ok_or_else(|| broken("a place is missing"))?;
        let mut newer = ListRow::decode(&bytes)?;
        if newer.older != Some(place) {
            return Err(broken("a place is missing"));
        }
        newer.older = row.older;
        txn.put(LISTS, newer_key, newer.encode());
    }
    txn.delete(LISTS, key);
    txn.put(LISTS, list.top(), top.encode());
    Ok(())
}

/// The newest place that is older than the given one.
///
/// The given place need not exist any more, so this first step has no chain to hold it against; the top tells at least
/// whether there has to be one.
pub(crate) fn older_than(view: &impl View, list: ListKey, place: u64) -> Result<Option<u64>, Failure> {
    if let Some(bytes) = view.get(LISTS, &list.place(place))? {
        return Ok(ListRow::decode(&bytes)?.older);
    }
    let Some(newest) = top(view, list)?.older else { return Ok(None) };
    if newest < place {
        return Ok(Some(newest));
    }
    // The chain is entered at the next newer place, which names the one that is looked for.
    let (_, bytes) =
        view.last(LISTS, &list.place(u64::MAX - 1), &list.place(place))?.ok_or_else(|| broken("a place is missing"))?;
    let older = ListRow::decode(&bytes)?.older;
    // Somewhere in between there is one, the given one perhaps, that the engine does not return.
    if older.is_some_and(|older| older >= place) {
        return Err(broken("a place is missing"));
    }
    Ok(older)
}
