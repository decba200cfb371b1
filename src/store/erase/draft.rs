//! Erasing one draft: all that it is goes in one commit, and the marker comes.

use super::marker::{self, ErasedRow, Marker};
use super::{hub, slot};
use crate::error::{Failure, unless_damaged};
use crate::events::EventKind;
use crate::fault;
use crate::id::TraceId;
use crate::storage::Table;
use crate::store::audit::record;
use crate::store::change::Place;
use crate::store::heads::{self, Head};
use crate::store::lists;
use crate::store::remote::outbox;
use crate::store::tables::{
    ANCHORS, ARRIVALS, ARRIVED, CONTAINS, DraftKey, HEAD_ANCHORS, HEADS, KEYLESS, ListKey, OUTBOX, PACKS, PINS,
    REMOTES, SIDES, TOMBSTONES, VERSIONS,
};
use crate::store::view::View;
use crate::store::write::{LastWritten, Write};

/// The tables that hold anything of a draft under a key that begins with it. What is left are its place in a list, its slot, the
/// entries of the audit, which hold no text and no name, and what says that it is gone.
pub(super) const OF_DRAFT: [Table; 13] =
    [VERSIONS, ANCHORS, HEADS, HEAD_ANCHORS, PACKS, PINS, SIDES, OUTBOX, REMOTES, ARRIVED, ARRIVALS, CONTAINS, KEYLESS];

/// What was erased of a draft.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Gone {
    /// How many versions it had; 0 where none was here.
    pub(crate) versions: u64,
    /// The hub has to be told.
    pub(crate) is_owed: bool,
}

/// Whose word a draft is erased on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum OnWordOf {
    /// The application's.
    Owner,
    /// That of another device, which the hub told of in this epoch: proven, or accepted by the application.
    Hub { epoch: u64 },
}

/// Whether there is anything of a draft here, or was: its records, what a hub said of it, or that it was purged.
pub(crate) fn is_known(view: &impl View, key: DraftKey) -> Result<bool, Failure> {
    if heads_or_damage(view, key)?.is_some() || view.get(TOMBSTONES, &key.bytes())?.is_some() {
        return Ok(true);
    }
    Ok(view.get(REMOTES, &key.bytes()).map_or_else(|failure| failure.is_damage(), |found| found.is_some()))
}

/// The head, or that it is damaged: it is there to be erased all the same.
fn heads_or_damage(view: &impl View, key: DraftKey) -> Result<Option<Option<Head>>, Failure> {
    match heads::read(view, key) {
        Err(failure) if failure.is_damage() => Ok(Some(None)),
        found => Ok(found?.map(Some)),
    }
}

/// Erases a draft; none where it was erased before.
///
/// What is damaged goes as well. Costs the draft's records; other drafts are not touched but for their neighbours in a list and in
/// a chain of slots.
pub(crate) fn erase(
    write: &mut Write<'_>,
    place: &Place,
    key: DraftKey,
    marker: Marker,
    on_word_of: OnWordOf,
    trace: TraceId,
) -> Result<Option<Gone>, Failure> {
    if marker::is_erased(write.txn, key)? {
        return Ok(None);
    }
    let head = heads_or_damage(write.txn, key)?.flatten();
    let versions = head.as_ref().map_or(0, |head| head.row.last);
    let unsynced = unsynced(write, key, versions)?;
    let stays_here = on_word_of == OnWordOf::Owner && hub::is_unheard_of(write, key)?;
    // Before the draft goes: an entry says which of its revisions was the head, and holds the hash over its versions.
    let what = match on_word_of {
        OnWordOf::Owner => EventKind::Erased { versions, unsynced },
        OnWordOf::Hub { .. } => EventKind::ErasedElsewhere { versions, unsynced },
    };
    record::tell(write, key, trace, what)?;
    leave_list(write, place, key, head.as_ref())?;
    slot::leave(write, place, key, head.as_ref())?;
    let prefix = key.bytes();
    for table in OF_DRAFT {
        let is_kept = fault::on("erased-draft-keeps-its-history") && table == VERSIONS
            || fault::on("erased-draft-keeps-what-arrived") && table == ARRIVALS
            || fault::on("erased-draft-keeps-what-waits-for-its-key") && table == KEYLESS;
        if !is_kept {
            write.delete_prefix(table, &prefix)?;
        }
    }
    write.put(TOMBSTONES, prefix, marker::tombstone(marker.at, true));
    let row = ErasedRow { stays_here, ..ErasedRow::new(marker) };
    let (epoch, is_owed) = match on_word_of {
        OnWordOf::Owner if stays_here => (0, false),
        OnWordOf::Owner => (0, hub::owe(write, key)?),
        OnWordOf::Hub { epoch } => (epoch, false),
    };
    hub::put(write, key, &ErasedRow { epoch, ..row });
    write.bodies.forget(key);
    write.state.cold.remove(&key);
    write.state.last_written = LastWritten::Removal;
    Ok(Some(Gone { versions, is_owed }))
}

/// How many versions, from the first that is owed on, the hub never had, as far as this device knows; none where it never met one.
fn unsynced(write: &Write<'_>, key: DraftKey, versions: u64) -> Result<u64, Failure> {
    let owed = unless_damaged(outbox::read(write.txn, key))?.flatten();
    Ok(owed.map_or(0, |owed| versions.saturating_sub(owed.version.saturating_sub(1))))
}

fn leave_list(write: &mut Write<'_>, place: &Place, key: DraftKey, head: Option<&Head>) -> Result<(), Failure> {
    let Some(head) = head else { return Ok(()) };
    let Some(kind) = write.space(place.space)?.kind(&head.header.kind) else { return Ok(()) };
    let list = ListKey { space: key.space, kind, phase: head.header.phase };
    // A damaged list is no reason to keep a text: `repair` builds it anew from the heads that there are.
    unless_damaged(write.txn.attempt(|txn| lists::remove(txn, list, head.row.place, key.draft)))?;
    Ok(())
}
