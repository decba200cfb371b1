//! Asking the application's validator about pushes, before they have their turn: nobody waits for it but who pushes.

use super::bodies;
use super::looking;
use super::options::HubOptions;
use super::rows::DraftRow;
use super::tables::{CONTAINED, SpaceKey};
use crate::error::Failure;
use crate::fault;
use crate::id::{DraftId, RevisionId};
use crate::records::view::View;
use crate::transport::{Base, CHAIN_MAX, Push, Revision};
use std::collections::BTreeMap;

/// What is known of a pushed document when the push has its turn.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Verdict {
    /// Nothing is to be said against it.
    Fine,
    /// The same, if what its body builds on is still what it was when the draft's row stood at this number.
    FineUpon {
        /// The draft.
        draft: DraftId,
        /// The number; none where the hub had nothing of the draft.
        stood: Option<u64>,
    },
    /// It is refused, with the reason for people.
    Refused(String),
    /// What its body builds on was not here, so nobody has read it.
    Unread,
}

/// Looks at pushes, each as it would be once those before it are taken. Where there is no validator all are fine, and nothing is read.
pub(super) fn look<V: View>(
    options: &HubOptions,
    view: impl FnOnce() -> Result<V, Failure>,
    (key, space): (&SpaceKey, &str),
    pushes: &[Push],
) -> Result<Vec<Verdict>, Failure> {
    let Some(validator) = &options.validator else { return Ok(vec![Verdict::Fine; pushes.len()]) };
    let view = view()?;
    let (mut earlier, mut verdicts) = (BTreeMap::new(), Vec::with_capacity(pushes.len()));
    for push in pushes {
        let (draft, id) = (push.revision.draft(), push.revision.id());
        // What the main contains it contains for good: this push changes nothing. What is too long is refused for that.
        let is_settled =
            view.get(CONTAINED, &key.revision(draft, id))?.is_some() || push.revision.bytes() > options.revision_bytes;
        let row = looking::draft(&view, key, draft)?;
        let verdict = if is_settled || row.as_ref().is_some_and(|row| row.erased.is_some()) {
            Verdict::Fine
        } else {
            match whole(&view, key, row.as_ref(), &earlier, push)? {
                Some(revision) => match validator.refusal(space, &revision) {
                    Some(reason) => Verdict::Refused(reason),
                    None if push.base.is_some() => Verdict::FineUpon { draft, stood: row.map(|row| row.seq) },
                    None => Verdict::Fine,
                },
                None => Verdict::Unread,
            }
        };
        verdicts.push(verdict);
        earlier.insert((draft, id), push);
    }
    Ok(verdicts)
}

/// Where a draft moved on since its bodies were read, what was read may be another text than what is here now: nobody has read that.
pub(super) fn still_fine(view: &impl View, key: &SpaceKey, verdict: Verdict) -> Result<Verdict, Failure> {
    let Verdict::FineUpon { draft, stood } = verdict else { return Ok(verdict) };
    let stands = looking::draft(view, key, draft)?.map(|row| row.seq);
    let is_the_same = stands == stood || fault::on("hub-trusts-what-it-read-before");
    Ok(if is_the_same { verdict } else { Verdict::Unread })
}

/// The pushed revision with all that its body builds on: on what the hub has, and on pushes before it in the same request. None where
/// something is missing, or cannot be read: then it is asked for whole.
fn whole(
    view: &impl View,
    key: &SpaceKey,
    row: Option<&DraftRow>,
    earlier: &BTreeMap<(DraftId, RevisionId), &Push>,
    push: &Push,
) -> Result<Option<Revision>, Failure> {
    let draft = push.revision.draft();
    let held = row.map(DraftRow::held).unwrap_or_default();
    let (mut base, mut above) = (push.base, Vec::new());
    let mut chain = Vec::new();
    while let Some(id) = base {
        if above.len() == CHAIN_MAX {
            return Ok(None);
        }
        // A body that the hub has stays as it is, in whatever form it comes again.
        if let Some(row) = row.filter(|_| held.contains(&id)) {
            match bodies::read_within(view, key, (draft, row), id, usize::MAX) {
                Ok(Ok(found)) => {
                    chain.extend_from_slice(found.chain());
                    chain.push(Base { id, body: found.body().to_vec() });
                }
                Ok(Err(_)) => return Ok(None),
                Err(failure) if failure.is_damage() => return Ok(None),
                Err(failure) => return Err(failure),
            }
            break;
        }
        let Some(found) = earlier.get(&(draft, id)) else { return Ok(None) };
        above.push(Base { id, body: found.revision.body().to_vec() });
        base = found.base;
    }
    chain.extend(above.into_iter().rev());
    Ok(push.revision.clone().with_chain(chain).ok())
}
