//! Revisions of other devices that are sealed with a key which is not here, kept as they came.
//!
//! While a hub has them, its row says what becomes of them. Once that hub was restored or another one took its place, what is kept here may be the
//! last copy: it stays until its key is there, and is then taken in as a text that no hub has.

use super::arrivals;
use super::body::Travelling;
use super::rows::RemoteRow;
use crate::error::{Failure, unless_damaged};
use crate::fault;
use crate::id::{DraftId, RevisionId};
use crate::records::pieces;
use crate::records::view::{Committed, View};
use crate::storage::{Order, Scan};
use crate::store::erase::known::of_tables;
use crate::store::tables::{DraftKey, KEYLESS, SpaceNo, after, keyless_of};
use crate::store::write::Write;
use std::collections::BTreeSet;

/// The most revisions of one draft that are kept for hubs that are gone. A hub could make up more; an honest one has a main and forks.
const LEFT_BEHIND_MAX: usize = 256;

/// A revision that is kept: in which epoch the hub told of it, and which it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Kept {
    pub(crate) epoch: u64,
    pub(crate) id: RevisionId,
}

/// What is kept of a draft, oldest first.
pub(crate) fn of_draft(view: &impl View, key: DraftKey) -> Result<Vec<Kept>, Failure> {
    let (mut kept, mut from, end) = (Vec::new(), key.bytes(), after(&key.bytes()));
    loop {
        let scan = Scan { from: &from, to: end.as_deref(), order: Order::Ascending, limit: 1 };
        let Some((found, _)) = view.scan(KEYLESS, scan)?.pop() else { return Ok(kept) };
        let (epoch, id) = keyless_of(&found).ok_or_else(|| Failure::corrupt(Some(key.draft), "a key is too short"))?;
        kept.push(Kept { epoch, id });
        let Some(next) = after(&key.keyless(epoch, id)) else { return Ok(kept) };
        from = next;
    }
}

/// A revision as it came; none where it is not kept.
pub(crate) fn read(view: &impl View, key: DraftKey, kept: Kept) -> Result<Option<Travelling>, Failure> {
    let mut bytes = Vec::new();
    view.each(KEYLESS, &key.keyless(kept.epoch, kept.id), |_, piece| {
        bytes.extend(piece);
        Ok(true)
    })?;
    if bytes.is_empty() {
        return Ok(None);
    }
    Ok(Some(Travelling::from_bytes(&bytes)?))
}

/// Keeps what a row names and cannot be opened, in place of what this hub said before: that is within what it says now. The main that came with the row
/// is kept here from now on.
pub(crate) fn keep(
    write: &mut Write<'_>,
    key: DraftKey,
    row: &RemoteRow,
    revisions: &[(RevisionId, Travelling)],
) -> Result<RemoteRow, Failure> {
    let before = of_draft(write.txn, key)?;
    let is_named = |id: RevisionId| revisions.iter().any(|(named, _)| *named == id);
    for kept in before.iter().filter(|kept| kept.epoch == row.epoch && !is_named(kept.id)) {
        remove(write, key, *kept)?;
    }
    let left_behind = before.iter().filter(|kept| kept.epoch != row.epoch).count();
    // The hub has it: nothing is lost by that as long as it does.
    if left_behind >= LEFT_BEHIND_MAX && !fault::on("keyless-texts-kept-without-limit") {
        return Ok(row.clone());
    }
    for (id, revision) in revisions {
        put(write, key, Kept { epoch: row.epoch, id: *id }, revision, &before)?;
    }
    // Most cycles find nothing new, and write nothing.
    if row.pieces == 0 {
        return Ok(row.clone());
    }
    arrivals::drop_pieces(write, key, Some(row));
    let row = RemoteRow { pieces: 0, ..row.clone() };
    arrivals::put(write, key, &row);
    Ok(row)
}

fn put(
    write: &mut Write<'_>,
    key: DraftKey,
    kept: Kept,
    revision: &Travelling,
    before: &[Kept],
) -> Result<(), Failure> {
    for other in before.iter().filter(|other| other.id == kept.id) {
        let is_same = unless_damaged(read(write.txn, key, *other))?.flatten().as_ref() == Some(revision);
        if is_same && *other == kept {
            return Ok(());
        }
        // Another hub may give other bytes under the same id; only what opens shows which of them are right.
        if is_same || other.epoch == kept.epoch || fault::on("keyless-text-replaced-by-another-hubs") {
            remove(write, key, *other)?;
        }
    }
    pieces::write(write.txn, KEYLESS, &revision.to_bytes(), |piece| key.keyless_piece(kept.epoch, kept.id, piece))?;
    Ok(())
}

/// What a row of this epoch named is taken in, or nothing that this device wants.
pub(crate) fn settled(write: &mut Write<'_>, key: DraftKey, epoch: u64) -> Result<(), Failure> {
    write.delete_prefix(KEYLESS, &key.epoch(epoch))
}

/// Ends keeping a revision: it is taken in, or within something that is.
pub(crate) fn remove(write: &mut Write<'_>, key: DraftKey, kept: Kept) -> Result<(), Failure> {
    write.delete_prefix(KEYLESS, &key.keyless(kept.epoch, kept.id))
}

/// Of what is kept of a draft what no row speaks for: the hub that told of it was restored or replaced, or says now that the draft was erased.
pub(crate) fn left_behind(view: &impl View, key: DraftKey, epoch: u64) -> Result<Vec<Kept>, Failure> {
    let mut kept = of_draft(view, key)?;
    if kept.is_empty() {
        return Ok(kept);
    }
    let row = arrivals::read(view, key)?.filter(|row| row.epoch == epoch && row.erased.is_none());
    let is_spoken_for = |kept: &Kept| {
        let is_named = |row: &RemoteRow| row.main == kept.id || row.forks.contains(&kept.id);
        kept.epoch == epoch && row.as_ref().is_some_and(is_named)
    };
    kept.retain(|kept| !is_spoken_for(kept));
    Ok(kept)
}

/// Drafts of which something is kept, by keys alone: what is damaged is found where it is needed.
pub(crate) fn drafts(view: &Committed, space: SpaceNo) -> Result<BTreeSet<DraftId>, Failure> {
    of_tables(view, space, &[KEYLESS])
}
