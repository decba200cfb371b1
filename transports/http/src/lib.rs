//! Syncing [`draftkeep`] over HTTP: the way to a hub behind an address, and a server for any hub.
//!
//! - With the feature `client`: [`HttpTransport`], which a [`Syncer`](draftkeep::sync::Syncer) is given.
//! - With the feature `server`: `HubService` and `Listener`, which put any hub behind an address, with tokens, limits,
//!   metrics and live news.
//! - With the feature `bin`: the program `draftkeep-hub`.

#[cfg(feature = "client")]
mod client;
#[cfg(feature = "server")]
mod server;
#[cfg(any(feature = "client", feature = "server"))]
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
