//! Two documents that came from one, merged as their schema says, for whoever has only their bytes.

use super::document;
use crate::error::Failure;
use crate::kind::AnySchema;
use crate::merge::{self, Conflict, MergeBase, Merged, Overwritten, Place, Side, Why};
use crate::store::queue::lock;
use crate::store::stale::{Edition, Join, Joined};
use crate::value::{self, Path};
use serde::de::DeserializeOwned;
use std::fmt;
use std::marker::PhantomData;
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

/// Joins documents of the application's type.
pub(crate) struct Joiner<T> {
    schema: Arc<AnySchema>,
    last: Mutex<Report>,
    document: PhantomData<fn() -> T>,
}

impl<T: DeserializeOwned + 'static> Joiner<T> {
    pub(crate) fn new(schema: &Arc<AnySchema>) -> Arc<Self> {
        Arc::new(Self { schema: Arc::clone(schema), last: Mutex::default(), document: PhantomData })
    }

    fn merged(
        &self,
        base: Option<Edition<'_>>,
        typed: Edition<'_>,
        other: Edition<'_>,
    ) -> Result<Option<Joined>, Failure> {
        let read = |edition: Edition<'_>| document::migrated(&self.schema, edition.schema, edition.body);
        // An ancestor that cannot be read is none: then more is asked of a person, and nothing is lost.
        let base = base.and_then(|base| read(base).ok());
        let base = merge::merge_bases(&self.schema.policy, base.as_ref().as_slice(), None);
        let (ours, theirs) = (read(typed)?, read(other)?);
        let side = |value, version| Side { value, place: Place::Local(version) };
        let merged = merged::<T>(&self.schema, &base, side(&ours, typed.version), side(&theirs, other.version));
        if !merged.is_clean() {
            return Ok(None);
        }
        let body = merged.value.to_canonical()?;
        let label = self.schema.label(&value::from_slice::<T>(&body)?);
        *lock(&self.last) = Report { overwritten: merged.overwritten, marked: merged.marked };
        Ok(Some(Joined { body: Arc::new(body), label }))
    }
}

impl<T: DeserializeOwned + 'static> Join for Joiner<T> {
    fn join(&self, base: Option<Edition<'_>>, typed: Edition<'_>, other: Edition<'_>) -> Option<Joined> {
        *lock(&self.last) = Report::default();
        // Migrations, rules and types are the application's. A panic in one of them costs a conflict, and nothing else.
        let joined = catch_unwind(AssertUnwindSafe(|| self.merged(base, typed, other)));
        match joined {
            Ok(Ok(joined)) => joined,
            Ok(Err(failure)) => {
                tracing::warn!(error = %failure.kind, "two texts cannot be merged; both are kept");
                None
            }
            Err(_told_by_the_panic_hook) => None,
        }
    }
}

impl<T: DeserializeOwned + 'static> Joining for Joiner<T> {
    fn report(&self) -> Report {
        lock(&self.last).clone()
    }
}

impl<T> fmt::Debug for Joiner<T> {
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
    // Two changes that are each right may be wrong together: an enum with two variants at once, for instance.
    if let Err(error) = value::from_value::<T>(&merged.value)
        && !crate::fault::on("merge-that-the-type-cannot-read")
    {
        merged.value = ours.value.clone();
        merged.conflicts.push(Conflict {
            path: Path::root(),
            base: base.value().cloned(),
            ours: Some(ours.value.clone()),
            theirs: Some(theirs.value.clone()),
            why: Why::Misfit { reason: error.to_string() },
            passages: Vec::new(),
        });
    }
    merged
}
