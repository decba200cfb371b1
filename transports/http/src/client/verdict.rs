//! The table of answers: what each one means for a device. All of it is decided here, and nowhere else.
//!
//! An answer is *marked* where it says the version of the protocol and repeats what names the request. Only a hub that has read
//! this very request does that; a login page, a proxy or a cache does not, whatever its status says.
//!
//! | status | marked | not marked |
//! |---|---|---|
//! | 200 | the answer, where the proof fits; else `Unreachable` | `NotAHub` |
//! | 401 | `Unauthorized` | `NotAHub` |
//! | 403 | `Forbidden` | `NotAHub` |
//! | 413 | `TooLarge` | `NotAHub` |
//! | 426 | `Upgrade` | `NotAHub` |
//! | 408, 425, 429, 5xx | `Unreachable`, with what `retry-after` says, at most an hour | the same |
//! | 301, 308 | `Redirected` | `Redirected` |
//! | 300, 302, 303, 307 | `Redirected` | `Redirected` over `https`; `NotAHub` over plain `http`, where anybody can say so |
//! | any other | `Unreachable` | `NotAHub` |

use super::exchange::{Content, Received};
use crate::fault;
use crate::wire::{Form, HASH_LEN, MESSAGE, Nonce, PROOF, PROTOCOL, REQUEST, VERSION, proof};
use draftkeep::transport::{Answer, TransportError, TransportErrorKind, WireError};
use http::header::{CONTENT_TYPE, DATE, LOCATION, RETRY_AFTER};
use http::{HeaderMap, HeaderName};
use std::fmt;
use std::time::{Duration, SystemTime};

/// The longest time that an answer is heeded that asks to be left alone.
const RETRY_AFTER_MAX: Duration = Duration::from_secs(60 * 60);

/// How far clocks may be apart before that is said.
const SKEW: Duration = Duration::from_secs(5 * 60);

/// The longest part of what a stranger said that is repeated, in characters.
const QUOTE_MAX: usize = 300;

/// What a hub said for people, where it did not answer with a message: the source of a
/// [`TransportError`](draftkeep::transport::TransportError).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Said {
    /// The status of the answer.
    pub status: u16,
    /// What went wrong and the way out, in the hub's words.
    pub detail: Option<String>,
}

impl fmt::Display for Said {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "it answered with status {}", self.status)?;
        self.detail.as_ref().map_or(Ok(()), |detail| write!(f, ": {detail}"))
    }
}

impl std::error::Error for Said {}

/// The hub does not accept the credentials, and its clock and this device's are far apart: a token may look as if it had run out,
/// or as if it were not valid yet. The source of a [`TransportError`](draftkeep::transport::TransportError).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ClockSkew {
    /// How many seconds this device's clock is ahead of the hub's; negative where it is behind.
    pub ahead_secs: i64,
}

impl fmt::Display for ClockSkew {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (seconds, side) = (self.ahead_secs.unsigned_abs(), if self.ahead_secs < 0 { "behind" } else { "ahead of" });
        write!(f, "this device's clock is {seconds} s {side} the hub's; set it right and try again")
    }
}

impl std::error::Error for ClockSkew {}

/// What the answer has to fit.
#[derive(Debug, Clone, Copy)]
pub(super) struct Sent {
    pub(super) nonce: Nonce,
    /// The hash of its body.
    pub(super) hash: [u8; HASH_LEN],
    /// The form that was asked for.
    pub(super) form: Form,
    pub(super) is_encrypted: bool,
    pub(super) now: SystemTime,
}

/// The message of an answer, where it is the hub's to this very request.
pub(super) fn verdict(received: &Received, sent: Sent) -> Result<Answer, TransportError> {
    let body = body(received, sent)?;
    let read = match sent.form {
        Form::Bytes => Answer::from_bytes(body),
        Form::Json => Answer::from_json(body),
    };
    read.map_err(not_a_message)
}

/// The body of an answer, where it is the hub's to this very request.
pub(super) fn body(received: &Received, sent: Sent) -> Result<&[u8], TransportError> {
    let Received { status, headers, body } = received;
    let is_marked = is_marked(headers, sent.nonce) || fault::on("http-stranger-believed");
    match status.as_u16() {
        200 if is_marked => proven(headers, body, sent),
        301 | 308 => Err(redirected(headers)),
        300 | 302 | 303 | 307 if is_marked || sent.is_encrypted || fault::on("http-sign-in-page-taken-for-a-move") => {
            Err(redirected(headers))
        }
        408 | 425 | 429 | 500..=599 => {
            let retry_after = retry_after(headers, sent.now);
            Err(TransportError::new(TransportErrorKind::Unreachable { retry_after }).because(said(received, is_marked)))
        }
        _ if !is_marked => Err(TransportError::new(TransportErrorKind::NotAHub { what: stranger(received) })),
        401 => {
            let refused = TransportError::new(TransportErrorKind::Unauthorized);
            Err(match skew(headers, sent.now) {
                Some(skew) => refused.because(skew),
                None => refused.because(said(received, true)),
            })
        }
        403 => Err(TransportError::new(TransportErrorKind::Forbidden).because(said(received, true))),
        413 => Err(TransportError::new(TransportErrorKind::TooLarge).because(said(received, true))),
        426 => {
            let newest = number(headers, &PROTOCOL).unwrap_or(VERSION);
            Err(TransportError::new(TransportErrorKind::Upgrade { newest }).because(said(received, true)))
        }
        _ => Err(TransportError::unreachable().because(said(received, true))),
    }
}

/// The body of a marked answer, if it is to this very request.
fn proven<'b>(headers: &HeaderMap, body: &'b Content, sent: Sent) -> Result<&'b [u8], TransportError> {
    let Content::Whole(bytes) = body else {
        return Err(TransportError::unreachable().because(Altered("it is longer than any message")));
    };
    let found = headers.get(PROOF).and_then(|value| value.to_str().ok());
    let right = sent.form.hash(bytes).map(|answer| proof(sent.nonce, &sent.hash, &answer));
    let is_proven = found.is_some() && found == right.as_deref() || fault::on("http-cut-answer-taken");
    if !is_proven && !fault::on("http-answer-not-proven") {
        return Err(TransportError::unreachable().because(Altered("it is not to this request, or was altered")));
    }
    Ok(bytes)
}

fn not_a_message(error: WireError) -> TransportError {
    let kind = match error {
        WireError::NotAMessage => TransportErrorKind::NotAHub { what: "a hub's marks on something else".to_owned() },
        WireError::Version { found, .. } => TransportErrorKind::Upgrade { newest: found.into() },
        _ => TransportErrorKind::Unreachable { retry_after: None },
    };
    TransportError::new(kind).because(error)
}

#[derive(Debug, thiserror::Error)]
#[error("the answer cannot be believed: {0}")]
struct Altered(&'static str);

fn is_marked(headers: &HeaderMap, nonce: Nonce) -> bool {
    number(headers, &PROTOCOL).is_some() && headers.get(REQUEST).and_then(Nonce::read) == Some(nonce)
}

fn number(headers: &HeaderMap, name: &HeaderName) -> Option<u32> {
    headers.get(name)?.to_str().ok()?.parse().ok()
}

fn redirected(headers: &HeaderMap) -> TransportError {
    let to = headers.get(LOCATION).map(|value| quote(&String::from_utf8_lossy(value.as_bytes()))).unwrap_or_default();
    TransportError::new(TransportErrorKind::Redirected).because(ElseWhere(to))
}

#[derive(Debug, thiserror::Error)]
#[error("it leads to {0:?}, where nothing was sent; if that is the hub's address, open the transport with it")]
struct ElseWhere(String);

/// Seconds, or a date; at most an hour.
fn retry_after(headers: &HeaderMap, now: SystemTime) -> Option<Duration> {
    let text = headers.get(RETRY_AFTER)?.to_str().ok()?;
    let wait = match text.parse::<u64>() {
        Ok(seconds) => Duration::from_secs(seconds),
        Err(_) => httpdate::parse_http_date(text).ok()?.duration_since(now).unwrap_or_default(),
    };
    Some(if fault::on("http-left-alone-for-ever") { wait } else { wait.min(RETRY_AFTER_MAX) })
}

fn skew(headers: &HeaderMap, now: SystemTime) -> Option<ClockSkew> {
    let hub = httpdate::parse_http_date(headers.get(DATE)?.to_str().ok()?).ok()?;
    let seconds = |time: Duration| i64::try_from(time.as_secs()).unwrap_or(i64::MAX);
    let (apart, ahead_secs) = match now.duration_since(hub) {
        Ok(ahead) => (ahead, seconds(ahead)),
        Err(behind) => (behind.duration(), -seconds(behind.duration())),
    };
    (apart > SKEW).then_some(ClockSkew { ahead_secs })
}

fn said(received: &Received, is_marked: bool) -> Said {
    // What a stranger says of it may be anything.
    let detail = match &received.body {
        Content::Whole(body) if is_marked => serde_json::from_slice::<serde_json::Value>(body).ok(),
        _ => None,
    };
    let detail = detail.and_then(|problem| problem.get("detail")?.as_str().map(quote));
    Said { status: received.status.as_u16(), detail }
}

/// What answered in the hub's place, for people.
fn stranger(received: &Received) -> String {
    let kind = received.headers.get(CONTENT_TYPE).and_then(|value| value.to_str().ok()).unwrap_or("nothing");
    let hint = match received.status.as_u16() {
        200 if kind == MESSAGE => "; it carries no proof that it is to this request",
        200 | 302 | 303 | 307 => "; a network that wants somebody to sign in?",
        413 => "; something before the hub lets only smaller requests through, where the hub takes up to 24 MiB",
        _ => "",
    };
    format!("status {} with {}{hint}", received.status.as_u16(), quote(kind))
}

/// The beginning of a text of somebody else's, without anything that a terminal would obey.
fn quote(text: &str) -> String {
    text.chars().filter(|letter| !letter.is_control()).take(QUOTE_MAX).collect()
}
