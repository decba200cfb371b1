//! Bodies that are deltas of others: which of them a hub takes, so that each one comes back with all that it takes to read it.

use super::bodies;
use super::rows::{BASES_MAX, DraftRow};
use super::tables::SpaceKey;
use crate::error::Failure;
use crate::fault;
use crate::id::RevisionId;
use crate::records::view::View;
use crate::transport::{BODY_MAX, CHAIN_MAX, Push};
use std::collections::BTreeSet;

/// Why a pushed body cannot build on the base that it names; none where it can, or names none. `held` is what the row keeps.
pub(super) fn refusal(
    view: &impl View,
    space: &SpaceKey,
    row: Option<&DraftRow>,
    held: &BTreeSet<RevisionId>,
    (push, revision_bytes): (&Push, usize),
) -> Result<Option<String>, Failure> {
    let Some(base) = push.base.filter(|_| !fault::on("hub-takes-deltas-of-what-it-lacks")) else { return Ok(None) };
    let Some(row) = row.filter(|_| held.contains(&base)) else {
        return Ok(Some("this hub does not have the body that this one builds on; send it whole".to_owned()));
    };
    let deltas = row.chain(base).len() + 1;
    if deltas > CHAIN_MAX && !fault::on("hub-takes-chains-of-any-length") {
        return Ok(Some(format!("a body builds on at most {CHAIN_MAX} others, not {deltas}; send it whole")));
    }
    if row.bases.len() >= BASES_MAX {
        return Ok(Some(format!("this hub keeps at most {BASES_MAX} deltas of one draft; send it whole")));
    }
    // As long as a whole one may be, so that it can always be given.
    let most = BODY_MAX.min(revision_bytes.saturating_sub(push.revision.header().len()));
    let together = bodies::together(view, space, (push.revision.draft(), row), base)? + push.revision.body().len();
    if together > most {
        let reason = format!("a body and those that it builds on have at most {most} bytes, not {together}");
        return Ok(Some(format!("{reason}; send it whole")));
    }
    Ok(None)
}
