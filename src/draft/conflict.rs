//! An open conflict of a draft: what stands against each other, and settling it.

use super::carry::Carried;
use super::document;
use super::handle::{Draft, Take};
use super::info::VersionInfo;
use super::joining;
use crate::error::{ErrorKind, Failure, Result};
use crate::events::EventKind;
use crate::fault;
use crate::id::RevisionId;
use crate::kind::AnySchema;
use crate::merge::{self, Merged, Place, Resolution, Side};
use crate::store::audit::record;
use crate::store::change::Text;
use crate::store::heads::{self, Head};
use crate::store::settle::{self, Settled, Shown};
use crate::store::sides;
use crate::store::space::SpaceCore;
use crate::store::tables::DraftKey;
use crate::store::versions::packed::{self, Entry, Whole};
use crate::store::view::View;
use crate::value::{self, Path, Value};
use serde::Serialize;
use serde::de::DeserializeOwned;
use std::fmt;
use std::sync::Arc;

/// An open conflict: texts of one draft that no rule could merge, each durable, waiting for a person.
///
/// Editing and saving go on meanwhile; the head is `ours`. Nothing is decided by waiting.
///
/// ```
/// use draftkeep::merge::{Policy, Rule};
/// use draftkeep::{Kind, Options, Saved, Schema, Store};
///
/// const NOTE: Kind<String> = Kind::new("note");
/// let policy = Policy::builder().rule("", Rule::Manual).build()?;
/// let store = Store::in_memory(Options::new().schema(Schema::of(NOTE).policy(policy)))?;
/// let draft = store.space("alice")?.drafts(NOTE)?.start(&"It rained.".to_owned())?;
///
/// let (mut here, mut there) = (draft.edit()?, draft.edit()?);
/// *there.doc() = "It snowed.".to_owned();
/// let _ = there.save()?;
/// *here.doc() = "It poured.".to_owned();
/// assert_eq!(here.save()?, Saved::Conflict { version: 3 });
///
/// let conflict = draft.conflict()?.expect("it was just detected");
/// assert_eq!(conflict.ours().value.as_str(), Some("It poured."));
/// assert_eq!(conflict.theirs()[0].value.as_str(), Some("It snowed."));
/// // It has one other side; of several each is settled in its turn.
/// conflict.settle(&"It snowed, then it poured.".to_owned())?;
/// assert!(draft.conflict()?.is_none());
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
pub struct Conflict<T> {
    draft: Draft<T>,
    shown: Shown,
    ours: ConflictSide,
    theirs: Vec<ConflictSide>,
    bases: Vec<merge::MergeBase>,
    merged: Merged,
    carried: Carried,
}

/// One of the texts of a conflict.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct ConflictSide {
    /// What is known of its version: who wrote it on which device, and when.
    pub info: VersionInfo,
    /// Its revision.
    pub revision: RevisionId,
    /// Its document, brought to the schema's version.
    pub value: Value,
}

impl<T> Conflict<T> {
    /// The head.
    #[must_use]
    pub fn ours(&self) -> &ConflictSide {
        &self.ours
    }

    /// The other sides, oldest version first; at least one.
    #[must_use]
    pub fn theirs(&self) -> &[ConflictSide] {
        &self.theirs
    }

    /// What the head and the other side of this number have in common; `None` where that is not known, or where there is
    /// no such side.
    #[must_use]
    pub fn base(&self, side: usize) -> Option<&Value> {
        self.bases.get(side)?.value()
    }

    /// What could be merged of the head and the first other side, and what could not.
    #[must_use]
    pub fn merged(&self) -> &Merged {
        &self.merged
    }

    /// Decides [`merged`](Self::merged) path by path: what it finishes with, [`settle_value`](Self::settle_value) takes.
    ///
    /// It is about the head and the first other side, which is what settling with it settles.
    #[must_use]
    pub fn resolution(&self) -> Resolution {
        self.merged.clone().resolution()
    }

    /// Where a person has to decide, in [`merged`](Self::merged): between the head and the first other side. Empty where
    /// these agree by now, because the head was edited meanwhile: then the merged document can settle it as it is.
    pub fn paths(&self) -> impl Iterator<Item = &Path> {
        self.merged.conflicts.iter().map(|conflict| &conflict.path)
    }
}

impl<T: Serialize + DeserializeOwned + 'static> Conflict<T> {
    /// Settles the conflict with the first other side: this document becomes the head, and contains both. They stay in the
    /// history.
    ///
    /// Further sides stay in conflict with it, so a loop decides on all of them:
    ///
    /// ```text
    /// while let Some(conflict) = draft.conflict()? { conflict.settle(…)?; }
    /// ```
    ///
    /// The draft is archived afterwards where the head or that side is, and promoted where one of them is: settling takes nothing back
    /// that another device did. A conflict of an archived draft is settled in the archive.
    ///
    /// Members of the document that the type `T` does not know are those of the merge. Returns the new version's number.
    /// Calling it again after an error is safe.
    ///
    /// # Errors
    ///
    /// `Stale` where the head's text or that side moved on since this conflict was read, or an autosave holds what would
    /// move it on: nothing is changed then. Flush the autosave, and read the conflict again. `Undecided` where what is
    /// contested is not known to the type, so that this document cannot say anything about it: decide it by path, with
    /// [`resolution`](Self::resolution) and [`settle_value`](Self::settle_value). `Invalid` where the document is not
    /// [valid](crate::Schema::validate), and all that it settles is. `Document`, `Phase`, `SchemaTooNew` and
    /// `NoSuchDraft` as for [`Edit::save`](crate::Edit::save), and what the storage answers.
    pub fn settle(&self, document: &T) -> Result<u64> {
        let (core, _, _) = self.draft.parts();
        let body = core.engine.traced("settle", |_| {
            self.check_known()?;
            self.carried.write(document)
        })?;
        self.settle_with(self.first(), body, document)
    }

    /// As [`settle`](Self::settle), with a document as a value: what a person chose path by path.
    ///
    /// # Errors
    ///
    /// As [`settle`](Self::settle), but for `Undecided`; `Document` also where the type `T` cannot read it.
    pub fn settle_value(&self, document: &Value) -> Result<u64> {
        let (core, _, _) = self.draft.parts();
        let (body, document) = core.engine.traced("settle", |_| {
            let body = document.to_canonical()?;
            let document = value::from_slice::<T>(&body)?;
            Ok((Arc::new(body), document))
        })?;
        self.settle_with(self.first(), body, &document)
    }

    /// Ends the conflict with all sides at once: for a document that somebody made having seen [all of them](Self::theirs).
    ///
    /// # Errors
    ///
    /// As [`settle_value`](Self::settle_value), with `Stale` for any side that moved on.
    pub fn settle_all(&self, document: &Value) -> Result<u64> {
        let (core, _, _) = self.draft.parts();
        let (body, document) = core.engine.traced("settle", |_| {
            let body = document.to_canonical()?;
            let document = value::from_slice::<T>(&body)?;
            Ok((Arc::new(body), document))
        })?;
        self.settle_with(self.shown.clone(), body, &document)
    }

    /// The head and the first other side.
    fn first(&self) -> Shown {
        let mut shown = self.shown.clone();
        shown.sides.truncate(1);
        shown
    }

    /// Refuses where the type cannot say anything about what is contested.
    fn check_known(&self) -> std::result::Result<(), Failure> {
        let Ok(of_type) = value::from_value::<T>(&self.merged.value) else { return Ok(()) };
        let known = Value::parse(&value::to_canonical(&of_type)?)?;
        let is_unknown = |path: &&Path| self.merged.value.get(path) != known.get(path);
        match self.paths().find(is_unknown) {
            Some(path) if !fault::on("unknown-members-settled-unseen") => {
                Err(ErrorKind::Undecided { path: path.to_string() }.into())
            }
            _ => Ok(()),
        }
    }

    fn settle_with(&self, shown: Shown, body: Arc<Vec<u8>>, document: &T) -> Result<u64> {
        let (core, schema, _) = self.draft.parts();
        core.engine.traced("settle", |_| {
            let sides = self.theirs.iter().take(shown.sides.len()).chain([&self.ours]);
            let sides = sides.map(|side| Ok((schema.version, side.value.to_canonical()?)));
            let spoilt = joining::spoilt(schema, &body, sides)?.filter(|_| !fault::on("invalid-text-settles"));
            spoilt.map_or(Ok(()), |invalid| Err(schema.refusal(invalid)))
        })?;
        let text = Text {
            kind: schema.name.clone(),
            schema: schema.version,
            body,
            label: schema.label(document),
            policy: schema.policy.digest(),
        };
        self.draft.with_pending("settle", Take::IfPossible, move |write, place, key, trace| {
            match settle::settle(write, place, key, &shown, text.clone())? {
                Settled::Before(version) => Ok(version),
                Settled::Now(version) => {
                    record::tell(write, key, trace, EventKind::ConflictSettled { version })?;
                    Ok(version)
                }
            }
        })
    }
}

impl<T> fmt::Debug for Conflict<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let theirs: Vec<u64> = self.theirs.iter().map(|side| side.info.version).collect();
        f.debug_struct("Conflict")
            .field("ours", &self.ours.info.version)
            .field("theirs", &theirs)
            .finish_non_exhaustive()
    }
}

impl<T: Serialize + DeserializeOwned + 'static> Draft<T> {
    /// The draft's open conflict; `None` where there is none.
    ///
    /// What an autosave holds is not in it: [`flush`](crate::Autosave::flush) it before. Costs reading the history's
    /// headers, and merging the sides.
    ///
    /// # Errors
    ///
    /// Those of [`load`](Self::load), for the head and for each side; `Corrupt` where the conflict itself is damaged:
    /// [`repair`](crate::Store::repair) finds its sides in the history.
    pub fn conflict(&self) -> Result<Option<Conflict<T>>> {
        let (core, schema, key) = self.parts();
        core.engine.traced("conflict", |_| {
            let view = core.engine.read()?;
            let head = self.head(&view)?;
            let open = sides::read(&view, key, &head)?;
            if open.is_empty() {
                return Ok(None);
            }
            let reader = Reader { core, schema, key, view: &view };
            let entries = packed::entries(&view, key, head.row.last, |_, _| {})?;
            let ours = reader.head(&head)?;
            let (mut theirs, mut bases) = (Vec::new(), Vec::new());
            for side in &open {
                let whole = sides::whole(&view, &core.keys.digests(), key, *side)?;
                let side = reader.side(side.version, whole)?;
                bases.push(reader.base(&entries, &ours, &side));
                theirs.push(side);
            }
            let (Some(first), Some(base)) = (theirs.first(), bases.first()) else { return Ok(None) };
            let place = Place::Local(ours.info.version);
            let merged = against::<T>(schema, base, Side { value: &ours.value, place }, first);
            let carried = carried::<T>(schema, &merged.value).or_else(|_| carried::<T>(schema, &ours.value))?;
            let body = heads::body(&view, &core.engine.bodies, &core.keys.digests(), key, &head)?;
            let sides = open.iter().map(|side| side.version).collect();
            let shown = Shown { head: head.id(), body, sides };
            Ok(Some(Conflict { draft: self.clone(), shown, ours, theirs, bases, merged, carried }))
        })
    }
}

fn against<T: DeserializeOwned>(
    schema: &AnySchema,
    base: &merge::MergeBase,
    ours: Side<'_>,
    theirs: &ConflictSide,
) -> Merged {
    let theirs = Side { value: &theirs.value, place: Place::Local(theirs.info.version) };
    joining::merged::<T>(schema, base, ours, theirs)
}

/// What a document has that the type does not know.
fn carried<T: Serialize + DeserializeOwned>(
    schema: &AnySchema,
    document: &Value,
) -> std::result::Result<Carried, Failure> {
    let of_type: T = value::from_value(document)?;
    Carried::new(schema, schema.version, &document.to_canonical()?, &of_type)
}

/// Reads what stands in a conflict.
struct Reader<'r, V> {
    core: &'r SpaceCore,
    schema: &'r AnySchema,
    key: DraftKey,
    view: &'r V,
}

impl<V: View> Reader<'_, V> {
    /// The head, along whichever of its two paths is intact.
    fn head(&self, head: &Head) -> std::result::Result<ConflictSide, Failure> {
        let body = heads::body(self.view, &self.core.engine.bodies, &self.core.keys.digests(), self.key, head)?;
        let (header, meta, local) = (head.header.clone(), head.row.meta.clone(), head.row.local);
        let whole = Whole { id: head.id(), header, meta, local, body: Arc::unwrap_or_clone(body) };
        self.side(head.row.version, whole)
    }

    fn side(&self, version: u64, whole: Whole) -> std::result::Result<ConflictSide, Failure> {
        let value = document::migrated(self.schema, whole.header.schema, &whole.body)?;
        let (size, revision) = (whole.body.len() as u64, whole.id);
        let entry = Entry { version, size, header: whole.header, meta: whole.meta, local: whole.local };
        Ok(ConflictSide { info: VersionInfo::of(entry)?, revision, value })
    }

    /// What two sides came from. An ancestor that cannot be read is left out: then more is asked of the person.
    fn base(&self, entries: &[Entry], ours: &ConflictSide, theirs: &ConflictSide) -> merge::MergeBase {
        let read = |version: &u64| {
            let whole = packed::whole(self.view, &self.core.keys.digests(), self.key, *version).ok()?;
            document::migrated(self.schema, whole.header.schema, &whole.body).ok()
        };
        let versions = sides::common(entries, &ours.info.vector, &theirs.info.vector);
        let ancestors: Option<Vec<Value>> = versions.iter().map(read).collect();
        let ancestors = ancestors.unwrap_or_default();
        let below = below(entries, &versions).and_then(|version| read(&version));
        merge::merge_bases(&self.schema.policy, &ancestors.iter().collect::<Vec<_>>(), below.as_ref())
    }
}

/// The one version that several ancestors came from themselves, where there is one.
fn below(entries: &[Entry], versions: &[u64]) -> Option<u64> {
    let vector = |version: &u64| Some(&entries.iter().find(|entry| entry.version == *version)?.header.vector);
    let [first, second] = versions else { return None };
    match sides::common(entries, vector(first)?, vector(second)?)[..] {
        [version] => Some(version),
        _ => None,
    }
}
