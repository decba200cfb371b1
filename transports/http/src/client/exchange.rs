//! One request there and one answer back, with a deadline for each part of the way. What the answer means is not asked here.

use super::options::Deadlines;
use super::upload::{Phase, Progress, Upload};
use crate::fault;
use bytes::Bytes;
use http::{HeaderMap, Method, StatusCode};
use reqwest::{Body, Client, Request, Response};
use std::pin::pin;
use std::time::Duration;
use tokio::time::{Instant, sleep_until, timeout_at};
use url::Url;

/// The most of an answer that is not a message: what went wrong is said in less.
const PROBLEM_MAX: usize = 16 << 10;

/// The part of the way that took too long.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum Deadline {
    /// No token was given in time.
    #[error("no token was given in time")]
    Token,
    /// There was no connection in time.
    #[error("there was no connection in time")]
    Connect,
    /// Sending stood still for too long.
    #[error("sending the request stood still for too long")]
    Send,
    /// The answer did not begin in time.
    #[error("the answer did not begin in time")]
    Answer,
    /// Receiving stood still for too long.
    #[error("receiving the answer stood still for too long")]
    Receive,
    /// All of it together took too long.
    #[error("the request took too long as a whole")]
    Whole,
}

/// A request as it goes into a socket.
#[derive(Debug, Clone)]
pub(super) struct Sending {
    pub(super) method: Method,
    pub(super) url: Url,
    pub(super) headers: HeaderMap,
    pub(super) body: Bytes,
    /// The longest message that is taken into memory.
    pub(super) most: usize,
    /// How long the hub is asked to wait with its answer.
    pub(super) wait: Duration,
    pub(super) deadlines: Deadlines,
}

/// An answer as it came out of a socket, whole.
#[derive(Debug)]
pub(super) struct Received {
    pub(super) status: StatusCode,
    pub(super) headers: HeaderMap,
    pub(super) body: Content,
}

/// What was in the answer.
#[derive(Debug)]
pub(super) enum Content {
    /// All of it.
    Whole(Vec<u8>),
    /// More than is taken into memory.
    TooLong,
}

/// Why nothing came back whole.
#[derive(Debug, thiserror::Error)]
pub(super) enum Lost {
    #[error(transparent)]
    Deadline(#[from] Deadline),
    #[error(transparent)]
    Way(#[from] reqwest::Error),
}

pub(super) async fn exchange(client: Client, sending: Sending) -> Result<Received, Lost> {
    let Sending { method, url, headers, body, most, wait, deadlines } = sending;
    // Not without an end, so that whoever looks for it sees it.
    let whole = if fault::on("http-drip-waited-for") { Duration::from_secs(40) } else { deadlines.whole };
    let end = Instant::now() + whole + wait;
    let (progress, mut watched) = Progress::begin();
    let mut request = Request::new(method, url);
    *request.headers_mut() = headers;
    if body.is_empty() {
        // Nothing tells when there is a connection; the client below has a deadline for that.
        progress.nothing_to_send();
    } else {
        *request.body_mut() = Some(Body::wrap(Upload::new(body, progress)));
    }

    let mut response = pin!(client.execute(request));
    let response = loop {
        let (phase, since) = *watched.borrow_and_update();
        let (limit, late) = match phase {
            Phase::Connecting => (deadlines.connect, Deadline::Connect),
            Phase::Sending => (deadlines.send, Deadline::Send),
            Phase::Sent => (deadlines.first_byte + wait, Deadline::Answer),
        };
        let (until, late) = earlier((since + limit, late), (end, Deadline::Whole));
        tokio::select! {
            // Whoever handed on the body may be gone; then only the answer or the deadline is left.
            response = &mut response => break response.map_err(reqwest::Error::without_url)?,
            Ok(()) = watched.changed() => {}
            () = sleep_until(until) => return Err(late.into()),
        }
    };
    let (status, headers) = (response.status(), response.headers().clone());
    let body = receive(response, most, deadlines.body, end).await?;
    Ok(Received { status, headers, body })
}

/// Receives no more than may be taken into memory.
async fn receive(mut response: Response, most: usize, still: Duration, end: Instant) -> Result<Content, Lost> {
    let is_message = response.status() == StatusCode::OK;
    let limit = if is_message { most } else { PROBLEM_MAX };
    let limit = if fault::on("http-answer-without-limit") { usize::MAX } else { limit };
    let announced = response.content_length().and_then(|length| usize::try_from(length).ok());
    if announced.is_some_and(|length| length > limit) {
        return Ok(Content::TooLong);
    }
    let mut bytes = Vec::new();
    loop {
        let (until, late) = earlier((Instant::now() + still, Deadline::Receive), (end, Deadline::Whole));
        let chunk = timeout_at(until, response.chunk()).await.map_err(|_| late)?;
        let chunk = if chunk.is_err() && fault::on("http-cut-answer-taken") { Ok(None) } else { chunk };
        let Some(chunk) = chunk.map_err(reqwest::Error::without_url)? else { return Ok(Content::Whole(bytes)) };
        if bytes.len() + chunk.len() > limit {
            return Ok(Content::TooLong);
        }
        bytes.extend_from_slice(&chunk);
    }
}

fn earlier(one: (Instant, Deadline), other: (Instant, Deadline)) -> (Instant, Deadline) {
    if other.0 < one.0 { other } else { one }
}
