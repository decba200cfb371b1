//! A key ring in memory.

use super::key::Key;
use super::ring::{KeyRing, KeyRingError};
use crate::id::KeyId;
use std::collections::BTreeMap;
use std::fmt;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

/// Keys that the application holds itself, for one space or the same for all of them.
///
/// Cloning it is cheap, and all clones are the same ring.
///
/// ```
/// use draftkeep::seal::{Key, MemoryKeyRing};
/// use draftkeep::{Kind, Options, Store};
///
/// // From wherever the application keeps them: 32 random bytes each.
/// let ring = MemoryKeyRing::new(Key::from_bytes([1; 32]), Key::from_bytes([2; 32]));
/// let store = Store::in_memory(Options::new().key_ring(ring.clone()))?;
/// let space = store.space("alice")?;
/// space.drafts(Kind::<String>::new("diary"))?.start(&"Nobody else reads this.".to_owned())?;
///
/// ring.add(None, Key::from_bytes([3; 32])); // another one, from now on
/// assert_eq!(space.rotate_key()?, Some(Key::from_bytes([3; 32]).id()));
/// # Ok::<(), draftkeep::Error>(())
/// ```
#[derive(Clone, Default)]
pub struct MemoryKeyRing {
    /// By the space's name; under none what serves every other space.
    spaces: Arc<Mutex<BTreeMap<Option<String>, Keys>>>,
}

#[derive(Debug, Clone)]
pub(super) struct Keys {
    pub(super) secret: Option<Key>,
    /// The last one is current.
    pub(super) keys: Vec<Key>,
}

impl MemoryKeyRing {
    /// A ring with one secret and one key for every space.
    #[must_use]
    pub fn new(secret: Key, key: Key) -> Self {
        Self::default().with(None, Keys { secret: Some(secret), keys: vec![key] })
    }

    /// A ring without any key, to be given one space by space.
    #[must_use]
    pub fn empty() -> Self {
        Self::default()
    }

    /// The same ring with a secret and a key for one space.
    #[must_use]
    pub fn with_space(self, space: &str, secret: Key, key: Key) -> Self {
        self.with(Some(space.to_owned()), Keys { secret: Some(secret), keys: vec![key] })
    }

    /// The same ring with a key for one space that was plain before: its ids stay those that follow from its name.
    #[must_use]
    pub fn with_former_plain_space(self, space: &str, key: Key) -> Self {
        self.with(Some(space.to_owned()), Keys { secret: None, keys: vec![key] })
    }

    /// Another ring with the same keys, which goes its own way from here on.
    #[must_use]
    pub fn copy(&self) -> Self {
        Self { spaces: Arc::new(Mutex::new(self.spaces().clone())) }
    }

    /// Adds a key and makes it current, of the space or of all that have no keys of their own: what is written after
    /// [`Space::rotate_key`](crate::Space::rotate_key) is sealed with it. Says whether it is: not where the ring has no keys for the space, and not where
    /// it has this one already.
    #[must_use = "nothing is added where the ring has no such space, or has the key already"]
    pub fn add(&self, space: Option<&str>, key: Key) -> bool {
        self.change(space, &key.id(), |keys| keys.push(key))
    }

    /// Adds a key that texts were sealed with before, to read them. The current one stays current. Says whether it was added, as [`add`](Self::add).
    #[must_use = "nothing is added where the ring has no such space, or has the key already"]
    pub fn add_former(&self, space: Option<&str>, key: Key) -> bool {
        self.change(space, &key.id(), |keys| keys.insert(0, key))
    }

    fn change(&self, space: Option<&str>, id: &KeyId, change: impl FnOnce(&mut Vec<Key>)) -> bool {
        let mut spaces = self.spaces();
        let Some(keys) = spaces.get_mut(&space.map(str::to_owned)) else { return false };
        let is_new = keys.keys.iter().all(|key| key.id() != *id);
        if is_new {
            change(&mut keys.keys);
        }
        is_new
    }

    /// Forgets a key everywhere. What is sealed with it cannot be read until it is [added](Self::add) again; where nobody has it any more,
    /// that is for good, copies and backups included. Of a ring whose current key it was the one before is current again. Says whether it was there.
    pub fn remove(&self, id: KeyId) -> bool {
        let mut is_there = false;
        for keys in self.spaces().values_mut() {
            keys.keys.retain(|key| {
                let is_it = key.id() == id;
                is_there |= is_it;
                !is_it
            });
        }
        is_there
    }

    fn with(self, space: Option<String>, keys: Keys) -> Self {
        self.spaces().insert(space, keys);
        self
    }

    pub(super) fn spaces(&self) -> MutexGuard<'_, BTreeMap<Option<String>, Keys>> {
        self.spaces.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn of(&self, space: &str) -> Result<Keys, KeyRingError> {
        let spaces = self.spaces();
        spaces.get(&Some(space.to_owned())).or_else(|| spaces.get(&None)).cloned().ok_or(KeyRingError::Missing)
    }
}

impl fmt::Debug for MemoryKeyRing {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("MemoryKeyRing")
    }
}

impl KeyRing for MemoryKeyRing {
    fn secret(&self, space: &str) -> Result<Option<Key>, KeyRingError> {
        Ok(self.of(space)?.secret)
    }

    fn current(&self, space: &str) -> Result<Key, KeyRingError> {
        self.of(space)?.keys.pop().ok_or(KeyRingError::Missing)
    }

    fn key(&self, space: &str, id: KeyId) -> Result<Key, KeyRingError> {
        self.of(space)?.keys.into_iter().find(|key| key.id() == id).ok_or(KeyRingError::Missing)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn key(byte: u8) -> Key {
        Key::from_bytes([byte; 32])
    }

    #[test]
    fn a_space_has_its_own_keys_or_those_of_all() {
        let ring = MemoryKeyRing::new(key(1), key(2)).with_space("bob", key(3), key(4));
        assert_eq!(ring.current("alice").map(|key| key.id()), Ok(key(2).id()));
        assert_eq!(ring.current("bob").map(|key| key.id()), Ok(key(4).id()));
        assert_eq!(MemoryKeyRing::empty().current("bob").map(|key| key.id()), Err(KeyRingError::Missing));
        let former = MemoryKeyRing::empty().with_former_plain_space("bob", key(5));
        assert!(former.secret("bob").is_ok_and(|secret| secret.is_none()));
    }

    #[test]
    fn an_added_key_is_current_and_those_before_stay() {
        let ring = MemoryKeyRing::new(key(1), key(2));
        let same = ring.clone();
        assert!(ring.add(None, key(3)) && !ring.add(None, key(2)) && !ring.add(Some("alice"), key(4)));
        assert_eq!(same.current("alice").map(|key| key.id()), Ok(key(3).id()));
        assert!(ring.key("alice", key(2).id()).is_ok());
        assert!(ring.remove(key(2).id()) && !ring.remove(key(2).id()));
        assert_eq!(same.key("alice", key(2).id()).map(|key| key.id()), Err(KeyRingError::Missing));
        assert!(ring.add_former(None, key(2)));
        assert_eq!(ring.current("alice").map(|key| key.id()), Ok(key(3).id()));
    }
}
