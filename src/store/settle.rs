//! The end of an open conflict: somebody decided.

use super::append::{self, New};
use super::cache::Body;
use super::change::{Place, Text, check_saves, kind_of, open_head, refuse_newer_schema, typed_as};
use super::heads;
use super::remote::contains;
use super::remote::integrate::enter_slot;
use super::sides::{self, Side};
use super::tables::DraftKey;
use super::write::Write;
use crate::error::{ErrorKind, Failure};
use crate::fault;
use crate::id::RevisionId;
use crate::phase::{self, Phase, Stage};
use crate::revision::{Header, Meta};

/// What a person was shown of a conflict.
#[derive(Debug, Clone)]
pub(crate) struct Shown {
    pub(crate) head: RevisionId,
    /// The head's text: one that a checkpoint or a phase wrote once more is the same to a person.
    pub(crate) body: Body,
    /// The sides that were decided on; others stay in conflict.
    pub(crate) sides: Vec<u64>,
}

/// Settles sides of an open conflict with a text that a person decided on: it contains the head and them.
pub(crate) fn settle(
    write: &mut Write<'_>,
    place: &Place,
    key: DraftKey,
    shown: &Shown,
    text: Text,
) -> Result<Settled, Failure> {
    let head = open_head(write, key)?;
    let digests = place.keys.digests();
    let current = heads::body(write.txn, write.bodies, &digests, key, &head)?;
    let open = sides::read(write.txn, key, &head)?;
    let is_shown = |side: &Side| shown.sides.contains(&side.version);
    let (decided, left): (Vec<Side>, Vec<Side>) = open.into_iter().partition(is_shown);
    if decided.is_empty() && *current == *text.body && text.schema == head.header.schema {
        return Ok(Settled::Before(head.row.version));
    }
    // What was settled in the archive stays there.
    if head.header.phase == Phase::Discarded {
        check_saves(&head)?;
    }
    refuse_newer_schema(&head, text.schema)?;
    let is_as_shown = (head.id() == shown.head || *current == *shown.body) && decided.len() == shown.sides.len();
    if !is_as_shown && !fault::on("conflict-settled-unseen") {
        return Err(ErrorKind::Stale { draft: key.draft, head: head.row.version }.into());
    }
    let mut vector = head.header.vector.clone();
    let mut settled = Vec::with_capacity(decided.len());
    let mut together = stage(&head.header, &head.meta);
    for side in decided {
        let whole = sides::whole(write.txn, &digests, key, side)?;
        if !fault::on("settled-without-its-phase") {
            together = phase::settled(&together, &stage(&whole.header, &Meta::decode(&whole.meta)?));
        }
        vector = vector.joined(&whole.header.vector);
        settled.push((side, whole));
    }
    let kind = kind_of(write, place.space, &head)?;
    let (mut header, mut meta) = typed_as(write, place, &head, &vector, &text)?;
    (header.phase, header.promoted) = (together.phase, together.promoted);
    (meta.outcome, meta.discarded_from) = (together.outcome, together.discarded_from);
    header.parents.extend(settled.iter().map(|(_, whole)| whole.id));
    header.parents.sort_unstable();
    header.parents.dedup();
    settled.iter().for_each(|(side, _)| sides::remove(write, key, *side));
    let before = head.with_sides(left.len() as u64);
    let (kind_name, of_slot) = (header.kind.clone(), meta.clone());
    let new = New { header, meta, body: text.body, aside: false };
    let written = append::append(write, place.belongs(key.draft, kind), Some(&before), new)?;
    enter_slot(write, place, key, &kind_name, &of_slot)?;
    for (side, whole) in &settled {
        contains::settled(write, key, (side.version, whole), written.version)?;
    }
    Ok(Settled::Now(written.version))
}

/// Where a revision is in the draft's life.
pub(crate) fn stage(header: &Header, meta: &Meta) -> Stage {
    Stage {
        phase: header.phase,
        promoted: header.promoted,
        outcome: meta.outcome.clone(),
        discarded_from: meta.discarded_from,
    }
}

/// When sides of a conflict were settled, with the version that did it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Settled {
    Now(u64),
    /// By an earlier call whose end nobody saw.
    Before(u64),
}
