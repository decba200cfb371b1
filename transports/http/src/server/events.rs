//! `GET /v1/spaces/{space}/events`: where the feed is, whenever it goes on, as server-sent events.
//!
//! An event says only that there is something to pull; a page that shows drafts asks for them then. Its id is the position, so that
//! whoever comes back with `last-event-id` is told at once what it missed, and never too little: a position that the hub does not
//! confirm is told as `event: reset`.

use super::door::space;
use super::grant::Rights;
use super::metrics::{Entered, Gauge};
use super::problem::Problem;
use super::shared::{Shared, Trace};
use super::status::chain;
use crate::fault;
use axum::body::Body;
use axum::extract::rejection::PathRejection;
use axum::extract::{Extension, Path, Request as HttpRequest, State};
use axum::response::Response;
use draftkeep::transport::{Answer, Ask, Position, Refusal, Reply, Request};
use draftkeep::{HubId, TraceId};
use futures_util::future::{Either, select};
use futures_util::stream::unfold;
use http::header::CONTENT_TYPE;
use http::{HeaderMap, HeaderName, HeaderValue};
use serde_json::json;
use std::convert::Infallible;
use std::pin::pin;
use std::sync::Arc;
use std::time::{Duration, Instant};
use tokio::sync::OwnedSemaphorePermit;

/// How long nothing is said at most: what is between keeps a silent connection open for about half a minute. The token is looked at
/// again each time.
const SILENCE: Duration = Duration::from_secs(20);

/// How soon a hub is asked again that had nothing new.
const PAUSE: Duration = Duration::from_secs(1);

const LAST_EVENT_ID: HeaderName = HeaderName::from_static("last-event-id");

pub(super) async fn events(
    State(shared): State<Arc<Shared>>,
    segment: Result<Path<String>, PathRejection>,
    Extension(trace): Extension<Trace>,
    request: HttpRequest,
) -> Result<Response, Problem> {
    let (parts, _) = request.into_parts();
    let space = space(&segment)?;
    shared.admit(&parts, space, Rights::Read).await?;
    let place = shared.place()?;
    let last = last_event(&parts.headers)?;
    let open = shared.metrics.enter(Gauge::Streams);
    let listener = Listener {
        shared,
        space: space.to_owned(),
        trace: trace.0,
        headers: parts.headers,
        last,
        _held: (place, open),
    };
    let stream = unfold(Some(listener), |listener| async move {
        let mut listener = listener?;
        let (event, goes_on) = listener.next().await;
        Some((Ok::<_, Infallible>(event), goes_on.then_some(listener)))
    });
    let mut response = Response::new(Body::from_stream(stream));
    response.headers_mut().insert(CONTENT_TYPE, HeaderValue::from_static("text/event-stream"));
    Ok(response)
}

/// Who listens.
struct Listener {
    shared: Arc<Shared>,
    space: String,
    trace: TraceId,
    /// With the token, which is looked at again and again.
    headers: HeaderMap,
    /// What was told last.
    last: Option<(HubId, Position)>,
    _held: (OwnedSemaphorePermit, Entered),
}

impl Listener {
    /// What is said next, and whether anything comes after it.
    async fn next(&mut self) -> (String, bool) {
        let grant = self.shared.check(&self.headers).await;
        let is_good = grant.is_ok_and(|grant| grant.allows(&self.space, Rights::Read));
        if !is_good && !fault::on("http-stream-outlives-its-token") {
            return ("event: end\ndata: {\"reason\":\"unauthorized\"}\n\n".to_owned(), false);
        }
        let ask = match self.last {
            Some(_) => Ask::Wait { timeout: SILENCE },
            // The first event says where the feed is now.
            None => Ask::Hello,
        };
        let request = Request {
            space: self.space.clone(),
            device: None,
            trace: self.trace,
            hub: self.last.map(|(hub, _)| hub),
            seen: self.last.map(|(_, seen)| seen),
            ask,
        };
        let began = Instant::now();
        let shared = Arc::clone(&self.shared);
        let (asking, stopping) = (pin!(shared.ask(request)), pin!(shared.tasks.stopping()));
        let asked = select(asking, stopping).await;
        match asked {
            Either::Left((Ok(answer), _)) => {
                let event = self.tell(&answer);
                if event.starts_with(':') && began.elapsed() < PAUSE {
                    // A hub may answer before there is anything new; it is not asked again at once.
                    tokio::time::sleep(PAUSE).await;
                }
                (event, true)
            }
            Either::Left((Err(_), _)) => ("event: end\ndata: {\"reason\":\"hub-failed\"}\n\n".to_owned(), false),
            Either::Right(((), _)) => ("event: end\ndata: {\"reason\":\"ending\"}\n\n".to_owned(), false),
        }
    }

    fn tell(&mut self, answer: &Answer) -> String {
        let name = match &answer.reply {
            Reply::Refused(Refusal::Unconfirmed | Refusal::OtherHub) => "reset",
            _ if self.last == Some((answer.hub, answer.position)) => return ": nothing new\n\n".to_owned(),
            _ => "position",
        };
        self.last = Some((answer.hub, answer.position));
        let (seq, chain) = (answer.position.seq, chain(answer.position));
        let data = json!({ "hub": answer.hub.to_string(), "seq": seq, "chain": chain });
        format!("event: {name}\nid: {}-{seq}-{chain}\ndata: {data}\n\n", answer.hub)
    }
}

/// Reads `hub-seq-chain`, as it was told.
fn last_event(headers: &HeaderMap) -> Result<Option<(HubId, Position)>, Problem> {
    let Some(value) = headers.get(LAST_EVENT_ID) else { return Ok(None) };
    let read = || {
        let mut parts = value.to_str().ok()?.split('-');
        let (hub, seq, chain) = (parts.next()?.parse().ok()?, parts.next()?.parse().ok()?, parts.next()?);
        // An id of the library's is 32 bytes in the same digits.
        let chain: draftkeep::RevisionId = chain.parse().ok()?;
        parts.next().is_none().then_some((hub, Position { seq, chain: *chain.as_bytes() }))
    };
    read().map(Some).ok_or_else(|| Problem::malformed("last-event-id is none of the ids that events here have"))
}
