//! What stands in a request's body.

use super::kinds::{DocumentKind, INVALID_MAX};
use super::problem::Problem;
use crate::fault;
use axum::body::Body;
use axum::http::header::{CONTENT_ENCODING, CONTENT_TYPE, HeaderName};
use axum::http::{HeaderMap, StatusCode};
use draftkeep::Value;
use draftkeep::value::{Limits, Patch, PatchError, PatchErrorKind, ValueError, merge_patch_with};
use futures_util::StreamExt;

/// What a body may be.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Media {
    Json,
    MergePatch,
    JsonPatch,
}

impl Media {
    pub(super) const fn name(self) -> &'static str {
        match self {
            Self::Json => "application/json",
            Self::MergePatch => "application/merge-patch+json",
            Self::JsonPatch => "application/json-patch+json",
        }
    }
}

/// A body that was read, and what it says it is.
#[derive(Debug)]
pub(super) struct Content {
    media: Media,
    bytes: Vec<u8>,
    limits: Limits,
}

/// What a client wants to become of a document.
#[derive(Debug)]
pub(super) enum Change {
    /// This instead.
    Replace(Value),
    /// RFC 7396.
    Merge(Value),
    /// RFC 6902.
    Patch(Patch),
}

impl Content {
    pub(super) const fn none(limits: Limits) -> Self {
        Self { media: Media::Json, bytes: Vec::new(), limits }
    }

    /// Reads a body that may be one of these, up to the limit.
    pub(super) async fn read(headers: &HeaderMap, body: Body, may: &[Media], limits: Limits) -> Result<Self, Problem> {
        let media = media(headers, may)?;
        let most = if fault::on("drafts-body-without-limit") { usize::MAX } else { limits.bytes };
        let length = headers.get(axum::http::header::CONTENT_LENGTH);
        let length: Option<usize> = length.and_then(|length| length.to_str().ok()?.parse().ok());
        if length.is_some_and(|length| length > most) {
            return Err(too_large(limits.bytes));
        }
        let mut bytes = Vec::with_capacity(length.unwrap_or_default());
        let mut pieces = body.into_data_stream();
        while let Some(piece) = pieces.next().await {
            let way_out = "Send the request again, whole.";
            let title = "The body ended too early";
            let cut = Problem::new(StatusCode::BAD_REQUEST, "cut-off", title, way_out);
            let piece =
                piece.map_err(|_| cut.about("the connection broke while the body was read; nothing was stored"))?;
            if bytes.len() + piece.len() > most {
                return Err(too_large(limits.bytes));
            }
            bytes.extend_from_slice(&piece);
        }
        Ok(Self { media, bytes, limits })
    }

    /// The body as a JSON document.
    pub(super) fn value(&self) -> Result<Value, Problem> {
        Value::parse_with(&self.bytes, &self.limits).map_err(|error| not_json(&error))
    }

    /// The body as a document of this kind.
    pub(super) fn document(&self, kind: &DocumentKind) -> Result<Value, Problem> {
        let document = self.value()?;
        check(kind, &document)?;
        Ok(document)
    }

    /// The body as a change of a document.
    pub(super) fn change(&self) -> Result<Change, Problem> {
        match self.media {
            Media::Json => self.value().map(Change::Replace),
            Media::MergePatch => self.value().map(Change::Merge),
            Media::JsonPatch => {
                let patch = Patch::parse_with(&self.bytes, &self.limits).map_err(|error| not_a_patch(&error))?;
                Ok(Change::Patch(patch))
            }
        }
    }

    /// The body as an object of these members, which an action takes.
    pub(super) fn members(&self, known: &[&str]) -> Result<draftkeep::value::Object, Problem> {
        let way_out = "Send an object with the members that /openapi.json names.";
        let wrong = || Problem::new(StatusCode::BAD_REQUEST, "bad-body", "The body is not what is asked for", way_out);
        let Value::Object(object) = self.value()? else { return Err(wrong().about("the body is not an object")) };
        if let Some(key) = object.keys().find(|key| !known.contains(key)) {
            return Err(wrong().about("the body has a member that is not known").at(key_path(key), "not known"));
        }
        Ok(object)
    }
}

fn key_path(key: &str) -> draftkeep::value::Path {
    draftkeep::value::Path::root().join(key)
}

impl Change {
    /// The document that comes of it.
    pub(super) fn apply(&self, document: &Value, limits: &Limits) -> Result<Value, Problem> {
        match self {
            Self::Replace(document) => Ok(document.clone()),
            Self::Merge(patch) => merge_patch_with(document, patch, limits).map_err(|error| does_not_fit(&error)),
            Self::Patch(patch) => {
                patch.apply_with(document, limits, Patch::STEPS_DEFAULT).map_err(|error| does_not_fit(&error))
            }
        }
    }
}

/// Holds a document against what the application says of its kind.
pub(super) fn check(kind: &DocumentKind, document: &Value) -> Result<(), Problem> {
    let complaints = kind.complaints(document);
    if complaints.is_empty() {
        return Ok(());
    }
    let way_out = "Correct the document at the paths that errors names, and send it again.";
    let title = "The document is not one of its kind";
    let problem = Problem::new(StatusCode::UNPROCESSABLE_ENTITY, "invalid-document", title, way_out)
        .about(format!("{} places are not as they have to be; nothing was stored", complaints.len()));
    Err(complaints
        .into_iter()
        .take(INVALID_MAX)
        .fold(problem, |problem, invalid| problem.at(&invalid.path, invalid.message)))
}

fn media(headers: &HeaderMap, may: &[Media]) -> Result<Media, Problem> {
    let unsupported = |detail: String| {
        let way_out = "Send the body as one of the media types that detail names, as UTF-8 and not compressed.";
        let title = "The body is of a type that is not taken here";
        let problem = Problem::new(StatusCode::UNSUPPORTED_MEDIA_TYPE, "unsupported-media-type", title, way_out);
        let patches = [Media::MergePatch, Media::JsonPatch].map(Media::name).join(", ");
        let problem = problem.about(detail);
        if may.contains(&Media::MergePatch) {
            problem.header_value(HeaderName::from_static("accept-patch"), &patches)
        } else {
            problem
        }
    };
    let names: Vec<&str> = may.iter().map(|media| media.name()).collect();
    let is_plain = |value: &axum::http::HeaderValue| value.as_bytes().eq_ignore_ascii_case(b"identity");
    if headers.get(CONTENT_ENCODING).is_some_and(|value| !is_plain(value)) {
        return Err(unsupported("the body is compressed, which is not taken".to_owned()));
    }
    let given = headers.get(CONTENT_TYPE).and_then(|value| value.to_str().ok()).unwrap_or_default();
    let (name, parameters) = given.split_once(';').unwrap_or((given, ""));
    let is_utf8 = parameters.split(';').map(str::trim).all(|parameter| {
        parameter.split_once('=').is_none_or(|(name, value)| {
            !name.trim().eq_ignore_ascii_case("charset") || value.trim().trim_matches('"').eq_ignore_ascii_case("utf-8")
        })
    });
    let found = may.iter().find(|media| media.name().eq_ignore_ascii_case(name.trim()));
    found.copied().filter(|_| is_utf8).ok_or_else(|| unsupported(format!("this takes {}", names.join(" or "))))
}

fn too_large(limit: usize) -> Problem {
    let way_out = "Send less: split the document, or keep images and films beside it.";
    Problem::new(StatusCode::PAYLOAD_TOO_LARGE, "too-large", "The body is too large", way_out)
        .about(format!("a body has at most {limit} bytes; nothing was stored"))
        .limit(limit)
}

fn not_json(error: &ValueError) -> Problem {
    let way_out = "Send JSON as RFC 8259 has it, in UTF-8, with every key once and numbers of 64 bits.";
    Problem::new(StatusCode::BAD_REQUEST, "not-json", "The body is not JSON that can be kept exactly", way_out)
        .about("nothing was stored")
        .at(error.path(), error.to_string())
}

fn not_a_patch(error: &PatchError) -> Problem {
    if let PatchErrorKind::Text(error) = error.kind() {
        return not_json(error);
    }
    let way_out = "Send an array of operations as RFC 6902 has it.";
    let problem = Problem::new(StatusCode::BAD_REQUEST, "not-a-patch", "The body is not a JSON Patch", way_out);
    problem.about(error.to_string())
}

fn does_not_fit(error: &PatchError) -> Problem {
    let way_out = "Read the draft again, and make the patch from what it is now.";
    let place = error.place().map(ToString::to_string).unwrap_or_default();
    Problem::new(StatusCode::UNPROCESSABLE_ENTITY, "patch-does-not-fit", "The patch does not fit the document", way_out)
        .about("none of the patch was applied, and nothing was stored")
        .at(place, error.to_string())
}
