//! What an application builds a router from.

use super::authenticate::Authenticate;
use super::kinds::DocumentKind;
use super::problem::Problem;
use super::routes::{OPENAPI, ROUTES};
use super::serve;
use axum::Router;
use axum::extract::Request;
use axum::routing::any;
use draftkeep::Store;
use draftkeep::value::Limits;
use std::collections::{BTreeMap, BTreeSet};
use std::fmt;
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::Semaphore;

/// The REST drafts API over a store: what owner, kinds and limits it has. [`router`](Self::router) makes it.
///
/// See the [module](super) for what it serves.
pub struct DraftsApi {
    store: Store,
    authenticate: Arc<dyn Authenticate>,
    kinds: BTreeMap<&'static str, DocumentKind>,
    bounds: Bounds,
}

/// How much the API takes on.
#[derive(Debug, Clone, Copy)]
pub(super) struct Bounds {
    /// The most bytes of a request's body, and of a document.
    pub(super) body_bytes: usize,
    /// How long a body may take to arrive.
    pub(super) body_time: Duration,
    /// Requests under way at a time, whose bodies are held in memory.
    pub(super) requests: usize,
    /// Calls of the store at a time, each on a thread.
    pub(super) calls: usize,
}

/// What all requests share.
pub(super) struct Service {
    pub(super) store: Store,
    pub(super) authenticate: Arc<dyn Authenticate>,
    pub(super) kinds: BTreeMap<&'static str, DocumentKind>,
    pub(super) bounds: Bounds,
    pub(super) requests: Arc<Semaphore>,
    pub(super) calls: Arc<Semaphore>,
}

impl DraftsApi {
    /// An API over this store, which serves no kind yet.
    ///
    /// The store may be used by the application and synced by a [`Syncer`](draftkeep::sync::Syncer) at the same time.
    #[must_use]
    pub fn new(store: Store, authenticate: impl Authenticate) -> Self {
        let bounds = Bounds { body_bytes: 1 << 20, body_time: Duration::from_secs(30), requests: 256, calls: 64 };
        Self { store, authenticate: Arc::new(authenticate), kinds: BTreeMap::new(), bounds }
    }

    /// Serves the drafts of this kind. Drafts of kinds that are not named are not there for clients.
    #[must_use]
    pub fn kind(mut self, kind: DocumentKind) -> Self {
        self.kinds.insert(kind.kind.name(), kind);
        self
    }

    /// The most bytes of a request's body and of a document; 1 MiB unless it is set, 16 MiB at the most, which is what a document
    /// of the store may have. What is larger is refused with 413, and a patch that would make a document larger with 422.
    #[must_use]
    pub fn body_bytes(mut self, bytes: usize) -> Self {
        self.bounds.body_bytes = bytes.clamp(1, Limits::default().bytes);
        self
    }

    /// How long a body may take to arrive; 30 s unless it is set. Who is slower gets 408.
    #[must_use]
    pub fn body_time(mut self, time: Duration) -> Self {
        self.bounds.body_time = time;
        self
    }

    /// The most requests at a time, 1 at the least; 256 unless it is set. Each may hold a body in memory. Who comes on top gets 503 with
    /// `Retry-After`.
    #[must_use]
    pub fn requests(mut self, requests: usize) -> Self {
        self.bounds.requests = requests.clamp(1, Semaphore::MAX_PERMITS);
        self
    }

    /// The most calls of the store at a time, 1 at the least; 64 unless it is set. Each waits for the disk on a thread of tokio's blocking
    /// pool, and saves that wait together share a commit. Who comes on top gets 503 with `Retry-After`.
    #[must_use]
    pub fn calls(mut self, calls: usize) -> Self {
        self.bounds.calls = calls.clamp(1, Semaphore::MAX_PERMITS);
        self
    }

    /// The router. Nest it where it shall be, and put around it what is yours: CORS (expose `ETag`, `Location` and `Retry-After`),
    /// rate limits, compression.
    ///
    /// It has to run on a tokio runtime.
    pub fn router(self) -> Router {
        let Self { store, authenticate, kinds, bounds } = self;
        let requests = Arc::new(Semaphore::new(bounds.requests));
        let calls = Arc::new(Semaphore::new(bounds.calls));
        let service = Arc::new(Service { store, authenticate, kinds, bounds, requests, calls });
        let paths: BTreeSet<&'static str> = ROUTES.iter().map(|route| route.path).collect();
        let mut router = Router::new();
        for path in paths {
            let service = Arc::clone(&service);
            let serve = move |request: Request| serve::serve(Arc::clone(&service), Some(path), request);
            router = router.route(path, any(serve));
        }
        let public = any(|request: Request| async move { serve::openapi(&request) });
        let elsewhere = move |request: Request| serve::serve(Arc::clone(&service), None, request);
        router.route(OPENAPI, public).fallback(elsewhere)
    }
}

impl Service {
    /// What the documents of requests are held against.
    pub(super) fn limits(&self) -> Limits {
        Limits { bytes: self.bounds.body_bytes, ..Limits::default() }
    }

    /// The kind of this name, where clients may see it.
    pub(super) fn kind(&self, name: &str) -> Result<&DocumentKind, Problem> {
        self.kinds.get(name).ok_or_else(|| Problem::not_found("no kind of this name is served"))
    }
}

impl fmt::Debug for DraftsApi {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let kinds: Vec<&str> = self.kinds.keys().copied().collect();
        f.debug_struct("DraftsApi").field("kinds", &kinds).field("bounds", &self.bounds).finish_non_exhaustive()
    }
}
