//! Counting anew what a space has, where damage has made its counts wrong.

use super::engine::{Inner, Write};
use super::handle::Hub;
use super::rows::{DraftRow, SpaceRow};
use super::tables::{ROWS, SPACES, SpaceKey};
use super::{bodies, looking};
use crate::error::{Failure, Result};
use crate::id::DraftId;
use crate::records::view::View;

/// Spaces that are looked up at once.
const PAGE: usize = 64;

impl Hub {
    /// Builds anew what can be built from something else: how many forks, bytes and erased drafts each space has. Returns how many spaces it wrote.
    ///
    /// A body that is damaged cannot be counted when it goes, so the space seems to take more than it does from then on. What else is
    /// damaged stays as it is: [`verify`](Self::verify) names it, and a backup brings it back.
    ///
    /// Costs reading the rows of all revisions. Pushes wait while their space, and what shares a commit with it, is counted.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::Corrupt`](crate::ErrorKind::Corrupt): a row of a space, or of a draft in it, is damaged; what was counted before stays
    /// counted. Any other: the storage failed.
    pub fn repair(&self) -> Result<u64> {
        let (mut after, mut written) = (None::<String>, 0);
        loop {
            let page = self.spaces(after.as_deref(), PAGE)?;
            let Some(last) = page.last() else { return Ok(written) };
            after = Some(last.space.clone());
            for status in page {
                written += u64::from(self.inner().traced(|| recount(self.inner(), status.space))?);
            }
        }
    }
}

/// Writes the row of a space anew where it counts something else than there is.
fn recount(inner: &Inner, space: String) -> std::result::Result<bool, Failure> {
    let hub = inner.id;
    inner.write(move |write: &mut Write<'_>| {
        let key = SpaceKey::new(&space);
        let row = looking::space(write.txn, hub, &key, &space)?;
        let counted = count(write.txn, &key, &row)?;
        let is_wrong = counted != row;
        if is_wrong {
            write.txn.put(SPACES, key.bytes().to_vec(), counted.encode());
        }
        Ok(is_wrong)
    })
}

/// The row of a space with what there is. How many drafts it has proves that none is passed over, so that is not counted anew.
fn count(view: &impl View, key: &SpaceKey, row: &SpaceRow) -> std::result::Result<SpaceRow, Failure> {
    let mut counted = SpaceRow { forks: 0, bytes: 0, erased: 0, ..row.clone() };
    let mut drafts = 0;
    view.each(ROWS, key.bytes(), |found, bytes| {
        let row = DraftRow::decode(&bytes)?;
        let draft = found.last_chunk().map(|draft| DraftId::from_bytes(*draft));
        let draft = draft.ok_or_else(|| Failure::corrupt(None, "a row of no draft"))?;
        drafts += 1;
        counted.forks += row.forks.len() as u64;
        counted.erased += u64::from(row.erased.is_some());
        for id in row.held() {
            counted.bytes = counted.bytes.saturating_add(bodies::taken(view, key, draft, id)?);
        }
        Ok(true)
    })?;
    if drafts == row.drafts {
        Ok(counted)
    } else {
        Err(Failure::corrupt(None, format!("a space has rows of {drafts} drafts, and says that it has {}", row.drafts)))
    }
}
