//! The current status, and streams of its changes.

use futures_core::Stream;
use std::collections::BTreeMap;
use std::fmt;
use std::pin::Pin;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::{Context, Poll, Waker};

/// Shows one status to many.
#[derive(Debug)]
pub(crate) struct Watch<S> {
    state: Mutex<State<S>>,
}

#[derive(Debug)]
struct State<S> {
    status: S,
    closed: bool,
    /// Who waits for a change, by the number of their stream.
    waiting: BTreeMap<u64, Waker>,
    streams: u64,
}

impl<S: Clone + PartialEq> Watch<S> {
    pub(crate) fn new(status: S) -> Self {
        let state = State { status, closed: false, waiting: BTreeMap::new(), streams: 0 };
        Self { state: Mutex::new(state) }
    }

    pub(crate) fn status(&self) -> S {
        self.lock().status.clone()
    }

    /// Shows `status`; gives who is to be woken for it.
    pub(crate) fn show(&self, status: S) -> Vec<Waker> {
        let mut state = self.lock();
        if state.status == status {
            return Vec::new();
        }
        state.status = status;
        std::mem::take(&mut state.waiting).into_values().collect()
    }

    /// Ends the streams after the last status.
    pub(crate) fn close(&self) -> Vec<Waker> {
        let mut state = self.lock();
        state.closed = true;
        std::mem::take(&mut state.waiting).into_values().collect()
    }

    pub(crate) fn subscribe(self: &Arc<Self>) -> Statuses<S> {
        let mut state = self.lock();
        state.streams += 1;
        Statuses { watch: Arc::clone(self), stream: state.streams, seen: None }
    }
}

impl<S> Watch<S> {
    fn lock(&self) -> MutexGuard<'_, State<S>> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// A stream of statuses: the current one at once, then the newest after each change.
///
/// A slow reader skips statuses in between and never misses the last one. It ends when what it tells of does.
pub struct Statuses<S> {
    watch: Arc<Watch<S>>,
    stream: u64,
    seen: Option<S>,
}

impl<S: Clone + PartialEq + Unpin> Stream for Statuses<S> {
    type Item = S;

    fn poll_next(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<S>> {
        let this = self.get_mut();
        let mut state = this.watch.lock();
        if this.seen.as_ref() != Some(&state.status) {
            this.seen = Some(state.status.clone());
            return Poll::Ready(this.seen.clone());
        }
        if state.closed {
            return Poll::Ready(None);
        }
        state.waiting.insert(this.stream, cx.waker().clone());
        Poll::Pending
    }
}

impl<S> Drop for Statuses<S> {
    fn drop(&mut self) {
        let waker = self.watch.lock().waiting.remove(&self.stream);
        drop(waker);
    }
}

impl<S: Clone + PartialEq + fmt::Debug> fmt::Debug for Statuses<S> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Statuses").field("current", &self.watch.status()).finish_non_exhaustive()
    }
}
