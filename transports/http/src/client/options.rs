//! How a transport behaves.

use super::token::{Token, TokenError, Tokens};
use crate::wire::Form;
use std::fmt;
use std::future::Future;
use std::sync::Arc;
use std::time::Duration;

/// How an [`HttpTransport`](super::HttpTransport) behaves: who is asking, whom it believes, and how long it waits.
///
/// ```
/// use draftkeep_http::{HttpOptions, HttpTransport, Token};
///
/// let options = HttpOptions::new().token(Token::new("dk_0011223344556677_9f02")?);
/// let transport = HttpTransport::open("https://hub.example", options)?;
/// # drop(transport);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone)]
pub struct HttpOptions {
    pub(super) tokens: Option<Tokens>,
    pub(super) roots: Option<Vec<u8>>,
    pub(super) is_plain_allowed: bool,
    pub(super) uses_proxy: bool,
    pub(super) form: Form,
    pub(super) deadlines: Deadlines,
}

/// How long each part of the way may take.
#[derive(Debug, Clone, Copy)]
pub(super) struct Deadlines {
    pub(super) token: Duration,
    pub(super) connect: Duration,
    pub(super) send: Duration,
    pub(super) first_byte: Duration,
    pub(super) body: Duration,
    pub(super) whole: Duration,
}

impl Default for HttpOptions {
    fn default() -> Self {
        Self::new()
    }
}

impl fmt::Debug for HttpOptions {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("HttpOptions").field("deadlines", &self.deadlines).finish_non_exhaustive()
    }
}

impl HttpOptions {
    /// The usual options: no token, the system's certificates, no plain HTTP off this machine, no proxy.
    #[must_use]
    pub fn new() -> Self {
        let deadlines = Deadlines {
            token: Duration::from_secs(30),
            connect: Duration::from_secs(10),
            send: Duration::from_secs(30),
            first_byte: Duration::from_secs(30),
            body: Duration::from_secs(30),
            whole: Duration::from_secs(600),
        };
        Self { tokens: None, roots: None, is_plain_allowed: false, uses_proxy: false, form: Form::Bytes, deadlines }
    }

    /// Sends the same token with every request.
    #[must_use]
    pub fn token(self, token: Token) -> Self {
        self.tokens(move |_| {
            let token = token.clone();
            async move { Ok(token) }
        })
    }

    /// Asks for the token before each request, in the task that sends it, so that it can be renewed.
    ///
    /// `give` is told the token that the hub refused last, where it did: where that is still the one it would give, it has to be
    /// renewed. Of several requests at once each asks. It has 30 seconds by default ([`deadline_of_token`](Self::deadline_of_token)).
    ///
    /// ```
    /// use draftkeep_http::{HttpOptions, Token, TokenError};
    /// use std::sync::{Arc, Mutex};
    ///
    /// # async fn sign_in_again() -> Result<Token, std::io::Error> { Ok(Token::new("new").expect("visible")) }
    /// let current = Arc::new(Mutex::new(Token::new("old")?));
    /// let options = HttpOptions::new().tokens(move |refused| {
    ///     let current = Arc::clone(&current);
    ///     async move {
    ///         let token = current.lock().expect("nobody panics with it").clone();
    ///         if refused.as_ref() != Some(&token) {
    ///             return Ok(token);
    ///         }
    ///         let token = sign_in_again().await.map_err(|error| TokenError::SignIn(error.into()))?;
    ///         *current.lock().expect("nobody panics with it") = token.clone();
    ///         Ok(token)
    ///     }
    /// });
    /// # drop(options);
    /// # Ok::<(), TokenError>(())
    /// ```
    #[must_use]
    pub fn tokens<G, F>(mut self, give: G) -> Self
    where
        G: Fn(Option<Token>) -> F + Send + Sync + 'static,
        F: Future<Output = Result<Token, TokenError>> + Send + 'static,
    {
        self.tokens = Some(Tokens::new(Arc::new(move |refused| Box::pin(give(refused)))));
        self
    }

    /// Believes only hubs whose certificates one of these vouches for (PEM), instead of those that the system believes: for a
    /// hub with a certificate of one's own making.
    ///
    /// Such a certificate has to be one of a server that vouches for itself, not of an authority: `openssl req -x509` makes an authority's
    /// unless it is told `-addext basicConstraints=critical,CA:FALSE`, and an authority's is refused (`CaUsedAsEndEntity`).
    #[must_use]
    pub fn roots(mut self, pem: impl Into<Vec<u8>>) -> Self {
        self.roots = Some(pem.into());
        self
    }

    /// Allows `http` to another machine: over a network that encrypts by itself. Everybody on the way can read along otherwise,
    /// the token too.
    #[must_use]
    pub const fn over_plain_http(mut self) -> Self {
        self.is_plain_allowed = true;
        self
    }

    /// Sends messages as JSON, and asks for such answers: to look at what goes over the wire. It is longer and slower than bytes, and
    /// means the same.
    #[must_use]
    pub const fn json(mut self) -> Self {
        self.form = Form::Json;
        self
    }

    /// Goes by the proxy that the environment names (`HTTPS_PROXY`, `HTTP_PROXY`, `NO_PROXY`), if it does.
    #[must_use]
    pub const fn proxy_of_environment(mut self) -> Self {
        self.uses_proxy = true;
        self
    }

    /// How long the token may take; 30 s by default.
    #[must_use]
    pub const fn deadline_of_token(mut self, at_most: Duration) -> Self {
        self.deadlines.token = at_most;
        self
    }

    /// How long a connection may take to be made, with the name looked up and the certificate checked; 10 s by default.
    #[must_use]
    pub const fn deadline_to_connect(mut self, at_most: Duration) -> Self {
        self.deadlines.connect = at_most;
        self
    }

    /// How long sending may stand still; 30 s by default.
    #[must_use]
    pub const fn deadline_to_send(mut self, at_most: Duration) -> Self {
        self.deadlines.send = at_most;
        self
    }

    /// How long the hub may take to begin its answer once it has the request; 30 s by default. A request that waits for news has
    /// as long on top as it says.
    #[must_use]
    pub const fn deadline_to_answer(mut self, at_most: Duration) -> Self {
        self.deadlines.first_byte = at_most;
        self
    }

    /// How long receiving may stand still; 30 s by default.
    #[must_use]
    pub const fn deadline_to_receive(mut self, at_most: Duration) -> Self {
        self.deadlines.body = at_most;
        self
    }

    /// How long all of it may take together, however steadily it goes on; 10 minutes by default. A request that waits for news has
    /// as long on top as it says.
    #[must_use]
    pub const fn deadline_of_all(mut self, at_most: Duration) -> Self {
        self.deadlines.whole = at_most;
        self
    }
}
