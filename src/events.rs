//! What happens in a store, told to whoever listens: for dashboards, analytics and logs. Never any text of a document.

use crate::clock::Timestamp;
use crate::fault::canary::{self, Exit};
use crate::id::{DraftId, EventId, RevisionId, TraceId};
use crate::tally::Report;
use futures_core::Stream;
use std::collections::VecDeque;
use std::fmt;
use std::pin::Pin;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, Weak};
use std::task::{Context, Poll, Waker};
use std::time::Duration;

/// The number of events that wait for one slow listener before the oldest are dropped and counted.
const WAITING_MAX: usize = 1_024;

/// Something that happened.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Event {
    /// When, by the wall clock.
    pub at: Timestamp,
    /// The call that it belongs to: the same id stands in the log and in the call's error.
    pub trace: TraceId,
    /// The name of the space; empty where it concerns the whole store.
    pub space: String,
    /// The draft, where it concerns one.
    pub draft: Option<DraftId>,
    /// The id of the entry of the space's [audit](crate::Space::audit) that says the same, where there is one.
    pub audit: Option<EventId>,
    /// What happened.
    pub what: EventKind,
}

/// What happened.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum EventKind {
    /// A save is durable.
    Saved {
        /// The version that it wrote.
        version: u64,
        /// The document's size in bytes, as canonical JSON.
        size: u64,
        /// How long the call took.
        latency: Duration,
    },
    /// A save in the background is durable.
    Autosaved {
        /// The version that it wrote.
        version: u64,
        /// The document's size in bytes, as canonical JSON.
        size: u64,
        /// How long it took, from encoding the document to the answer of the disk.
        latency: Duration,
    },
    /// A save failed. The document is still held by the editor.
    SaveFailed {
        /// The how many-th attempt in a row failed, from 1.
        attempt: u32,
        /// Why, for people.
        reason: String,
        /// When the next attempt comes by itself; `None` where the caller must repeat it.
        retry_in: Option<Duration>,
    },
    /// A save met a newer head than the one that it was based on, and both were merged.
    Merged {
        /// The version that holds the text as it was typed.
        version: u64,
        /// The version that holds the merge, and is the head.
        head: u64,
        /// How many changes a rule decided against.
        overwritten: u64,
    },
    /// A save met a newer text than the one that it was based on, and a person has to decide what becomes of both.
    ConflictDetected {
        /// The version that holds the text as it was typed.
        version: u64,
        /// The version that it conflicts with.
        theirs: u64,
    },
    /// A person decided what becomes of the sides of a conflict.
    ConflictSettled {
        /// The version that holds what was decided.
        version: u64,
    },
    /// Another device's text is the head now. An editor that is open still shows the one before; what it saves is merged.
    Received {
        /// The version that it became.
        version: u64,
    },
    /// What was written here is another draft now: the draft was begun here while that of other devices, which turned up, had been
    /// archived already. This one is theirs, archived; the slot's [current draft](crate::Slot::resume) is the other one. An editor that is open
    /// goes on with that ([`Autosave::rebase`](crate::Autosave::rebase)).
    Moved {
        /// The draft that it is now: a later generation of the slot.
        to: DraftId,
    },
    /// A cycle of syncing came to its end.
    Synced {
        /// What it did, as [`Syncer::once`](crate::sync::Syncer::once) returns it.
        report: Report,
    },
    /// A cycle of syncing did not come to its end. Nothing is lost by it.
    SyncFailed {
        /// Why, for people.
        reason: String,
    },
    /// Somebody gave up texts that the hub refused: what the hub has is the head again, or the draft went to the trash. They
    /// stay in the history. An editor that is open still shows the text before.
    GivenUp {
        /// The version that is the head now.
        head: u64,
        /// The versions that hold what was given up.
        versions: Vec<u64>,
    },
    /// A draft began.
    Started,
    /// A draft was promoted.
    Promoted {
        /// The outcome that it became, as the application named it.
        outcome: String,
    },
    /// A draft was archived.
    Archived,
    /// A draft was opened again.
    Reopened,
    /// A draft went to the trash. It can come back.
    Discarded,
    /// An earlier version is the head again, as a new version.
    Restored {
        /// The version that came back.
        from: u64,
        /// The new version that it is now.
        version: u64,
    },
    /// An earlier state that the hub keeps is the head again, as a new version: [`Draft::bring_back`](crate::Draft::bring_back).
    BroughtBack {
        /// The revision that came back.
        revision: RevisionId,
        /// The new version that it is now.
        version: u64,
    },
    /// A version was marked for keeping.
    Checkpointed {
        /// The version.
        version: u64,
        /// The checkpoint's name.
        name: String,
    },
    /// The owner's retention policy was applied.
    Swept {
        /// Drafts that went to the trash.
        trashed: u64,
        /// Drafts that were removed for good after their time in the trash.
        purged: u64,
        /// Versions that were thinned out.
        thinned: u64,
    },
    /// A draft was removed for good after its time in the trash.
    Purged,
    /// A draft was erased, here: its texts, its history and whatever else there was of it. There is no way back.
    Erased {
        /// How many versions it had.
        versions: u64,
        /// How many of them the hub never had.
        unsynced: u64,
    },
    /// A draft was erased here because another device had: what the hub told was proven by the space's secret, or the application
    /// [accepted](crate::sync::Syncer::accept_erasure) it. Whoever has it open keeps what is typed.
    ErasedElsewhere {
        /// How many versions it had here.
        versions: u64,
        /// How many of them the hub never had: they are lost.
        unsynced: u64,
    },
    /// The hub has something of a draft that is erased here: it was written elsewhere meanwhile, or the hub went back. It is not taken
    /// in, and the hub is told once more that the draft is erased.
    KeptOut {
        /// The revision that is its main there.
        revision: RevisionId,
    },
    /// A stored record is damaged. What could be read otherwise is still served.
    Damaged {
        /// What is damaged, for people.
        what: String,
    },
    /// Damage was repaired from a second copy.
    Healed {
        /// What was repaired, for people.
        what: String,
    },
    /// The store took a new replica id.
    ReplicaChanged {
        /// Why, for people.
        reason: String,
    },
    /// Old versions were packed.
    Packed {
        /// How many.
        versions: u64,
        /// The bytes that they take now.
        bytes: u64,
    },
    /// The store is idle, and opens at once even after a crash.
    Settled,
    /// This listener was too slow: events are missing here.
    Lagged {
        /// How many.
        missed: u64,
    },
}

/// Tells events to every listener; no listener can hold it up.
#[derive(Clone, Default)]
pub(crate) struct EventBus {
    listeners: Arc<Listeners>,
}

impl EventBus {
    /// Tells `event` to everyone who listens now, and to the metrics. Never waits for anybody.
    pub(crate) fn publish(&self, event: &Event) {
        canary::says(Exit::Event, format_args!("{event:?}"));
        #[cfg(feature = "metrics")]
        crate::metrics::record(&event.what);
        let mut wakers = Vec::new();
        lock(&self.listeners.0).retain(|listener| {
            let Some(queue) = listener.upgrade() else { return false };
            wakers.extend(lock(&queue).push(event));
            true
        });
        wakers.into_iter().for_each(Waker::wake);
    }

    /// A stream of everything that is published from now on.
    pub(crate) fn subscribe(&self) -> Events {
        self.subscribe_with(WAITING_MAX)
    }

    fn subscribe_with(&self, capacity: usize) -> Events {
        let queue = Arc::new(Mutex::new(Queue { capacity, ..Queue::default() }));
        let mut listeners = lock(&self.listeners.0);
        listeners.retain(|listener| listener.strong_count() > 0);
        listeners.push(Arc::downgrade(&queue));
        Events { queue }
    }
}

impl fmt::Debug for EventBus {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("EventBus").field("listeners", &lock(&self.listeners.0).len()).finish()
    }
}

/// Who listens to a bus. When the last handle of the bus goes, every stream ends.
#[derive(Default)]
struct Listeners(Mutex<Vec<Weak<Mutex<Queue>>>>);

impl Drop for Listeners {
    fn drop(&mut self) {
        for queue in lock(&self.0).iter().filter_map(Weak::upgrade) {
            let waker = lock(&queue).close();
            waker.into_iter().for_each(Waker::wake);
        }
    }
}

/// What waits for one listener.
#[derive(Default)]
struct Queue {
    capacity: usize,
    waiting: VecDeque<Event>,
    /// How many were dropped, with the last of them: the note about it stands in its place, before all that wait.
    missed: Option<(u64, Event)>,
    waker: Option<Waker>,
    closed: bool,
}

impl Queue {
    fn close(&mut self) -> Option<Waker> {
        self.closed = true;
        self.waker.take()
    }

    fn push(&mut self, event: &Event) -> Option<Waker> {
        if self.waiting.len() >= self.capacity
            && let Some(dropped) = self.waiting.pop_front()
        {
            #[cfg(feature = "metrics")]
            crate::metrics::record(&EventKind::Lagged { missed: 1 });
            let before = self.missed.take().map_or(0, |(missed, _)| missed);
            self.missed = Some((before.saturating_add(1), dropped));
        }
        self.waiting.push_back(event.clone());
        self.waker.take()
    }

    fn pop(&mut self) -> Option<Event> {
        match self.missed.take() {
            Some((missed, last)) => Some(Event {
                at: last.at,
                trace: last.trace,
                space: String::new(),
                draft: None,
                audit: None,
                what: EventKind::Lagged { missed },
            }),
            None => self.waiting.pop_front(),
        }
    }
}

/// A stream of events: all that happen after it was asked for, in order.
///
/// At most 1,024 events wait here; of a slower reader the oldest are dropped, and [`EventKind::Lagged`] in their place
/// says how many. A save never waits for a reader. Dropping the stream unsubscribes. It ends when the store is closed.
pub struct Events {
    queue: Arc<Mutex<Queue>>,
}

impl Events {
    /// The next event that waits already; `None` where none does.
    pub fn try_next(&mut self) -> Option<Event> {
        lock(&self.queue).pop()
    }

    /// Blocks the thread until there is an event; `None` once the store is closed and all events are read.
    ///
    /// For threads of your own. In async code, read the stream instead.
    pub fn wait_next(&mut self) -> Option<Event> {
        futures_executor::block_on(std::future::poll_fn(|cx| Pin::new(&mut *self).poll_next(cx)))
    }
}

impl Stream for Events {
    type Item = Event;

    fn poll_next(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Event>> {
        let mut queue = lock(&self.queue);
        if let Some(event) = queue.pop() {
            return Poll::Ready(Some(event));
        }
        if queue.closed {
            return Poll::Ready(None);
        }
        queue.waker = Some(cx.waker().clone());
        Poll::Pending
    }
}

impl fmt::Debug for Events {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Events").field("waiting", &lock(&self.queue).waiting.len()).finish_non_exhaustive()
    }
}

impl Drop for Events {
    fn drop(&mut self) {
        // Here and not with the queue: a publisher may be the last to hold that, under the bus's lock.
        let waker = lock(&self.queue).waker.take();
        drop(waker);
    }
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::clock::{Spawn, TaskQueue};
    use futures_util::StreamExt;
    use proptest::prelude::*;

    fn saved(version: u64) -> Event {
        let what = EventKind::Saved { version, size: 2, latency: Duration::ZERO };
        let trace = TraceId::from_bytes([0; 16]);
        Event { at: Timestamp::from_millis(version), trace, space: "alice".to_owned(), draft: None, audit: None, what }
    }

    fn drain(events: &mut Events) -> Vec<EventKind> {
        std::iter::from_fn(|| events.try_next()).map(|event| event.what).collect()
    }

    #[test]
    fn every_listener_hears_what_happens_after_it_came() {
        let bus = EventBus::default();
        let mut early = bus.subscribe();
        bus.publish(&saved(1));
        let mut late = bus.subscribe();
        bus.publish(&saved(2));
        assert_eq!(drain(&mut early), [saved(1).what, saved(2).what]);
        assert_eq!(drain(&mut late), [saved(2).what]);
        assert_eq!(drain(&mut late), []);
    }

    #[test]
    fn a_dropped_listener_costs_nothing() {
        let bus = EventBus::default();
        for _ in 0..100 {
            drop(bus.subscribe());
        }
        assert!(lock(&bus.listeners.0).len() <= 1);
        bus.publish(&saved(1));
        assert_eq!(lock(&bus.listeners.0).len(), 0);
    }

    #[test]
    fn a_waiting_reader_wakes_for_an_event_and_for_the_end() {
        let (bus, tasks, seen) = (EventBus::default(), TaskQueue::new(), Arc::new(Mutex::new(Vec::new())));
        let (mut events, log) = (bus.subscribe(), seen.clone());
        tasks.spawn(Box::pin(async move {
            while let Some(event) = events.next().await {
                lock(&log).push(event);
            }
        }));
        tasks.run_until_stalled();
        bus.publish(&saved(1));
        tasks.run_until_stalled();
        assert_eq!(*lock(&seen), [saved(1)]);
        drop(bus);
        tasks.run_until_stalled();
        assert!(tasks.is_empty());
    }

    #[test]
    fn a_thread_can_wait_for_the_next_event() {
        let bus = EventBus::default();
        let mut events = bus.subscribe();
        let publisher = std::thread::spawn(move || bus.publish(&saved(1)));
        assert_eq!(events.wait_next(), Some(saved(1)));
        assert!(publisher.join().is_ok());
        assert_eq!(events.wait_next(), None);
    }

    #[test]
    fn a_waker_that_listens_and_speaks_does_not_hold_up_the_bus() {
        struct Speaker(EventBus);
        impl std::task::Wake for Speaker {
            fn wake(self: Arc<Self>) {
                drop(self.0.subscribe());
                self.0.publish(&saved(2));
            }
        }
        let bus = EventBus::default();
        let mut events = bus.subscribe();
        let waker = Waker::from(Arc::new(Speaker(bus.clone())));
        assert!(events.poll_next_unpin(&mut Context::from_waker(&waker)).is_pending());
        bus.publish(&saved(1));
        assert_eq!(drain(&mut events), [saved(1).what, saved(2).what]);
    }

    proptest! {
        #[test]
        fn a_slow_reader_keeps_the_newest_and_learns_how_many_it_missed(
            capacity in 1_usize..6,
            bursts in prop::collection::vec(0_u64..12, 0..8),
        ) {
            let bus = EventBus::default();
            let mut events = bus.subscribe_with(capacity);
            let (mut told, mut heard) = (0, 0);
            for burst in bursts {
                for _ in 0..burst {
                    told += 1;
                    bus.publish(&saved(told));
                    prop_assert!(lock(&events.queue).waiting.len() <= capacity);
                }
                for what in drain(&mut events) {
                    match what {
                        EventKind::Lagged { missed } => heard += missed,
                        what => {
                            heard += 1;
                            prop_assert_eq!(what, saved(heard).what);
                        }
                    }
                }
                prop_assert_eq!(heard, told);
            }
        }
    }
}
