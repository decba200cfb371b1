//! What checking and mending a store do about erased drafts: what is erased stays erased, whatever damage there is.

use super::draft::OF_DRAFT;
use super::known::of_tables;
use super::marker::{self, ErasedRow, Marker, told_by_tombstone};
use crate::error::{Failure, unless_damaged};
use crate::fault;
use crate::id::DraftId;
use crate::store::keys::SpaceKeys;
use crate::store::tables::{DraftKey, ERASED, HEADS, OUTBOX, SpaceNo, TOMBSTONES, VERSIONS};
use crate::store::view::{Committed, View};
use crate::store::write::Write;
use std::collections::BTreeSet;

/// What is wrong with what stays of erased drafts.
pub(crate) fn contradictions(
    view: &Committed,
    keys: &SpaceKeys,
    space: SpaceNo,
) -> Result<Vec<(DraftId, &'static str)>, Failure> {
    let mut wrong = Vec::new();
    let living = of_tables(view, space, &[HEADS, VERSIONS])?;
    for draft in of_tables(view, space, &[ERASED, TOMBSTONES])? {
        let key = DraftKey { space, draft };
        if !marker::is_erased(view, key)? {
            continue;
        }
        if living.contains(&draft) {
            wrong.push((draft, "it is erased, and records of it are there; repair removes them"));
        }
        // Records that do not match their hashes are named where all records are looked at.
        let row = unless_damaged(row(view, key))?;
        let told = unless_damaged(told_by_tombstone(view, key))?;
        match (row, told) {
            (Some(None), _) | (_, Some(None)) => {
                wrong.push((draft, "of the two records that say it is erased one is missing"));
            }
            (Some(Some(row)), Some(Some(at))) if row.marker.at != at || !row.marker.is_of(keys, draft) => {
                wrong.push((draft, "what proves that it was erased does not match"));
            }
            _ => {}
        }
    }
    Ok(wrong)
}

fn row(view: &impl View, key: DraftKey) -> Result<Option<ErasedRow>, Failure> {
    view.get(ERASED, &key.bytes())?.map(|bytes| Ok(ErasedRow::decode(&bytes)?)).transpose()
}

/// Removes whatever there is of erased drafts, and writes anew which of their two records is damaged or missing. Gives the drafts that
/// are erased, and how many records it wrote or removed.
pub(crate) fn repair(
    write: &mut Write<'_>,
    keys: &SpaceKeys,
    space: SpaceNo,
) -> Result<(BTreeSet<DraftId>, u64), Failure> {
    let mut erased = of_tables(&write.txn.committed, space, &[ERASED, TOMBSTONES])?;
    let (mut gone, mut mended) = (BTreeSet::new(), 0);
    while let Some(draft) = erased.pop_first() {
        let key = DraftKey { space, draft };
        if !marker::is_erased(write.txn, key)? {
            continue;
        }
        gone.insert(draft);
        if fault::on("repair-brings-erased-drafts-back") {
            continue;
        }
        for table in OF_DRAFT.into_iter().filter(|table| *table != OUTBOX) {
            let prefix = key.bytes();
            let is_there = !of_one(&write.txn.committed, table, &prefix)?;
            if is_there {
                write.delete_prefix(table, &prefix)?;
                mended += 1;
            }
        }
        mended += records(write, keys, key)?;
    }
    Ok((gone, mended))
}

/// Whether a table has nothing under a prefix.
fn of_one(view: &Committed, table: crate::storage::Table, prefix: &[u8]) -> Result<bool, Failure> {
    let mut is_empty = true;
    crate::records::checking::beginnings(view, table, prefix, prefix.len(), |_| {
        is_empty = false;
        Ok(())
    })?;
    Ok(is_empty)
}

/// Writes the one record from the other.
fn records(write: &mut Write<'_>, keys: &SpaceKeys, key: DraftKey) -> Result<u64, Failure> {
    let row = unless_damaged(row(write.txn, key))?.flatten();
    let told = unless_damaged(told_by_tombstone(write.txn, key))?.flatten();
    Ok(match (row, told) {
        (None, Some(at)) => {
            write.put(ERASED, key.bytes(), ErasedRow::new(Marker::new(keys, key.draft, at)).encode());
            1
        }
        (Some(row), None) => {
            write.put(TOMBSTONES, key.bytes(), marker::tombstone(row.marker.at, true));
            1
        }
        (None, None) => {
            // Both are damaged: that they were there is all that is left to know.
            let at = write.now;
            write.put(TOMBSTONES, key.bytes(), marker::tombstone(at, true));
            write.put(ERASED, key.bytes(), ErasedRow::new(Marker::new(keys, key.draft, at)).encode());
            2
        }
        (Some(_), Some(_)) => 0,
    })
}
