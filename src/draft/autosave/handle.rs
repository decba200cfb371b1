//! What the application holds.

use super::cadence::Cadence;
use super::core::{Core, Retarget};
use super::driver::Driver;
use super::job::tell;
use super::pacer::Input;
use super::pause::PauseGuard;
use super::pending::PendingDocument;
use super::status::AutosaveStatus;
use super::target::{AutosaveError, Cause, SaveTarget, SavedAs};
use crate::clock::{Clock, Entropy, Spawn};
use crate::events::EventKind;
use crate::invalid::Invalid;
use crate::merge::Overwritten;
use crate::watch::Statuses;
use std::fmt;
use std::sync::{Arc, Weak};

/// Saves a document by itself while someone edits it.
///
/// Tell it every change; it holds the newest document and saves it in the background, as its [`Cadence`] says. A failed
/// save is repeated until one succeeds, with growing waits; only the newest document is saved then. Everything is known
/// from [`status`](Self::status).
///
/// Dropping it saves what is unsaved, in the calling thread: in async code, await a [`flush`](Self::flush_async) before.
/// Where that fails, the background task goes on trying for as long as the process lives, and holds the store open, unless
/// trying again cannot help: the draft is archived, in the trash or gone, or the document is none that can be saved.
/// [`close`](Self::close) gives the document back instead, whatever the reason.
///
/// A save in the background happens inside the task that was given to [`Spawn`]. No safety depends on that task: if it
/// is dropped or starved, it saves on its way out, and the calls that report changes save from then on.
///
/// ```
/// # #[cfg(feature = "threads")] {
/// use draftkeep::{Autosave, AutosaveStatus, Cadence};
/// use std::time::Duration;
///
/// // The store cannot be opened at the moment. The editor works all the same, and says that nothing is safe yet.
/// let autosave = Autosave::detached(Cadence::every(Duration::from_secs(10)).quiet(Duration::from_secs(2)));
/// autosave.changed(&"Dear diary".to_owned());
/// assert!(matches!(autosave.status(), AutosaveStatus::Detached { since: Some(_) }));
/// assert!(!autosave.status().is_safe());
///
/// // It is never attached to a store, so that closing gives the document back.
/// let unsaved = autosave.close().unwrap_err();
/// assert_eq!(*unsaved.document, "Dear diary");
/// # }
/// ```
pub struct Autosave<T: Send + Sync + 'static> {
    core: Arc<Core<T>>,
    /// Whether the document was given back, so that dropping has nothing left to do.
    closed: bool,
}

/// The clock, background and randomness of an application.
#[derive(Debug, Clone)]
pub(crate) struct Surroundings {
    pub(crate) clock: Arc<dyn Clock>,
    pub(crate) spawn: Arc<dyn Spawn>,
    pub(crate) entropy: Arc<dyn Entropy>,
}

/// A document that could not be saved, given back by [`Autosave::close`].
#[derive(thiserror::Error)]
#[error("the newest document is not saved")]
pub struct Unsaved<T> {
    /// Why it could not be saved.
    #[source]
    pub error: AutosaveError,
    /// The newest document. Keep it: nobody else does.
    pub document: Arc<T>,
}

impl<T> fmt::Debug for Unsaved<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Unsaved").field("error", &self.error).finish_non_exhaustive()
    }
}

impl<T: Send + Sync + 'static> Autosave<T> {
    /// Saves into `target` from now on.
    pub(crate) fn start(target: Arc<dyn SaveTarget<T>>, cadence: Cadence, around: &Surroundings) -> Self {
        Self::begin(Some(target), cadence, around)
    }

    /// Begins without a store, for instance while it cannot be opened: holds the newest document until it is attached.
    ///
    /// The status is [`Detached`](AutosaveStatus::Detached) meanwhile. Uses the system's clock and threads.
    #[cfg(feature = "threads")]
    #[must_use]
    pub fn detached(cadence: Cadence) -> Self {
        use crate::clock::{SystemClock, SystemEntropy, ThreadSpawn};
        Self::detached_in(cadence, Arc::new(SystemClock), Arc::new(ThreadSpawn::new()), Arc::new(SystemEntropy))
    }

    /// Begins without a store, with a clock, a background and randomness of your own.
    #[must_use]
    pub fn detached_in(
        cadence: Cadence,
        clock: Arc<dyn Clock>,
        spawn: Arc<dyn Spawn>,
        entropy: Arc<dyn Entropy>,
    ) -> Self {
        Self::begin(None, cadence, &Surroundings { clock, spawn, entropy })
    }

    fn begin(target: Option<Arc<dyn SaveTarget<T>>>, cadence: Cadence, around: &Surroundings) -> Self {
        let core = Arc::new(Core::new(cadence, target, around.clock.clone(), around.entropy.clone()));
        around.spawn.spawn(Box::pin(Driver::new(Arc::clone(&core))));
        Self { core, closed: false }
    }

    /// Gives a detached autosave its store. What changed before is due by then, and saved at once.
    pub(crate) fn attach_target(&self, target: Arc<dyn SaveTarget<T>>) -> Result<(), AutosaveError> {
        let refused = self.core.update(|state, now| {
            if state.target.is_some() {
                return Some(target);
            }
            state.saved = target.standing();
            state.target = Some(target);
            state.pacer.apply(now, Input::Attached);
            None
        });
        refused.map_or(Ok(()), |_| Err(self.core.error(Cause::AlreadyAttached)))
    }

    /// Saves into another target from now on, also what is unsaved.
    pub(crate) fn retarget(&self, target: Arc<dyn SaveTarget<T>>) -> Result<(), AutosaveError> {
        self.core.retarget(target, Retarget::Always).map(drop)
    }

    /// Saves into another target from now on, unless something is unsaved: then nothing happens, and it says `false`.
    pub(crate) fn retarget_if_saved(&self, target: Arc<dyn SaveTarget<T>>) -> Result<bool, AutosaveError> {
        self.core.retarget(target, Retarget::IfSaved)
    }

    /// The way for a promotion to take what is unsaved into its own commit.
    pub(crate) fn pending(&self) -> Weak<dyn PendingDocument> {
        let core: Arc<dyn PendingDocument> = self.core.clone();
        Arc::downgrade(&core)
    }

    /// Takes the newest state of the document. Returns at once; the document is saved in its time.
    ///
    /// Costs one clone of the document. It is encoded only when it is saved, in the background.
    pub fn changed(&self, document: &T)
    where
        T: Clone,
    {
        self.core.changed(Arc::new(document.clone()));
    }

    /// The same without a clone, for an application that shares its documents anyway.
    pub fn changed_to(&self, document: Arc<T>) {
        self.core.changed(document);
    }

    /// Saves what has changed until now, in the calling thread; durable when it returns.
    ///
    /// Gives how the newest document is saved, or `None` where there never was a change. Pauses do not hold it up. Waits
    /// for a save that is under way in another thread. Do not call it from within the document's own `Serialize`.
    ///
    /// # Errors
    ///
    /// Why it could not be saved. The document is still held, and saving it is tried again.
    pub fn flush(&self) -> Result<Option<SavedAs>, AutosaveError> {
        self.core.flush()
    }

    /// Asks the background for a flush and waits without blocking.
    ///
    /// The request stands from the call on: dropping the future stops only the waiting. Where the background does not
    /// serve it within five seconds, the thread that polls the future saves.
    ///
    /// # Errors
    ///
    /// As [`flush`](Self::flush).
    pub fn flush_async(&self) -> impl Future<Output = Result<Option<SavedAs>, AutosaveError>> + Send + use<T> {
        let answer = self.core.request_flush();
        Arc::clone(&self.core).await_flush(answer)
    }

    /// Changes, of the editor's or of others', that a rule decided against where what was saved here was merged: for a
    /// person who wants to know what became of theirs. Oldest first, the last 256, since the editor began or
    /// [reloaded](Self::reload). [`Whose::Ours`](crate::merge::Whose::Ours) is the editor's.
    #[must_use]
    pub fn overwritten(&self) -> Vec<Overwritten> {
        let target = self.core.lock().target.clone();
        target.map(|target| target.overwritten()).unwrap_or_default()
    }

    /// What is wrong with the document as it was saved last, or loaded, as the kind's [validator](crate::Schema::validate) says; none where
    /// nothing is. It is durable all the same.
    #[must_use]
    pub fn invalid(&self) -> Option<Invalid> {
        let target = self.core.lock().target.clone();
        target.and_then(|target| target.invalid())
    }

    /// Holds autosaving until the guard is dropped.
    pub fn pause(&self) -> PauseGuard {
        PauseGuard::hold(&self.core)
    }

    /// Changes the cadence. It holds for what is unsaved already, too.
    pub fn set_cadence(&self, cadence: Cadence) {
        self.core.apply(Input::CadenceChanged(cadence));
    }

    /// The cadence.
    #[must_use]
    pub fn cadence(&self) -> Cadence {
        self.core.lock().pacer.cadence()
    }

    /// Whether what was typed is safe.
    #[must_use]
    pub fn status(&self) -> AutosaveStatus {
        self.core.watch.status()
    }

    /// The status and its changes, as a stream.
    #[must_use]
    pub fn watch(&self) -> Statuses<AutosaveStatus> {
        self.core.watch.subscribe()
    }

    /// Saves what is unsaved, in the calling thread, and ends autosaving.
    ///
    /// # Errors
    ///
    /// [`Unsaved`] with the newest document where it could not be saved.
    pub fn close(mut self) -> Result<(), Unsaved<T>> {
        self.closed = true;
        let flushed = self.core.flush();
        match (flushed, self.core.close()) {
            (Err(error), Some(document)) => Err(Unsaved { error, document }),
            // Saved after all, by a claim between the two.
            (_, None) => Ok(()),
            // Unreachable while `close` takes the only handle; the document matters more than the proof.
            (Ok(_), Some(document)) => Err(Unsaved { error: self.core.error(Cause::Closed), document }),
        }
    }
}

impl<T: Send + Sync + 'static> Drop for Autosave<T> {
    fn drop(&mut self) {
        if self.closed {
            return;
        }
        let Err(error) = self.core.flush() else {
            drop(self.core.close());
            return;
        };
        let (trace, reason) = (error.trace_id(), error.reason());
        let (served, target, attempt) = self.core.update(|state, _| {
            let served = state.pacer.is_attached() && !state.driver.gone && !error.is_lasting();
            (served, state.target.clone(), state.pacer.failures())
        });
        if served {
            tracing::error!(%trace, reason, "autosaving ended with an unsaved document; saving it is still tried");
            self.core.apply(Input::Closing);
            return;
        }
        drop(self.core.close());
        tracing::error!(%trace, reason, "autosaving ended with an unsaved document, and nothing is left to save it");
        if let Some(target) = target {
            tell(&*target, trace, EventKind::SaveFailed { attempt, reason, retry_in: None });
        }
    }
}

impl<T: Send + Sync + 'static> fmt::Debug for Autosave<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Autosave").field("status", &self.status()).finish_non_exhaustive()
    }
}
