//! Group commit: calls that arrive while a commit is under way wait, and the next commit carries all of them.
//!
//! There is no writer thread. The first caller who finds nobody leading runs everybody's call, its own among them,
//! commits once, and hands out the results; then it goes home, and whoever still waits leads next.

use crate::error::{ErrorKind, Failure};
use std::collections::VecDeque;
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};

/// The most calls that share a commit.
const GROUP_MAX: usize = 64;

/// Locks even after a panic elsewhere: what it guards is valid between any two statements.
pub(crate) fn lock<T: ?Sized>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Whose calls share commits: a store's, or a hub's.
pub(crate) trait Shared: 'static {
    /// What a call works on: the changes of the commit that it shares with others.
    type Write<'a>;

    /// Whether all that the call wrote can be stored. Every call ends with it.
    fn check(write: &Self::Write<'_>) -> Result<(), Failure>;
}

/// A call that waits for its commit.
pub(crate) trait Call<S: Shared>: Send {
    /// Does the call's work within the shared write; an error means that its changes are taken back.
    fn run(&mut self, write: &mut S::Write<'_>) -> Result<(), ()>;

    /// Hands out the result, now that the commit's outcome is known.
    fn finish(self: Box<Self>, committed: Result<(), &Failure>);
}

#[derive(Debug)]
pub(crate) struct Queue<S: Shared> {
    waiting: Mutex<Waiting<S>>,
    turn: Condvar,
}

struct Waiting<S: Shared> {
    calls: VecDeque<Box<dyn Call<S>>>,
    is_led: bool,
}

impl<S: Shared> Default for Queue<S> {
    fn default() -> Self {
        Self { waiting: Mutex::new(Waiting { calls: VecDeque::new(), is_led: false }), turn: Condvar::new() }
    }
}

impl<S: Shared> std::fmt::Debug for Waiting<S> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Waiting").field("calls", &self.calls.len()).field("is_led", &self.is_led).finish()
    }
}

impl<S: Shared> Queue<S> {
    /// Queues the work, and returns its result once the commit that carries it is durable.
    ///
    /// `lead` commits a group of calls and finishes each of them.
    pub(crate) fn submit<R, F>(&self, work: F, lead: impl Fn(Vec<Box<dyn Call<S>>>)) -> Result<R, Failure>
    where
        R: Send + 'static,
        F: FnOnce(&mut S::Write<'_>) -> Result<R, Failure> + Send + 'static,
    {
        let answer = Arc::new(Mutex::new(None));
        let call = Pending { work: Some(work), result: None, answer: Arc::clone(&answer) };
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
struct Leading<'a, S: Shared>(&'a Queue<S>);

impl<S: Shared> Drop for Leading<'_, S> {
    fn drop(&mut self) {
        lock(&self.0.waiting).is_led = false;
        self.0.turn.notify_all();
    }
}

struct Pending<F, R> {
    work: Option<F>,
    result: Option<Result<R, Failure>>,
    answer: Arc<Mutex<Option<Result<R, Failure>>>>,
}

impl<S, F, R> Call<S> for Pending<F, R>
where
    S: Shared,
    R: Send,
    F: FnOnce(&mut S::Write<'_>) -> Result<R, Failure> + Send,
{
    fn run(&mut self, write: &mut S::Write<'_>) -> Result<(), ()> {
        let work = self.work.take().ok_or_else(|| ErrorKind::Interrupted.into());
        let result = work.and_then(|work| work(write)).and_then(|done| S::check(write).map(|()| done));
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
