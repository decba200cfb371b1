//! Answers of calls that were carried out.

use super::tag::Tag;
use axum::body::Body;
use axum::http::header::{self, HeaderName};
use axum::http::{HeaderValue, Response, StatusCode};

/// What a call answers.
#[derive(Debug)]
pub(super) struct Answer {
    status: StatusCode,
    body: Vec<u8>,
    headers: Vec<(HeaderName, String)>,
}

impl Answer {
    /// 200 with JSON.
    pub(super) fn json(body: Vec<u8>) -> Self {
        Self { status: StatusCode::OK, body, headers: Vec::new() }
    }

    /// 304: the client has it already.
    pub(super) fn not_modified(tag: Tag) -> Self {
        Self { status: StatusCode::NOT_MODIFIED, body: Vec::new(), headers: Vec::new() }.tag(tag)
    }

    /// The state that it shows.
    pub(super) fn tag(mut self, tag: Tag) -> Self {
        self.headers.push((header::ETAG, tag.to_string()));
        self
    }

    /// 201: this is new, and is found there.
    pub(super) fn created_at(mut self, place: String) -> Self {
        self.status = StatusCode::CREATED;
        self.headers.push((header::LOCATION, place));
        self
    }

    pub(super) fn status(&self) -> StatusCode {
        self.status
    }

    pub(super) fn into_response(self) -> Response<Body> {
        let mut response = Response::new(Body::from(self.body));
        *response.status_mut() = self.status;
        if self.status != StatusCode::NOT_MODIFIED {
            let json = HeaderValue::from_static("application/json");
            response.headers_mut().insert(header::CONTENT_TYPE, json);
        }
        for (name, value) in self.headers {
            if let Ok(value) = HeaderValue::from_str(&value) {
                response.headers_mut().insert(name, value);
            }
        }
        response
    }
}
