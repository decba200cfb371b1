//! The slot of a draft that is erased. It is free again; and with the last of its drafts its key goes, which may be a name.

use crate::error::{Failure, unless_damaged};
use crate::fault;
use crate::phase::Phase;
use crate::store::change::Place;
use crate::store::heads::{self, Head};
use crate::store::slots::{self, SlotRef};
use crate::store::tables::{DraftKey, KindNo};
use crate::store::write::Write;

/// A slot, as it is found: its kind's number and name, its key, and which of its drafts is meant.
struct Found {
    kind: KindNo,
    kind_name: String,
    key: Vec<u8>,
    generation: u32,
}

/// Tells the draft's slot, where it has one, that the draft goes. Comes before the draft's records go.
pub(super) fn leave(write: &mut Write<'_>, place: &Place, key: DraftKey, head: Option<&Head>) -> Result<(), Failure> {
    let found = match head {
        Some(head) => of_head(write, place, head)?,
        None => unless_damaged(looked_for(write, place, key))?.flatten(),
    };
    let Some(Found { kind, kind_name, key: slot, generation }) = found else { return Ok(()) };
    let of = SlotRef { space: place.space, kind, kind_name: &kind_name, key: &slot, keys: &place.keys };
    // Slots that are damaged are no reason to keep a text: `repair` builds them anew from the drafts that there are.
    unless_damaged(leave_row(write, of, generation))?;
    Ok(())
}

fn leave_row(write: &mut Write<'_>, of: SlotRef<'_>, generation: u32) -> Result<(), Failure> {
    let Some(row) = slots::read(write.txn, of)? else { return Ok(()) };
    let row = slots::entered_here(write.txn, of, row, generation, Phase::Archived)?;
    let mut is_last = true;
    for other in (1..=row.latest).filter(|other| *other != generation) {
        // One that is damaged is there.
        is_last &= unless_damaged(heads::read(write.txn, of.draft(other)))?.is_some_and(|head| head.is_none());
    }
    write.txn.attempt(|txn| {
        if is_last && !fault::on("erased-slot-keeps-its-name") {
            slots::remove(txn, of)
        } else {
            slots::put(txn, of, false, row)
        }
    })
}

fn of_head(write: &Write<'_>, place: &Place, head: &Head) -> Result<Option<Found>, Failure> {
    let Some((key, generation)) = head.meta.slot.clone() else { return Ok(None) };
    let kind_name = head.header.kind.clone();
    let Some(kind) = write.space(place.space)?.kind(&kind_name) else { return Ok(None) };
    Ok(Some(Found { kind, kind_name, key, generation }))
}

/// Of a draft whose head cannot be read: the slot whose key gives its id. Costs a hash for every draft of every slot.
fn looked_for(write: &Write<'_>, place: &Place, key: DraftKey) -> Result<Option<Found>, Failure> {
    for (kind, kind_name) in (1..).zip(write.space(place.space)?.kinds) {
        let mut found = None;
        slots::each(write.txn, place.space, kind, &[], |slot, row| {
            let is_it = |generation: &u32| place.keys.slot_draft(&kind_name, slot, *generation) == key.draft;
            found = found.take().or_else(|| (1..=row.latest).find(is_it).map(|generation| (slot.to_vec(), generation)));
            Ok(())
        })?;
        if let Some((key, generation)) = found {
            return Ok(Some(Found { kind, kind_name, key, generation }));
        }
    }
    Ok(None)
}
