//! A state of a draft that is not in its history here, and bringing it back.

use super::document;
use super::handle::{Draft, Take};
use crate::clock::Timestamp;
use crate::error::{ErrorKind, Failure, Result};
use crate::events::EventKind;
use crate::id::{DraftId, RevisionId};
use crate::store::audit::record;
use crate::store::cache::Body;
use crate::store::change;
use serde::de::DeserializeOwned;
use std::fmt;
use std::sync::Arc;

/// An earlier state of a draft as a hub keeps it, held against its id: [`sync::earlier_of`](crate::sync::earlier_of) reads it.
///
/// It need not be in the draft's history here: another device may have written it, or retention dropped it. Nothing of it is
/// stored until it is [brought back](Draft::bring_back).
#[derive(Clone)]
pub struct Earlier {
    pub(crate) draft: DraftId,
    pub(crate) revision: RevisionId,
    pub(crate) kind: String,
    pub(crate) schema: u32,
    pub(crate) saved_at: Timestamp,
    pub(crate) device: Option<String>,
    pub(crate) label: Option<String>,
    pub(crate) body: Body,
}

impl Earlier {
    /// The draft that it is a state of.
    #[must_use]
    pub const fn draft(&self) -> DraftId {
        self.draft
    }

    /// Its id.
    #[must_use]
    pub const fn revision(&self) -> RevisionId {
        self.revision
    }

    /// When it was saved, by the clock of the device that did; 0 for what devices merged by themselves.
    #[must_use]
    pub const fn saved_at(&self) -> Timestamp {
        self.saved_at
    }

    /// The name of that device, where it has one.
    #[must_use]
    pub fn device(&self) -> Option<&str> {
        self.device.as_deref()
    }

    /// The document as it was stored, in canonical JSON, whatever its schema version.
    #[must_use]
    pub fn document(&self) -> &[u8] {
        &self.body
    }
}

impl fmt::Debug for Earlier {
    // The body is the user's text.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Earlier").field("draft", &self.draft).field("revision", &self.revision).finish_non_exhaustive()
    }
}

impl<T: DeserializeOwned> Draft<T> {
    /// The document of an earlier state, brought to the schema's version: to be shown before it is brought back.
    ///
    /// # Errors
    ///
    /// `NoSuchDraft` where it is of another draft or kind; `SchemaTooNew` where a newer release of the application wrote it; `Migration`
    /// where a migration refuses it; `Document` where it does not fit the type.
    pub fn read_earlier(&self, earlier: &Earlier) -> Result<T> {
        self.traced("read_earlier", || {
            self.check_earlier(earlier)?;
            document::read(&self.schema, earlier.schema, &earlier.body)
        })
    }
}

impl<T> Draft<T> {
    /// Makes an earlier state's document the head, as a new version of this device, which goes to the hub with the next cycle. What
    /// was the head stays in the history: nothing is undone that cannot be redone.
    ///
    /// Returns the new version's number; durable when it returns. Members that the type `T` does not know come back with it. What
    /// autosave holds is saved before, in the same commit; an editor that stays open takes another [`edit`](Self::edit), as after
    /// [`restore`](Self::restore).
    ///
    /// # Errors
    ///
    /// `NoSuchDraft` where it is of another draft or kind; `SchemaTooNew` where a newer release of the application wrote it, or the head;
    /// `Phase` where the draft is archived or in the trash; `Stale` where the draft [expects](Self::expecting) another head; and what the
    /// storage answers. Nothing is changed then, but what autosave held may be saved.
    pub fn bring_back(&self, earlier: &Earlier) -> Result<u64> {
        self.traced("bring_back", || self.check_earlier(earlier))?;
        let (text, newest) = ((Arc::clone(&earlier.body), earlier.schema, earlier.label.clone()), self.schema.version);
        let revision = earlier.revision;
        self.with_pending("bring_back", Take::IfPossible, move |write, place, key, trace| {
            let version = change::restore(write, place, key, text.clone(), newest)?.version;
            record::tell(write, key, trace, EventKind::BroughtBack { revision, version })?;
            Ok(version)
        })
    }

    fn check_earlier(&self, earlier: &Earlier) -> std::result::Result<(), Failure> {
        let is_of_this = earlier.draft == self.id() && earlier.kind == self.schema.name;
        if !is_of_this && !crate::fault::on("brings-back-another-draft") {
            return Err(ErrorKind::NoSuchDraft { draft: earlier.draft }.into());
        }
        if earlier.schema > self.schema.version {
            let (kind, supported) = (earlier.kind.clone(), self.schema.version);
            return Err(ErrorKind::SchemaTooNew { kind, found: earlier.schema, supported }.into());
        }
        Ok(())
    }
}
