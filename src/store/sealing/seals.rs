//! Who asks the key ring, and lies between records and their hashes.

use super::opened::Opened;
use super::row::{self, DataKeys, KeysRow};
use crate::clock::Entropy;
use crate::codec::Unknown;
use crate::error::{ErrorKind, Failure};
use crate::fault;
use crate::id::KeyId;
use crate::records::coat::Coat;
use crate::seal::{Key, KeyRing, KeyRingError, envelope};
use crate::storage::{Storage, Table};
use crate::store::keys::{plain_secret, sealed_secret};
use crate::store::queue::lock;
use crate::store::tables::{DraftKey, KEYS, KEYS_AGAIN, META, SPACE_NAMES, SpaceNo};
use std::collections::BTreeMap;
use std::sync::{Arc, Mutex};
use zeroize::Zeroizing;

/// The seals of a store's spaces.
#[derive(Debug)]
pub(crate) struct Seals {
    ring: Arc<dyn KeyRing>,
    entropy: Arc<dyn Entropy>,
    /// Keys are looked up in what is committed by then, whatever view of before somebody has: a rotation only adds to them.
    storage: Arc<dyn Storage>,
    known: Mutex<Known>,
}

/// What is in memory.
#[derive(Debug, Default)]
struct Known {
    /// The spaces that were opened.
    opened: BTreeMap<SpaceNo, Arc<Opened>>,
    /// What the calls of the commit under way have put, and what was there before, so that it can be taken back.
    undo: Vec<(SpaceNo, Option<Arc<Opened>>)>,
    /// Keys that the ring gave, by the space's name: it may be locked by now.
    met: BTreeMap<(String, KeyId), Key>,
}

impl Known {
    fn roll_back_to(&mut self, mark: usize) {
        for (space, before) in self.undo.split_off(mark).into_iter().rev() {
            match before {
                Some(before) => self.opened.insert(space, before),
                None => self.opened.remove(&space),
            };
        }
    }
}

/// What a new space begins with, asked of the ring before the write that makes it.
pub(crate) struct Beginning {
    pub(crate) secret: Zeroizing<[u8; 32]>,
    current: Key,
}

impl Seals {
    pub(crate) fn new(ring: Arc<dyn KeyRing>, entropy: Arc<dyn Entropy>, storage: Arc<dyn Storage>) -> Self {
        Self { ring, entropy, storage, known: Mutex::default() }
    }

    /// Asks the ring what a new space of this name takes.
    pub(crate) fn begin(&self, name: &str) -> Result<Beginning, Failure> {
        let current = self.current(name)?;
        let secret = self.ring.secret(name).map_err(|error| refused(error, name, None))?;
        // Spaces that have their secret from one ring have different ids all the same.
        let secret = secret.map_or_else(|| plain_secret(name), |secret| sealed_secret(&secret, name));
        Ok(Beginning { secret: Zeroizing::new(secret), current })
    }

    /// The key that the ring calls current, and gives by its name as well: without that nothing could be opened again.
    pub(crate) fn current(&self, name: &str) -> Result<Key, Failure> {
        let current = self.ring.current(name).map_err(|error| refused(error, name, None))?;
        let id = current.id();
        let again = self.ring.key(name, id).map_err(|error| refused(error, name, Some(id)));
        if !fault::on("key-used-that-is-not-given-again") && again?.id() != id {
            return Err(refused(KeyRingError::Missing, name, Some(id)));
        }
        Ok(current)
    }

    /// The keys of a new space, to be written with it.
    pub(crate) fn add(&self, space: SpaceNo, name: &str, beginning: &Beginning) -> KeysRow {
        let data = DataKeys(vec![Key::random(&*self.entropy)]);
        self.put(space, name, beginning.current.clone(), data, Unknown::default())
    }

    /// The same space with another key of the ring, and a further data key: to be written at once.
    pub(crate) fn renew(&self, space: SpaceNo, of: (&KeysRow, &Opened), current: Key) -> Result<KeysRow, Failure> {
        let (row, opened) = of;
        let mut data = opened.data.clone();
        if data.0.len() >= row::DATA_KEYS_MAX {
            let reason = format!("a space takes {} keys in its life; put it into a new store", row::DATA_KEYS_MAX);
            return Err(Failure::options(reason));
        }
        data.0.push(Key::random(&*self.entropy));
        Ok(self.put(space, &opened.name, current, data, row.unknown.clone()))
    }

    fn put(&self, space: SpaceNo, name: &str, current: Key, data: DataKeys, unknown: Unknown) -> KeysRow {
        let envelope = envelope::seal(&current, &*self.entropy, &row::place(space, name), &data.encode());
        let mut known = lock(&self.known);
        known.met.insert((name.to_owned(), current.id()), current.clone());
        let before = known.opened.insert(space, Arc::new(Opened::new(name, current, data)));
        known.undo.push((space, before));
        KeysRow { name: name.to_owned(), envelope, unknown }
    }

    /// What the calls of the commit under way have put by now, for [`roll_back`](Self::roll_back).
    pub(crate) fn mark(&self) -> usize {
        lock(&self.known).undo.len()
    }

    /// Takes back what a call that failed has put.
    pub(crate) fn roll_back(&self, mark: usize) {
        lock(&self.known).roll_back_to(mark);
    }

    /// What was put is durable, or nobody knows: then it is read again. A commit begins with it, too: the one before may have ended in a panic.
    pub(crate) fn committed(&self, is_durable: bool) {
        let mut known = lock(&self.known);
        let put = std::mem::take(&mut known.undo);
        if !is_durable && !fault::on("keys-of-a-failed-commit-kept") {
            for (space, _) in put {
                known.opened.remove(&space);
            }
        }
    }

    /// The keys of a space, where they are in memory.
    pub(crate) fn known(&self, space: SpaceNo) -> Option<Arc<Opened>> {
        lock(&self.known).opened.get(&space).cloned()
    }

    /// The keys of a space. Asks the ring where they were never in memory.
    pub(crate) fn of(&self, space: SpaceNo) -> Result<Arc<Opened>, Failure> {
        match self.known(space) {
            Some(opened) => Ok(opened),
            None => self.of_storage(space),
        }
    }

    /// The keys of a space as they are stored. What is in memory may be older, where a commit failed that was durable all the same.
    pub(crate) fn of_storage(&self, space: SpaceNo) -> Result<Arc<Opened>, Failure> {
        let snapshot = self.storage.snapshot()?;
        let missing = || Failure::corrupt(None, format!("the keys of space {space} are missing"));
        let (_, opened) = self.newest(space, &row::both(&*snapshot, space)?)?.ok_or_else(missing)?;
        let mut known = lock(&self.known);
        // Those of a commit that is under way are newer yet.
        let is_newer = known.opened.get(&space).is_none_or(|known| known.data.0.len() < opened.data.0.len());
        if is_newer {
            known.opened.insert(space, Arc::clone(&opened));
            return Ok(opened);
        }
        Ok(known.opened.get(&space).map_or(opened, Arc::clone))
    }

    /// Of what stands in the two places of a space's keys the one that opens, and has more of them: the other may be damaged, or older.
    pub(crate) fn newest(
        &self,
        space: SpaceNo,
        rows: &[Result<Option<KeysRow>, Failure>; 2],
    ) -> Result<Option<(KeysRow, Arc<Opened>)>, Failure> {
        let (mut newest, mut failed): (Option<(KeysRow, Arc<Opened>)>, Option<Failure>) = (None, None);
        for row in rows {
            let opened = match row {
                Ok(None) => continue,
                Ok(Some(row)) => self.opened(space, row).map(|opened| (row.clone(), opened)),
                Err(failure) => Err(failure.clone()),
            };
            match opened {
                Ok(one) => {
                    if newest.as_ref().is_none_or(|(_, best)| best.data.0.len() < one.1.data.0.len()) {
                        newest = Some(one);
                    }
                }
                // That a key is missing says more than that the other place is damaged.
                Err(failure) if failed.as_ref().is_none_or(Failure::is_damage) => failed = Some(failure),
                Err(_) => {}
            }
        }
        match (newest, failed) {
            (Some(newest), _) => Ok(Some(newest)),
            (None, Some(failure)) => Err(failure),
            (None, None) => Ok(None),
        }
    }

    fn opened(&self, space: SpaceNo, row: &KeysRow) -> Result<Arc<Opened>, Failure> {
        let altered =
            |error| Failure::corrupt(None, format!("the keys of space {space} cannot be read")).because(error);
        let id = envelope::key_id(&row.envelope).map_err(altered)?;
        let current = self.key(&row.name, id)?;
        let data = envelope::open(&current, &row::place(space, &row.name), &row.envelope).map_err(altered)?;
        let data = Zeroizing::new(data);
        let unreadable = || Failure::corrupt(None, format!("the keys of space {space} cannot be read"));
        let data = DataKeys::decode(&data).ok_or_else(unreadable)?;
        Ok(Arc::new(Opened::new(&row.name, current, data)))
    }

    /// Seals a text for a place with the space's current key.
    pub(crate) fn seal_text(&self, opened: &Opened, place: &[u8], text: &[u8]) -> Vec<u8> {
        envelope::seal(&opened.current, &*self.entropy, place, text)
    }

    /// A key of a space by its name, of the ring where it did not give it before.
    pub(crate) fn key(&self, space: &str, id: KeyId) -> Result<Key, Failure> {
        if let Some(key) = lock(&self.known).met.get(&(space.to_owned(), id)) {
            return Ok(key.clone());
        }
        let key = match self.ring.key(space, id) {
            // A ring may have its current key under no other name.
            Err(KeyRingError::Missing) => self.ring.current(space),
            key => key,
        };
        let key = key.map_err(|error| refused(error, space, Some(id)))?;
        // A ring that gives another one has not the one that was asked for.
        if key.id() != id {
            return Err(refused(KeyRingError::Missing, space, Some(id)));
        }
        lock(&self.known).met.insert((space.to_owned(), id), key.clone());
        Ok(key)
    }
}

fn refused(error: KeyRingError, space: &str, key: Option<KeyId>) -> Failure {
    match error {
        KeyRingError::Missing => ErrorKind::KeyMissing { space: space.to_owned(), key }.into(),
        KeyRingError::Unavailable { reason } => ErrorKind::KeyRing { space: space.to_owned(), reason }.into(),
    }
}

/// What has to be read before any key is known.
fn is_open(table: Table) -> bool {
    [META, SPACE_NAMES, KEYS, KEYS_AGAIN].contains(&table)
}

fn space_of(key: &[u8]) -> Result<SpaceNo, Failure> {
    let number = key.first_chunk::<4>().ok_or_else(|| Failure::corrupt(None, "a key is too short"))?;
    Ok(SpaceNo::from_be_bytes(*number))
}

impl Coat for Seals {
    fn seal(&self, table: Table, key: &[u8], payload: Vec<u8>) -> Result<Vec<u8>, Failure> {
        if is_open(table) || fault::on("records-not-sealed") {
            return Ok(payload);
        }
        let opened = self.of(space_of(key)?)?;
        Ok(opened.seal(&*self.entropy, table, key, &payload))
    }

    fn open(&self, table: Table, key: &[u8], stored: Vec<u8>) -> Result<Vec<u8>, Failure> {
        if is_open(table) || fault::on("records-not-sealed") {
            return Ok(stored);
        }
        let space = space_of(key)?;
        let mut opened = self.of(space)?;
        if opened.lacks_key_of(&stored) {
            opened = self.of_storage(space)?;
        }
        let payload = opened.open(table, key, &stored);
        if payload.is_err() && fault::on("plain-records-believed") {
            return Ok(stored);
        }
        payload.map_err(|failure| match DraftKey::parse(key) {
            Some(key) => failure.of_draft(key.draft),
            None => failure,
        })
    }
}
