//! Records that are numbered without gaps, so that one that the engine does not return is noticed.

use super::view::View;
use crate::error::Failure;
use crate::storage::{Order, Scan, Table};
use std::ops::Range;

/// The records of these numbers, the first ones of them, at most `limit`. `key` names the record of a number, in their order.
pub(crate) fn read(
    view: &impl View,
    table: Table,
    key: impl Fn(u64) -> Vec<u8>,
    numbers: Range<u64>,
    limit: usize,
) -> Result<Vec<(u64, Vec<u8>)>, Failure> {
    let expected = usize::try_from(numbers.end.saturating_sub(numbers.start)).unwrap_or(usize::MAX).min(limit);
    if expected == 0 {
        return Ok(Vec::new());
    }
    let (from, to) = (key(numbers.start), key(numbers.end));
    let found = view.scan(table, Scan { from: &from, to: Some(&to), order: Order::Ascending, limit: expected })?;
    let mut records = Vec::with_capacity(found.len());
    for (number, (found, bytes)) in (numbers.start..).zip(found) {
        if found != key(number) {
            return Err(missing(table, number));
        }
        records.push((number, bytes));
    }
    if records.len() < expected {
        return Err(missing(table, numbers.start + records.len() as u64));
    }
    Ok(records)
}

fn missing(table: Table, number: u64) -> Failure {
    Failure::corrupt(None, format!("record {number} of table {} is missing", table.number()))
}
