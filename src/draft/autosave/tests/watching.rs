//! The stream of statuses.

use super::{Bench, secs, text};
use crate::clock::Spawn as _;
use crate::draft::autosave::{AutosaveStatus, Cadence};
use futures_util::StreamExt;
use std::sync::{Arc, Mutex};

#[test]
fn a_watcher_sees_every_status_it_is_awake_for_and_the_end() {
    let bench = Bench::new();
    let autosave = bench.start(Cadence::every(secs(10)));
    let (mut statuses, seen) = (autosave.watch(), Arc::new(Mutex::new(Vec::new())));
    let log = seen.clone();
    bench.tasks.spawn(Box::pin(async move {
        while let Some(status) = statuses.next().await {
            log.lock().unwrap().push(status.to_string());
        }
    }));
    bench.tasks.run_until_stalled();
    autosave.changed(&text("a"));
    bench.tasks.run_until_stalled();
    bench.break_disk(true);
    bench.run(secs(10));
    bench.break_disk(false);
    bench.run(secs(1));
    drop(autosave.pause());
    drop(autosave);
    bench.tasks.run_until_stalled();
    assert!(bench.tasks.is_empty());
    let full = std::io::Error::from(std::io::ErrorKind::StorageFull);
    let failed = format!("not saved after 1 attempts: {full}");
    assert_eq!(*seen.lock().unwrap(), ["no changes", "unsaved changes", &failed, "saved as version 1"]);
}

#[test]
fn a_late_watcher_sees_the_current_status_first() {
    let bench = Bench::new();
    let autosave = bench.start(Cadence::every(secs(10)));
    autosave.changed(&text("a"));
    autosave.flush().unwrap();
    let mut statuses = autosave.watch();
    let first = futures_executor::block_on(statuses.next());
    assert!(matches!(first, Some(AutosaveStatus::Saved { version: 1, .. })));
    drop(autosave);
    assert_eq!(futures_executor::block_on(statuses.next()), None);
}

#[test]
fn a_waker_that_looks_at_the_status_meets_no_lock() {
    struct Looker(Arc<crate::draft::autosave::Autosave<String>>);
    impl std::task::Wake for Looker {
        fn wake(self: Arc<Self>) {
            self.0.changed(&self.0.status().to_string());
            drop(self.0.watch());
        }
    }
    let bench = Bench::new();
    let autosave = Arc::new(bench.start(Cadence::default()));
    let mut statuses = autosave.watch();
    let waker = std::task::Waker::from(Arc::new(Looker(autosave.clone())));
    let mut context = std::task::Context::from_waker(&waker);
    assert!(statuses.poll_next_unpin(&mut context).is_ready());
    assert!(statuses.poll_next_unpin(&mut context).is_pending());
    autosave.changed(&text("a"));
    autosave.flush().unwrap();
    assert_eq!(bench.texts(), ["unsaved changes"]);
}
