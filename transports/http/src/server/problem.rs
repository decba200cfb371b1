//! What went wrong, as RFC 9457 writes it.

use super::metrics::Counter;
use crate::wire::{PROBLEM, PROTOCOL, VERSION};
use axum::body::Body;
use axum::response::{IntoResponse, Response};
use draftkeep::TraceId;
use draftkeep::transport::{TransportError, TransportErrorKind, WireError};
use http::header::{CONTENT_TYPE, RETRY_AFTER, WWW_AUTHENTICATE};
use http::{HeaderValue, StatusCode};
use serde_json::json;
use std::time::Duration;

/// A request that is not carried out: what is wrong, and the way out. Nothing was changed, unless the status is 503.
#[derive(Debug, Clone)]
pub(crate) struct Problem {
    pub(crate) status: StatusCode,
    /// Names the kind of problem in its type, `urn:draftkeep:problem:…`.
    kind: &'static str,
    title: &'static str,
    detail: String,
    retry_after: Option<Duration>,
    /// What is counted of it beside the status.
    pub(super) counted: Option<Counter>,
}

impl Problem {
    pub(crate) fn new(status: StatusCode, kind: &'static str, title: &'static str, detail: impl Into<String>) -> Self {
        Self { status, kind, title, detail: detail.into(), retry_after: None, counted: None }
    }

    pub(crate) fn after(mut self, wait: Duration) -> Self {
        // Rounded up: who comes a moment too early is refused again.
        self.retry_after = Some(Duration::from_secs(wait.as_secs() + u64::from(wait.subsec_nanos() > 0)));
        self
    }

    pub(crate) fn malformed(detail: impl Into<String>) -> Self {
        Self::new(StatusCode::BAD_REQUEST, "malformed", "The request cannot be read", detail)
    }

    pub(crate) fn unauthorized(detail: impl Into<String>) -> Self {
        let title = "The request brings no token that is good here";
        let problem = Self::new(StatusCode::UNAUTHORIZED, "unauthorized", title, detail);
        Self { counted: Some(Counter::Unauthorized), ..problem }
    }

    pub(crate) fn forbidden(detail: impl Into<String>) -> Self {
        let problem = Self::new(StatusCode::FORBIDDEN, "forbidden", "The token gives no right to this", detail);
        Self { counted: Some(Counter::Forbidden), ..problem }
    }

    pub(crate) fn not_found() -> Self {
        let detail = "there is nothing at this address; the routes are told in the protocol page of draftkeep";
        Self::new(StatusCode::NOT_FOUND, "not-found", "There is nothing here", detail)
    }

    pub(crate) fn method() -> Self {
        let detail = "this address is asked with another method; the routes are told in the protocol page of draftkeep";
        Self::new(StatusCode::METHOD_NOT_ALLOWED, "method", "The address takes another method", detail)
    }

    pub(crate) fn too_large(what: &str, limit: usize, got: u64) -> Self {
        let detail = format!("{what} takes at most {limit} bytes, not {got}; send less at once");
        Self::new(StatusCode::PAYLOAD_TOO_LARGE, "too-large", "The request is too large", detail)
    }

    pub(crate) fn too_often(who: &str, wait: Duration) -> Self {
        let detail = format!("{who} asks more often than it may; ask again after the time in retry-after");
        let problem = Self::new(StatusCode::TOO_MANY_REQUESTS, "too-often", "Too many requests", detail).after(wait);
        Self { counted: Some(Counter::Limited), ..problem }
    }

    pub(crate) fn too_slow(detail: impl Into<String>) -> Self {
        Self::new(StatusCode::REQUEST_TIMEOUT, "too-slow", "The request came too slowly", detail)
    }

    pub(crate) fn busy(detail: impl Into<String>) -> Self {
        let problem = Self::new(StatusCode::SERVICE_UNAVAILABLE, "busy", "Not now", detail);
        Self { counted: Some(Counter::Busy), ..problem.after(Duration::from_secs(5)) }
    }

    pub(crate) fn upgrade(found: u32) -> Self {
        let detail = format!(
            "the request is of version {found} of the protocol, and {VERSION} is the newest that is known here; \
             update this server, or the application"
        );
        Self::new(StatusCode::UPGRADE_REQUIRED, "upgrade", "No version of the protocol in common", detail)
    }

    /// Why bytes are not a request.
    pub(crate) fn of_message(error: WireError, limit: usize) -> Self {
        match error {
            WireError::Version { found, .. } => Self::upgrade(found.into()),
            WireError::Limit { what: "bytes", got, .. } => Self::too_large("a request", limit, got as u64),
            WireError::NotAMessage | WireError::Checksum | WireError::OtherWay | WireError::Syntax { .. } => {
                Self::malformed(format!("{error}; send a request of draftkeep's protocol, whole"))
            }
            _ => {
                let detail = format!("{error}; what a request may hold is told in the protocol page of draftkeep");
                Self::new(StatusCode::UNPROCESSABLE_ENTITY, "invalid", "The request is against the protocol", detail)
            }
        }
    }

    /// Why the hub gave no answer.
    pub(crate) fn of_hub(error: &TransportError) -> Self {
        let failed = |retry_after: Option<Duration>| {
            let detail = "the hub failed, and whether it carried the request out is unknown; repeat it later";
            let problem = Self::new(StatusCode::SERVICE_UNAVAILABLE, "hub-failed", "The hub gave no answer", detail);
            let problem = problem.after(retry_after.unwrap_or(Duration::from_secs(5)));
            Self { counted: Some(Counter::HubFailed), ..problem }
        };
        match error.kind() {
            TransportErrorKind::Unreachable { retry_after } => failed(*retry_after),
            TransportErrorKind::TooLarge => {
                let detail = "the request is larger than the hub behind this server takes; send less at once";
                Self::new(StatusCode::PAYLOAD_TOO_LARGE, "too-large", "The request is too large", detail)
            }
            _ => failed(None),
        }
    }

    /// The answer that says so.
    pub(super) fn render(&self, trace: TraceId) -> Response {
        let body = json!({
            "type": format!("urn:draftkeep:problem:{}", self.kind),
            "title": self.title,
            "status": self.status.as_u16(),
            "detail": self.detail,
            "trace_id": trace.to_string(),
        });
        let mut response = Response::new(Body::from(body.to_string()));
        *response.status_mut() = self.status;
        let headers = response.headers_mut();
        headers.insert(CONTENT_TYPE, HeaderValue::from_static(PROBLEM));
        if let Some(wait) = self.retry_after {
            headers.insert(RETRY_AFTER, HeaderValue::from(wait.as_secs()));
        }
        match self.status {
            StatusCode::UNAUTHORIZED => {
                headers.insert(WWW_AUTHENTICATE, HeaderValue::from_static("Bearer"));
            }
            StatusCode::UPGRADE_REQUIRED => {
                headers.insert(PROTOCOL, HeaderValue::from(VERSION));
            }
            _ => {}
        }
        response
    }

    pub(super) fn kind(&self) -> &'static str {
        self.kind
    }
}

impl IntoResponse for Problem {
    /// An answer without words; the front, which knows the trace, puts them in.
    fn into_response(self) -> Response {
        let mut response = self.status.into_response();
        response.extensions_mut().insert(self);
        response
    }
}
