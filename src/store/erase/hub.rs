//! What is owed of an erasure to the hub, and what the hub has of a draft that is erased here.
//!
//! An erasure is an entry of the outbox, under its draft's own key, until the hub has carried it out. Whatever a hub has of an
//! erased draft stays outside: erasing wins over an edit that was made elsewhere meanwhile, and the application is told.

use super::marker::{self, ErasedRow};
use crate::error::{Failure, unless_damaged};
use crate::events::EventKind;
use crate::fault;
use crate::id::{RevisionId, TraceId};
use crate::store::audit::record::{self, About};
use crate::store::keys::SpaceKeys;
use crate::store::remote::rows::OwedRow;
use crate::store::remote::{contains, link, outbox};
use crate::store::tables::{DraftKey, ERASED, OUTBOX, REMOTES, SpaceNo, page_of_drafts};
use crate::store::view::View;
use crate::store::write::Write;

/// The keys of a space, for what is made anew from a tombstone.
pub(super) fn keys_of(write: &Write<'_>, space: SpaceNo) -> Result<SpaceKeys, Failure> {
    Ok(SpaceKeys::new(&write.space(space)?.secret))
}

pub(crate) fn put(write: &mut Write<'_>, key: DraftKey, row: &ErasedRow) {
    write.put(ERASED, key.bytes(), row.encode());
}

/// Notes that the hub has to be told of an erasure; says whether there is a hub. Until one is met nothing is owed: then all of
/// them are.
pub(crate) fn owe(write: &mut Write<'_>, key: DraftKey) -> Result<bool, Failure> {
    if link::read(write.txn, key.space)?.is_none() || fault::on("erasure-not-owed") {
        return Ok(false);
    }
    outbox::put(write, key, &OwedRow { since: write.now, is_erasure: true, ..OwedRow::default() });
    Ok(true)
}

/// Whether a draft that is still here is of a kind that never leaves the device, and no hub can have heard of it. One that was on its way
/// when its kind was said to stay, or of which a hub said something, may be there.
pub(super) fn is_unheard_of(write: &Write<'_>, key: DraftKey) -> Result<bool, Failure> {
    if fault::on("erased-secret-told")
        || unless_damaged(outbox::stays_here(write.txn, write.settings, key))? != Some(true)
    {
        return Ok(false);
    }
    let is_there = |table| match write.txn.get(table, &key.bytes()) {
        Err(failure) if failure.is_damage() => Ok(true),
        found => Ok::<_, Failure>(found?.is_some()),
    };
    let known = unless_damaged(contains::read(write.txn, key))?;
    let is_known_elsewhere = known.is_none_or(|known| known.values().any(|row| row.epoch > 0));
    Ok(!is_known_elsewhere && !is_there(REMOTES)? && !is_there(OUTBOX)?)
}

/// Whether the hub has still to be told.
pub(crate) fn is_owed(view: &impl View, key: DraftKey) -> Result<bool, Failure> {
    Ok(outbox::read(view, key)?.is_some_and(|owed| owed.is_erasure))
}

/// Keeps out what a hub has of a draft, where that is erased here, and lets the hub be told anew. Says whether it was kept out; each
/// main is told of once.
pub(crate) fn keep_out(
    write: &mut Write<'_>,
    key: DraftKey,
    main: RevisionId,
    trace: TraceId,
) -> Result<bool, Failure> {
    if fault::on("erased-draft-comes-back") || !marker::is_erased(write.txn, key)? {
        return Ok(false);
    }
    let keys = keys_of(write, key.space)?;
    let Some(row) = marker::read(write.txn, &keys, key)? else { return Ok(true) };
    if row.kept_out != Some(main) {
        put(write, key, &ErasedRow { kept_out: Some(main), epoch: 0, stays_here: false, ..row });
        let about = About::revision(key, main, trace);
        record::tell_about(write, key, about, EventKind::KeptOut { revision: main })?;
    }
    if outbox::read(write.txn, key)?.is_none() {
        owe(write, key)?;
    }
    Ok(true)
}

/// Notes as owed, from behind `after` on, every erasure that the hub is not known to have carried out in this epoch. Returns where to
/// go on; `None` once all are looked at.
pub(crate) fn owe_unknown(
    write: &mut Write<'_>,
    space: SpaceNo,
    after: Option<DraftKey>,
    limit: usize,
) -> Result<Option<DraftKey>, Failure> {
    let Some(link) = link::read(write.txn, space)?.filter(|_| !fault::on("erasures-not-told-anew")) else {
        return Ok(None);
    };
    let page = page_of_drafts(write.txn, ERASED, space, after, limit)?;
    let is_last = page.len() < limit;
    let mut last = after;
    for (key, bytes) in page {
        last = Some(key);
        let row = ErasedRow::decode(&bytes)?;
        if row.epoch != link.epoch && !row.stays_here && outbox::read(write.txn, key)?.is_none() {
            owe(write, key)?;
        }
    }
    Ok(if is_last { None } else { last })
}
