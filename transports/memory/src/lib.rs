//! A seeded network of faults for [`draftkeep`]'s transports, and a simulator that plays whole lives of devices on it.
//!
//! Nothing here waits, and nothing is left to chance: time is a [`ManualClock`](draftkeep::clock::ManualClock)'s, randomness
//! a seed's. What went wrong once goes wrong again with the same seed.
//!
//! # A network for your own tests
//!
//! [`Network`] wraps any [`Transport`](draftkeep::transport::Transport), a hub in the process for instance, and loses,
//! repeats, delays, cuts and alters what goes through it as [`Faults`] say. Its [`Diary`] tells what happened. Give each
//! device one of its own:
//!
//! ```
//! use draftkeep::clock::{ManualClock, SeededEntropy, TaskQueue};
//! use draftkeep::hub::{Hub, HubOptions};
//! use draftkeep::storage::MemoryStorage;
//! use draftkeep::sync::Syncer;
//! use draftkeep::{Kind, Options, Store};
//! use draftkeep_memory::{Fault, Faults, Network};
//! use std::sync::Arc;
//!
//! const NOTE: Kind<String> = Kind::new("note");
//!
//! # fn main() -> Result<(), Box<dyn std::error::Error>> {
//! let (clock, tasks) = (Arc::new(ManualClock::new()), Arc::new(TaskQueue::new()));
//! let hub_options = HubOptions::with_runtime(clock.clone(), Arc::new(SeededEntropy::new(0)));
//! let hub = Arc::new(Hub::open(Arc::new(MemoryStorage::new()), hub_options)?);
//!
//! let network = Network::new(hub, clock.clone(), 42);
//! let options = Options::with_runtime(clock.clone(), tasks, Arc::new(SeededEntropy::new(1)));
//! let space = Store::in_memory(options)?.space("alice")?;
//! let syncer = Syncer::new(&space, network.clone());
//! space.drafts(NOTE)?.start(&"Dear diary".to_owned())?;
//!
//! // The hub did what it was asked, and the device does not know.
//! network.set_faults(Faults::none().with(Fault::LostAnswer, 1_000));
//! assert!(futures_executor::block_on(syncer.once()).is_err());
//! assert_eq!(network.diary().count(Fault::LostAnswer), 1);
//!
//! network.set_faults(Faults::none());
//! assert_eq!(futures_executor::block_on(syncer.once())?.pushed, 1);
//! # Ok(())
//! # }
//! ```
//!
//! # The simulator
//!
//! [`simulate`] plays one seed: three to five devices with real stores, a hub, people who write, count, tag, archive, restore,
//! erase and settle, on networks, disks and clocks that fail them; hubs that are restored from a backup or emptied; devices that
//! crash, are cloned or go back in time; futures that are dropped where they stand. An oracle that knows only words checks
//! after every step that none is lost, and at the end that everybody comes to rest with the same documents. What one
//! device erased leaves another one only on a person's word there, or, sealed, where both had it from each other.
//!
//! In a third of the lives every store is sealed ([`Sealing`]): keys are made and taken up in the middle, by some devices earlier than by others, some
//! devices lack one for a while and may not open without it, and in the end no word stands in what the hub and the devices store.
//!
//! ```text
//! cargo run --release -p draftkeep-memory --example simulate -- --seeds 0..2000
//! ```
//!
//! # Your transport, your hub
//!
//! The same people, devices, disks and judgement are there for what you write yourself. [`Setting::transport`] puts ways of yours between
//! devices and the simulator's hub; [`Setting::hub`] a hub of yours behind the seeded network; and a [`Venue`] is both, wherever they run. The
//! `custom_transport` example plays lives over sockets with one line; `draftkeep-http` is held to the same with a proxy that breaks
//! connections and a server that is killed. What takes real time is waited for, and then a seed fixes who does what, but not which of two
//! threads is first.
//!
//! # What it does not play
//!
//! Threads, unless they are yours: everything runs in one, so that a seed tells the same story every time. Bytes of the disk that change by
//! themselves, and the erasing of a whole space.
//!
//! # Features
//!
//! | feature | default | what it adds |
//! |---|---|---|
//! | `redb` | yes | devices whose stores lie on redb, on disks that power cuts strike: `Medium::Redb` |

mod dice;
mod network;
mod simulation;

pub use network::{Diary, Fault, Faults, Network, Passage};
pub use simulation::{Arranged, Failure, Medium, Mishap, Sealing, Setting, Simulated, Tally, Venue, simulate};
