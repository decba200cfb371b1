//! The way of a request: who asks, what is asked for, the body, the store, the answer.

use super::answer::Answer;
use super::api::Service;
use super::authenticate::{Denied, Owner};
use super::call::Call;
use super::content::Content;
use super::openapi;
use super::params::Params;
use super::problem::Problem;
use super::routes::{ROUTES, Route, Verb};
use super::tag::Conditions;
use crate::fault;
use crate::wire::traceparent;
use axum::body::Body;
use axum::extract::{FromRequestParts, RawPathParams, Request};
use axum::http::header::{self, HeaderName};
use axum::http::request::Parts;
use axum::http::{HeaderValue, Method, Response, StatusCode};
use futures_util::FutureExt;
use std::collections::BTreeMap;
use std::panic::AssertUnwindSafe;
use std::sync::Arc;
use std::time::Duration;
use tracing::{Instrument, Span};

/// Serves a request to one of the routes' paths, or to none of them.
pub(super) async fn serve(service: Arc<Service>, path: Option<&'static str>, request: Request) -> Response<Body> {
    let (head, body) = request.into_parts();
    let span = span(&head, path);
    async {
        let answered = answer(&service, path, head, body).await;
        let status = match &answered {
            Ok(Served::Answer(answer)) => answer.status(),
            Ok(Served::Methods(_)) => StatusCode::NO_CONTENT,
            Err(problem) => {
                tracing::debug!(code = problem.code(), "refused");
                problem.status()
            }
        };
        Span::current().record("status", status.as_u16());
        let response = match answered {
            Ok(Served::Answer(answer)) => answer.into_response(),
            Ok(Served::Methods(methods)) => allowing(&methods),
            Err(problem) => problem.into_response(),
        };
        private(response)
    }
    .instrument(span)
    .await
}

/// Serves the description of all routes, for everybody.
pub(super) fn openapi(request: &Request) -> Response<Body> {
    const METHODS: &str = "GET, HEAD, OPTIONS";
    let response = match *request.method() {
        Method::GET | Method::HEAD => Answer::json(openapi::document().to_vec()).into_response(),
        Method::OPTIONS => allowing(METHODS),
        _ => not_allowed(METHODS).into_response(),
    };
    private(response)
}

/// The span of a request. It has neither the owner nor the address itself: a slot's key may be somebody's secret.
fn span(head: &Parts, path: Option<&'static str>) -> Span {
    let trace = traceparent(&head.headers).map(tracing::field::display);
    let (method, path) = (&head.method, path.unwrap_or("none"));
    tracing::info_span!("draftkeep_drafts", %method, path, traceparent = trace, status = tracing::field::Empty)
}

enum Served {
    Answer(Answer),
    /// The methods that there are.
    Methods(String),
}

async fn answer(
    service: &Arc<Service>,
    path: Option<&'static str>,
    mut head: Parts,
    body: Body,
) -> Result<Served, Problem> {
    if let Some(path) = path.filter(|_| head.method == Method::OPTIONS) {
        return Ok(Served::Methods(methods(path)));
    }
    let bounds = service.bounds;
    let full = |_| Problem::full("requests", bounds.requests);
    let _counted = Arc::clone(&service.requests).try_acquire_owned().map_err(full)?;
    // Before anything is looked up: without credentials nobody learns what there is.
    if fault::on("drafts-address-told-to-anybody") {
        path.ok_or_else(|| Problem::not_found("nothing is served at this address"))?;
    }
    let owner = owner(service, &head).await?;
    let path = path.ok_or_else(|| Problem::not_found("nothing is served at this address"))?;
    let route = route(path, &head.method).ok_or_else(|| not_allowed(&methods(path)))?;
    let params = params(route, &mut head).await?;
    let conditions = Conditions::read(&head.headers)?;
    let media = route.sends.media();
    let content = if media.is_empty() {
        Content::none(service.limits())
    } else {
        let read = Content::read(&head.headers, body, media, service.limits());
        let time = if fault::on("drafts-slow-body-waited-for") { Duration::from_secs(60) } else { bounds.body_time };
        tokio::time::timeout(time, read).await.map_err(|_| too_slow(bounds.body_time.as_secs()))??
    };
    let full = |_| Problem::full("calls", bounds.calls);
    let permit = Arc::clone(&service.calls).try_acquire_owned().map_err(full);
    let permit = if fault::on("drafts-calls-without-limit") { permit.ok() } else { Some(permit?) };
    let (service, span) = (Arc::clone(service), Span::current());
    let act = move || {
        // Held to the end of the call, also where nobody waits for it any more.
        let _permit = permit;
        span.in_scope(|| (route.act)(&Call { service, owner, params, conditions, content }))
    };
    let done = tokio::task::spawn_blocking(act).await;
    done.map_err(|_| Problem::unexpected("the call ended in a panic"))?.map(Served::Answer)
}

async fn owner(service: &Service, head: &Parts) -> Result<Owner, Problem> {
    let asked = AssertUnwindSafe(async { service.authenticate.authenticate(head).await }).catch_unwind().await;
    let denied = match asked {
        Ok(Ok(owner)) => return Ok(owner),
        Ok(Err(denied)) => denied,
        Err(_) => return Err(Problem::unexpected("who asks could not be found out")),
    };
    Err(match denied {
        Denied::Unauthorized { challenge } => {
            let way_out = "Send credentials that are good, as WWW-Authenticate says.";
            let title = "Nobody is known by these credentials";
            Problem::new(StatusCode::UNAUTHORIZED, "unauthorized", title, way_out)
                .header_value(header::WWW_AUTHENTICATE, challenge)
        }
        Denied::Forbidden => {
            let way_out = "Ask whoever runs the server for the right to do this.";
            Problem::new(StatusCode::FORBIDDEN, "forbidden", "These credentials may not do this", way_out)
        }
        Denied::Unavailable => {
            let way_out = "Wait for the seconds that Retry-After says, and repeat the request, which is safe.";
            let title = "Credentials cannot be checked at the moment";
            Problem::new(StatusCode::SERVICE_UNAVAILABLE, "authentication-unavailable", title, way_out)
                .header_value(header::RETRY_AFTER, "5")
        }
    })
}

async fn params(route: &Route, head: &mut Parts) -> Result<Params, Problem> {
    let parts = RawPathParams::from_request_parts(head, &()).await;
    let parts = parts.map_err(|_| Problem::parameter("path", "it is not percent-encoded UTF-8"))?;
    let parts: BTreeMap<String, String> = parts.iter().map(|(name, part)| (name.to_owned(), part.to_owned())).collect();
    let known: Vec<&str> = route.query.iter().map(|parameter| parameter.name).collect();
    Params::new(parts, head.uri.query(), &known)
}

fn route(path: &str, method: &Method) -> Option<&'static Route> {
    let verb = Verb::of(method)?;
    ROUTES.iter().find(|route| route.path == path && route.method == verb)
}

/// The methods of a path, as `Allow` lists them.
fn methods(path: &str) -> String {
    let mut methods: Vec<&str> =
        ROUTES.iter().filter(|route| route.path == path).map(|route| route.method.name()).collect();
    if methods.contains(&"GET") {
        methods.push("HEAD");
    }
    methods.push("OPTIONS");
    methods.join(", ")
}

fn not_allowed(methods: &str) -> Problem {
    let way_out = "Use one of the methods that Allow names.";
    Problem::new(StatusCode::METHOD_NOT_ALLOWED, "method-not-allowed", "This cannot be done here", way_out)
        .header_value(header::ALLOW, methods)
}

fn too_slow(seconds: u64) -> Problem {
    let way_out = "Send the request again, over a better line; nothing was stored.";
    Problem::new(StatusCode::REQUEST_TIMEOUT, "too-slow", "The body did not arrive in time", way_out)
        .about(format!("a body has {seconds} s to arrive"))
}

fn allowing(methods: &str) -> Response<Body> {
    let mut response = Response::new(Body::empty());
    *response.status_mut() = StatusCode::NO_CONTENT;
    if let Ok(methods) = HeaderValue::from_str(methods) {
        response.headers_mut().insert(header::ALLOW, methods);
    }
    response
}

/// No cache on the way keeps it for somebody else, and no browser takes it for something else.
fn private(mut response: Response<Body>) -> Response<Body> {
    let headers = [
        (header::CACHE_CONTROL, if fault::on("drafts-answers-for-any-cache") { "public" } else { "private, no-cache" }),
        (HeaderName::from_static("x-content-type-options"), "nosniff"),
    ];
    for (name, value) in headers {
        response.headers_mut().insert(name, HeaderValue::from_static(value));
    }
    response
}
