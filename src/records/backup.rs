//! A copy of a whole storage in a file of its own.

use super::record;
use super::view::Committed;
use crate::error::Failure;
use crate::storage::StoreFile;
use std::path::Path;

/// What a backup holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub struct Backup {
    /// Records that were copied.
    pub records: u64,
    /// Their bytes, without keys and the engine's own.
    pub bytes: u64,
    /// Of these records, how many are damaged; `verify` tells which.
    pub damaged: u64,
}

/// Copies everything that the view shows into a new file, records that are damaged as they are.
pub(crate) fn backup(view: &Committed, path: &Path) -> Result<Backup, Failure> {
    let mut made = Backup { records: 0, bytes: 0, damaged: 0 };
    StoreFile::at(path).create_copy(&*view.snapshot, |table, key, value| {
        made.records += 1;
        made.bytes += value.len() as u64;
        made.damaged += u64::from(record::open(table, key, value.to_vec()).is_err());
    })?;
    Ok(made)
}
