//! Background tasks on threads, for applications without an async runtime.

use super::Spawn;
use futures_core::future::BoxFuture;
use std::collections::VecDeque;
use std::fmt;
use std::sync::{Arc, Mutex, PoisonError};

/// A task, and the way to get it back from a thread that did not start.
type Parcel = Arc<Mutex<Option<BoxFuture<'static, ()>>>>;

/// Gives every background task a thread of its own, named `draftkeep`.
///
/// Where the operating system refuses a thread, nothing panics and no task is lost: the refusal is logged, and the
/// task waits and starts with the next task that does. Autosaving does not depend on it: while its task does not run,
/// saves happen inside the calls that report changes.
#[derive(Clone, Default)]
pub struct ThreadSpawn {
    waiting: Arc<Mutex<VecDeque<Parcel>>>,
}

impl ThreadSpawn {
    /// No thread yet.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    fn spawn_with(&self, task: BoxFuture<'static, ()>, start: impl Fn(Parcel) -> std::io::Result<()>) {
        let mut waiting = self.waiting.lock().unwrap_or_else(PoisonError::into_inner);
        waiting.push_back(Arc::new(Mutex::new(Some(task))));
        while let Some(parcel) = waiting.front() {
            if let Err(error) = start(parcel.clone()) {
                tracing::error!(%error, waiting = waiting.len(), "no thread for a background task; it waits");
                return;
            }
            waiting.pop_front();
        }
    }
}

impl fmt::Debug for ThreadSpawn {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("ThreadSpawn")
    }
}

impl Spawn for ThreadSpawn {
    fn spawn(&self, task: BoxFuture<'static, ()>) {
        self.spawn_with(task, |parcel| {
            std::thread::Builder::new().name("draftkeep".to_owned()).spawn(move || run(&parcel)).map(drop)
        });
    }
}

fn run(parcel: &Parcel) {
    let task = parcel.lock().unwrap_or_else(PoisonError::into_inner).take();
    if let Some(task) = task {
        futures_executor::block_on(task);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::cell::Cell;
    use std::sync::mpsc;

    #[test]
    fn a_task_runs_on_a_thread_with_our_name() {
        let (sender, receiver) = mpsc::channel();
        ThreadSpawn::new().spawn(Box::pin(async move {
            let _ = sender.send(std::thread::current().name().map(str::to_owned));
        }));
        assert_eq!(receiver.recv(), Ok(Some("draftkeep".to_owned())));
    }

    #[test]
    fn a_task_without_a_thread_starts_before_the_next_one() {
        let (spawn, (sender, receiver)) = (ThreadSpawn::new(), mpsc::channel());
        let refused = Cell::new(true);
        for name in ["first", "second"] {
            let sender = sender.clone();
            spawn.spawn_with(Box::pin(async move { sender.send(name).unwrap() }), |parcel| {
                if refused.replace(false) {
                    return Err(std::io::ErrorKind::WouldBlock.into());
                }
                run(&parcel);
                Ok(())
            });
        }
        assert_eq!(receiver.try_iter().collect::<Vec<_>>(), ["first", "second"]);
    }
}
