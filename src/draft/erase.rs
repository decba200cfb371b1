//! Erasing: what its owner wants gone is gone.

use super::handle::Draft;
use super::list::check_key;
use super::slot::Slot;
use super::space::place;
use crate::clock::Timestamp;
use crate::error::{Failure, Result};
use crate::id::{DraftId, TraceId};
use crate::store::Space;
use crate::store::audit::AuditAction;
use crate::store::audit::record::{self, About};
use crate::store::change;
use crate::store::erase::draft::{self, Gone, OnWordOf, is_known};
use crate::store::erase::hub;
use crate::store::erase::known;
use crate::store::erase::marker::{self, Marker};
use crate::store::points;
use crate::store::slots::SlotRef;
use crate::store::space::SpaceCore;
use crate::store::tables::DraftKey;
use crate::store::write::space_row;
use std::sync::Arc;

/// What a call erased: a receipt for whoever asked for it.
///
/// It is durable when the call returns, and none of it is shown or read any more. Its bytes are overwritten by
/// [`Store::compact`](crate::Store::compact).
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Erased {
    /// The drafts that this call erased, in the order in which it did; those that were erased before are none of them.
    pub drafts: Vec<DraftId>,
    /// How many versions they had, together; those that retention had dropped, too.
    pub versions: u64,
    /// How many restore points went with them. Only erasing a whole space removes those: what they are called may say something.
    pub points: u64,
    /// When, by this device's clock.
    pub at: Timestamp,
    /// Drafts that a hub has still to be told of. The next cycle of syncing does; until then they count as
    /// [pending](crate::sync::Status::pending). None where the space never met a hub: the first that it meets is told of all of them.
    pub owed: u64,
}

/// That a draft is erased.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub struct Erasure {
    /// The draft.
    pub draft: DraftId,
    /// When, by the clock of the device that erased it.
    pub at: Timestamp,
    /// Whether the hub has still to be told.
    pub owed: bool,
}

impl Erased {
    fn nothing(at: Timestamp) -> Self {
        Self { drafts: Vec::new(), versions: 0, points: 0, at, owed: 0 }
    }

    fn add(&mut self, draft: DraftId, gone: Gone) {
        self.drafts.push(draft);
        self.versions += gone.versions;
        self.owed += u64::from(gone.is_owed);
    }
}

impl<T> Draft<T> {
    /// Erases the draft, whatever its phase: its texts, its history, an open conflict, what of it waits to be pushed and what a hub sent
    /// of it, its place in lists. One commit, durable when it returns, and there is no way back. A marker without any text stays, so
    /// that nothing brings the draft back: no other device, no hub, no import, no repair. Erasing it again does nothing.
    ///
    /// What other devices wrote meanwhile is erased with it: erasing wins. Entries of the [audit](Space::audit) stay; they hold ids and
    /// times, no text and no name. So does what the application itself has elsewhere: exports, [backups](crate::Store::backup).
    ///
    /// Whoever has the draft open keeps what is typed: saving it answers `Erased`, and the document stays with its
    /// [`Edit`](crate::Edit) or [`Autosave`](crate::Autosave). What an autosave holds is not saved before.
    ///
    /// The file may hold its bytes until [`Store::compact`](crate::Store::compact) has overwritten them. Costs the draft's records.
    ///
    /// ```
    /// use draftkeep::{ErrorKind, Kind, Options, Store};
    ///
    /// const NOTE: Kind<String> = Kind::new("note");
    /// let store = Store::in_memory(Options::new())?;
    /// let draft = store.space("alice")?.drafts(NOTE)?.start(&"Dear diary".to_owned())?;
    /// let mut open = draft.edit()?;
    /// open.doc().push_str(", today");
    ///
    /// let erased = draft.erase()?;
    /// assert_eq!((erased.drafts, erased.versions), (vec![draft.id()], 1));
    /// assert_eq!(*draft.load().unwrap_err().kind(), ErrorKind::Erased { draft: draft.id() });
    /// assert_eq!(*open.save().unwrap_err().kind(), ErrorKind::Erased { draft: draft.id() });
    /// assert_eq!(open.into_doc(), "Dear diary, today");
    /// # Ok::<(), draftkeep::Error>(())
    /// ```
    ///
    /// # Errors
    ///
    /// `NoSuchDraft` where there is no such draft and never was; `Stale` where it [expects](Self::expecting) another head; and what the
    /// storage answers. After an error of the storage call it again.
    pub fn erase(&self) -> Result<Erased> {
        let (core, _, key) = self.parts();
        let expects = self.expected();
        core.engine.traced("erase", |trace| {
            let mut erased = Erased::nothing(core.now());
            let place = place(core);
            let gone = core.engine.write(move |write| {
                if expects.is_some() && !marker::is_erased(write.txn, key)? {
                    change::expect_head(write, key, expects)?;
                }
                if !is_known(write.txn, key)? && !marker::is_erased(write.txn, key)? {
                    return Err(change::absent(write.txn, key));
                }
                let marker = Marker::new(&place.keys, key.draft, write.now);
                draft::erase(write, &place, key, marker, OnWordOf::Owner, trace)
            })?;
            gone.into_iter().for_each(|gone| erased.add(key.draft, gone));
            Ok(erased)
        })
    }
}

impl<T> Slot<T> {
    /// [Erases](Draft::erase) every draft of the slot, and with the last one its key. The slot is free again: what begins in it next is
    /// the next generation.
    ///
    /// Each draft is a commit of its own, the newest first: after a crash or an error call it again, and it goes on. A draft that
    /// begins in the slot meanwhile stays.
    ///
    /// # Errors
    ///
    /// `Name` where the key is empty or longer than 256 bytes; `Corrupt` where the slot's records are damaged; and what the storage
    /// answers.
    pub fn erase(&self) -> Result<Erased> {
        let (core, schema, slot) = self.parts();
        core.engine.traced("erase", |trace| {
            check_key(slot)?;
            let mut erased = Erased::nothing(core.now());
            let view = core.engine.read()?;
            let Some(kind) = space_row(&view, core.no)?.kind(&schema.name) else { return Ok(erased) };
            let of = SlotRef { space: core.no, kind, kind_name: &schema.name, key: slot, keys: &core.keys };
            let latest = crate::store::slots::read(&view, of)?.map_or(0, |row| row.latest);
            drop(view);
            for key in (1..=latest).rev().map(|generation| of.draft(generation)) {
                one(core, key, &mut erased, trace)?;
            }
            Ok(erased)
        })
    }
}

impl Space {
    /// [Erases](Draft::erase) every draft of the space, in whatever phase, those that a hub sent and that were not taken in yet, and those
    /// that were purged here and may be elsewhere; and all restore points. For an account that is closed. The space itself stays, empty:
    /// its name, its kinds, how it is synced, its audit.
    ///
    /// Each draft is a commit of its own: after a crash or an error call it again, and it goes on. Drafts that begin meanwhile, and
    /// those that a hub sends later for the first time, are not erased: to close an account for good stop its syncing devices, or erase
    /// with each of them. Costs the records of all drafts.
    ///
    /// # Errors
    ///
    /// What the storage answers; what was erased until then is. Drafts that are damaged are erased as well.
    pub fn erase_all(&self) -> Result<Erased> {
        let core = &self.core;
        core.engine.traced("erase_all", |trace| {
            let mut erased = Erased::nothing(core.now());
            for draft in known::erasable(&core.engine.read()?, core.no)? {
                one(core, core.draft_key(draft), &mut erased, trace)?;
            }
            erased.points = drop_points(core, trace)?;
            Ok(erased)
        })
    }

    /// That a draft is erased, and since when; none where it is not.
    ///
    /// # Errors
    ///
    /// What the storage answers.
    pub fn erasure(&self, draft: DraftId) -> Result<Option<Erasure>> {
        let core = &self.core;
        core.engine.traced("erasure", |_| {
            let (view, key) = (core.engine.read()?, core.draft_key(draft));
            let Some(row) = marker::read(&view, &core.keys, key)? else { return Ok(None) };
            Ok(Some(Erasure { draft, at: row.marker.at, owed: hub::is_owed(&view, key)? }))
        })
    }
}

/// Erases one draft in a commit of its own.
fn one(core: &Arc<SpaceCore>, key: DraftKey, erased: &mut Erased, trace: TraceId) -> std::result::Result<(), Failure> {
    let place = place(core);
    let gone = core.engine.write(move |write| {
        if !is_known(write.txn, key)? {
            return Ok(None);
        }
        let marker = Marker::new(&place.keys, key.draft, write.now);
        draft::erase(write, &place, key, marker, OnWordOf::Owner, trace)
    })?;
    gone.into_iter().for_each(|gone| erased.add(key.draft, gone));
    Ok(())
}

/// Forgets all restore points: what they stood for is gone, and their names were typed.
fn drop_points(core: &SpaceCore, trace: TraceId) -> std::result::Result<u64, Failure> {
    let space = core.no;
    core.engine.write(move |write| {
        let mut dropped = 0;
        for point in points::numbers(&write.txn.committed, space)? {
            points::drop(write, space, point)?;
            record::note(write, About::space(space, trace), AuditAction::PointDropped { point })?;
            dropped += 1;
        }
        Ok(dropped)
    })
}
