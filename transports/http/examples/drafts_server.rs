//! A server of drafts for thin clients.
//!
//! ```text
//! cargo run --release -p draftkeep-http --example drafts_server -- --port 8080 [--store PATH]     until it is ended
//! cargo run --release -p draftkeep-http --example drafts_server -- --openapi                      prints the description
//! ```
//!
//! It serves two kinds: `post`, which has a title, and `note`, which is anything. Who sends `Authorization: Bearer NAME` is NAME: that is
//! for trying it out, and for nothing else. Without `--store` the drafts are gone with the process, and port 0 is any that is free.
//!
//! Without arguments it shows on itself what becomes of two tabs that save over one version.

use axum::http::HeaderMap;
use draftkeep::value::Path;
use draftkeep::{Kind, Options, Schema, Store, Value};
use draftkeep_http::drafts::{Denied, DocumentKind, DraftsApi, Invalid, Owner};
use draftkeep_http::{Listener, ListenerOptions, Served};
use reqwest::Client;
use serde_json::json;
use std::env;
use tokio::sync::oneshot;
use tokio::task::JoinHandle;

type Result<T> = std::result::Result<T, Box<dyn std::error::Error>>;

const POST: Kind<Value> = Kind::new("post");
const NOTE: Kind<Value> = Kind::new("note");
const USAGE: &str = "usage: drafts_server [--port PORT [--store PATH] | --openapi]";

/// The title, where it is text.
fn title(post: &Value) -> Option<&str> {
    post.as_object()?.get("title")?.as_str()
}

fn api(store: Store) -> DraftsApi {
    let posts = DocumentKind::new(POST).validate(|post| match title(post) {
        Some(_) => Vec::new(),
        None => vec![Invalid::new(Path::root().join("title"), "a post has a title, which is text")],
    });
    DraftsApi::new(store, by_name).kind(posts).kind(DocumentKind::new(NOTE))
}

/// An application looks up a session here.
async fn by_name(headers: HeaderMap) -> std::result::Result<Owner, Denied> {
    let denied = Denied::Unauthorized { challenge: "Bearer" };
    let name = headers.get("authorization").and_then(|value| value.to_str().ok()?.strip_prefix("Bearer "));
    Owner::new(name.unwrap_or_default()).map_err(|_| denied)
}

fn options() -> Options {
    Options::new().schema(Schema::of(POST).label(|post| title(post).unwrap_or_default().to_owned()))
}

/// The API behind sockets, in the background. Whoever is slow or says nothing, and how many come at once, is the listener's business: a
/// router cannot know.
struct Serving {
    address: String,
    stop: oneshot::Sender<()>,
    served: JoinHandle<Served>,
}

impl Serving {
    async fn start(port: u16, store: Store) -> Result<Self> {
        let listener = Listener::bind(("127.0.0.1", port), ListenerOptions::new().connections(1_000, 100)).await?;
        let address = format!("http://{}", listener.address());
        let (stop, stopped) = oneshot::channel::<()>();
        let stopped = async {
            // A sender that is gone stops it, too.
            let _ = stopped.await;
        };
        Ok(Self { address, stop, served: tokio::spawn(listener.serve_router(api(store).router(), stopped)) })
    }

    /// Ends it so that nothing is lost: requests that were begun are answered first.
    async fn stop(self) -> Result<()> {
        drop(self.stop);
        let served = self.served.await?;
        assert_eq!(served, Served { cut_off: 0, is_complete: true });
        Ok(())
    }
}

#[tokio::main]
async fn main() -> Result<()> {
    let given: Vec<String> = env::args().skip(1).collect();
    let given: Vec<&str> = given.iter().map(String::as_str).collect();
    let (port, store) = match given[..] {
        [] => return demonstrate().await,
        ["--openapi"] => return describe().await,
        ["--port", port] => (port, Store::in_memory(options())?),
        ["--port", port, "--store", path] => (port, Store::open_or_create(path, options())?),
        _ => return Err(USAGE.into()),
    };
    let serving = Serving::start(port.parse().map_err(|_| USAGE)?, store).await?;
    println!("serving {}", serving.address);
    tokio::signal::ctrl_c().await?;
    serving.stop().await
}

fn client() -> Client {
    // Which TLS it speaks has to be said once in a process, also where there is none on the way.
    let _ = rustls::crypto::ring::default_provider().install_default();
    Client::new()
}

async fn describe() -> Result<()> {
    let serving = Serving::start(0, Store::in_memory(options())?).await?;
    let text = client().get(format!("{}/openapi.json", serving.address)).send().await?.text().await?;
    println!("{}", serde_json::to_string_pretty(&serde_json::from_str::<serde_json::Value>(&text)?)?);
    serving.stop().await
}

async fn demonstrate() -> Result<()> {
    let serving = Serving::start(0, Store::in_memory(options())?).await?;
    let (client, slot) = (client(), format!("{}/slots/post/upload-73", serving.address));
    let asked = |request: reqwest::RequestBuilder| {
        request.header("authorization", "Bearer alice").header("content-type", "application/json")
    };

    let begun = asked(client.post(&slot)).body(r#"{"title":"The night train"}"#).send().await?;
    let seen = begun.headers()["etag"].clone();
    println!("New or Resume: {}, {seen:?}", begun.status());
    assert_eq!(begun.status(), 201);

    let one = asked(client.put(&slot)).header("if-match", &seen).body(r#"{"title":"The night train","tags":["x"]}"#);
    let one = one.send().await?;
    println!("the first tab saves: {}", one.status());
    assert_eq!(one.status(), 200);

    let other =
        asked(client.put(&slot)).header("if-match", &seen).body(r#"{"title":"The slow night train"}"#).send().await?;
    let (status, newest) = (other.status(), other.headers()["etag"].clone());
    let moved: serde_json::Value = serde_json::from_str(&other.text().await?)?;
    println!("the second tab saves over what it saw: {status}, {}", moved["detail"]);
    println!("    base {}, yours {}, theirs {}", moved["base"], moved["yours"], moved["theirs"]);
    assert_eq!(status, 409);

    let both = json!({"title": moved["yours"]["title"], "tags": moved["theirs"]["tags"]});
    let merged = asked(client.put(&slot)).header("if-match", newest).body(both.to_string()).send().await?;
    println!("it sends both, about what it was shown: {}", merged.status());
    assert_eq!(merged.status(), 200);

    let read = asked(client.get(&slot)).send().await?.text().await?;
    let read: serde_json::Value = serde_json::from_str(&read)?;
    assert_eq!(read["document"], both);
    println!("{}: {}", read["label"], read["document"]);
    serving.stop().await
}
