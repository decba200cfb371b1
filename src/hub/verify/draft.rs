//! A draft: its row, its revisions, what it contains.

use super::report::Verified;
use super::space::Counted;
use crate::error::Failure;
use crate::fault;
use crate::hub::rows::DraftRow;
use crate::hub::tables::{BODIES, CONTAINED, FEED, PIECES, SpaceKey};
use crate::hub::{bodies, looking};
use crate::id::{DraftId, RevisionId};
use crate::records::checking;
use crate::records::view::{Committed, View};
use crate::transport::CHAIN_MAX;
use std::collections::BTreeSet;

pub(super) fn check(
    view: &Committed,
    key: &SpaceKey,
    (space, draft): (&str, DraftId),
    counted: &mut Counted,
    report: &mut Verified,
) -> Result<(), Failure> {
    let at = (Some(space), Some(draft));
    report.drafts += 1;
    let Some(Some(row)) = report.note(at, looking::draft(view, key, draft))? else { return Ok(()) };
    counted.forks += row.forks.len() as u64;
    counted.erased += u64::from(row.erased.is_some());
    if report.note(at, view.get(FEED, &key.number(row.seq)))?.is_some_and(|found| found.is_none()) {
        report.add(at.0, at.1, "it does not stand in the feed where its row says");
    }
    let held = row.held();
    if held.iter().any(|id| row.chain(*id).len() > CHAIN_MAX) {
        report.add(at.0, at.1, "a body of it builds on more others than may be");
    }
    let mut pieces = 0;
    for id in &held {
        if let Some(stored) = report.note(at, bodies::check(view, key, (draft, &row), *id))? {
            report.revisions += 1;
            counted.bytes = counted.bytes.saturating_add(stored.bytes);
            pieces += stored.pieces;
        }
    }
    if !fault::on("verify-leaves-out-what-is-contained") {
        check_contained(view, key, at, &row, report)?;
    }
    check_leftovers(view, key, (at, draft), (&held, pieces), report)
}

/// A main contains itself and the mains before it, and no fork that is open.
fn check_contained(
    view: &Committed,
    key: &SpaceKey,
    at: (Option<&str>, Option<DraftId>),
    row: &DraftRow,
    report: &mut Verified,
) -> Result<(), Failure> {
    let Some(draft) = at.1 else { return Ok(()) };
    let mut is_contained = |id: RevisionId| {
        let found = view.get(CONTAINED, &key.revision(draft, id)).map(|found| found.is_some());
        report.note(at, found)
    };
    let (mut lacks, mut has) = (false, false);
    for main in row.mains.iter().chain([&row.main]) {
        lacks |= is_contained(*main)? == Some(false);
    }
    for fork in &row.forks {
        has |= is_contained(fork.id)? == Some(true);
    }
    if lacks {
        report.add(at.0, at.1, "its main is not said to contain a main before it, or itself");
    }
    if has {
        report.add(at.0, at.1, "its main is said to contain a fork that is open");
    }
    Ok(())
}

/// Looks for what nothing names any more: it loses nothing, and takes room.
fn check_leftovers(
    view: &Committed,
    key: &SpaceKey,
    (at, draft): ((Option<&str>, Option<DraftId>), DraftId),
    (held, pieces): (&BTreeSet<RevisionId>, u64),
    report: &mut Verified,
) -> Result<(), Failure> {
    let (prefix, mut bodies, mut found) = (key.draft(draft), 0, 0);
    let walked = checking::beginnings(view, BODIES, &prefix, usize::MAX, |body| {
        let id = body.last_chunk().map(|id| RevisionId::from_bytes(*id));
        bodies += u64::from(!id.is_some_and(|id| held.contains(&id)));
        Ok(())
    });
    report.note(at, walked)?;
    let walked = checking::beginnings(view, PIECES, &prefix, usize::MAX, |_| {
        found += 1;
        Ok(())
    });
    report.note(at, walked)?;
    if bodies > 0 {
        report.add(at.0, at.1, format!("{bodies} revisions are stored that its row does not name"));
    }
    if found > pieces && bodies == 0 {
        report.add(at.0, at.1, format!("{} pieces are stored that no revision counts", found - pieces));
    }
    Ok(())
}
