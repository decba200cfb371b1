//! Sockets: accepting connections, within limits, and an end that loses nothing.

use super::connections::{Connections, Place};
use super::head;
use super::metrics::{Counter, Gauge, Metrics};
use super::service::HubService;
use super::stream::Unstuck;
use super::tasks::Tasks;
use super::tls::Tls;
use crate::causes::causes;
use crate::fault;
use axum::Router;
use axum::body::Body;
use axum::extract::ConnectInfo;
use axum::response::Response;
use futures_util::future::{Either, select};
use hyper::body::Incoming;
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper_util::rt::{TokioIo, TokioTimer};
use std::convert::Infallible;
use std::future::Future;
use std::io;
use std::net::SocketAddr;
use std::pin::pin;
use std::sync::Arc;
use std::time::Duration;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::{TcpListener, TcpStream, ToSocketAddrs};
use tokio::task::JoinSet;
use tokio::time::timeout;
use tower_service::Service as _;

/// How long to wait before accepting again, after that failed: there are too many open files, for instance.
const AFTER_FAILURE: Duration = Duration::from_millis(100);

/// How a [`Listener`] behaves.
#[derive(Debug, Clone)]
pub struct ListenerOptions {
    tls: Option<Tls>,
    connections: usize,
    connections_of_one: usize,
    head: Duration,
    stuck: Duration,
    ending: Duration,
}

impl Default for ListenerOptions {
    fn default() -> Self {
        Self::new()
    }
}

impl ListenerOptions {
    /// The usual options, without TLS.
    #[must_use]
    pub const fn new() -> Self {
        Self {
            tls: None,
            connections: 10_000,
            connections_of_one: 1_000,
            head: Duration::from_secs(60),
            stuck: Duration::from_secs(30),
            ending: Duration::from_secs(30),
        }
    }

    /// Encrypts.
    #[must_use]
    pub fn tls(mut self, tls: Tls) -> Self {
        self.tls = Some(tls);
        self
    }

    /// The most connections at once, 10,000 by default, and the most of one address, 1,000 by default. One more is closed at once.
    #[must_use]
    pub const fn connections(mut self, at_most: usize, of_one_address: usize) -> Self {
        self.connections = at_most;
        self.connections_of_one = of_one_address;
        self
    }

    /// How long a connection may take for the head of a request, or do nothing between two of them; 60 s by default. Clients keep
    /// theirs for 20 s.
    #[must_use]
    pub const fn head(mut self, at_most: Duration) -> Self {
        self.head = at_most;
        self
    }

    /// How long a client may take nothing of an answer; 30 s by default.
    #[must_use]
    pub const fn stuck(mut self, at_most: Duration) -> Self {
        self.stuck = at_most;
        self
    }

    /// How long connections have for what they are at, once it is time to end; 30 s by default.
    #[must_use]
    pub const fn ending(mut self, at_most: Duration) -> Self {
        self.ending = at_most;
        self
    }
}

/// A socket that listens for devices: HTTP/1.1, with or without TLS.
#[derive(Debug)]
pub struct Listener {
    tcp: TcpListener,
    address: SocketAddr,
    options: ListenerOptions,
}

/// What is behind the sockets.
#[derive(Clone)]
struct Behind {
    router: Router,
    metrics: Arc<Metrics>,
    tasks: Tasks,
}

/// How serving ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Served {
    /// How many connections were closed in the middle of something because they took too long.
    pub cut_off: usize,
    /// Whether everything was carried out that had been begun. What was acknowledged is durable in any case.
    pub is_complete: bool,
}

impl Listener {
    /// Takes an address; port 0 is any that is free.
    ///
    /// # Errors
    ///
    /// The system gives the address to nobody, or has given it to somebody else.
    pub async fn bind(address: impl ToSocketAddrs, options: ListenerOptions) -> io::Result<Self> {
        let tcp = TcpListener::bind(address).await?;
        let address = tcp.local_addr()?;
        Ok(Self { tcp, address, options })
    }

    /// Where it listens.
    #[must_use]
    pub const fn address(&self) -> SocketAddr {
        self.address
    }

    /// Serves until `stop` is ready; then ends so that nothing is lost.
    ///
    /// It accepts no more connections, answers those that wait for news, lets those that are at something finish it, and waits for
    /// everything that the hub was asked. The service has ended then, also for other listeners.
    pub async fn serve(self, service: &HubService, stop: impl Future<Output = ()> + Send) -> Served {
        let (metrics, tasks) = (Arc::clone(&service.0.metrics), service.0.tasks.clone());
        self.run(Behind { router: service.router(), metrics, tasks }, stop).await
    }

    /// The same for a router of the application's, [`drafts`](crate::drafts) among it: what a router cannot do itself. Deadlines for heads
    /// and for whoever reads nothing, limits for connections, TLS, and an end that lets requests finish.
    ///
    /// What handlers began by themselves, and did not wait for, is not known here.
    pub async fn serve_router(self, router: Router, stop: impl Future<Output = ()> + Send) -> Served {
        self.run(Behind { router, metrics: Arc::default(), tasks: Tasks::default() }, stop).await
    }

    async fn run(self, behind: Behind, stop: impl Future<Output = ()> + Send) -> Served {
        let Self { tcp, options, .. } = self;
        let connections = Connections::new(options.connections, options.connections_of_one);
        let mut open = JoinSet::new();
        let mut stop = pin!(stop);
        loop {
            let accepted = match select(pin!(tcp.accept()), stop.as_mut()).await {
                Either::Left((accepted, _)) => accepted,
                Either::Right(((), _)) => break,
            };
            // Those that have ended are not kept.
            while open.try_join_next().is_some() {}
            let (stream, peer) = match accepted {
                Ok(accepted) => accepted,
                Err(error) => {
                    tracing::warn!(%error, "a connection cannot be accepted");
                    tokio::time::sleep(AFTER_FAILURE).await;
                    continue;
                }
            };
            let Some(place) = connections.enter(peer.ip()) else {
                behind.metrics.add(Counter::ConnectionsRefused, 1);
                continue;
            };
            open.spawn(connection((stream, peer), place, behind.clone(), options.clone()));
        }
        // Nobody connects any more.
        drop(tcp);
        behind.tasks.stop();
        if !fault::on("http-end-cuts-off") {
            let all_ended = async { while open.join_next().await.is_some() {} };
            let _ = timeout(options.ending, all_ended).await;
        }
        let cut_off = open.len();
        open.shutdown().await;
        let is_complete =
            timeout(options.ending, behind.tasks.idle()).await.is_ok() || fault::on("http-end-forgets-tasks");
        Served { cut_off, is_complete }
    }
}

async fn connection((stream, peer): (TcpStream, SocketAddr), _place: Place, behind: Behind, options: ListenerOptions) {
    let _open = behind.metrics.enter(Gauge::Connections);
    // Answers are written whole; there is nothing to gather.
    let _ = stream.set_nodelay(true);
    let stream = Unstuck::new(stream, options.stuck);
    let ended = match &options.tls {
        None => talk(stream, peer, behind, &options).await,
        Some(tls) => match timeout(options.head, tls.acceptor().accept(stream)).await {
            Ok(Ok(stream)) => talk(stream, peer, behind, &options).await,
            Ok(Err(error)) => {
                tracing::debug!(%error, "a connection was not encrypted");
                return;
            }
            Err(_) => return,
        },
    };
    if let Err(error) = ended {
        // A device that went away, or one that is no device: nothing to act on.
        tracing::debug!(error = %causes(&error), "a connection ended early");
    }
}

async fn talk(
    stream: impl AsyncRead + AsyncWrite + Unpin + Send + 'static,
    peer: SocketAddr,
    Behind { router, tasks, .. }: Behind,
    options: &ListenerOptions,
) -> hyper::Result<()> {
    let answering = service_fn(move |mut request: http::Request<Incoming>| {
        request.extensions_mut().insert(ConnectInfo(peer));
        let (refused, is_last) = (head::refuse(&request), head::is_last(&request));
        let answering = router.clone().call(request.map(Body::new));
        async move {
            let is_last = is_last || refused.is_some();
            let mut response: Response = match refused {
                Some(refused) => refused,
                None => answering.await?,
            };
            if is_last {
                head::close(&mut response);
            }
            Ok::<_, Infallible>(response)
        }
    });
    let mut builder = http1::Builder::new();
    let head = (!fault::on("http-slow-head-waited-for")).then_some(options.head);
    builder.timer(TokioTimer::new()).header_read_timeout(head).max_buf_size(head::most());
    let mut talking = pin!(builder.serve_connection(TokioIo::new(stream), answering));
    match select(talking.as_mut(), pin!(tasks.stopping())).await {
        Either::Left((ended, _)) => return ended,
        Either::Right(((), _)) => {}
    }
    talking.as_mut().graceful_shutdown();
    talking.await
}
