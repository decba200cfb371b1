//! The thread that does the waiting.
//!
//! Sockets need a runtime, and applications have none, or another one. So a transport brings its own thread, which ends when the
//! last clone of the transport is gone.

use futures_channel::{mpsc, oneshot};
use futures_core::future::BoxFuture;
use futures_util::StreamExt as _;
use futures_util::future::{Either, select};
use std::future::Future;
use std::io;
use std::pin::pin;
use std::time::Duration;

/// The thread, for whoever gives it work.
#[derive(Debug, Clone)]
pub(super) struct Runner {
    work: mpsc::UnboundedSender<BoxFuture<'static, ()>>,
    process: u32,
}

/// The thread is not there: it could not go on, or was left behind in the process that this one was forked from.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("the transport's thread is gone; a forked process has to open a transport of its own")]
pub(super) struct Gone;

impl Runner {
    /// Starts the thread.
    pub(super) fn start() -> io::Result<Self> {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_io().enable_time().build()?;
        let (work, mut given) = mpsc::unbounded();
        let everything = async move {
            while let Some(task) = given.next().await {
                tokio::spawn(task);
            }
        };
        std::thread::Builder::new().name("draftkeep-http".to_owned()).spawn(move || runtime.block_on(everything))?;
        Ok(Self { work, process: std::process::id() })
    }

    /// Does something there, and gives what comes of it. Where this future is dropped, it is given up.
    pub(super) async fn run<T: Send + 'static>(
        &self,
        future: impl Future<Output = T> + Send + 'static,
    ) -> Result<T, Gone> {
        let (mut sender, receiver) = oneshot::channel();
        let task = async move {
            let done = match select(pin!(future), sender.cancellation()).await {
                Either::Left((value, _)) => Some(value),
                Either::Right(((), _)) => None,
            };
            if let Some(value) = done {
                // Nobody minds where the receiver went meanwhile.
                let _ = sender.send(value);
            }
        };
        if std::process::id() != self.process {
            return Err(Gone);
        }
        self.work.unbounded_send(Box::pin(task)).map_err(|_| Gone)?;
        receiver.await.map_err(|_| Gone)
    }

    pub(super) async fn sleep(&self, time: Duration) -> Result<(), Gone> {
        self.run(async move { tokio::time::sleep(time).await }).await
    }
}
