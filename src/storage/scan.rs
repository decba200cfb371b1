//! What a scan asks for.

use super::{StorageError, StorageErrorKind};

/// A key and its value.
pub type Entry = (Vec<u8>, Vec<u8>);

/// The direction of a scan.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Order {
    /// Smallest key first.
    Ascending,
    /// Largest key first.
    Descending,
}

/// Says which entries a scan wants: those whose key is at least `from` and below `to`.
///
/// Keys compare byte by byte, unsigned; a prefix comes before what it begins. A bound may be empty or longer than any
/// key: `b""` is the table's beginning, and a key with a zero byte behind it is where the next page begins.
///
/// ```
/// use draftkeep::storage::{Batch, MemoryStorage, Order, Origin, Scan, Storage, Table};
///
/// # fn main() -> Result<(), draftkeep::storage::StorageError> {
/// let storage = MemoryStorage::new();
/// let table = Table::new(1);
/// let mut batch = Batch::new(Origin::Local);
/// for key in [&b"a"[..], b"b", b"c"] {
///     batch.put(table, key, b"value");
/// }
/// storage.commit(&batch)?;
///
/// let scan = Scan { from: b"a", to: Some(b"c"), order: Order::Descending, limit: 10 };
/// let keys: Vec<_> = storage.snapshot()?.scan(table, scan)?.into_iter().map(|(key, _)| key).collect();
/// assert_eq!(keys, [b"b", b"a"]);
/// # Ok(())
/// # }
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Scan<'a> {
    /// The first key that may be returned.
    pub from: &'a [u8],
    /// The first key behind the range; `None` is the table's end.
    pub to: Option<&'a [u8]>,
    /// The direction.
    pub order: Order,
    /// At most this many entries, counted from the end at which the order begins; 0 returns none.
    pub limit: usize,
}

impl Scan<'_> {
    /// Refuses a range that ends before it begins. An empty range (`from` equals `to`) is fine.
    ///
    /// Every [`Storage`](super::Storage) calls this first, whatever its engine would make of such a range.
    ///
    /// # Errors
    ///
    /// [`InvertedRange`](StorageErrorKind::InvertedRange), a mistake of the caller.
    pub fn check(&self) -> Result<(), StorageError> {
        match self.to {
            Some(to) if to < self.from => Err(StorageErrorKind::InvertedRange.into()),
            _ => Ok(()),
        }
    }
}
