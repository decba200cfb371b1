//! How many entries of an audit are kept. The oldest go, and what the rest is chained to stays.

use super::entry::AuditEntry;
use super::query;
use super::state::{self, AuditRow};
use crate::error::{Failure, unless_damaged};
use crate::fault;
use crate::store::retention::has_passed;
use crate::store::space::SpaceCore;
use crate::store::tables::{self, AUDIT, AUDIT_DRAFTS, DraftKey, SpaceNo};
use crate::store::write::Write;
use std::time::Duration;

/// Entries that one commit drops at most.
const TRIMMED_MAX: usize = 256;

/// How many entries of a space's audit are kept; all of them by default.
///
/// The oldest are dropped, at most 256 with each entry that is written, and all that are due when the space is opened. The
/// number and hash of the last that was dropped stay, so that the others can be [verified](crate::Space::verify_audit) as
/// before. An entry takes some 310 bytes, with its place in the index.
///
/// ```
/// use draftkeep::{AuditRetention, Options};
/// use std::time::Duration;
///
/// let year = Duration::from_secs(365 * 24 * 60 * 60);
/// let options = Options::new().audit_retention(AuditRetention::all().last(100_000).younger_than(year));
/// # drop(options);
/// ```
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct AuditRetention {
    last: Option<u64>,
    younger_than: Option<Duration>,
}

impl AuditRetention {
    /// All of them.
    #[must_use]
    pub const fn all() -> Self {
        Self { last: None, younger_than: None }
    }

    /// The last ones, this many; at least one.
    #[must_use]
    pub const fn last(mut self, count: u64) -> Self {
        self.last = Some(if count == 0 { 1 } else { count });
        self
    }

    /// Those that are younger. Age is counted twice, by the clock and by the days on which the space was opened, so that a clock
    /// that is wrong drops nothing; an entry that is younger by either keeps those behind it.
    #[must_use]
    pub const fn younger_than(mut self, age: Duration) -> Self {
        self.younger_than = Some(age);
        self
    }

    fn is_all(self) -> bool {
        self == Self::all()
    }
}

/// Drops entries that are not kept any more; says how many.
pub(super) fn trim(write: &mut Write<'_>, space: SpaceNo, row: &mut AuditRow, days: u64) -> Result<usize, Failure> {
    let keep = write.settings.audit_retention;
    if keep.is_all() {
        return Ok(0);
    }
    let kept = row.head.number.saturating_sub(row.start.number);
    let over = row.start.number + keep.last.map_or(0, |last| kept.saturating_sub(last));
    let is_old = |entry: &AuditEntry, write: &Write<'_>| {
        keep.younger_than.is_some_and(|age| has_passed(age, entry.at, write.now, entry.days, days))
    };
    let (mut drop, mut last) = (Vec::new(), None);
    for number in (row.start.number + 1..=row.head.number).take(TRIMMED_MAX) {
        match unless_damaged(query::entry(write.txn, space, number))? {
            Some(entry) if number <= over || is_old(&entry, write) => {
                drop.push((number, entry.draft));
                last = Some((drop.len(), entry.head()));
            }
            // It goes with the next one that can be read: what that says is what the rest is chained to.
            None if number <= over || keep.younger_than.is_some() => drop.push((number, None)),
            _ => break,
        }
    }
    let Some((count, head)) = last else { return Ok(0) };
    for (number, draft) in drop.into_iter().take(count) {
        write.delete(AUDIT, tables::audit(space, number));
        if let Some(draft) = draft {
            write.delete(AUDIT_DRAFTS, DraftKey { space, draft }.audited(number));
        }
    }
    row.start.number = head.number;
    if !fault::on("audit-trimmed-without-its-hash") {
        row.start.hash = head.hash;
    }
    Ok(count)
}

/// Drops what became due since the last entry was written.
pub(crate) fn trim_on_opening(space: &SpaceCore) -> Result<(), Failure> {
    if space.engine.settings.audit_retention.is_all() {
        return Ok(());
    }
    let no = space.no;
    loop {
        let trimmed = space.engine.write(move |write| {
            let owner = write.space(no)?;
            // A damaged audit is no reason not to open the space.
            let Some(mut row) = unless_damaged(state::read(write.txn, no, &owner.name))? else { return Ok(0) };
            let trimmed = trim(write, no, &mut row, owner.days)?;
            if trimmed > 0 {
                write.put(AUDIT, tables::audit(no, 0), row.encode());
            }
            Ok(trimmed)
        })?;
        if trimmed == 0 {
            return Ok(());
        }
    }
}
