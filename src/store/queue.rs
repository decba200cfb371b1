//! Group commit: calls that arrive while a commit is under way wait, and the next commit carries all of them.
//!
//! There is no writer thread. The first caller who finds nobody leading runs everybody's call, its own among them,
//! commits once, and hands out the results; then it goes home, and whoever still waits leads next.

use super::write::Write;
use crate::error::{ErrorKind, Failure};
use std::collections::VecDeque;
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

/// The most calls that share a commit.
const GROUP_MAX: usize = 64;

/// Locks even after a panic elsewhere: what it guards is valid between any two statements.
pub(crate) fn lock<T: ?Sized>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

/// A call that waits for its commit.
pub(crate) trait Call: Send {
    /// Does the call's work within the shared write; an error means that its changes are taken back.
    fn run(&mut self, write: &mut Write<'_>) -> Result<(), ()>;

    /// Hands out the result, now that the commit's outcome is known.
    fn finish(self: Box<Self>, committed: Result<(), &Failure>);
}

#[derive(Debug, Default)]
pub(crate) struct Queue {
    waiting: Mutex<Waiting>,
    turn: Condvar,
}

#[derive(Default)]
struct Waiting {
    calls: VecDeque<Box<dyn Call>>,
    is_led: bool,
}

impl std::fmt::Debug for Waiting {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Waiting").field("calls", &self.calls.len()).field("is_led", &self.is_led).finish()
    }
}

impl Queue {
    /// Queues the work, and returns its result once the commit that carries it is durable.
    ///
    /// `lead` commits a group of calls and finishes each of them.
    pub(crate) fn submit<R, F>(&self, began: Duration, work: F, lead: impl Fn(Vec<Box<dyn Call>>)) -> Result<R, Failure>
    where
        R: Send + 'static,
        F: FnOnce(&mut Write<'_>) -> Result<R, Failure> + Send + 'static,
    {
        let answer = Arc::new(Mutex::new(None));
        let call = Pending { began, work: Some(work), result: None, answer: Arc::clone(&answer) };
        let mut waiting = lock(&self.waiting);
        waiting.calls.push_back(Box::new(call));
        loop {
            if let Some(result) = lock(&answer).take() {
                return result;
            }
            if waiting.is_led {
                waiting = self.turn.wait(waiting).unwrap_or_else(PoisonError::into_inner);
                continue;
            }
            waiting.is_led = true;
            let count = waiting.calls.len().min(GROUP_MAX);
            let group = waiting.calls.drain(..count).collect();
            drop(waiting);
            let leading = Leading(self);
            lead(group);
            drop(leading);
            waiting = lock(&self.waiting);
        }
    }
}

/// Gives the lead back, also when a panic ends it.
struct Leading<'a>(&'a Queue);

impl Drop for Leading<'_> {
    fn drop(&mut self) {
        lock(&self.0.waiting).is_led = false;
        self.0.turn.notify_all();
    }
}

struct Pending<F, R> {
    began: Duration,
    work: Option<F>,
    result: Option<Result<R, Failure>>,
    answer: Arc<Mutex<Option<Result<R, Failure>>>>,
}

impl<F, R> Call for Pending<F, R>
where
    R: Send,
    F: FnOnce(&mut Write<'_>) -> Result<R, Failure> + Send,
{
    fn run(&mut self, write: &mut Write<'_>) -> Result<(), ()> {
        write.began = self.began;
        let result = self.work.take().map_or_else(|| Err(ErrorKind::Interrupted.into()), |work| work(write));
        let outcome = result.as_ref().map(|_| ()).map_err(|_| ());
        self.result = Some(result);
        outcome
    }

    fn finish(mut self: Box<Self>, committed: Result<(), &Failure>) {
        let result = self.result.take();
        *lock(&self.answer) = match (result, committed) {
            (Some(Ok(_)), Err(failure)) => Some(Err(failure.clone())),
            (None, Err(failure)) => Some(Err(failure.clone())),
            (None, Ok(())) => Some(Err(ErrorKind::Interrupted.into())),
            (result, _) => result,
        };
    }
}

impl<F, R> Drop for Pending<F, R> {
    /// A call that a panic dropped must not leave its caller waiting.
    fn drop(&mut self) {
        lock(&self.answer).get_or_insert_with(|| Err(ErrorKind::Interrupted.into()));
    }
}
