//! Finding the first entry of an audit that is not what was written.

use super::entry::{self, AuditEntry};
use super::query;
use super::record;
use super::state::{self, AuditHead, AuditRow};
use crate::codec::Writer;
use crate::error::{Failure, unless_damaged};
use crate::fault;
use crate::id::TraceId;
use crate::records::view::{Committed, View};
use crate::storage::{Order, Scan};
use crate::store::tables::{self, AUDIT, AUDIT_DRAFTS, DraftKey, SpaceNo};
use crate::store::write::Write;
use std::fmt;

/// Records that are read at once.
const PAGE: usize = 64;

/// What checking an audit found.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub struct AuditVerified {
    /// How many entries follow from each other, from the first that is kept on.
    pub entries: u64,
    /// What the first of them is chained to: the last that is not kept any more, or the beginning.
    pub start: AuditHead,
    /// The last of them.
    pub head: AuditHead,
    /// Whether the audit was held against the anchor: not where none was given, and not where its entry is not kept any more.
    pub is_anchored: bool,
    /// The first thing that is wrong; none where nothing is.
    pub finding: Option<AuditFinding>,
}

impl AuditVerified {
    /// Whether nothing is wrong.
    #[must_use]
    pub fn is_intact(&self) -> bool {
        self.finding.is_none()
    }
}

/// The first thing that is wrong with an audit.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub struct AuditFinding {
    /// The number of the entry; 0 for the row that says how far the audit goes.
    pub number: u64,
    /// What is wrong with it.
    pub fault: AuditFault,
}

/// What is wrong with an entry.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum AuditFault {
    /// It is not there, and entries behind it are, or were.
    Missing,
    /// Its record does not match its own hash: damage, mostly.
    Damaged,
    /// It does not follow from the one before it: it was altered or put into another's place, or the one before was replaced by
    /// somebody who gave it a hash that fits itself.
    Altered,
    /// It is not named by the index, or the index names an entry for it that is about something else. `Store::repair` mends that.
    Index,
    /// It is there, and the audit says that it ends before it.
    Beyond,
    /// The row that says how far the audit goes names another hash for it.
    Head,
    /// It is another one than the anchor says: the audit was written anew from somewhere before it on.
    NotTheAnchor,
    /// The audit ends before it, and the anchor says that it was there: entries were cut off, or an older copy was put back.
    Cut,
}

impl fmt::Display for AuditFinding {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let what = match self.fault {
            AuditFault::Missing => "is missing",
            AuditFault::Damaged => "is damaged",
            AuditFault::Altered => "does not follow from the one before it",
            AuditFault::Index => "and the index by draft do not agree",
            AuditFault::Beyond => "lies beyond the audit's end",
            AuditFault::Head => "is not the one that the audit ends with",
            AuditFault::NotTheAnchor => "is not the one that was kept elsewhere",
            AuditFault::Cut => "was there once, and the audit ends before it",
        };
        match self.number {
            0 => write!(f, "the row that says how far the audit goes {what}"),
            number => write!(f, "entry {number} of the audit {what}"),
        }
    }
}

/// Checks a space's audit from its first entry on, up to the first that is wrong.
pub(crate) fn verify(
    view: &Committed,
    space: SpaceNo,
    name: &str,
    anchor: Option<AuditHead>,
) -> Result<AuditVerified, Failure> {
    let beginning = AuditHead::beginning(name);
    let Some(row) = unless_damaged(state::read(view, space, name))? else {
        let finding = Some(AuditFinding { number: 0, fault: AuditFault::Damaged });
        return Ok(AuditVerified { entries: 0, start: beginning, head: beginning, is_anchored: false, finding });
    };
    let mut walk = Walk { view, space, row: &row, anchor, before: row.start, is_anchored: false };
    let fault = match walk.run(beginning)? {
        None => walk.index()?,
        found => found,
    };
    let finding = fault.map(|(number, fault)| AuditFinding { number, fault });
    let (start, head, is_anchored) = (row.start, walk.before, walk.is_anchored);
    Ok(AuditVerified { entries: head.number - start.number, start, head, is_anchored, finding })
}

type Found = Option<(u64, AuditFault)>;

struct Walk<'v> {
    view: &'v Committed,
    space: SpaceNo,
    row: &'v AuditRow,
    anchor: Option<AuditHead>,
    /// The last entry that is proven.
    before: AuditHead,
    is_anchored: bool,
}

impl Walk<'_> {
    fn run(&mut self, beginning: AuditHead) -> Result<Found, Failure> {
        if self.row.start.number == 0 && self.row.start != beginning {
            return Ok(Some((0, AuditFault::Altered)));
        }
        if let Some(fault) = self.hold() {
            return Ok(Some(fault));
        }
        let to = tables::after(&self.space.to_be_bytes());
        let mut from = tables::audit(self.space, self.row.start.number.saturating_add(1));
        loop {
            // Below the hash check, so that what is damaged does not hide what it is.
            let scan = Scan { from: &from, to: to.as_deref(), order: Order::Ascending, limit: PAGE };
            let page = self.view.snapshot.scan(AUDIT, scan)?;
            let Some((last, _)) = page.last() else { break };
            from = [&last[..], &[0]].concat();
            for (key, stored) in page {
                if let Some(fault) = self.one(&key, stored)? {
                    return Ok(Some(fault));
                }
            }
        }
        let (before, end) = (self.before, self.row.head);
        Ok(match self.anchor {
            _ if before.number < end.number => Some((before.number + 1, AuditFault::Missing)),
            _ if before != end => Some((end.number, AuditFault::Head)),
            Some(anchor) if anchor.number > before.number && !fault::on("audit-cut-unseen") => {
                Some((before.number + 1, AuditFault::Cut))
            }
            _ => None,
        })
    }

    fn one(&mut self, key: &[u8], stored: Vec<u8>) -> Result<Found, Failure> {
        let number = self.before.number + 1;
        if tables::audit_of(key) != Some(number) {
            // What lies beyond the end is no gap.
            let fault = if number > self.row.head.number { AuditFault::Beyond } else { AuditFault::Missing };
            return Ok(Some((number, fault)));
        }
        if number > self.row.head.number {
            return Ok(Some((number, AuditFault::Beyond)));
        }
        let Some(payload) = unless_damaged(self.view.open(AUDIT, key, stored))? else {
            return Ok(Some((number, AuditFault::Damaged)));
        };
        if !entry::follows(self.before, number, &payload) && !fault::on("audit-altered-unseen") {
            return Ok(Some((number, AuditFault::Altered)));
        }
        let Ok(entry) = AuditEntry::decode(number, &payload) else {
            return Ok(Some((number, AuditFault::Damaged)));
        };
        if let Some(draft) = entry.draft {
            let row = self.view.get(AUDIT_DRAFTS, &DraftKey { space: self.space, draft }.audited(number));
            if unless_damaged(row)?.flatten().is_none() {
                return Ok(Some((number, AuditFault::Index)));
            }
        }
        self.before = entry.head();
        Ok(self.hold())
    }

    /// Holds the entry that was just proven against the anchor, where it is the one that the anchor names.
    fn hold(&mut self) -> Found {
        let anchor = self.anchor.filter(|anchor| anchor.number == self.before.number)?;
        self.is_anchored = true;
        let is_other = anchor.hash != self.before.hash && !fault::on("audit-anchor-unheld");
        is_other.then_some((anchor.number, AuditFault::NotTheAnchor))
    }

    /// The index names every entry about a draft; here, that it names no others.
    fn index(&self) -> Result<Found, Failure> {
        let mut strange: Option<u64> = None;
        each_indexed(self.view, self.space, |key, number| {
            if number > self.row.start.number && !is_about(self.view, key, number)? {
                strange = Some(strange.map_or(number, |first| first.min(number)));
            }
            Ok(())
        })?;
        Ok(strange.map(|number| (number, AuditFault::Index)))
    }
}

/// Whether an entry can be read and is about the draft.
fn is_about(view: &impl View, key: DraftKey, number: u64) -> Result<bool, Failure> {
    let entry = unless_damaged(query::entry(view, key.space, number))?;
    Ok(entry.is_some_and(|entry| entry.draft == Some(key.draft)))
}

/// Walks through the index, below the hash check.
fn each_indexed(
    view: &Committed,
    space: SpaceNo,
    mut visit: impl FnMut(DraftKey, u64) -> Result<(), Failure>,
) -> Result<(), Failure> {
    let to = tables::after(&space.to_be_bytes());
    let mut from = space.to_be_bytes().to_vec();
    loop {
        let scan = Scan { from: &from, to: to.as_deref(), order: Order::Ascending, limit: PAGE };
        let page = view.snapshot.scan(AUDIT_DRAFTS, scan)?;
        let Some((last, _)) = page.last() else { return Ok(()) };
        from = [&last[..], &[0]].concat();
        for (key, _) in page {
            if let (Some(draft), Some(number)) = (DraftKey::parse(&key), tables::audited_of(&key)) {
                visit(draft, number)?;
            }
        }
    }
}

/// Goes on with an audit whose row is damaged, and writes the index anew where it differs from the entries. Says how many records
/// it wrote. What an entry says cannot be built from anything else.
pub(crate) fn repair(write: &mut Write<'_>, space: SpaceNo, trace: TraceId) -> Result<u64, Failure> {
    let mut written = if record::resume(write, space, trace)? { 2 } else { 0 };
    let name = write.space(space)?.name;
    let row = state::read(write.txn, space, &name)?;
    let mut wrong = Vec::new();
    each_indexed(&write.txn.committed, space, |key, number| {
        let row = unless_damaged(write.txn.get(AUDIT_DRAFTS, &key.audited(number)))?;
        if row.is_none() || !is_about(write.txn, key, number)? {
            wrong.push(key.audited(number));
        }
        Ok(())
    })?;
    written += wrong.len() as u64;
    wrong.into_iter().for_each(|key| write.delete(AUDIT_DRAFTS, key));
    for number in row.start.number.saturating_add(1)..=row.head.number {
        let entry = unless_damaged(query::entry(write.txn, space, number))?;
        let Some(draft) = entry.and_then(|entry| entry.draft) else { continue };
        let key = DraftKey { space, draft }.audited(number);
        if write.get(AUDIT_DRAFTS, &key)?.is_none() {
            write.put(AUDIT_DRAFTS, key, Writer::new(1).finish());
            written += 1;
        }
    }
    Ok(written)
}
