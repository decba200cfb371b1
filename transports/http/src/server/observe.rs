//! `GET /healthz` and `GET /metrics`.

use super::problem::Problem;
use super::shared::Shared;
use axum::body::Body;
use axum::extract::{Request as HttpRequest, State};
use axum::response::Response;
use http::HeaderValue;
use http::header::CONTENT_TYPE;
use std::sync::Arc;

/// Whether the process answers. It asks neither the hub nor who is asking: a disk that is slow is no reason to be killed.
pub(super) async fn health(State(shared): State<Arc<Shared>>) -> Result<Response, Problem> {
    if shared.tasks.is_stopping() {
        return Err(Problem::busy("this server is ending; ask another one, or this one again later"));
    }
    Ok(text("text/plain; charset=utf-8", "ok\n".to_owned()))
}

pub(super) async fn metrics(State(shared): State<Arc<Shared>>, request: HttpRequest) -> Result<Response, Problem> {
    let (parts, _) = request.into_parts();
    let grant = shared.recognise(&parts).await?;
    if !grant.sees_metrics() {
        return Err(Problem::forbidden("this token does not show metrics; ask for one that does"));
    }
    Ok(text("text/plain; version=0.0.4; charset=utf-8", shared.metrics.text()))
}

fn text(kind: &'static str, text: String) -> Response {
    let mut response = Response::new(Body::from(text));
    response.headers_mut().insert(CONTENT_TYPE, HeaderValue::from_static(kind));
    response
}
