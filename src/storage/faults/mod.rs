//! Disks and storages that fail on purpose, for tests: ours and those of the applications above.
//!
//! | type | what it plays |
//! |---|---|
//! | [`CountingDisk`] | nothing; it counts what reaches the disk |
//! | [`FaultyDisk`] | failing, torn and lying operations, and a disk that is full |
//! | [`PowerCutDisk`] | a power cut at any operation, as often as one likes, from one recorded run |
//! | [`FaultyStorage`] | failing and slow calls of a whole storage |
//!
//! Everything here is deterministic: the same calls with the same seeds fail in the same way. Clones share their state,
//! so that a test keeps one to steer and hands the other over.

mod counting;
mod faulty_disk;
mod faulty_storage;
mod plan;
mod power_cut;
mod seed;

pub use counting::{CountingDisk, DiskWork};
pub use faulty_disk::{DiskEffect, DiskFault, DiskOperation, FaultyDisk};
pub use faulty_storage::{FaultyStorage, StorageCall, StorageEffect, StorageFault};
pub use plan::Lasting;
pub use power_cut::PowerCutDisk;
