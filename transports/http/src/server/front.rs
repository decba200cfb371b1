//! What every request goes through: its trace is found, its answer is marked, problems get their words, and it is counted.

use super::metrics::Gauge;
use super::problem::Problem;
use super::shared::{Shared, Trace};
use crate::wire::{Nonce, PROTOCOL, REQUEST, TRACEPARENT, VERSION};
use axum::extract::{MatchedPath, Request, State};
use axum::middleware::Next;
use axum::response::Response;
use draftkeep::TraceId;
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
    let trace = traceparent(request.headers()).unwrap_or_else(Trace::random);
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
        Some("/healthz") => "healthz",
        Some("/metrics") => "metrics",
        _ => "other",
    }
}

/// The trace that whoever asks has given it: <https://www.w3.org/TR/trace-context/#traceparent-header>. A later version may have
/// more behind what is known; what is not one is as if it were not there.
fn traceparent(headers: &HeaderMap) -> Option<Trace> {
    let text = headers.get(TRACEPARENT)?.to_str().ok()?;
    let mut parts = text.split('-');
    let (version, trace, span, flags) = (parts.next()?, parts.next()?, parts.next()?, parts.next()?);
    let is_hex = |part: &str, length| {
        part.len() == length && part.bytes().all(|digit| matches!(digit, b'0'..=b'9' | b'a'..=b'f'))
    };
    let is_known = version == "00" && parts.next().is_none() || version != "00" && version != "ff";
    let is_zero = |part: &str| part.bytes().all(|digit| digit == b'0');
    if !is_known || !is_hex(version, 2) || !is_hex(span, 16) || !is_hex(flags, 2) || is_zero(span) {
        return None;
    }
    let trace: TraceId = trace.parse().ok()?;
    (*trace.as_bytes() != [0; TraceId::LEN]).then_some(Trace(trace))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_trace_is_taken_over_where_it_is_one() {
        let trace = "4bf92f3577b34da6a3ce929d0e0e4736";
        let span = "00f067aa0ba902b7";
        let table = [
            (format!("00-{trace}-{span}-01"), true),
            (format!("00-{trace}-{span}-00"), true),
            (format!("cc-{trace}-{span}-01-what-comes-later"), true),
            (format!("00-{trace}-{span}-01-more"), false),
            (format!("ff-{trace}-{span}-01"), false),
            (format!("00-{}-{span}-01", "0".repeat(32)), false),
            (format!("00-{trace}-{}-01", "0".repeat(16)), false),
            (format!("00-{}-{span}-01", trace.to_uppercase()), false),
            (format!("00-{trace}-{span}"), false),
            (format!("00-{}-{span}-01", &trace[1..]), false),
            (String::new(), false),
            ("-".repeat(100), false),
        ];
        for (text, expected) in table {
            let headers = HeaderMap::from_iter([(TRACEPARENT, HeaderValue::from_str(&text).unwrap())]);
            let found = traceparent(&headers);
            assert_eq!(found.map(|found| found.0.to_string()), expected.then(|| trace.to_owned()), "{text}");
        }
        assert!(traceparent(&HeaderMap::new()).is_none());
    }
}
