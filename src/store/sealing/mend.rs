//! The keys of a space in both of their places again.

use super::rotate;
use super::row;
use super::seals::Seals;
use crate::error::Failure;
use crate::storage::Snapshot;
use crate::store::tables::SpaceNo;
use crate::store::write::Write;

/// Whether a space's keys are intact, and the same, in both of their places.
pub(crate) fn are_in_both_places(snapshot: &dyn Snapshot, space: SpaceNo) -> Result<bool, Failure> {
    let [one, other] = row::both(snapshot, space)?;
    Ok(matches!((one, other), (Ok(Some(one)), Ok(Some(other))) if one == other))
}

/// Writes a space's keys anew where one of their places is damaged or older; says how many records it wrote. Nothing is written where neither
/// place opens: perhaps somebody has the key yet.
pub(crate) fn mend(write: &mut Write<'_>, seals: &Seals, space: SpaceNo) -> Result<u64, Failure> {
    // As this commit has it by now: somebody may have taken up another key in it.
    let places = row::staged(write.txn, space)?;
    if matches!(&places, [Ok(Some(one)), Ok(Some(other))] if one == other) {
        return Ok(0);
    }
    let Some((row, _)) = seals.newest(space, &places)? else { return Ok(0) };
    rotate::put(write, space, &row);
    Ok(1)
}
