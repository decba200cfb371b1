//! The feed: every draft stands in it once, at its last change.

use super::bodies;
use super::looking;
use super::rows::{DraftRow, FeedRow, SpaceRow};
use super::tables::{FEED, SpaceKey, number_of};
use crate::codec::Unknown;
use crate::error::Failure;
use crate::fault;
use crate::id::DraftId;
use crate::records::txn::Txn;
use crate::records::view::View;
use crate::storage::{Order, Scan};
use crate::transport::{ErasedRow, Main, Page, Revision, Row};

/// What a row costs in an answer beside its main's revision and its forks.
const ROW_BYTES: usize = 128;

/// Moves a draft from where it stood to `seq`, the end of the feed. `space` is still as it was before.
pub(super) fn advance(
    txn: &mut Txn,
    key: &SpaceKey,
    space: &SpaceRow,
    draft: DraftId,
    stood: Option<u64>,
    seq: u64,
) -> Result<(), Failure> {
    let mut before = space.position.seq;
    if let Some(stood) = stood {
        let found = txn.get(FEED, &key.number(stood))?.ok_or_else(|| gap(stood))?;
        let found = FeedRow::decode(&found)?;
        if found.draft != draft {
            return Err(Failure::corrupt(Some(draft), "another draft stands in its place in the feed"));
        }
        txn.delete(FEED, key.number(stood));
        if stood == before {
            before = found.before;
        } else {
            let (next, mut row) = rows(txn, key, stood, 1)?.pop().ok_or_else(|| gap(before))?;
            if row.before != stood {
                return Err(gap(row.before));
            }
            row.before = found.before;
            txn.put(FEED, key.number(next), row.encode());
        }
    }
    txn.put(FEED, key.number(seq), FeedRow { draft, before, unknown: Unknown::default() }.encode());
    Ok(())
}

/// A draft at its place in the feed.
pub(super) struct Entry {
    pub(super) seq: u64,
    pub(super) draft: DraftId,
}

/// The drafts that changed after a number, at most `limit`, and whether there are more. Each is held against the one before it, so
/// that none is passed over.
pub(super) fn entries(
    view: &impl View,
    key: &SpaceKey,
    space: &SpaceRow,
    from: u64,
    limit: usize,
) -> Result<(Vec<Entry>, bool), Failure> {
    let found = rows(view, key, from, limit.saturating_add(1))?;
    let end = found.last().map_or(from, |(seq, _)| *seq);
    if found.len() <= limit && end < space.position.seq {
        return Err(gap(space.position.seq));
    }
    let (more, mut stood, mut entries) = (found.len() > limit, from, Vec::new());
    for (seq, row) in found.into_iter().take(limit) {
        let follows = if entries.is_empty() { row.before <= from } else { row.before == stood };
        if !follows && !fault::on("hub-believes-one-absence") {
            return Err(gap(row.before));
        }
        stood = seq;
        entries.push(Entry { seq, draft: row.draft });
    }
    if from == 0 && !more && entries.len() as u64 != space.drafts {
        return Err(Failure::corrupt(None, "the feed of a space has not as many drafts as the space"));
    }
    Ok((entries, more))
}

/// The row of a draft that stands at this number in the feed.
pub(super) fn standing(view: &impl View, key: &SpaceKey, draft: DraftId, seq: u64) -> Result<DraftRow, Failure> {
    let row = looking::draft(view, key, draft)?.filter(|row| row.seq == seq);
    row.ok_or_else(|| Failure::corrupt(Some(draft), "row and feed do not agree"))
}

/// The rows that changed after a number, as many as fit.
pub(super) fn page(
    view: &impl View,
    key: &SpaceKey,
    space: &SpaceRow,
    from: u64,
    limit: usize,
    bytes_max: usize,
) -> Result<Page, Failure> {
    let (entries, more) = entries(view, key, space, from, limit)?;
    let mut page = Page { after: from, rows: Vec::new(), erased: Vec::new(), more };
    let mut left = bytes_max;
    for Entry { seq, draft } in entries {
        let row = standing(view, key, draft, seq)?;
        if let Some(marker) = row.marker(draft) {
            page.erased.push(ErasedRow { seq, marker });
            left = left.saturating_sub(ROW_BYTES);
            continue;
        }
        let is_first = page.rows.is_empty() && page.erased.is_empty();
        let Some(row) = fitting(view, key, draft, &row, &mut left, bytes_max, is_first)? else {
            page.more = true;
            break;
        };
        page.rows.push(row);
    }
    Ok(page)
}

/// The row as it is sent. Its main comes whole as long as there is room; where there is not, but would be in the next answer, the
/// row has to wait for that, unless it has to come now.
fn fitting(
    view: &impl View,
    key: &SpaceKey,
    draft: DraftId,
    row: &DraftRow,
    left: &mut usize,
    bytes_max: usize,
    has_to_come: bool,
) -> Result<Option<Row>, Failure> {
    let revision = match bodies::read_within(view, key, (draft, row), row.main, *left)? {
        Ok(revision) => Some(revision),
        Err(length) if length <= bytes_max && !has_to_come => return Ok(None),
        Err(_) => None,
    };
    let length = revision.as_ref().map_or(0, Revision::bytes);
    *left = left.saturating_sub(length + ROW_BYTES + row.forks.len() * 32);
    Ok(Some(Row { draft, seq: row.seq, main: Main { id: row.main, revision }, forks: row.fork_ids() }))
}

/// The row for an answer that has to have it, with its main as far as there is room.
pub(super) fn row(
    view: &impl View,
    key: &SpaceKey,
    draft: DraftId,
    row: &DraftRow,
    left: &mut usize,
) -> Result<Option<Row>, Failure> {
    fitting(view, key, draft, row, left, 0, true)
}

/// Rows of the feed behind a number, with their numbers.
fn rows(view: &impl View, key: &SpaceKey, from: u64, limit: usize) -> Result<Vec<(u64, FeedRow)>, Failure> {
    let Some(first) = from.checked_add(1) else { return Ok(Vec::new()) };
    let (first, end) = (key.number(first), [&key.number(u64::MAX)[..], &[0]].concat());
    let scan = Scan { from: &first, to: Some(&end), order: Order::Ascending, limit };
    let found = view.scan(FEED, scan)?.into_iter();
    found.map(|(key, bytes)| Ok((number_of(&key).unwrap_or_default(), FeedRow::decode(&bytes)?))).collect()
}

fn gap(number: u64) -> Failure {
    Failure::corrupt(None, format!("row {number} of a feed is missing"))
}
