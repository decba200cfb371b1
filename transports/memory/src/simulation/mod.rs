//! Devices that sync through seeded networks, and an oracle that knows what must not be lost.
//!
//! | file | what it holds |
//! |---|---|
//! | `simulate` | [`simulate`]: one seed, from beginning to end |
//! | `setting`, `tally`, `trace` | what a simulation is like, what happened in it, and its story |
//! | `world` | everybody at work, step by step |
//! | `people`, `syncing`, `calamities` | the steps |
//! | `rest` | how they come to rest, and what has to hold then |
//! | `device`, `shelf` | one device: a store, what is open on it, what it lies on |
//! | `person`, `regret` | the calls that a person makes on it, and those that go back |
//! | `keys` | who has which keys, where stores are sealed |
//! | `erasing`, `departures` | erasing, and from where what is erased may be gone |
//! | `canary` | looking for what was typed where it must not be found |
//! | `house` | where they meet, and a look at what the hub there has |
//! | `home` | the hub in the process |
//! | `venue` | [`Venue`]: a hub of somebody else's, and the ways to it |
//! | `alarm` | waiting for what happens in real time, on such ways |
//! | `essay`, `words` | what is written |
//! | `oracle` | what has to be there |
//!
//! The oracle shares nothing with the library that it judges: it knows words, and looks for them.

mod alarm;
mod calamities;
mod canary;
mod departures;
mod device;
mod erasing;
mod essay;
mod home;
mod house;
mod keys;
mod oracle;
mod people;
mod person;
mod regret;
mod rest;
mod setting;
mod shelf;
mod simulate;
mod syncing;
mod tally;
mod trace;
mod venue;
mod words;
mod world;

pub use setting::{Sealing, Setting};
pub use shelf::Medium;
pub use simulate::{Failure, Simulated, simulate};
pub use tally::Tally;
pub use venue::{Arranged, Mishap, Venue};
