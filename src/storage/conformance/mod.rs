//! The test kit for implementations of [`Storage`](super::Storage).
//!
//! It runs one named check per property of the contract, each on a fresh storage, reports all of them, and never stops at
//! the first that fails. A panic inside a check is a failure of that check.
//!
//! ```
//! use draftkeep::storage::MemoryStorage;
//! use draftkeep::storage::conformance::{self, Fresh};
//! use std::sync::Arc;
//!
//! let report = conformance::run(&mut || {
//!     let storage = MemoryStorage::new();
//!     let again = storage.clone();
//!     Ok(Fresh::new(Arc::new(storage)).reopened_by(move || Ok(Arc::new(again.clone()))))
//! });
//! report.assert();
//! ```
//!
//! What it cannot see: whether a commit survives a power cut. For an engine on a [`Disk`](super::Disk), search with
//! [`PowerCutDisk`](super::faults::PowerCutDisk).

mod isolation;
mod kit;
mod lasting;
mod reading;
mod writing;

pub use crate::report::{Check, Outcome, Report};
pub use kit::{Fresh, run};
