//! What the store's errors are to a client.

use super::kinds::INVALID_MAX;
use super::problem::Problem;
use axum::http::StatusCode;
use axum::http::header::RETRY_AFTER;
use draftkeep::storage::StorageErrorKind;
use draftkeep::{Error, ErrorKind, Phase};

impl From<Error> for Problem {
    fn from(error: Error) -> Self {
        let problem = refused(error.kind()).unwrap_or_else(|| failed(&error));
        problem.trace(error.trace_id())
    }
}

/// What the store refused because of what it was asked. Nothing was changed.
fn refused(kind: &ErrorKind) -> Option<Problem> {
    let (status, code, title, way_out) = match kind {
        ErrorKind::NoSuchDraft { .. } | ErrorKind::Erased { .. } => {
            return Some(Problem::not_found("there is no draft of this id"));
        }
        ErrorKind::NoSuchVersion { .. } => return Some(Problem::not_found("the draft has no such version")),
        ErrorKind::Document { .. } => (
            StatusCode::UNPROCESSABLE_ENTITY,
            "unstorable-document",
            "The document cannot be stored",
            "Make the document smaller or simpler, and send it again.",
        ),
        ErrorKind::Invalid { .. } => (
            StatusCode::UNPROCESSABLE_ENTITY,
            "invalid-document",
            "The application does not take the document",
            "Correct what errors names, and send it again.",
        ),
        ErrorKind::Name { .. } => (
            StatusCode::BAD_REQUEST,
            "bad-name",
            "A name cannot be used",
            "Use a name within the limit that detail names.",
        ),
        ErrorKind::Phase { phase, .. } => (
            StatusCode::CONFLICT,
            "wrong-phase",
            "The draft is in a phase that does not allow this",
            match phase {
                Phase::Archived => "POST to the draft's /reopen first, or begin another one in its slot.",
                Phase::Discarded => "POST to the draft's /recover first, or begin another one in its slot.",
                Phase::Open | Phase::Promoted => {
                    "Look at the draft's phase; it is where it should be, or archive it first."
                }
            },
        ),
        ErrorKind::SlotTaken { .. } => (
            StatusCode::CONFLICT,
            "slot-taken",
            "The slot has another current draft by now",
            "Archive or discard that one first.",
        ),
        ErrorKind::Stale { .. } => (
            StatusCode::CONFLICT,
            "moved-on",
            "The draft has moved on",
            "Read it again, and repeat the request with the new ETag.",
        ),
        _ => return None,
    };
    let mut problem = Problem::new(status, code, title, way_out).about(kind.to_string());
    if let ErrorKind::Invalid { invalid, .. } = kind {
        let flaws = invalid.flaws().take(INVALID_MAX);
        problem = flaws.fold(problem, |problem, flaw| problem.at(flaw.path().unwrap_or_default(), flaw.reason()));
    }
    if let ErrorKind::Name { limit, .. } = kind {
        problem = problem.limit(*limit);
    }
    if let ErrorKind::SlotTaken { by } = kind {
        problem = problem.text("draft", &by.to_string());
    }
    Some(problem)
}

/// What the server ran into. Details are for its log: a client gets the trace id, which leads to them.
fn failed(error: &Error) -> Problem {
    tracing::error!(trace = %error.trace_id(), error = %error, "a call of the store failed");
    let unknown = "it is unknown whether the request took effect; repeating it is safe";
    let later =
        "Wait for the seconds that Retry-After says, and repeat the request, which is safe; keep the text until then.";
    match error.kind() {
        ErrorKind::Storage(StorageErrorKind::Full) => {
            let title = "The server's disk is full";
            Problem::new(StatusCode::INSUFFICIENT_STORAGE, "storage-full", title, later)
                .about(unknown)
                .header_value(RETRY_AFTER, "30")
        }
        _ if error.is_transient() => {
            let title = "The server's storage does not work at the moment";
            Problem::new(StatusCode::SERVICE_UNAVAILABLE, "storage-failed", title, later)
                .about(unknown)
                .header_value(RETRY_AFTER, "5")
        }
        ErrorKind::SchemaTooNew { .. } => {
            let way_out = "The draft is safe and as it was. Ask whoever runs the server to update it.";
            let title = "A newer release of the application wrote the draft";
            Problem::new(StatusCode::INTERNAL_SERVER_ERROR, "schema-too-new", title, way_out)
        }
        ErrorKind::Corrupt { .. } | ErrorKind::Storage(StorageErrorKind::Corrupt { .. }) => {
            let way_out = "Ask whoever runs the server, with the trace id. Other drafts are not affected.";
            Problem::new(StatusCode::INTERNAL_SERVER_ERROR, "damaged", "What is stored is damaged", way_out)
        }
        _ => {
            let way_out = "Ask whoever runs the server, with the trace id.";
            let title = "The server failed";
            Problem::new(StatusCode::INTERNAL_SERVER_ERROR, "internal", title, way_out).about(unknown)
        }
    }
}
