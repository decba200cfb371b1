//! Entry point for a fuzzer: an arbitrary answer, and what a device makes of it.

#![allow(missing_docs, unreachable_pub, clippy::missing_panics_doc)]

use super::exchange::{Content, Received};
use super::verdict::Sent;
use crate::wire::{Form, Nonce, PROOF, PROTOCOL, REQUEST, proof};
use draftkeep::transport::TransportErrorKind;
use http::{HeaderMap, HeaderName, HeaderValue, StatusCode};
use std::time::{Duration, UNIX_EPOCH};

/// An answer with these headers, marked and proven as a hub does it where that is said, in either form.
pub fn verdict(status: u16, headers: &[(&str, &[u8])], body: Option<&[u8]>, is_marked: bool, is_proven: bool) {
    for form in [Form::Bytes, Form::Json] {
        in_form(form, status, headers, body, (is_marked, is_proven));
    }
}

fn in_form(
    form: Form,
    status: u16,
    headers: &[(&str, &[u8])],
    body: Option<&[u8]>,
    (is_marked, is_proven): (bool, bool),
) {
    let Ok(status) = StatusCode::from_u16(status) else { return };
    let (nonce, request) = (Nonce::from_bytes([7; 16]), [3; 32]);
    let mut map = HeaderMap::new();
    for (name, value) in headers {
        if let (Ok(name), Ok(value)) = (HeaderName::try_from(*name), HeaderValue::from_bytes(value)) {
            map.append(name, value);
        }
    }
    if is_marked {
        map.insert(PROTOCOL, HeaderValue::from_static("1"));
        map.insert(REQUEST, nonce.header());
    }
    let real = body.and_then(|body| form.hash(body)).map(|answer| proof(nonce, &request, &answer));
    if let Some(real) = real.as_deref().filter(|_| is_proven) {
        map.insert(PROOF, HeaderValue::try_from(real).expect("digits"));
    }
    let says = |name: &HeaderName| map.get(name).and_then(|value| value.to_str().ok());
    let is_marked = says(&PROTOCOL).is_some_and(|text| text.parse::<u32>().is_ok())
        && says(&REQUEST) == Some(nonce.to_string().as_str());
    let is_proven = real.is_some() && says(&PROOF) == real.as_deref();
    let body = body.map_or(Content::TooLong, |body| Content::Whole(body.to_vec()));
    let received = Received { status, headers: map, body };
    for is_encrypted in [false, true] {
        let now = UNIX_EPOCH + Duration::from_secs(1_700_000_000);
        let sent = Sent { nonce, hash: request, form, is_encrypted, now };
        let error = match super::verdict::verdict(&received, sent) {
            Ok(_) => {
                assert!(status == 200 && is_marked && is_proven, "a stranger was believed: {received:?}");
                continue;
            }
            Err(error) => error,
        };
        match error.kind() {
            TransportErrorKind::Unauthorized | TransportErrorKind::Forbidden | TransportErrorKind::TooLarge => {
                assert!(is_marked, "a stranger decided something: {received:?}");
            }
            TransportErrorKind::Upgrade { .. } => assert!(is_marked, "a stranger decided something: {received:?}"),
            TransportErrorKind::Unreachable { retry_after } => {
                assert!(retry_after.is_none_or(|wait| wait <= Duration::from_secs(3_600)), "{retry_after:?}");
            }
            _ => {}
        }
        let mut cause: Option<&dyn std::error::Error> = Some(&error);
        while let Some(error) = cause {
            let said = error.to_string();
            assert!(said.chars().count() < 4_000 && !said.chars().any(char::is_control), "{said:?}");
            cause = error.source();
        }
    }
}
