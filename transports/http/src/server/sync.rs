//! `POST /v1/spaces/{space}/sync`: one request of the protocol, and its answer.

use super::body::{Held, Unwanted, room};
use super::door::{may, space};
use super::grant::{Grant, Rights};
use super::metrics::{Counter, Gauge};
use super::problem::Problem;
use super::shared::{Shared, permits};
use crate::causes::causes;
use crate::fault;
use crate::wire::{Form, HASH_LEN, JSON, MESSAGE, Nonce, PROOF, PROTOCOL, REQUEST, VERSION, proof};
use axum::body::Body;
use axum::extract::rejection::PathRejection;
use axum::extract::{Path, Request as HttpRequest, State};
use axum::response::Response;
use draftkeep::transport::{Answer, Ask, DEVICE_MAX, EraseOutcome, MESSAGE_MAX, Outcome, Reply, Request, WireError};
use futures_util::future::{Either, select};
use http::header::CONTENT_TYPE;
use http::request::Parts;
use http::{HeaderMap, HeaderValue, StatusCode};
use std::pin::pin;
use std::sync::Arc;
use std::time::{Duration, Instant};
use tokio::sync::OwnedSemaphorePermit;

/// How long a token is believed while a body comes.
const FRESH: Duration = Duration::from_secs(5);

pub(super) async fn sync(
    State(shared): State<Arc<Shared>>,
    segment: Result<Path<String>, PathRejection>,
    request: HttpRequest,
) -> Result<Response, Problem> {
    let (parts, body) = request.into_parts();
    let body = if fault::on("http-body-read-for-anybody") {
        Body::from(shared.receive(&parts.headers, body, Form::Bytes).await?.bytes)
    } else {
        body
    };
    let Admitted { space, mut grant, nonce, form } = match at_the_door(&shared, &segment, &parts).await {
        Ok(admitted) => admitted,
        Err(problem) => {
            Unwanted::STRANGERS.discard(&parts.headers, body).await;
            return Err(problem);
        }
    };
    let began = Instant::now();
    let mut received = shared.receive(&parts.headers, body, form).await?;
    if began.elapsed() > FRESH && !fault::on("http-token-of-before-the-body-believed") {
        // A token that is revoked is good for nothing after a minute, however slowly a body comes.
        grant = shared.check(&parts.headers).await?;
    }
    shared.metrics.add(Counter::ReceivedBytes, received.bytes.len() as u64);
    let asked = form.hash(&received.bytes).unwrap_or_default();
    let limit = shared.limits.message_bytes;
    let request = read(form, std::mem::take(&mut received.bytes), limit).await?;
    let mut request = request.map_err(|error| Problem::of_message(error, form.most(limit)))?;
    if request.space != space && !fault::on("http-space-of-a-request-unchecked") {
        let detail = "the request is about another space than its address; send it to the address of its space";
        let title = "The request and its address name different spaces";
        return Err(Problem::new(StatusCode::UNPROCESSABLE_ENTITY, "other-space", title, detail));
    }
    may(&grant, &request.space, right(&request.ask))?;
    // An audit tells of every push who it was.
    request.device.get_or_insert_with(|| label(grant.name()));
    let answer = carry_out(&shared, request, received.room).await?;
    let wanted = if fault::on("http-json-answered-as-bytes") { Form::Bytes } else { form.wanted(&parts.headers) };
    say(&shared, answer, wanted, nonce, &asked).await
}

/// Reads a request. As JSON it takes long enough to hold up others, so a thread of its own does it.
async fn read(form: Form, body: Vec<u8>, limit: usize) -> Result<Result<Request, WireError>, Problem> {
    match form {
        Form::Bytes => Ok(Request::from_bytes(&body)),
        Form::Json => {
            let read = move || {
                let request = Request::from_json(&body)?;
                let got = request.to_bytes()?.len();
                if got > limit { Err(WireError::Limit { what: "bytes", limit, got }) } else { Ok(request) }
            };
            let failed = |_| Problem::busy("the request could not be read now; repeat it later");
            tokio::task::spawn_blocking(read).await.map_err(failed)
        }
    }
}

/// As much of a grant's name as a device's may have.
fn label(name: &str) -> String {
    let mut end = name.len().min(DEVICE_MAX);
    while !name.is_char_boundary(end) {
        end -= 1;
    }
    name[..end].to_owned()
}

/// A request that may be read.
struct Admitted {
    space: String,
    grant: Grant,
    nonce: Nonce,
    form: Form,
}

/// All that can be decided without the body.
async fn at_the_door(
    shared: &Shared,
    segment: &Result<Path<String>, PathRejection>,
    parts: &Parts,
) -> Result<Admitted, Problem> {
    let space = space(segment)?;
    let grant = shared.admit(parts, space, Rights::Read).await?;
    let headers = &parts.headers;
    match headers.get(PROTOCOL).and_then(|value| value.to_str().ok()?.parse::<u32>().ok()) {
        Some(VERSION) => {}
        Some(found) => return Err(Problem::upgrade(found)),
        None => return Err(Problem::malformed("a request says its version of the protocol in draftkeep-protocol")),
    }
    let form = headers.get(CONTENT_TYPE).and_then(|value| Form::of_media(value.to_str().ok()?));
    let form = form.ok_or_else(|| {
        let detail = format!("this address takes {MESSAGE} or {JSON}, as the header content-type has to say");
        Problem::new(StatusCode::UNSUPPORTED_MEDIA_TYPE, "media-type", "Not a message", detail)
    })?;
    if headers.contains_key(http::header::CONTENT_ENCODING) {
        let detail = "bodies of drafts are compressed already; send the message as it is, without content-encoding";
        return Err(Problem::new(StatusCode::UNSUPPORTED_MEDIA_TYPE, "encoding", "Not a message", detail));
    }
    Ok(Admitted { space: space.to_owned(), grant, nonce: nonce(headers)?, form })
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
async fn carry_out(shared: &Arc<Shared>, request: Request, room: OwnedSemaphorePermit) -> Result<Answer, Problem> {
    let trace = request.trace;
    let answer = if let Ask::Wait { timeout } = request.ask {
        drop(room);
        wait(shared, request, timeout).await?
    } else if fault::on("http-push-ends-with-its-device") {
        shared.ask(request).await
    } else {
        let asking = Arc::clone(shared);
        let task = shared.tasks.begin(async move {
            let answer = asking.ask(request).await;
            // Until here the request is in memory, as the hub has it.
            drop(room);
            answer
        });
        task.await.map_err(|_| Problem::busy("the hub failed; repeat the request later"))?
    };
    answer.map_err(|error| {
        tracing::warn!(trace = %trace, error = %causes(&error), "the hub gave no answer");
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
        Either::Right(((), asking)) if fault::on("http-end-leaves-who-waits") => Ok(asking.await),
        // The server ends: a hub may answer before the time is over.
        Either::Right(((), _)) => {
            Ok(shared.ask(Request { ask: Ask::Wait { timeout: Duration::ZERO }, ..request }).await)
        }
    }
}

/// The answer as it goes over the wire.
async fn say(
    shared: &Arc<Shared>,
    answer: Answer,
    form: Form,
    nonce: Nonce,
    asked: &[u8; HASH_LEN],
) -> Result<Response, Problem> {
    count(shared, &answer);
    let written = match form {
        Form::Bytes => answer.to_bytes(),
        Form::Json => {
            // Text, values, bytes and the answer, before anybody knows how long they are.
            let _writing = room(&shared.memory, MESSAGE_MAX.min(shared.limits.memory_bytes)).await?;
            let written = tokio::task::spawn_blocking(move || answer.to_json()).await;
            written.map_err(|_| Problem::busy("the hub's answer cannot be sent"))?
        }
    };
    let bytes = written.map_err(|error| {
        tracing::error!(%error, "the hub's answer is no message");
        Problem::busy("the hub's answer cannot be sent")
    })?;
    let proof = form.hash(&bytes).map(|answer| proof(nonce, asked, &answer));
    let proof = proof.and_then(|proof| HeaderValue::try_from(proof).ok());
    let proof = proof.ok_or_else(|| Problem::busy("the hub's answer cannot be sent"))?;
    shared.metrics.add(Counter::SentBytes, bytes.len() as u64);
    // Short answers are not worth waiting for.
    let body = if permits(bytes.len()) <= 1 {
        Body::from(bytes)
    } else {
        let room = room(&shared.memory, bytes.len().min(shared.limits.memory_bytes)).await?;
        Body::from(Held { bytes, _room: room })
    };
    let mut response = Response::new(body);
    response.headers_mut().insert(CONTENT_TYPE, HeaderValue::from_static(form.media()));
    response.headers_mut().insert(PROOF, proof);
    Ok(response)
}

fn count(shared: &Shared, answer: &Answer) {
    let counted: Vec<Counter> = match &answer.reply {
        Reply::Pushed(outcomes) => outcomes.iter().map(of_push).collect(),
        Reply::Erased(outcomes) => outcomes.iter().map(of_erasure).collect(),
        _ => return,
    };
    counted.into_iter().for_each(|counter| shared.metrics.add(counter, 1));
}

const fn of_push(outcome: &Outcome) -> Counter {
    match outcome {
        Outcome::Accepted { .. } => Counter::Accepted,
        Outcome::Conflict { .. } => Counter::Conflicts,
        _ => Counter::Rejected,
    }
}

const fn of_erasure(outcome: &EraseOutcome) -> Counter {
    match outcome {
        EraseOutcome::Erased => Counter::Erased,
        _ => Counter::Rejected,
    }
}
