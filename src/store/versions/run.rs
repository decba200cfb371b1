//! The current run of a draft's history: versions that have not been packed yet.
//!
//! A run begins with a whole document; each later version is a delta against the one right before it. A version is
//! read by walking from the run's beginning, at most [`RUN_MAX`] steps.

use crate::error::{ErrorKind, Failure};
use crate::revision::{Header, body_digest};
use crate::storage::{Order, Scan};
use crate::store::heads::{DOCUMENT_MAX, changed, whole};
use crate::store::history::delta;
use crate::store::history::gap::GapBuffer;
use crate::store::pieces;
use crate::store::rows::{Stored, VersionRow};
use crate::store::tables::{ANCHORS, DraftKey, VERSIONS, version_of};
use crate::store::view::View;

/// The most versions in a run: how many steps reading a version may take.
pub(crate) const RUN_MAX: u64 = 64;

/// The row of a version that is not packed.
pub(crate) fn row(view: &impl View, key: DraftKey, version: u64) -> Result<Option<VersionRow>, Failure> {
    let bytes = view.get(VERSIONS, &key.version(version))?;
    bytes.map(|bytes| Ok(VersionRow::decode(&bytes)?)).transpose()
}

/// A version that is not packed, with its document, which is checked against the digest in its header.
pub(crate) fn read(
    view: &impl View,
    secret: &[u8; 32],
    key: DraftKey,
    version: u64,
) -> Result<(VersionRow, Vec<u8>), Failure> {
    let wanted = row(view, key, version)?.ok_or(ErrorKind::NoSuchVersion { draft: key.draft, version })?;
    let mut buffer: Option<GapBuffer> = None;
    rows(view, key, wanted.run, version, |row| {
        match (&row.stored, &mut buffer) {
            (Stored::Delta(bytes), Some(buffer)) => delta::apply_in_place(buffer, bytes, DOCUMENT_MAX)
                .map_err(|error| Failure::corrupt(Some(key.draft), "a delta cannot be applied").because(error))?,
            _ => buffer = Some(GapBuffer::new(beginning(view, key, wanted.run, row)?)),
        }
        Ok(())
    })?;
    let body = buffer.ok_or_else(|| gap(key))?.into_vec();
    let header = Header::decode(&wanted.header)?;
    if body_digest(secret, &wanted.meta, &body) != header.digest {
        return Err(Failure::corrupt(Some(key.draft), format!("the text of version {version} does not match its id")));
    }
    Ok((wanted, body))
}

/// Visits the versions `first..=last` of a run with their documents; `first` is the run's beginning.
pub(crate) fn walk(
    view: &impl View,
    key: DraftKey,
    first: u64,
    last: u64,
    mut visit: impl FnMut(u64, &VersionRow, &[u8]) -> Result<(), Failure>,
) -> Result<(), Failure> {
    let mut body: Option<Vec<u8>> = None;
    let mut version = first;
    rows(view, key, first, last, |row| {
        let current = match (&row.stored, &body) {
            (Stored::Delta(bytes), Some(before)) => changed(before, bytes)?,
            _ => beginning(view, key, first, row)?,
        };
        visit(version, row, &current)?;
        body = Some(current);
        version += 1;
        Ok(())
    })
}

fn gap(key: DraftKey) -> Failure {
    Failure::corrupt(Some(key.draft), "a run of its history has a gap")
}

/// The whole document that a run begins with.
fn beginning(view: &impl View, key: DraftKey, run: u64, row: &VersionRow) -> Result<Vec<u8>, Failure> {
    match &row.stored {
        Stored::Whole(bytes) => whole(bytes),
        Stored::Pieces(count) => whole(&pieces::read(view, ANCHORS, *count, |piece| key.piece(run, piece))?),
        Stored::Delta(_) => Err(gap(key)),
    }
}

/// Visits the rows `first..=last` of a run. None may be missing, and only the first holds a whole document.
fn rows(
    view: &impl View,
    key: DraftKey,
    first: u64,
    last: u64,
    mut visit: impl FnMut(&VersionRow) -> Result<(), Failure>,
) -> Result<(), Failure> {
    let to = key.version(last.saturating_add(1));
    let mut next = key.version(first);
    let mut expected = first;
    while expected <= last {
        let limit = usize::try_from(RUN_MAX).unwrap_or(usize::MAX);
        let page = view.scan(VERSIONS, Scan { from: &next, to: Some(&to), order: Order::Ascending, limit })?;
        if page.is_empty() {
            return Err(gap(key));
        }
        for (found, bytes) in page {
            let row = VersionRow::decode(&bytes)?;
            let is_first = !matches!(row.stored, Stored::Delta(_));
            if version_of(&found) != Some(expected) || row.run != first || is_first != (expected == first) {
                return Err(gap(key));
            }
            visit(&row)?;
            next = found;
            next.push(0);
            expected += 1;
        }
    }
    Ok(())
}
