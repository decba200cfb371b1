//! One save, from the moment at which its document was chosen to what it came to.

use super::core::{Core, Flushed, State, Waiter};
use super::pacer::{Blame, Input, Moment};
use super::target::{AutosaveError, Cause, SaveReason, SaveRequest, SaveTarget, SavedAs, TargetError};
use crate::events::EventKind;
use crate::id::TraceId;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;
use std::time::Duration;

/// The right to save, held by one thread at a time. Dropped without an outcome, everything is as before.
pub(super) struct Job<T> {
    core: Arc<Core<T>>,
    document: Arc<T>,
    target: Arc<dyn SaveTarget<T>>,
    number: u64,
    settled: bool,
}

impl<T> Job<T> {
    pub(super) fn new(core: Arc<Core<T>>, document: Arc<T>, target: Arc<dyn SaveTarget<T>>, number: u64) -> Self {
        Self { core, document, target, number, settled: false }
    }

    /// Encodes the document, saves it, and tells everyone how it went. A panic on the way is a failure.
    pub(super) fn run(self, why: SaveReason) -> Result<SavedAs, AutosaveError> {
        let trace = self.core.trace();
        let _span = tracing::debug_span!("autosave", %trace, ?why).entered();
        let begun = self.core.clock.elapsed();
        let result = guarded(trace, || {
            let bytes = self.target.encode(&self.document)?;
            self.target.save(&bytes, SaveRequest { why, trace })
        });
        let took = self.core.clock.elapsed().saturating_sub(begun);
        match result {
            Ok(saved) => {
                let target = Arc::clone(&self.target);
                self.succeed(saved, Some(took));
                tracing::debug!(
                    version = saved.version,
                    size = saved.size,
                    changed = saved.changed,
                    ?took,
                    "autosaved"
                );
                if saved.changed {
                    let (version, size) = (saved.version, saved.size);
                    tell(&*target, trace, EventKind::Autosaved { version, size, latency: took });
                }
                Ok(saved)
            }
            Err(error) => {
                self.fail(&error);
                Err(error)
            }
        }
    }

    /// Encodes the document for someone else to commit.
    pub(super) fn encode(self) -> Result<(Self, Vec<u8>), AutosaveError> {
        match guarded(self.core.trace(), || self.target.encode(&self.document)) {
            Ok(bytes) => Ok((self, bytes)),
            Err(error) => {
                self.fail(&error);
                Err(error)
            }
        }
    }

    /// The document is durable.
    pub(super) fn succeed(mut self, saved: SavedAs, took: Option<Duration>) {
        self.settled = true;
        let (done, document) = self.core.update(|state, now| {
            state.pacer.apply(now, Input::SaveSucceeded { took });
            state.saved = Some(saved);
            state.failure = None;
            let generation = state.pacer.saved();
            let done = take_waiters(state, |waiter| waiter.generation <= generation);
            let document = if state.pacer.is_unsaved() { None } else { state.document.take() };
            (done, document)
        });
        answer(done, &Ok(Some(saved)));
        drop(document);
    }

    fn fail(mut self, error: &AutosaveError) {
        self.settled = true;
        let reason: Arc<str> = error.reason().into();
        let blame = match error {
            _ if error.is_of_erased_draft() => Blame::Draft,
            _ if error.is_of_document() => Blame::Document,
            _ => Blame::Surroundings,
        };
        let (random, number) = (self.core.random(), self.number);
        let (done, attempt, retry_in) = self.core.update(|state, now: Moment| {
            state.pacer.apply(now, Input::SaveFailed { blame, random });
            state.failure = Some(Arc::clone(&reason));
            let done = take_waiters(state, |waiter| waiter.after < number);
            let retry_in = state.pacer.retry_at().map(|at| at.elapsed.saturating_sub(now.elapsed));
            (done, state.pacer.failures(), retry_in)
        });
        tracing::warn!(trace = %error.trace_id(), %reason, attempt, ?retry_in, "autosave failed; the document is held");
        tell(&*self.target, error.trace_id(), EventKind::SaveFailed { attempt, reason: reason.to_string(), retry_in });
        answer(done, &Err(error.clone()));
    }
}

impl<T> Drop for Job<T> {
    fn drop(&mut self) {
        if !self.settled {
            self.core.apply(Input::SaveReleased);
        }
    }
}

/// Runs code of the application, whose panic must not end autosaving.
fn guarded<R>(trace: TraceId, work: impl FnOnce() -> Result<R, TargetError>) -> Result<R, AutosaveError> {
    if crate::fault::on("autosave-lets-a-panic-through") {
        return work().map_err(|error| AutosaveError::new(trace, Cause::Target(error)));
    }
    // The document and the target are seen again after a panic. The target copes by its contract; a document that
    // panics while it is read is either read again or replaced.
    match catch_unwind(AssertUnwindSafe(work)) {
        Ok(result) => result.map_err(|error| AutosaveError::new(trace, Cause::Target(error))),
        Err(_told_by_the_panic_hook) => Err(AutosaveError::new(trace, Cause::Panicked)),
    }
}

pub(super) fn tell<T>(target: &dyn SaveTarget<T>, trace: TraceId, what: EventKind) {
    let told = catch_unwind(AssertUnwindSafe(|| target.publish(trace, what)));
    if told.is_err() {
        tracing::error!(%trace, "telling an event panicked");
    }
}

fn take_waiters<T>(state: &mut State<T>, done: impl Fn(&Waiter) -> bool) -> Vec<Waiter> {
    state.waiters.extract_if(.., |waiter| done(waiter)).collect()
}

fn answer(waiters: Vec<Waiter>, flushed: &Flushed) {
    for waiter in waiters {
        let _unless_nobody_waits = waiter.sender.send(flushed.clone());
    }
}
