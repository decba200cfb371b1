//! Every draft that a space knows anything of.

use super::marker;
use crate::error::Failure;
use crate::id::DraftId;
use crate::records::checking;
use crate::storage::Table;
use crate::store::tables::{DraftKey, HEADS, REMOTES, SpaceNo, TOMBSTONES, VERSIONS};
use crate::store::view::Committed;
use std::collections::BTreeSet;

/// The bytes of a key that name the draft.
const DRAFT: usize = 4 + DraftId::LEN;

/// The drafts that any of these tables has a record of, damaged or not, in the order of their ids.
pub(crate) fn of_tables(view: &Committed, space: SpaceNo, tables: &[Table]) -> Result<BTreeSet<DraftId>, Failure> {
    let mut drafts = BTreeSet::new();
    for table in tables {
        checking::beginnings(view, *table, &space.to_be_bytes(), DRAFT, |key| {
            drafts.extend(DraftKey::parse(key).map(|key| key.draft));
            Ok(())
        })?;
    }
    Ok(drafts)
}

/// All that can be erased: what is here, what a hub has and was not taken in yet, and what was purged here and may be on a hub or on
/// other devices. Those that are erased already are none of them.
pub(crate) fn erasable(view: &Committed, space: SpaceNo) -> Result<Vec<DraftId>, Failure> {
    let mut drafts = Vec::new();
    for draft in of_tables(view, space, &[HEADS, VERSIONS, REMOTES, TOMBSTONES])? {
        if !marker::is_erased(view, DraftKey { space, draft })? {
            drafts.push(draft);
        }
    }
    Ok(drafts)
}
