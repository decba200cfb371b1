//! A write about a version that is not the head any more: 409 with all that the client needs to go on.

use super::call::Call;
use super::content::Change;
use super::json::quoted;
use super::problem::Problem;
use super::shown::Shown;
use super::tag::Tag;
use crate::fault;
use axum::http::StatusCode;
use draftkeep::merge::Merged;
use draftkeep::value::Path;
use draftkeep::{Draft, ErrorKind, Value, Version};

/// What a write ran into.
pub(super) struct Moved {
    theirs: Shown,
    base: Option<Value>,
    yours: Option<Value>,
    /// What the kind's policy makes of both.
    merged: Option<Merged>,
    /// The version that the very same write made before, its answer having been lost.
    stored: Option<Tag>,
}

impl Moved {
    /// Looks at the head, at the version that the client has seen, and at what was made of that.
    pub(super) fn find(call: &Call, draft: &Draft<Value>, change: Option<&Change>) -> Result<Self, Problem> {
        let (seen, limits) = (call.if_match()?, call.service.limits());
        let theirs = Shown::head(draft)?;
        let base = match seen.first() {
            Some(tag) => version(draft, tag.version)?.filter(|version| version.revision == tag.revision),
            None => None,
        };
        let yours = match (change, &base) {
            (Some(Change::Replace(document)), _) => Some(document.clone()),
            (Some(patch), Some(base)) => patch.apply(&base.doc, &limits).ok(),
            _ => None,
        };
        let next = match (&base, &yours) {
            (Some(base), Some(_)) => version(draft, base.info.version + 1)?,
            _ => None,
        };
        let stored = next.filter(|next| Some(&next.doc) == yours.as_ref());
        let stored = stored.map(|next| Tag { version: next.info.version, revision: next.revision });
        let base = base.map(|base| base.doc);
        let (_, drafts) = call.drafts_of(&theirs.info.kind)?;
        let both = yours.as_ref().zip(theirs.document.as_ref()).filter(|_| stored.is_none());
        let merged = both.map(|(yours, theirs)| drafts.merge(base.as_ref(), yours, theirs));
        Ok(Self { theirs, base, yours, merged, stored })
    }

    /// The draft, where its head is what this very write made before: RFC 9110 (13.1.1) lets that be answered as done.
    pub(super) fn done(&self) -> Option<Shown> {
        let is_head = self.stored == Some(self.theirs.tag()) && !fault::on("drafts-repeat-unrecognised");
        is_head.then(|| Shown { document: None, ..self.theirs.clone() })
    }

    pub(super) fn into_problem(self) -> Problem {
        let Self { theirs, base, yours, merged, stored } = self;
        let yours = yours.filter(|_| !fault::on("drafts-conflict-without-yours"));
        let (detail, way_out) = if stored.is_some() {
            let way_out =
                "Take theirs, which came after; what you sent is in the history as the version that stored names.";
            ("what you sent was stored before, and the draft has moved on since", way_out)
        } else if !theirs.info.phase.takes_saves() {
            let way_out = "Keep what you have and ask a person: reopen or recover the draft, which gives a new ETag, and send the result \
                           with it; or begin another draft with it.";
            ("somebody put the draft away since the version that If-Match names; what you sent was not stored", way_out)
        } else if base.is_none() {
            let way_out = "Compare draft with the one that you showed. Where it is another one, somebody began anew: what you have \
                           belongs to the one before, so ask a person before it is sent in place of theirs.";
            (
                "the version that If-Match names is none of this draft, or is not kept; what you sent was not stored",
                way_out,
            )
        } else {
            let way_out = "Show merged, or let a person choose at the paths of contested and overwritten, and send the result with \
                           this ETag as If-Match.";
            ("somebody saved since the version that If-Match names; what you sent was not stored", way_out)
        };
        let stored = stored.map_or_else(|| b"null".to_vec(), |tag| tag.version.to_string().into_bytes());
        Problem::new(StatusCode::CONFLICT, "moved-on", "The draft has moved on", way_out)
            .about(detail)
            .tag(theirs.tag())
            .text("draft", &theirs.info.id.to_string())
            .json("version", theirs.info.version.to_string().into_bytes())
            .text("revision", &theirs.info.revision.to_string())
            .text("phase", &theirs.info.phase.to_string())
            .json("stored", stored)
            .document("base", base.as_ref())
            .document("yours", yours.as_ref())
            .document("theirs", theirs.document.as_ref())
            .document("merged", merged.as_ref().map(|merged| &merged.value))
            .json("contested", paths(merged.iter().flat_map(|merged| &merged.conflicts).map(|conflict| &conflict.path)))
            .json("overwritten", paths(merged.iter().flat_map(|merged| &merged.overwritten).map(|lost| &lost.path)))
    }
}

fn paths<'p>(paths: impl Iterator<Item = &'p Path>) -> Vec<u8> {
    let paths: Vec<Vec<u8>> = paths.map(|path| quoted(&path.to_string())).collect();
    [&b"["[..], &paths.join(&b','), b"]"].concat()
}

/// A version, where there is one that can be read.
pub(super) fn version(draft: &Draft<Value>, number: u64) -> Result<Option<Version<Value>>, Problem> {
    match draft.at(number) {
        Ok(version) => Ok(Some(version)),
        // What cannot be shown is no reason to hide the rest.
        Err(error) if matches!(error.kind(), ErrorKind::NoSuchVersion { .. } | ErrorKind::Corrupt { .. }) => Ok(None),
        Err(error) => Err(error.into()),
    }
}

/// Whether a write was refused because the head is another one than it is about.
pub(super) fn is_stale(error: &draftkeep::Error) -> bool {
    matches!(error.kind(), ErrorKind::Stale { .. })
}
