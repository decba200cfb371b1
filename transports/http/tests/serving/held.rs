//! A hub whose disk stands until it is told to go on.

use super::common::hub;
use draftkeep::hub::Hub;
use draftkeep::transport::{Answer, Ask, Request, Transport, TransportError};
use futures_core::future::BoxFuture;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Condvar, Mutex, PoisonError};
use std::time::{Duration, Instant};

/// A hub that waits with every push until it is let go on.
#[derive(Debug)]
pub(crate) struct Held {
    pub(crate) hub: Hub,
    entered: AtomicUsize,
    gate: (Mutex<bool>, Condvar),
}

/// Lets it go on when a test ends, however that ends: a server waits for what it began.
#[must_use]
pub(crate) struct LetGo(Arc<Held>);

impl Drop for LetGo {
    fn drop(&mut self) {
        self.0.let_go();
    }
}

impl Held {
    pub(crate) fn new() -> Arc<Self> {
        Arc::new(Self { hub: hub(), entered: AtomicUsize::new(0), gate: (Mutex::new(false), Condvar::new()) })
    }

    pub(crate) fn let_go(&self) {
        *self.gate.0.lock().unwrap_or_else(PoisonError::into_inner) = true;
        self.gate.1.notify_all();
    }

    pub(crate) fn let_go_at_the_end(self: &Arc<Self>) -> LetGo {
        LetGo(Arc::clone(self))
    }

    pub(crate) fn wait_until_entered(&self, count: usize) {
        let began = Instant::now();
        while self.entered.load(Ordering::SeqCst) < count {
            assert!(began.elapsed() < Duration::from_secs(20), "{} of {count}", self.entered.load(Ordering::SeqCst));
            std::thread::sleep(Duration::from_millis(5));
        }
    }
}

impl Transport for Held {
    fn send(&self, request: Request) -> BoxFuture<'_, Result<Answer, TransportError>> {
        Box::pin(async move {
            if matches!(request.ask, Ask::Push { .. }) {
                self.entered.fetch_add(1, Ordering::SeqCst);
                // As a disk does: the thread stands.
                let mut gone_on = self.gate.0.lock().unwrap();
                while !*gone_on {
                    gone_on = self.gate.1.wait(gone_on).unwrap();
                }
            }
            self.hub.send(request).await
        })
    }
}
