//! Editing: a document in memory, and saving it.

use super::carry::Carried;
use super::joining::Joiner;
use super::saved::Saved;
use super::session::{Request, Session, Telling};
use super::space::place;
use crate::error::{Failure, Result};
use crate::fault;
use crate::id::{RevisionId, TraceId};
use crate::kind::AnySchema;
use crate::store::cache::Body;
use crate::store::change::{Saving, Text};
use crate::store::heads::Head;
use crate::store::space::SpaceCore;
use crate::store::tables::DraftKey;
use crate::store::write::Write;
use serde::Serialize;
use serde::de::DeserializeOwned;
use std::fmt;
use std::future::Future;
use std::sync::Arc;

/// A document being edited, as last loaded or saved.
///
/// The document stays here whatever a save answers, so an error never costs a word: repeat the save, or take the
/// document out with [`into_doc`](Self::into_doc).
///
/// ```
/// use draftkeep::{Kind, Options, Saved, Store};
///
/// const NOTE: Kind<String> = Kind::new("note");
/// let store = Store::in_memory(Options::new())?;
/// let notes = store.space("alice")?.drafts(NOTE)?;
/// let draft = notes.start(&"Dear diary".to_owned())?;
///
/// let mut edit = draft.edit()?;
/// edit.doc().push_str(", today");
/// assert!(matches!(edit.save()?, Saved::Stored { version: 2, .. }));
/// assert_eq!(edit.save()?, Saved::Unchanged { version: 2 });
/// # Ok::<(), draftkeep::Error>(())
/// ```
pub struct Edit<T> {
    session: Session,
    schema: Arc<AnySchema>,
    join: Arc<Joiner>,
    carried: Carried,
    doc: T,
}

impl<T> fmt::Debug for Edit<T> {
    /// Not the document: what is typed stays out of logs.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Edit").field("kind", &self.schema.name).finish_non_exhaustive()
    }
}

impl<T: Serialize + DeserializeOwned + 'static> Edit<T> {
    pub(crate) fn new(
        core: Arc<SpaceCore>,
        schema: Arc<AnySchema>,
        key: DraftKey,
        head: &Head,
        body: Body,
    ) -> std::result::Result<Self, Failure> {
        let doc = super::document::read(&schema, head.header.schema, &body)?;
        let carried = Carried::new(&schema, head.header.schema, &body, &doc)?;
        let join = Joiner::new::<T>(&schema);
        Ok(Self { session: Session::new(core, key, head, body), schema, join, carried, doc })
    }

    pub(crate) fn into_parts(self) -> (Session, Carried, T) {
        (self.session, self.carried, self.doc)
    }

    /// Its saves are refused where the head is not what it is based on.
    pub(super) fn over_its_base_only(mut self) -> Self {
        self.session.only_over_base = true;
        self
    }

    /// The document, to be changed.
    pub fn doc(&mut self) -> &mut T {
        &mut self.doc
    }

    /// The document, to be read.
    #[must_use]
    pub fn as_doc(&self) -> &T {
        &self.doc
    }

    /// The document, ending the edit. What was not saved is only here.
    #[must_use]
    pub fn into_doc(self) -> T {
        self.doc
    }

    /// The version that the document is based on: as last loaded, saved or merged.
    #[must_use]
    pub fn version(&self) -> u64 {
        self.session.base.version
    }

    /// The revision that the document is based on, of that [`version`](Self::version).
    #[must_use]
    pub fn revision(&self) -> RevisionId {
        self.session.base.id
    }

    /// Saves the document; durable when it returns `Ok`.
    ///
    /// Where it did not change, nothing is written. Where somebody else saved since it was loaded, both are merged as the
    /// kind's [policy](crate::Schema::policy) says: the text as it was typed becomes a version, the merge becomes the head,
    /// and this edit holds the merge from then on ([`Saved::Merged`]). What no rule can decide, or the type `T` could not
    /// read, is left to a person ([`Saved::Conflict`]).
    ///
    /// # Errors
    ///
    /// `Document` where it cannot be written as canonical JSON, with the path; `Invalid` where the kind's
    /// [validator](crate::Schema::validate) refuses it, with every path, and then [`keep`](Self::keep) saves it all the same; `Phase` where the draft is archived or
    /// in the trash; `SchemaTooNew` where a newer release of the application wrote the head; `NoSuchDraft` where it
    /// was purged; `Stale` where the edit is of a draft that [expects](crate::Draft::expecting) its head and that is another one
    /// now; and what the storage answers. After an error the outcome is unknown and the document is still here:
    /// saving again is safe and writes it at most once.
    pub fn save(&mut self) -> Result<Saved> {
        let core = Arc::clone(&self.session.core);
        core.engine.traced("save", |trace| {
            let prepared = self.prepare(&Within(Arc::clone(&core)))?;
            self.carry_out(&prepared, trace)
        })
    }

    /// As [`save`](Self::save), also where the document is not [valid](crate::Schema::validate): what was typed so far, kept as autosave
    /// keeps it. What is not valid stays on this device until it is.
    ///
    /// # Errors
    ///
    /// As [`save`](Self::save), but for `Invalid`.
    pub fn keep(&mut self) -> Result<Saved> {
        let core = Arc::clone(&self.session.core);
        core.engine.traced("keep", |trace| {
            let prepared = self.prepared(self.text()?);
            self.carry_out(&prepared, trace)
        })
    }

    fn carry_out(&mut self, prepared: &Prepared, trace: TraceId) -> std::result::Result<Saved, Failure> {
        let core = Arc::clone(&self.session.core);
        let (request, place) = (prepared.request.clone(), place(&core));
        let saving = core.engine.write(move |write| request.run(write, &place, trace));
        if let Err(failure) = &saving {
            self.session.tell_failed(failure, trace);
        }
        Ok(self.finish(prepared, Became(saving))?)
    }

    /// The document as it is to be stored.
    fn text(&self) -> std::result::Result<Text, Failure> {
        Ok(Text {
            kind: self.schema.name.clone(),
            schema: self.schema.version,
            body: self.carried.write(&self.doc)?,
            label: self.schema.label(&self.doc),
            policy: self.schema.policy.digest(),
        })
    }

    fn prepared(&mut self, text: Text) -> Prepared {
        let join = Arc::clone(&self.join);
        Prepared { request: self.session.request(text, join, Telling::Saved) }
    }

    /// As [`save`](Self::save), on a background task. When the future is dropped the save goes on, with its outcome unknown.
    ///
    /// The document is encoded at the call, before the future is polled. Nothing is saved before the first poll, and
    /// nothing of a dropped future once this edit has saved again: that was a later state of the same document.
    ///
    /// # Errors
    ///
    /// As [`save`](Self::save), and `Interrupted` where the task was dropped by whoever runs it.
    pub fn save_async(&mut self) -> impl Future<Output = Result<Saved>> + Send + '_
    where
        T: Send,
    {
        let core = Arc::clone(&self.session.core);
        let prepared = core.engine.traced("save", |_| Ok(self.prepare(&Within(Arc::clone(&core)))?));
        async move {
            let prepared = prepared?;
            let (request, place) = (prepared.request.clone(), place(&core));
            let trace = core.engine.trace();
            let save = move |write: &mut Write<'_>| request.run(write, &place, trace);
            let saving = core.engine.write_later(move |engine| engine.write(save)).await;
            if let Err(failure) = &saving {
                self.session.tell_failed(failure, trace);
            }
            core.engine.traced("save", |_| Ok(self.finish(&prepared, Became(saving))?))
        }
    }
}

/// An [`Edit`] of any type, for [`Space::save_all`](crate::Space::save_all). Nothing else implements it.
pub trait Savable: steps::Steps {}

impl<T: Serialize + DeserializeOwned + 'static> Savable for Edit<T> {}

pub(crate) mod steps {
    use super::{Failure, Request, Saved, Saving, SpaceCore};
    use std::sync::Arc;

    /// The two halves of a save, around the commit that it may share with others.
    pub trait Steps {
        /// Encodes the document.
        fn prepare(&mut self, space: &Within) -> Result<Prepared, Refused>;

        /// Takes in what became of it.
        fn finish(&mut self, prepared: &Prepared, became: Became) -> Result<Saved, Refused>;
    }

    /// The space that a save belongs to.
    #[derive(Debug)]
    pub struct Within(pub(crate) Arc<SpaceCore>);

    /// A save that is ready to be queued.
    #[derive(Debug)]
    pub struct Prepared {
        pub(crate) request: Request,
    }

    /// What the commit answered.
    #[derive(Debug)]
    pub struct Became(pub(crate) Result<Saving, Failure>);

    /// Why a save was refused.
    #[derive(Debug)]
    pub struct Refused(pub(crate) Failure);

    impl From<Failure> for Refused {
        fn from(failure: Failure) -> Self {
            Self(failure)
        }
    }

    impl From<Refused> for Failure {
        fn from(refused: Refused) -> Self {
            refused.0
        }
    }
}

use steps::{Became, Prepared, Refused, Steps, Within};

impl<T: Serialize + DeserializeOwned + 'static> Steps for Edit<T> {
    fn prepare(&mut self, Within(core): &Within) -> std::result::Result<Prepared, Refused> {
        if core.no != self.session.core.no || !Arc::ptr_eq(&core.engine, &self.session.core.engine) {
            return Err(Failure::options("an edit of another space; save it through its own").into());
        }
        let text = self.text()?;
        if !fault::on("invalid-text-saved") {
            self.schema.refuse_invalid(text.schema, &text.body)?;
        }
        Ok(self.prepared(text))
    }

    fn finish(&mut self, prepared: &Prepared, became: Became) -> std::result::Result<Saved, Refused> {
        let request = &prepared.request;
        let merge = match &became.0 {
            Ok(Saving::Merged { head, body, .. }) => Some((head.clone(), Arc::clone(body))),
            _ => None,
        };
        let saved = self.session.finish(request, became.0)?;
        let Some((head, body)) = merge.filter(|(_, body)| body != request.body()) else {
            self.carried.saved(&self.schema, request.body(), &self.doc)?;
            return Ok(saved);
        };
        let doc = super::document::read(&self.schema, request.schema(), &body)?;
        self.carried = Carried::new(&self.schema, request.schema(), &body, &doc)?;
        self.doc = doc;
        self.session.take_merge(head, request.schema(), body);
        Ok(saved)
    }
}
