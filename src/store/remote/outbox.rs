//! What this device still owes to the hub.
//!
//! A draft is owed from the save on that made its head another one than the hub has, in that save's own commit. Only a
//! positive answer to this very revision ends it.

use super::link;
use super::rows::{OwedRow, Parking};
use crate::error::Failure;
use crate::fault;
use crate::records::view::View;
use crate::store::change::open_head;
use crate::store::heads;
use crate::store::options::Settings;
use crate::store::tables::{DraftKey, HEADS, OUTBOX, SpaceNo, page_of_drafts};
use crate::store::write::Write;

pub(crate) fn read(view: &impl View, key: DraftKey) -> Result<Option<OwedRow>, Failure> {
    view.get(OUTBOX, &key.bytes())?.map(|bytes| Ok(OwedRow::decode(&bytes)?)).transpose()
}

/// What is owed of a draft's texts. It may have been erased while they were on their way: then that is owed.
fn read_text(write: &Write<'_>, key: DraftKey) -> Result<Option<OwedRow>, Failure> {
    Ok(read(write.txn, key)?.filter(|owed| !owed.is_erasure))
}

/// Notes that the draft's head, which was just written, is owed. Costs a write only where it was not owed, or parked.
pub(crate) fn owe(write: &mut Write<'_>, key: DraftKey, version: u64) -> Result<(), Failure> {
    let owed = read(write.txn, key)?;
    match owed {
        Some(owed) if owed.parked.is_none() => Ok(()),
        // What changed may be acceptable now.
        Some(owed) => {
            put(write, key, &OwedRow { parked: None, attempts: 0, ..owed });
            Ok(())
        }
        None if link::read(write.txn, key.space)?.is_none() || fault::on("save-not-owed") => Ok(()),
        None if stays_here(write.txn, write.settings, key)? => Ok(()),
        None => {
            put(write, key, &OwedRow { since: write.now, version, ..OwedRow::default() });
            Ok(())
        }
    }
}

/// Whether drafts of its kind never leave this device.
pub(crate) fn stays_here(view: &impl View, settings: &Settings, key: DraftKey) -> Result<bool, Failure> {
    if !settings.keeps_any_here() {
        return Ok(false);
    }
    let head = heads::read(view, key)?;
    Ok(head.is_some_and(|head| settings.stays_here(&head.header.kind)))
}

/// Whether what is owed of a draft that the hub has is still going to be pushed.
pub(crate) fn holds_back(view: &impl View, key: DraftKey) -> Result<bool, Failure> {
    let is_going = read(view, key)?.is_some_and(|owed| owed.parked.is_none());
    let is_on = link::read(view, key.space)?.is_some_and(|link| !link.is_disabled);
    Ok(is_going && is_on && super::arrivals::read(view, key)?.is_some())
}

pub(crate) fn put(write: &mut Write<'_>, key: DraftKey, row: &OwedRow) {
    write.put(OUTBOX, key.bytes(), row.encode());
}

/// Nothing of the draft is owed any more.
pub(crate) fn settle(write: &mut Write<'_>, key: DraftKey) {
    write.delete(OUTBOX, key.bytes());
}

/// Parks what is owed of a draft: it stays, and is not pushed until it changes or somebody says so. Where nothing is owed
/// any more there is nothing to park.
pub(crate) fn park(write: &mut Write<'_>, key: DraftKey, parking: Parking) -> Result<(), Failure> {
    if let Some(owed) = read_text(write, key)? {
        let (attempts, is_unfinished) = (owed.attempts.saturating_add(1), parking.is_looked_at_anew());
        put(write, key, &OwedRow { attempts, parked: Some(parking), is_unfinished, ..owed });
    }
    Ok(())
}

/// Notes that what is owed is valid by now, and lets it be pushed.
pub(crate) fn finished(write: &mut Write<'_>, key: DraftKey) -> Result<(), Failure> {
    if let Some(owed) = read_text(write, key)? {
        put(write, key, &OwedRow { parked: None, is_unfinished: false, attempts: 0, ..owed });
    }
    Ok(())
}

/// Notes that versions of the head's line up to this one are not pushed for themselves: the hub refuses that one, and what
/// came after it may be acceptable.
pub(crate) fn pass_over(write: &mut Write<'_>, key: DraftKey, version: u64) -> Result<(), Failure> {
    if let Some(owed) = read_text(write, key)? {
        put(write, key, &OwedRow { version: owed.version.max(version.saturating_add(1)), ..owed });
    }
    Ok(())
}

/// What is owed of a space, in the order of the drafts' ids, from behind `after` on.
pub(crate) fn page(
    view: &impl View,
    space: SpaceNo,
    after: Option<DraftKey>,
    limit: usize,
) -> Result<Vec<(DraftKey, OwedRow)>, Failure> {
    let page = page_of_drafts(view, OUTBOX, space, after, limit)?;
    page.into_iter().map(|(key, bytes)| Ok((key, OwedRow::decode(&bytes)?))).collect()
}

/// Notes as owed, from behind `after` on, every draft of the space that the hub is not known to have in this epoch.
/// Returns where to go on; `None` once all are looked at.
pub(crate) fn owe_unknown(
    write: &mut Write<'_>,
    space: SpaceNo,
    after: Option<DraftKey>,
    limit: usize,
) -> Result<Option<DraftKey>, Failure> {
    let Some(link) = link::read(write.txn, space)? else { return Ok(None) };
    let page = page_of_drafts(write.txn, HEADS, space, after, limit)?;
    let is_last = page.len() < limit;
    let mut last = after;
    for (key, _) in page {
        last = Some(key);
        let is_known = super::arrivals::read(write.txn, key)?.is_some_and(|row| row.epoch == link.epoch);
        let is_owed = !is_known && read(write.txn, key)?.is_none() && heads::read(write.txn, key)?.is_some();
        if is_owed && !stays_here(write.txn, write.settings, key)? {
            let version = open_head(write, key)?.row.version;
            put(write, key, &OwedRow { since: write.now, version, ..OwedRow::default() });
        }
    }
    Ok(if is_last { None } else { last })
}
