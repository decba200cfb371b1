//! Hubs behind real sockets.

use draftkeep::TraceId;
use draftkeep::hub::{Hub, HubOptions};
use draftkeep::storage::MemoryStorage;
use draftkeep::transport::{Ask, Request, Transport};
use draftkeep_http::{
    Authenticate, Everybody, HttpOptions, HttpTransport, HubService, Limits, Listener, ListenerOptions, Rate, Served,
    Token,
};
use std::net::SocketAddr;
use std::sync::Arc;
use std::thread::JoinHandle;
use tokio::sync::oneshot;

/// A server in this process, on a runtime of its own, until it is dropped or stopped.
pub(crate) struct Server {
    pub(crate) address: SocketAddr,
    pub(crate) service: HubService,
    stop: Option<oneshot::Sender<()>>,
    thread: Option<JoinHandle<Served>>,
}

impl Server {
    /// Serves a hub with these rules.
    pub(crate) fn start(
        hub: impl Transport + 'static,
        authenticate: impl Authenticate,
        limits: Limits,
        options: ListenerOptions,
    ) -> Self {
        Self::of(HubService::new(hub, authenticate, limits), options)
    }

    pub(crate) fn of(service: HubService, options: ListenerOptions) -> Self {
        let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build().unwrap();
        let listener = runtime.block_on(Listener::bind("127.0.0.1:0", options)).unwrap();
        let address = listener.address();
        let (stop, stopped) = oneshot::channel();
        let serving = service.clone();
        let thread = std::thread::spawn(move || {
            runtime.block_on(listener.serve(&serving, async {
                // A sender that is gone stops it, too.
                let _ = stopped.await;
            }))
        });
        Self { address, service, stop: Some(stop), thread: Some(thread) }
    }

    /// Serves a hub that counts what is in it.
    pub(crate) fn counting(hub: Hub) -> Self {
        Self::of(HubService::of_hub(hub, Everybody, unlimited()), ListenerOptions::new())
    }

    /// Serves a hub to everybody, as often as they like.
    pub(crate) fn open(hub: impl Transport + 'static) -> Self {
        Self::start(hub, Everybody, unlimited(), ListenerOptions::new())
    }

    pub(crate) fn url(&self) -> String {
        format!("http://{}", self.address)
    }

    /// Says that it is time to end.
    pub(crate) fn begin_to_stop(&mut self) {
        drop(self.stop.take());
    }

    /// Ends it, and tells how that went.
    pub(crate) fn stop(mut self) -> Served {
        self.begin_to_stop();
        self.thread.take().unwrap().join().unwrap()
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        drop(self.stop.take());
        if let Some(thread) = self.thread.take() {
            let _ = thread.join();
        }
    }
}

/// Limits that no test meets by chance.
pub(crate) fn unlimited() -> Limits {
    let often = Rate::per_second(1_000_000, 1_000_000);
    Limits::new().of_grant(often).of_address(often)
}

pub(crate) fn hub() -> Hub {
    Hub::open(Arc::new(MemoryStorage::new()), HubOptions::new()).expect("memory")
}

pub(crate) fn token() -> Token {
    Token::new("a-token-for-tests").unwrap()
}

pub(crate) fn client(url: &str) -> HttpTransport {
    HttpTransport::open(url, HttpOptions::new().token(token())).unwrap()
}

/// The same that speaks JSON.
pub(crate) fn json_client(url: &str) -> HttpTransport {
    HttpTransport::open(url, HttpOptions::new().token(token()).json()).unwrap()
}

/// Clients of both forms.
pub(crate) const CLIENTS: [fn(&str) -> HttpTransport; 2] = [client, json_client];

pub(crate) fn request(space: &str, ask: Ask) -> Request {
    let trace = TraceId::from_bytes([3; 16]);
    Request { space: space.to_owned(), device: Some("a test".to_owned()), trace, hub: None, seen: None, ask }
}
