//! Drafts for thin clients: a REST API over a server's own store.
//!
//! A browser tab that saves what is typed needs no library: a handful of `fetch` calls, and an `ETag` that it hands back. The
//! drafts live in the server's [`Store`](draftkeep::Store), with history, slots and phases, and are on disk when a write is answered.
//!
//! ```
//! use axum::http::HeaderMap;
//! use draftkeep::{Kind, Options, Schema, Store, Value};
//! use draftkeep_http::drafts::{Denied, DocumentKind, DraftsApi, Owner};
//!
//! const POST: Kind<Value> = Kind::new("post");
//!
//! async fn by_session(headers: HeaderMap) -> Result<Owner, Denied> {
//!     let denied = Denied::Unauthorized { challenge: "Bearer" };
//!     match headers.get("authorization").and_then(|value| value.to_str().ok()) {
//!         Some("Bearer alices-token") => Owner::new("alice").map_err(|_| denied),
//!         _ => Err(denied),
//!     }
//! }
//!
//! # fn main() -> Result<(), Box<dyn std::error::Error>> {
//! # let folder = tempfile::tempdir()?;
//! # let path = folder.path().join("drafts.redb");
//! let store = Store::open_or_create(path, Options::new().schema(Schema::of(POST)))?;
//! let api = DraftsApi::new(store, by_session).kind(DocumentKind::new(POST));
//! let app: axum::Router = axum::Router::new().nest("/api", api.router());
//! // axum::serve(listener, app).await?
//! # drop(app);
//! # Ok(())
//! # }
//! ```
//!
//! # A client
//!
//! All that a page needs for "New or Resume", saving what is typed, and noticing another tab:
//!
//! ```js
//! const slot = "/api/slots/post/upload-73";
//! const ask = (method, body, headers = {}) => fetch(slot, { method, body: JSON.stringify(body),
//!     headers: { authorization: `Bearer ${token}`, "content-type": "application/json", ...headers } });
//!
//! let answer = await ask("POST", { title: "" });                  // the current draft, or one that begins with this
//! let etag = answer.headers.get("etag"), post = (await answer.json()).document;
//!
//! async function save() {                                         // debounced by the page; repeat it until it answers
//!     const answer = await ask("PUT", post, { "if-match": etag });
//!     if (answer.ok) etag = answer.headers.get("etag");            // on disk
//!     else if (answer.status === 409) choose(await answer.json()); // base, yours, theirs; then save with this answer's ETag
//! }
//! ```
//!
//! # What is served
//!
//! | | |
//! |---|---|
//! | `GET /slots/{kind}/{slot}` | the slot's current draft; 404 where there is none |
//! | `POST /slots/{kind}/{slot}` | the current draft (200), or one that begins with what is sent (201) |
//! | `PUT`, `PATCH /slots/{kind}/{slot}` | saves in the current draft; `PUT` with `If-None-Match: *` begins one, or answers 412 |
//! | `POST /slots/{kind}/{slot}/seed` | takes over a value from elsewhere, where the slot never had a draft |
//! | `POST /slots/{kind}/{slot}/start-over` | archives the current draft and begins the next, in one commit |
//! | `GET /slots/{kind}/{slot}/drafts` | all drafts of the slot, archived ones too |
//! | `GET /drafts?kind=&phase=&slot_prefix=&limit=&after=` | what the owner has, newest first, by pages |
//! | `GET`, `PUT`, `PATCH /drafts/{id}` | one draft, current or not |
//! | `POST /drafts/{id}/archive`, `/reopen`, `/promote`, `/discard`, `/recover` | phases |
//! | `GET /drafts/{id}/history`, `/versions/{version}`; `POST /drafts/{id}/restore` | every save is a version |
//! | `GET`, `POST /drafts/{id}/conflict` | what other devices left for a person to decide, and deciding it |
//! | `GET /openapi.json` | all of this for programs (OpenAPI 3.1), without credentials |
//!
//! `PATCH` takes a merge patch (`application/merge-patch+json`, RFC 7396) or a JSON patch (`application/json-patch+json`, RFC 6902) of the
//! document. `GET` answers what is known of a draft, with the document as `document`; `PUT` takes the document alone.
//!
//! # Which version a write is about
//!
//! Every answer about a draft has a strong `ETag`: the version's number and its revision, a hash over all that stands in it. Tags stay what
//! they are when the server is restarted or killed.
//!
//! - **A write has to say `If-Match`**, the tag of what the person has seen, else it is answered with 428, also where it says `*`: a save
//!   that does not know what it saves over would bury somebody's text. Only beginning a draft needs none: `POST` of a slot, `seed`, and
//!   `PUT` with `If-None-Match: *`.
//! - **Where the draft has moved on it is 409**, and not 412. RFC 9110 allows both (13.1.1, 15.5.10), and a 409 is to have what a person
//!   needs to go on: `base`, the document of the version that `If-Match` names; `yours`; `theirs`, the document now; the newest state's
//!   tag in `ETag`, to send the merged document with. **Nothing is stored of what is refused so; the client has it, and gets it back as
//!   `yours`.** With them comes a proposal, `merged`, made by the kind's [policy](draftkeep::Schema::policy): `contested` lists the paths where a
//!   person has to decide, `overwritten` those where a rule decided against one side. 412 is for `If-None-Match: *` where a draft is.
//! - **Repeating is safe.** A write whose answer was lost is recognised by what it is about and what it would make: where the version after
//!   the one that `If-Match` names is just that, and still the newest, it is answered as the first time and nothing is written twice. That
//!   needs nothing remembered, so it holds after a restart; an `Idempotency-Key` is of no use here and is passed over. Where somebody saved
//!   since, the 409 says in `stored` which version has the text. Two clients that make the very same change of the same version are
//!   both answered as done.
//! - Of several writes about one version at the same time exactly one is carried out. That is compared in the commit itself, so it also holds
//!   against what the application or a syncer saves beside the API.
//!
//! # Refusals
//!
//! All are `application/problem+json` (RFC 9457): `code` for programs, `detail`, `way_out`; `limit` where one was passed, `errors` with JSON pointers
//! into the body, and `trace_id` where the store refused, which its log lines carry, too.
//!
//! | status | when |
//! |---|---|
//! | 400 | not JSON that can be kept exactly: a key twice, not UTF-8, more than 64 levels, numbers beyond 64 bits; a header or parameter that cannot be read |
//! | 401, 403 | what [`Authenticate`] says |
//! | 404 | not there, purged, of a kind that is not served, or somebody else's: all alike, in body and headers |
//! | 408, 413, 415 | a body that is slow, larger than [`DraftsApi::body_bytes`], or of another type |
//! | 409 | moved on (above), a phase that does not allow it, a slot that is taken |
//! | 412 | `If-None-Match: *`, and there is a draft |
//! | 422 | the document is refused by [`DocumentKind::validate`], with the paths; or the patch does not fit the document |
//! | 428 | `If-Match` is missing |
//! | 500 | damage, or a mistake of the application; other drafts are not affected |
//! | 503, 507 | busy, the storage does not work, the disk is full: `Retry-After` says when to repeat |
//!
//! A write that is answered with 5xx, or not at all, is *unknown*: keep the text and repeat it.
//!
//! # Who sees what
//!
//! [`Authenticate`] says whose request it is, and that owner's [`Space`](draftkeep::Space) is all that the request can reach. It is asked first,
//! before the body is read or anything is looked up. Answers are `Cache-Control: private, no-cache`, so that a cache between does not serve
//! one owner what is another's. Without cookies there is no cross-site forgery; who authenticates by cookie checks the `Origin`
//! in [`Authenticate`]. For pages of another origin put a CORS layer around the router, which exposes `ETag`.
//!
//! Each request runs in a `tracing` span with method, route and status, and the trace id of its `traceparent` header (W3C Trace Context). The
//! span has no address, owner or document.
//!
//! # Limits
//!
//! - A call of the store is a blocking one, on a thread of tokio's pool; [`DraftsApi::calls`] of them run at a time, and
//!   [`DraftsApi::requests`] requests, each with at most [`DraftsApi::body_bytes`] in memory. Connections, and the time for a request's head, are bounded by whoever serves the router: with the feature
//!   `server`, `Listener::serve_router` does.
//! - An owner's space is opened for every request: the first of a day writes a row, and sweeps as the store's retention says.
//! - Documents are JSON, of a `Kind<Value>`. Drafts of a kind with a Rust type can be served under its name too, but their labels are lost
//!   with the first save from here ([`Schema::label`](draftkeep::Schema::label)).
//! - A slot is named by text here; drafts of slots whose key is none show `null`. `.` and `..` are refused as slots (`bad-name`):
//!   clients take them away from addresses, percent-encoded or not. Drafts of such slots are served by their ids.
//! - The history's pages are cut from the whole history's headers, which each of them reads.
//! - Drafts cannot be purged from here, nor erased.

mod answer;
mod api;
mod authenticate;
mod call;
mod conflicts;
mod content;
mod errors;
mod history;
mod json;
mod kinds;
mod lists;
mod moved;
mod openapi;
mod params;
mod phases;
mod problem;
mod routes;
mod saving;
mod schemas;
mod serve;
mod shown;
mod slots;
mod tag;

pub use api::DraftsApi;
pub use authenticate::{Authenticate, Authenticating, Denied, Owner, OwnerError};
pub use kinds::{DocumentKind, Invalid};
