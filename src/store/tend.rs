//! What the store does for itself once nothing has been saved for a while.
//!
//! Packing first, then the storage settles: an opening after a later kill has nothing to repair then. A save in
//! between simply lets the wait begin anew.

use super::engine::Engine;
use super::handle::Compacted;
use super::queue::lock;
use super::tables::{DraftKey, HEADS, SpaceNo, after};
use super::versions::packing::{self, Effort};
use super::view::View;
use super::write::meta_row;
use crate::error::Failure;
use crate::events::EventKind;
use crate::id::TraceId;
use crate::storage::{Maintenance, Order, Scan, StorageErrorKind};
use std::sync::{Arc, Weak};

/// Compaction is worth its time once this share of the file holds nothing.
const WASTE_SHARE: u64 = 2;

/// A file smaller than this is not worth compacting.
const WASTE_MIN: u64 = 4 << 20;

/// Makes sure that somebody tends the store once it is idle.
pub(crate) fn wake(engine: &Arc<Engine>) {
    let mut activity = engine.activity();
    if !activity.is_unsettled || activity.is_watched {
        return;
    }
    activity.is_watched = true;
    drop(activity);
    engine.settings.spawn.spawn(Box::pin(watch(Arc::downgrade(engine))));
}

/// Waits until the store is idle, holding on to nothing meanwhile: a store that is dropped is not waited for.
async fn watch(engine: Weak<Engine>) {
    loop {
        let Some(strong) = engine.upgrade() else { return };
        let idle = strong.settings.idle;
        let quiet = strong.settings.clock.elapsed().saturating_sub(strong.activity().last_commit);
        let Some(rest) = idle.checked_sub(quiet).filter(|rest| !rest.is_zero()) else {
            let tending = Arc::clone(&strong.tending);
            drop(strong);
            // Declared before the engine, so that it is let go after it: who has this knows that nobody here has that.
            let _turn = lock(&tending);
            let Some(strong) = engine.upgrade() else { return };
            let trace = strong.trace();
            strong.activity().is_watched = false;
            if let Err(failure) = tidy(&strong, trace) {
                tracing::debug!(error = %failure.kind, %trace, "tidying up failed; the next save tries again");
            }
            return;
        };
        let sleep = strong.settings.clock.sleep(rest);
        drop(strong);
        sleep.await;
    }
}

/// Packs what became cold and lets the storage settle.
pub(crate) fn tidy(engine: &Arc<Engine>, trace: TraceId) -> Result<(), Failure> {
    let mut cold = engine.take_cold();
    while let Some(key) = cold.pop_first() {
        match packing::pack(engine, key, Effort::Background, trace) {
            Ok(Some(packed)) => {
                let what = EventKind::Packed { versions: packed.versions, bytes: packed.bytes };
                engine.publish_event(key.space, Some(key.draft), trace, what);
            }
            Ok(None) => {}
            Err(failure) if failure.is_damage() => {
                let what = EventKind::Damaged { what: failure.kind.to_string() };
                engine.publish_event(key.space, Some(key.draft), trace, what);
            }
            Err(failure) => {
                cold.insert(key);
                engine.give_back_cold(cold);
                return Err(failure);
            }
        }
    }
    let footprint = engine.storage.maintain(Maintenance::Settle)?;
    engine.activity().is_unsettled = false;
    engine.publish_event(0, None, trace, EventKind::Settled);
    if footprint.total >= WASTE_MIN && footprint.unused > footprint.total / WASTE_SHARE {
        engine.storage.maintain(Maintenance::Compact)?;
    }
    Ok(())
}

/// Packs every draft as small as it gets, then gives unused room back.
pub(crate) fn compact(engine: &Arc<Engine>, trace: TraceId) -> Result<Compacted, Failure> {
    let before = engine.storage.footprint()?;
    let (mut thinned, mut sealed) = (0, 0);
    let spaces = meta_row(&engine.read()?)?.map_or(0, |meta| meta.spaces);
    for space in 1..=spaces {
        match compact_space(engine, space, trace) {
            // Nothing of it can be packed, and its records stay where they are.
            Err(failure) if failure.is_about_a_key() => sealed += 1,
            packed => thinned += packed?,
        }
    }
    let scrubbed = scrub(engine)?;
    let after = engine.storage.footprint()?;
    engine.publish_event(0, None, trace, EventKind::Swept { trashed: 0, purged: 0, thinned });
    Ok(Compacted { before, after, thinned, sealed, scrubbed })
}

/// Packs every draft of a space; says how many versions retention dropped.
fn compact_space(engine: &Arc<Engine>, space: SpaceNo, trace: TraceId) -> Result<u64, Failure> {
    let mut thinned = 0;
    let mut from = space.to_be_bytes().to_vec();
    let to = after(&from);
    loop {
        let scan = Scan { from: &from, to: to.as_deref(), order: Order::Ascending, limit: 64 };
        let page = engine.read()?.scan(HEADS, scan);
        // A damaged head must not keep the others from being packed.
        let page = match page {
            Ok(page) => page,
            Err(failure) if failure.is_damage() => {
                let what = EventKind::Damaged { what: failure.kind.to_string() };
                engine.publish_event(space, None, trace, what);
                break;
            }
            Err(failure) => return Err(failure),
        };
        let Some((last, _)) = page.last() else { break };
        from.clone_from(last);
        from.push(0);
        for key in page.iter().filter_map(|(key, _)| DraftKey::parse(key)) {
            match packing::pack(engine, key, Effort::Compact, trace) {
                Ok(packed) => thinned += packed.map_or(0, |packed| packed.thinned),
                Err(failure) if failure.is_damage() => {
                    let what = EventKind::Damaged { what: failure.kind.to_string() };
                    engine.publish_event(key.space, Some(key.draft), trace, what);
                }
                Err(failure) => return Err(failure),
            }
        }
    }
    Ok(thinned)
}

/// Gives unused room back and overwrites what was deleted. Says whether it did: somebody may be reading, who needs it still.
fn scrub(engine: &Engine) -> Result<bool, Failure> {
    match engine.storage.maintain(Maintenance::Scrub) {
        Ok(_) => Ok(true),
        Err(error) if *error.kind() == StorageErrorKind::InUse => {
            engine.storage.maintain(Maintenance::Compact)?;
            Ok(false)
        }
        Err(error) => Err(error.into()),
    }
}
