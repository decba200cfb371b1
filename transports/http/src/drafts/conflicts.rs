//! Conflicts that other devices, or other parts of the application, left in a draft: looking at one, and settling it.

use super::answer::Answer;
use super::call::Call;
use super::content::{Change, check};
use super::history;
use super::json::{Members, quoted};
use super::moved::{Moved, is_stale};
use super::problem::Problem;
use super::shown::Shown;
use super::tag::Tag;
use crate::fault;
use axum::http::StatusCode;
use draftkeep::{ConflictSide, RevisionId, Value};

/// What stands against each other.
pub(super) fn read(call: &Call) -> Result<Answer, Problem> {
    let (_, draft) = call.draft()?;
    let Some(conflict) = draft.conflict()? else { return Err(none()) };
    let ours = conflict.ours();
    let theirs = conflict
        .theirs()
        .iter()
        .enumerate()
        .map(|(number, theirs)| side(theirs).document("base", conflict.base(number)).finish());
    let paths = conflict.paths().map(|path| quoted(&path.to_string()));
    let body = Members::new()
        .raw("ours", &side(ours).finish())
        .list("theirs", theirs)
        .document("merged", Some(&conflict.merged().value))
        .list("paths", paths)
        .finish();
    Ok(Answer::json(body).tag(Tag { version: ours.info.version, revision: ours.revision }))
}

fn side(side: &ConflictSide) -> Members {
    history::members(&side.info).text("revision", &side.revision.to_string()).document("document", Some(&side.value))
}

/// Settles the head with the side that the client has seen.
pub(super) fn settle(call: &Call) -> Result<Answer, Problem> {
    let seen = call.if_match()?;
    let mut asked = call.content.members(&["document", "theirs"])?;
    let wrong = |path: &str, message: &str| {
        let way_out = "Send {\"theirs\": \"<the revision of the first of theirs>\", \"document\": …}.";
        let title = "The body is not what is asked for";
        Problem::new(StatusCode::BAD_REQUEST, "bad-body", title, way_out).about("nothing was changed").at(path, message)
    };
    let theirs: Option<RevisionId> = asked.get("theirs").and_then(|theirs| theirs.as_str()?.parse().ok());
    let theirs = theirs.ok_or_else(|| wrong("/theirs", "it has to be a revision"))?;
    let document: Value = asked.remove("document").ok_or_else(|| wrong("/document", "it is missing"))?;
    let (kind, draft) = call.draft()?;
    check(kind, &document)?;
    let Some(conflict) = draft.conflict()? else {
        // The same request before, whose answer was lost.
        let moved = Moved::find(call, &draft, Some(&Change::Replace(document)))?;
        return moved.done().map(|shown| shown.answer()).ok_or_else(none);
    };
    let is_seen =
        seen.names(conflict.ours().revision) && conflict.theirs().first().is_some_and(|side| side.revision == theirs);
    if is_seen || fault::on("drafts-settled-unseen") {
        match conflict.settle_value(&document) {
            Ok(version) => return Ok(Shown::version(draft.info()?, draft.at(version)?).answer()),
            Err(error) if is_stale(&error) => {}
            Err(error) => return Err(error.into()),
        }
    }
    Err(Moved::find(call, &draft, Some(&Change::Replace(document)))?.into_problem())
}

fn none() -> Problem {
    let way_out = "There is nothing to settle: go on with the draft.";
    Problem::new(StatusCode::NOT_FOUND, "no-conflict", "The draft has no open conflict", way_out)
}
