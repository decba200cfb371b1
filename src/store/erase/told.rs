//! What a hub says of drafts that are erased. It is stored as it comes; what becomes of it is decided later.

use super::draft::{self, Gone, OnWordOf};
use super::hub::{keys_of, owe, put};
use super::marker::{self, ErasedRow, Marker};
use crate::error::Failure;
use crate::fault;
use crate::id::{RevisionId, TraceId};
use crate::store::audit::AuditAction;
use crate::store::audit::record::{self, About};
use crate::store::change::Place;
use crate::store::remote::integrate::Facts;
use crate::store::remote::rows::{OwedRow, Parking, RemoteRow};
use crate::store::remote::{arrivals, link, outbox};
use crate::store::tables::DraftKey;
use crate::store::view::View;
use crate::store::write::{Write, space_row};

/// That the hub has a draft as erased, on its way into the store.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Told {
    pub(crate) key: DraftKey,
    pub(crate) seq: u64,
    pub(crate) marker: Marker,
}

/// The marker in a hub's row; none where the row is of a draft that the hub has.
pub(crate) fn marker_of(row: &RemoteRow) -> Option<Marker> {
    row.erased.map(|at| Marker { at, mac: *row.main.as_bytes() })
}

/// Stores that the hub has a draft as erased. Where it is erased here, too, nothing is owed any more, unless the hub's marker is not one
/// of this space: then it gets ours in its place.
pub(crate) fn arrive(write: &mut Write<'_>, told: &Told, epoch: u64) -> Result<(), Failure> {
    let Told { key, seq, marker } = *told;
    let keys = keys_of(write, key.space)?;
    if let Some(row) = marker::read(write.txn, &keys, key)? {
        if marker.is_of(&keys, key.draft) {
            done(write, key, &row, epoch);
        } else if outbox::read(write.txn, key)?.is_none() {
            owe(write, key)?;
        }
        return Ok(());
    }
    let before = arrivals::read(write.txn, key)?;
    // An answer that was overtaken by a later one says nothing new.
    if before.as_ref().is_some_and(|before| before.epoch == epoch && before.seq > seq) {
        return Ok(());
    }
    arrivals::drop_pieces(write, key, before.as_ref());
    let is_kept = before.as_ref().is_some_and(|before| before.is_kept() && marker_of(before) == Some(marker));
    let chained = RevisionId::from_bytes(marker.mac);
    let said = RemoteRow::after(before.as_ref(), (epoch, seq), chained, Vec::new());
    let blocked_by = if is_kept { RemoteRow::KEPT } else { 0 };
    arrivals::put(write, key, &RemoteRow { gone: Vec::new(), erased: Some(marker.at), blocked_by, ..said });
    if is_kept {
        arrivals::passed(write, key);
    } else {
        arrivals::again(write, key);
    }
    Ok(())
}

/// Notes that the hub has carried an erasure out.
pub(crate) fn done(write: &mut Write<'_>, key: DraftKey, row: &ErasedRow, epoch: u64) {
    put(write, key, &ErasedRow { epoch, ..row.clone() });
    outbox::settle(write, key);
}

/// What is to be done with a hub's word that a draft was erased.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Worth {
    /// There is nothing of it here that could be lost, and no proof that would make it more than a word.
    Nothing,
    /// A device of this space said so: the draft goes here, too.
    Proven,
    /// It is a word that anybody can give who knows the space's name: the application decides.
    Asked,
    /// What was written here is not what somebody erased: it was begun without knowing of that. The application decides.
    Before,
    /// It is about another draft or another space, or made up.
    Unproven,
}

/// Judges what a hub says. A draft that was begun here and that no hub ever told of, or had, is not the one that somebody erased elsewhere,
/// although both may be of one slot: then the application decides as well.
pub(crate) fn worth(view: &impl View, place: &Place, facts: &Facts, marker: &Marker) -> Result<Worth, Failure> {
    let key = facts.key;
    let is_ours = marker.is_of(&place.keys, key.draft);
    let is_secret = space_row(view, key.space)?.is_secret();
    let is_proven = is_ours && (is_secret || fault::on("erasure-believed-in-a-plain-space"));
    if facts.head.is_none() {
        return Ok(if is_proven { Worth::Proven } else { Worth::Nothing });
    }
    let is_known_elsewhere =
        facts.contains.values().any(|row| row.epoch > 0) || fault::on("erased-draft-taken-for-another");
    Ok(match (is_ours, is_known_elsewhere) {
        (false, _) => Worth::Unproven,
        (true, true) if is_proven => Worth::Proven,
        (true, false) if !fault::on("begun-here-taken-for-erased") => Worth::Before,
        (true, _) => Worth::Asked,
    })
}

/// Whether a row is still what was judged, and nobody has decided on it: the application may have while the hub was asked about other drafts.
fn is_open(view: &impl View, key: DraftKey, judged: &RemoteRow) -> Result<bool, Failure> {
    let is_same = arrivals::read(view, key)?.as_ref() == Some(judged);
    Ok(is_same && !judged.is_kept() || fault::on("answer-to-an-erasure-overwritten"))
}

/// Asks the application about an erasure, unless it has answered by now.
pub(crate) fn ask(
    write: &mut Write<'_>,
    key: DraftKey,
    judged: &RemoteRow,
    why: (u32, &str),
    trace: TraceId,
) -> Result<bool, Failure> {
    let is_open = is_open(write.txn, key, judged)?;
    if is_open {
        arrivals::blocked(write, key, judged, why, trace)?;
    }
    Ok(is_open)
}

/// Erases a draft here because the hub's word for it is proven, unless the application has said no by now.
pub(crate) fn follow_proven(
    write: &mut Write<'_>,
    place: &Place,
    (key, judged): (DraftKey, &RemoteRow),
    marker: Marker,
    trace: TraceId,
) -> Result<Option<Gone>, Failure> {
    if is_open(write.txn, key, judged)? { follow(write, place, key, marker, trace) } else { Ok(None) }
}

/// Erases a draft here because it was erased elsewhere; none where that is not so any more, or it is done.
pub(crate) fn follow(
    write: &mut Write<'_>,
    place: &Place,
    key: DraftKey,
    marker: Marker,
    trace: TraceId,
) -> Result<Option<Gone>, Failure> {
    let Some(link) = link::read(write.txn, key.space)? else { return Ok(None) };
    let row = arrivals::read(write.txn, key)?.filter(|row| row.epoch == link.epoch);
    let is_ours = marker.is_of(&place.keys, key.draft) || fault::on("forged-erasure-accepted");
    if row.as_ref().and_then(marker_of) != Some(marker) || !is_ours {
        return Ok(None);
    }
    draft::erase(write, place, key, marker, OnWordOf::Hub { epoch: link.epoch }, trace)
}

/// Keeps a draft here that was erased elsewhere. It is on this device alone then, and says so as a parked one does. Says whether the hub
/// said so and nobody had decided yet.
pub(crate) fn keep(write: &mut Write<'_>, key: DraftKey, trace: TraceId) -> Result<bool, Failure> {
    let Some(row) = arrivals::read(write.txn, key)?.filter(|row| row.erased.is_some() && !row.is_kept()) else {
        return Ok(false);
    };
    let main = row.main;
    arrivals::put(write, key, &RemoteRow { blocked: None, blocked_by: RemoteRow::KEPT, ..row });
    arrivals::passed(write, key);
    hold(write, key)?;
    record::note(write, About::revision(key, main, trace), AuditAction::ErasureDeclined)?;
    Ok(true)
}

/// Parks a draft that is kept here although it was erased elsewhere: the hub takes nothing of it.
pub(crate) fn hold(write: &mut Write<'_>, key: DraftKey) -> Result<(), Failure> {
    let owed = outbox::read(write.txn, key)?.unwrap_or_else(|| OwedRow { since: write.now, ..OwedRow::default() });
    let reason = "it was erased elsewhere, and somebody wanted it kept here: it stays on this device alone; erase it, or begin another draft \
                  with its text";
    let parked = Some(Parking { code: Parking::ERASED, reason: reason.to_owned() });
    outbox::put(write, key, &OwedRow { parked, ..owed });
    Ok(())
}

/// Whether an id is not to be begun under: its draft is erased here, or on the hub.
pub(crate) fn is_taken(view: &impl View, key: DraftKey) -> Result<bool, Failure> {
    if marker::is_erased(view, key)? {
        return Ok(true);
    }
    let Some(row) = arrivals::read(view, key)?.filter(|row| row.erased.is_some()) else { return Ok(false) };
    Ok(link::read(view, key.space)?.is_some_and(|link| link.epoch == row.epoch))
}
