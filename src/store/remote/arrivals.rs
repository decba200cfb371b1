//! What the hub said of drafts, stored as it came: rows, the mains with them, and how far it was.

use super::body::Travelling;
use super::rows::{LinkRow, RemoteRow};
use super::{contains, link, outbox};
use crate::codec::Writer;
use crate::error::Failure;
use crate::fault;
use crate::id::{RevisionId, TraceId};
use crate::position::Position;
use crate::records::pieces;
use crate::records::view::View;
use crate::store::audit::AuditAction;
use crate::store::audit::record::{self, About};
use crate::store::erase;
use crate::store::erase::told::Told;
use crate::store::heads;
use crate::store::tables::{ARRIVALS, ARRIVED, DraftKey, REMOTES, SpaceNo, page_of_drafts};
use crate::store::write::Write;

/// A row of the hub, on its way into the store.
#[derive(Debug, Clone)]
pub(crate) struct Arrival {
    pub(crate) key: DraftKey,
    pub(crate) seq: u64,
    pub(crate) main: RevisionId,
    pub(crate) forks: Vec<RevisionId>,
    /// The main, where it came with it, and what its body builds on.
    pub(crate) revision: Option<Travelling>,
}

/// What the hub last said of a draft.
pub(crate) fn read(view: &impl View, key: DraftKey) -> Result<Option<RemoteRow>, Failure> {
    view.get(REMOTES, &key.bytes())?.map(|bytes| Ok(RemoteRow::decode(&bytes)?)).transpose()
}

/// Stores a page: its rows, how far it goes, and the hub's position. One commit holds it all.
pub(crate) fn store(
    write: &mut Write<'_>,
    space: SpaceNo,
    (arrivals, erased): (&[Arrival], &[Told]),
    cursor: u64,
    seen: Position,
    trace: TraceId,
) -> Result<(), Failure> {
    let Some(link) = link::read(write.txn, space)? else { return Ok(()) };
    let mut news = 0;
    for arrival in arrivals {
        news += u64::from(is_news(write, arrival, link.epoch)?);
        arrive(write, arrival, link.epoch, trace)?;
    }
    for told in erased {
        erase::told::arrive(write, told, link.epoch)?;
    }
    // What only repeats what this device pushed itself is no news.
    if news > 0 {
        record::note(write, About::space(space, trace), AuditAction::Pulled { rows: news, up_to: cursor })?;
    }
    link::change(write, space, |link| {
        link.cursor = cursor;
        link.seen = Some(seen);
    })?;
    Ok(())
}

/// Whether a row says what the hub was not known to have.
fn is_news(write: &Write<'_>, arrival: &Arrival, epoch: u64) -> Result<bool, Failure> {
    let before = read(write.txn, arrival.key)?;
    let is_same = |row: RemoteRow| row.epoch == epoch && row.main == arrival.main && row.forks == arrival.forks;
    Ok(!before.is_some_and(is_same))
}

/// Stores one row. It is taken in later, in a commit of its own. That of a draft which is erased here is not stored at all.
pub(crate) fn arrive(write: &mut Write<'_>, arrival: &Arrival, epoch: u64, trace: TraceId) -> Result<(), Failure> {
    let key = arrival.key;
    if erase::hub::keep_out(write, key, arrival.main, trace)? {
        return Ok(());
    }
    let before = read(write.txn, key)?;
    // An answer that was overtaken by a later one says nothing new.
    if before.as_ref().is_some_and(|before| before.epoch == epoch && before.seq > arrival.seq) {
        return Ok(());
    }
    drop_pieces(write, key, before.as_ref());
    let pieces = match &arrival.revision {
        Some(revision) => pieces::write(write.txn, ARRIVALS, &revision.to_bytes(), |piece| key.arrival(piece))?,
        None => 0,
    };
    let deltas = arrival.revision.as_ref().map_or(0, Travelling::deltas);
    let sealed_with = arrival.revision.as_ref().and_then(Travelling::key);
    let said = RemoteRow::after(before.as_ref(), (epoch, arrival.seq), arrival.main, arrival.forks.clone());
    put(write, key, &RemoteRow { pieces, deltas, key: sealed_with, ..said });
    again(write, key);
    Ok(())
}

pub(crate) fn drop_pieces(write: &mut Write<'_>, key: DraftKey, row: Option<&RemoteRow>) {
    for piece in 0..row.map_or(0, |row| row.pieces) {
        write.delete(ARRIVALS, key.arrival(piece));
    }
}

/// The main that came with a row.
pub(crate) fn main(view: &impl View, key: DraftKey, row: &RemoteRow) -> Result<Option<Travelling>, Failure> {
    if row.pieces == 0 {
        return Ok(None);
    }
    let bytes = pieces::read(view, ARRIVALS, row.pieces, |piece| key.arrival(piece))?;
    Ok(Some(Travelling::from_bytes(&bytes)?))
}

/// Notes that the row was taken in.
pub(crate) fn taken(write: &mut Write<'_>, key: DraftKey, row: &RemoteRow) {
    drop_pieces(write, key, Some(row));
    put(write, key, &RemoteRow { pieces: 0, blocked: None, blocked_by: 0, ..row.clone() });
    passed(write, key);
}

/// Notes what the next edit is made from. Where the hub has said nothing yet there is nothing to note it in, and it need not be.
pub(crate) fn line(write: &mut Write<'_>, key: DraftKey, id: RevisionId) -> Result<(), Failure> {
    if let Some(row) = read(write.txn, key)?.filter(|row| row.line != Some(id)) {
        put(write, key, &RemoteRow { line: Some(id), ..row });
    }
    Ok(())
}

/// Nothing of the draft waits to be taken in.
pub(crate) fn passed(write: &mut Write<'_>, key: DraftKey) {
    write.delete(ARRIVED, key.bytes());
}

/// Lets the row be taken in once more: what it says of this device's own revisions asks for something.
pub(crate) fn again(write: &mut Write<'_>, key: DraftKey) {
    write.put(ARRIVED, key.bytes(), Writer::new(1).finish());
}

/// Notes why the row cannot be taken in. It stays as it came, and is tried again in every cycle: the application may have
/// been updated.
pub(crate) fn blocked(
    write: &mut Write<'_>,
    key: DraftKey,
    row: &RemoteRow,
    (by, why): (u32, &str),
    trace: TraceId,
) -> Result<(), Failure> {
    if row.blocked.as_deref() != Some(why) || row.blocked_by != by {
        put(write, key, &RemoteRow { blocked: Some(why.to_owned()), blocked_by: by, ..row.clone() });
        record::note(write, About::revision(key, row.main, trace), AuditAction::Blocked)?;
        owe_beside(write, key, row)?;
    }
    Ok(())
}

/// What is here beside something that cannot be taken in is owed, unless the hub is known to have it: it may be here alone.
fn owe_beside(write: &mut Write<'_>, key: DraftKey, row: &RemoteRow) -> Result<(), Failure> {
    let Some(head) = heads::read(write.txn, key)? else { return Ok(()) };
    let is_within = contains::get(write.txn, key, head.id())?.is_some_and(|known| known.epoch == row.epoch);
    if row.has(head.id()) || is_within || fault::on("text-beside-a-blocked-one-not-owed") {
        return Ok(());
    }
    outbox::owe(write, key, head.row.version)
}

pub(crate) fn put(write: &mut Write<'_>, key: DraftKey, row: &RemoteRow) {
    write.put(REMOTES, key.bytes(), row.encode());
}

/// Whether the hub said something of the draft that waits to be taken in, and can be.
pub(crate) fn is_waiting(view: &impl View, key: DraftKey) -> Result<bool, Failure> {
    let is_blocked = read(view, key)?.is_some_and(|row| row.blocked.is_some());
    Ok(!is_blocked && has_arrived(view, key)?)
}

/// Whether the hub said something of the draft that is not taken in, whether it can be or not.
pub(crate) fn has_arrived(view: &impl View, key: DraftKey) -> Result<bool, Failure> {
    Ok(view.get(ARRIVED, &key.bytes())?.is_some())
}

/// Drafts with a row that is not taken in yet, from behind `after` on.
pub(crate) fn waiting(
    view: &impl View,
    space: SpaceNo,
    after: Option<DraftKey>,
    limit: usize,
) -> Result<Vec<DraftKey>, Failure> {
    Ok(page_of_drafts(view, ARRIVED, space, after, limit)?.into_iter().map(|(key, _)| key).collect())
}

/// Begins to learn all rows anew: what the hub said before does not count any more.
pub(crate) fn forget(write: &mut Write<'_>, space: SpaceNo, trace: TraceId) -> Result<(), Failure> {
    record::note(write, About::space(space, trace), AuditAction::Resynced)?;
    if fault::on("hub-rows-kept-after-a-restore") {
        return Ok(());
    }
    link::change(write, space, |link| {
        *link = LinkRow { epoch: link.epoch + 1, cursor: 0, seen: None, is_complete: false, ..link.clone() };
    })?;
    Ok(())
}
