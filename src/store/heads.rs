//! A draft's head, along either of two paths that share no record.
//!
//! The short path is the row in `HEADS` with the document in it, or with a delta against an anchor in `HEAD_ANCHORS`.
//! The other one is the last row in `VERSIONS` with its run. The tables lie in trees of their own, so one damaged
//! page does not take both. "There is no such draft" is believed only when both say so.

use super::cache::{Bodies, Body};
use super::erase::marker;
use super::history::{anchor, delta};
use super::pieces;
use super::rows::{HeadRow, Stored, VersionRow};
use super::tables::{DraftKey, HEAD_ANCHORS, HEADS, PINS, SIDES, VERSIONS, version_of};
use super::versions::run;
use super::view::View;
use crate::clock::Timestamp;
use crate::codec::Unknown;
use crate::error::Failure;
use crate::fault;
use crate::id::RevisionId;
use crate::revision::{Header, Meta, body_digest, revision_id};
use crate::storage::{Order, Scan, Table};
use std::sync::Arc;

/// The longest document that is read back; no longer one is written.
pub(crate) const DOCUMENT_MAX: usize = 16 << 20;

/// A draft as it is now, without its document.
#[derive(Debug, Clone)]
pub(crate) struct Head {
    pub(crate) row: HeadRow,
    pub(crate) header: Header,
    pub(crate) meta: Meta,
    /// Set where the short path was damaged and the row had to be put together from the history.
    pub(crate) is_rebuilt: bool,
}

impl Head {
    fn new(row: HeadRow, is_rebuilt: bool) -> Result<Self, Failure> {
        let header = Header::decode(&row.header)?;
        let meta = Meta::decode(&row.meta)?;
        Ok(Self { row, header, meta, is_rebuilt })
    }

    pub(crate) fn id(&self) -> RevisionId {
        revision_id(&self.row.header)
    }

    /// The same with so many other sides of an open conflict, for a version that is written next.
    pub(crate) fn with_sides(&self, sides: u64) -> Self {
        Self { row: HeadRow { sides, ..self.row.clone() }, ..self.clone() }
    }
}

/// Reads a draft's head; `None` where both paths agree that there is no such draft.
pub(crate) fn read(view: &impl View, key: DraftKey) -> Result<Option<Head>, Failure> {
    let short = match view.get(HEADS, &key.bytes()) {
        Ok(Some(bytes)) => HeadRow::decode(&bytes).map_err(Failure::from).and_then(|row| Head::new(row, false)),
        Ok(None) if fault::on("one-index-for-absence") => return Ok(None),
        Ok(None) => return rebuild(view, key).map_err(|failure| failure.of_draft(key.draft)),
        Err(failure) => Err(failure),
    };
    match short {
        Ok(head) => Ok(Some(head)),
        Err(failure) if failure.is_damage() => match rebuild(view, key) {
            Ok(Some(head)) => Ok(Some(head)),
            _ => Err(failure.of_draft(key.draft)),
        },
        Err(failure) => Err(failure),
    }
}

/// Puts the head's row together from the last version that is not beside the head.
fn rebuild(view: &impl View, key: DraftKey) -> Result<Option<Head>, Failure> {
    let prefix = key.bytes();
    let mut end = key.version(u64::MAX);
    let mut last = None;
    loop {
        let scan = Scan { from: &prefix, to: Some(&end), order: Order::Descending, limit: 1 };
        let Some((found, bytes)) = view.scan(VERSIONS, scan)?.pop() else {
            return match last {
                None => Ok(None),
                Some(_) if marker::is_erased(view, key)? => Ok(None),
                Some(_) => Err(Failure::corrupt(Some(key.draft), "the head is missing from the history")),
            };
        };
        let version = version_of(&found).ok_or_else(|| Failure::corrupt(None, "a key is too short"))?;
        let row = VersionRow::decode(&bytes)?;
        let (last_version, last_run) = *last.get_or_insert((version, row.run));
        if row.local.aside {
            end = found;
            continue;
        }
        // What is left of an erased draft, or was put back under it, is none: nobody is shown a text from there.
        if marker::is_erased(view, key)? && !fault::on("head-of-an-erased-draft-rebuilt") {
            return Ok(None);
        }
        let header = Header::decode(&row.header)?;
        let created_at = if header.time == Timestamp::default() { row.local.saved_at } else { header.time };
        let row = HeadRow {
            header: row.header,
            meta: row.meta,
            local: row.local,
            version,
            last: last_version,
            run: last_run,
            place: row.place,
            created_at,
            phase_since: row.local.saved_at,
            phase_days: row.local.days,
            base: 0,
            base_pieces: 0,
            stored: row.stored,
            size: row.size,
            pins: counted(view, PINS, &prefix),
            sides: counted(view, SIDES, &prefix),
            saves: None,
            unknown: Unknown::default(),
        };
        return Head::new(row, true).map(Some);
    }
}

/// How many rows of a table belong to the draft; more than there can be where that is damaged, too.
fn counted(view: &impl View, table: Table, prefix: &[u8]) -> u64 {
    let mut count = 0;
    let counted = view.each(table, prefix, |_, _| {
        count += 1;
        Ok(true)
    });
    counted.map_or(u64::MAX, |()| count)
}

/// The head's document, checked against the digest in its header.
pub(crate) fn body(
    view: &impl View,
    bodies: &Bodies,
    secret: &[u8; 32],
    key: DraftKey,
    head: &Head,
) -> Result<Body, Failure> {
    // What is kept was written or checked by this process, and is forgotten whenever a commit fails.
    if let Some(kept) = bodies.get(key)
        && kept.head.0 == head.row.version
    {
        return Ok(kept.head.1);
    }
    if !head.is_rebuilt {
        let short = along_short_path(view, key, head);
        if let Ok(body) = short
            && is_intact(secret, head, &body)
        {
            return Ok(Arc::new(body));
        }
        if fault::on("second-path-untaken") {
            return Err(Failure::corrupt(Some(key.draft), "the head's own path is damaged"));
        }
    }
    let (_, body) = run::read(view, secret, key, head.row.version).map_err(|failure| failure.of_draft(key.draft))?;
    Ok(Arc::new(body))
}

fn is_intact(secret: &[u8; 32], head: &Head, body: &[u8]) -> bool {
    body_digest(secret, &head.row.meta, body) == head.header.digest
}

fn along_short_path(view: &impl View, key: DraftKey, head: &Head) -> Result<Vec<u8>, Failure> {
    match &head.row.stored {
        Stored::Whole(bytes) => whole(bytes),
        Stored::Pieces(_) => whole(&base_bytes(view, key, &head.row)?),
        Stored::Delta(bytes) => {
            let base = whole(&base_bytes(view, key, &head.row)?)?;
            changed(&base, bytes)
        }
    }
}

/// The head's document along its own path alone, unchecked; for `verify`.
pub(crate) fn short_body(view: &impl View, key: DraftKey, head: &Head) -> Result<Vec<u8>, Failure> {
    if head.is_rebuilt { Ok(Vec::new()) } else { along_short_path(view, key, head) }
}

fn base_bytes(view: &impl View, key: DraftKey, row: &HeadRow) -> Result<Vec<u8>, Failure> {
    pieces::read(view, HEAD_ANCHORS, row.base_pieces, |piece| key.piece(row.base, piece))
}

/// The document that the head's deltas start from, where it has one.
pub(crate) fn base(view: &impl View, key: DraftKey, row: &HeadRow) -> Result<Option<Vec<u8>>, Failure> {
    if row.base_pieces == 0 {
        return Ok(None);
    }
    base_bytes(view, key, row).and_then(|bytes| whole(&bytes)).map(Some)
}

/// A document from its anchor.
pub(crate) fn whole(bytes: &[u8]) -> Result<Vec<u8>, Failure> {
    anchor::decode(bytes, DOCUMENT_MAX)
        .map_err(|error| Failure::corrupt(None, "an anchor cannot be read").because(error))
}

/// A document from the one before it.
pub(crate) fn changed(base: &[u8], bytes: &[u8]) -> Result<Vec<u8>, Failure> {
    delta::apply(base, bytes, DOCUMENT_MAX)
        .map_err(|error| Failure::corrupt(None, "a delta cannot be applied").because(error))
}
