//! Waiting for what happens in real time, on ways that are not the simulator's own.

use std::pin::pin;
use std::sync::{Arc, Condvar, Mutex, PoisonError};
use std::task::{Context, Poll, Wake, Waker};
use std::time::Duration;

/// How long the oracle waits for the hub, in steps of [`STEP`].
const STEPS_MAX: usize = 3_000;

/// The longest time between two looks at something that did not say that it went on.
const STEP: Duration = Duration::from_millis(10);

/// Rings when something went on that somebody polls.
#[derive(Debug, Default)]
pub(crate) struct Alarm {
    has_rung: Mutex<bool>,
    bell: Condvar,
}

impl Wake for Alarm {
    fn wake(self: Arc<Self>) {
        *self.has_rung.lock().unwrap_or_else(PoisonError::into_inner) = true;
        self.bell.notify_all();
    }
}

impl Alarm {
    /// Waits until it rings, or rang since the last time, or the time is over.
    pub(crate) fn wait(&self, at_most: Duration) {
        let has_rung = self.has_rung.lock().unwrap_or_else(PoisonError::into_inner);
        let waited = self.bell.wait_timeout_while(has_rung, at_most, |has_rung| !*has_rung);
        *waited.unwrap_or_else(PoisonError::into_inner).0 = false;
    }
}

/// What comes of a future that goes on in other threads; none where that takes longer than half a minute.
pub(crate) fn wait_for<T>(future: impl Future<Output = T>) -> Option<T> {
    let (alarm, mut future) = (Arc::new(Alarm::default()), pin!(future));
    let waker = Waker::from(Arc::clone(&alarm));
    (0..STEPS_MAX).find_map(|_| match future.as_mut().poll(&mut Context::from_waker(&waker)) {
        Poll::Ready(value) => Some(value),
        Poll::Pending => {
            alarm.wait(STEP);
            None
        }
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use futures_channel::oneshot;

    #[test]
    fn what_another_thread_gives_is_waited_for() {
        let (sender, receiver) = oneshot::channel();
        let giving = std::thread::spawn(move || sender.send(7));
        assert_eq!(wait_for(receiver), Some(Ok(7)));
        assert_eq!(giving.join().unwrap(), Ok(()));
    }
}
