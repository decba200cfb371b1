//! Bytes larger than one record, cut into records whose sizes waste no pages.

use super::record::ADDED_MAX;
use super::txn::Txn;
use super::view::View;
use crate::error::Failure;
use crate::storage::{GOOD_VALUE_SIZES, Table};

/// How many bytes a row may hold itself; larger ones go into records of their own.
pub(crate) const INLINE_MAX: usize = 3_000;

/// Up to this length a rest shares its page with other records, and is not cut any more.
const SHARED_MAX: usize = 2_000;

/// Writes the bytes as records, and returns how many. `key` names the record of a piece.
pub(crate) fn write(txn: &mut Txn, table: Table, bytes: &[u8], key: impl Fn(u16) -> Vec<u8>) -> Result<u16, Failure> {
    let (mut count, mut rest) = (0_u16, bytes);
    while !rest.is_empty() {
        let (piece, behind) = rest.split_at(piece_len(rest.len()));
        rest = behind;
        txn.put(table, key(count), piece.to_vec());
        count = count.checked_add(1).ok_or_else(|| Failure::options("a body needs more than 65,535 records"))?;
    }
    Ok(count)
}

/// How much of the rest the next piece takes: what fills its pages with the hash and the coat, or nearly.
fn piece_len(rest: usize) -> usize {
    let filling = GOOD_VALUE_SIZES.iter().rev().map(|size| size - ADDED_MAX).filter(|size| *size > SHARED_MAX);
    for size in filling {
        if rest >= size {
            return size;
        }
        if rest > size - size / 8 {
            break;
        }
    }
    rest
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

#[cfg(test)]
mod tests {
    use super::super::record::{HASH_LEN, MAX_PAYLOAD};
    use super::*;

    #[test]
    fn bytes_of_any_length_are_cut_into_few_pieces_that_fill_their_pages() {
        for len in (0..300_000).step_by(61).chain([MAX_PAYLOAD - 1, MAX_PAYLOAD, MAX_PAYLOAD + 1, 16 << 20]) {
            for added in [HASH_LEN, ADDED_MAX] {
                let (mut rest, mut pieces, mut pages) = (len, 0, 0);
                while rest > 0 {
                    let piece = piece_len(rest);
                    assert!((1..=MAX_PAYLOAD).contains(&piece), "a piece of {piece} bytes of {rest}");
                    // Key, what the record adds and what the engine adds: a page is 4,096 bytes times a power of two.
                    pages += (piece + added + 60).next_power_of_two().max(4096);
                    rest -= piece;
                    pieces += 1;
                }
                assert!(pieces <= len / MAX_PAYLOAD + 5, "{pieces} pieces of {len} bytes");
                assert!(pages <= len + len / 6 + 4096, "{pages} bytes of pages for {len}");
            }
        }
    }
}
