//! Reading entries, the oldest first: all of a space, those about a draft, those of a time.

use super::entry::AuditEntry;
use super::state::AuditRow;
use crate::clock::Timestamp;
use crate::error::Failure;
use crate::id::DraftId;
use crate::records::numbered;
use crate::records::view::View;
use crate::storage::{Order, Scan};
use crate::store::tables::{self, AUDIT, AUDIT_DRAFTS, DraftKey, SpaceNo};

/// The most entries on a page.
const PAGE_MAX: usize = 1_000;

/// The most entries that are looked at for a page.
const LOOKS_MAX: usize = 4_096;

/// Entries that are read at once.
const AT_ONCE: usize = 64;

/// Which entries of an audit are asked for.
///
/// ```
/// use draftkeep::clock::Timestamp;
/// use draftkeep::{AuditQuery, Kind, Options, Store};
///
/// let space = Store::in_memory(Options::new())?.space("alice")?;
/// let draft = space.drafts(Kind::<String>::new("note"))?.start(&String::new())?;
/// draft.discard()?;
///
/// let of_draft = space.audit(&AuditQuery::of(draft.id()))?;
/// assert_eq!(of_draft.entries.len(), 2);
/// let of_long_ago = AuditQuery::all().until(Timestamp::from_millis(1));
/// assert!(space.audit(&of_long_ago)?.entries.is_empty());
/// # Ok::<(), draftkeep::Error>(())
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct AuditQuery {
    draft: Option<DraftId>,
    after: u64,
    since: Option<Timestamp>,
    until: Option<Timestamp>,
    limit: usize,
}

/// A page of entries.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct AuditPage {
    /// The entries, the oldest first.
    pub entries: Vec<AuditEntry>,
    /// The number to go on [after](AuditQuery::after); none where there is nothing more. With a range of times a page may hold
    /// few entries, or none, and there may be more behind it all the same.
    pub next: Option<u64>,
}

impl AuditQuery {
    /// All entries.
    #[must_use]
    pub const fn all() -> Self {
        Self { draft: None, after: 0, since: None, until: None, limit: 100 }
    }

    /// The entries about a draft, also one that was purged. Costs what they cost, however long the audit is.
    #[must_use]
    pub const fn of(draft: DraftId) -> Self {
        Self { draft: Some(draft), ..Self::all() }
    }

    /// Only those behind this number.
    #[must_use]
    pub const fn after(mut self, number: u64) -> Self {
        self.after = number;
        self
    }

    /// Only those of this time or later.
    ///
    /// Clocks jump, so times decide no order: a range of times is looked for in all entries, at most 4,096 for a page.
    #[must_use]
    pub const fn since(mut self, time: Timestamp) -> Self {
        self.since = Some(time);
        self
    }

    /// Only those of before this time.
    #[must_use]
    pub const fn until(mut self, time: Timestamp) -> Self {
        self.until = Some(time);
        self
    }

    /// At most this many entries on a page; 100 unless it is set, 1 at the least and 1,000 at the most.
    #[must_use]
    pub fn limit(mut self, limit: usize) -> Self {
        self.limit = limit.clamp(1, PAGE_MAX);
        self
    }

    fn is_within(&self, entry: &AuditEntry) -> bool {
        self.since.is_none_or(|since| entry.at >= since) && self.until.is_none_or(|until| entry.at < until)
    }
}

/// One entry, which has to be there.
pub(super) fn entry(view: &impl View, space: SpaceNo, number: u64) -> Result<AuditEntry, Failure> {
    let bytes = view.get(AUDIT, &tables::audit(space, number))?;
    let bytes = bytes.ok_or_else(|| Failure::corrupt(None, format!("entry {number} of an audit is missing")))?;
    Ok(AuditEntry::decode(number, &bytes)?)
}

/// A page of entries.
pub(crate) fn page(view: &impl View, space: SpaceNo, row: &AuditRow, query: &AuditQuery) -> Result<AuditPage, Failure> {
    let mut page = AuditPage { entries: Vec::new(), next: None };
    let mut last = query.after.max(row.start.number);
    let mut looked = 0;
    loop {
        let found = match query.draft {
            Some(draft) => about(view, DraftKey { space, draft }, last)?,
            None => behind(view, space, row, last)?,
        };
        if found.is_empty() {
            return Ok(page);
        }
        for entry in found {
            if page.entries.len() == query.limit || looked == LOOKS_MAX {
                page.next = Some(last);
                return Ok(page);
            }
            looked += 1;
            last = entry.number;
            if query.is_within(&entry) {
                page.entries.push(entry);
            }
        }
    }
}

/// The next entries behind one.
fn behind(view: &impl View, space: SpaceNo, row: &AuditRow, last: u64) -> Result<Vec<AuditEntry>, Failure> {
    let numbers = last.saturating_add(1)..row.head.number.saturating_add(1);
    let found = numbered::read(view, AUDIT, |number| tables::audit(space, number), numbers, AT_ONCE)?;
    found.into_iter().map(|(number, bytes)| Ok(AuditEntry::decode(number, &bytes)?)).collect()
}

/// The next entries about a draft. Each names the one before it, so that one that the index does not show is a gap.
fn about(view: &impl View, key: DraftKey, mut last: u64) -> Result<Vec<AuditEntry>, Failure> {
    let (from, to) = (key.audited(last.saturating_add(1)), key.audited(u64::MAX));
    let scan = Scan { from: &from, to: Some(&to), order: Order::Ascending, limit: AT_ONCE };
    let mut entries = Vec::new();
    for number in view.scan(AUDIT_DRAFTS, scan)?.iter().filter_map(|(found, _)| tables::audited_of(found)) {
        let entry = entry(view, key.space, number)?;
        if entry.draft != Some(key.draft) || entry.prior > last {
            return Err(Failure::corrupt(Some(key.draft), "the audit's index does not name all entries about it"));
        }
        last = number;
        entries.push(entry);
    }
    Ok(entries)
}
