//! Entry points for a fuzzer. Nothing is computed from a passphrase here: that takes longer than all else together.

#![allow(missing_docs, unreachable_pub, clippy::missing_panics_doc)]

use super::contents;
use super::cost::Cost;
use super::header::{self, HEADER_LEN, Header, SALT_LEN, SUM_LEN};
use super::locking::{opened, sealed};
use crate::clock::SeededEntropy;
use crate::seal::Key;
use crate::seal::fuzzing::changed;

pub fn key_file(data: &[u8]) {
    let key = Key::from_bytes([7; Key::LEN]);
    // Past the door: what a file begins with, and a sum that fits.
    let whole = header::encode(Cost::least(), [0; SALT_LEN]);
    for file in [data.to_vec(), header::summed([&whole[..17], data].concat()), header::summed([&whole, data].concat())]
    {
        let Ok(header) = Header::parse(&file) else { continue };
        let (memory_kib, passes) = (u64::from(header.cost.memory_kib()), u64::from(header.cost.passes()));
        assert!(memory_kib >= 19_456 && memory_kib * passes >= 38_912 && header.cost.lanes() > 0, "too cheap");
        assert!(memory_kib <= 1 << 22 && memory_kib * passes <= 1 << 24, "too costly");
        assert!(opened(&key, &header).is_err(), "nobody without the key made a key file");
    }
    let Some((&[changes], rest)) = data.split_first_chunk::<1>() else { return };
    let (changes, text) = rest.split_at((3 * usize::from(changes % 8)).min(rest.len()));
    let ring = contents::decode(text).unwrap_or_default();
    let kept = contents::encode(&ring);
    let whole = sealed(&key, Cost::least(), [0; SALT_LEN], &kept, &SeededEntropy::new(1));
    let again = Header::parse(&whole).and_then(|header| opened(&key, &header)).expect("it was just locked");
    assert_eq!(contents::encode(&again), kept, "a ring has one form");
    // Altered by somebody who makes the sum fit.
    let summed = &whole[..whole.len() - SUM_LEN];
    let altered = changed(summed, changes);
    let is_same = altered == summed;
    let altered = header::summed(altered);
    assert!(altered.len() > HEADER_LEN || !is_same);
    assert_eq!(Header::parse(&altered).and_then(|header| opened(&key, &header)).is_ok(), is_same);
}
