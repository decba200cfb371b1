//! Properties of what lasts.

use super::kit::{Failure, Property, Subject, TABLE, expect};
use crate::storage::{Batch, Footprint, Maintenance, Origin, Table};

pub(super) const PROPERTIES: &[Property] = &[
    ("opening it again keeps every commit", reopened),
    ("opening it again keeps deletions", reopened_deletions),
    ("maintenance changes nothing that is seen", maintenance),
    ("maintenance works beside a snapshot", maintenance_beside_snapshot),
    ("the footprint holds at least what was written", footprint),
];

fn fill(subject: &Subject) -> Result<(), Failure> {
    for round in 0..20_u8 {
        let mut batch = Batch::new(if round % 2 == 0 { Origin::Local } else { Origin::Foreign });
        for number in 0..10_u8 {
            batch.put(TABLE, [number, round], vec![round; 700]);
            batch.delete(TABLE, [number, round.wrapping_sub(3)]);
        }
        batch.put(Table::new(255), [round], [round]);
        subject.storage()?.commit(&batch)?;
    }
    Ok(())
}

fn reopened(subject: &mut Subject) -> Result<(), Failure> {
    for round in 0..3_u8 {
        fill(subject)?;
        subject.put(TABLE, b"last", &[round])?;
        let before = (subject.all(TABLE)?, subject.all(Table::new(255))?);
        subject.reopen()?;
        expect("all", &(subject.all(TABLE)?, subject.all(Table::new(255))?), &before)?;
    }
    Ok(())
}

fn reopened_deletions(subject: &mut Subject) -> Result<(), Failure> {
    subject.put_all(TABLE, [&b"a"[..], b"b"])?;
    subject.delete(TABLE, b"a")?;
    subject.reopen()?;
    expect("a deleted key", &subject.get(TABLE, b"a")?, &None)?;
    subject.delete(TABLE, b"b")?;
    subject.reopen()?;
    expect("all", &subject.all(TABLE)?, &Vec::new())
}

fn maintenance(subject: &mut Subject) -> Result<(), Failure> {
    for work in [Maintenance::Settle, Maintenance::Compact, Maintenance::Compact, Maintenance::Settle] {
        fill(subject)?;
        let before = (subject.all(TABLE)?, subject.all(Table::new(255))?);
        subject.storage()?.maintain(work)?;
        subject.storage()?.maintain(work)?;
        expect("all", &(subject.all(TABLE)?, subject.all(Table::new(255))?), &before)?;
    }
    Ok(())
}

fn maintenance_beside_snapshot(subject: &mut Subject) -> Result<(), Failure> {
    fill(subject)?;
    let snapshot = subject.snapshot()?;
    let before = subject.all(TABLE)?;
    for work in [Maintenance::Settle, Maintenance::Compact] {
        subject.storage()?.maintain(work)?;
        let seen = snapshot.scan(TABLE, super::kit::everything(crate::storage::Order::Ascending))?;
        expect("all", &seen, &before)?;
    }
    Ok(())
}

fn footprint(subject: &mut Subject) -> Result<(), Failure> {
    let holds =
        |footprint: Footprint, bytes: u64| footprint.total >= bytes && footprint.unused <= footprint.total - bytes;
    let mut batch = Batch::new(Origin::Local);
    for number in 0..100_u8 {
        batch.put(TABLE, [number], vec![number; 1_000]);
    }
    subject.storage()?.commit(&batch)?;
    let seen = subject.storage()?.footprint()?;
    expect(&format!("whether {seen:?} holds 100,000 bytes"), &holds(seen, 100_000), &true)?;
    let seen = subject.storage()?.maintain(Maintenance::Compact)?;
    expect(&format!("whether {seen:?} holds 100,000 bytes, compacted"), &holds(seen, 100_000), &true)
}
