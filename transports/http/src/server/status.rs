//! `GET /v1/spaces/{space}/status`: which hub this is, and how far the space's feed is.

use super::door::space;
use super::grant::Rights;
use super::problem::Problem;
use super::shared::{Shared, Trace};
use crate::causes::causes;
use crate::wire::{JSON, VERSION};
use axum::body::Body;
use axum::extract::rejection::PathRejection;
use axum::extract::{Extension, Path, Request as HttpRequest, State};
use axum::response::Response;
use draftkeep::transport::{Ask, Position, Request};
use http::HeaderValue;
use http::header::CONTENT_TYPE;
use serde_json::json;
use std::sync::Arc;

pub(super) async fn status(
    State(shared): State<Arc<Shared>>,
    segment: Result<Path<String>, PathRejection>,
    Extension(trace): Extension<Trace>,
    request: HttpRequest,
) -> Result<Response, Problem> {
    let (parts, _) = request.into_parts();
    let space = space(&segment)?;
    shared.admit(&parts, space, Rights::Read).await?;
    let request =
        Request { space: space.to_owned(), device: None, trace: trace.0, hub: None, seen: None, ask: Ask::Hello };
    let answer = shared.ask(request).await.map_err(|error| Problem::of_hub(&error))?;
    let mut body = json!({
        "hub": answer.hub.to_string(),
        "protocol": VERSION,
        "space": space,
        "position": { "seq": answer.position.seq, "chain": chain(answer.position) },
    });
    if let Some(hub) = shared.counted.clone() {
        let name = space.to_owned();
        let counted = shared.look(move || hub.status(&name)).await;
        let failed = || Problem::busy("what is in this space cannot be counted now; ask again later");
        let counted = counted.ok_or_else(failed)?.map_err(|error| {
            tracing::warn!(trace = %trace.0, error = %causes(&error), "a space cannot be counted");
            failed()
        })?;
        body["drafts"] = counted.drafts.into();
        body["forks"] = counted.forks.into();
        body["bytes"] = counted.bytes.into();
    }
    let mut response = Response::new(Body::from(body.to_string()));
    response.headers_mut().insert(CONTENT_TYPE, HeaderValue::from_static(JSON));
    Ok(response)
}

/// The hash of a position, in hexadecimal digits.
pub(super) fn chain(position: Position) -> String {
    position.chain.iter().map(|byte| format!("{byte:02x}")).collect()
}
