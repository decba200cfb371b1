//! What a syncer is given.

use super::address::{Address, AddressError};
use super::exchange::{Deadline, Lost, Sending, exchange};
use super::options::{Deadlines, HttpOptions};
use super::runner::Runner;
use super::tls::{self, TrustError};
use super::token::{Token, TokenError, Tokens};
use super::verdict::{Sent, verdict};
use crate::wire::{MESSAGE, Nonce, PROTOCOL, REQUEST, TRACEPARENT, VERSION};
use bytes::Bytes;
use draftkeep::TraceId;
use draftkeep::clock::{Entropy as _, SystemEntropy};
use draftkeep::transport::{Answer, Ask, Request, Transport, TransportError, TransportErrorKind};
use futures_core::future::BoxFuture;
use futures_util::future::{Either, select};
use http::header::{ACCEPT, AUTHORIZATION, CONTENT_TYPE};
use http::{HeaderMap, HeaderValue};
use reqwest::{Client, redirect, retry};
use std::fmt;
use std::pin::pin;
use std::time::{Duration, SystemTime};

/// How long a connection is kept that nothing goes over; a hub keeps it longer, so that none is used that it closes just then.
const IDLE: Duration = Duration::from_secs(20);

/// The way to a hub behind an address, over HTTP/1.1 with or without TLS. Clones are the same way, and share its connections.
///
/// It keeps the contract of [`Transport`] on any async runtime or none: sockets live in a thread of its own, which ends with the
/// last clone. It follows no redirect, repeats no request, and takes for the hub's answer only what proves that it is to this very
/// request. Every part of the way has a deadline; a request that waits for news takes as long as it says on top. No more
/// than [`MESSAGE_MAX`](draftkeep::transport::MESSAGE_MAX) of an answer is taken into memory.
///
/// What the hub or somebody in its place said is in the [`source`](std::error::Error::source) of an error: [`Said`](super::Said),
/// [`ClockSkew`](super::ClockSkew), [`Deadline`](super::Deadline), [`TokenError`](super::TokenError).
///
/// ```no_run
/// use draftkeep::sync::Syncer;
/// use draftkeep_http::{HttpOptions, HttpTransport, Token};
///
/// # async fn sync(space: draftkeep::Space, token: &str) -> Result<(), Box<dyn std::error::Error>> {
/// let transport = HttpTransport::open("https://hub.example", HttpOptions::new().token(Token::new(token)?))?;
/// Syncer::new(&space, transport).once().await?;
/// # Ok(())
/// # }
/// ```
#[derive(Clone)]
pub struct HttpTransport {
    address: Address,
    client: Client,
    runner: Runner,
    tokens: Option<Tokens>,
    deadlines: Deadlines,
}

/// Why a transport cannot be opened. Nothing was sent.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum OpenError {
    /// The address cannot be a hub's.
    #[error(transparent)]
    Address(#[from] AddressError),
    /// Nobody could be believed.
    #[error(transparent)]
    Trust(#[from] TrustError),
    /// The system gave no thread or no sockets.
    #[error("the system has no thread or no sockets left for a transport")]
    System(#[source] Box<dyn std::error::Error + Send + Sync>),
}

impl HttpTransport {
    /// Opens the way to the hub at `https://host:port/path`. Nothing is sent yet.
    ///
    /// # Errors
    ///
    /// The address or an option cannot be used, or the system has nothing left, as [`OpenError`] says.
    pub fn open(address: &str, options: HttpOptions) -> Result<Self, OpenError> {
        let address = Address::parse(address, options.is_plain_allowed)?;
        let tls = if address.is_encrypted() { tls::config(options.roots.as_deref())? } else { tls::nobody()? };
        let builder = Client::builder()
            .tls_backend_preconfigured(tls)
            .redirect(redirect::Policy::none())
            .retry(retry::never())
            .referer(false)
            .connect_timeout(options.deadlines.connect)
            .pool_idle_timeout(IDLE)
            .tcp_nodelay(true);
        let builder = if options.uses_proxy { builder } else { builder.no_proxy() };
        let client = builder.build().map_err(|error| OpenError::System(error.into()))?;
        let runner = Runner::start().map_err(|error| OpenError::System(error.into()))?;
        Ok(Self { address, client, runner, tokens: options.tokens, deadlines: options.deadlines })
    }

    /// The token for the next request; none where none was promised.
    async fn token(&self) -> Result<Option<Token>, TransportError> {
        let Some(tokens) = &self.tokens else { return Ok(None) };
        let late = pin!(self.runner.sleep(self.deadlines.token));
        match select(tokens.next(), late).await {
            Either::Left((Ok(token), _)) => Ok(Some(token)),
            Either::Left((Err(error), _)) => {
                let kind = match error {
                    TokenError::Unavailable(_) => TransportErrorKind::Unreachable { retry_after: None },
                    TokenError::SignIn(_) | TokenError::Malformed => TransportErrorKind::Unauthorized,
                };
                Err(TransportError::new(kind).because(error))
            }
            Either::Right((Ok(()), _)) => Err(TransportError::unreachable().because(Deadline::Token)),
            Either::Right((Err(gone), _)) => Err(TransportError::unreachable().because(gone)),
        }
    }

    async fn carry(&self, request: Request) -> Result<Answer, TransportError> {
        let body =
            request.to_bytes().map_err(|error| TransportError::new(TransportErrorKind::TooLarge).because(error))?;
        let body = Bytes::from(body);
        let token = self.token().await?;
        let mut random = [0; 16];
        SystemEntropy.fill(&mut random);
        let nonce = Nonce::from_bytes(random);
        let wait = match request.ask {
            Ask::Wait { timeout } => timeout.min(WAIT_MAX),
            _ => Duration::ZERO,
        };
        let sending = Sending {
            url: self.address.sync(&request.space),
            headers: headers(nonce, request.trace, token.as_ref()),
            body: body.clone(),
            wait,
            deadlines: self.deadlines,
        };
        let received = self.runner.run(exchange(self.client.clone(), sending)).await;
        let received = received.map_err(|gone| TransportError::unreachable().because(gone))?;
        let received = received.map_err(|lost: Lost| match lost {
            Lost::Deadline(late) => TransportError::unreachable().because(late),
            Lost::Way(error) => TransportError::unreachable().because(error),
        })?;
        let is_encrypted = self.address.is_encrypted();
        let answer = verdict(&received, Sent { nonce, request: &body, is_encrypted, now: SystemTime::now() });
        if let (Some(tokens), Some(token)) = (&self.tokens, &token) {
            match &answer {
                Ok(_) => tokens.was_refused(token, false),
                Err(error) if *error.kind() == TransportErrorKind::Unauthorized => tokens.was_refused(token, true),
                Err(_) => {}
            }
        }
        answer
    }
}

/// The longest time to wait for news that is asked for; a hub answers earlier anyway.
const WAIT_MAX: Duration = Duration::from_secs(60 * 60);

fn headers(nonce: Nonce, trace: TraceId, token: Option<&Token>) -> HeaderMap {
    let mut headers = HeaderMap::with_capacity(8);
    headers.insert(CONTENT_TYPE, HeaderValue::from_static(MESSAGE));
    headers.insert(ACCEPT, HeaderValue::from_static(MESSAGE));
    headers.insert(PROTOCOL, HeaderValue::from(VERSION));
    headers.insert(REQUEST, nonce.header());
    let span: String = nonce.as_bytes().iter().take(8).map(|byte| format!("{byte:02x}")).collect();
    if let Ok(value) = HeaderValue::try_from(format!("00-{trace}-{span}-01")) {
        headers.insert(TRACEPARENT, value);
    }
    if let Some(token) = token {
        headers.insert(AUTHORIZATION, token.header());
    }
    headers
}

impl Transport for HttpTransport {
    fn send(&self, request: Request) -> BoxFuture<'_, Result<Answer, TransportError>> {
        Box::pin(self.carry(request))
    }
}

impl fmt::Debug for HttpTransport {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("HttpTransport").field("address", &self.address).finish_non_exhaustive()
    }
}
