//! The body of a request, which tells how far it is.

use bytes::Bytes;
use http_body::{Body, Frame, SizeHint};
use std::convert::Infallible;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};
use tokio::sync::watch;
use tokio::time::Instant;

/// How much is handed on at once: what is handed on counts as a step forward.
const STEP: usize = 64 << 10;

/// How far a request is on its way.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Phase {
    /// Nothing of the body has been asked for: there is no connection yet.
    Connecting,
    /// Some of the body has been handed on.
    Sending,
    /// All of it has.
    Sent,
}

/// Where a request is, and since when.
#[derive(Debug)]
pub(super) struct Progress(watch::Sender<(Phase, Instant)>);

impl Progress {
    pub(super) fn begin() -> (Arc<Self>, watch::Receiver<(Phase, Instant)>) {
        let (sender, receiver) = watch::channel((Phase::Connecting, Instant::now()));
        (Arc::new(Self(sender)), receiver)
    }

    /// There is nothing to send but the head.
    pub(super) fn nothing_to_send(&self) {
        self.step(Phase::Sent);
    }

    fn step(&self, phase: Phase) {
        self.0.send_replace((phase, Instant::now()));
    }
}

/// A body that is handed on step by step.
#[derive(Debug)]
pub(super) struct Upload {
    rest: Bytes,
    progress: Arc<Progress>,
}

impl Upload {
    pub(super) const fn new(bytes: Bytes, progress: Arc<Progress>) -> Self {
        Self { rest: bytes, progress }
    }
}

impl Body for Upload {
    type Data = Bytes;
    type Error = Infallible;

    fn poll_frame(mut self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<Option<Result<Frame<Bytes>, Infallible>>> {
        let length = self.rest.len().min(STEP);
        let next = self.rest.split_to(length);
        self.progress.step(if self.rest.is_empty() { Phase::Sent } else { Phase::Sending });
        Poll::Ready((!next.is_empty()).then(|| Ok(Frame::data(next))))
    }

    fn is_end_stream(&self) -> bool {
        self.rest.is_empty()
    }

    fn size_hint(&self) -> SizeHint {
        SizeHint::with_exact(self.rest.len() as u64)
    }
}
