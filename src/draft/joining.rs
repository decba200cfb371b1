//! Two documents that came from one, merged as their schema says, for whoever has only their bytes.

use super::document;
use crate::error::{ErrorKind, Failure};
use crate::fault;
use crate::invalid::Invalid;
use crate::kind::AnySchema;
use crate::merge::{self, Conflict, JsonError, MergeBase, Merged, Overwritten, Place, Side, Why};
use crate::store::queue::lock;
use crate::store::stale::{Edition, Join, Joined, Stands};
use crate::value::{self, Path, Value, ValueError};
use serde::de::DeserializeOwned;
use std::fmt;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::{Arc, Mutex};

/// What a clean merge has to tell.
#[derive(Debug, Clone, Default)]
pub(crate) struct Report {
    pub(crate) overwritten: Vec<Overwritten>,
    pub(crate) marked: Vec<Path>,
}

/// A [`Join`] that says what it did.
pub(crate) trait Joining: Join {
    /// What the last join has to tell.
    fn report(&self) -> Report;
}

/// Joins documents of one kind.
pub(crate) struct Joiner {
    schema: Arc<AnySchema>,
    last: Mutex<Report>,
    read: fn(&AnySchema, &[u8]) -> Result<Option<String>, ValueError>,
}

impl Joiner {
    /// For documents that the caller reads as a `T`.
    pub(crate) fn new<T: DeserializeOwned + 'static>(schema: &Arc<AnySchema>) -> Arc<Self> {
        let read = |schema: &AnySchema, body: &[u8]| Ok(schema.label(&value::from_slice::<T>(body)?));
        Arc::new(Self { schema: Arc::clone(schema), last: Mutex::default(), read })
    }

    /// For documents of the type that the schema was made for, where nobody is there who has them in hand.
    pub(crate) fn of_schema(schema: &Arc<AnySchema>) -> Arc<Self> {
        Arc::new(Self { schema: Arc::clone(schema), last: Mutex::default(), read: AnySchema::read })
    }

    fn joined(
        &self,
        bases: &[Edition<'_>],
        below: Option<Edition<'_>>,
        typed: Edition<'_>,
        other: Edition<'_>,
    ) -> Result<Option<Joined>, Failure> {
        let is_current = |edition: &Edition<'_>| edition.schema == self.schema.version;
        let clean = if bases.len() <= 1 && bases.iter().all(is_current) && is_current(&typed) && is_current(&other) {
            self.as_written(bases.first().copied(), typed, other)?
        } else {
            self.migrated(bases, below, typed, other)?
        };
        let Some((body, report)) = clean else { return Ok(None) };
        // What the type cannot read is for a person: `merged` says why.
        let Ok(label) = (self.read)(&self.schema, &body) else { return Ok(None) };
        let sides = [typed, other].map(|edition| Ok((edition.schema, edition.body)));
        if spoilt(&self.schema, &body, sides)?.is_some() {
            return Ok(None);
        }
        *lock(&self.last) = report;
        let (policy, schema) = (self.schema.policy.digest(), self.schema.version);
        Ok(Some(Joined { body: Arc::new(body), label, policy, schema }))
    }

    /// Merges the bytes: what they have alike is not even read.
    fn as_written(&self, base: Option<Edition<'_>>, typed: Edition<'_>, other: Edition<'_>) -> Result<Clean, Failure> {
        let [ours, theirs] = [typed, other].map(|edition| Side { value: edition.body, place: place(edition) });
        let base = base.map(|base| base.body);
        let merged = merge::merge_json(&self.schema.policy, base, ours, theirs).map_err(refused)?;
        let is_clean = merged.is_clean();
        let Merged { value, overwritten, marked, .. } = merged;
        Ok(is_clean.then_some((value, Report { overwritten, marked })))
    }

    /// Brings all to the schema's version, and merges that.
    fn migrated(
        &self,
        bases: &[Edition<'_>],
        below: Option<Edition<'_>>,
        typed: Edition<'_>,
        other: Edition<'_>,
    ) -> Result<Clean, Failure> {
        let read = |edition: Edition<'_>| document::migrated(&self.schema, edition.schema, edition.body);
        // An ancestor that cannot be read is none: then more is asked of a person, and nothing is lost.
        let ancestors: Option<Vec<Value>> = bases.iter().map(|base| read(*base).ok()).collect();
        let ancestors = ancestors.unwrap_or_default();
        let below = below.and_then(|below| read(below).ok());
        let base = merge::merge_bases(&self.schema.policy, &ancestors.iter().collect::<Vec<_>>(), below.as_ref());
        let (ours, theirs) = (read(typed)?, read(other)?);
        let ours = Side { value: &ours, place: place(typed) };
        let theirs = Side { value: &theirs, place: place(other) };
        let merged = merge::merge_over(&self.schema.policy, &base, ours, theirs);
        let is_clean = merged.is_clean();
        let Merged { value, overwritten, marked, .. } = merged;
        Ok(if is_clean { Some((value.to_canonical()?, Report { overwritten, marked })) } else { None })
    }
}

/// What is wrong with a document that was made of others, nothing being wrong with any of them: each change is right, and both together
/// are not. What was unfinished before may stay so. The others, each with its schema version, are looked at only where it is not valid.
pub(crate) fn spoilt<B: AsRef<[u8]>>(
    schema: &AnySchema,
    made: &[u8],
    others: impl IntoIterator<Item = Result<(u32, B), Failure>>,
) -> Result<Option<Invalid>, Failure> {
    let Some(invalid) = schema.flaws(schema.version, made).filter(|_| !fault::on("merge-that-is-not-valid")) else {
        return Ok(None);
    };
    for other in others {
        let (version, body) = other?;
        if schema.flaws(version, body.as_ref()).is_some() {
            return Ok(None);
        }
    }
    Ok(Some(invalid))
}

const fn place(edition: Edition<'_>) -> Place {
    match edition.at {
        Stands::Hub(seq) => Place::Hub(seq),
        Stands::Here(version) => Place::Local(version),
    }
}

/// A merged document and what it has to tell, where no person is needed.
type Clean = Option<(Vec<u8>, Report)>;

fn refused(error: JsonError) -> Failure {
    Failure::from(ErrorKind::Document { reason: error.to_string() }).because(error)
}

impl Join for Joiner {
    fn join(
        &self,
        bases: &[Edition<'_>],
        below: Option<Edition<'_>>,
        typed: Edition<'_>,
        other: Edition<'_>,
    ) -> Option<Joined> {
        *lock(&self.last) = Report::default();
        // Migrations, rules and types are the application's. A panic in one of them costs a conflict, and nothing else.
        let joined = catch_unwind(AssertUnwindSafe(|| self.joined(bases, below, typed, other)));
        match joined {
            Ok(Ok(joined)) => joined,
            Ok(Err(failure)) => {
                tracing::warn!(error = %failure.kind, "two texts cannot be merged; both are kept");
                None
            }
            Err(_told_by_the_panic_hook) => None,
        }
    }

    fn overwritten(&self) -> u64 {
        lock(&self.last).overwritten.len() as u64
    }

    fn counts(&self) -> bool {
        self.schema.policy.counts()
    }
}

impl Joining for Joiner {
    fn report(&self) -> Report {
        lock(&self.last).clone()
    }
}

impl fmt::Debug for Joiner {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Joiner").field("schema", &self.schema).finish_non_exhaustive()
    }
}

/// Merges two documents into one that the application's type can read; where it cannot, a person has to decide.
pub(crate) fn merged<T: DeserializeOwned>(
    schema: &AnySchema,
    base: &MergeBase,
    ours: Side<'_>,
    theirs: Side<'_>,
) -> Merged {
    let mut merged = merge::merge_over(&schema.policy, base, ours, theirs);
    if !merged.is_clean() {
        return merged;
    }
    // Two changes that are each right may be wrong together: an enum with two variants at once, or more than a document
    // may be, or what the application's validator refuses.
    let read = merged.value.to_canonical().and_then(|json| Ok((value::from_slice::<T>(&json)?, json)));
    let misfit = match read {
        Err(error) if !fault::on("merge-that-the-type-cannot-read") => Some(error.to_string()),
        Err(_) => None,
        Ok((_, json)) => {
            let sides = [ours, theirs].into_iter().map(|side| Ok((schema.version, side.value.to_canonical()?)));
            spoilt(schema, &json, sides).ok().flatten().map(|invalid| invalid.to_string())
        }
    };
    if let Some(reason) = misfit {
        merged.value = ours.value.clone();
        merged.conflicts.push(Conflict {
            path: Path::root(),
            base: base.value().cloned(),
            ours: Some(ours.value.clone()),
            theirs: Some(theirs.value.clone()),
            why: Why::Misfit { reason },
            passages: Vec::new(),
        });
    }
    merged
}
