//! A server on a socket, and clients of two tenants.

use axum::http::HeaderMap;
use draftkeep::value::Path;
use draftkeep::{Kind, Options, Schema, Store, Value};
use draftkeep_http::drafts::{Denied, DocumentKind, DraftsApi, Invalid, Owner};
use reqwest::{Client, Method, StatusCode};
use std::net::SocketAddr;
use tokio::net::TcpListener;
use tokio::task::JoinHandle;

pub(crate) type Outcome = Result<(), Box<dyn std::error::Error>>;

/// Posts have a title, which is text, and a label.
pub(crate) const POST: Kind<Value> = Kind::new("post");

/// Notes are anything.
pub(crate) const NOTE: Kind<Value> = Kind::new("note");

/// Not served.
pub(crate) const HIDDEN: Kind<Value> = Kind::new("hidden");

pub(crate) fn options() -> Options {
    let label = |post: &Value| member(post, "title").and_then(Value::as_str).unwrap_or_default().to_owned();
    Options::new().schema(Schema::of(POST).label(label)).device("server")
}

fn member<'v>(value: &'v Value, key: &str) -> Option<&'v Value> {
    value.as_object()?.get(key)
}

pub(crate) fn api(store: Store) -> DraftsApi {
    let posts = DocumentKind::new(POST).validate(|post| {
        assert!(member(post, "panic").is_none(), "the application's mistake");
        match member(post, "title") {
            Some(Value::String(_)) => Vec::new(),
            _ => vec![Invalid::new(Path::root().join("title"), "a post has a title, which is text")],
        }
    });
    DraftsApi::new(store, tenant).kind(posts).kind(DocumentKind::new(NOTE)).body_bytes(100_000)
}

/// A token is `token-of-` and the owner's name.
async fn tenant(headers: HeaderMap) -> Result<Owner, Denied> {
    let token = headers.get("authorization").and_then(|value| value.to_str().ok()?.strip_prefix("Bearer token-of-"));
    match token {
        Some("nobody") => Err(Denied::Forbidden),
        Some("later") => Err(Denied::Unavailable),
        Some("panic") => panic!("the application's mistake"),
        Some(name) => Owner::new(name).map_err(|_| Denied::Unauthorized { challenge: "Bearer" }),
        None => Err(Denied::Unauthorized { challenge: "Bearer" }),
    }
}

pub(crate) struct Server {
    pub(crate) store: Store,
    address: SocketAddr,
    serving: JoinHandle<()>,
}

impl Server {
    pub(crate) async fn start() -> Self {
        Self::with(Store::in_memory(options()).expect("the options are fine"), |api| api).await
    }

    pub(crate) async fn with(store: Store, change: impl FnOnce(DraftsApi) -> DraftsApi) -> Self {
        let router = axum::Router::new().nest("/api", change(api(store.clone())).router());
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("there is a free port");
        let address = listener.local_addr().expect("it is bound");
        let serving = tokio::spawn(async move { axum::serve(listener, router).await.expect("it serves") });
        Self { store, address, serving }
    }

    /// Ends the server; what it holds of the store goes with it.
    pub(crate) async fn stop(self) -> Store {
        self.serving.abort();
        let _aborted = self.serving.await;
        self.store
    }

    pub(crate) fn address(&self) -> SocketAddr {
        self.address
    }

    pub(crate) fn tenant(&self, name: &str) -> Tenant {
        Tenant { client: client(), base: format!("http://{}/api", self.address), name: name.to_owned() }
    }

    pub(crate) fn alice(&self) -> Tenant {
        self.tenant("alice")
    }
}

/// Somebody with a token.
#[derive(Clone)]
pub(crate) struct Tenant {
    client: Client,
    base: String,
    name: String,
}

/// What was answered.
#[derive(Debug, Clone)]
pub(crate) struct Answered {
    pub(crate) status: StatusCode,
    pub(crate) headers: reqwest::header::HeaderMap,
    pub(crate) text: String,
}

impl Tenant {
    /// Sends a request; a body is JSON unless a header says otherwise.
    pub(crate) async fn ask(
        &self,
        method: &str,
        path: &str,
        headers: &[(&str, &str)],
        body: Option<&[u8]>,
    ) -> Answered {
        let method = Method::from_bytes(method.as_bytes()).expect("a method");
        let mut request = self.client.request(method, format!("{}{path}", self.base));
        if !headers.iter().any(|(name, _)| *name == "authorization") {
            request = request.header("authorization", format!("Bearer token-of-{}", self.name));
        }
        if body.is_some() && !headers.iter().any(|(name, _)| *name == "content-type") {
            request = request.header("content-type", "application/json");
        }
        for (name, value) in headers {
            if !value.is_empty() {
                request = request.header(*name, *value);
            }
        }
        if let Some(body) = body {
            request = request.body(body.to_vec());
        }
        let answer = request.send().await.expect("the server answers");
        let (status, headers) = (answer.status(), answer.headers().clone());
        let text = answer.text().await.expect("the answer is text");
        Answered { status, headers, text }
    }

    pub(crate) async fn get(&self, path: &str) -> Answered {
        self.ask("GET", path, &[], None).await
    }

    pub(crate) async fn post(&self, path: &str, body: &str) -> Answered {
        self.ask("POST", path, &[], Some(body.as_bytes())).await
    }

    /// A write about the version with this tag.
    pub(crate) async fn put(&self, path: &str, tag: &str, body: &str) -> Answered {
        self.ask("PUT", path, &[("if-match", tag)], Some(body.as_bytes())).await
    }

    pub(crate) async fn act(&self, path: &str, tag: &str, body: Option<&str>) -> Answered {
        self.ask("POST", path, &[("if-match", tag)], body.map(str::as_bytes)).await
    }

    pub(crate) async fn patch(&self, path: &str, tag: &str, media: &str, body: &str) -> Answered {
        let headers = [("if-match", tag), ("content-type", media)];
        self.ask("PATCH", path, &headers, Some(body.as_bytes())).await
    }
}

impl Answered {
    pub(crate) fn header(&self, name: &str) -> &str {
        self.headers.get(name).and_then(|value| value.to_str().ok()).unwrap_or_default()
    }

    pub(crate) fn tag(&self) -> String {
        self.header("etag").to_owned()
    }

    pub(crate) fn json(&self) -> serde_json::Value {
        serde_json::from_str(&self.text).unwrap_or_else(|error| panic!("{error}: {}", self.text))
    }

    pub(crate) fn id(&self) -> String {
        self.json()["id"].as_str().expect("it is a draft").to_owned()
    }

    /// Checks that it is done, and with which status.
    pub(crate) fn is(self, status: u16) -> Self {
        assert_eq!(self.status.as_u16(), status, "{}", self.text);
        self
    }

    /// Checks that it is refused as RFC 9457 has it, with which status and why.
    pub(crate) fn refused(self, status: u16, code: &str) -> Self {
        assert_eq!(self.status.as_u16(), status, "{}", self.text);
        assert_eq!(self.header("content-type"), "application/problem+json");
        let problem = self.json();
        assert_eq!(problem["code"], code, "{}", self.text);
        assert_eq!(problem["type"], format!("urn:draftkeep:problem:{code}"));
        assert_eq!(problem["status"], status);
        for member in ["title", "detail", "way_out"] {
            assert!(problem[member].as_str().is_some_and(|text| !text.is_empty()), "{member}: {}", self.text);
        }
        self
    }
}

/// A client; reqwest asks for a provider of TLS in this build, also where there is no TLS on the way.
pub(crate) fn client() -> Client {
    // It is the same for all tests of the process.
    let _ = rustls::crypto::ring::default_provider().install_default();
    Client::new()
}
