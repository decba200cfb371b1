//! Phases: archiving, reopening, promoting, the trash; and bringing back an earlier version.

use super::answer::Answer;
use super::call::Call;
use super::moved::{Moved, is_stale, version};
use super::problem::Problem;
use super::shown::Shown;
use super::tag::Tag;
use crate::fault;
use axum::http::StatusCode;
use draftkeep::{Draft, DraftInfo, Phase, Value};

pub(super) fn archive(call: &Call) -> Result<Answer, Problem> {
    enter(call, Draft::archive, |info| info.phase == Phase::Archived)
}

pub(super) fn reopen(call: &Call) -> Result<Answer, Problem> {
    enter(call, Draft::reopen, |info| info.phase == Phase::Open)
}

pub(super) fn discard(call: &Call) -> Result<Answer, Problem> {
    enter(call, Draft::discard, |info| info.phase == Phase::Discarded)
}

pub(super) fn recover(call: &Call) -> Result<Answer, Problem> {
    enter(call, Draft::recover, |info| info.phase != Phase::Discarded)
}

/// Notes what the draft became, as the client has seen it, and archives it where that is asked for.
pub(super) fn promote(call: &Call) -> Result<Answer, Problem> {
    let asked = call.content.members(&["outcome", "archive"])?;
    let wrong = |path: &str, message: &str| {
        let way_out = "Send {\"outcome\": \"…\"}, and \"archive\": true where it shall be archived as well.";
        let title = "The body is not what is asked for";
        Problem::new(StatusCode::BAD_REQUEST, "bad-body", title, way_out).about("nothing was changed").at(path, message)
    };
    let outcome = asked.get("outcome").and_then(Value::as_str).ok_or_else(|| wrong("/outcome", "it has to be text"))?;
    let is_archived = match asked.get("archive") {
        None => false,
        Some(archive) => archive.as_bool().ok_or_else(|| wrong("/archive", "it has to be true or false"))?,
    };
    let phase = if is_archived { Phase::Archived } else { Phase::Promoted };
    let act = |draft: &Draft<Value>| {
        if is_archived { draft.promote_and_archive(outcome) } else { draft.promote(outcome) }
    };
    enter(call, act, |info| info.phase == phase && info.outcome.as_deref() == Some(outcome))
}

/// Carries out a change that leaves the document as it is, over the head that the client has seen.
fn enter(
    call: &Call,
    act: impl Fn(&Draft<Value>) -> draftkeep::Result<()>,
    is_done: impl Fn(&DraftInfo) -> bool,
) -> Result<Answer, Problem> {
    let seen = call.if_match()?;
    let (_, draft) = call.draft()?;
    let head = draft.info()?;
    if seen.names(head.revision) || fault::on("drafts-phase-entered-unseen") {
        match act(&draft.expecting(head.revision)) {
            Ok(()) => return after(&draft, &head),
            Err(error) if is_stale(&error) => {}
            Err(error) => return Err(error.into()),
        }
    } else if is_done(&head) && is_next(call, &draft, &head)? {
        return Ok(Shown { info: head, document: None }.answer());
    }
    Err(Moved::find(call, &draft, None)?.into_problem())
}

/// Whether the head came right after what the client has seen, with the same document: its answer was lost, and it asks again.
///
/// With another document it is somebody's save, and its tag would let the client write over what it never saw.
fn is_next(call: &Call, draft: &Draft<Value>, head: &DraftInfo) -> Result<bool, Problem> {
    let seen = call.if_match()?;
    let Some(before) = version(draft, head.version.saturating_sub(1))? else { return Ok(false) };
    let is_next = seen.names(before.revision);
    Ok(is_next && version(draft, head.version)?.is_some_and(|head| head.doc == before.doc))
}

/// The draft after such a change, and never a later state with a document that the client does not know.
fn after(draft: &Draft<Value>, head: &DraftInfo) -> Result<Answer, Problem> {
    let info = draft.info()?;
    if info.revision == head.revision {
        return Ok(Shown { info, document: None }.answer());
    }
    let next = draft.at(head.version + 1)?;
    let before = draft.at(head.version)?;
    let shown = if next.doc == before.doc || fault::on("drafts-tag-of-what-was-not-seen") { next } else { before };
    let tag = Tag { version: shown.info.version, revision: shown.revision };
    Ok(Shown::of(draft, tag)?.answer())
}

/// Makes an earlier version's document the head again.
pub(super) fn restore(call: &Call) -> Result<Answer, Problem> {
    let asked = call.content.members(&["version"])?;
    let number = asked.get("version").and_then(Value::as_number).and_then(|number| number.to_string().parse().ok());
    let number: u64 = number.ok_or_else(|| {
        let way_out = "Send {\"version\": …} with a number of the draft's history.";
        let title = "The body is not what is asked for";
        let problem = Problem::new(StatusCode::BAD_REQUEST, "bad-body", title, way_out).about("nothing was changed");
        problem.at("/version", "it has to be a number from 1 on")
    })?;
    let seen = call.if_match()?;
    let (_, draft) = call.draft()?;
    let head = draft.info()?;
    let wanted = draft.at(number)?.doc;
    if seen.names(head.revision) || fault::on("drafts-restored-unseen") {
        match draft.expecting(head.revision).restore(number) {
            Ok(restored) => return Ok(Shown::version(draft.info()?, draft.at(restored)?).answer()),
            Err(error) if is_stale(&error) => {}
            Err(error) => return Err(error.into()),
        }
    } else if version(&draft, head.version.saturating_sub(1))?.is_some_and(|before| seen.names(before.revision)) {
        let shown = Shown::head(&draft)?;
        if shown.info.revision == head.revision && shown.document.as_ref() == Some(&wanted) {
            return Ok(shown.answer());
        }
    }
    Err(Moved::find(call, &draft, None)?.into_problem())
}
