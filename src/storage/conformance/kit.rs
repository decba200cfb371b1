//! Running the checks.

use super::{isolation, lasting, reading, writing};
use crate::report::{Check, Outcome, Report};
use crate::storage::{Batch, Entry, Order, Origin, Scan, Snapshot, Storage, StorageError, StorageErrorKind, Table};
use std::fmt;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;

/// A storage without any entry, made for one check.
pub struct Fresh {
    storage: Arc<dyn Storage>,
    reopen: Option<Reopen>,
}

type Reopen = Box<dyn FnMut() -> Result<Arc<dyn Storage>, StorageError>>;

impl Fresh {
    /// Offers a storage.
    #[must_use]
    pub fn new(storage: Arc<dyn Storage>) -> Self {
        Self { storage, reopen: None }
    }

    /// Offers a way to open the same content again. The kit drops the storage before it calls this.
    #[must_use]
    pub fn reopened_by(self, reopen: impl FnMut() -> Result<Arc<dyn Storage>, StorageError> + 'static) -> Self {
        Self { reopen: Some(Box::new(reopen)), ..self }
    }
}

impl fmt::Debug for Fresh {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Fresh").field("storage", &self.storage).field("reopens", &self.reopen.is_some()).finish()
    }
}

/// Runs all checks. `setup` is called once for each and gives a storage without any entry.
pub fn run(setup: &mut dyn FnMut() -> Result<Fresh, StorageError>) -> Report {
    let properties =
        reading::PROPERTIES.iter().chain(writing::PROPERTIES).chain(isolation::PROPERTIES).chain(lasting::PROPERTIES);
    let checks = properties.map(|(name, check)| Check { name, outcome: outcome_of(setup, *check) });
    Report::new("storage", checks.collect())
}

/// A property's name, and what tries it.
pub(super) type Property = (&'static str, fn(&mut Subject) -> Result<(), Failure>);

fn outcome_of(
    setup: &mut dyn FnMut() -> Result<Fresh, StorageError>,
    check: fn(&mut Subject) -> Result<(), Failure>,
) -> Outcome {
    let result = catch_unwind(AssertUnwindSafe(|| {
        let Fresh { storage, reopen } = setup()?;
        check(&mut Subject { storage: Some(storage), reopen })
    }));
    match result {
        Ok(Ok(())) => Outcome::Passed,
        Ok(Err(Failure::Broken(what))) => Outcome::Failed(what),
        Ok(Err(Failure::NotOffered(what))) => Outcome::Skipped(what.to_owned()),
        Err(panic) => {
            let text = panic.downcast_ref::<&str>().map(|text| (*text).to_owned());
            let text = text.or_else(|| panic.downcast_ref::<String>().cloned()).unwrap_or_default();
            Outcome::Failed(format!("a panic: {text}"))
        }
    }
}

/// Why a check ended early.
#[derive(Debug)]
pub(super) enum Failure {
    Broken(String),
    NotOffered(&'static str),
}

impl From<StorageError> for Failure {
    fn from(error: StorageError) -> Self {
        Self::Broken(format!("an unexpected error: {error}"))
    }
}

/// Fails with what was seen unless it is what was expected.
pub(super) fn expect<T: PartialEq + fmt::Debug>(what: &str, seen: &T, expected: &T) -> Result<(), Failure> {
    if seen == expected {
        return Ok(());
    }
    // Long answers tell nothing more by being printed whole.
    let short = |value: &T| format!("{value:?}").chars().take(200).collect::<String>();
    Err(Failure::Broken(format!("{what}: expected {}, saw {}", short(expected), short(seen))))
}

/// Fails unless the result is an error of a kind that `fits`.
pub(super) fn expect_refused<T>(
    what: &str,
    result: Result<T, StorageError>,
    fits: impl Fn(&StorageErrorKind) -> bool,
) -> Result<(), Failure> {
    match result {
        Ok(_) => Err(Failure::Broken(format!("{what} was not refused"))),
        Err(error) if fits(error.kind()) => Ok(()),
        Err(error) => Err(Failure::Broken(format!("{what} was refused with another error: {error}"))),
    }
}

/// The storage under test.
pub(super) struct Subject {
    /// `None` only while it is opened again.
    storage: Option<Arc<dyn Storage>>,
    reopen: Option<Reopen>,
}

/// Where checks work that do not care.
pub(super) const TABLE: Table = Table::new(7);

impl Subject {
    pub(super) fn storage(&self) -> Result<&dyn Storage, Failure> {
        self.storage.as_deref().ok_or_else(|| Failure::Broken("it could not be opened again".to_owned()))
    }

    pub(super) fn snapshot(&self) -> Result<Box<dyn Snapshot>, Failure> {
        Ok(self.storage()?.snapshot()?)
    }

    /// Closes and opens it.
    pub(super) fn reopen(&mut self) -> Result<(), Failure> {
        let reopen = self.reopen.as_mut().ok_or(Failure::NotOffered("the setup offers no way to open it again"))?;
        drop(self.storage.take());
        self.storage = Some(reopen()?);
        Ok(())
    }

    pub(super) fn put(&self, table: Table, key: &[u8], value: &[u8]) -> Result<(), Failure> {
        let mut batch = Batch::new(Origin::Local);
        batch.put(table, key, value);
        Ok(self.storage()?.commit(&batch)?)
    }

    pub(super) fn put_all<'a>(&self, table: Table, keys: impl IntoIterator<Item = &'a [u8]>) -> Result<(), Failure> {
        let mut batch = Batch::new(Origin::Local);
        for key in keys {
            batch.put(table, key, [b"value of ", key].concat());
        }
        Ok(self.storage()?.commit(&batch)?)
    }

    pub(super) fn delete(&self, table: Table, key: &[u8]) -> Result<(), Failure> {
        let mut batch = Batch::new(Origin::Local);
        batch.delete(table, key);
        Ok(self.storage()?.commit(&batch)?)
    }

    pub(super) fn get(&self, table: Table, key: &[u8]) -> Result<Option<Vec<u8>>, Failure> {
        Ok(self.snapshot()?.get(table, key)?)
    }

    pub(super) fn all(&self, table: Table) -> Result<Vec<Entry>, Failure> {
        Ok(self.snapshot()?.scan(table, everything(Order::Ascending))?)
    }
}

pub(super) const fn everything(order: Order) -> Scan<'static> {
    Scan { from: b"", to: None, order, limit: usize::MAX }
}
