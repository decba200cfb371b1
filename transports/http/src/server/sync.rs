//! `POST /v1/spaces/{space}/sync`: one request of the protocol, and its answer.

use super::body::{Held, Received, Unwanted, room};
use super::door::{may, space};
use super::grant::{Grant, Rights};
use super::metrics::{Counter, Gauge};
use super::problem::Problem;
use super::shared::{Shared, permits};
use crate::wire::{MESSAGE, Nonce, PROOF, PROTOCOL, REQUEST, VERSION, proof};
use axum::body::Body;
use axum::extract::rejection::PathRejection;
use axum::extract::{Path, Request as HttpRequest, State};
use axum::response::Response;
use draftkeep::transport::{Answer, Ask, DEVICE_MAX, MESSAGE_MAX, Outcome, Reply, Request};
use futures_util::future::{Either, select};
use http::header::CONTENT_TYPE;
use http::request::Parts;
use http::{HeaderMap, HeaderValue, StatusCode};
use std::pin::pin;
use std::sync::Arc;
use std::time::{Duration, Instant};

/// How long a token is believed while a body comes.
const FRESH: Duration = Duration::from_secs(5);

pub(super) async fn sync(
    State(shared): State<Arc<Shared>>,
    segment: Result<Path<String>, PathRejection>,
    request: HttpRequest,
) -> Result<Response, Problem> {
    let (parts, body) = request.into_parts();
    let (space, mut grant, nonce) = match at_the_door(&shared, &segment, &parts).await {
        Ok(admitted) => admitted,
        Err(problem) => {
            Unwanted::STRANGERS.discard(body).await;
            return Err(problem);
        }
    };
    let began = Instant::now();
    let received = shared.receive(&parts.headers, body).await?;
    if began.elapsed() > FRESH {
        // A token that is revoked is good for nothing after a minute, however slowly a body comes.
        grant = shared.check(&parts.headers).await?;
    }
    shared.metrics.add(Counter::ReceivedBytes, received.bytes.len() as u64);
    let mut request = Request::from_bytes(&received.bytes)
        .map_err(|error| Problem::of_message(error, shared.limits.message_bytes))?;
    if request.space != space {
        let detail = "the request is about another space than its address; send it to the address of its space";
        let title = "The request and its address name different spaces";
        return Err(Problem::new(StatusCode::UNPROCESSABLE_ENTITY, "other-space", title, detail));
    }
    may(&grant, &request.space, right(&request.ask))?;
    // An audit tells of every push who it was.
    request.device.get_or_insert_with(|| label(grant.name()));
    let asked = received.bytes.last_chunk::<32>().copied().unwrap_or_default();
    let answer = carry_out(&shared, request, received).await?;
    say(&shared, &answer, nonce, &asked).await
}

/// As much of a grant's name as a device's may have.
fn label(name: &str) -> String {
    let mut end = name.len().min(DEVICE_MAX);
    while !name.is_char_boundary(end) {
        end -= 1;
    }
    name[..end].to_owned()
}

/// All that can be decided without the body.
async fn at_the_door(
    shared: &Shared,
    segment: &Result<Path<String>, PathRejection>,
    parts: &Parts,
) -> Result<(String, Grant, Nonce), Problem> {
    let space = space(segment)?;
    let grant = shared.admit(parts, space, Rights::Read).await?;
    let headers = &parts.headers;
    match headers.get(PROTOCOL).and_then(|value| value.to_str().ok()?.parse::<u32>().ok()) {
        Some(VERSION) => {}
        Some(found) => return Err(Problem::upgrade(found)),
        None => return Err(Problem::malformed("a request says its version of the protocol in draftkeep-protocol")),
    }
    if headers.get(CONTENT_TYPE).is_none_or(|value| value != MESSAGE) {
        let detail = format!("this address takes {MESSAGE}, as the header content-type has to say");
        return Err(Problem::new(StatusCode::UNSUPPORTED_MEDIA_TYPE, "media-type", "Not a message", detail));
    }
    if headers.contains_key(http::header::CONTENT_ENCODING) {
        let detail = "bodies of drafts are compressed already; send the message as it is, without content-encoding";
        return Err(Problem::new(StatusCode::UNSUPPORTED_MEDIA_TYPE, "encoding", "Not a message", detail));
    }
    Ok((space.to_owned(), grant, nonce(headers)?))
}

fn nonce(headers: &HeaderMap) -> Result<Nonce, Problem> {
    let missing =
        || Problem::malformed("a request names itself in draftkeep-request, with 32 random hexadecimal digits");
    headers.get(REQUEST).and_then(Nonce::read).ok_or_else(missing)
}

/// What a device has to be allowed to.
fn right(ask: &Ask) -> Rights {
    match ask {
        Ask::Hello | Ask::Pull { .. } | Ask::Contained { .. } | Ask::Revisions { .. } | Ask::Wait { .. } => {
            Rights::Read
        }
        // Also whatever a later version asks for.
        _ => Rights::Write,
    }
}

/// Asks the hub, in a task that goes on although the device hangs up; only waiting for news ends with it.
async fn carry_out(shared: &Arc<Shared>, request: Request, received: Received) -> Result<Answer, Problem> {
    let trace = request.trace;
    let answer = if let Ask::Wait { timeout } = request.ask {
        drop(received);
        wait(shared, request, timeout).await?
    } else {
        let asking = Arc::clone(shared);
        let task = shared.tasks.begin(async move {
            let answer = asking.ask(request).await;
            // Until here the request is in memory, as the hub has it.
            drop(received.room);
            answer
        });
        task.await.map_err(|_| Problem::busy("the hub failed; repeat the request later"))?
    };
    answer.map_err(|error| {
        tracing::warn!(trace = %trace, error = %chain(&error), "the hub gave no answer");
        Problem::of_hub(&error)
    })
}

type Asked = Result<Answer, draftkeep::transport::TransportError>;

async fn wait(shared: &Shared, request: Request, timeout: Duration) -> Result<Asked, Problem> {
    let _place = shared.place()?;
    let _waiting = shared.metrics.enter(Gauge::Waiting);
    let timeout = timeout.min(shared.limits.wait);
    let patient = Request { ask: Ask::Wait { timeout }, ..request.clone() };
    let stopping = pin!(shared.tasks.stopping());
    match select(pin!(shared.ask(patient)), stopping).await {
        Either::Left((answer, _)) => Ok(answer),
        // The server ends: a hub may answer before the time is over.
        Either::Right(((), _)) => {
            Ok(shared.ask(Request { ask: Ask::Wait { timeout: Duration::ZERO }, ..request }).await)
        }
    }
}

/// The answer as it goes over the wire.
async fn say(shared: &Arc<Shared>, answer: &Answer, nonce: Nonce, asked: &[u8]) -> Result<Response, Problem> {
    count(shared, answer);
    let bytes = answer.to_bytes().map_err(|error| {
        tracing::error!(%error, "the hub's answer is no message");
        Problem::busy("the hub's answer cannot be sent")
    })?;
    let proof = proof(nonce, asked, &bytes).and_then(|proof| HeaderValue::try_from(proof).ok());
    let proof = proof.ok_or_else(|| Problem::busy("the hub's answer cannot be sent"))?;
    shared.metrics.add(Counter::SentBytes, bytes.len() as u64);
    // Short answers are not worth waiting for.
    let body = if permits(bytes.len()) <= 1 {
        Body::from(bytes)
    } else {
        let room = room(&shared.memory, bytes.len().min(MESSAGE_MAX)).await?;
        Body::from(Held { bytes, _room: room })
    };
    let mut response = Response::new(body);
    response.headers_mut().insert(CONTENT_TYPE, HeaderValue::from_static(MESSAGE));
    response.headers_mut().insert(PROOF, proof);
    Ok(response)
}

fn count(shared: &Shared, answer: &Answer) {
    let Reply::Pushed(outcomes) = &answer.reply else { return };
    for outcome in outcomes {
        let counter = match outcome {
            Outcome::Accepted { .. } => Counter::Accepted,
            Outcome::Conflict { .. } => Counter::Conflicts,
            _ => Counter::Rejected,
        };
        shared.metrics.add(counter, 1);
    }
}

/// An error with all its causes, for a log.
pub(super) fn chain(error: &dyn std::error::Error) -> String {
    let mut text = error.to_string();
    let mut cause = error.source();
    while let Some(error) = cause {
        text.push_str(&format!(": {error}"));
        cause = error.source();
    }
    text
}
