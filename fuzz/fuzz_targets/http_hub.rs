//! Arbitrary requests to the server of a hub: no panic, no 5xx, no answer without its marks, nobody without a token gets anything, and
//! what is refused changes nothing.

#![no_main]

use axum::body::{Body, HttpBody};
use axum::http::{HeaderMap, HeaderValue, Request, Response};
use draftkeep::fuzzing;
use draftkeep::hub::{Hub, HubOptions};
use draftkeep::storage::MemoryStorage;
use draftkeep::transport::Answer;
use draftkeep_http::{Authenticate, Denied, Grant, HubService, Limits, Rate, Rights, Spaces};
use futures_core::future::BoxFuture;
use libfuzzer_sys::fuzz_target;
use std::future::poll_fn;
use std::pin::pin;
use std::sync::Arc;
use std::time::Duration;
use tower_service::Service;

/// Knows one token, for one space.
#[derive(Debug)]
struct One;

impl Authenticate for One {
    fn authenticate<'a>(&'a self, token: &'a str) -> BoxFuture<'a, Result<Grant, Denied>> {
        let is_good = token == "good";
        let grant = Grant::new("alice", Spaces::These(["alice".to_owned()].into()), Rights::Write);
        Box::pin(async move { if is_good { Ok(grant) } else { Err(Denied::Unknown) } })
    }
}

const METHODS: &[&str] = &["POST", "GET", "HEAD", "PUT", "DELETE", "OPTIONS"];
const ROUTES: &[&str] = &["sync", "events", "status", "", "sync/more"];
const NAMES: &[&str] = &[
    "authorization",
    "content-encoding",
    "content-length",
    "content-type",
    "draftkeep-protocol",
    "draftkeep-request",
    "last-event-id",
    "traceparent",
    "x-forwarded-for",
];

const NONCE: &str = "00112233445566778899aabbccddeeff";

/// A body that is all there.
async fn whole(body: Body) -> Vec<u8> {
    let mut body = pin!(body);
    let mut bytes = Vec::new();
    while let Some(frame) = poll_fn(|context| body.as_mut().poll_frame(context)).await {
        bytes.extend_from_slice(&frame.expect("it is in memory").into_data().unwrap_or_default());
    }
    bytes
}

/// The 16 bytes that name a request.
fn name(headers: &HeaderMap) -> Vec<u8> {
    let digits = headers.get("draftkeep-request").expect("it is named").as_bytes();
    let digits = digits.chunks(2).map(|two| u8::from_str_radix(std::str::from_utf8(two).expect("digits"), 16));
    digits.collect::<Result<_, _>>().expect("digits")
}

fuzz_target!(|data: &[u8]| {
    let [flags, method, route, rest @ ..] = data else { return };
    let mut parts = rest.splitn(8, |byte| *byte == 0xff);
    let segment = parts.next().unwrap_or_default();
    let body = parts.next().unwrap_or_default();
    let is_known = flags & 1 == 1;
    let framed = (flags & 2 == 2).then(|| fuzzing::framed_request(body)).flatten();
    let body = framed.unwrap_or_else(|| body.to_vec());
    let segment: String = if flags & 4 == 4 {
        "alice".to_owned()
    } else {
        segment
            .iter()
            .map(|byte| {
                if byte.is_ascii_graphic() && !b"?#\"<>\\^`{|}".contains(byte) {
                    char::from(*byte).to_string()
                } else {
                    format!("%{byte:02X}")
                }
            })
            .collect()
    };
    let path = format!("/v1/spaces/{segment}/{}", ROUTES[usize::from(*route) % ROUTES.len()]);
    let Ok(mut request) = Request::builder()
        .method(METHODS[usize::from(*method) % METHODS.len()])
        .uri(path)
        .header("content-type", "application/vnd.draftkeep.message")
        .header("content-length", body.len())
        .header("draftkeep-protocol", "1")
        .header("draftkeep-request", NONCE)
        .body(Body::from(body.clone()))
    else {
        return;
    };
    if is_known {
        request.headers_mut().insert("authorization", HeaderValue::from_static("Bearer good"));
    }
    for part in parts {
        if let Some((name, value)) = part.split_first()
            && let Ok(value) = HeaderValue::from_bytes(value)
        {
            request.headers_mut().insert(NAMES[usize::from(*name) % NAMES.len()], value);
        }
    }
    let is_good = request.headers().get("authorization").is_some_and(|value| {
        value.to_str().is_ok_and(|text| text.split_once(' ').is_some_and(|(_, token)| token.trim_start() == "good"))
    });
    let nonce = request.headers().get("draftkeep-request").cloned();
    let hub = Hub::open(Arc::new(MemoryStorage::new()), HubOptions::new()).expect("memory");
    let often = Rate::per_second(1_000_000, 1_000_000);
    let service = HubService::of_hub(
        hub.clone(),
        One,
        Limits::new().of_grant(often).of_address(often).wait(Duration::from_millis(1)),
    );
    let runtime = tokio::runtime::Builder::new_current_thread().enable_time().build().expect("a runtime");
    let response: Response<Body> =
        runtime.block_on(async { service.router().call(request).await.expect("it is infallible") });
    let status = response.status();
    assert!(!status.is_server_error(), "{status}");
    assert_eq!(response.headers().get("draftkeep-protocol"), Some(&HeaderValue::from_static("1")));
    let named = response.headers().get("draftkeep-request");
    assert!(named.is_none() || named == nonce.as_ref(), "another request's name");
    assert!(is_good || !status.is_success(), "somebody without a token: {status}");
    let spaces = hub.spaces(None, 10).expect("memory");
    if status.is_success() {
        let is_message =
            response.headers().get("content-type").is_some_and(|value| value == "application/vnd.draftkeep.message");
        if is_message {
            let proof = response.headers().get("draftkeep-proof").cloned().expect("it is proven");
            let name = name(response.headers());
            let said = runtime.block_on(whole(response.into_body()));
            Answer::from_bytes(&said).expect("it is a message");
            let mut hasher = blake3::Hasher::new_derive_key("draftkeep 1 answer over http");
            hasher.update(&name).update(&body[body.len() - 32..]).update(&said[said.len() - 32..]);
            assert_eq!(proof.to_str().ok(), Some(hasher.finalize().to_hex().as_str()));
        }
        assert!(spaces.iter().all(|space| space.space == "alice"), "another one's space");
    } else {
        assert!(spaces.is_empty(), "{status} changed something");
        let said = runtime.block_on(whole(response.into_body()));
        assert!(said.len() < 2_000, "{status}");
    }
    runtime.shutdown_background();
});
