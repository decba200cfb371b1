//! redb as a storage: the only place that names the engine, and no type of it leaves.
//!
//! | file | what it holds |
//! |---|---|
//! | `storage` | [`RedbStorage`]: the engine and what happens when it fails |
//! | `engine` | one opening of the engine, from its front page to its death |
//! | `snapshot` | reading |
//! | `front` | the first page of a store, which is ours: magic, format number |
//! | `port` | the engine's way to the disk, which can be shut |
//! | `scrub` | which pages were written since somebody watches, so that nothing deleted is left in any other |
//! | `probation` | what an opening writes, held back until the opening has succeeded |
//! | `convert` | the engine's errors and panics, sorted by what a caller does about them |
//! | `tuning` | [`Tuning`] |
//! | `file_disk`, `folder` | [`FileDisk`]: a locked file, and what is done to its folder |
//! | `file`, `witness` | [`StoreFile`] and [`Witness`]: opening and making a store in a file, and the marker beside it |
//!
//! Invariants:
//! - The engine sees only what lies behind the front page, and nothing at all before the front page was recognised.
//! - An opening that fails has written nothing.
//! - At most one engine per disk can write: before a new one is opened, the old one's port is shut for ever.
//! - Every commit is durable when it returns. No savepoints, no non-durable commits, no guards that outlive a call.

mod convert;
mod engine;
mod file;
mod file_disk;
mod folder;
mod front;
mod port;
mod probation;
mod scrub;
mod snapshot;
mod storage;
mod tuning;
mod witness;

pub use convert::is_panic_caught;
pub use file::StoreFile;
pub use file_disk::FileDisk;
pub use storage::RedbStorage;
pub use tuning::Tuning;
pub use witness::Witness;
