//! What a hub keeps of earlier states, for whoever may read a space. A hub makes no revisions: a device brings one back.
//!
//! | route | what it is |
//! |---|---|
//! | `GET /v1/spaces/{space}/drafts` | the drafts of a space as they were at a moment, page by page |
//! | `GET /v1/spaces/{space}/drafts/{draft}/mains` | the mains of a draft that are kept, the newest first |
//! | `GET /v1/spaces/{space}/drafts/{draft}/revisions/{revision}` | what one of them says |

use super::body::{Held, room};
use super::door::{id, space};
use super::problem::Problem;
use super::query::Query;
use super::shared::{Shared, Trace, permits};
use crate::causes::causes;
use crate::fault;
use crate::wire::{JSON, Nonce, PROOF, REQUEST, hash_of_text, proof};
use axum::body::Body;
use axum::extract::rejection::PathRejection;
use axum::extract::{Extension, Path, Request as HttpRequest, State};
use axum::response::Response;
use draftkeep::clock::Timestamp;
use draftkeep::hub::{DraftThen, Hub, KeptMain, MainThen, Moment};
use draftkeep::sync::document_of;
use draftkeep::transport::BODY_MAX;
use draftkeep::{DraftId, ErrorKind, RevisionId};
use http::header::CONTENT_TYPE;
use http::request::Parts;
use http::{HeaderValue, StatusCode};
use serde_json::{Value, json};
use std::sync::Arc;
use tokio::sync::OwnedSemaphorePermit;

/// How many rows a page has where it does not say how many it wants.
const USUAL_ROWS: usize = 100;

pub(super) async fn drafts(
    State(shared): State<Arc<Shared>>,
    segment: Result<Path<String>, PathRejection>,
    Extension(trace): Extension<Trace>,
    request: HttpRequest,
) -> Result<Response, Problem> {
    let (parts, _) = request.into_parts();
    let space = space(&segment)?.to_owned();
    let query = shared.admit_reader(&parts, &space, &["at", "time", "after", "limit"]).await?;
    let (moment, after, limit) = (moment(&query)?, query.get("after").unwrap_or(0), query.limit(USUAL_ROWS)?);
    let asked = space.clone();
    let rows = look(&shared, trace, move |hub| hub.drafts(&asked, moment, after, limit)).await?;
    let rows: Vec<Value> = rows.iter().map(row).collect();
    let mut body = json!({ "space": space, "after": after, "drafts": rows });
    match moment {
        Moment::Position(seq) => body["at"] = seq.into(),
        Moment::Time(time) => body["time"] = time.as_millis().into(),
        _ => {}
    }
    say(&shared, &parts, body.to_string()).await
}

fn moment(query: &Query) -> Result<Moment, Problem> {
    match (query.get("at"), query.get("time")) {
        (None, None) => Ok(Moment::Now),
        (Some(seq), None) => Ok(Moment::Position(seq)),
        (None, Some(millis)) => Ok(Moment::Time(Timestamp::from_millis(millis))),
        (Some(_), Some(_)) => {
            let detail = "a moment is a number of the feed (at) or milliseconds since 1970 (time); give one of them";
            Err(Problem::malformed(detail))
        }
    }
}

pub(super) async fn mains(
    State(shared): State<Arc<Shared>>,
    segments: Result<Path<(String, String)>, PathRejection>,
    Extension(trace): Extension<Trace>,
    request: HttpRequest,
) -> Result<Response, Problem> {
    let (parts, _) = request.into_parts();
    let (segment, draft) = split(segments.map(|Path(segments)| segments));
    let space = space(&segment)?.to_owned();
    shared.admit_reader(&parts, &space, &[]).await?;
    let draft: DraftId = id("draft", 2 * DraftId::LEN, &draft)?;
    let asked = space.clone();
    let mains = look(&shared, trace, move |hub| {
        if hub.erasure(&asked, draft)?.is_some() { Ok(None) } else { hub.mains(&asked, draft).map(Some) }
    });
    let Some(mains) = mains.await? else { return Err(erased()) };
    let mains: Vec<Value> = mains.iter().map(kept).collect();
    let body = json!({ "space": space, "draft": draft.to_string(), "mains": mains });
    say(&shared, &parts, body.to_string()).await
}

pub(super) async fn revision(
    State(shared): State<Arc<Shared>>,
    segments: Result<Path<(String, String, String)>, PathRejection>,
    Extension(trace): Extension<Trace>,
    request: HttpRequest,
) -> Result<Response, Problem> {
    let (parts, _) = request.into_parts();
    let (segment, (draft, revision)) = split(segments.map(|Path((space, draft, id))| (space, (draft, id))));
    let space = space(&segment)?.to_owned();
    shared.admit_reader(&parts, &space, &[]).await?;
    let draft: DraftId = id("draft", 2 * DraftId::LEN, &draft)?;
    let revision: RevisionId = id("revision", 2 * RevisionId::LEN, &revision)?;
    // What it builds on, its document and the answer are in memory, before anybody knows how long they are.
    let reading = room(&shared.memory, 3 * BODY_MAX).await?;
    let asked = space.clone();
    let read = move |hub: &Hub| {
        let given = hub.revision(&asked, draft, revision)?;
        let is_erased = given.is_none() && hub.erasure(&asked, draft)?.is_some();
        Ok((given.map(|given| (document_of(&given), given)), is_erased))
    };
    let (given, is_erased) = look(&shared, trace, read).await?;
    if is_erased {
        return Err(erased());
    }
    let Some((document, given)) = given else {
        let detail = "the hub does not keep this revision of this draft; those that it keeps are listed at mains";
        return Err(Problem::new(StatusCode::NOT_FOUND, "not-kept", "There is no such revision here", detail));
    };
    let parents: Vec<String> = given.parents().iter().map(RevisionId::to_string).collect();
    let about = json!({
        "space": space, "draft": draft.to_string(), "revision": revision.to_string(), "parents": parents,
    });
    // Whoever may push chooses these bytes: what is no document would be members of this answer. Canonical JSON is put in as it
    // is, because whoever writes it anew might change its numbers.
    let is_document = |document: &Vec<u8>| draftkeep::Value::parse(document).is_ok();
    let document = document.filter(|document| is_document(document) || fault::on("http-any-bytes-put-in"));
    let document = document.and_then(|document| String::from_utf8(document).ok());
    let mut body = about.to_string();
    body.pop();
    body.push_str(",\"document\":");
    body.push_str(document.as_deref().unwrap_or("null"));
    body.push('}');
    Ok(answer(&parts, body, reading))
}

/// What is answered about a draft that its owner erased.
fn erased() -> Problem {
    let detail = "the draft was erased by its owner; the hub has nothing of it any more, and takes nothing of it";
    Problem::new(StatusCode::GONE, "erased", "The draft was erased", detail)
}

/// The space of a path, and what stands behind it.
fn split<T: Default>(segments: Result<(String, T), PathRejection>) -> (Result<Path<String>, PathRejection>, T) {
    match segments {
        Ok((space, rest)) => (Ok(Path(space)), rest),
        Err(rejection) => (Err(rejection), T::default()),
    }
}

fn kept(main: &KeptMain) -> Value {
    json!({
        "revision": main.revision.to_string(),
        "seq": main.seq,
        "at": main.at.as_millis(),
        "device": main.device,
        "bytes": main.bytes,
    })
}

fn row(then: &DraftThen) -> Value {
    let (is, main) = match &then.main {
        MainThen::Kept(main) => ("kept", kept(main)),
        MainThen::NotYet => ("not-yet", Value::Null),
        MainThen::Erased => ("erased", Value::Null),
        // Also whatever a later release tells: nothing can be fetched of it.
        _ => ("not-kept", Value::Null),
    };
    json!({ "draft": then.draft.to_string(), "seq": then.seq, "forks": then.forks, "then": is, "main": main })
}

/// Asks a hub of this library.
async fn look<T: Send + 'static>(
    shared: &Arc<Shared>,
    Trace(trace): Trace,
    ask: impl FnOnce(&Hub) -> draftkeep::Result<T> + Send + 'static,
) -> Result<T, Problem> {
    let hub = shared.counted.clone().ok_or_else(|| {
        let detail = "the hub behind this server does not list what it keeps; ask whoever runs it";
        Problem::new(StatusCode::NOT_FOUND, "not-listed", "There is no list here", detail)
    })?;
    let failed = || Problem::busy("what the hub keeps cannot be read now; ask again later");
    shared.look(move || ask(&hub)).await.ok_or_else(failed)?.map_err(|error| {
        tracing::warn!(%trace, error = %causes(&error), "what a hub keeps cannot be read");
        if matches!(error.kind(), ErrorKind::Corrupt { .. }) && !fault::on("http-damage-not-said") {
            let detail = "a record of this space is damaged on the hub, and nothing of it is believed; whoever runs the hub \
                          finds it with `draftkeep-hub verify`, and devices have what they had";
            return Problem::new(StatusCode::INTERNAL_SERVER_ERROR, "damaged", "What the hub keeps is damaged", detail);
        }
        failed()
    })
}

/// An answer, once there is room for it.
async fn say(shared: &Shared, parts: &Parts, body: String) -> Result<Response, Problem> {
    let room = room(&shared.memory, body.len()).await?;
    Ok(answer(parts, body, room))
}

/// An answer with the proof that it is to this very request, where the request has a name. Of the room it keeps what it takes.
fn answer(parts: &Parts, body: String, mut room: OwnedSemaphorePermit) -> Response {
    let nonce = parts.headers.get(REQUEST).and_then(Nonce::read);
    let proof = nonce.map(|nonce| proof(nonce, &hash_of_text(b""), &hash_of_text(body.as_bytes())));
    let takes = usize::try_from(permits(body.len())).unwrap_or(usize::MAX).min(room.num_permits());
    let room = room.split(takes).unwrap_or(room);
    let mut response = Response::new(Body::from(Held { bytes: body.into_bytes(), _room: room }));
    response.headers_mut().insert(CONTENT_TYPE, HeaderValue::from_static(JSON));
    if let Some(proof) = proof.and_then(|proof| HeaderValue::try_from(proof).ok()) {
        response.headers_mut().insert(PROOF, proof);
    }
    response
}
