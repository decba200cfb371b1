//! The current status, and streams of its changes.

use super::status::AutosaveStatus;
use futures_core::Stream;
use std::collections::BTreeMap;
use std::fmt;
use std::pin::Pin;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::{Context, Poll, Waker};

/// Shows one status to many.
#[derive(Debug)]
pub(super) struct Watch {
    state: Mutex<State>,
}

#[derive(Debug)]
struct State {
    status: AutosaveStatus,
    closed: bool,
    /// Who waits for a change, by the number of their stream.
    waiting: BTreeMap<u64, Waker>,
    streams: u64,
}

impl Watch {
    pub(super) fn new(status: AutosaveStatus) -> Self {
        let state = State { status, closed: false, waiting: BTreeMap::new(), streams: 0 };
        Self { state: Mutex::new(state) }
    }

    pub(super) fn status(&self) -> AutosaveStatus {
        self.lock().status.clone()
    }

    /// Shows `status`; gives who is to be woken for it.
    pub(super) fn show(&self, status: AutosaveStatus) -> Vec<Waker> {
        let mut state = self.lock();
        if state.status == status {
            return Vec::new();
        }
        state.status = status;
        std::mem::take(&mut state.waiting).into_values().collect()
    }

    /// Ends the streams after the last status.
    pub(super) fn close(&self) -> Vec<Waker> {
        let mut state = self.lock();
        state.closed = true;
        std::mem::take(&mut state.waiting).into_values().collect()
    }

    pub(super) fn subscribe(self: &Arc<Self>) -> Statuses {
        let mut state = self.lock();
        state.streams += 1;
        Statuses { watch: Arc::clone(self), stream: state.streams, seen: None }
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// A stream of statuses: the current one at once, then the newest after each change.
///
/// A slow reader skips statuses in between and never misses the last one. It ends when autosaving does.
pub struct Statuses {
    watch: Arc<Watch>,
    stream: u64,
    seen: Option<AutosaveStatus>,
}

impl Stream for Statuses {
    type Item = AutosaveStatus;

    fn poll_next(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<AutosaveStatus>> {
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

impl Drop for Statuses {
    fn drop(&mut self) {
        let waker = self.watch.lock().waiting.remove(&self.stream);
        drop(waker);
    }
}

impl fmt::Debug for Statuses {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Statuses").field("current", &self.watch.status()).finish_non_exhaustive()
    }
}
