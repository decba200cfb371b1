//! What says who is asking.

use futures_core::future::BoxFuture;
use http::HeaderValue;
use std::fmt;
use std::sync::{Arc, Mutex, PoisonError};

/// The longest token, in bytes.
const TOKEN_MAX: usize = 4_096;

/// What says who is asking, as a hub gave it. It is secret: its `Debug` shows nothing of it, and it goes nowhere but to the hub.
#[derive(Clone, PartialEq, Eq)]
pub struct Token(HeaderValue);

/// Why there is no token.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum TokenError {
    /// It is none: empty, longer than 4,096 bytes, or with something in it that is not a visible ASCII character.
    #[error("a token has 1 to {TOKEN_MAX} visible ASCII characters and no spaces")]
    Malformed,
    /// It cannot be had now, for instance because whoever renews it is away. Syncing tries again later.
    #[error("a token cannot be had now")]
    Unavailable(#[source] Box<dyn std::error::Error + Send + Sync>),
    /// A person has to sign in again. Syncing pauses until the application resumes it.
    #[error("a token cannot be had before somebody signs in")]
    SignIn(#[source] Box<dyn std::error::Error + Send + Sync>),
}

impl Token {
    /// Takes a token as it is.
    ///
    /// # Errors
    ///
    /// [`TokenError::Malformed`].
    pub fn new(text: &str) -> Result<Self, TokenError> {
        if text.is_empty() || text.len() > TOKEN_MAX || !text.bytes().all(|byte| byte.is_ascii_graphic()) {
            return Err(TokenError::Malformed);
        }
        let mut value = HeaderValue::try_from(format!("Bearer {text}")).map_err(|_| TokenError::Malformed)?;
        value.set_sensitive(true);
        Ok(Self(value))
    }

    /// The value of the header `authorization`.
    pub(super) fn header(&self) -> HeaderValue {
        self.0.clone()
    }
}

impl fmt::Debug for Token {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Token(…)")
    }
}

/// Gives the token of the next request; told the one that the hub refused last, if it did.
type Giving = dyn Fn(Option<Token>) -> BoxFuture<'static, Result<Token, TokenError>> + Send + Sync;

/// Where tokens come from, and which of them the hub refused last.
#[derive(Clone)]
pub(super) struct Tokens {
    give: Arc<Giving>,
    refused: Arc<Mutex<Option<Token>>>,
}

impl Tokens {
    pub(super) fn new(give: Arc<Giving>) -> Self {
        Self { give, refused: Arc::default() }
    }

    pub(super) fn next(&self) -> BoxFuture<'static, Result<Token, TokenError>> {
        (self.give)(self.refused.lock().unwrap_or_else(PoisonError::into_inner).clone())
    }

    /// The hub took this token for good, or did not.
    pub(super) fn was_refused(&self, token: &Token, was_refused: bool) {
        let mut refused = self.refused.lock().unwrap_or_else(PoisonError::into_inner);
        if was_refused {
            *refused = Some(token.clone());
        } else if refused.as_ref() == Some(token) {
            *refused = None;
        }
    }
}
