//! Goal: the keys of a ring come back from a key file with its passphrase alone, whatever somebody did to the bytes, and a file asks for no more than was
//! allowed. Method: through the public API at the least cost that is allowed; every bit of a file is tried in the library's own tests, a few
//! here.

#![cfg(feature = "passphrase")]

use draftkeep::clock::{Entropy, SeededEntropy};
use draftkeep::seal::{Cost, Key, KeyFileError, KeyRing, KeyRingError, MemoryKeyRing};
use draftkeep::{Kind, Options, Store};
use std::sync::atomic::{AtomicBool, Ordering};

const PASSPHRASE: &[u8] = b"correct horse battery staple";

/// A file of version 1, as the first release with key files wrote it: two spaces and what serves every other one.
const VERSION_1: &[u8] = include_bytes!("fixtures/keys-1.bin");

fn key(byte: u8) -> Key {
    Key::from_bytes([byte; Key::LEN])
}

/// Keys for all spaces, of which the second is current, and for two spaces of their own.
fn ring() -> MemoryKeyRing {
    let ring =
        MemoryKeyRing::new(key(1), key(2)).with_space("alice", key(4), key(5)).with_former_plain_space("bob", key(6));
    assert!(ring.add(None, key(3)));
    ring
}

fn locked(ring: &MemoryKeyRing) -> Vec<u8> {
    ring.lock(PASSPHRASE, Cost::least(), &SeededEntropy::new(1)).unwrap()
}

/// It has everything that [`ring`] has, in the same order.
fn assert_is_ring(again: &MemoryKeyRing) {
    for space in ["alice", "bob", "eve"] {
        let secret = |ring: &MemoryKeyRing| ring.secret(space).unwrap().map(|secret| secret.id());
        assert_eq!(secret(again), secret(&ring()), "{space}");
        assert_eq!(again.current(space).unwrap().id(), ring().current(space).unwrap().id(), "{space}");
    }
    assert!(again.key("eve", key(2).id()).is_ok(), "the key before the current one");
    assert_eq!(again.key("alice", key(2).id()).map(|key| key.id()), Err(KeyRingError::Missing));
}

#[test]
fn a_ring_comes_back_with_its_passphrase_and_its_keys_in_order() {
    let file = locked(&ring());
    assert_is_ring(&MemoryKeyRing::unlock(&file, PASSPHRASE).unwrap());
    for wrong in [&b"correct horse battery stapler"[..], b"Correct horse battery staple", b"c"] {
        assert_eq!(MemoryKeyRing::unlock(&file, wrong).unwrap_err(), KeyFileError::WrongPassphrase);
    }
    let empty = MemoryKeyRing::unlock(&locked(&MemoryKeyRing::empty()), PASSPHRASE).unwrap();
    assert_eq!(empty.current("alice").map(|key| key.id()), Err(KeyRingError::Missing));
}

#[test]
fn a_key_that_was_added_last_is_current_in_the_file_too_and_one_that_was_removed_is_gone() {
    let ring = ring();
    assert!(ring.add(Some("alice"), key(7)));
    ring.remove(key(2).id());
    let again = MemoryKeyRing::unlock(&locked(&ring), PASSPHRASE).unwrap();
    assert_eq!(again.current("alice").unwrap().id(), key(7).id());
    assert_eq!(again.key("eve", key(2).id()).map(|key| key.id()), Err(KeyRingError::Missing));
}

#[test]
fn a_file_of_version_1_opens_for_ever() {
    assert_eq!(Cost::of(VERSION_1), Ok(Cost::least()));
    assert_is_ring(&MemoryKeyRing::unlock(VERSION_1, PASSPHRASE).unwrap());
    assert_eq!(locked(&ring()), VERSION_1, "the same keys, passphrase, cost and randomness");
}

#[test]
fn another_passphrase_is_another_file_and_the_old_one_opens_the_old_file_alone() {
    let file = locked(&ring());
    let ring = MemoryKeyRing::unlock(&file, PASSPHRASE).unwrap();
    let other = ring.lock(b"something else", Cost::least(), &SeededEntropy::new(2)).unwrap();
    assert_is_ring(&MemoryKeyRing::unlock(&other, b"something else").unwrap());
    assert_eq!(MemoryKeyRing::unlock(&other, PASSPHRASE).unwrap_err(), KeyFileError::WrongPassphrase);
    assert_is_ring(&MemoryKeyRing::unlock(&file, PASSPHRASE).unwrap());
}

#[test]
fn the_same_ring_and_passphrase_never_make_the_same_bytes() {
    let entropy = SeededEntropy::new(1);
    let files = [(), ()].map(|()| ring().lock(PASSPHRASE, Cost::least(), &entropy).unwrap());
    let [one, other] = files.each_ref().map(|file| &file[26..]);
    let alike = one.iter().zip(other).filter(|(one, other)| one == other).count();
    assert!(alike < one.len() / 8, "{alike} of {} bytes are the same: salt, keys and sum are random", one.len());
}

#[test]
fn what_was_damaged_by_accident_is_said_to_be_and_no_passphrase_is_tried() {
    let file = locked(&ring());
    for at in [17, 18, 22, 26, 41, 42, 43, 60, file.len() - 40, file.len() - 1] {
        let mut damaged = file.clone();
        damaged[at] ^= 1;
        let refused = MemoryKeyRing::unlock(&damaged, PASSPHRASE).unwrap_err();
        assert!(matches!(refused, KeyFileError::Damaged { .. }), "byte {at}: {refused:?}");
    }
    for len in [16, 42, 100, file.len() - 1] {
        let refused = MemoryKeyRing::unlock(&file[..len], PASSPHRASE).unwrap_err();
        assert!(matches!(refused, KeyFileError::Damaged { .. }), "{len} bytes: {refused:?}");
    }
    for other in [&b""[..], b"draftkeep", b"-----BEGIN PGP MESSAGE-----"] {
        assert_eq!(MemoryKeyRing::unlock(other, PASSPHRASE).unwrap_err(), KeyFileError::NotAKeyFile);
    }
    let long = vec![0; (16 << 20) + 1];
    assert_eq!(MemoryKeyRing::unlock(&long, PASSPHRASE).unwrap_err(), KeyFileError::TooLong { len: long.len() });
}

/// A file with another cost in its header and a sum that fits.
fn asking_for(memory_kib: u32, passes: u32) -> Vec<u8> {
    let mut file = locked(&ring());
    file[18..22].copy_from_slice(&memory_kib.to_be_bytes());
    file[22..26].copy_from_slice(&passes.to_be_bytes());
    file.truncate(file.len() - 32);
    let sum = blake3::hash(&file);
    file.extend_from_slice(sum.as_bytes());
    file
}

#[test]
fn a_file_asks_for_no_more_than_was_allowed_and_for_no_less_than_is_safe() {
    for (memory_kib, passes) in [(8, 1), (19_455, 2), (19_456, 1), (u32::MAX, 0)] {
        let refused = MemoryKeyRing::unlock(&asking_for(memory_kib, passes), PASSPHRASE).unwrap_err();
        assert_eq!(refused, KeyFileError::TooCheap { memory_kib, passes });
    }
    for (memory_kib, passes) in [(u32::MAX, u32::MAX), (262_145, 2), (262_144, 5), (19_456, 1_000)] {
        let refused = MemoryKeyRing::unlock(&asking_for(memory_kib, passes), PASSPHRASE).unwrap_err();
        assert!(matches!(refused, KeyFileError::TooCostly { .. }), "{refused:?}");
    }
}

#[test]
fn who_allows_more_or_less_says_so() {
    let cost = Cost::new(19_457, 2, 1).unwrap();
    let file = ring().lock(PASSPHRASE, cost, &SeededEntropy::new(1)).unwrap();
    let refused = MemoryKeyRing::unlock_up_to(&file, PASSPHRASE, Cost::least()).unwrap_err();
    assert_eq!(refused, KeyFileError::TooCostly { memory_kib: 19_457, passes: 2, most: Cost::least() });
    assert_eq!(
        refused.to_string(),
        "2 passes over 19457 KiB are more than allowed, 2 over 19456 KiB: if the file is yours, allow more with unlock_up_to"
    );
    assert_is_ring(&MemoryKeyRing::unlock_up_to(&file, PASSPHRASE, cost).unwrap());
    assert_is_ring(&MemoryKeyRing::unlock(&file, PASSPHRASE).unwrap());
}

#[test]
fn no_passphrase_and_an_endless_one_are_refused() {
    for passphrase in [Vec::new(), vec![b'a'; (1 << 20) + 1]] {
        let refused = Err(KeyFileError::PassphraseLength { len: passphrase.len() });
        assert_eq!(ring().lock(&passphrase, Cost::least(), &SeededEntropy::new(1)), refused);
        assert_eq!(MemoryKeyRing::unlock(&locked(&ring()), &passphrase).map(|_| Vec::new()), refused);
    }
}

/// Notices when it is asked.
#[derive(Debug, Default)]
struct Asked(AtomicBool);

impl Entropy for Asked {
    fn fill(&self, bytes: &mut [u8]) {
        self.0.store(true, Ordering::Relaxed);
        bytes.fill(7);
    }
}

#[test]
fn nothing_of_keys_or_passphrase_is_in_the_file_or_in_what_is_shown() {
    let asked = Asked::default();
    let file = ring().lock(PASSPHRASE, Cost::least(), &asked).unwrap();
    assert!(asked.0.load(Ordering::Relaxed), "the salt is random");
    let words = [PASSPHRASE, b"alice", b"bob", &[1; 32], &[2; 32], &[3; 32], &[4; 32], &[5; 32], &[6; 32]];
    for word in words {
        assert!(!file.windows(word.len()).any(|window| window == word), "{word:02x?}");
    }
    let wrong = MemoryKeyRing::unlock(&file, b"not this one").unwrap_err();
    let shown = format!("{:?} {wrong:?} {wrong} {:?}", MemoryKeyRing::unlock(&file, PASSPHRASE), Cost::of(&file));
    assert_eq!(
        shown,
        "Ok(MemoryKeyRing) WrongPassphrase the passphrase does not open the key file \
         Ok(Cost { memory_kib: 19456, passes: 2, lanes: 1 })"
    );
}

#[test]
fn a_store_that_was_sealed_opens_with_the_keys_of_the_file() {
    use draftkeep::storage::{MemoryStorage, Storage};
    use std::sync::Arc;
    const NOTE: Kind<String> = Kind::new("note");
    let (storage, file) = (Arc::new(MemoryStorage::new()), locked(&ring()));
    let open = |ring| {
        Store::with_storage(Arc::clone(&storage) as Arc<dyn Storage>, Options::new().key_ring(ring))
            .and_then(|store| store.space("alice")?.drafts(NOTE))
            .unwrap()
    };
    open(ring()).slot("diary").start(&"nobody else reads this".to_owned()).unwrap();
    let again = open(MemoryKeyRing::unlock(&file, PASSPHRASE).unwrap());
    assert_eq!(again.slot("diary").resume().unwrap().unwrap().load().unwrap(), "nobody else reads this");
}
