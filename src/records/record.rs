//! The hash that every stored record carries.
//!
//! ```text
//! stored value := payload hash[32]      hash = BLAKE3(table:u8, key length:u32, key, payload)
//! ```
//!
//! The engine below checks nothing on an ordinary read, so a flipped bit would come back as text. The table and the
//! key are hashed too: a record that turns up under another key is as wrong as one with other bytes.

use super::coat::COAT_MAX;
use crate::error::Failure;
use crate::fault;
use crate::storage::{MAX_VALUE, Table};

pub(crate) const HASH_LEN: usize = 32;

/// What a record takes, at most, beside its payload.
pub(crate) const ADDED_MAX: usize = HASH_LEN + COAT_MAX;

/// The most bytes that a payload may have.
pub(crate) const MAX_PAYLOAD: usize = MAX_VALUE - ADDED_MAX;

pub(crate) fn seal(table: Table, key: &[u8], mut payload: Vec<u8>) -> Vec<u8> {
    let hash = hash(table, key, &payload);
    payload.extend_from_slice(&hash);
    payload
}

pub(crate) fn open(table: Table, key: &[u8], mut stored: Vec<u8>) -> Result<Vec<u8>, Failure> {
    let Some((payload, found)) = stored.split_last_chunk::<HASH_LEN>() else {
        return Err(damaged(table));
    };
    if hash(table, key, payload) != *found && !fault::on("record-hash-unchecked") {
        return Err(damaged(table));
    }
    stored.truncate(stored.len() - HASH_LEN);
    Ok(stored)
}

fn damaged(table: Table) -> Failure {
    Failure::corrupt(None, format!("a record of table {} does not match its hash", table.number()))
}

fn hash(table: Table, key: &[u8], payload: &[u8]) -> [u8; HASH_LEN] {
    let length = u32::try_from(key.len()).unwrap_or(u32::MAX);
    let mut hasher = blake3::Hasher::new();
    hasher.update(&[table.number()]).update(&length.to_le_bytes()).update(key).update(payload);
    *hasher.finalize().as_bytes()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_record_is_read_only_under_its_own_table_and_key() {
        let sealed = seal(Table::new(1), b"key", b"payload".to_vec());
        assert_eq!(open(Table::new(1), b"key", sealed.clone()).unwrap(), b"payload");
        assert!(open(Table::new(2), b"key", sealed.clone()).is_err());
        assert!(open(Table::new(1), b"kez", sealed).is_err());
    }

    #[test]
    fn every_flipped_bit_and_every_cut_is_noticed() {
        let sealed = seal(Table::new(1), b"key", b"payload".to_vec());
        for bit in 0..sealed.len() * 8 {
            let mut flipped = sealed.clone();
            flipped[bit / 8] ^= 1 << (bit % 8);
            assert!(open(Table::new(1), b"key", flipped).unwrap_err().is_damage());
        }
        for length in 0..sealed.len() {
            assert!(open(Table::new(1), b"key", sealed[..length].to_vec()).unwrap_err().is_damage());
        }
    }
}
