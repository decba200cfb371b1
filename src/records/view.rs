//! Reading records: from a snapshot, or from a write that is under way. Every record's hash is checked here, and its
//! seal opened.

use super::coat::Coated;
use super::record;
use crate::error::Failure;
use crate::storage::{Entry, Order, Scan, Snapshot, Table};

/// Entries that one step of a longer walk reads at once.
const PAGE: usize = 64;

/// Something that records can be read from.
pub(crate) trait View {
    fn get(&self, table: Table, key: &[u8]) -> Result<Option<Vec<u8>>, Failure>;

    fn scan(&self, table: Table, scan: Scan<'_>) -> Result<Vec<Entry>, Failure>;

    /// The entry with the largest key in the range.
    fn last(&self, table: Table, from: &[u8], to: &[u8]) -> Result<Option<Entry>, Failure> {
        let scan = Scan { from, to: Some(to), order: Order::Descending, limit: 1 };
        Ok(self.scan(table, scan)?.pop())
    }

    /// Calls `visit` with every entry whose key begins with the prefix, in order, until it returns `false`.
    ///
    /// Memory stays bounded by a page, however many there are.
    fn each(
        &self,
        table: Table,
        prefix: &[u8],
        mut visit: impl FnMut(Vec<u8>, Vec<u8>) -> Result<bool, Failure>,
    ) -> Result<(), Failure>
    where
        Self: Sized,
    {
        let end = after(prefix);
        let mut from = prefix.to_vec();
        loop {
            let scan = Scan { from: &from, to: end.as_deref(), order: Order::Ascending, limit: PAGE };
            let page = self.scan(table, scan)?;
            let Some((last, _)) = page.last() else { return Ok(()) };
            from.clone_from(last);
            from.push(0);
            let is_last = page.len() < PAGE;
            for (key, value) in page {
                if !visit(key, value)? {
                    return Ok(());
                }
            }
            if is_last {
                return Ok(());
            }
        }
    }
}

/// What is committed.
pub(crate) struct Committed {
    /// The records as they lie there, for those who look below hash and coat.
    pub(crate) snapshot: Box<dyn Snapshot>,
    coat: Coated,
}

impl Committed {
    pub(crate) fn new(snapshot: Box<dyn Snapshot>, coat: Coated) -> Self {
        Self { snapshot, coat }
    }

    /// The payload of a record as it lies there.
    pub(crate) fn open(&self, table: Table, key: &[u8], stored: Vec<u8>) -> Result<Vec<u8>, Failure> {
        let payload = record::open(table, key, stored)?;
        match &self.coat {
            None => Ok(payload),
            Some(coat) => coat.open(table, key, payload),
        }
    }

    /// A payload as it is to lie there.
    pub(crate) fn seal(&self, table: Table, key: &[u8], payload: Vec<u8>) -> Result<Vec<u8>, Failure> {
        let payload = match &self.coat {
            None => payload,
            Some(coat) => coat.seal(table, key, payload)?,
        };
        Ok(record::seal(table, key, payload))
    }
}

impl View for Committed {
    fn get(&self, table: Table, key: &[u8]) -> Result<Option<Vec<u8>>, Failure> {
        self.snapshot.get(table, key)?.map(|stored| self.open(table, key, stored)).transpose()
    }

    fn scan(&self, table: Table, scan: Scan<'_>) -> Result<Vec<Entry>, Failure> {
        let stored = self.snapshot.scan(table, scan)?;
        stored.into_iter().map(|(key, value)| self.open(table, &key, value).map(|value| (key, value))).collect()
    }
}

/// The first key behind all keys that begin with the prefix; `None` where the table's end is meant.
pub(crate) fn after(prefix: &[u8]) -> Option<Vec<u8>> {
    let mut end = prefix.to_vec();
    while let Some(last) = end.pop() {
        if let Some(next) = last.checked_add(1) {
            end.push(next);
            return Some(end);
        }
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn after_a_prefix_comes_the_next_one() {
        assert_eq!(after(&[1, 2]), Some(vec![1, 3]));
        assert_eq!(after(&[1, 0xff]), Some(vec![2]));
        assert_eq!(after(&[0xff, 0xff]), None);
    }
}
