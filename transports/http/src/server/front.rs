//! What every request goes through: its trace is found, its answer is marked, problems get their words, and it is counted.

use super::metrics::Gauge;
use super::problem::Problem;
use super::shared::{Shared, Trace};
use crate::wire::{Nonce, PROTOCOL, REQUEST, VERSION, traceparent};
use axum::extract::{MatchedPath, Request, State};
use axum::middleware::Next;
use axum::response::Response;
use http::header::{CACHE_CONTROL, X_CONTENT_TYPE_OPTIONS};
use http::{HeaderMap, HeaderName, HeaderValue};
use std::sync::Arc;
use std::time::Instant;
use tracing::Instrument as _;

/// Names the trace of an answer.
const TRACE: HeaderName = HeaderName::from_static("draftkeep-trace");

pub(super) async fn front(State(shared): State<Arc<Shared>>, mut request: Request, next: Next) -> Response {
    let began = Instant::now();
    let _in_flight = shared.metrics.enter(Gauge::InFlight);
    let trace = traceparent(request.headers()).map_or_else(Trace::random, Trace);
    let nonce = request.headers().get(REQUEST).and_then(Nonce::read);
    let route = route(&request);
    request.extensions_mut().insert(trace);

    let span = tracing::info_span!("request", trace = %trace.0, route);
    let mut response = next.run(request).instrument(span.clone()).await;
    if let Some(problem) = response.extensions_mut().remove::<Problem>() {
        if let Some(counter) = problem.counted {
            shared.metrics.add(counter, 1);
        }
        span.in_scope(|| tracing::info!(problem = problem.kind(), "refused"));
        response = problem.render(trace.0);
    }
    mark(response.headers_mut(), trace, nonce);
    let took = began.elapsed();
    shared.metrics.request(route, response.status().as_u16(), took);
    let millis = u64::try_from(took.as_millis()).unwrap_or(u64::MAX);
    span.in_scope(|| tracing::info!(status = response.status().as_u16(), millis, "answered"));
    response
}

/// Says that a hub answers, and to what.
fn mark(headers: &mut HeaderMap, Trace(trace): Trace, nonce: Option<Nonce>) {
    headers.insert(PROTOCOL, HeaderValue::from(VERSION));
    if let Some(nonce) = nonce {
        headers.insert(REQUEST, nonce.header());
    }
    if let Ok(trace) = HeaderValue::try_from(trace.to_string()) {
        headers.insert(TRACE, trace);
    }
    headers.insert(CACHE_CONTROL, HeaderValue::from_static("no-store"));
    headers.insert(X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff"));
}

/// What a request is counted as. There are few of them, whatever is asked for.
fn route(request: &Request) -> &'static str {
    match request.extensions().get::<MatchedPath>().map(MatchedPath::as_str) {
        Some("/v1/spaces/{space}/sync") => "sync",
        Some("/v1/spaces/{space}/events") => "events",
        Some("/v1/spaces/{space}/status") => "status",
        Some("/v1/spaces/{space}/drafts") => "drafts",
        Some("/v1/spaces/{space}/drafts/{draft}/mains") => "mains",
        Some("/v1/spaces/{space}/drafts/{draft}/revisions/{revision}") => "revision",
        Some("/healthz") => "healthz",
        Some("/metrics") => "metrics",
        _ => "other",
    }
}
