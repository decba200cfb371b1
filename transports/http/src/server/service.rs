//! What is put behind an address.

use super::authenticate::Authenticate;
use super::limits::Limits;
use super::problem::Problem;
use super::shared::Shared;
use super::{earlier, events, front, observe, status, sync};
use axum::Router;
use axum::middleware::from_fn_with_state;
use axum::routing::{get, post};
use draftkeep::hub::Hub;
use draftkeep::transport::Transport;
use std::sync::Arc;

/// A hub behind routes: syncing, live news, status, health and metrics. Clones are the same service.
///
/// | route | what it is |
/// |---|---|
/// | `POST /v1/spaces/{space}/sync` | one request of the protocol, and its answer |
/// | `GET /v1/spaces/{space}/events` | where the space's feed is, whenever it goes on, as server-sent events |
/// | `GET /v1/spaces/{space}/status` | which hub this is and how far the space's feed is, as JSON |
/// | `GET /v1/spaces/{space}/drafts` | the drafts as they were at a moment, as JSON: `at` or `time`, `after`, `limit` |
/// | `GET /v1/spaces/{space}/drafts/{draft}/mains` | the mains of a draft that the hub keeps, as JSON |
/// | `GET /v1/spaces/{space}/drafts/{draft}/revisions/{revision}` | what one of them says, as JSON |
/// | `GET /healthz` | 200 while the process answers, 503 once it is ending |
/// | `GET /metrics` | what is counted, for Prometheus; with a token that shows it |
///
/// The hub is any [`Transport`]: a [`Hub`](draftkeep::hub::Hub) on a file, one behind another crate's transport, or a wrapper of
/// yours. It is asked in threads of the runtime's for blocking work, so that a slow disk holds up nothing else; a request that was
/// begun is carried out although the device hangs up.
///
/// ```no_run
/// use draftkeep::hub::{Hub, HubOptions};
/// use draftkeep::storage::MemoryStorage;
/// use draftkeep_http::{Everybody, HubService, Limits, Listener, ListenerOptions};
/// use std::sync::Arc;
///
/// # async fn serve() -> Result<(), Box<dyn std::error::Error>> {
/// let hub = Hub::open(Arc::new(MemoryStorage::new()), HubOptions::new())?;
/// let service = HubService::of_hub(hub, Everybody, Limits::new());
/// let listener = Listener::bind("127.0.0.1:7373", ListenerOptions::new()).await?;
/// println!("http://{}", listener.address());
/// listener.serve(&service, std::future::pending()).await;
/// # Ok(())
/// # }
/// ```
#[derive(Debug, Clone)]
pub struct HubService(pub(super) Arc<Shared>);

impl HubService {
    /// Puts a hub of this library behind routes. The status of a space tells what is in it then, too, and the routes of earlier states
    /// answer; of any other hub they say that there is no list.
    #[must_use]
    pub fn of_hub(hub: Hub, authenticate: impl Authenticate, limits: Limits) -> Self {
        let mut shared = Shared::new(Arc::new(hub.clone()), Arc::new(authenticate), limits);
        shared.counted = Some(hub);
        Self(Arc::new(shared))
    }

    /// Puts any hub behind routes.
    #[must_use]
    pub fn new(hub: impl Transport + 'static, authenticate: impl Authenticate, limits: Limits) -> Self {
        Self(Arc::new(Shared::new(Arc::new(hub), Arc::new(authenticate), limits)))
    }

    /// The routes, for a server of one's own. [`Listener`](super::Listener) adds what a router cannot: deadlines for headers, limits
    /// for connections, TLS, and an end that loses nothing.
    ///
    /// Serve it with `into_make_service_with_connect_info::<SocketAddr>()`, or all requests count as of one address.
    pub fn router(&self) -> Router {
        let shared = Arc::clone(&self.0);
        Router::new()
            .route("/v1/spaces/{space}/sync", post(sync::sync))
            .route("/v1/spaces/{space}/events", get(events::events))
            .route("/v1/spaces/{space}/status", get(status::status))
            .route("/v1/spaces/{space}/drafts", get(earlier::drafts))
            .route("/v1/spaces/{space}/drafts/{draft}/mains", get(earlier::mains))
            .route("/v1/spaces/{space}/drafts/{draft}/revisions/{revision}", get(earlier::revision))
            .route("/healthz", get(observe::health))
            .route("/metrics", get(observe::metrics))
            .fallback(|| async { Problem::not_found() })
            .method_not_allowed_fallback(|| async { Problem::method() })
            .layer(from_fn_with_state(Arc::clone(&shared), front::front))
            .with_state(shared)
    }
}
