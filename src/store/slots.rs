//! Slots: at most one current draft about each key.

use super::heads;
use super::keys::SpaceKeys;
use super::rows::SlotRow;
use super::tables::{DraftKey, KindNo, REMOTES, SLOT_PREFIX, SLOTS, SpaceNo, TOMBSTONES, after, slot};
use super::txn::Txn;
use super::view::View;
use crate::error::{Failure, unless_damaged};
use crate::fault;
use crate::phase::Phase;
use crate::storage::{Order, Scan};

/// The most drafts that a slot may have one after the other.
pub(crate) const GENERATIONS_MAX: u32 = 65_536;

/// The longest key of a slot, in bytes.
pub(crate) const KEY_MAX: usize = 256;

/// A slot as the store names it.
#[derive(Debug, Clone, Copy)]
pub(crate) struct SlotRef<'a> {
    pub(crate) space: SpaceNo,
    pub(crate) kind: KindNo,
    pub(crate) kind_name: &'a str,
    pub(crate) key: &'a [u8],
    pub(crate) keys: &'a SpaceKeys,
}

impl SlotRef<'_> {
    pub(crate) fn row_key(&self) -> Vec<u8> {
        slot(self.space, self.kind, self.key)
    }

    pub(crate) fn draft(&self, generation: u32) -> DraftKey {
        DraftKey { space: self.space, draft: self.keys.slot_draft(self.kind_name, self.key, generation) }
    }
}

fn broken(what: &str) -> Failure {
    Failure::corrupt(None, format!("the slots of a kind are broken: {what}"))
}

/// Lays out the empty chain of a kind's slots, when the space first knows it.
pub(crate) fn create(txn: &mut Txn, space: SpaceNo, kind: KindNo) {
    txn.put(SLOTS, slot(space, kind, &[]), SlotRow::default().encode());
}

/// The slot's row; none where it never had a draft.
///
/// Absence is believed only where the row before says that there is nothing up to a later key, and the draft that the
/// slot's first generation would have is not there either. A damaged row is put together from the drafts, and so is that of a
/// slot whose drafts were all erased, which has none.
pub(crate) fn read(view: &impl View, of: SlotRef<'_>) -> Result<Option<SlotRow>, Failure> {
    let mut is_lost = true;
    match view.get(SLOTS, &of.row_key()) {
        Ok(Some(bytes)) => return Ok(Some(SlotRow::decode(&bytes)?)),
        Ok(None) if fault::on("one-index-for-absence") => return Ok(None),
        Ok(None) if heads::read(view, of.draft(1))?.is_none() => {
            let (_, before) = before(view, of)?;
            if before.next.is_some_and(|next| next.as_slice() <= of.key) {
                return Err(broken("one of them is missing"));
            }
            if view.get(TOMBSTONES, &of.draft(1).bytes())?.is_none() {
                return Ok(None);
            }
            is_lost = false;
        }
        Ok(None) => {}
        Err(failure) if failure.is_damage() => {}
        Err(failure) => return Err(failure),
    }
    let mut row = SlotRow::default();
    for generation in 1.. {
        let key = of.draft(generation);
        let Some(head) = heads::read(view, key)? else {
            // Where the row is lost there may be later ones behind one of another device's that never came: it was erased before this device
            // heard of it, or waits for its key. What the hub said of it leads on.
            let is_known = |table| Ok::<_, Failure>(view.get(table, &key.bytes())?.is_some());
            if !(is_known(TOMBSTONES)? || is_lost && is_known(REMOTES)?) {
                break;
            }
            row.latest = generation;
            continue;
        };
        row = entered(row, generation, head.header.phase);
    }
    // What follows in the chain is not known from here; `repair` writes the chain anew.
    row.next = next_key(view, of)?;
    Ok((row.latest > 0).then_some(row))
}

/// The row of the next smaller key.
fn before(view: &impl View, of: SlotRef<'_>) -> Result<(Vec<u8>, SlotRow), Failure> {
    let first = slot(of.space, of.kind, &[]);
    let (key, bytes) = view.last(SLOTS, &first, &of.row_key())?.ok_or_else(|| broken("their beginning is missing"))?;
    Ok((key, SlotRow::decode(&bytes)?))
}

fn next_key(view: &impl View, of: SlotRef<'_>) -> Result<Option<Vec<u8>>, Failure> {
    let mut from = of.row_key();
    from.push(0);
    let end = after(&slot(of.space, of.kind, &[]));
    let scan = Scan { from: &from, to: end.as_deref(), order: Order::Ascending, limit: 1 };
    Ok(view.scan(SLOTS, scan)?.pop().map(|(key, _)| key[SLOT_PREFIX..].to_vec()))
}

/// Writes the row of a slot; a new slot, and one that has no row any more, takes its place in the chain.
pub(crate) fn put(txn: &mut Txn, of: SlotRef<'_>, is_new: bool, mut row: SlotRow) -> Result<(), Failure> {
    let is_absent = || unless_damaged(txn.get(SLOTS, &of.row_key())).map(|found| matches!(found, Some(None)));
    if is_new || is_absent()? {
        let (key, mut before) = before(txn, of)?;
        // It names this one where the row was lost, and not where it was removed.
        if before.next.as_deref() != Some(of.key) {
            row.next = before.next.replace(of.key.to_vec());
            txn.put(SLOTS, key, before.encode());
        }
    }
    txn.put(SLOTS, of.row_key(), row.encode());
    Ok(())
}

/// Removes the row of a slot whose drafts are all gone, and with it its key. The chain closes over it; which generations there were
/// is told by what stays of them.
pub(crate) fn remove(txn: &mut Txn, of: SlotRef<'_>) -> Result<(), Failure> {
    let Some(bytes) = txn.get(SLOTS, &of.row_key())? else { return Ok(()) };
    let row = SlotRow::decode(&bytes)?;
    let (key, mut before) = before(txn, of)?;
    if before.next.as_deref() != Some(of.key) {
        return Err(broken("one of them is missing"));
    }
    before.next = row.next;
    txn.put(SLOTS, key, before.encode());
    txn.delete(SLOTS, of.row_key());
    Ok(())
}

/// Visits the slots whose key begins with the prefix, in order.
pub(crate) fn each(
    view: &impl View,
    space: SpaceNo,
    kind: KindNo,
    prefix: &[u8],
    mut visit: impl FnMut(&[u8], SlotRow) -> Result<(), Failure>,
) -> Result<(), Failure> {
    let first = slot(space, kind, prefix);
    let mut expected = if prefix.is_empty() {
        Some(Vec::new())
    } else {
        let (_, before) =
            view.last(SLOTS, &slot(space, kind, &[]), &first)?.ok_or_else(|| broken("their beginning is missing"))?;
        SlotRow::decode(&before)?.next
    };
    let mut at = first;
    let end = after(&slot(space, kind, &[]));
    while expected.as_ref().is_some_and(|key| key.starts_with(prefix)) {
        let scan = Scan { from: &at, to: end.as_deref(), order: Order::Ascending, limit: 64 };
        let page = view.scan(SLOTS, scan)?;
        if page.is_empty() {
            return Err(broken("their end is missing"));
        }
        for (found, bytes) in page {
            let key = found.get(SLOT_PREFIX..).unwrap_or_default();
            if !expected.as_ref().is_some_and(|key| key.starts_with(prefix)) {
                break;
            }
            if expected.as_deref() != Some(key) {
                return Err(broken("one of them is missing"));
            }
            let row = SlotRow::decode(&bytes)?;
            expected.clone_from(&row.next);
            if !key.is_empty() {
                visit(key, row)?;
            }
            at = [&found[..], &[0]].concat();
        }
    }
    Ok(())
}

/// The row after a generation entered a phase.
pub(crate) fn entered(mut row: SlotRow, generation: u32, phase: Phase) -> SlotRow {
    row.latest = row.latest.max(generation);
    row.open = row.open.filter(|open| *open != generation);
    row.promoted = row.promoted.filter(|promoted| *promoted != generation);
    match phase {
        // Devices may have begun one each: the newest is meant.
        Phase::Open => {
            row.has_others |= row.open.is_some();
            row.open = row.open.max(Some(generation));
        }
        Phase::Promoted => {
            row.has_others |= row.promoted.is_some();
            row.promoted = row.promoted.max(Some(generation));
        }
        Phase::Archived | Phase::Discarded => {}
    }
    row
}

/// The same for a draft that is here. Where it was the one that the slot meant, an earlier one may be meant now, as on devices that
/// hear of both: looking for it costs reading the head of each earlier generation, and is done only where there may be one.
pub(crate) fn entered_here(
    view: &impl View,
    of: SlotRef<'_>,
    before: SlotRow,
    generation: u32,
    phase: Phase,
) -> Result<SlotRow, Failure> {
    let (open, promoted) = (before.open, before.promoted);
    let mut row = entered(before, generation, phase);
    let is_left = |was: Option<u32>, is: Option<u32>| was == Some(generation) && is.is_none();
    let is_another_meant = row.has_others && (is_left(open, row.open) || is_left(promoted, row.promoted));
    if !is_another_meant || fault::on("earlier-generation-forgotten") {
        return Ok(row);
    }
    row.has_others = false;
    for earlier in 1..generation {
        // One that is damaged is no reason to refuse anything of another one.
        if let Some(head) = unless_damaged(heads::read(view, of.draft(earlier)))?.flatten() {
            row = entered(row, earlier, head.header.phase);
        }
    }
    Ok(row)
}

/// The row as the slot's drafts say it, of which some may have come from other devices: the newest open generation is
/// current, lower ones are superseded. Costs reading the head of each generation.
pub(crate) fn recounted(view: &impl View, of: SlotRef<'_>, before: SlotRow, seen: u32) -> Result<SlotRow, Failure> {
    let latest = before.latest.max(seen);
    let mut row = SlotRow { latest, open: None, promoted: None, has_others: false, ..before };
    for generation in 1..=latest {
        if let Some(head) = heads::read(view, of.draft(generation))? {
            row = entered(row, generation, head.header.phase);
        }
    }
    Ok(row)
}
