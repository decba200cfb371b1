//! Devices and a hub in one process.

use draftkeep::clock::{ManualClock, SeededEntropy, TaskQueue};
use draftkeep::hub::{Hub, HubOptions};
use draftkeep::merge::{Policy, Rule};
use draftkeep::storage::MemoryStorage;
use draftkeep::sync::{Report, SyncError, Syncer};
use draftkeep::{Draft, Drafts, Kind, Options, Schema, Space, Store};
use futures_executor::block_on;
use serde::{Deserialize, Serialize};
use std::sync::Arc;

#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Note {
    pub(crate) title: String,
    pub(crate) body: String,
    pub(crate) tags: Vec<String>,
    pub(crate) views: i64,
}

pub(crate) const NOTE: Kind<Note> = Kind::new("note");

pub(crate) fn note(title: &str, body: &str) -> Note {
    Note { title: title.to_owned(), body: body.to_owned(), ..Note::default() }
}

pub(crate) fn policy() -> Policy {
    let builder = Policy::builder().rule("/title", Rule::Manual).rule("/tags", Rule::Set).rule("/views", Rule::Counter);
    builder.build().expect("it is a policy")
}

pub(crate) fn options(seed: u64) -> Options {
    let (clock, tasks) = (ManualClock::new(), TaskQueue::new());
    Options::with_runtime(Arc::new(clock), Arc::new(tasks), Arc::new(SeededEntropy::new(seed)))
        .schema(Schema::of(NOTE).policy(policy()))
}

pub(crate) fn hub(seed: u64) -> Arc<Hub> {
    let options = HubOptions::with_runtime(Arc::new(ManualClock::new()), Arc::new(SeededEntropy::new(seed)));
    Arc::new(Hub::open(Arc::new(MemoryStorage::new()), options).expect("memory can be opened"))
}

pub(crate) struct Device {
    pub(crate) space: Space,
    pub(crate) notes: Drafts<Note>,
    pub(crate) syncer: Syncer,
}

impl Device {
    pub(crate) fn new(seed: u64, hub: &Arc<Hub>) -> Self {
        Self::of(Store::in_memory(options(seed)).expect("memory can be opened"), hub)
    }

    pub(crate) fn of(store: Store, hub: &Arc<Hub>) -> Self {
        let space = store.space("alice").expect("it opens");
        let notes = space.drafts(NOTE).expect("it opens");
        let syncer = Syncer::new(&space, Arc::clone(hub));
        Self { space, notes, syncer }
    }

    pub(crate) fn sync(&self) -> Report {
        self.try_sync().expect("the hub answers")
    }

    pub(crate) fn try_sync(&self) -> Result<Report, SyncError> {
        block_on(self.syncer.once())
    }

    pub(crate) fn the_same(&self, draft: &Draft<Note>) -> Draft<Note> {
        self.notes.get(draft.id()).expect("it can be read").expect("it is here")
    }
}

pub(crate) fn change(draft: &Draft<Note>, change: impl FnOnce(&mut Note)) {
    let mut edit = draft.edit().expect("it can be read");
    change(edit.doc());
    let _ = edit.save().expect("it can be saved");
}
