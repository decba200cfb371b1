//! Restore points: what a whole space was at a moment.
//!
//! A point is one small row, however large the space. Every version says after how many points it was written; so a
//! draft was, at a point, the last head that is not younger than it. Numbers are never used twice, and retention keeps
//! the versions that a point stands for.

use super::audit::AuditAction;
use super::audit::record::{self, About};
use super::rows::SpaceRow;
use super::tables::{POINTS, SPACES, SpaceNo, point, point_of};
use super::versions::packed::Entry;
use super::view::{Committed, View};
use super::write::Write;
use crate::clock::Timestamp;
use crate::codec::{CodecError, Fields, Unknown, Writer};
use crate::error::Failure;
use crate::fault;
use crate::id::TraceId;
use crate::records::checking;
use std::collections::BTreeSet;

const FORMAT: u8 = 1;

/// A moment that a whole space can be brought back to.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct RestorePoint {
    /// Its number; later ones are larger, and none is used twice.
    pub number: u64,
    /// When it was taken, by this device's clock.
    pub taken_at: Timestamp,
    /// Why.
    pub cause: PointCause,
}

/// Why a restore point was taken.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum PointCause {
    /// The application asked for it. Such a point stays until the application drops it.
    Asked {
        /// What it is called.
        name: String,
    },
    /// A cycle of syncing was about to change drafts here.
    BeforeSync,
    /// The space was about to be brought back to an earlier point.
    BeforeRestore {
        /// The number of that point.
        point: u64,
    },
}

/// A point as it is stored.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct PointRow {
    pub(crate) taken_at: Timestamp,
    pub(crate) cause: PointCause,
    pub(crate) unknown: Unknown,
}

const BEFORE_SYNC: u64 = 1;
const BEFORE_RESTORE: u64 = 2;

impl PointRow {
    pub(crate) fn encode(&self) -> Vec<u8> {
        let mut writer = Writer::new(FORMAT);
        writer.number_unless_zero(1, self.taken_at.as_millis());
        match &self.cause {
            PointCause::Asked { name } => writer.bytes(2, name.as_bytes()),
            PointCause::BeforeSync => writer.number(3, BEFORE_SYNC),
            PointCause::BeforeRestore { point } => {
                writer.number(3, BEFORE_RESTORE);
                writer.number(4, *point);
            }
        }
        writer.unknown(&self.unknown);
        writer.finish()
    }

    pub(crate) fn decode(bytes: &[u8]) -> Result<Self, CodecError> {
        let fields = Fields::parse(bytes, FORMAT)?;
        let cause = match (fields.text(2)?, fields.optional_number(3)?, fields.optional_number(4)?) {
            (Some(name), None, None) => PointCause::Asked { name },
            (None, Some(BEFORE_SYNC), None) => PointCause::BeforeSync,
            (None, Some(BEFORE_RESTORE), Some(point)) => PointCause::BeforeRestore { point },
            _ => return Err(CodecError::Malformed(3)),
        };
        Ok(Self { taken_at: Timestamp::from_millis(fields.number(1)?), cause, unknown: fields.unknown_above(4) })
    }
}

/// Takes a point. Of those that nobody asked for, the last `keep` stay.
pub(crate) fn take(
    write: &mut Write<'_>,
    space: SpaceNo,
    cause: PointCause,
    keep: u32,
    trace: TraceId,
) -> Result<RestorePoint, Failure> {
    let row = write.space(space)?;
    let number = row.points + 1;
    write.put(SPACES, space.to_be_bytes().to_vec(), SpaceRow { points: number, ..row }.encode());
    write.state.points.insert(space, number);
    let taken_at = write.now;
    let row = PointRow { taken_at, cause: cause.clone(), unknown: Unknown::default() };
    write.put(POINTS, point(space, number), row.encode());
    record::note(write, About::space(space, trace), AuditAction::PointTaken { point: number })?;
    drop_old(write, space, usize::try_from(keep).unwrap_or(usize::MAX).max(1))?;
    Ok(RestorePoint { number, taken_at, cause })
}

/// Leaves the last ones of those that nobody asked for.
fn drop_old(write: &mut Write<'_>, space: SpaceNo, keep: usize) -> Result<(), Failure> {
    let points = match all(write.txn, space) {
        // A damaged point is no reason not to sync; somebody who asks for the points is told.
        Err(failure) if failure.is_damage() => return Ok(()),
        points => points?,
    };
    let is_asked = |point: &&RestorePoint| matches!(point.cause, PointCause::Asked { .. });
    for old in points.iter().rev().filter(|point| !is_asked(point)).skip(keep) {
        write.delete(POINTS, point(space, old.number));
    }
    Ok(())
}

/// After how many points a version that is written now is written.
pub(crate) fn latest(write: &mut Write<'_>, space: SpaceNo) -> Result<u64, Failure> {
    if let Some(number) = write.state.points.get(&space) {
        return Ok(*number);
    }
    let number = write.space(space)?.points;
    write.state.points.insert(space, number);
    Ok(number)
}

/// The points of a space, oldest first.
pub(crate) fn all(view: &impl View, space: SpaceNo) -> Result<Vec<RestorePoint>, Failure> {
    let mut points = Vec::new();
    view.each(POINTS, &space.to_be_bytes(), |key, bytes| {
        let number = point_of(&key).ok_or_else(|| Failure::corrupt(None, "the key of a restore point is too short"))?;
        let PointRow { taken_at, cause, .. } = PointRow::decode(&bytes)?;
        points.push(RestorePoint { number, taken_at, cause });
        Ok(true)
    })?;
    Ok(points)
}

/// The numbers of the points of a space, those included whose records are damaged.
pub(crate) fn numbers(view: &Committed, space: SpaceNo) -> Result<Vec<u64>, Failure> {
    let mut numbers = Vec::new();
    checking::beginnings(view, POINTS, &space.to_be_bytes(), usize::MAX, |key| {
        numbers.extend(point_of(key));
        Ok(())
    })?;
    Ok(numbers)
}

/// Forgets a point; whether it was there.
pub(crate) fn drop(write: &mut Write<'_>, space: SpaceNo, number: u64) -> Result<bool, Failure> {
    let key = point(space, number);
    let is_there = match write.get(POINTS, &key) {
        Err(failure) if failure.is_damage() => true,
        found => found?.is_some(),
    };
    write.delete(POINTS, key);
    Ok(is_there)
}

/// The head that a draft had at a point, of its versions, oldest first; none where the draft began later.
pub(crate) fn head_at(entries: &[Entry], number: u64) -> Option<&Entry> {
    entries.iter().rev().find(|entry| !entry.local.aside && entry.local.point < number)
}

/// The versions that were heads at any of the points.
pub(crate) fn needed(view: &impl View, space: SpaceNo, entries: &[Entry]) -> Result<BTreeSet<u64>, Failure> {
    if fault::on("points-keep-no-versions") {
        return Ok(BTreeSet::new());
    }
    let heads = all(view, space)?.into_iter().filter_map(|point| head_at(entries, point.number));
    Ok(heads.map(|entry| entry.version).collect())
}
