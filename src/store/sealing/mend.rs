//! The keys of a space in both of their places again.

use super::rotate;
use super::row::{self, KeysRow};
use crate::error::{Failure, unless_damaged};
use crate::storage::Snapshot;
use crate::store::tables::{KEYS, KEYS_AGAIN, SpaceNo};
use crate::store::write::Write;

fn both(snapshot: &dyn Snapshot, space: SpaceNo) -> Result<[Option<KeysRow>; 2], Failure> {
    let one = |table| Ok::<_, Failure>(unless_damaged(row::one(snapshot, table, space))?.flatten());
    Ok([one(KEYS)?, one(KEYS_AGAIN)?])
}

/// Whether a space's keys are intact, and the same, in both of their places.
pub(crate) fn are_in_both_places(snapshot: &dyn Snapshot, space: SpaceNo) -> Result<bool, Failure> {
    let [one, other] = both(snapshot, space)?;
    Ok(one.is_some() && one == other)
}

/// Writes a space's keys anew where one of their places is damaged; says how many records it wrote.
pub(crate) fn mend(write: &mut Write<'_>, space: SpaceNo) -> Result<u64, Failure> {
    let snapshot = &*write.txn.committed.snapshot;
    if are_in_both_places(snapshot, space)? {
        return Ok(0);
    }
    let Some(row) = row::read(snapshot, space)? else { return Ok(0) };
    rotate::put(write, space, &row);
    Ok(1)
}
