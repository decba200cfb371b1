//! Reading below hashes and seals, for those who look for damage: one record that is damaged does not hide the next.

use super::view::{Committed, after};
use crate::error::Failure;
use crate::storage::{Order, Scan, Table};

/// Reads every record of a table, and calls `found` with the key of each that does not match its hash or its seal. Where the seal's key is
/// missing, its hash has to do.
pub(crate) fn mismatched(view: &Committed, table: Table, mut found: impl FnMut(&[u8])) -> Result<(), Failure> {
    let mut from = vec![0];
    loop {
        let stored = view.snapshot.scan(table, Scan { from: &from, to: None, order: Order::Ascending, limit: 64 })?;
        let Some((last, _)) = stored.last() else { return Ok(()) };
        from.clone_from(last);
        from.push(0);
        for (key, value) in stored {
            match view.open(table, &key, value) {
                Err(failure) if failure.is_damage() => found(&key),
                Err(failure) if !failure.is_about_a_key() => return Err(failure),
                _ => {}
            }
        }
    }
}

/// Calls `visit` with the first `width` bytes of the keys that begin with the prefix, each of them once, in order. A key that is
/// shorter comes as it is.
pub(crate) fn beginnings(
    view: &Committed,
    table: Table,
    prefix: &[u8],
    width: usize,
    mut visit: impl FnMut(&[u8]) -> Result<(), Failure>,
) -> Result<(), Failure> {
    let end = after(prefix);
    let mut from = if prefix.is_empty() { vec![0] } else { prefix.to_vec() };
    loop {
        let scan = Scan { from: &from, to: end.as_deref(), order: Order::Ascending, limit: 1 };
        let Some((key, _)) = view.snapshot.scan(table, scan)?.pop() else { return Ok(()) };
        let (beginning, rest) = key.split_at(width.min(key.len()));
        visit(beginning)?;
        from = if rest.is_empty() {
            [&key[..], &[0]].concat()
        } else {
            let Some(next) = after(beginning) else { return Ok(()) };
            next
        };
    }
}
