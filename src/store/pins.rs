//! Pins: versions that retention must not drop.
//!
//! The head counts them, so that a pin that the engine does not return is noticed before its version is dropped.

use super::change::open_head;
use super::heads::Head;
use super::rows::HeadRow;
use super::tables::{DraftKey, HEADS, PINS, version_of};
use super::view::View;
use super::write::Write;
use crate::error::Failure;

/// The pinned versions of a draft, oldest first.
pub(crate) fn read(view: &impl View, key: DraftKey, head: &Head) -> Result<Vec<u64>, Failure> {
    let mut pins = Vec::new();
    view.each(PINS, &key.bytes(), |found, _| {
        pins.extend(version_of(&found));
        Ok(true)
    })?;
    if pins.len() as u64 == head.row.pins {
        return Ok(pins);
    }
    Err(Failure::corrupt(Some(key.draft), "its pins cannot be read"))
}

/// Pins a version or takes the pin back; nothing happens where it is as wanted.
pub(crate) fn set(write: &mut Write<'_>, key: DraftKey, version: u64, is_pinned: bool) -> Result<(), Failure> {
    let head = open_head(write, key)?;
    let place = key.version(version);
    if write.get(PINS, &place)?.is_some() == is_pinned {
        return Ok(());
    }
    let pins = if is_pinned {
        write.put(PINS, place, vec![1]);
        head.row.pins.saturating_add(1)
    } else {
        write.delete(PINS, place);
        head.row.pins.saturating_sub(1)
    };
    write.put(HEADS, key.bytes(), HeadRow { pins, ..head.row }.encode());
    Ok(())
}
