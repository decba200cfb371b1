//! Who has the keys.

use super::key::Key;
use crate::id::KeyId;
use std::fmt;
use std::sync::Arc;

/// Keeps the keys of spaces, for a store that is sealed: an OS keychain, a file behind a passphrase, a key server that was asked before.
///
/// A space has a *secret* that never changes, and at each time one *current* key; those before stay readable for as long as something
/// is sealed with them. All devices that share a space have the same secret and keys. The store asks when a space is opened, verified, repaired or compacted for the
/// first time, when its key is [rotated](crate::Space::rotate_key), and when another device's text names a key that it has not met; it keeps what it got
/// in memory until it is closed.
///
/// It is asked on the thread that called the store, never while a save waits for it, and may block; a cycle of syncing waits for it as well, and with it the
/// executor's thread. It must not call the store that asks. A key that it once called [current](Self::current) it has to give by its [name](Self::key) for good: a
/// store does not use one that it does not.
///
/// For keys that lie in a file behind a passphrase see `MemoryKeyRing::lock`, with the Cargo feature `passphrase`. A keychain of the
/// operating system is a few lines; here its entries are behind two functions of the application:
///
/// ```
/// use draftkeep::clock::SystemEntropy;
/// use draftkeep::seal::{Key, KeyRing, KeyRingError};
/// use draftkeep::{KeyId, Kind, Options, Store};
/// # use std::{collections::BTreeMap, sync::Mutex};
/// # static ENTRIES: Mutex<BTreeMap<String, [u8; 32]>> = Mutex::new(BTreeMap::new());
///
/// fn read(account: &str) -> Result<Option<[u8; 32]>, String> {
///     // keyring::Entry::new("my-app", account)?.get_secret()
/// #   Ok(ENTRIES.lock().unwrap().get(account).copied())
/// }
///
/// fn write(account: &str, key: &Key) -> Result<(), String> {
///     // keyring::Entry::new("my-app", account)?.set_secret(key.expose())
/// #   ENTRIES.lock().unwrap().insert(account.to_owned(), *key.expose());
/// #   Ok(())
/// }
///
/// #[derive(Debug)]
/// struct Keychain;
///
/// impl Keychain {
///     fn entry(space: &str, name: &str) -> Result<Key, KeyRingError> {
///         let bytes = read(&format!("{space}/{name}")).map_err(KeyRingError::unavailable)?;
///         bytes.map(Key::from_bytes).ok_or(KeyRingError::Missing)
///     }
///
///     /// A key under its name first, which stays, and only then as the current one.
///     fn add(space: &str, key: &Key) -> Result<(), String> {
///         write(&format!("{space}/{}", key.id()), key)?;
///         write(&format!("{space}/current"), key)
///     }
/// }
///
/// impl KeyRing for Keychain {
///     fn secret(&self, space: &str) -> Result<Option<Key>, KeyRingError> {
///         Self::entry(space, "secret").map(Some)
///     }
///
///     fn current(&self, space: &str) -> Result<Key, KeyRingError> {
///         Self::entry(space, "current")
///     }
///
///     fn key(&self, space: &str, id: KeyId) -> Result<Key, KeyRingError> {
///         Self::entry(space, &id.to_string())
///     }
/// }
///
/// // At the first start, on the first device of a space. The others are given the same secret and keys.
/// write("alice/secret", &Key::random(&SystemEntropy))?;
/// Keychain::add("alice", &Key::random(&SystemEntropy))?;
///
/// let space = Store::in_memory(Options::new().key_ring(Keychain))?.space("alice")?;
/// space.drafts(Kind::<String>::new("note"))?.start(&"Nobody else reads this.".to_owned())?;
///
/// // Another key, for what is written from now on.
/// let key = Key::random(&SystemEntropy);
/// Keychain::add("alice", &key)?;
/// assert_eq!(space.rotate_key()?, Some(key.id()));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
pub trait KeyRing: Send + Sync + fmt::Debug {
    /// The secret of a space: what the ids of drafts in slots and the digests of texts are keyed with. It never changes, or devices would
    /// not know each other's drafts. None means the public one that follows from the space's name, as in a store that is not sealed:
    /// for a space that was plain before, whose ids are known.
    ///
    /// # Errors
    ///
    /// [`Missing`](KeyRingError::Missing) where the ring has nothing for the space, [`Unavailable`](KeyRingError::Unavailable) where it
    /// cannot say now.
    fn secret(&self, space: &str) -> Result<Option<Key>, KeyRingError>;

    /// The key that a space's texts are sealed with from now on.
    ///
    /// # Errors
    ///
    /// As [`secret`](Self::secret).
    fn current(&self, space: &str) -> Result<Key, KeyRingError>;

    /// A key by its [name](Key::id), current or earlier.
    ///
    /// # Errors
    ///
    /// As [`secret`](Self::secret).
    fn key(&self, space: &str, id: KeyId) -> Result<Key, KeyRingError>;
}

/// The same ring, for an application that keeps hold of it: to add a key to it while a store has it open.
impl<R: KeyRing + ?Sized> KeyRing for Arc<R> {
    fn secret(&self, space: &str) -> Result<Option<Key>, KeyRingError> {
        (**self).secret(space)
    }

    fn current(&self, space: &str) -> Result<Key, KeyRingError> {
        (**self).current(space)
    }

    fn key(&self, space: &str, id: KeyId) -> Result<Key, KeyRingError> {
        (**self).key(space, id)
    }
}

/// Why a key ring gives no key.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum KeyRingError {
    /// It has no such key. Nothing is lost by that: what is sealed stays as it is until the key is there.
    #[error("the key ring has no such key")]
    Missing,
    /// It cannot say now: it is locked, or somebody has to be asked first. The call can be repeated.
    #[error("the key ring is not available: {reason}")]
    Unavailable {
        /// Why, for people. No part of a key stands in it.
        reason: String,
    },
}

impl KeyRingError {
    /// It cannot say now, for this reason.
    pub fn unavailable(reason: impl fmt::Display) -> Self {
        Self::Unavailable { reason: reason.to_string() }
    }
}
