//! The contract of every storage.

use super::{Batch, Entry, Scan, StorageError, Table};
use std::fmt;

/// Work that a storage does for itself, when it is asked.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Maintenance {
    /// Makes the next opening fast: whatever an opening after a kill would have to repair is settled now.
    ///
    /// Cheap, and free where nothing was committed since the last time; asked for when the application is idle.
    Settle,
    /// Gives unused space back. May rewrite everything and may keep other calls waiting; does nothing while a snapshot
    /// is alive.
    Compact,
    /// As [`Compact`](Self::Compact), and of what was deleted before nothing is left in what it stores: it is overwritten, or was never
    /// written. Fails with [`InUse`](super::StorageErrorKind::InUse) while a snapshot is alive, which may need what was deleted.
    ///
    /// May write everything once more and take twice its room meanwhile. It is about the bytes that the storage's medium shows when it
    /// is read; what the medium itself keeps elsewhere, as flash does, is not in a storage's hands.
    Scrub,
}

/// How much room a storage takes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Footprint {
    /// Bytes taken from the disk, or from memory. A file may be longer than what it takes.
    pub total: u64,
    /// Of these, bytes that hold nothing.
    pub unused: u64,
}

/// An ordered, transactional map from bytes to bytes: all that a store needs below it.
///
/// # The contract
///
/// An implementation keeps these promises; [`conformance`](super::conformance) tests them.
///
/// - **Atomic.** A commit takes effect as a whole or not at all: for every snapshot, after a crash, and after an error.
/// - **Durable.** When [`commit`](Self::commit) returns `Ok`, neither a crash nor a power cut undoes it (a storage that
///   does not outlive its process says so). What a snapshot shows is either durable or never acknowledged: a batch whose
///   commit returned an error may appear, also later, until the next commit succeeds.
/// - **Isolated.** A [`Snapshot`] shows everything committed before it was taken and nothing after.
/// - **Ordered.** Keys compare byte by byte, unsigned; scans return them in that order or exactly reversed.
/// - **Tables are separate**, need no creation, and are empty until written. Deleting the last key of one is unremarkable.
/// - **Limits.** Keys have 1 to [`MAX_KEY`](super::MAX_KEY) bytes, values 0 to [`MAX_VALUE`](super::MAX_VALUE); an empty
///   value is a value. A batch may hold any number of changes. [`Batch::check`] and [`Scan::check`] do this part for a commit and a scan,
///   [`check_key`](super::check_key) does it for [`Snapshot::get`].
/// - **Threads.** Every method may be called from any thread at any time. Commits take turns; a caller may wait for
///   another's. No method waits for a snapshot to be dropped.
/// - **Errors recover.** After an error the same object works again once the cause is gone, without being reopened by
///   its user. It makes at most one attempt to recover per call and never waits in between.
/// - **No panics**, whatever bytes the medium returns.
///
/// What is *not* asked: checksums (each record carries its own hash), several processes at once, or order between
/// commits of two threads that do not wait for each other.
pub trait Storage: Send + Sync + fmt::Debug {
    /// Takes a consistent view of everything committed so far, unaffected by later commits.
    ///
    /// A snapshot may hold back the reuse of space as long as it lives, so keep it for one operation, not for a
    /// session.
    ///
    /// # Errors
    ///
    /// [`Forked`](super::StorageErrorKind::Forked): open the store again in the child. Any other: the medium failed;
    /// repeat the call later.
    fn snapshot(&self) -> Result<Box<dyn Snapshot>, StorageError>;

    /// Makes all changes durable together. An empty batch does nothing and returns `Ok`.
    ///
    /// # Errors
    ///
    /// [`TooLarge`](super::StorageErrorKind::TooLarge): nothing was changed; a mistake of the caller.
    /// [`Forked`](super::StorageErrorKind::Forked), [`Missing`](super::StorageErrorKind::Missing): nothing was changed;
    /// the store must be opened again. After any other error the outcome is unknown, all or nothing, and the same batch
    /// may be committed again: [`Full`](super::StorageErrorKind::Full) once there is space, the others later.
    fn commit(&self, batch: &Batch) -> Result<(), StorageError>;

    /// Does some work for itself, changing nothing that a snapshot shows. A storage that has nothing to do returns its
    /// footprint, in which `unused` may be what was last measured.
    ///
    /// # Errors
    ///
    /// As [`commit`](Self::commit); nothing committed is lost by it. [`InUse`](super::StorageErrorKind::InUse) as
    /// [`Maintenance::Scrub`] says.
    fn maintain(&self, work: Maintenance) -> Result<Footprint, StorageError>;

    /// Measures how much room it takes. May read everything once: for a decision now and then, not for every save.
    ///
    /// # Errors
    ///
    /// As [`snapshot`](Self::snapshot).
    fn footprint(&self) -> Result<Footprint, StorageError>;
}

/// A consistent view; see [`Storage::snapshot`].
///
/// Each answer is owned, so that no answer keeps the view alive.
pub trait Snapshot: Send {
    /// Returns the value of a key, `None` where it has none.
    ///
    /// # Errors
    ///
    /// [`TooLarge`](super::StorageErrorKind::TooLarge) for an impossible key, as [`check_key`](super::check_key) says.
    /// [`Corrupt`](super::StorageErrorKind::Corrupt): what is stored cannot be read. Any other: the medium failed, or
    /// did so since the snapshot was taken, which ends its life; take another one.
    fn get(&self, table: Table, key: &[u8]) -> Result<Option<Vec<u8>>, StorageError>;

    /// Returns the entries of a range, in order, at most `limit`.
    ///
    /// # Errors
    ///
    /// [`InvertedRange`](super::StorageErrorKind::InvertedRange); otherwise as [`get`](Self::get). An answer is whole or
    /// an error, never what could be read up to the damage.
    fn scan(&self, table: Table, scan: Scan<'_>) -> Result<Vec<Entry>, StorageError>;
}
