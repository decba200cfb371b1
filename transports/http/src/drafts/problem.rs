//! Refusals as `application/problem+json` (RFC 9457): the thing, the limit, and the way out.

use super::json::{Members, quoted};
use super::tag::Tag;
use axum::body::Body;
use axum::http::header::{self, HeaderName};
use axum::http::{HeaderValue, Response, StatusCode};
use draftkeep::{TraceId, Value};
use std::fmt;

/// A refusal on its way to the client. It has changed nothing, unless it says that the outcome is unknown.
#[derive(Debug)]
pub(super) struct Problem(Box<Inner>);

#[derive(Debug)]
struct Inner {
    status: StatusCode,
    /// What a program decides by; the last part of `type`.
    code: &'static str,
    title: &'static str,
    detail: String,
    way_out: &'static str,
    limit: Option<u64>,
    trace: Option<TraceId>,
    errors: Vec<(String, String)>,
    more: Vec<(&'static str, Vec<u8>)>,
    headers: Vec<(HeaderName, HeaderValue)>,
}

impl Problem {
    pub(super) fn new(status: StatusCode, code: &'static str, title: &'static str, way_out: &'static str) -> Self {
        let (detail, limit, trace) = (String::new(), None, None);
        let (errors, more, headers) = (Vec::new(), Vec::new(), Vec::new());
        Self(Box::new(Inner { status, code, title, detail, way_out, limit, trace, errors, more, headers }))
    }

    /// What this very request ran into.
    pub(super) fn about(mut self, detail: impl Into<String>) -> Self {
        self.0.detail = detail.into();
        self
    }

    /// The limit that was passed.
    pub(super) fn limit(mut self, limit: usize) -> Self {
        self.0.limit = u64::try_from(limit).ok();
        self
    }

    /// The trace of the store's own call.
    pub(super) fn trace(mut self, trace: TraceId) -> Self {
        self.0.trace = Some(trace);
        self
    }

    /// Something wrong at a place in the document.
    pub(super) fn at(mut self, path: impl fmt::Display, message: impl Into<String>) -> Self {
        self.0.errors.push((path.to_string(), message.into()));
        self
    }

    /// A document beside it.
    pub(super) fn document(mut self, key: &'static str, document: Option<&Value>) -> Self {
        let text = document.and_then(|document| document.to_canonical().ok());
        self.0.more.push((key, text.unwrap_or_else(|| b"null".to_vec())));
        self
    }

    /// Another member, as text.
    pub(super) fn text(mut self, key: &'static str, text: &str) -> Self {
        self.0.more.push((key, quoted(text)));
        self
    }

    /// Another member, as JSON.
    pub(super) fn json(mut self, key: &'static str, json: Vec<u8>) -> Self {
        self.0.more.push((key, json));
        self
    }

    pub(super) fn header_value(mut self, name: HeaderName, value: &str) -> Self {
        self.0.headers.extend(HeaderValue::from_str(value).ok().map(|value| (name, value)));
        self
    }

    /// The state that the client should look at.
    pub(super) fn tag(self, tag: Tag) -> Self {
        self.header_value(header::ETAG, &tag.to_string())
    }

    pub(super) fn status(&self) -> StatusCode {
        self.0.status
    }

    pub(super) fn code(&self) -> &'static str {
        self.0.code
    }

    pub(super) fn into_response(self) -> Response<Body> {
        let Inner { status, code, title, detail, way_out, limit, trace, errors, more, headers } = *self.0;
        let mut body = Members::new()
            .text("type", &format!("urn:draftkeep:problem:{code}"))
            .text("title", title)
            .number("status", status.as_u16().into())
            .text("code", code)
            .text("detail", if detail.is_empty() { title } else { &detail })
            .text("way_out", way_out);
        if let Some(limit) = limit {
            body = body.number("limit", limit);
        }
        if let Some(trace) = trace {
            body = body.text("trace_id", &trace.to_string());
        }
        if !errors.is_empty() {
            let error = |(path, message): (String, String)| {
                Members::new().text("path", &path).text("message", &message).finish()
            };
            body = body.list("errors", errors.into_iter().map(error));
        }
        for (key, json) in more {
            body = body.raw(key, &json);
        }
        let mut response = Response::new(Body::from(body.finish()));
        *response.status_mut() = status;
        let json = HeaderValue::from_static("application/problem+json");
        response.headers_mut().insert(header::CONTENT_TYPE, json);
        for (name, value) in headers {
            response.headers_mut().insert(name, value);
        }
        response
    }
}

/// Refusals that several calls give.
impl Problem {
    /// There is no such thing for this owner: it never was, it is gone, or it is somebody else's. All three look the same.
    pub(super) fn not_found(what: &str) -> Self {
        let way_out =
            "Check the address. Drafts are listed at /drafts, a slot's current one is at /slots/{kind}/{slot}.";
        Self::new(StatusCode::NOT_FOUND, "not-found", "There is no such thing here", way_out).about(what)
    }

    pub(super) fn header(name: &HeaderName, why: &str) -> Self {
        let way_out = "Send the header as RFC 9110 has it, or not at all.";
        Self::new(StatusCode::BAD_REQUEST, "bad-header", "A header cannot be read", way_out)
            .about(format!("{name}: {why}"))
    }

    pub(super) fn parameter(name: &str, why: impl fmt::Display) -> Self {
        let way_out = "Correct the parameter; /openapi.json lists those that there are.";
        let title = "A parameter of the address cannot be used";
        Self::new(StatusCode::BAD_REQUEST, "bad-parameter", title, way_out).about(format!("{name}: {why}"))
    }

    pub(super) fn precondition_required() -> Self {
        let way_out = "Read the draft, and send its ETag as If-Match.";
        let title = "A write has to say which version it is about";
        Self::new(StatusCode::PRECONDITION_REQUIRED, "precondition-required", title, way_out)
            .about("If-Match is missing, or is *, which does not say what the person has seen; nothing was stored")
    }

    pub(super) fn full(what: &str, limit: usize) -> Self {
        let way_out = "Wait for the seconds that Retry-After says, and repeat the request; it is safe to repeat.";
        Self::new(StatusCode::SERVICE_UNAVAILABLE, "busy", "The server has too much to do", way_out)
            .about(format!("{limit} {what} are under way; nothing was stored"))
            .limit(limit)
            .header_value(header::RETRY_AFTER, "1")
    }

    pub(super) fn unexpected(what: &str) -> Self {
        let way_out = "Repeat the request, which is safe; if it stays, ask whoever runs the server.";
        Self::new(StatusCode::INTERNAL_SERVER_ERROR, "internal", "The server failed", way_out)
            .about(format!("{what}; the outcome is unknown"))
    }
}
