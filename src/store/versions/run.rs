//! The current run of a draft's history: versions that have not been packed yet.
//!
//! A run begins with a whole document; each later version is a delta against the one right before it. A version is
//! read by walking from the run's beginning, at most [`RUN_MAX`] steps.

use crate::error::{ErrorKind, Failure};
use crate::revision::{Header, body_digest};
use crate::store::heads::{changed, whole};
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
    let mut found = None;
    walk(view, key, wanted.run, version, |walked, row, body| {
        if walked == version {
            found = Some((row, body.to_vec()));
        }
        Ok(())
    })?;
    let (row, body) = found.ok_or_else(|| Failure::corrupt(Some(key.draft), "a run of its history has a gap"))?;
    let header = Header::decode(&row.header)?;
    if body_digest(secret, &row.meta, &body) != header.digest {
        return Err(Failure::corrupt(Some(key.draft), format!("the text of version {version} does not match its id")));
    }
    Ok((row, body))
}

/// Visits the versions `first..=last` of a run with their documents; `first` is the run's beginning.
pub(crate) fn walk(
    view: &impl View,
    key: DraftKey,
    first: u64,
    last: u64,
    mut visit: impl FnMut(u64, VersionRow, &[u8]) -> Result<(), Failure>,
) -> Result<(), Failure> {
    let gap = || Failure::corrupt(Some(key.draft), "a run of its history has a gap");
    let mut body: Option<Vec<u8>> = None;
    let mut expected = first;
    let from = key.version(first);
    let to = key.version(last.saturating_add(1));
    let mut next = from;
    while expected <= last {
        let scan = crate::storage::Scan {
            from: &next,
            to: Some(&to),
            order: crate::storage::Order::Ascending,
            limit: usize::try_from(RUN_MAX).unwrap_or(usize::MAX),
        };
        let page = view.scan(VERSIONS, scan)?;
        if page.is_empty() {
            return Err(gap());
        }
        for (found, bytes) in page {
            let row = VersionRow::decode(&bytes)?;
            if version_of(&found) != Some(expected) || row.run != first {
                return Err(gap());
            }
            let current = match (&row.stored, &body) {
                (Stored::Delta(bytes), Some(before)) => changed(before, bytes)?,
                (Stored::Whole(bytes), None) => whole(bytes)?,
                (Stored::Pieces(count), None) => {
                    whole(&pieces::read(view, ANCHORS, *count, |piece| key.piece(first, piece))?)?
                }
                _ => return Err(gap()),
            };
            visit(expected, row, &current)?;
            body = Some(current);
            next = found;
            next.push(0);
            expected += 1;
        }
    }
    Ok(())
}
