//! Who asks: the application says, from the request's head.

use axum::http::HeaderMap;
use axum::http::request::Parts;
use std::fmt;
use std::future::Future;
use std::pin::Pin;

/// The most bytes of an owner's name: it is the name of a space.
const OWNER_MAX: usize = 200;

/// Whose drafts a request is about. Everything that it can see or change is in the space of this name.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Owner(String);

/// Why a text cannot name an owner.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OwnerError {
    got: usize,
}

impl Owner {
    /// The owner of this name, which is the name of their space in the store.
    ///
    /// # Errors
    ///
    /// Where the name is empty or has more than 200 bytes. Use a stable id that is never given to somebody else, not an address of mail.
    pub fn new(name: impl Into<String>) -> Result<Self, OwnerError> {
        let name = name.into();
        if name.is_empty() || name.len() > OWNER_MAX {
            return Err(OwnerError { got: name.len() });
        }
        Ok(Self(name))
    }

    /// The name.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for OwnerError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "the name of an owner takes 1 to {OWNER_MAX} bytes, not {}; use a stable id", self.got)
    }
}

impl std::error::Error for OwnerError {}

/// Why a request is not let in.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum Denied {
    /// 401: no credentials, or none that are good. `challenge` goes out as `WWW-Authenticate`, as `Bearer` or `Bearer realm="…"`.
    Unauthorized {
        /// The scheme that the client should use.
        challenge: &'static str,
    },
    /// 403: the credentials are good, and may not do this.
    Forbidden,
    /// 503: whoever knows cannot be asked now. Nobody is let in meanwhile.
    Unavailable,
}

/// The future that [`Authenticate::authenticate`] returns.
pub type Authenticating<'a> = Pin<Box<dyn Future<Output = Result<Owner, Denied>> + Send + 'a>>;

/// Says who asks, from a request's head: a bearer token, a cookie, a header that a proxy in front has set.
///
/// It is asked once for every request, before anything of the body is read and before anything is looked up, whatever the
/// address: without credentials nobody learns what there is. Only `/openapi.json` and `OPTIONS` are for everybody.
///
/// An async function of the headers is one:
///
/// ```
/// use axum::http::HeaderMap;
/// use draftkeep_http::drafts::{Authenticate, Denied, Owner};
///
/// async fn by_token(headers: HeaderMap) -> Result<Owner, Denied> {
///     let denied = Denied::Unauthorized { challenge: "Bearer" };
///     let token = headers.get("authorization").and_then(|value| value.to_str().ok()?.strip_prefix("Bearer "));
///     // Look the token's hash up where sessions are kept; compare in constant time.
///     match token {
///         Some("alices-token") => Owner::new("alice").map_err(|_| denied),
///         _ => Err(denied),
///     }
/// }
///
/// fn takes(_: impl Authenticate) {}
/// takes(by_token);
/// ```
pub trait Authenticate: Send + Sync + 'static {
    /// The owner, or why there is none. A panic answers 500 and lets nobody in.
    fn authenticate<'a>(&'a self, head: &'a Parts) -> Authenticating<'a>;
}

impl<F, A> Authenticate for F
where
    F: Fn(HeaderMap) -> A + Send + Sync + 'static,
    A: Future<Output = Result<Owner, Denied>> + Send + 'static,
{
    fn authenticate<'a>(&'a self, head: &'a Parts) -> Authenticating<'a> {
        Box::pin(self(head.headers.clone()))
    }
}
