//! Slots: the current draft about one thing, beginning it, and beginning anew.

use super::answer::Answer;
use super::call::Call;
use super::content::Change;
use super::json::Members;
use super::moved::{Moved, is_stale, version};
use super::problem::Problem;
use super::saving;
use super::shown::{self, Shown};
use crate::fault;
use axum::http::StatusCode;
use draftkeep::{Draft, Phase, Slot, Value};

/// The current draft.
pub(super) fn read(call: &Call) -> Result<Answer, Problem> {
    let (_, draft) = call.current()?;
    Ok(Shown::head(&draft)?.answer_unless(&call.conditions.if_none_match))
}

/// The current draft, or one that begins with the document that was sent.
pub(super) fn create(call: &Call) -> Result<Answer, Problem> {
    let (kind, slot) = call.slot()?;
    let document = call.content.document(kind)?;
    match begin(&slot, &document)? {
        Begun::Now(draft) => Ok(Shown::head(&draft)?.answer().created_at(place(&draft, 2))),
        Begun::Before(draft) => Ok(Shown::head(&draft)?.answer()),
    }
}

/// Saves in the current draft, or begins one where `If-None-Match: *` says that there must be none.
pub(super) fn put(call: &Call) -> Result<Answer, Problem> {
    if !call.conditions.is_creating() {
        return saving::save_current(call);
    }
    let (kind, slot) = call.slot()?;
    let document = call.content.document(kind)?;
    let draft = match begin(&slot, &document)? {
        Begun::Now(draft) => return Ok(Shown::head(&draft)?.answer().created_at(place(&draft, 2))),
        Begun::Before(draft) => draft,
    };
    let shown = Shown::head(&draft)?;
    let is_same = shown.info.version == 1 && shown.document.as_ref() == Some(&document);
    if is_same || fault::on("drafts-created-twice") {
        // The same request before, whose answer was lost.
        return Ok(Shown { document: None, ..shown }.answer());
    }
    let way_out = "Read the slot, and send what you have made of it with its ETag as If-Match.";
    let title = "The slot has a current draft already";
    let problem = Problem::new(StatusCode::PRECONDITION_FAILED, "draft-exists", title, way_out);
    Err(problem.about("If-None-Match is *, which asks for none; what you sent was not stored").tag(shown.tag()))
}

/// All drafts of the slot, the newest generation first.
pub(super) fn generations(call: &Call) -> Result<Answer, Problem> {
    let (_, slot) = call.slot()?;
    let drafts = slot.generations()?.into_iter().map(|info| shown::members(&info).finish());
    Ok(Answer::json(Members::new().list("drafts", drafts).finish()))
}

/// Takes over a value from elsewhere, where the slot never had a draft.
pub(super) fn seed(call: &Call) -> Result<Answer, Problem> {
    let (kind, slot) = call.slot()?;
    let document = call.content.document(kind)?;
    let seeded =
        if fault::on("drafts-seed-begins-again") { Some(slot.start(&document)?) } else { slot.seed(&document)? };
    let is_seeded = match seeded {
        Some(_) => true,
        None => first(call, &slot)? == Some(document),
    };
    let current = match slot.resume()? {
        Some(draft) => Some(Shown::head(&draft)?),
        None => None,
    };
    let json = current.as_ref().map_or_else(|| b"null".to_vec(), Shown::json);
    let answer = Answer::json(Members::new().flag("seeded", is_seeded).raw("draft", &json).finish());
    Ok(match current {
        Some(shown) => answer.tag(shown.tag()),
        None => answer,
    })
}

/// What the slot's very first draft began with, where that is still there.
fn first(call: &Call, slot: &Slot<Value>) -> Result<Option<Value>, Problem> {
    let Some(info) = slot.generations()?.pop().filter(|info| info.generation == Some(1)) else { return Ok(None) };
    let (_, drafts) = call.drafts_of(&info.kind)?;
    let Some(draft) = drafts.get(info.id)? else { return Ok(None) };
    Ok(version(&draft, 1)?.map(|version| version.doc))
}

/// Archives the current draft and begins the next one, in one commit.
pub(super) fn start_over(call: &Call) -> Result<Answer, Problem> {
    let seen = call.if_match()?;
    let (kind, slot) = call.slot()?;
    let document = call.content.document(kind)?;
    let (_, current) = call.current()?;
    let head = current.info()?;
    if seen.names(head.revision) || fault::on("drafts-started-over-unseen") {
        match slot.start_over_from(head.revision, &document) {
            Ok(Some(draft)) => return Ok(Shown::head(&draft)?.answer().created_at(place(&draft, 3))),
            Ok(None) => return Err(Problem::not_found("the slot has no current draft; POST begins one")),
            Err(error) if is_stale(&error) => {}
            Err(error) => return Err(error.into()),
        }
    }
    if is_begun_over(call, &slot, &current, &document)? {
        return Ok(Shown::head(&current)?.answer().created_at(place(&current, 3)));
    }
    Err(Moved::find(call, &current, Some(&Change::Replace(document)))?.into_problem())
}

/// Whether this very request was carried out before: the draft before the current one was archived as the client saw it, and the
/// current one began with this document.
fn is_begun_over(call: &Call, slot: &Slot<Value>, current: &Draft<Value>, document: &Value) -> Result<bool, Problem> {
    let seen = call.if_match()?;
    let generations = slot.generations()?;
    let [newest, before, ..] = &generations[..] else { return Ok(false) };
    if newest.id != current.id() || before.phase != Phase::Archived || before.version < 2 {
        return Ok(false);
    }
    let (_, drafts) = call.drafts_of(&newest.kind)?;
    let Some(archived) = drafts.get(before.id)? else { return Ok(false) };
    let was_seen = version(&archived, before.version - 1)?.is_some_and(|version| seen.names(version.revision));
    Ok(was_seen && version(current, 1)?.is_some_and(|version| version.doc == *document))
}

enum Begun {
    /// It began, with the document that was sent.
    Now(Draft<Value>),
    /// There was one, or somebody else was faster: what was sent is not in it.
    Before(Draft<Value>),
}

fn begin(slot: &Slot<Value>, document: &Value) -> Result<Begun, Problem> {
    if let Some(draft) = slot.resume()? {
        return Ok(Begun::Before(draft));
    }
    let draft = slot.start(document)?;
    let is_ours = version(&draft, 1)?.is_some_and(|version| version.doc == *document);
    Ok(if is_ours { Begun::Now(draft) } else { Begun::Before(draft) })
}

/// Where the draft is found, from an address that is so many parts below the API's own.
fn place(draft: &Draft<Value>, parts: usize) -> String {
    format!("{}drafts/{}", "../".repeat(parts), draft.id())
}
