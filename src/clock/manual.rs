//! A clock that moves only when a test says so.

use super::{Clock, Timestamp};
use futures_core::future::BoxFuture;
use std::collections::BTreeMap;
use std::fmt;
use std::future::Future;
use std::pin::Pin;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::{Context, Poll, Waker};
use std::time::Duration;

/// Where the wall clock of a new [`ManualClock`] stands: 2026-01-01, so that a date shown in a test looks like one.
const START: Timestamp = Timestamp::from_millis(1_767_225_600_000);

/// A clock in virtual time, for tests.
///
/// Clones share one time. `advance` moves both hands; `set_now` makes the wall clock jump, which no sleeper notices.
/// Sleepers wake in the order of their deadlines, and those of one deadline in the order in which they began.
#[derive(Clone)]
pub struct ManualClock {
    state: Arc<Mutex<State>>,
}

struct State {
    now: Timestamp,
    elapsed: Duration,
    /// By deadline, then by the order of their beginning. No entry without a task that waits for it.
    sleepers: BTreeMap<(Duration, u64), Waker>,
    begun: u64,
}

impl ManualClock {
    /// A clock that stands at the first moment of 2026, with no time elapsed.
    #[must_use]
    pub fn new() -> Self {
        Self::at(START)
    }

    /// A clock whose wall time begins at `now`.
    #[must_use]
    pub fn at(now: Timestamp) -> Self {
        let state = State { now, elapsed: Duration::ZERO, sleepers: BTreeMap::new(), begun: 0 };
        Self { state: Arc::new(Mutex::new(state)) }
    }

    /// Lets time pass: both hands move by `by`, and every sleeper whose time has come is woken.
    ///
    /// Nothing runs inside this call; run the tasks afterwards. [`TaskQueue::run_for`](super::TaskQueue::run_for)
    /// does both, stopping at each deadline on the way.
    pub fn advance(&self, by: Duration) {
        let due = {
            let mut state = self.lock();
            let before = state.elapsed.as_millis();
            state.elapsed = state.elapsed.saturating_add(by);
            let millis = u64::try_from(state.elapsed.as_millis() - before).unwrap_or(u64::MAX);
            state.now = Timestamp::from_millis(state.now.as_millis().saturating_add(millis));
            let limit = state.elapsed;
            let later = state.sleepers.split_off(&(limit.saturating_add(Duration::from_nanos(1)), 0));
            std::mem::replace(&mut state.sleepers, later)
        };
        due.into_values().for_each(Waker::wake);
    }

    /// Makes the wall clock jump, forwards or backwards. Elapsed time does not change and nobody wakes.
    pub fn set_now(&self, now: Timestamp) {
        self.lock().now = now;
    }

    /// The elapsed time at which the next sleeper wakes; `None` where nobody sleeps.
    #[must_use]
    pub fn next_wake(&self) -> Option<Duration> {
        self.lock().sleepers.keys().next().map(|&(deadline, _)| deadline)
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Default for ManualClock {
    fn default() -> Self {
        Self::new()
    }
}

impl fmt::Debug for ManualClock {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let state = self.lock();
        f.debug_struct("ManualClock")
            .field("now", &state.now)
            .field("elapsed", &state.elapsed)
            .field("sleepers", &state.sleepers.len())
            .finish()
    }
}

impl Clock for ManualClock {
    fn now(&self) -> Timestamp {
        self.lock().now
    }

    fn elapsed(&self) -> Duration {
        self.lock().elapsed
    }

    fn sleep(&self, duration: Duration) -> BoxFuture<'static, ()> {
        let key = {
            let mut state = self.lock();
            state.begun += 1;
            (state.elapsed.saturating_add(duration), state.begun)
        };
        Box::pin(Sleep { clock: self.clone(), key })
    }
}

struct Sleep {
    clock: ManualClock,
    key: (Duration, u64),
}

impl Future for Sleep {
    type Output = ();

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<()> {
        let mut state = self.clock.lock();
        if state.elapsed >= self.key.0 {
            state.sleepers.remove(&self.key);
            return Poll::Ready(());
        }
        state.sleepers.insert(self.key, cx.waker().clone());
        Poll::Pending
    }
}

impl Drop for Sleep {
    fn drop(&mut self) {
        self.clock.lock().sleepers.remove(&self.key);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::clock::{Spawn, TaskQueue};
    use proptest::prelude::*;

    #[test]
    fn both_hands_move_together_and_fractions_of_a_millisecond_add_up() {
        let clock = ManualClock::at(Timestamp::from_millis(10));
        for _ in 0..2_500 {
            clock.advance(Duration::from_micros(1));
        }
        assert_eq!(clock.elapsed(), Duration::from_micros(2_500));
        assert_eq!(clock.now(), Timestamp::from_millis(12));
    }

    #[test]
    fn a_jump_of_the_wall_clock_neither_wakes_nor_delays_a_sleeper() {
        let (clock, tasks) = (ManualClock::new(), TaskQueue::new());
        tasks.spawn(clock.sleep(Duration::from_secs(5)));
        tasks.run_until_stalled();
        for jump in [0, u64::MAX, 1] {
            clock.set_now(Timestamp::from_millis(jump));
            tasks.run_until_stalled();
            assert_eq!(clock.now(), Timestamp::from_millis(jump));
            assert_eq!((tasks.len(), clock.next_wake()), (1, Some(Duration::from_secs(5))));
        }
        tasks.run_for(&clock, Duration::from_secs(5));
        assert!(tasks.is_empty());
    }

    #[test]
    fn a_dropped_sleep_leaves_nothing_behind() {
        let (clock, tasks) = (ManualClock::new(), TaskQueue::new());
        tasks.spawn(clock.sleep(Duration::MAX));
        tasks.run_until_stalled();
        assert_eq!(clock.next_wake(), Some(Duration::MAX));
        tasks.clear();
        assert_eq!(clock.next_wake(), None);
    }

    proptest! {
        #[test]
        fn sleepers_wake_at_their_time_in_the_order_of_their_deadlines(
            waits in prop::collection::vec(0_u64..50, 1..20),
            steps in prop::collection::vec(1_u64..20, 1..20),
        ) {
            let (clock, tasks) = (ManualClock::new(), TaskQueue::new());
            let woken = Arc::new(Mutex::new(Vec::new()));
            for (index, wait) in waits.iter().enumerate() {
                let (sleep, woken, clock) = (clock.sleep(Duration::from_millis(*wait)), woken.clone(), clock.clone());
                tasks.spawn(Box::pin(async move {
                    sleep.await;
                    woken.lock().unwrap().push((index, clock.elapsed()));
                }));
            }
            let mut passed = 0;
            for step in steps {
                passed += step;
                tasks.run_for(&clock, Duration::from_millis(step));
                let expected: Vec<(usize, Duration)> = {
                    let mut due: Vec<_> = waits.iter().copied().enumerate().filter(|&(_, wait)| wait <= passed).collect();
                    due.sort_by_key(|&(index, wait)| (wait, index));
                    due.into_iter().map(|(index, wait)| (index, Duration::from_millis(wait))).collect()
                };
                prop_assert_eq!(&*woken.lock().unwrap(), &expected);
            }
        }
    }
}
