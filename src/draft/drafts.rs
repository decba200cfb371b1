//! The drafts of one kind.

use super::document;
use super::handle::Draft;
use super::joining;
use super::list::{self, Filter, Page};
use super::slot::Slot;
use super::space::{place, text};
use crate::error::{ErrorKind, Result};
use crate::events::EventKind;
use crate::id::DraftId;
use crate::invalid::Invalid;
use crate::kind::AnySchema;
use crate::merge::{self, Merged, Place, Side};
use crate::store::audit::record;
use crate::store::change;
use crate::store::heads;
use crate::store::space::SpaceCore;
use crate::store::tables::DraftKey;
use crate::value::Value;
use serde::Serialize;
use serde::de::DeserializeOwned;
use std::fmt;
use std::marker::PhantomData;
use std::sync::Arc;

/// The drafts of one kind in a space.
pub struct Drafts<T> {
    core: Arc<SpaceCore>,
    schema: Arc<AnySchema>,
    document: PhantomData<fn() -> T>,
}

impl<T> Clone for Drafts<T> {
    fn clone(&self) -> Self {
        Self::new(Arc::clone(&self.core), Arc::clone(&self.schema))
    }
}

impl<T> fmt::Debug for Drafts<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Drafts").field("space", &self.core.name).field("kind", &self.schema.name).finish()
    }
}

impl<T> Drafts<T> {
    pub(crate) fn new(core: Arc<SpaceCore>, schema: Arc<AnySchema>) -> Self {
        Self { core, schema, document: PhantomData }
    }

    pub(crate) fn parts(&self) -> (&Arc<SpaceCore>, &Arc<AnySchema>) {
        (&self.core, &self.schema)
    }

    /// The slot with this key: the drafts about one thing, of which one is current. 1 to 256 bytes, any bytes.
    pub fn slot(&self, key: impl AsRef<[u8]>) -> Slot<T> {
        Slot::new(Arc::clone(&self.core), Arc::clone(&self.schema), key.as_ref().to_vec())
    }

    /// The drafts of this kind that the filter lets through, newest first.
    ///
    /// # Errors
    ///
    /// `Corrupt` where a list is damaged; [`repair`](crate::Store::repair) builds it anew. `Name` where the filter asks
    /// for slots that begin with more than 256 bytes.
    pub fn list(&self, filter: &Filter) -> Result<Page> {
        self.core.engine.traced("list", |_| list::list(&self.core, Some(&self.schema.name), filter))
    }

    /// The draft with this id; none where there is none of this kind, or where it was purged.
    ///
    /// # Errors
    ///
    /// `Corrupt` where its records are damaged.
    pub fn get(&self, id: DraftId) -> Result<Option<Draft<T>>> {
        self.core.engine.traced("get", |_| {
            let head = heads::read(&self.core.engine.read()?, self.core.draft_key(id))?;
            let head = head.filter(|head| head.header.kind == self.schema.name);
            Ok(head.map(|_| Draft::new(Arc::clone(&self.core), Arc::clone(&self.schema), id)))
        })
    }
}

impl<T: Serialize + DeserializeOwned + 'static> Drafts<T> {
    /// What the kind's [policy](crate::Schema::policy) makes of two documents that came from one; nothing is read or written. For
    /// whoever shows a person what could become of a text that was refused, as [`expecting`](Draft::expecting) does.
    ///
    /// All of them are of the schema's version. `ours` comes after `theirs`: of what both changed it is the later.
    ///
    /// ```
    /// use draftkeep::{Kind, Options, Store, Value};
    ///
    /// const POST: Kind<Value> = Kind::new("post");
    /// let posts = Store::in_memory(Options::new())?.space("alice")?.drafts(POST)?;
    /// let [base, ours, theirs] = [r#"{"a":1,"b":1}"#, r#"{"a":2,"b":1}"#, r#"{"a":1,"b":3}"#].map(|text| Value::parse(text.as_bytes()));
    /// let merged = posts.merge(Some(&base?), &ours?, &theirs?);
    /// assert!(merged.is_clean() && merged.overwritten.is_empty());
    /// assert_eq!(merged.value, Value::parse(br#"{"a":2,"b":3}"#)?);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    #[must_use]
    pub fn merge(&self, base: Option<&Value>, ours: &Value, theirs: &Value) -> Merged {
        let base = merge::merge_bases(&self.schema.policy, base.as_slice(), None);
        let (ours, theirs) =
            (Side { value: ours, place: Place::Local(2) }, Side { value: theirs, place: Place::Local(1) });
        joining::merged::<T>(&self.schema, &base, ours, theirs)
    }

    /// What is wrong with a document, as the kind's [validator](crate::Schema::validate) says; none where nothing is, or where there is
    /// no validator. Nothing is read or written. For a form that shows it while somebody types, and for whoever begins drafts
    /// only with what is right: beginning refuses nothing.
    ///
    /// # Errors
    ///
    /// `Document` where it cannot be written as canonical JSON, with the path.
    pub fn invalid(&self, document: &T) -> Result<Option<Invalid>> {
        self.core.engine.traced("invalid", |_| Ok(self.schema.flaws(self.schema.version, &document::write(document)?)))
    }

    /// Begins a draft that is about nothing in particular; durable when it returns.
    ///
    /// # Errors
    ///
    /// `Document` where the document cannot be written, and what the storage answers. After a storage error it is
    /// unknown whether the draft began; calling again begins another one, so prefer a [`slot`](Self::slot) where there
    /// is anything to name it by.
    pub fn start(&self, document: &T) -> Result<Draft<T>> {
        let core = &self.core;
        core.engine.traced("start", |trace| {
            let text = text(&self.schema, document)?;
            let mut id = [0; DraftId::LEN];
            core.engine.settings.entropy.fill(&mut id);
            let id = DraftId::from_bytes(id);
            let place = place(core);
            core.engine.write(move |write| {
                let key = DraftKey { space: place.space, draft: id };
                if heads::read(write.txn, key)?.is_some() {
                    // Randomness that repeats itself must not write into somebody's draft.
                    return Err(ErrorKind::Interrupted.into());
                }
                change::begin(write, &place, id, None, text)?;
                record::tell(write, key, trace, EventKind::Started)
            })?;
            Ok(Draft::new(Arc::clone(core), Arc::clone(&self.schema), id))
        })
    }
}
