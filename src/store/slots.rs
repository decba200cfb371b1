//! Slots: at most one current draft about each key.

use super::heads;
use super::rows::SlotRow;
use super::space::SpaceKeys;
use super::tables::{DraftKey, KindNo, SLOTS, SpaceNo, TOMBSTONES, slot};
use super::view::View;
use crate::error::Failure;
use crate::fault;
use crate::phase::Phase;

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

/// The slot's row; a slot that never had a draft has an empty one.
///
/// Its drafts' ids follow from the key, so the drafts are a second index: an absent row is believed only when the
/// first generation is absent too, and a damaged one is put together from them.
pub(crate) fn read(view: &impl View, of: SlotRef<'_>) -> Result<SlotRow, Failure> {
    match view.get(SLOTS, &of.row_key()) {
        Ok(Some(bytes)) => return Ok(SlotRow::decode(&bytes)?),
        Ok(None) if fault::on("one-index-for-absence") => return Ok(SlotRow::default()),
        Ok(None) => {}
        Err(failure) if failure.is_damage() => {}
        Err(failure) => return Err(failure),
    }
    let mut row = SlotRow::default();
    for generation in 1.. {
        let key = of.draft(generation);
        let Some(head) = heads::read(view, key)? else {
            if view.get(TOMBSTONES, &key.bytes())?.is_none() {
                break;
            }
            row.latest = generation;
            continue;
        };
        row.latest = generation;
        match head.header.phase {
            Phase::Open => row.open = Some(generation),
            Phase::Promoted => row.promoted = Some(generation),
            Phase::Archived | Phase::Discarded => {}
        }
    }
    Ok(row)
}

/// The row after a generation entered a phase.
pub(crate) fn entered(mut row: SlotRow, generation: u32, phase: Phase) -> SlotRow {
    row.latest = row.latest.max(generation);
    row.open = row.open.filter(|open| *open != generation);
    row.promoted = row.promoted.filter(|promoted| *promoted != generation);
    match phase {
        Phase::Open => row.open = Some(generation),
        Phase::Promoted => row.promoted = Some(generation),
        Phase::Archived | Phase::Discarded => {}
    }
    row
}
