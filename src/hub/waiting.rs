//! Those who wait for news of a space.

use super::tables::SpaceKey;
use crate::records::queue::lock;
use futures_channel::oneshot::{Receiver, Sender, channel};
use std::collections::BTreeMap;
use std::sync::Mutex;

/// Who waits, by space and by a number of its own.
#[derive(Debug, Default)]
pub(super) struct Waiting(Mutex<Waiters>);

#[derive(Debug, Default)]
struct Waiters {
    begun: u64,
    waiters: BTreeMap<(SpaceKey, u64), Sender<()>>,
}

/// A place among those who wait, until it is dropped.
pub(super) struct Waiter<'a> {
    /// Is ready once the space has news; whoever takes a place looks for news after that, so that none are missed.
    pub(super) news: Receiver<()>,
    place: (SpaceKey, u64),
    waiting: &'a Waiting,
}

impl Waiting {
    pub(super) fn enter(&self, space: SpaceKey) -> Waiter<'_> {
        let (sender, news) = channel();
        let mut waiters = lock(&self.0);
        waiters.begun += 1;
        let place = (space, waiters.begun);
        waiters.waiters.insert(place, sender);
        Waiter { news, place, waiting: self }
    }

    pub(super) fn tell(&self, space: SpaceKey) {
        let mut waiters = lock(&self.0);
        let told: Vec<_> = waiters.waiters.range((space, 0)..=(space, u64::MAX)).map(|(place, _)| *place).collect();
        let senders: Vec<_> = told.iter().filter_map(|place| waiters.waiters.remove(place)).collect();
        // Waking may run the waiter at once, which would want the lock.
        drop(waiters);
        for sender in senders {
            // Who has gone meanwhile needs no news.
            let _ = sender.send(());
        }
    }
}

impl Drop for Waiter<'_> {
    fn drop(&mut self) {
        lock(&self.waiting.0).waiters.remove(&self.place);
    }
}
