//! Asking a hub without holding up the runtime.
//!
//! A hub works in the thread that polls it, and waits for the disk there. So every poll happens in a thread for blocking work, and
//! only so many at once; between two polls a request that waits for news costs no thread.

use super::shared::Shared;
use crate::fault;
use draftkeep::transport::{Answer, Request, TransportError};
use futures_core::future::BoxFuture;
use std::sync::Arc;
use std::task::{Context, Poll, Wake, Waker};
use tokio::sync::{Notify, Semaphore};

/// The thread that asked the hub ended with a panic.
#[derive(Debug, thiserror::Error)]
#[error("the hub panicked")]
struct Panicked;

/// Tells a task that its future wants to be polled again.
struct Woken(Notify);

impl Wake for Woken {
    fn wake(self: Arc<Self>) {
        self.wake_by_ref();
    }

    fn wake_by_ref(self: &Arc<Self>) {
        self.0.notify_one();
    }
}

impl Shared {
    /// Asks the hub. Where this future is dropped, a request whose turn had not come is not carried out.
    pub(super) async fn ask(&self, request: Request) -> Result<Answer, TransportError> {
        let hub = Arc::clone(&self.hub);
        let asked: BoxFuture<'static, _> = Box::pin(async move { hub.send(request).await });
        if fault::on("http-hub-in-the-way-of-others") {
            return asked.await;
        }
        poll_elsewhere(asked, &self.at_once).await
    }
}

impl Shared {
    /// Does something with the hub that takes one step.
    pub(super) async fn look<T: Send + 'static>(&self, look: impl FnOnce() -> T + Send + 'static) -> Option<T> {
        let turn = Arc::clone(&self.at_once).acquire_owned().await;
        let looked = tokio::task::spawn_blocking(move || {
            let _turn = turn;
            look()
        });
        looked.await.ok()
    }
}

async fn poll_elsewhere(
    mut future: BoxFuture<'static, Result<Answer, TransportError>>,
    at_once: &Arc<Semaphore>,
) -> Result<Answer, TransportError> {
    let woken = Arc::new(Woken(Notify::new()));
    loop {
        let turn = Arc::clone(at_once).acquire_owned().await;
        let waker = Waker::from(Arc::clone(&woken));
        let polled = tokio::task::spawn_blocking(move || {
            // The thread's, until it has ended, also where nobody waits for it any more.
            let _turn = turn;
            let polled = future.as_mut().poll(&mut Context::from_waker(&waker));
            (future, polled)
        });
        let (going_on, polled) = polled.await.map_err(|_| TransportError::unreachable().because(Panicked))?;
        match polled {
            Poll::Ready(answer) => return answer,
            Poll::Pending => future = going_on,
        }
        woken.0.notified().await;
    }
}
