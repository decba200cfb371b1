//! A write under way: what is committed, with the changes of the calls that share the commit laid over it.

use super::record::MAX_PAYLOAD;
use super::view::{Committed, View};
use crate::error::Failure;
use crate::storage::{Batch, Entry, Order, Origin, Scan, StorageError, StorageErrorKind, Table};
use std::collections::BTreeMap;

/// A record's place.
type Place = (Table, Vec<u8>);

/// What becomes of a record: its new payload, or none where it goes.
type Change = Option<Vec<u8>>;

type Changes = BTreeMap<Place, Change>;

/// Collects the changes of one commit, call by call. A call that fails leaves no trace of its own.
pub(crate) struct Txn {
    pub(crate) committed: Committed,
    staged: Changes,
    /// What the current call has replaced in `staged`, so that it can be taken back.
    undo: Vec<(Place, Option<Change>)>,
    /// A record of the current call that is too long for the storage: its table and length.
    too_long: Option<(Table, usize)>,
}

impl Txn {
    pub(crate) fn new(committed: Committed) -> Self {
        Self { committed, staged: Changes::new(), undo: Vec::new(), too_long: None }
    }

    pub(crate) fn put(&mut self, table: Table, key: Vec<u8>, payload: Vec<u8>) {
        // Others have a say in how long some records are: the call fails that wants to store one, and no other.
        if payload.len() > MAX_PAYLOAD {
            self.too_long.get_or_insert((table, payload.len()));
            return;
        }
        self.stage(table, key, Some(payload));
    }

    /// Whether everything that the current call wrote can be stored.
    pub(crate) fn check(&self) -> Result<(), Failure> {
        match self.too_long {
            None => Ok(()),
            Some((_, got)) => {
                let kind = StorageErrorKind::TooLarge { what: "record", limit: MAX_PAYLOAD, got };
                Err(StorageError::new(kind).into())
            }
        }
    }

    pub(crate) fn delete(&mut self, table: Table, key: Vec<u8>) {
        self.stage(table, key, None);
    }

    fn stage(&mut self, table: Table, key: Vec<u8>, change: Option<Vec<u8>>) {
        let place = (table, key);
        let before = self.staged.insert(place.clone(), change);
        self.undo.push((place, before));
    }

    /// Removes every record whose key begins with the prefix.
    pub(crate) fn delete_prefix(&mut self, table: Table, prefix: &[u8]) -> Result<(), Failure> {
        let mut keys = Vec::new();
        // The keys alone are needed, and a damaged record has to go as well: read below the hash check.
        let end = super::view::after(prefix);
        let mut from = prefix.to_vec();
        loop {
            let scan = Scan { from: &from, to: end.as_deref(), order: Order::Ascending, limit: 64 };
            let page = self.committed.snapshot.scan(table, scan)?;
            let Some((last, _)) = page.last() else { break };
            from.clone_from(last);
            from.push(0);
            keys.extend(page.into_iter().map(|(key, _)| key));
        }
        let staged = self.staged.range((table, prefix.to_vec())..).map(|(place, _)| place);
        keys.extend(staged.take_while(|(t, key)| *t == table && key.starts_with(prefix)).map(|(_, key)| key.clone()));
        for key in keys {
            self.delete(table, key);
        }
        Ok(())
    }

    /// Keeps what the current call changed, and tells whether it changed anything.
    pub(crate) fn keep(&mut self) -> bool {
        !std::mem::take(&mut self.undo).is_empty()
    }

    /// Runs a part of the call whose changes are taken back where it fails, while the rest of the call goes on.
    pub(crate) fn attempt<R>(&mut self, part: impl FnOnce(&mut Self) -> Result<R, Failure>) -> Result<R, Failure> {
        let mark = self.undo.len();
        let result = part(self).and_then(|done| self.check().map(|()| done));
        if result.is_err() {
            self.roll_back_to(mark);
        }
        result
    }

    /// Takes back what the current call changed.
    pub(crate) fn roll_back(&mut self) {
        self.roll_back_to(0);
    }

    fn roll_back_to(&mut self, mark: usize) {
        self.too_long = None;
        for (place, before) in self.undo.split_off(mark).into_iter().rev() {
            match before {
                Some(change) => self.staged.insert(place, change),
                None => self.staged.remove(&place),
            };
        }
    }

    pub(crate) fn into_batch(self, origin: Origin) -> Result<Batch, Failure> {
        assert!(self.too_long.is_none(), "a call was kept that could not be stored: {:?}", self.too_long);
        let mut batch = Batch::new(origin);
        for ((table, key), change) in self.staged {
            match change {
                Some(payload) => {
                    let sealed = self.committed.seal(table, &key, payload)?;
                    batch.put(table, key, sealed);
                }
                None => batch.delete(table, key),
            }
        }
        Ok(batch)
    }
}

impl View for Txn {
    fn get(&self, table: Table, key: &[u8]) -> Result<Option<Vec<u8>>, Failure> {
        // A lookup by reference would need a key type of its own; one short allocation is cheaper than that type.
        match self.staged.get(&(table, key.to_vec())) {
            Some(change) => Ok(change.clone()),
            None => self.committed.get(table, key),
        }
    }

    fn scan(&self, table: Table, scan: Scan<'_>) -> Result<Vec<Entry>, Failure> {
        let from = (table, scan.from.to_vec());
        let is_within = |key: &[u8]| scan.to.is_none_or(|to| key < to);
        let staged = self.staged.range(from..).take_while(|((t, key), _)| *t == table && is_within(key));
        let changes: Vec<(&Vec<u8>, &Option<Vec<u8>>)> = staged.map(|((_, key), change)| (key, change)).collect();
        if changes.is_empty() {
            return self.committed.scan(table, scan);
        }
        // Each staged change can hide at most one committed entry, so this many are enough to fill the limit.
        let limit = scan.limit.saturating_add(changes.len());
        let mut entries: BTreeMap<Vec<u8>, Vec<u8>> =
            self.committed.scan(table, Scan { limit, ..scan })?.into_iter().collect();
        // Behind the last entry that was read, an entry of the committed state may be missing from `entries`.
        let horizon = match scan.order {
            _ if entries.len() < limit => None,
            Order::Ascending => entries.last_key_value().map(|(key, _)| key.clone()),
            Order::Descending => entries.first_key_value().map(|(key, _)| key.clone()),
        };
        for (key, change) in changes {
            match change {
                Some(value) => entries.insert(key.clone(), value.clone()),
                None => entries.remove(key),
            };
        }
        let is_known = |key: &Vec<u8>| match (&horizon, scan.order) {
            (None, _) => true,
            (Some(horizon), Order::Ascending) => key <= horizon,
            (Some(horizon), Order::Descending) => key >= horizon,
        };
        let known = entries.into_iter().filter(|(key, _)| is_known(key));
        Ok(match scan.order {
            Order::Ascending => known.take(scan.limit).collect(),
            Order::Descending => {
                let mut known: Vec<Entry> = known.collect();
                known.reverse();
                known.truncate(scan.limit);
                known
            }
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::storage::{MemoryStorage, Storage};

    const TABLE: Table = Table::new(9);

    fn put(txn: &mut Txn, key: &[u8], length: usize) {
        txn.put(TABLE, key.to_vec(), vec![0; length]);
    }

    #[test]
    fn what_is_too_long_for_the_storage_fails_its_own_call_and_no_other() {
        let mut txn = Txn::new(Committed::new(MemoryStorage::new().snapshot().unwrap(), None));
        put(&mut txn, b"a", MAX_PAYLOAD);
        assert!(txn.check().is_ok() && txn.keep());
        put(&mut txn, b"b", 1);
        put(&mut txn, b"c", MAX_PAYLOAD + 1);
        assert!(txn.check().is_err_and(|failure| failure.is_too_large()));
        txn.roll_back();
        assert!(txn.check().is_ok());
        let part = txn.attempt(|txn| {
            put(txn, b"d", MAX_PAYLOAD + 1);
            Ok(())
        });
        assert!(part.is_err() && txn.check().is_ok());
        put(&mut txn, b"e", 1);
        assert!(txn.keep());
        let batch = txn.into_batch(Origin::Local).unwrap();
        let keys: Vec<&[u8]> = batch.changes().map(|(_, key, _)| key).collect();
        assert_eq!(keys, [b"a", b"e"]);
    }
}
