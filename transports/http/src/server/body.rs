//! A request's bytes, with limits and deadlines.

use super::problem::Problem;
use super::shared::{Shared, permits};
use crate::fault;
use crate::wire::Form;
use axum::body::Body;
use bytes::Bytes;
use draftkeep::transport::MESSAGE_MAX;
use futures_util::StreamExt as _;
use http::HeaderMap;
use http::header::{CONTENT_LENGTH, EXPECT};
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tokio::time::{Instant, timeout, timeout_at};

/// How long a request waits for room in memory.
const ROOM: Duration = Duration::from_secs(10);

/// Longer than any test waits.
const FOR_EVER: Duration = Duration::from_secs(60 * 60);

/// A body in memory, and the room that it takes there until it is dropped.
#[derive(Debug)]
pub(super) struct Received {
    pub(super) bytes: Vec<u8>,
    pub(super) room: OwnedSemaphorePermit,
}

impl Shared {
    /// Whoever sends a request that only this server finds too long has to read that, and sends less at once then.
    fn unwanted(&self, headers: &HeaderMap) -> Unwanted {
        match length(headers, MESSAGE_MAX) {
            Ok(bytes) => Unwanted { bytes, stand_still: self.limits.stand_still, time: self.limits.body },
            Err(_) => Unwanted::STRANGERS,
        }
    }

    /// Reads a body whose length the headers say. No room is made before that is held against the limit.
    pub(super) async fn receive(&self, headers: &HeaderMap, body: Body, form: Form) -> Result<Received, Problem> {
        let limit = form.most(self.limits.message_bytes);
        let length = match length(headers, limit) {
            Ok(length) => length,
            Err(problem) => {
                self.unwanted(headers).discard(headers, body).await;
                return Err(problem);
            }
        };
        let room = room(&self.memory, (length * form.weight()).min(self.limits.memory_bytes)).await?;
        let end = Instant::now() + self.limits.body;
        let mut stream = body.into_data_stream();
        let mut bytes = Vec::with_capacity(length);
        loop {
            let until = end.min(Instant::now() + self.limits.stand_still);
            let until = if fault::on("http-slow-body-waited-for") { Instant::now() + FOR_EVER } else { until };
            let Ok(chunk) = timeout_at(until, stream.next()).await else {
                let detail = "the request's body stood still for too long, or took too long as a whole; send it again";
                return Err(Problem::too_slow(detail));
            };
            match chunk {
                None => break,
                // The server below holds the body against its length.
                Some(Ok(chunk)) if bytes.len() + chunk.len() <= length => bytes.extend_from_slice(&chunk),
                Some(_) => return Err(Problem::malformed("the request's body is not what its length says")),
            }
        }
        if bytes.len() != length {
            return Err(Problem::malformed("the request's body ended too early"));
        }
        Ok(Received { bytes, room })
    }
}

/// Room in memory for so many bytes.
pub(super) async fn room(memory: &Arc<Semaphore>, bytes: usize) -> Result<OwnedSemaphorePermit, Problem> {
    let wanted = if fault::on("http-memory-without-limit") { 0 } else { permits(bytes) };
    let room = timeout(ROOM, Arc::clone(memory).acquire_many_owned(wanted)).await;
    room.ok()
        .and_then(Result::ok)
        .ok_or_else(|| Problem::busy("there is no room for this request now; send it again later"))
}

/// How much is taken from the wire of a body that nobody wants, so that its sender reads the answer instead of an error.
#[derive(Debug, Clone, Copy)]
pub(super) struct Unwanted {
    bytes: usize,
    stand_still: Duration,
    time: Duration,
}

impl Unwanted {
    /// Of a body that may be anybody's.
    pub(super) const STRANGERS: Self =
        Self { bytes: 1 << 20, stand_still: Duration::from_secs(1), time: Duration::from_secs(5) };

    /// Takes no more of it, and for no longer; and nothing where the sender waits to be told to send it. To begin reading would tell it that.
    pub(super) async fn discard(self, headers: &HeaderMap, body: Body) {
        let is_asked = headers.get(EXPECT).is_some_and(|value| value.as_bytes().eq_ignore_ascii_case(b"100-continue"));
        if is_asked && !fault::on("http-refused-body-asked-for") {
            return;
        }
        let mut stream = body.into_data_stream();
        let (end, mut taken) = (Instant::now() + self.time, 0);
        while taken <= self.bytes {
            match timeout_at(end.min(Instant::now() + self.stand_still), stream.next()).await {
                Ok(Some(Ok(chunk))) => taken += chunk.len(),
                _ => break,
            }
        }
    }
}

fn length(headers: &HeaderMap, limit: usize) -> Result<usize, Problem> {
    let missing = || {
        let detail = "a request says its length in the header content-length";
        Problem::new(http::StatusCode::LENGTH_REQUIRED, "length", "The request does not say how long it is", detail)
    };
    let length: u64 =
        headers.get(CONTENT_LENGTH).and_then(|value| value.to_str().ok()?.parse().ok()).ok_or_else(missing)?;
    match usize::try_from(length) {
        Ok(length) if length <= limit || fault::on("http-request-without-limit") => Ok(length),
        _ => Err(Problem::too_large("a request", limit, length)),
    }
}

/// Bytes that keep their room in memory until the last of them is on its way.
#[derive(Debug)]
pub(super) struct Held {
    pub(super) bytes: Vec<u8>,
    pub(super) _room: OwnedSemaphorePermit,
}

impl AsRef<[u8]> for Held {
    fn as_ref(&self) -> &[u8] {
        &self.bytes
    }
}

impl From<Held> for Body {
    fn from(held: Held) -> Self {
        Self::from(Bytes::from_owner(held))
    }
}
