//! Locking the keys of a ring, and unlocking them.

use super::contents::{self, Spaces};
use super::cost::Cost;
use super::error::KeyFileError;
use super::header::{self, HEADER_LEN, Header, LEN_MAX, SALT_LEN, SUM_LEN};
use crate::clock::Entropy;
use crate::seal::envelope::{self, EnvelopeError};
use crate::seal::{Key, MemoryKeyRing};
use argon2::{Algorithm, Argon2, Block, Params, Version};
use zeroize::Zeroizing;

const PASSPHRASE_MAX: usize = 1 << 20;

impl MemoryKeyRing {
    /// The keys as bytes that only the passphrase opens, to be kept wherever the application likes: in a file, in a password manager, on a hub.
    /// With the Cargo feature `passphrase`.
    ///
    /// The passphrase is taken as the bytes that it is: an application normalises what people type (to NFC, for instance), or a passphrase
    /// with an accent is another one on another keyboard. It is not kept. How long the bytes are says how many keys there are. Losing both, these bytes
    /// and every other copy of the keys, is losing all that they seal.
    ///
    /// It takes the time and memory of one guess, on the thread that calls: with [`Cost::recommended`] much longer than a frame of an
    /// animation.
    ///
    /// ```
    /// use draftkeep::clock::SystemEntropy;
    /// use draftkeep::seal::{Cost, Key, KeyFileError, MemoryKeyRing};
    /// use draftkeep::{Kind, Options, Store};
    ///
    /// // At the first start: random keys, and a file of them.
    /// let ring = MemoryKeyRing::new(Key::random(&SystemEntropy), Key::random(&SystemEntropy));
    /// let file = ring.lock("pêches à la crème".as_bytes(), Cost::recommended(), &SystemEntropy)?;
    /// # let file = ring.lock("pêches à la crème".as_bytes(), Cost::least(), &SystemEntropy)?;
    ///
    /// // At every other one: the file, and the passphrase that somebody types.
    /// let ring = match MemoryKeyRing::unlock(&file, "pêches à la crème".as_bytes()) {
    ///     Err(KeyFileError::WrongPassphrase) => panic!("ask again"),
    ///     unlocked => unlocked?,
    /// };
    /// // Another passphrase is the same keys, locked once more. Whoever has the old file and the old passphrase still has the keys.
    /// let file = ring.lock(b"nectarines instead", Cost::least(), &SystemEntropy)?;
    /// assert_eq!(MemoryKeyRing::unlock(&file, b"peches a la creme").unwrap_err(), KeyFileError::WrongPassphrase);
    ///
    /// let store = Store::in_memory(Options::new().key_ring(ring))?;
    /// # store.space("alice")?.drafts(Kind::<String>::new("diary"))?.start(&String::new())?;
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    ///
    /// # Errors
    ///
    /// [`PassphraseLength`](KeyFileError::PassphraseLength) for none or a very long one, [`TooLong`](KeyFileError::TooLong) for more keys than
    /// 16 MiB hold, [`OutOfMemory`](KeyFileError::OutOfMemory).
    pub fn lock(&self, passphrase: &[u8], cost: Cost, entropy: &dyn Entropy) -> Result<Vec<u8>, KeyFileError> {
        let contents = contents::encode(&self.spaces());
        let len = HEADER_LEN + envelope::ADDED + contents.len() + SUM_LEN;
        if len > LEN_MAX {
            return Err(KeyFileError::TooLong { len });
        }
        let mut salt = [0; SALT_LEN];
        entropy.fill(&mut salt);
        let key = key(passphrase, cost, salt)?;
        Ok(sealed(&key, cost, salt, &contents, entropy))
    }

    /// The ring that was [locked](Self::lock) with this passphrase. Takes as much time and memory as the file asks for, up to four passes over 256 MiB.
    ///
    /// # Errors
    ///
    /// [`WrongPassphrase`](KeyFileError::WrongPassphrase): ask again. [`Damaged`](KeyFileError::Damaged),
    /// [`NotAKeyFile`](KeyFileError::NotAKeyFile), [`TooNew`](KeyFileError::TooNew): these are not the bytes, or this is not the release.
    /// [`TooCheap`](KeyFileError::TooCheap) and [`TooCostly`](KeyFileError::TooCostly), before anything is computed: somebody else's file, or one that
    /// needs [`unlock_up_to`](Self::unlock_up_to). [`OutOfMemory`](KeyFileError::OutOfMemory).
    pub fn unlock(key_file: &[u8], passphrase: &[u8]) -> Result<Self, KeyFileError> {
        Self::unlock_up_to(key_file, passphrase, Cost::UNASKED)
    }

    /// As [`unlock`](Self::unlock), for a file that may ask for as much memory and time as `most`, which is more than that or less.
    ///
    /// # Errors
    ///
    /// As [`unlock`](Self::unlock).
    pub fn unlock_up_to(key_file: &[u8], passphrase: &[u8], most: Cost) -> Result<Self, KeyFileError> {
        let header = Header::parse(key_file)?;
        let key = key(passphrase, header.cost.within(most)?, header.salt)?;
        let ring = Self::empty();
        *ring.spaces() = opened(&key, &header)?;
        Ok(ring)
    }
}

/// The key that follows from a passphrase.
fn key(passphrase: &[u8], cost: Cost, salt: [u8; SALT_LEN]) -> Result<Key, KeyFileError> {
    if passphrase.is_empty() || passphrase.len() > PASSPHRASE_MAX {
        return Err(KeyFileError::PassphraseLength { len: passphrase.len() });
    }
    let memory_kib = cost.memory_kib();
    let params = Params::new(memory_kib, cost.passes(), u32::from(cost.lanes()), Some(Key::LEN))
        .expect("a cost is within narrower bounds");
    // In memory of ours, which is wiped: whoever reads what was left in it guesses for little.
    let mut memory = Zeroizing::new(Vec::new());
    memory.try_reserve_exact(params.block_count()).map_err(|_| KeyFileError::OutOfMemory { memory_kib })?;
    memory.resize(params.block_count(), Block::new());
    let mut key = Zeroizing::new([0; Key::LEN]);
    Argon2::new(Algorithm::Argon2id, Version::V0x13, params)
        .hash_password_into_with_memory(passphrase, &salt, &mut *key, memory.as_mut_slice())
        .expect("lengths are within its bounds, and the memory is as large as it says");
    Ok(Key::from_bytes(*key))
}

pub(super) fn sealed(key: &Key, cost: Cost, salt: [u8; SALT_LEN], contents: &[u8], entropy: &dyn Entropy) -> Vec<u8> {
    let mut file = header::encode(cost, salt);
    let envelope = envelope::seal(key, entropy, &header::place(&file), contents);
    file.extend_from_slice(&envelope);
    header::summed(file)
}

pub(super) fn opened(key: &Key, header: &Header<'_>) -> Result<Spaces, KeyFileError> {
    let contents = envelope::open(key, &header.place(), header.envelope).map_err(|error| match error {
        // The name of the key commits to it: no file opens with two passphrases, to whoever tries many of them at once.
        EnvelopeError::OtherKey(_) => KeyFileError::WrongPassphrase,
        EnvelopeError::Suite(_) => KeyFileError::TooNew,
        EnvelopeError::Short | EnvelopeError::Altered => {
            KeyFileError::Damaged { reason: "it was altered since it was locked" }
        }
    })?;
    contents::decode(&Zeroizing::new(contents))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::clock::SeededEntropy;

    fn byte_key(byte: u8) -> Key {
        Key::from_bytes([byte; 32])
    }

    fn contents() -> Zeroizing<Vec<u8>> {
        contents::encode(&MemoryKeyRing::new(byte_key(1), byte_key(2)).spaces())
    }

    /// With the key itself, so that nothing has to be computed for each try.
    fn open(key: &Key, file: &[u8]) -> Result<usize, KeyFileError> {
        opened(key, &Header::parse(file)?).map(|spaces| spaces.len())
    }

    fn file() -> Vec<u8> {
        sealed(&byte_key(9), Cost::least(), [7; SALT_LEN], &contents(), &SeededEntropy::new(1))
    }

    /// With a sum that fits, as somebody makes it who knows the format.
    fn fitting(mut file: Vec<u8>) -> Vec<u8> {
        file.truncate(file.len() - SUM_LEN);
        header::summed(file)
    }

    #[test]
    fn no_bit_can_be_changed_and_nothing_cut_also_where_the_sum_fits() {
        let whole = file();
        assert_eq!(open(&byte_key(9), &whole), Ok(1));
        assert_eq!(open(&byte_key(8), &whole), Err(KeyFileError::WrongPassphrase));
        for at in 0..whole.len() {
            let is_summed = at < whole.len() - SUM_LEN;
            for bit in 0..8 {
                let mut altered = whole.clone();
                altered[at] ^= 1 << bit;
                assert!(open(&byte_key(9), &altered).is_err(), "bit {bit} of byte {at}");
                let with_sum = is_summed.then(|| open(&byte_key(9), &fitting(altered)).is_err());
                assert_ne!(with_sum, Some(false), "bit {bit} of byte {at}, with its sum");
            }
            assert!(open(&byte_key(9), &whole[..at]).is_err(), "cut at {at}");
            let with_sum = is_summed.then(|| open(&byte_key(9), &header::summed(whole[..at].to_vec())).is_err());
            assert_ne!(with_sum, Some(false), "cut at {at}, with its sum");
        }
        assert!(open(&byte_key(9), &[&whole[..], b"!"].concat()).is_err());
    }

    #[test]
    fn a_cost_below_the_floor_is_refused_although_all_else_is_right() {
        let salt = [7; SALT_LEN];
        let mut header = header::encode(Cost::least(), salt);
        // 32 KiB.
        header[18..22].copy_from_slice(&32_u32.to_be_bytes());
        let mut weak = Zeroizing::new([0; 32]);
        Argon2::new(Algorithm::Argon2id, Version::V0x13, Params::new(32, 2, 1, Some(32)).unwrap())
            .hash_password_into_with_memory(b"guess me", &salt, &mut *weak, vec![Block::new(); 32])
            .unwrap();
        let place = header::place(&header);
        let envelope = envelope::seal(&Key::from_bytes(*weak), &SeededEntropy::new(1), &place, &contents());
        let file = header::summed([header, envelope].concat());
        let refused = MemoryKeyRing::unlock(&file, b"guess me").map(|_| ());
        assert_eq!(refused, Err(KeyFileError::TooCheap { memory_kib: 32, passes: 2 }));
    }

    #[test]
    fn a_newer_version_or_function_is_refused_as_such() {
        for at in [15, 16] {
            let mut newer = file();
            newer[at] += 1;
            assert_eq!(open(&byte_key(9), &fitting(newer)), Err(KeyFileError::TooNew));
        }
    }

    #[test]
    fn damage_is_told_from_a_wrong_passphrase_where_the_right_one_is_there() {
        let mut altered = file();
        let at = altered.len() - SUM_LEN - 1;
        altered[at] ^= 1;
        let altered = fitting(altered);
        assert!(matches!(open(&byte_key(9), &altered), Err(KeyFileError::Damaged { .. })));
        assert_eq!(open(&byte_key(8), &altered), Err(KeyFileError::WrongPassphrase));
    }

    #[test]
    fn more_keys_than_a_file_holds_are_refused_before_anything_is_computed() {
        let spaces = 0..LEN_MAX / (2 * Key::LEN);
        let ring = spaces.fold(MemoryKeyRing::empty(), |ring, number| {
            ring.with_space(&format!("space {number}"), byte_key(1), byte_key(2))
        });
        let locked = ring.lock(b"a passphrase", Cost::least(), &SeededEntropy::new(1));
        assert!(matches!(locked, Err(KeyFileError::TooLong { .. })), "{:?}", locked.map(|file| file.len()));
    }
}
