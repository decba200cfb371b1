//! Where devices meet that is no hub in the process: what an implementor of a transport or a hub gives to the simulator.

use draftkeep::storage::Storage;
use draftkeep::transport::Transport;
use std::error::Error;
use std::sync::Arc;

/// What comes of a call of a [`Venue`]. A failure ends the life as one that failed.
pub type Arranged<T = ()> = Result<T, Box<dyn Error + Send + Sync>>;

/// Where the devices of one life meet, in place of the hub in the process: a hub of your own, and the ways to it.
///
/// [`Setting::venue`](super::Setting::venue) makes one for each life, which is dropped at its end. The simulator brings the people, the
/// devices, their stores, disks and clocks, and judges: after every step each acknowledged word has to stand somewhere, and in the end all
/// have the same. What goes wrong on the ways is the venue's own business, and what befalls the hub as far as it can play it.
///
/// Only [`way`](Self::way) and [`hub`](Self::hub) are needed. A transport of your own before a hub of the library needs no venue:
/// [`Setting::transport`](super::Setting::transport) leaves the hub, and all that befalls it, to the simulator.
///
/// Devices live in virtual time, which passes while they wait; ways and hub may take real time, and threads. Deadlines
/// that are short make a life short.
///
/// ```
/// use draftkeep::hub::{Hub, HubOptions};
/// use draftkeep::storage::MemoryStorage;
/// use draftkeep::transport::Transport;
/// use draftkeep_memory::{Arranged, Setting, Venue, simulate};
/// use std::sync::Arc;
///
/// /// A hub without a way: everybody stands right before it.
/// struct Counter(Hub);
///
/// impl Venue for Counter {
///     fn way(&mut self, _device: &str, _seed: u64) -> Arranged<Arc<dyn Transport>> {
///         Ok(Arc::new(self.0.clone()))
///     }
///
///     fn hub(&self) -> Arc<dyn Transport> {
///         Arc::new(self.0.clone())
///     }
/// }
///
/// let setting = Setting::default().venue(|_seed| {
///     let hub = Hub::open(Arc::new(MemoryStorage::new()), HubOptions::new())?;
///     Ok(Box::new(Counter(hub)))
/// });
/// let simulated = simulate(1, &setting).map_err(|failure| failure.to_string());
/// assert!(simulated.is_ok(), "{}", simulated.unwrap_err());
/// ```
pub trait Venue {
    /// A way to the hub for a device of this name. Everything may go wrong on it that the contract of [`Transport`] allows, as `seed` says.
    ///
    /// It is asked once for each device, and once more for each that is cloned.
    ///
    /// # Errors
    ///
    /// There is none.
    fn way(&mut self, device: &str, seed: u64) -> Arranged<Arc<dyn Transport>>;

    /// The hub itself, where nothing goes wrong: the oracle asks here what it has. It is asked for after every mishap.
    fn hub(&self) -> Arc<dyn Transport>;

    /// Lets something befall the hub; `false`, by default, where it cannot, and nothing happened.
    ///
    /// It is over when this returns: the hub answers again, at all ways.
    ///
    /// # Errors
    ///
    /// The hub does not answer any more.
    fn befall(&mut self, mishap: Mishap) -> Arranged<bool> {
        let _ = mishap;
        Ok(false)
    }

    /// Nothing goes wrong from now on, and whatever is still under way arrives or is given up before this returns.
    ///
    /// # Errors
    ///
    /// The hub cannot be had any more.
    fn end_of_faults(&mut self) -> Arranged {
        Ok(())
    }

    /// Checks the hub when everybody is at rest; nobody asks it anything afterwards.
    ///
    /// # Errors
    ///
    /// What is wrong with it.
    fn verify(&mut self) -> Arranged {
        Ok(())
    }

    /// What the hub's records lie in, to be searched for what was typed when everybody is at rest; none, by default, where that cannot be had.
    fn storage(&self) -> Option<Arc<dyn Storage>> {
        None
    }

    /// What went wrong on the ways and with the hub, by name, and how often it made a difference: rows of the [`Tally`](super::Tally).
    fn faults(&self) -> Vec<(&'static str, u64)> {
        Vec::new()
    }

    /// What happened since this was asked last, for the story that a failure tells.
    fn story(&mut self) -> Vec<String> {
        Vec::new()
    }
}

/// Something that befalls a hub.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum Mishap {
    /// Its process ends, best without a warning, and begins again. What it acknowledged is there.
    Restart,
    /// From now on it takes no revision that is longer, in bytes; `None`: any that the protocol allows. A hub with another limit refuses
    /// what it took before, so that texts are parked and given up.
    Limit(Option<usize>),
    /// Its next commit fails, and was done all the same or not.
    FailCommit {
        /// It was done.
        is_done: bool,
    },
    /// A copy of it is made, in place of the one before.
    BackUp,
    /// The last copy takes its place, under the same id; `false` where there is none.
    Restore,
    /// A hub takes its place that has nothing, under another id.
    Empty,
}
