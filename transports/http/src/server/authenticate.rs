//! Who is asking.

use super::grant::{Grant, Rights, Spaces};
use futures_core::future::BoxFuture;
use std::fmt;
use std::time::Duration;

/// Says what a token gives: [`TokenFile`](super::TokenFile), or the application's own check, against its accounts for instance.
///
/// It is asked before each request, before anything of its body is read, and again at least every 60 seconds by whatever stays
/// open, so that a token that is revoked is good for nothing after a minute. An answer has 10 seconds.
///
/// ```
/// use draftkeep_http::{Authenticate, Denied, Grant, Rights, Spaces};
/// use futures_core::future::BoxFuture;
///
/// /// Asks the application's sessions.
/// #[derive(Debug)]
/// struct Sessions;
///
/// impl Authenticate for Sessions {
///     fn authenticate<'a>(&'a self, token: &'a str) -> BoxFuture<'a, Result<Grant, Denied>> {
///         Box::pin(async move {
///             // Look the token up by its hash, never compare it letter by letter.
///             let user = Some("alice").filter(|_| token.len() > 30).ok_or(Denied::Unknown)?;
///             Ok(Grant::new(user, Spaces::These([user.to_owned()].into()), Rights::Write))
///         })
///     }
/// }
/// ```
pub trait Authenticate: Send + Sync + fmt::Debug + 'static {
    /// What this token gives. The token is secret: it must not be logged or kept.
    ///
    /// # Errors
    ///
    /// As [`Denied`] says.
    fn authenticate<'a>(&'a self, token: &'a str) -> BoxFuture<'a, Result<Grant, Denied>>;
}

/// Why a token gives nothing.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum Denied {
    /// Nobody knows it, or it was revoked.
    Unknown,
    /// Its time is over.
    Expired,
    /// It cannot be said now. The device is not told that its token is bad, and asks again later.
    Unavailable {
        /// When it may ask again, where that is known.
        retry_after: Option<Duration>,
    },
}

/// Lets everybody do everything, with any token: for tests, and for a hub that only one machine reaches.
#[derive(Debug, Clone, Copy)]
pub struct Everybody;

impl Authenticate for Everybody {
    fn authenticate<'a>(&'a self, _: &'a str) -> BoxFuture<'a, Result<Grant, Denied>> {
        Box::pin(async { Ok(Grant::new("everybody", Spaces::All, Rights::Write).with_metrics()) })
    }
}
