//! A store whose time, background and randomness a test holds in its hands.

use draftkeep::clock::{ManualClock, SeededEntropy, TaskQueue, Timestamp};
use draftkeep::storage::{MemoryStorage, Storage};
use draftkeep::{Draft, Drafts, Kind, Options, Saved, Space, Store};
use std::sync::Arc;
use std::time::Duration;

pub(crate) const NOTE: Kind<String> = Kind::new("note");
pub(crate) const DAY: Duration = Duration::from_secs(24 * 60 * 60);

pub(crate) type Outcome = Result<(), Box<dyn std::error::Error>>;

/// What a store runs on. It outlives the store, so that a test can open it again.
pub(crate) struct World {
    pub(crate) clock: Arc<ManualClock>,
    pub(crate) tasks: Arc<TaskQueue>,
    pub(crate) storage: Arc<dyn Storage>,
    seed: u64,
}

impl World {
    pub(crate) fn new() -> Self {
        Self::on(Arc::new(MemoryStorage::new()), 1)
    }

    /// Another device: the same time, but a storage and randomness of its own.
    pub(crate) fn on(storage: Arc<dyn Storage>, seed: u64) -> Self {
        let clock = Arc::new(ManualClock::at(Timestamp::from_millis(1_700_000_000_000)));
        Self { clock, tasks: Arc::new(TaskQueue::new()), storage, seed }
    }

    pub(crate) fn options(&self) -> Options {
        let entropy = Arc::new(SeededEntropy::new(self.seed));
        Options::with_runtime(self.clock.clone(), self.tasks.clone(), entropy)
    }

    pub(crate) fn open(&self, change: impl FnOnce(Options) -> Options) -> Store {
        Store::with_storage(self.storage.clone(), change(self.options())).expect("the storage is sound")
    }

    pub(crate) fn space(&self) -> Space {
        self.open(|options| options).space("alice").expect("the storage is sound")
    }

    pub(crate) fn notes(&self) -> Drafts<String> {
        self.space().drafts(NOTE).expect("the name is short")
    }

    pub(crate) fn pass(&self, time: Duration) {
        self.tasks.run_for(&self.clock, time);
    }
}

/// Replaces the document and saves it.
pub(crate) fn save(draft: &Draft<String>, text: &str) -> draftkeep::Result<()> {
    let mut edit = draft.edit()?;
    text.clone_into(edit.doc());
    assert!(matches!(edit.save()?, Saved::Stored { .. } | Saved::Unchanged { .. }));
    Ok(())
}
