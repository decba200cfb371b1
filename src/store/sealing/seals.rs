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
use crate::storage::{Snapshot, Table};
use crate::store::keys::{plain_secret, sealed_secret};
use crate::store::queue::lock;
use crate::store::tables::{DraftKey, KEYS, KEYS_AGAIN, META, SPACE_NAMES, SpaceNo};
use std::collections::BTreeMap;
use std::sync::{Arc, Mutex};

/// The seals of a store's spaces.
#[derive(Debug)]
pub(crate) struct Seals {
    ring: Arc<dyn KeyRing>,
    entropy: Arc<dyn Entropy>,
    known: Mutex<Known>,
}

/// The spaces that were opened.
#[derive(Debug, Default)]
struct Known {
    opened: BTreeMap<SpaceNo, Arc<Opened>>,
    /// What the calls of the commit under way have put, and what was there before, so that it can be taken back.
    undo: Vec<(SpaceNo, Option<Arc<Opened>>)>,
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
#[derive(Debug)]
pub(crate) struct Beginning {
    pub(crate) secret: [u8; 32],
    current: Key,
}

impl Seals {
    pub(crate) fn new(ring: Arc<dyn KeyRing>, entropy: Arc<dyn Entropy>) -> Self {
        Self { ring, entropy, known: Mutex::default() }
    }

    /// Asks the ring what a new space of this name takes.
    pub(crate) fn begin(&self, name: &str) -> Result<Beginning, Failure> {
        let current = self.current(name)?;
        let secret = self.ring.secret(name).map_err(|error| refused(error, name, None))?;
        // Spaces that have their secret from one ring have different ids all the same.
        let secret = secret.map_or_else(|| plain_secret(name), |secret| sealed_secret(&secret, name));
        Ok(Beginning { secret, current })
    }

    /// The key that the ring calls current.
    pub(crate) fn current(&self, name: &str) -> Result<Key, Failure> {
        self.ring.current(name).map_err(|error| refused(error, name, None))
    }

    /// The keys of a new space, to be written with it.
    pub(crate) fn add(&self, space: SpaceNo, name: &str, beginning: &Beginning) -> KeysRow {
        let data = DataKeys(vec![Key::random(&*self.entropy)]);
        self.put(space, name, beginning.current.clone(), data)
    }

    /// The same space with another key of the ring, and a further data key: to be written at once.
    pub(crate) fn renew(&self, space: SpaceNo, opened: &Opened, current: Key) -> Result<KeysRow, Failure> {
        let mut data = opened.data.clone();
        if data.0.len() >= row::DATA_KEYS_MAX {
            let reason = format!("a space takes {} keys in its life; put it into a new store", row::DATA_KEYS_MAX);
            return Err(Failure::options(reason));
        }
        data.0.push(Key::random(&*self.entropy));
        Ok(self.put(space, &opened.name, current, data))
    }

    fn put(&self, space: SpaceNo, name: &str, current: Key, data: DataKeys) -> KeysRow {
        let envelope = envelope::seal(&current, &*self.entropy, &row::place(space, name), &data.encode());
        let opened = Arc::new(Opened::new(name, current, data));
        let mut known = lock(&self.known);
        let before = known.opened.insert(space, opened);
        known.undo.push((space, before));
        KeysRow { name: name.to_owned(), envelope, unknown: Unknown::default() }
    }

    /// What the calls of the commit under way have put by now, for [`roll_back`](Self::roll_back).
    pub(crate) fn mark(&self) -> usize {
        lock(&self.known).undo.len()
    }

    /// Takes back what a call that failed has put.
    pub(crate) fn roll_back(&self, mark: usize) {
        lock(&self.known).roll_back_to(mark);
    }

    /// What was put is durable, or nobody knows: then it is read again.
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

    /// The keys of a space. Asks the ring where they are not in memory yet.
    pub(crate) fn of(&self, snapshot: &dyn Snapshot, space: SpaceNo) -> Result<Arc<Opened>, Failure> {
        if let Some(opened) = self.known(space) {
            return Ok(opened);
        }
        let opened = self.read(snapshot, space)?;
        // Somebody may have put newer ones meanwhile.
        Ok(Arc::clone(lock(&self.known).opened.entry(space).or_insert(opened)))
    }

    /// The keys of a space as the snapshot has them. What is in memory may be older, where a commit failed that was durable all the same.
    pub(crate) fn read(&self, snapshot: &dyn Snapshot, space: SpaceNo) -> Result<Arc<Opened>, Failure> {
        let missing = || Failure::corrupt(None, format!("the keys of space {space} are missing"));
        let row = row::read(snapshot, space)?.ok_or_else(missing)?;
        let altered =
            |error| Failure::corrupt(None, format!("the keys of space {space} cannot be read")).because(error);
        let id = envelope::key_id(&row.envelope).map_err(altered)?;
        let current = match self.known(space) {
            Some(known) => self.key(&known, id)?,
            None => self.ask(&row.name, id)?,
        };
        let data = envelope::open(&current, &row::place(space, &row.name), &row.envelope).map_err(altered)?;
        let data = zeroize::Zeroizing::new(data);
        let data = DataKeys::decode(&data).ok_or_else(missing)?;
        Ok(Arc::new(Opened::new(&row.name, current, data)))
    }

    /// The keys of a space whose records are sealed with a data key that is not in memory.
    fn read_again(&self, snapshot: &dyn Snapshot, space: SpaceNo) -> Result<Arc<Opened>, Failure> {
        let opened = self.read(snapshot, space)?;
        let mut known = lock(&self.known);
        let is_newer = known.opened.get(&space).is_none_or(|known| known.data.0.len() < opened.data.0.len());
        if is_newer {
            known.opened.insert(space, Arc::clone(&opened));
        }
        Ok(opened)
    }

    /// Seals a text for a place with the space's current key.
    pub(crate) fn seal_text(&self, opened: &Opened, place: &[u8], text: &[u8]) -> Vec<u8> {
        envelope::seal(&opened.current, &*self.entropy, place, text)
    }

    /// A key of the space by its name, of the ring where it was not met before.
    pub(crate) fn key(&self, opened: &Opened, id: KeyId) -> Result<Key, Failure> {
        if opened.current.id() == id {
            return Ok(opened.current.clone());
        }
        if let Some(key) = lock(&opened.met).get(&id) {
            return Ok(key.clone());
        }
        let key = self.ask(&opened.name, id)?;
        lock(&opened.met).insert(id, key.clone());
        Ok(key)
    }

    fn ask(&self, space: &str, id: KeyId) -> Result<Key, Failure> {
        let key = self.ring.key(space, id).map_err(|error| refused(error, space, Some(id)))?;
        // A ring that gives another one has not the one that was asked for.
        if key.id() == id { Ok(key) } else { Err(refused(KeyRingError::Missing, space, Some(id))) }
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
    fn seal(&self, snapshot: &dyn Snapshot, table: Table, key: &[u8], payload: Vec<u8>) -> Result<Vec<u8>, Failure> {
        if is_open(table) || fault::on("records-not-sealed") {
            return Ok(payload);
        }
        let opened = self.of(snapshot, space_of(key)?)?;
        Ok(opened.seal(&*self.entropy, table, key, &payload))
    }

    fn open(&self, snapshot: &dyn Snapshot, table: Table, key: &[u8], stored: Vec<u8>) -> Result<Vec<u8>, Failure> {
        if is_open(table) || fault::on("records-not-sealed") {
            return Ok(stored);
        }
        let space = space_of(key)?;
        let mut opened = self.of(snapshot, space)?;
        if opened.lacks_key_of(&stored) {
            opened = self.read_again(snapshot, space)?;
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
