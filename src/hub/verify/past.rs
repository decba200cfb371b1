//! A space's audit and positions, which prove each other: each push that the audit says was accepted makes the next position.

use super::report::Verified;
use crate::error::Failure;
use crate::fault;
use crate::hub::audit::{self, AuditOutcome};
use crate::hub::rows::SpaceRow;
use crate::hub::tables::{AUDIT, POSITIONS, SpaceKey, number_of};
use crate::id::HubId;
use crate::records::view::{Committed, View};
use crate::storage::{Order, Scan, Table};
use crate::transport::Position;

/// Entries that are read at once.
const PAGE: usize = 64;

pub(super) fn check(
    view: &Committed,
    hub: HubId,
    key: &SpaceKey,
    row: &SpaceRow,
    report: &mut Verified,
) -> Result<(), Failure> {
    let at = (Some(row.name.as_str()), None);
    let followed = follow(view, hub, key, row, report);
    let is_damaged = report.note(at, followed)?.is_none();
    if is_damaged {
        // What the audit does not say any more cannot prove the positions; that none is missing can still be told.
        for seq in 1..=row.position.seq {
            if report.note(at, view.get(POSITIONS, &key.number(seq)))?.is_some_and(|found| found.is_none()) {
                report.add(at.0, None, format!("position {seq} is missing"));
            }
        }
    }
    for (table, what, last) in [(AUDIT, "audit", row.audited), (POSITIONS, "positions", row.position.seq)] {
        let found = report.note(at, behind(view, table, key, last))?;
        if let Some(number) = found.flatten() {
            report.add(at.0, None, format!("its {what} end with {last}, and there is a number {number}"));
        }
    }
    Ok(())
}

/// Goes through the audit from its beginning, and makes of it the positions that there have to be.
fn follow(view: &Committed, hub: HubId, key: &SpaceKey, row: &SpaceRow, report: &mut Verified) -> Result<(), Failure> {
    let (mut position, mut after) = (Position::start(hub, &row.name), 0);
    loop {
        let entries = audit::read(view, key, row.audited, after, PAGE)?;
        let Some(last) = entries.last() else { break };
        after = last.number;
        report.entries += entries.len() as u64;
        let is_change = |outcome: AuditOutcome| matches!(outcome, AuditOutcome::Accepted(_) | AuditOutcome::Erased);
        for entry in entries.iter().filter(|entry| is_change(entry.outcome)) {
            position = position.after(entry.draft, entry.revision);
            let found = view.get(POSITIONS, &key.number(position.seq))?;
            if found.as_deref() != Some(&position.chain[..]) && !fault::on("verify-believes-the-audit") {
                let (number, seq) = (entry.number, position.seq);
                let what = format!("entry {number} of its audit is not what position {seq} came of");
                return Err(Failure::corrupt(None, what));
            }
        }
    }
    if position != row.position && !fault::on("verify-believes-the-audit") {
        let (audit, says) = (position.seq, row.position.seq);
        let what = format!("by its audit it is at position {audit}, and its row says {says}, or another chain");
        return Err(Failure::corrupt(None, what));
    }
    Ok(())
}

/// The first number behind the last one.
fn behind(view: &Committed, table: Table, key: &SpaceKey, last: u64) -> Result<Option<u64>, Failure> {
    let Some(first) = last.checked_add(1) else { return Ok(None) };
    let (from, to) = (key.number(first), [&key.number(u64::MAX)[..], &[0]].concat());
    let scan = Scan { from: &from, to: Some(&to), order: Order::Ascending, limit: 1 };
    Ok(view.snapshot.scan(table, scan)?.pop().and_then(|(key, _)| number_of(&key)))
}
