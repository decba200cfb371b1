//! Changes that become durable together.

use super::limits::{check_key, check_value};
use super::{StorageError, Table};
use crate::fault::canary::{self, Exit};
use std::collections::BTreeMap;

/// Tells whose bytes a batch holds, which decides how carefully a commit is made.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Origin {
    /// Written by this application.
    Local,
    /// Holds bytes that somebody else chose (a hub's, another device's).
    ///
    /// Somebody who chooses the bytes and can make the machine crash might prepare a torn commit that passes for a
    /// whole one where only a checksum tells the two apart; a storage must not rely on one here.
    Foreign,
}

/// Changes that become durable together or not at all.
///
/// A batch holds at most one change a key: the last one stands. The changes are absolute, so that committing the same
/// batch twice is the same as committing it once; this is what makes a commit of unknown outcome safe to repeat.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Batch {
    changes: BTreeMap<(Table, Vec<u8>), Option<Vec<u8>>>,
    origin: Origin,
}

impl Batch {
    /// Begins an empty batch.
    #[must_use]
    pub const fn new(origin: Origin) -> Self {
        Self { changes: BTreeMap::new(), origin }
    }

    /// Sets a key. Sizes are checked at the commit.
    pub fn put(&mut self, table: Table, key: impl Into<Vec<u8>>, value: impl Into<Vec<u8>>) {
        self.changes.insert((table, key.into()), Some(value.into()));
    }

    /// Removes a key; nothing happens where it is not there.
    pub fn delete(&mut self, table: Table, key: impl Into<Vec<u8>>) {
        self.changes.insert((table, key.into()), None);
    }

    /// Iterates over the changes in the order of table and key; `None` removes.
    pub fn changes(&self) -> impl Iterator<Item = (Table, &[u8], Option<&[u8]>)> {
        self.changes.iter().map(|((table, key), value)| (*table, key.as_slice(), value.as_deref()))
    }

    /// Returns whose bytes these are.
    #[must_use]
    pub const fn origin(&self) -> Origin {
        self.origin
    }

    /// Returns whether there is no change at all.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.changes.is_empty()
    }

    /// What a storage is given leaves the process, as far as a store knows.
    pub(super) fn shown_to_the_canary(&self) {
        if canary::is_on() {
            for (_, key, value) in self.changes() {
                canary::leaves(Exit::Storage, key);
                canary::leaves(Exit::Storage, value.unwrap_or_default());
            }
        }
    }

    /// Refuses keys and values beyond the limits. Every [`Storage`](super::Storage) calls this before it changes anything.
    ///
    /// # Errors
    ///
    /// [`TooLarge`](super::StorageErrorKind::TooLarge) with the first offender, a mistake of the caller.
    pub fn check(&self) -> Result<(), StorageError> {
        self.changes().try_for_each(|(_, key, value)| {
            check_key(key)?;
            value.map_or(Ok(()), check_value)
        })
    }
}
