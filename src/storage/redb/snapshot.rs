//! Reading.

use super::convert::{from_engine, guarded};
use super::engine::{Bytes, definition, table_name};
use crate::storage::limits::check_key;
use crate::storage::{Entry, Order, Scan, Snapshot, StorageError, StorageErrorKind, Table};
use redb::{AccessGuard, ReadOnlyTable, ReadTransaction, TableError};
use std::cell::RefCell;
use std::collections::BTreeMap;
use std::collections::btree_map;
use std::ops::Bound;
use std::process;

type Reader = ReadOnlyTable<Bytes, Bytes>;
type Item<'a> = Result<(AccessGuard<'a, Bytes>, AccessGuard<'a, Bytes>), redb::StorageError>;

/// A read transaction of the engine.
pub(super) struct RedbSnapshot {
    /// `None` only while it is dropped.
    open: Option<Open>,
    process: u32,
}

struct Open {
    // Before the transaction, so that the tables are closed first.
    tables: RefCell<BTreeMap<Table, Option<Reader>>>,
    transaction: ReadTransaction,
}

impl RedbSnapshot {
    pub(super) fn new(transaction: ReadTransaction) -> Self {
        let open = Open { tables: RefCell::default(), transaction };
        Self { open: Some(open), process: process::id() }
    }

    /// Does `work` with a table; `None` where it was never written.
    fn with<T>(
        &self,
        table: Table,
        work: impl FnOnce(&Reader) -> Result<T, StorageError>,
    ) -> Result<Option<T>, StorageError> {
        if self.process != process::id() {
            return Err(StorageErrorKind::Forked.into());
        }
        let open = self.open.as_ref().ok_or(StorageErrorKind::Io)?;
        guarded(|| {
            let mut tables = open.tables.borrow_mut();
            let reader = match tables.entry(table) {
                btree_map::Entry::Occupied(entry) => entry.into_mut(),
                btree_map::Entry::Vacant(entry) => {
                    entry.insert(match open.transaction.open_table(definition(&table_name(table))) {
                        Ok(reader) => Some(reader),
                        Err(TableError::TableDoesNotExist(_)) => None,
                        Err(error) => return Err(from_engine(error)),
                    })
                }
            };
            reader.as_ref().map(work).transpose()
        })
    }
}

impl Snapshot for RedbSnapshot {
    fn get(&self, table: Table, key: &[u8]) -> Result<Option<Vec<u8>>, StorageError> {
        check_key(key)?;
        let value =
            self.with(table, |reader| Ok(reader.get(key).map_err(from_engine)?.map(|value| value.value().to_vec())))?;
        Ok(value.flatten())
    }

    fn scan(&self, table: Table, scan: Scan<'_>) -> Result<Vec<Entry>, StorageError> {
        scan.check()?;
        // The engine is not asked for an empty range: what it makes of one has changed between releases.
        if scan.limit == 0 || scan.to == Some(scan.from) {
            return Ok(Vec::new());
        }
        let bounds = (Bound::Included(scan.from), scan.to.map_or(Bound::Unbounded, Bound::Excluded));
        let entries: Option<Vec<Entry>> = self.with(table, |reader| {
            let range = reader.range::<&[u8]>(bounds).map_err(from_engine)?;
            match scan.order {
                Order::Ascending => range.take(scan.limit).map(owned).collect(),
                Order::Descending => range.rev().take(scan.limit).map(owned).collect(),
            }
        })?;
        let entries = entries.unwrap_or_default();
        if is_answer(&scan, &entries) { Ok(entries) } else { Err(out_of_order()) }
    }
}

/// Whether the entries lie in the range and in order. On a damaged page they need not, and whoever walks a table page by
/// page would never come to its end.
fn is_answer(scan: &Scan<'_>, entries: &[Entry]) -> bool {
    let is_within = |(key, _): &Entry| key.as_slice() >= scan.from && scan.to.is_none_or(|to| key.as_slice() < to);
    let is_ordered = |pair: &[Entry]| match scan.order {
        Order::Ascending => pair[0].0 < pair[1].0,
        Order::Descending => pair[0].0 > pair[1].0,
    };
    crate::fault::on("engine-order-trusted") || entries.iter().all(is_within) && entries.windows(2).all(is_ordered)
}

fn out_of_order() -> StorageError {
    StorageErrorKind::Corrupt { what: "the engine returned keys out of order, or of another range".to_owned() }.into()
}

/// The first error ends the scan: behind it the engine might leave entries out.
fn owned(item: Item<'_>) -> Result<Entry, StorageError> {
    let (key, value) = item.map_err(from_engine)?;
    Ok((key.value().to_vec(), value.value().to_vec()))
}

impl Drop for RedbSnapshot {
    fn drop(&mut self) {
        let Some(open) = self.open.take() else {
            return;
        };
        if self.process == process::id() {
            let _ = guarded(|| {
                drop(open);
                Ok(())
            });
        } else {
            // See `Engine`: its locks may be held for ever.
            std::mem::forget(open);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn entries(keys: &[&[u8]]) -> Vec<Entry> {
        keys.iter().map(|key| (key.to_vec(), Vec::new())).collect()
    }

    #[test]
    fn only_keys_of_the_range_in_order_are_an_answer() {
        let up = Scan { from: b"b", to: Some(b"e"), order: Order::Ascending, limit: 9 };
        let down = Scan { order: Order::Descending, ..up };
        assert!(is_answer(&up, &entries(&[b"b", b"c", b"d"])));
        assert!(is_answer(&down, &entries(&[b"d", b"c", b"b"])));
        for keys in [&[&b"a"[..]][..], &[b"e"], &[b"c", b"c"], &[b"b", b"d", b"c"]] {
            assert!(!is_answer(&up, &entries(keys)), "{keys:?}");
        }
        assert!(!is_answer(&down, &entries(&[b"b", b"c"])));
    }
}
