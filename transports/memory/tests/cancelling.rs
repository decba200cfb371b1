//! A cycle that is dropped at any await leaves nothing half done: the next one comes to the same end.
//!
//! Method: tell a few short stories up to a cycle, poll that cycle so many times and drop it, let whatever was under way
//! arrive or not, and go on. Every number of polls until the cycle ends by itself is tried.

use draftkeep::clock::{ManualClock, SeededEntropy, TaskQueue};
use draftkeep::hub::{Hub, HubOptions};
use draftkeep::storage::MemoryStorage;
use draftkeep::sync::Syncer;
use draftkeep::{Draft, Drafts, Kind, Options, Store};
use draftkeep_memory::{Fault, Faults, Network};
use futures_executor::block_on;
use futures_util::task::noop_waker;
use std::error::Error;
use std::future::Future;
use std::pin::pin;
use std::sync::Arc;
use std::task::Context;

const NOTE: Kind<String> = Kind::new("note");

type Outcome<T = ()> = Result<T, Box<dyn Error>>;

/// A device with a slot's draft.
struct Device {
    notes: Drafts<String>,
    syncer: Syncer,
    network: Network,
}

impl Device {
    fn new(hub: &Arc<Hub>, seed: u64) -> Outcome<Self> {
        let clock = Arc::new(ManualClock::new());
        let entropy = Arc::new(SeededEntropy::new(seed));
        let store = Store::in_memory(Options::with_runtime(clock.clone(), Arc::new(TaskQueue::new()), entropy))?;
        let space = store.space("alice")?;
        let network = Network::new(hub.clone(), clock, seed);
        let syncer = Syncer::new(&space, network.clone());
        Ok(Self { notes: space.drafts(NOTE)?, syncer, network })
    }

    fn draft(&self, slot: &str) -> Outcome<Draft<String>> {
        Ok(self.notes.slot(slot).resume_or_start(String::new)?)
    }

    fn write(&self, slot: &str, text: &str) -> Outcome {
        let mut edit = self.draft(slot)?.edit()?;
        text.clone_into(edit.doc());
        let _ = edit.save()?;
        Ok(())
    }

    fn sync(&self) -> Outcome {
        block_on(self.syncer.once())?;
        Ok(())
    }
}

/// What two devices do until the first of them syncs.
type Story = fn(&Device, &Device) -> Outcome;

const STORIES: [(&str, Story); 4] = [
    ("the first push", |ada, _| {
        ada.write("diary", "One evening.")?;
        ada.write("list", "Milk.")
    }),
    ("a pull and a merge", |ada, ben| {
        let begun = "It rained all day and nobody went out.\nThe lamp was lit at four.\n";
        ada.write("diary", begun)?;
        ada.sync()?;
        ben.sync()?;
        ben.write("diary", &format!("{begun}Then it stopped.\n"))?;
        ben.write("list", "Bread.")?;
        ben.sync()?;
        ada.write("diary", &format!("A diary.\n{begun}"))
    }),
    ("a conflict, pushed as a fork", |ada, ben| {
        let of =
            |what: &str| format!("It {what} all day and nobody went out of the house before the evening came.\nSo.");
        ada.write("diary", &of("rained"))?;
        ada.sync()?;
        ben.sync()?;
        ben.write("diary", &of("snowed"))?;
        ben.sync()?;
        ada.write("diary", &of("poured"))
    }),
    ("a conflict that was settled", |ada, ben| {
        STORIES[2].1(ada, ben)?;
        ada.sync()?;
        let conflict = ada.draft("diary")?.conflict()?.ok_or("both changed one word")?;
        conflict.settle(&"It rained, then it snowed.".to_owned())?;
        Ok(())
    }),
];

/// Everything that both have at the end.
fn end(ada: &Device, ben: &Device) -> Outcome<Vec<String>> {
    for _ in 0..3 {
        ada.sync()?;
        ben.sync()?;
    }
    let mut seen = Vec::new();
    for device in [ada, ben] {
        for slot in ["diary", "list"] {
            let draft = device.draft(slot)?;
            let sides = draft.conflict()?.map_or(0, |conflict| conflict.theirs().len());
            seen.push(format!("{slot}: {:?}, {sides} other sides", draft.load()?));
        }
        let status = device.syncer.status()?;
        seen.push(format!("pending: {}, conflicts: {}", status.pending, status.conflicts));
    }
    Ok(seen)
}

/// Tells a story and drops the cycle after so many polls; none where it ended before.
fn told(story: Story, polls: Option<usize>, arrives: bool) -> Outcome<Option<Vec<String>>> {
    let options = HubOptions::with_runtime(Arc::new(ManualClock::new()), Arc::new(SeededEntropy::new(9)));
    let hub = Arc::new(Hub::open(Arc::new(MemoryStorage::new()), options)?);
    let (ada, ben) = (Device::new(&hub, 1)?, Device::new(&hub, 2)?);
    story(&ada, &ben)?;
    if let Some(polls) = polls {
        ada.network.set_faults(Faults::none().with(Fault::Stray, if arrives { 1_000 } else { 0 }));
        let waker = noop_waker();
        let mut cycle = pin!(ada.syncer.once());
        for _ in 0..polls {
            if cycle.as_mut().poll(&mut Context::from_waker(&waker)).is_ready() {
                return Ok(None);
            }
        }
    }
    block_on(ada.network.deliver());
    ada.network.set_faults(Faults::none());
    end(&ada, &ben).map(Some)
}

#[test]
fn a_cycle_that_is_dropped_at_any_await_is_made_up_for_by_the_next() -> Outcome {
    let mut dropped = 0;
    for (name, story) in STORIES {
        let expected = told(story, None, false)?;
        for arrives in [false, true] {
            let mut polls = 0;
            while let Some(seen) = told(story, Some(polls), arrives)? {
                assert_eq!(Some(seen), expected, "{name}, dropped after {polls} polls, still arriving: {arrives}");
                polls += 1;
                dropped += 1;
            }
            // Each request waits twice.
            assert!(polls >= 4, "{name}: {polls} polls");
        }
    }
    assert!(dropped >= 40, "{dropped}");
    Ok(())
}
