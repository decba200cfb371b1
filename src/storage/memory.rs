//! A storage in memory.

use super::limits::check_key;
use super::{Batch, Entry, Footprint, Maintenance, Order, Scan, Snapshot, Storage, StorageError, Table};
use std::collections::BTreeMap;
use std::ops::Bound;
use std::sync::{Arc, Mutex, PoisonError};

/// The entries of one table, shared with the snapshots that saw them.
type Tree = Arc<BTreeMap<Arc<[u8]>, Arc<[u8]>>>;

/// Keeps everything in memory: for tests, simulations, and stores that need not outlive their process.
///
/// Nothing is durable. Clones share one content, so that a test can "reopen" it. A snapshot costs one pointer per table;
/// the first commit to a table after a snapshot copies that table's pointers, not its bytes, while the snapshot lives.
///
/// ```
/// use draftkeep::storage::{Batch, MemoryStorage, Origin, Storage, Table};
///
/// # fn main() -> Result<(), draftkeep::storage::StorageError> {
/// let storage = MemoryStorage::new();
/// let before = storage.snapshot()?;
/// let mut batch = Batch::new(Origin::Local);
/// batch.put(Table::new(0), b"key", b"value");
/// storage.commit(&batch)?;
/// assert_eq!(before.get(Table::new(0), b"key")?, None);
/// assert_eq!(storage.snapshot()?.get(Table::new(0), b"key")?.as_deref(), Some(&b"value"[..]));
/// # Ok(())
/// # }
/// ```
#[derive(Debug, Clone, Default)]
pub struct MemoryStorage {
    tables: Arc<Mutex<BTreeMap<Table, Tree>>>,
}

impl MemoryStorage {
    /// Begins an empty storage.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }
}

impl Storage for MemoryStorage {
    fn snapshot(&self) -> Result<Box<dyn Snapshot>, StorageError> {
        let tables = self.tables.lock().unwrap_or_else(PoisonError::into_inner).clone();
        Ok(Box::new(MemorySnapshot { tables }))
    }

    fn commit(&self, batch: &Batch) -> Result<(), StorageError> {
        batch.check()?;
        batch.shown_to_the_canary();
        let mut tables = self.tables.lock().unwrap_or_else(PoisonError::into_inner);
        for (table, key, value) in batch.changes() {
            let tree = Arc::make_mut(tables.entry(table).or_default());
            match value {
                Some(value) => tree.insert(key.into(), value.into()),
                None => tree.remove(key),
            };
        }
        Ok(())
    }

    fn maintain(&self, _work: Maintenance) -> Result<Footprint, StorageError> {
        self.footprint()
    }

    fn footprint(&self) -> Result<Footprint, StorageError> {
        let tables = self.tables.lock().unwrap_or_else(PoisonError::into_inner);
        let bytes: usize =
            tables.values().flat_map(|tree| tree.iter()).map(|(key, value)| key.len() + value.len()).sum();
        Ok(Footprint { total: bytes.try_into().unwrap_or(u64::MAX), unused: 0 })
    }
}

struct MemorySnapshot {
    tables: BTreeMap<Table, Tree>,
}

impl Snapshot for MemorySnapshot {
    fn get(&self, table: Table, key: &[u8]) -> Result<Option<Vec<u8>>, StorageError> {
        check_key(key)?;
        Ok(self.tables.get(&table).and_then(|tree| tree.get(key)).map(|value| value.to_vec()))
    }

    fn scan(&self, table: Table, scan: Scan<'_>) -> Result<Vec<Entry>, StorageError> {
        scan.check()?;
        let Some(tree) = self.tables.get(&table) else {
            return Ok(Vec::new());
        };
        let range =
            tree.range::<[u8], _>((Bound::Included(scan.from), scan.to.map_or(Bound::Unbounded, Bound::Excluded)));
        let owned = |(key, value): (&Arc<[u8]>, &Arc<[u8]>)| (key.to_vec(), value.to_vec());
        Ok(match scan.order {
            Order::Ascending => range.take(scan.limit).map(owned).collect(),
            Order::Descending => range.rev().take(scan.limit).map(owned).collect(),
        })
    }
}
