//! Where records live: an ordered, transactional map from bytes to bytes, and the implementations that come along.

mod error;

pub use error::{StorageError, StorageErrorKind};

use std::collections::BTreeMap;
use std::fmt;

/// The number of a table. `draftkeep` uses small numbers; a storage keeps any of the 256 apart.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Table(u8);

impl Table {
    /// The table with this number.
    #[must_use]
    pub const fn new(number: u8) -> Self {
        Self(number)
    }

    /// Its number.
    #[must_use]
    pub const fn number(self) -> u8 {
        self.0
    }
}

/// The longest key, in bytes. The shortest is one byte.
pub const MAX_KEY: usize = 512;

/// The longest value, in bytes: a little under 64 KiB, so that a page store wastes nothing on it.
pub const MAX_VALUE: usize = 65_000;

/// The direction of a scan.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Order {
    /// Smallest key first.
    Ascending,
    /// Largest key first.
    Descending,
}

/// Which entries a scan wants: the keys from `from` (included) to `to` (excluded; `None` is the table's end).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Scan<'a> {
    /// The first key that may be returned.
    pub from: &'a [u8],
    /// The first key behind the range.
    pub to: Option<&'a [u8]>,
    /// The direction.
    pub order: Order,
    /// At most this many entries; 0 returns none.
    pub limit: usize,
}

/// A key and its value.
pub type Entry = (Vec<u8>, Vec<u8>);

/// What the bytes of a batch are, which decides how carefully a commit is made.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Origin {
    /// Written by this application.
    Local,
    /// Holds bytes that somebody else chose (a hub's, another device's).
    Foreign,
}

/// Changes that become durable together or not at all. At most one change a key: the last one stands.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Batch {
    changes: BTreeMap<(Table, Vec<u8>), Option<Vec<u8>>>,
    origin: Origin,
}

impl Batch {
    /// An empty batch.
    #[must_use]
    pub const fn new(origin: Origin) -> Self {
        Self { changes: BTreeMap::new(), origin }
    }

    /// Sets a key.
    pub fn put(&mut self, table: Table, key: impl Into<Vec<u8>>, value: impl Into<Vec<u8>>) {
        self.changes.insert((table, key.into()), Some(value.into()));
    }

    /// Removes a key; nothing happens where it is not there.
    pub fn delete(&mut self, table: Table, key: impl Into<Vec<u8>>) {
        self.changes.insert((table, key.into()), None);
    }

    /// The changes in the order of table and key; `None` removes.
    pub fn changes(&self) -> impl Iterator<Item = (Table, &[u8], Option<&[u8]>)> {
        self.changes.iter().map(|((table, key), value)| (*table, key.as_slice(), value.as_deref()))
    }

    /// Whose bytes these are.
    #[must_use]
    pub const fn origin(&self) -> Origin {
        self.origin
    }

    /// Whether nothing would change.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.changes.is_empty()
    }
}

/// Work that a storage does for itself, when it is asked.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Maintenance {
    /// Makes the next opening fast: whatever an opening after a kill would have to repair is settled now.
    Settle,
    /// Gives unused space back.
    Compact,
}

/// How much room a storage takes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Footprint {
    /// Bytes taken from the disk, or from memory.
    pub total: u64,
    /// Of these, bytes that hold nothing.
    pub unused: u64,
}

/// An ordered, transactional map from bytes to bytes.
pub trait Storage: Send + Sync + fmt::Debug {
    /// A consistent view of everything committed so far, unaffected by later commits.
    fn snapshot(&self) -> Result<Box<dyn Snapshot>, StorageError>;

    /// Makes all changes durable together; when it returns `Ok`, a power cut does not undo them.
    fn commit(&self, batch: &Batch) -> Result<(), StorageError>;

    /// Does some work for itself. A storage that has nothing to do returns its footprint.
    fn maintain(&self, work: Maintenance) -> Result<Footprint, StorageError>;

    /// How much room it takes.
    fn footprint(&self) -> Result<Footprint, StorageError>;
}

/// A consistent view; see [`Storage::snapshot`].
pub trait Snapshot: Send {
    /// The value of a key.
    fn get(&self, table: Table, key: &[u8]) -> Result<Option<Vec<u8>>, StorageError>;

    /// The entries of a range, in order, at most `limit`.
    fn scan(&self, table: Table, scan: Scan<'_>) -> Result<Vec<Entry>, StorageError>;
}
