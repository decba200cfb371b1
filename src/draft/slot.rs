//! Slots: the drafts about one thing.

use super::handle::Draft;
use super::info::DraftInfo;
use super::list::check_key;
use super::live;
use super::space::{place, text};
use crate::error::{Error, ErrorKind, Failure, Result};
use crate::events::EventKind;
use crate::id::RevisionId;
use crate::kind::AnySchema;
use crate::store::audit::record;
use crate::store::change::{self, Begun, Over};
use crate::store::heads;
use crate::store::slots::{self, SlotRef};
use crate::store::space::SpaceCore;
use crate::store::tables::DraftKey;
use crate::store::write::space_row;
use serde::Serialize;
use serde::de::DeserializeOwned;
use std::fmt;
use std::marker::PhantomData;
use std::sync::Arc;

/// What the drafts of a kind about one thing have in common: a key, and at most one current draft.
///
/// The current draft is the open one, else the promoted one. Its drafts are generations 1, 2, 3, …; the ids follow from
/// the key, so that two devices that begin the same slot offline mean the same draft.
pub struct Slot<T> {
    core: Arc<SpaceCore>,
    schema: Arc<AnySchema>,
    key: Vec<u8>,
    document: PhantomData<fn() -> T>,
}

impl<T> fmt::Debug for Slot<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let key = String::from_utf8_lossy(&self.key);
        f.debug_struct("Slot").field("kind", &self.schema.name).field("key", &key).finish_non_exhaustive()
    }
}

impl<T> Slot<T> {
    pub(crate) fn new(core: Arc<SpaceCore>, schema: Arc<AnySchema>, key: Vec<u8>) -> Self {
        Self { core, schema, key, document: PhantomData }
    }

    pub(super) fn parts(&self) -> (&Arc<SpaceCore>, &Arc<AnySchema>, &[u8]) {
        (&self.core, &self.schema, &self.key)
    }

    /// The current draft; none where none began, or all are archived or in the trash.
    ///
    /// # Errors
    ///
    /// `Name` where the key is empty or longer than 256 bytes; `Corrupt` where the slot's records are damaged.
    pub fn resume(&self) -> Result<Option<Draft<T>>> {
        self.core.engine.traced("resume", |_| {
            let draft = |key: DraftKey| Draft::new(Arc::clone(&self.core), Arc::clone(&self.schema), key.draft);
            Ok(self.current()?.map(draft))
        })
    }

    fn current(&self) -> std::result::Result<Option<DraftKey>, Failure> {
        let Some((row, of)) = self.row()? else { return Ok(None) };
        Ok(row.current().map(|generation| self.core.draft_key(of(generation))))
    }

    /// All drafts that this slot has here, the newest generation first. Missing are those that were purged or erased, here or, before
    /// this device heard of them, elsewhere, and those that wait for their key.
    ///
    /// # Errors
    ///
    /// As [`resume`](Self::resume).
    pub fn generations(&self) -> Result<Vec<DraftInfo>> {
        self.core.engine.traced("generations", |_| {
            let Some((row, of)) = self.row()? else { return Ok(Vec::new()) };
            let view = self.core.engine.read()?;
            let mut generations = Vec::new();
            for generation in (1..=row.latest).rev() {
                let key = self.core.draft_key(of(generation));
                // Both tables say that it is not here: another device's may never have been.
                generations.extend(heads::read(&view, key)?.map(|head| DraftInfo::of(&head)));
            }
            Ok(generations)
        })
    }

    /// The slot's row, and what id each generation has.
    fn row(
        &self,
    ) -> std::result::Result<Option<(crate::store::rows::SlotRow, impl Fn(u32) -> crate::DraftId + '_)>, Failure> {
        check_key(&self.key)?;
        let view = self.core.engine.read()?;
        let of = |generation| self.core.keys.slot_draft(&self.schema.name, &self.key, generation);
        let Some(kind) = space_row(&view, self.core.no)?.kind(&self.schema.name) else { return Ok(None) };
        let slot =
            SlotRef { space: self.core.no, kind, kind_name: &self.schema.name, key: &self.key, keys: &self.core.keys };
        Ok(slots::read(&view, slot)?.map(|row| (row, of)))
    }
}

impl<T: Serialize + DeserializeOwned + 'static> Slot<T> {
    /// The current draft, or one that begins now with this document; durable when it returns.
    ///
    /// Calling it again, after an error too, returns the same draft.
    ///
    /// # Errors
    ///
    /// Those of [`resume`](Self::resume), `Document` where the document cannot be written, and what the storage answers.
    pub fn start(&self, document: &T) -> Result<Draft<T>> {
        self.begin(document, Over::Nothing)?.ok_or_else(|| self.not_begun())
    }

    /// Begins the slot's very first draft with this document; `None` where it has or ever had one, which stays as it is. For
    /// what an older application left, to be taken over once. Durable when it returns.
    ///
    /// A draft that was archived, put into the trash, purged or erased counts: what somebody did away with does not come back.
    ///
    /// # Errors
    ///
    /// As [`start`](Self::start). After an error of the storage call it again; `None` then means that it, or another one, began.
    pub fn seed(&self, document: &T) -> Result<Option<Draft<T>>> {
        self.begin(document, Over::Never)
    }

    /// The current draft; where there is none, one that begins now with what `document` makes.
    ///
    /// # Errors
    ///
    /// As [`start`](Self::start).
    pub fn resume_or_start(&self, document: impl FnOnce() -> T) -> Result<Draft<T>> {
        match self.resume()? {
            Some(draft) => Ok(draft),
            None => self.start(&document()),
        }
    }

    /// Archives the current draft, where there is one, and begins the next generation, in one commit. What autosave holds
    /// of the current one is saved in it, too.
    ///
    /// # Errors
    ///
    /// As [`start`](Self::start). After an error of the storage look at [`resume`](Self::resume) before calling again:
    /// it is unknown whether the new generation began.
    pub fn start_over(&self, document: &T) -> Result<Draft<T>> {
        self.begin(document, Over::Current)?.ok_or_else(|| self.not_begun())
    }

    /// As [`start_over`](Self::start_over), where this revision is the current draft's head: what is archived is what somebody
    /// has seen. `None`, and nothing is changed, where the slot has no current draft.
    ///
    /// # Errors
    ///
    /// As [`start_over`](Self::start_over), and `Stale` where the head is another one; nothing is changed then.
    pub fn start_over_from(&self, head: RevisionId, document: &T) -> Result<Option<Draft<T>>> {
        self.begin(document, Over::Exactly(head))
    }

    /// Beginning refuses only where it was asked to.
    fn not_begun(&self) -> Error {
        Error::new(ErrorKind::Interrupted.into(), self.core.engine.trace())
    }

    fn begin(&self, document: &T, over: Over) -> Result<Option<Draft<T>>> {
        let core = &self.core;
        core.engine.traced("start", |trace| {
            check_key(&self.key)?;
            let text = text(&self.schema, document)?;
            let place = place(core);
            let key = self.key.clone();
            let current = match over {
                Over::Current | Over::Exactly(_) => self.current()?,
                Over::Nothing | Over::Never => None,
            };
            let claimed = current.map(|current| live::claim(&core.engine.live, current)).transpose()?;
            let draft = live::commit_with(core, claimed.unwrap_or_default(), trace, move |write, save| {
                let saved = save(write)?;
                let begun = change::begin_in_slot(write, &place, &key, text.clone(), over, trace)?;
                if let Begun::Now(draft) = begun {
                    record::tell(write, draft, trace, EventKind::Started)?;
                }
                Ok((saved, begun))
            })?;
            Ok(match draft {
                Begun::Before(key) | Begun::Now(key) => {
                    Some(Draft::new(Arc::clone(core), Arc::clone(&self.schema), key.draft))
                }
                Begun::Refused => None,
            })
        })
    }
}
