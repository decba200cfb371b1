//! A plain store's records, sealed on their way into another file.

use super::row::KeysRow;
use super::seals::Seals;
use crate::error::{ErrorKind, Failure};
use crate::fault;
use crate::id::HubId;
use crate::records::coat::Coat;
use crate::records::record;
use crate::records::view::Committed;
use crate::storage::{Entry, Order, Scan, Snapshot, StorageError, StorageErrorKind, Table};
use crate::store::remote::rows::LinkRow;
use crate::store::rows::{MetaRow, SpaceRow};
use crate::store::tables::{ARRIVALS, KEYS, KEYS_AGAIN, LINKS, META, SpaceNo};
use crate::store::write::{meta_row, own_row_is_missing, space_row};
use std::sync::{Arc, Mutex};

/// Is no hub's.
const NO_HUB: HubId = HubId::from_bytes([0; HubId::LEN]);

/// What a plain store looks like to whoever copies it: as the sealed store that is to become of it.
pub(crate) struct Sealing {
    plain: Committed,
    seals: Arc<Seals>,
    /// The keys of each space, as they are to be stored.
    keys: Vec<(SpaceNo, KeysRow)>,
    /// Why it cannot be gone on with; what is read below knows errors of a storage only.
    failed: Mutex<Option<Failure>>,
}

impl Sealing {
    /// Asks the ring for the keys of every space, and makes up the store's own.
    pub(crate) fn new(plain: Committed, seals: Arc<Seals>) -> Result<Self, Failure> {
        let spaces = meta_row(&plain)?.ok_or_else(own_row_is_missing)?.spaces;
        // They came in the open, and a sealed space takes in nothing that did.
        let any = Scan { from: &[0], to: None, order: Order::Ascending, limit: 1 };
        if !plain.snapshot.scan(ARRIVALS, any)?.is_empty() && !fault::on("sealed-with-texts-that-wait") {
            return Err(Failure::options(
                "texts of other devices wait to be taken in, and could not be any more; sync, or update the application first",
            ));
        }
        let mut keys = Vec::new();
        for space in 1..=spaces {
            let SpaceRow { name, secret, .. } = space_row(&plain, space)?;
            let beginning = seals.begin(&name)?;
            // Ids and digests are made with it, here and on every other device.
            if *beginning.secret != secret {
                return Err(other_secret(&name));
            }
            keys.push((space, seals.add(space, &name, &beginning)));
        }
        seals.committed(true);
        Ok(Self { plain, seals, keys, failed: Mutex::new(None) })
    }

    /// Why the copy failed, where it was not for the storage.
    pub(crate) fn into_failure(self) -> Option<Failure> {
        self.failed.into_inner().unwrap_or_else(std::sync::PoisonError::into_inner)
    }

    fn sealed(&self, table: Table, key: &[u8], stored: Vec<u8>) -> Result<Vec<u8>, Failure> {
        let mut payload = self.plain.open(table, key, stored)?;
        if table == META && !fault::on("copy-not-marked-as-sealed") {
            payload = MetaRow { is_sealed: true, ..MetaRow::decode(&payload)? }.encode();
        }
        // To a hub that has the plain texts nothing goes in the old way: somebody has to say which one it is to be.
        if table == LINKS && !fault::on("sealed-copy-goes-on-with-its-hub") {
            payload = LinkRow { hub: NO_HUB, ..LinkRow::decode(&payload)? }.encode();
        }
        Ok(record::seal(table, key, self.seals.seal(table, key, payload)?))
    }

    fn failed(&self, failure: Failure) -> StorageError {
        let error = match &failure.kind {
            ErrorKind::Storage(kind) => kind.clone(),
            _ => StorageErrorKind::Corrupt { what: "a record cannot be sealed".to_owned() },
        };
        *crate::store::queue::lock(&self.failed) = Some(failure);
        error.into()
    }

    /// The records of the keys, as a scan in ascending order finds them.
    fn keys(&self, table: Table, scan: &Scan<'_>) -> Vec<Entry> {
        let all = self.keys.iter().map(|(space, row)| (space.to_be_bytes().to_vec(), row.encode()));
        let within = all.filter(|(key, _)| &key[..] >= scan.from && scan.to.is_none_or(|to| &key[..] < to));
        let sealed = within.map(|(key, payload)| (key.clone(), record::seal(table, &key, payload)));
        sealed.take(scan.limit).collect()
    }
}

fn other_secret(space: &str) -> Failure {
    Failure::options(format!(
        "the space {space:?} was plain, so its drafts have public ids, and the key ring has a secret for it; \
         it has to say that there is none (MemoryKeyRing::with_former_plain_space)"
    ))
}

impl Snapshot for Sealing {
    fn get(&self, table: Table, key: &[u8]) -> Result<Option<Vec<u8>>, StorageError> {
        let to = [key, &[0]].concat();
        let mut found = self.scan(table, Scan { from: key, to: Some(&to), order: Order::Ascending, limit: 1 })?;
        Ok(found.pop().map(|(_, value)| value))
    }

    fn scan(&self, table: Table, scan: Scan<'_>) -> Result<Vec<Entry>, StorageError> {
        if [KEYS, KEYS_AGAIN].contains(&table) {
            return Ok(self.keys(table, &scan));
        }
        let stored = self.plain.snapshot.scan(table, scan)?;
        let sealed = |(key, value): Entry| {
            let value = self.sealed(table, &key, value).map_err(|failure| self.failed(failure))?;
            Ok((key, value))
        };
        stored.into_iter().map(sealed).collect()
    }
}
