//! Entry points for a fuzzer: each takes arbitrary bytes and panics where a promise of this room does not hold.

#![allow(missing_docs, unreachable_pub, clippy::missing_panics_doc)]

use super::envelope;
use super::key::Key;
use crate::clock::SeededEntropy;

#[cfg(feature = "passphrase")]
pub use super::key_file::fuzzing::key_file;

/// Changes bytes as others say, three at a time: where (two), and with what.
pub(super) fn changed(bytes: &[u8], changes: &[u8]) -> Vec<u8> {
    let mut changed = bytes.to_vec();
    for [high, low, with] in changes.as_chunks::<3>().0 {
        let at = usize::from(u16::from_be_bytes([*high, *low]));
        match changed.len() {
            0 => {}
            // Far beyond: it is cut off, or goes on.
            len if at > 4 * len => changed.truncate(at % len),
            len if at > 3 * len => changed.extend_from_slice(&[*with; 3]),
            len => changed[at % len] ^= with,
        }
    }
    changed
}

/// The first two bytes say how long the changes and the place are; the rest is the text, and an envelope of somebody else's.
pub fn envelope(data: &[u8]) {
    let Some((&[changes, place], rest)) = data.split_first_chunk::<2>() else { return };
    let (changes, rest) = rest.split_at((3 * usize::from(changes % 8)).min(rest.len()));
    let (place, text) = rest.split_at(usize::from(place % 64).min(rest.len()));
    let key = Key::from_bytes([7; Key::LEN]);
    let _ = envelope::key_id(text);
    assert!(envelope::open(&key, place, text).is_err(), "nobody without the key made an envelope");
    let whole = envelope::seal(&key, &SeededEntropy::new(1), place, text);
    assert_eq!(envelope::open(&key, place, &whole).as_deref(), Ok(text));
    let altered = changed(&whole, changes);
    assert_eq!(envelope::open(&key, place, &altered).is_ok(), altered == whole);
    let elsewhere = changed(place, changes);
    assert_eq!(envelope::open(&key, &elsewhere, &whole).is_ok(), elsewhere == place);
}
