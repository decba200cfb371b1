//! The test kit for implementations of [`Transport`](super::Transport), and of hubs behind them.
//!
//! It runs one named check per promise of the contract and per rule of a hub, each on a fresh hub, reports all of them, and never
//! stops at the first that fails. A panic inside a check is a failure of that check, and so is a minute without an end, by the
//! clock that is passed in. It owns no thread: drive it with any runtime.
//!
//! ```
//! use draftkeep::clock::SystemClock;
//! use draftkeep::hub::{Hub, HubOptions};
//! use draftkeep::storage::MemoryStorage;
//! use draftkeep::transport::{Transport, conformance};
//! use std::sync::Arc;
//!
//! let report = futures_executor::block_on(conformance::run(&SystemClock, &mut || {
//!     Box::pin(async {
//!         let hub = Hub::open(Arc::new(MemoryStorage::new()), HubOptions::new());
//!         Ok(Arc::new(hub.expect("memory")) as Arc<dyn Transport>)
//!     })
//! }));
//! report.assert();
//! ```
//!
//! What it cannot see: whether what was acknowledged survives a crash of the hub, and whether a hub that was restored or emptied
//! says so. It asks with positions and hubs that never were.

mod carrying;
mod chains;
mod erasing;
mod feed;
mod kit;
mod limits;
mod looking;
mod pushing;
mod sample;
mod waiting;

pub use crate::report::{Check, Outcome, Report};
pub use kit::{Setup, run};
pub use sample::sample;
