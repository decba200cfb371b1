//! A handful of arbitrary requests to the REST drafts API, through its router: no panic, no 5xx, answers within bounds, what is refused
//! changes nothing, what is accepted is what another implementation makes of the same patch, and nobody else's draft is touched.

#![no_main]

use axum::Router;
use axum::body::{Body, HttpBody};
use axum::http::{HeaderMap, HeaderName, HeaderValue, Request, StatusCode};
use draftkeep::{Draft, Kind, Options, Store, Value};
use draftkeep_http::drafts::{Denied, DocumentKind, DraftsApi, Owner};
use libfuzzer_sys::fuzz_target;
use std::future::poll_fn;
use std::pin::pin;
use tower_service::Service;

const NOTE: Kind<Value> = Kind::new("note");

/// Small, so that bodies and patches reach it.
const BODY_MAX: usize = 4_000;

const METHODS: &[&str] = &["PUT", "PATCH", "POST", "GET", "HEAD", "DELETE", "OPTIONS"];

/// `{id}` is the draft's, `{part}` arbitrary.
const PATHS: &[&str] = &[
    "/slots/note/a",
    "/drafts/{id}",
    "/slots/note/{part}",
    "/drafts/{part}",
    "/slots/note/a/seed",
    "/slots/note/a/start-over",
    "/slots/note/a/drafts",
    "/drafts",
    "/drafts/{id}/archive",
    "/drafts/{id}/reopen",
    "/drafts/{id}/promote",
    "/drafts/{id}/discard",
    "/drafts/{id}/recover",
    "/drafts/{id}/history",
    "/drafts/{id}/versions/{part}",
    "/drafts/{id}/restore",
    "/drafts/{id}/conflict",
    "/slots/{part}/a",
    "/{part}",
    "/openapi.json",
];

const MEDIA: &[&str] = &["application/json", "application/merge-patch+json", "application/json-patch+json"];

const NAMES: &[&str] = &[
    "authorization",
    "content-encoding",
    "content-length",
    "content-type",
    "if-match",
    "if-none-match",
    "traceparent",
];

async fn owner(headers: HeaderMap) -> Result<Owner, Denied> {
    let denied = Denied::Unauthorized { challenge: "Bearer" };
    match headers.get("authorization").map(HeaderValue::as_bytes) {
        Some(b"Bearer alice") => Owner::new("alice").map_err(|_| denied),
        Some(b"Bearer bob") => Owner::new("bob").map_err(|_| denied),
        _ => Err(denied),
    }
}

/// Everything about a draft that somebody could have changed.
fn state(draft: &Draft<Value>) -> (u64, String, Value) {
    let info = draft.info().expect("memory");
    (info.version, info.revision.to_string(), draft.load().expect("memory"))
}

fn escaped(bytes: &[u8]) -> String {
    let plain = |byte: &u8| byte.is_ascii_alphanumeric() || b"-._~%=&+".contains(byte);
    bytes.iter().map(|byte| if plain(byte) { char::from(*byte).to_string() } else { format!("%{byte:02X}") }).collect()
}

struct Told {
    status: StatusCode,
    tag: String,
    body: Vec<u8>,
}

async fn ask(router: &mut Router, request: Request<Body>) -> Told {
    let response = router.call(request).await.expect("it is infallible");
    let status = response.status();
    let tag = response.headers().get("etag").and_then(|tag| tag.to_str().ok()).unwrap_or_default().to_owned();
    let mut body = pin!(response.into_body());
    let mut bytes = Vec::new();
    while let Some(frame) = poll_fn(|context| body.as_mut().poll_frame(context)).await {
        bytes.extend_from_slice(&frame.expect("it is in memory").into_data().unwrap_or_default());
    }
    Told { status, tag, body: bytes }
}

/// What other crates make of a patch; none where they do not read it, or find that it does not fit.
fn elsewhere(document: &Value, media: &str, patch: &[u8]) -> Option<Value> {
    let text = document.to_canonical().ok()?;
    let mut document: serde_json::Value = serde_json::from_slice(&text).ok()?;
    if media == MEDIA[2] {
        let patch: json_patch::Patch = serde_json::from_slice(patch).ok()?;
        json_patch::patch(&mut document, &patch).ok()?;
    } else {
        let patch: serde_json::Value = serde_json::from_slice(patch).ok()?;
        json_patch::merge(&mut document, &patch);
    }
    Value::parse(&serde_json::to_vec(&document).ok()?).ok()
}

fuzz_target!(|data: &[u8]| {
    let store = Store::in_memory(Options::new()).expect("memory");
    let notes = |owner: &str| store.space(owner).expect("a name").drafts(NOTE).expect("a name");
    let start =
        Value::parse(br#"{"title":"One","tags":["a","b"],"by":{"name":"Ada","year":1843},"n":1.5}"#).expect("JSON");
    let hers = notes("alice").slot("a").start(&start).expect("memory");
    let his = notes("bob").slot("a").start(&start).expect("memory");
    let untouched = state(&his);
    let runtime = tokio::runtime::Builder::new_current_thread().enable_time().build().expect("a runtime");
    let api = DraftsApi::new(store.clone(), owner).kind(DocumentKind::new(NOTE)).body_bytes(BODY_MAX);
    let mut router: Router = api.router();
    let mut tag = None;

    for step in data.split(|byte| *byte == 0xfe).take(6) {
        let [method, path, flags, rest @ ..] = step else { break };
        let mut parts = rest.splitn(8, |byte| *byte == 0xff);
        let (part, query, body) = (parts.next(), parts.next().unwrap_or_default(), parts.next().unwrap_or_default());
        let method = METHODS[usize::from(*method) % METHODS.len()];
        let path = PATHS[usize::from(*path) % PATHS.len()];
        let is_tagged = flags & 1 == 0;
        let media = if method == "PATCH" { MEDIA[1 + usize::from(flags >> 1 & 1)] } else { MEDIA[0] };
        let before = state(&hers);
        let current = format!("\"{}-{}\"", before.0, before.1);
        let uri = path.replace("{id}", &hers.id().to_string()).replace("{part}", &escaped(part.unwrap_or_default()));
        let uri = if query.is_empty() { uri } else { format!("{uri}?{}", escaped(query)) };
        let Ok(mut request) = Request::builder()
            .method(method)
            .uri(uri)
            .header("authorization", "Bearer alice")
            .header("content-type", media)
            .body(Body::from(body.to_vec()))
        else {
            continue;
        };
        if is_tagged {
            // The head, or what was head before.
            let tag = if flags & 4 == 4 { tag.as_ref().unwrap_or(&current) } else { &current };
            request.headers_mut().insert("if-match", HeaderValue::from_str(tag).expect("a tag"));
        }
        let mut is_plain = true;
        for part in parts {
            if let Some((name, value)) = part.split_first()
                && let Ok(value) = HeaderValue::from_bytes(value)
            {
                is_plain = false;
                request.headers_mut().append(HeaderName::from_static(NAMES[usize::from(*name) % NAMES.len()]), value);
            }
        }
        let told = runtime.block_on(ask(&mut router, request));
        let after = state(&hers);
        assert!(!told.status.is_server_error(), "{}: {}", told.status, String::from_utf8_lossy(&told.body));
        assert!(told.body.len() < 40 * BODY_MAX || path == "/openapi.json", "{} bytes", told.body.len());
        assert_eq!(state(&his), untouched, "another owner's draft");
        if !told.status.is_success() {
            assert_eq!(after, before, "{}", told.status);
        }
        if !is_tagged && is_plain && matches!(method, "PUT" | "PATCH") {
            assert!(!told.status.is_success(), "a save that does not say what it saves over");
        }
        let is_of_hers = matches!(path, "/drafts/{id}" | "/slots/note/a");
        if is_plain && is_of_hers && told.status == 200 && after.0 > before.0 {
            assert_eq!(told.tag, format!("\"{}-{}\"", after.0, after.1));
            match method {
                "PUT" => assert_eq!(Value::parse(body).ok().as_ref(), Some(&after.2)),
                "PATCH" => {
                    if let Some(other) = elsewhere(&before.2, media, body) {
                        assert_eq!(after.2, other, "{}", String::from_utf8_lossy(body));
                    }
                }
                _ => panic!("{method} {path} saved"),
            }
        }
        tag = Some(current);
    }
});
