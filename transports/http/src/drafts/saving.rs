//! Saving: `PUT` and `PATCH`.

use super::answer::Answer;
use super::call::Call;
use super::content::{Change, check};
use super::kinds::DocumentKind;
use super::moved::{Moved, is_stale};
use super::problem::Problem;
use super::shown::Shown;
use super::tag::Tag;
use crate::fault;
use draftkeep::{Draft, Value};

/// `PUT` and `PATCH` of a draft by its id.
pub(super) fn save_draft(call: &Call) -> Result<Answer, Problem> {
    call.if_match()?;
    let (kind, draft) = call.draft()?;
    save(call, kind, &draft)
}

/// `PUT` and `PATCH` of the slot's current draft. Creating one is the slot's business.
pub(super) fn save_current(call: &Call) -> Result<Answer, Problem> {
    call.if_match()?;
    let (kind, draft) = call.current()?;
    save(call, kind, &draft)
}

/// Saves over the head that the client has seen, or not at all.
fn save(call: &Call, kind: &DocumentKind, draft: &Draft<Value>) -> Result<Answer, Problem> {
    let (seen, limits) = (call.if_match()?, call.service.limits());
    let change = call.content.change()?;
    if let Change::Replace(document) = &change {
        check(kind, document)?;
    }
    let moved = || {
        let moved = Moved::find(call, draft, Some(&change))?;
        moved.done().map(|shown| shown.answer()).ok_or_else(|| moved.into_problem())
    };
    let head = draft.info()?;
    if !seen.names(head.revision) && !fault::on("drafts-if-match-ignored") {
        return moved();
    }
    let over =
        if fault::on("drafts-compared-before-the-commit") { draft.clone() } else { draft.expecting(head.revision) };
    let mut edit = match over.edit() {
        Err(error) if is_stale(&error) => return moved(),
        edit => edit?,
    };
    let document = change.apply(edit.as_doc(), &limits)?;
    if !fault::on("drafts-patched-unchecked") {
        check(kind, &document)?;
    }
    *edit.doc() = document;
    match edit.save() {
        Err(error) if is_stale(&error) => moved(),
        // Not `Merged` and not `Conflict`: those are answers over another head.
        saved => {
            let _ = saved?;
            Ok(Shown::of(draft, Tag { version: edit.version(), revision: edit.revision() })?.answer())
        }
    }
}
