//! A draft by its id, and its earlier versions.

use super::answer::Answer;
use super::call::Call;
use super::json::Members;
use super::problem::Problem;
use super::shown::Shown;
use super::tag::Tag;
use draftkeep::VersionInfo;

/// The most versions on a page.
pub(super) const PAGE_MAX: u64 = 200;

/// The versions on a page unless it is said.
const PAGE: u64 = 50;

/// A draft with its document.
pub(super) fn read(call: &Call) -> Result<Answer, Problem> {
    let (_, draft) = call.draft()?;
    Ok(Shown::head(&draft)?.answer_unless(&call.conditions.if_none_match))
}

/// The versions, newest first.
pub(super) fn list(call: &Call) -> Result<Answer, Problem> {
    let limit = call.params.number("limit", 1, PAGE_MAX)?.unwrap_or(PAGE);
    let before = call.params.number("before", 1, u64::MAX)?.unwrap_or(u64::MAX);
    let (_, draft) = call.draft()?;
    let history = draft.history()?;
    let limit = usize::try_from(limit).unwrap_or(usize::MAX);
    let mut older = history.versions.iter().rev().filter(|version| version.version < before).peekable();
    let mut page = Vec::new();
    while page.len() < limit
        && let Some(version) = older.next()
    {
        page.push(version);
    }
    let next = page.last().filter(|_| older.peek().is_some()).map(|last| last.version);
    let span = |(first, last): &(u64, u64)| format!("[{first},{last}]").into_bytes();
    let body = Members::new()
        .list("versions", page.iter().map(|version| members(version).finish()))
        .list("damaged", history.damaged.iter().map(span))
        .number_or_null("next", next);
    Ok(Answer::json(body.finish()))
}

/// One version with its document.
pub(super) fn version(call: &Call) -> Result<Answer, Problem> {
    let (_, draft) = call.draft()?;
    let number = call.params.part("version").parse();
    let number = number.map_err(|_| Problem::not_found("the draft has no such version"))?;
    let version = draft.at(number)?;
    let tag = Tag { version: number, revision: version.revision };
    if call.conditions.if_none_match.names_weakly(version.revision) {
        return Ok(Answer::not_modified(tag));
    }
    let body = members(&version.info)
        .text("revision", &version.revision.to_string())
        .document("document", Some(&version.doc))
        .finish();
    Ok(Answer::json(body).tag(tag))
}

pub(super) fn members(version: &VersionInfo) -> Members {
    Members::new()
        .number("version", version.version)
        .text("saved_at", &version.saved_at.to_string())
        .number("size", version.size)
        .text("phase", &version.phase.to_string())
        .text_or_null("checkpoint", version.checkpoint.as_deref())
        .text_or_null("outcome", version.outcome.as_deref())
        .text_or_null("device", version.device.as_deref())
        .number("schema", version.schema.into())
        .flag("aside", version.is_aside)
}
