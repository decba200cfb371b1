//! [`draftkeep`] over HTTP: the way to a hub behind an address, a server for any hub, and drafts for thin clients.
//!
//! # A device
//!
//! [`HttpTransport`] is what a [`Syncer`](draftkeep::sync::Syncer) is given. It works on any async runtime and on none.
//!
//! ```no_run
//! use draftkeep::{Options, Store, sync::Syncer};
//! use draftkeep_http::{HttpOptions, HttpTransport, Token};
//!
//! # fn main() -> Result<(), Box<dyn std::error::Error>> {
//! let space = Store::open_or_create("drafts.redb", Options::new())?.space("alice")?;
//! let token = Token::new(&std::fs::read_to_string("token")?)?;
//! let transport = HttpTransport::open("https://hub.example", HttpOptions::new().token(token))?;
//! let syncer = Syncer::new(&space, transport);
//! std::thread::spawn(move || futures_executor::block_on(syncer.run())); // or in a task of your runtime
//! # Ok(())
//! # }
//! ```
//!
//! It believes what answers only where that proves to be the hub's answer to this very request; everything else is an error that
//! changes nothing ([the table](draftkeep::docs::protocol)). It follows no redirect and repeats nothing by itself. Each part of the
//! way has a deadline ([`HttpOptions`]). Off this machine it speaks TLS, or not at all unless it is told to.
//!
//! What the hub keeps of earlier states is listed ([`HttpTransport::mains`], [`drafts`](HttpTransport::drafts)), fetched
//! ([`revision`](HttpTransport::revision)) and brought back by a device. [`HttpOptions::json`] makes messages readable on the wire.
//!
//! # A hub
//!
//! ```text
//! draftkeep-hub serve
//! draftkeep-hub token new "alice's phone" --space alice
//! ```
//!
//! The program keeps a hub in a file. An application that wants one inside, or tokens of its own, has the same as parts:
//! [`HubService`] is the routes over any hub, [`Authenticate`] says who may what ([`TokenFile`] does, or a check of yours), [`Limits`]
//! how much, and [`Listener`] is the sockets.
//!
//! What the server promises: nothing is answered before the hub has answered, so what a device takes for accepted is durable; a
//! request that was begun is carried out although the device hangs up; a slow disk holds up nothing else; a token that is revoked
//! is good for nothing after a minute; an end ([`Listener::serve`]) loses nothing, and neither does `kill -9`.
//!
//! # Thin clients
//!
//! A page in a browser, or a program without a store, works on the drafts of a server that has one: [`drafts`] is that API, as REST.
//! [`Listener::serve_router`] puts it, or any router, behind the deadlines and limits of a socket that anybody can reach.
//!
//! # Limits
//!
//! | what | at most | changed by |
//! |---|---|---|
//! | a request, an answer | 24 MiB; as JSON 64 MiB | [`Limits::message_bytes`] |
//! | requests and answers in memory | 256 MiB | [`Limits::memory_bytes`] |
//! | requests that the hub works on at once | 64, each with a thread | [`Limits::at_once`] |
//! | devices that wait for news | 10,000, for 50 s each | [`Limits::waiting`], [`Limits::wait`] |
//! | requests of one grant; of one address | 100 a second, 500 in a row; 200, 2,000 | [`Limits::of_grant`], [`Limits::of_address`] |
//! | connections; of one address | 10,000; 1,000 | [`ListenerOptions::connections`] |
//! | the head of a request | 32 KiB in 60 s | [`ListenerOptions::head`] |
//!
//! Known shortcomings: HTTP/1.1 only, so that a device has a connection for each request under way; rates are counted by each server
//! for itself; and who has a token can hold room in memory for as long as a body may take.
//!
//! # Features
//!
//! | feature | default | what it adds, and its cost |
//! |---|---|---|
//! | `client` | yes | [`HttpTransport`]. Brings reqwest, rustls and a tokio of one thread |
//! | `server` | no | [`HubService`], [`Listener`]. Brings axum, hyper and rustls |
//! | `drafts` | no | [`drafts`], the REST API. Brings axum |
//! | `bin` | no | the program `draftkeep-hub`. Brings lexopt, toml and tracing-subscriber |

#[cfg(feature = "server")]
mod causes;
#[cfg(feature = "client")]
mod client;
#[cfg(feature = "drafts")]
pub mod drafts;
mod fault;
#[cfg(all(fuzzing, feature = "client", feature = "server"))]
pub mod fuzzing;
#[cfg(feature = "server")]
mod server;
#[cfg(any(feature = "client", feature = "drafts", feature = "server"))]
mod wire;

#[cfg(feature = "client")]
pub use client::{
    AddressError, ClockSkew, Deadline, HttpOptions, HttpTransport, OpenError, Said, Token, TokenError, TrustError,
};
#[cfg(feature = "server")]
pub use server::{
    Authenticate, CertificateError, Denied, Everybody, Grant, HubService, Issued, Limits, Listener, ListenerOptions,
    Rate, Rights, Served, Spaces, Tls, TokenFile, TokenFileError, TokenInfo, TokenWish,
};

#[cfg(all(doctest, feature = "client", feature = "drafts", feature = "server"))]
#[doc = include_str!("../README.md")]
struct Readme;
