//! The background task: sleeps until a save is due, and saves.

use super::core::{Core, Step};
use futures_core::future::BoxFuture;
use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};
use std::time::Duration;

/// Runs until autosaving ends. It waits only between saves: dropping it at any point interrupts none.
pub(super) struct Driver<T> {
    core: Arc<Core<T>>,
    sleep: Option<(Duration, BoxFuture<'static, ()>)>,
    ended: bool,
}

impl<T> Driver<T> {
    pub(super) fn new(core: Arc<Core<T>>) -> Self {
        Self { core, sleep: None, ended: false }
    }
}

impl<T> Future for Driver<T> {
    type Output = ();

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<()> {
        loop {
            let sleeping_until = self.sleep.as_ref().map(|(until, _)| *until);
            match self.core.drive(cx.waker(), sleeping_until) {
                Step::End => {
                    self.ended = true;
                    return Poll::Ready(());
                }
                Step::Idle => {
                    self.sleep = None;
                    return Poll::Pending;
                }
                Step::Save(job, why) => {
                    let _told_by_status = job.run(why);
                }
                Step::WaitUntil(until) => {
                    // A sleep that ends too early is kept: of all keystrokes in it, only one has to set another.
                    let wait = until.saturating_sub(self.core.clock.elapsed());
                    let sleep = match self.sleep.take() {
                        Some((set, sleep)) if set == until => sleep,
                        _ => self.core.clock.sleep(wait),
                    };
                    let (_, sleep) = self.sleep.insert((until, sleep));
                    if sleep.as_mut().poll(cx).is_pending() {
                        return Poll::Pending;
                    }
                    self.sleep = None;
                }
            }
        }
    }
}

impl<T> Drop for Driver<T> {
    fn drop(&mut self) {
        if !self.ended {
            self.core.driver_dropped();
        }
    }
}
