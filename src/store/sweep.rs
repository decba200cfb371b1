//! What opening a space tidies up: drafts nobody touched go to the trash, what was long in the trash is removed.

use super::audit::record;
use super::change;
use super::heads;
use super::remote::outbox;
use super::retention::has_passed;
use super::space::{SpaceCore, Swept};
use super::tables::{DraftKey, KindNo, ListKey};
use super::write::Write;
use crate::clock::Timestamp;
use crate::error::Failure;
use crate::events::EventKind;
use crate::fault;
use crate::id::TraceId;
use crate::phase::Phase;
use crate::storage::{Order, Scan};
use crate::store::rows::ListRow;
use crate::store::tables::LISTS;
use crate::store::view::View;

/// The most drafts of a kind that one opening moves; the next one goes on.
const SWEEP_MAX: usize = 256;

pub(crate) fn sweep(space: &SpaceCore, trace: TraceId) -> Result<Swept, Failure> {
    let retention = space.engine.settings.retention;
    if retention.discard_after.is_none() && retention.purge_after.is_none() {
        return Ok(Swept::default());
    }
    let view = space.engine.read()?;
    let now = space.now();
    let kinds = super::write::space_row(&view, space.no)?.kinds.len();
    let mut stale = Vec::new();
    let mut expired = Vec::new();
    for kind in 1..=KindNo::try_from(kinds).unwrap_or(KindNo::MAX) {
        if let Some(untouched) = retention.discard_after {
            let list = ListKey { space: space.no, kind, phase: Phase::Open };
            stale.extend(oldest(&view, list, |head| {
                has_passed(untouched, head.row.local.saved_at, now, head.row.local.days, space.engine.days(space.no))
            })?);
        }
        if let Some(grace) = retention.purge_after {
            let list = ListKey { space: space.no, kind, phase: Phase::Discarded };
            expired.extend(oldest(&view, list, |head| {
                has_passed(grace, head.row.phase_since, now, head.row.phase_days, space.engine.days(space.no))
            })?);
        }
    }
    drop(view);
    // Somebody has it open in an editor, and may have typed what is not saved yet.
    let is_idle = |(_, key): &(KindNo, DraftKey)| space.engine.live.of(*key).is_empty();
    stale.retain(is_idle);
    expired.retain(is_idle);
    if stale.is_empty() && expired.is_empty() {
        return Ok(Swept::default());
    }
    let days = space.engine.days(space.no);
    let (no, keys) = (space.no, space.keys);
    let (device, seal) = (space.engine.settings.device.clone(), space.seal());
    let place = change::Place { space: no, keys, days, device, seal };
    space.engine.write(move |write| {
        let mut swept = Swept::default();
        for (kind, key) in stale {
            if discard(write, &place, kind, key, trace)? {
                swept.discarded.push(key.draft);
            }
        }
        for (kind, key) in expired {
            // What the hub does not have as it is here may be the last copy.
            if outbox::read(write.txn, key)?.is_some() && !fault::on("purged-before-it-was-synced") {
                continue;
            }
            record::tell(write, key, trace, EventKind::Purged)?;
            change::purge(write, kind, key)?;
            swept.purged.push(key.draft);
        }
        let (trashed, purged) = (swept.discarded.len() as u64, swept.purged.len() as u64);
        write.tell(no, None, trace, EventKind::Swept { trashed, purged, thinned: 0 });
        Ok(swept)
    })
}

fn discard(
    write: &mut Write<'_>,
    place: &change::Place,
    kind: KindNo,
    key: DraftKey,
    trace: TraceId,
) -> Result<bool, Failure> {
    let Some(head) = heads::read(write.txn, key)?.filter(|head| head.header.phase == Phase::Open) else {
        return Ok(false);
    };
    change::enter_phase(write, place, kind, &head, change::Entering::discarded(&head))?;
    record::tell(write, key, trace, EventKind::Discarded)?;
    Ok(true)
}

/// The drafts at a list's old end, as long as they are what is looked for.
fn oldest(
    view: &impl View,
    list: ListKey,
    is_wanted: impl Fn(&heads::Head) -> bool,
) -> Result<Vec<(KindNo, DraftKey)>, Failure> {
    let scan =
        Scan { from: &list.place(u64::MAX - 1), to: Some(&list.end()), order: Order::Descending, limit: SWEEP_MAX };
    let mut found = Vec::new();
    for (_, bytes) in view.scan(LISTS, scan)? {
        let Some(draft) = ListRow::decode(&bytes)?.draft else { continue };
        let key = DraftKey { space: list.space, draft };
        // A damaged draft is left where it is, and is never a reason not to open the space.
        match heads::read(view, key) {
            Ok(Some(head)) if is_wanted(&head) => found.push((list.kind, key)),
            Ok(Some(head)) if head.row.local.saved_at == Timestamp::default() => {}
            Ok(Some(_)) => break,
            Ok(None) => {}
            Err(failure) if failure.is_damage() => {}
            Err(failure) => return Err(failure),
        }
    }
    Ok(found)
}
