//! Background tasks that run only when a test says so, in an order that never changes.

use super::{Clock as _, ManualClock, Spawn};
use futures_core::future::BoxFuture;
use std::collections::{BTreeMap, VecDeque};
use std::fmt;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, Weak};
use std::task::{Context, Poll, Wake, Waker};
use std::time::Duration;

/// Holds background tasks and runs them in the calling thread, for tests.
///
/// Clones share one queue. A task runs when it is new or was woken, first woken first, so that the same test takes
/// the same steps every time. Pass one as [`Spawn`] where an application passes threads or its async runtime.
#[derive(Clone, Default)]
pub struct TaskQueue {
    state: Arc<Mutex<State>>,
}

#[derive(Default)]
struct State {
    /// A task that is being polled right now stands here as `None`.
    tasks: BTreeMap<u64, Option<BoxFuture<'static, ()>>>,
    ready: VecDeque<u64>,
    begun: u64,
}

impl TaskQueue {
    /// A queue without tasks.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Runs every task that can go on, until none can; gives the number of polls.
    ///
    /// It does not return while a task keeps waking itself. A panic of a task goes through to the caller; that task is
    /// gone then, and the others are as they were.
    #[expect(clippy::must_use_candidate, reason = "the number of polls is of interest to few")]
    pub fn run_until_stalled(&self) -> usize {
        let mut polls = 0;
        while self.run_one() {
            polls += 1;
        }
        polls
    }

    /// Polls the one task that has been ready for longest; `false` where none is.
    pub fn run_one(&self) -> bool {
        loop {
            let (id, mut task) = {
                let mut state = self.lock();
                let Some(id) = state.ready.pop_front() else { return false };
                let Some(task) = state.tasks.get_mut(&id).and_then(Option::take) else { continue };
                (id, task)
            };
            let running = Running { queue: self, id };
            let waker = Waker::from(Arc::new(TaskWaker { id, state: Arc::downgrade(&self.state) }));
            if task.as_mut().poll(&mut Context::from_waker(&waker)) == Poll::Pending {
                running.put_back(task);
            }
            return true;
        }
    }

    /// Lets `by` pass on `clock`, stopping at each deadline on the way to run the tasks that it woke.
    pub fn run_for(&self, clock: &ManualClock, by: Duration) {
        let end = clock.elapsed().saturating_add(by);
        self.run_until_stalled();
        while let Some(next) = clock.next_wake().filter(|&next| next <= end) {
            clock.advance(next.saturating_sub(clock.elapsed()));
            self.run_until_stalled();
        }
        clock.advance(end.saturating_sub(clock.elapsed()));
        self.run_until_stalled();
    }

    /// Drops every task where it stands, as an async runtime does when it shuts down.
    pub fn clear(&self) {
        let tasks = std::mem::take(&mut self.lock().tasks);
        drop(tasks);
    }

    /// The number of tasks that have not ended.
    #[must_use]
    pub fn len(&self) -> usize {
        self.lock().tasks.len()
    }

    /// Whether every task has ended.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl fmt::Debug for TaskQueue {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let state = self.lock();
        f.debug_struct("TaskQueue").field("tasks", &state.tasks.len()).field("ready", &state.ready.len()).finish()
    }
}

impl Spawn for TaskQueue {
    fn spawn(&self, task: BoxFuture<'static, ()>) {
        let mut state = self.lock();
        state.begun += 1;
        let id = state.begun;
        state.tasks.insert(id, Some(task));
        state.ready.push_back(id);
    }
}

/// The place of a task that is being polled: given up again when the task ends or panics.
struct Running<'a> {
    queue: &'a TaskQueue,
    id: u64,
}

impl Running<'_> {
    fn put_back(self, task: BoxFuture<'static, ()>) {
        // Where the queue was cleared meanwhile, the task has no place any more and ends here, outside the lock.
        let orphan = match self.queue.lock().tasks.get_mut(&self.id) {
            Some(place) => place.replace(task),
            None => Some(task),
        };
        drop(orphan);
    }
}

impl Drop for Running<'_> {
    fn drop(&mut self) {
        let mut state = self.queue.lock();
        if state.tasks.get(&self.id).is_some_and(Option::is_none) {
            state.tasks.remove(&self.id);
        }
    }
}

struct TaskWaker {
    id: u64,
    state: Weak<Mutex<State>>,
}

impl Wake for TaskWaker {
    fn wake(self: Arc<Self>) {
        let Some(state) = self.state.upgrade() else { return };
        let mut state = state.lock().unwrap_or_else(PoisonError::into_inner);
        if state.tasks.contains_key(&self.id) && !state.ready.contains(&self.id) {
            state.ready.push_back(self.id);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::future::poll_fn;
    use std::panic::{AssertUnwindSafe, catch_unwind};

    fn yielding(name: char, times: usize, log: &Arc<Mutex<String>>) -> BoxFuture<'static, ()> {
        let (mut left, log) = (times, log.clone());
        Box::pin(poll_fn(move |cx| {
            log.lock().unwrap().push(name);
            if left == 0 {
                return Poll::Ready(());
            }
            left -= 1;
            cx.waker().wake_by_ref();
            Poll::Pending
        }))
    }

    #[test]
    fn tasks_take_turns_in_the_order_in_which_they_were_woken() {
        let (tasks, log) = (TaskQueue::new(), Arc::default());
        tasks.spawn(yielding('a', 2, &log));
        tasks.spawn(yielding('b', 0, &log));
        tasks.spawn(yielding('c', 1, &log));
        assert_eq!(tasks.run_until_stalled(), 6);
        assert_eq!(*log.lock().unwrap(), "abcaca");
        assert!(tasks.is_empty());
    }

    #[test]
    fn a_task_may_start_another() {
        let (tasks, log) = (TaskQueue::new(), Arc::default());
        let (inner, outer) = (yielding('i', 0, &log), tasks.clone());
        tasks.spawn(Box::pin(async move { outer.spawn(inner) }));
        tasks.run_until_stalled();
        assert_eq!(*log.lock().unwrap(), "i");
    }

    #[test]
    fn a_panic_ends_one_task_and_no_other() {
        let (tasks, log) = (TaskQueue::new(), Arc::default());
        tasks.spawn(Box::pin(async { panic!("on purpose") }));
        tasks.spawn(yielding('b', 1, &log));
        assert!(catch_unwind(AssertUnwindSafe(|| tasks.run_until_stalled())).is_err());
        assert_eq!(tasks.len(), 1);
        tasks.run_until_stalled();
        assert_eq!(*log.lock().unwrap(), "bb");
    }

    #[test]
    fn a_task_that_clears_the_queue_ends_with_it() {
        let tasks = TaskQueue::new();
        let inner = tasks.clone();
        tasks.spawn(Box::pin(poll_fn(move |cx| {
            inner.clear();
            cx.waker().wake_by_ref();
            Poll::Pending
        })));
        assert_eq!(tasks.run_until_stalled(), 1);
        assert!(tasks.is_empty());
    }
}
