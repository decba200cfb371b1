//! Where records live: an ordered, transactional map from bytes to bytes, and the implementations that come along.
//!
//! | file | what it holds |
//! |---|---|
//! | `contract` | the traits [`Storage`] and [`Snapshot`], which are the contract of everything here |
//! | `table`, `scan`, `batch`, `limits` | the words of that contract |
//! | `memory` | [`MemoryStorage`], for tests and for what need not last |
//! | `disk` | [`Disk`], the bytes below a file engine, and [`MemoryDisk`] |
//! | `redb` | `RedbStorage`: redb on any [`Disk`]; the only place that names the engine |
//! | `faults` | disks and storages that fail on purpose, for tests |
//! | `conformance` | the test kit for implementations of [`Storage`] |
//!
//! Nothing here knows what the bytes mean, and nothing here reads a clock.

mod batch;
pub mod conformance;
mod contract;
mod disk;
mod error;
pub mod faults;
mod limits;
mod memory;
#[cfg(feature = "redb")]
mod redb;
mod scan;
mod table;

pub use batch::{Batch, Origin};
pub use contract::{Footprint, Maintenance, Snapshot, Storage};
pub use disk::{Disk, MemoryDisk};
pub use error::{StorageError, StorageErrorKind};
pub use limits::{GOOD_VALUE_SIZES, MAX_KEY, MAX_VALUE, check_key};
pub use memory::MemoryStorage;
#[cfg(feature = "redb")]
pub use redb::{FileDisk, RedbStorage, StoreFile, Tuning, Witness, is_panic_caught};
pub use scan::{Entry, Order, Scan};
pub use table::Table;
