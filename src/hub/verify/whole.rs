//! Every record for itself, and every space.

use super::report::Verified;
use super::space;
use crate::error::{Failure, Result};
use crate::hub::handle::Hub;
use crate::hub::rows::{HubRow, SpaceRow};
use crate::hub::tables::{ALL, HUB, HUB_KEY, SPACES, SpaceKey};
use crate::id::HubId;
use crate::records::checking;
use crate::records::view::{Committed, View};
use crate::storage::{Order, Scan, Table};

impl Hub {
    /// Reads every record and holds them against each other: hashes, the feed, what each draft's row names, what the counts say, and
    /// audit and positions, which prove each other. Changes nothing; pushes go on, and what comes meanwhile is not looked at.
    ///
    /// Costs reading the whole hub, and some memory that does not grow with it. What is in the bodies only devices can tell.
    ///
    /// ```
    /// use draftkeep::hub::{Hub, HubOptions};
    /// use draftkeep::storage::MemoryStorage;
    /// use std::sync::Arc;
    ///
    /// let hub = Hub::open(Arc::new(MemoryStorage::new()), HubOptions::new())?;
    /// assert!(hub.verify()?.is_intact());
    /// # Ok::<(), draftkeep::Error>(())
    /// ```
    ///
    /// # Errors
    ///
    /// What the storage answers; damage is not an error but a part of the report.
    pub fn verify(&self) -> Result<Verified> {
        self.inner().show(|view| verify(view, self.id()))
    }
}

fn verify(view: &Committed, hub: HubId) -> std::result::Result<Verified, Failure> {
    let mut report = Verified::default();
    for (table, name) in ALL {
        records(view, table, name, &mut report)?;
    }
    for table in (0..=u8::MAX).map(Table::new).filter(|table| !ALL.iter().any(|(known, _)| known == table)) {
        let scan = Scan { from: &[0], to: None, order: Order::Ascending, limit: 1 };
        if report
            .note((None, None), view.snapshot.scan(table, scan).map_err(Failure::from))?
            .is_some_and(|it| !it.is_empty())
        {
            report.add(None, None, format!("table {} has records, and is none of a hub's", table.number()));
        }
    }
    let row = view.get(HUB, HUB_KEY).and_then(|bytes| Ok(bytes.map(|bytes| HubRow::decode(&bytes)).transpose()?));
    match report.note((None, None), row)? {
        Some(Some(row)) if row.id == hub => {}
        Some(Some(row)) => report.add(None, None, format!("the hub's own record is that of another hub, {}", row.id)),
        Some(None) => report.add(None, None, "the hub's own record is missing"),
        None => {}
    }
    let mut from = vec![0];
    loop {
        let scan = Scan { from: &from, to: None, order: Order::Ascending, limit: 1 };
        let found = report.note((None, None), view.snapshot.scan(SPACES, scan).map_err(Failure::from))?;
        let Some((key, _)) = found.and_then(|mut found| found.pop()) else { break };
        let row = view.get(SPACES, &key).and_then(|bytes| Ok(SpaceRow::decode(&bytes.unwrap_or_default())?));
        // Of one that is damaged the records were named above.
        if let Some(row) = report.note((None, None), row)? {
            report.spaces += 1;
            if key == SpaceKey::new(&row.name).bytes() {
                space::check(view, hub, &row, &mut report)?;
            } else {
                report.add(Some(&row.name), None, "its row stands in another space's place");
            }
        }
        from = [&key[..], &[0]].concat();
    }
    without_a_row(view, &mut report)?;
    Ok(report)
}

fn records(view: &Committed, table: Table, name: &str, report: &mut Verified) -> std::result::Result<(), Failure> {
    let read = checking::mismatched(view, table, |key| {
        let (space, draft) = SpaceKey::parse(key).unzip();
        // A key with a number has no draft, and is too short to look as if it had one.
        let space = space.and_then(|space| name_of(view, &space));
        report.add(
            space.as_deref(),
            draft.flatten(),
            format!("a record of the table of {name} does not match its hash"),
        );
    });
    report.note((None, None), read).map(|_| ())
}

/// Looks for records of spaces that have no row.
fn without_a_row(view: &Committed, report: &mut Verified) -> std::result::Result<(), Failure> {
    for (table, name) in ALL.into_iter().filter(|(table, _)| ![HUB, SPACES].contains(table)) {
        let walked = checking::beginnings(view, table, &[], SpaceKey::LEN, |key| {
            if view.snapshot.get(SPACES, key)?.is_none() {
                report.add(None, None, format!("the table of {name} has records of a space that has no row"));
            }
            Ok(())
        });
        report.note((None, None), walked)?;
    }
    Ok(())
}

fn name_of(view: &Committed, space: &SpaceKey) -> Option<String> {
    let row = view.get(SPACES, space.bytes()).ok()??;
    SpaceRow::decode(&row).ok().map(|row| row.name)
}
