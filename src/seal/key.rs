//! Keys.

use crate::clock::Entropy;
use crate::id::KeyId;
use std::fmt;
use zeroize::{Zeroize, ZeroizeOnDrop};

/// A key of 32 bytes: wiped from memory when it is let go, and never shown.
///
/// It has to be as hard to guess as 32 random bytes are. A passphrase is not a key; a key can be derived from one.
#[derive(Clone, Zeroize, ZeroizeOnDrop)]
pub struct Key([u8; Key::LEN]);

impl Key {
    /// The number of bytes of every key.
    pub const LEN: usize = 32;

    /// Takes the bytes as they are. The caller wipes what it made them from.
    #[must_use]
    pub const fn from_bytes(bytes: [u8; Self::LEN]) -> Self {
        Self(bytes)
    }

    /// A new key.
    #[must_use]
    pub fn random(entropy: &dyn Entropy) -> Self {
        let mut key = Self([0; Self::LEN]);
        entropy.fill(&mut key.0);
        key
    }

    /// Shows the bytes to whoever has to store or use them. What is copied from there is not wiped.
    #[must_use]
    pub const fn expose(&self) -> &[u8; Self::LEN] {
        &self.0
    }

    /// Names the key: a hash of it, which says nothing about it, and which no other key has. It is on the hub and in the file in the open.
    #[must_use]
    pub fn id(&self) -> KeyId {
        let mut hasher = blake3::Hasher::new_derive_key("draftkeep 1 names of keys");
        hasher.update(&self.0);
        let mut id = [0; KeyId::LEN];
        hasher.finalize_xof().fill(&mut id);
        KeyId::from_bytes(id)
    }

    /// A key for one use, which follows from this one.
    pub(crate) fn derive(&self, purpose: &str) -> Self {
        Self(blake3::derive_key(purpose, &self.0))
    }
}

impl fmt::Debug for Key {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Key(…)")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_key_is_never_shown_and_its_name_is_always_the_same() {
        let key = Key::from_bytes([7; 32]);
        assert_eq!(format!("{key:?}"), "Key(…)");
        assert_eq!(key.id(), Key::from_bytes([7; 32]).id());
        assert_ne!(key.id(), Key::from_bytes([8; 32]).id());
        assert_ne!(key.derive("a").expose(), key.derive("b").expose());
    }

    #[test]
    fn a_key_is_wiped_when_it_is_let_go() {
        fn is_wiped<T: ZeroizeOnDrop>(_: &T) {}
        let mut key = Key::from_bytes([7; 32]);
        is_wiped(&key);
        key.zeroize();
        assert_eq!(key.expose(), &[0; 32]);
    }
}
