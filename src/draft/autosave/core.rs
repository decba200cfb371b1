//! The newest document, and everything known about its safety, behind one short lock.

use super::cadence::Cadence;
use super::job::Job;
use super::pacer::{Input, Moment, Next, Pacer};
use super::status::AutosaveStatus;
use super::target::{AutosaveError, Cause, SaveReason, SaveTarget, SavedAs};
use crate::clock::{Clock, Entropy};
use crate::id::TraceId;
use crate::watch::Watch;
use futures_channel::oneshot;
use futures_util::future::{Either, select};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::task::Waker;
use std::time::Duration;

/// What a flush gives: how the newest document is saved; `None` where there never was a change.
pub(super) type Flushed = Result<Option<SavedAs>, AutosaveError>;

/// How long a due save waits for the background task before those who notice carry it out themselves.
const PATIENCE: Duration = Duration::from_secs(5);

/// What all parts of one autosave share.
pub(super) struct Core<T> {
    state: Mutex<State<T>>,
    /// Told when a save has ended, one way or the other.
    ended: Condvar,
    pub(super) watch: Arc<Watch<AutosaveStatus>>,
    pub(super) clock: Arc<dyn Clock>,
    entropy: Arc<dyn Entropy>,
}

/// When another target takes over.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Retarget {
    /// At once, with what is unsaved.
    Always,
    /// Only where nothing is unsaved.
    IfSaved,
}

/// What the lock guards.
pub(super) struct State<T> {
    pub(super) pacer: Pacer,
    /// The newest document; there whenever something is unsaved.
    pub(super) document: Option<Arc<T>>,
    pub(super) target: Option<Arc<dyn SaveTarget<T>>>,
    pub(super) saved: Option<SavedAs>,
    /// Why the last save failed; none after one that succeeded.
    pub(super) failure: Option<Arc<str>>,
    pub(super) waiters: Vec<Waiter>,
    /// The number of saves that were started.
    pub(super) started: u64,
    pub(super) driver: DriverState,
    /// The document was given back: nothing is saved any more.
    pub(super) closed: bool,
}

/// Someone who waits for a flush.
pub(super) struct Waiter {
    /// Satisfied by a save of this generation or a later one.
    pub(super) generation: u64,
    /// The number of saves that had started before; the failure of one of those is not theirs.
    pub(super) after: u64,
    pub(super) sender: oneshot::Sender<Flushed>,
}

/// What is known of the background task.
#[derive(Default)]
pub(super) struct DriverState {
    pub(super) waker: Option<Waker>,
    /// The elapsed time at which it wakes by itself.
    pub(super) armed: Option<Duration>,
    /// It ended or was dropped.
    pub(super) gone: bool,
}

/// What the background task does next.
pub(super) enum Step<T> {
    End,
    Idle,
    WaitUntil(Duration),
    Save(Job<T>, SaveReason),
}

impl<T> Core<T> {
    pub(super) fn new(
        cadence: Cadence,
        target: Option<Arc<dyn SaveTarget<T>>>,
        clock: Arc<dyn Clock>,
        entropy: Arc<dyn Entropy>,
    ) -> Self {
        let state = State {
            pacer: Pacer::new(cadence, target.is_some()),
            document: None,
            saved: target.as_ref().and_then(|target| target.standing()),
            target,
            failure: None,
            waiters: Vec::new(),
            started: 0,
            driver: DriverState::default(),
            closed: false,
        };
        let watch = Arc::new(Watch::new(state.status()));
        Self { state: Mutex::new(state), ended: Condvar::new(), watch, clock, entropy }
    }

    /// Changes the state, then shows the new status and wakes whom it concerns.
    pub(super) fn update<R>(&self, change: impl FnOnce(&mut State<T>, Moment) -> R) -> R {
        let mut state = self.lock();
        let now = self.now();
        let result = change(&mut state, now);
        let mut wakers = self.watch.show(state.status());
        if state.is_over() {
            wakers.extend(self.watch.close());
        }
        if state.driver_is_needed(now.elapsed) {
            wakers.extend(state.driver.waker.take());
        }
        let saving = state.pacer.is_saving();
        drop(state);
        if !saving {
            self.ended.notify_all();
        }
        wakers.into_iter().for_each(Waker::wake);
        result
    }

    pub(super) fn apply(&self, input: Input) {
        self.update(|state, now| state.pacer.apply(now, input));
    }

    /// Takes the newest document. Saves in the calling thread only where the background task does not.
    pub(super) fn changed(self: &Arc<Self>, document: Arc<T>) {
        let (replaced, job) = self.update(|state, now| {
            if state.closed {
                return (Some(document), None);
            }
            if crate::fault::on("autosave-repeats-an-old-document") && state.pacer.failures() > 0 {
                return (Some(document), None);
            }
            let replaced = state.document.replace(document);
            state.pacer.apply(now, Input::Changed);
            let late = state.pacer.due().and_then(|due| now.elapsed.checked_sub(due));
            let unserved = late.is_some_and(|late| state.driver.gone || late >= PATIENCE);
            (replaced, unserved.then(|| state.start(self, now)).flatten())
        });
        drop(replaced);
        if let Some(job) = job {
            tracing::warn!(
                "the background task for autosaving does not run; saving in the thread that reports a change"
            );
            let _told_by_status = job.run(SaveReason::Due);
        }
    }

    /// Saves, in the calling thread, what has changed until now. Waits for a save under way in another.
    pub(super) fn flush(self: &Arc<Self>) -> Flushed {
        let wanted = self.lock().pacer.generation();
        loop {
            self.wait_for_save_under_way();
            let step = self.update(|state, now| {
                if state.pacer.saved() >= wanted {
                    return Err(Ok(state.saved));
                }
                if state.closed {
                    return Err(Err(Cause::Closed));
                }
                if !state.pacer.is_attached() {
                    return Err(Err(Cause::Detached));
                }
                Ok(state.start(self, now))
            });
            match step {
                Ok(Some(job)) => {
                    job.run(SaveReason::Flush)?;
                }
                // Another thread was faster and is saving now.
                Ok(None) => {}
                Err(Ok(saved)) => return Ok(saved),
                Err(Err(cause)) => return Err(self.error(cause)),
            }
        }
    }

    /// Asks the background task for a flush.
    pub(super) fn request_flush(self: &Arc<Self>) -> oneshot::Receiver<Flushed> {
        let (sender, receiver) = oneshot::channel();
        let here = self.update(|state, now| {
            if state.closed || !state.pacer.is_attached() || !state.pacer.is_unsaved() || state.driver.gone {
                return Some(sender);
            }
            state.pacer.apply(now, Input::Flush);
            state.waiters.retain(|waiter| !waiter.sender.is_canceled());
            let (generation, after) = (state.pacer.generation(), state.started);
            state.waiters.push(Waiter { generation, after, sender });
            None
        });
        if let Some(sender) = here {
            // There is nobody to wait for: the answer is known, or this thread finds it.
            let _unless_nobody_waits = sender.send(self.flush());
        }
        receiver
    }

    /// Waits for the answer to a flush; where the background task does not give it, finds it in the calling thread.
    pub(super) async fn await_flush(self: Arc<Self>, mut answer: oneshot::Receiver<Flushed>) -> Flushed {
        loop {
            match select(answer, self.clock.sleep(PATIENCE)).await {
                Either::Left((answer, _)) => return answer.unwrap_or_else(|_| Err(self.error(Cause::Closed))),
                Either::Right(((), unanswered)) => answer = unanswered,
            }
            // A save under way is only slow: waiting for it here would hold up the executor's thread.
            if !self.lock().pacer.is_saving() {
                tracing::warn!("the background task for autosaving does not run; saving in the thread that flushes");
                return self.flush();
            }
        }
    }

    /// Starts the save of the newest document for a promotion, or whoever else commits it together with something.
    pub(super) fn claim(self: &Arc<Self>) -> Option<Job<T>> {
        loop {
            self.wait_for_save_under_way();
            let (job, retry) = self.update(|state, now| {
                let able = state.pacer.is_unsaved() && state.pacer.is_attached() && !state.closed;
                let job = able.then(|| state.start(self, now)).flatten();
                if crate::fault::on("autosave-claims-exclude-nobody") {
                    state.pacer.apply(now, Input::SaveReleased);
                }
                (job, able)
            });
            if job.is_some() || !retry {
                return job;
            }
        }
    }

    /// What the background task does next; it is woken when that changes.
    pub(super) fn drive(self: &Arc<Self>, waker: &Waker, sleeping_until: Option<Duration>) -> Step<T> {
        let (mut replaced, mut target) = (None, None);
        let step = self.update(|state, now| {
            if state.is_over() {
                state.driver.gone = true;
                target = state.target.take();
                return Step::End;
            }
            let why = if state.pacer.is_flushing() { SaveReason::Flush } else { SaveReason::Due };
            let next = state.pacer.next(now.elapsed);
            if next == Next::Save
                && let Some(job) = state.start(self, now)
            {
                return Step::Save(job, why);
            }
            let step = match next {
                Next::WaitUntil(due) => Step::WaitUntil(sleeping_until.map_or(due, |until| until.min(due))),
                Next::Save | Next::Idle => Step::Idle,
            };
            state.driver.armed = if let Step::WaitUntil(until) = step { Some(until) } else { None };
            replaced = state.driver.waker.replace(waker.clone());
            step
        });
        drop((replaced, target));
        step
    }

    /// The background task was dropped before its end: what would have been its work is done here, a last time.
    pub(super) fn driver_dropped(self: &Arc<Self>) {
        let (waiters, work) = self.update(|state, _| {
            state.driver.gone = true;
            let work = !state.closed && state.pacer.is_attached() && state.pacer.is_unsaved();
            (std::mem::take(&mut state.waiters), work && !state.pacer.is_paused())
        });
        let work = work && !crate::fault::on("autosave-dies-with-its-task");
        if work || !waiters.is_empty() {
            tracing::warn!("the background task for autosaving was dropped; saving once more");
            let flushed = self.flush();
            for waiter in waiters {
                let _unless_nobody_waits = waiter.sender.send(flushed.clone());
            }
        }
    }

    /// Saves into another target from now on; says whether it does.
    pub(super) fn retarget(&self, target: Arc<dyn SaveTarget<T>>, when: Retarget) -> Result<bool, AutosaveError> {
        self.wait_for_save_under_way();
        let before = self.update(|state, now| {
            if state.closed {
                return Err(Cause::Closed);
            }
            let is_busy = state.pacer.is_unsaved() || state.pacer.is_saving();
            if when == Retarget::IfSaved && is_busy && !crate::fault::on("reload-forgets-what-was-typed") {
                return Ok(Err(target));
            }
            state.pacer.apply(now, Input::Attached);
            // What was saved before says nothing about the new target.
            state.saved = target.standing();
            Ok(Ok(state.target.replace(target)))
        });
        before.map(|replaced| replaced.is_ok()).map_err(|cause| self.error(cause))
    }

    /// Ends autosaving and gives back what is not saved.
    pub(super) fn close(&self) -> Option<Arc<T>> {
        self.wait_for_save_under_way();
        // The store is let go here and not with the background task, so that it can be opened again at once.
        let (document, _target, _waiters) = self.update(|state, _| {
            state.closed = true;
            let document = state.document.take().filter(|_| state.pacer.is_unsaved());
            (document, state.target.take(), std::mem::take(&mut state.waiters))
        });
        document
    }

    pub(super) fn lock(&self) -> MutexGuard<'_, State<T>> {
        // No invariant spans a panic: every change of the state is made of moves that cannot fail half-way.
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn wait_for_save_under_way(&self) {
        let state = self.lock();
        let ended = self.ended.wait_while(state, |state| state.pacer.is_saving());
        drop(ended.unwrap_or_else(PoisonError::into_inner));
    }

    fn now(&self) -> Moment {
        let (wall, elapsed) = (self.clock.now(), self.clock.elapsed());
        if crate::fault::on("autosave-trusts-the-wall-clock") {
            return Moment { elapsed: Duration::from_millis(wall.as_millis()), wall };
        }
        Moment { elapsed, wall }
    }

    /// An error outside of any attempt.
    pub(super) fn error(&self, cause: Cause) -> AutosaveError {
        AutosaveError::new(self.trace(), cause)
    }

    pub(super) fn trace(&self) -> TraceId {
        let mut bytes = [0; TraceId::LEN];
        self.entropy.fill(&mut bytes);
        TraceId::from_bytes(bytes)
    }

    pub(super) fn random(&self) -> u32 {
        let mut bytes = [0; 4];
        self.entropy.fill(&mut bytes);
        u32::from_le_bytes(bytes)
    }
}

impl<T> State<T> {
    /// Marks the newest document as being saved; `None` where another save is under way or there is nothing to save.
    pub(super) fn start(&mut self, core: &Arc<Core<T>>, now: Moment) -> Option<Job<T>> {
        if self.pacer.is_saving() || self.closed {
            return None;
        }
        let (document, target) = (self.document.clone()?, self.target.clone()?);
        self.pacer.apply(now, Input::SaveStarted);
        self.started += 1;
        Some(Job::new(Arc::clone(core), document, target, self.started))
    }

    /// Whether nothing will ever be saved again.
    fn is_over(&self) -> bool {
        self.closed || (self.pacer.is_closing() && (!self.pacer.is_unsaved() || self.pacer.has_given_up()))
    }

    fn driver_is_needed(&self, now: Duration) -> bool {
        let sooner = match self.pacer.next(now) {
            Next::Save => true,
            Next::WaitUntil(due) => self.driver.armed.is_none_or(|armed| due < armed),
            Next::Idle => false,
        };
        sooner || self.is_over()
    }

    fn status(&self) -> AutosaveStatus {
        let pacer = &self.pacer;
        let mut since = pacer.unsaved_since().map(|moment| moment.wall);
        if pacer.is_saving() && crate::fault::on("autosave-is-green-too-early") {
            since = None;
        }
        let pauses = pacer.pauses();
        match since {
            _ if !pacer.is_attached() => AutosaveStatus::Detached { since },
            Some(since) if pacer.failures() > 0 => AutosaveStatus::Failed {
                reason: self.failure.clone().unwrap_or_default(),
                since,
                attempts: pacer.failures(),
                next_try: pacer.due().and(pacer.retry_at()).map(|moment| moment.wall),
            },
            Some(since) if pacer.is_saving() => AutosaveStatus::Saving { since },
            _ if pacer.is_paused() => AutosaveStatus::Paused { pauses, since },
            Some(since) => AutosaveStatus::Unsaved { since },
            None => match self.saved {
                None => AutosaveStatus::Clean,
                Some(SavedAs { version, at, in_conflict: true, .. }) => AutosaveStatus::Conflict { version, at },
                Some(SavedAs { version, at, merged: Some(head), .. })
                    if !crate::fault::on("merge-is-shown-as-saved") =>
                {
                    AutosaveStatus::Merged { version, head, at }
                }
                Some(SavedAs { version, at, is_valid: false, .. }) => AutosaveStatus::Invalid { version, at },
                Some(SavedAs { version, at, .. }) => AutosaveStatus::Saved { version, at },
            },
        }
    }
}
