//! Bytes larger than one record, cut into records whose sizes waste no pages.

use super::record::{HASH_LEN, MAX_PAYLOAD};
use super::txn::Txn;
use super::view::View;
use crate::error::Failure;
use crate::storage::Table;

/// What one piece may hold at most, so that key, hash and the engine's own bytes still fit its page.
const PIECE: usize = MAX_PAYLOAD - HASH_LEN;

/// How many bytes a row may hold itself; larger ones go into records of their own.
pub(crate) const INLINE_MAX: usize = 3_000;

/// Writes the bytes as records, and returns how many. `key` names the record of a piece.
pub(crate) fn write(txn: &mut Txn, table: Table, bytes: &[u8], key: impl Fn(u16) -> Vec<u8>) -> Result<u16, Failure> {
    let mut count = 0_u16;
    for piece in bytes.chunks(PIECE) {
        txn.put(table, key(count), piece.to_vec());
        count = count.checked_add(1).ok_or_else(|| Failure::options("a body needs more than 65,535 records"))?;
    }
    Ok(count)
}

/// Reads what `write` wrote.
pub(crate) fn read(
    view: &impl View,
    table: Table,
    count: u16,
    key: impl Fn(u16) -> Vec<u8>,
) -> Result<Vec<u8>, Failure> {
    let mut bytes = Vec::new();
    for piece in 0..count {
        let found = view.get(table, &key(piece))?;
        bytes.extend(found.ok_or_else(|| Failure::corrupt(None, "a piece of a body is missing"))?);
    }
    Ok(bytes)
}
