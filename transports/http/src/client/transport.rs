//! What a syncer is given.

use super::address::{Address, AddressError};
use super::exchange::{Deadline, Lost, Received, Sending, exchange};
use super::options::{Deadlines, HttpOptions};
use super::runner::Runner;
use super::tls::{self, TrustError};
use super::token::{Token, TokenError, Tokens};
use super::verdict::{self, Sent};
use crate::fault;
use crate::wire::{Form, HASH_LEN, Nonce, PROTOCOL, REQUEST, TRACEPARENT, VERSION, hash_of_text};
use bytes::Bytes;
use draftkeep::TraceId;
use draftkeep::clock::{Entropy as _, SystemEntropy};
use draftkeep::transport::{Answer, Ask, MESSAGE_MAX, Request, Transport, TransportError, TransportErrorKind};
use futures_core::future::BoxFuture;
use futures_util::future::{Either, select};
use http::header::{ACCEPT, AUTHORIZATION, CONTENT_TYPE};
use http::{HeaderMap, HeaderValue, Method};
use reqwest::{Client, redirect, retry};
use std::fmt;
use std::pin::pin;
use std::time::{Duration, SystemTime};
use url::Url;

/// How long a connection is kept that nothing goes over; a hub keeps it longer, so that none is used that it closes just then.
const IDLE: Duration = Duration::from_secs(20);

/// The way to a hub behind an address, over HTTP/1.1 with or without TLS. Clones are the same way, and share its connections.
///
/// It keeps the contract of [`Transport`] on any async runtime or none: sockets live in a thread of its own, which ends with the
/// last clone. It follows no redirect, repeats no request, and takes for the hub's answer only what proves that it is to this very
/// request. Every part of the way has a deadline; a request that waits for news takes as long as it says on top. No more
/// than [`MESSAGE_MAX`](draftkeep::transport::MESSAGE_MAX) of an answer is taken into memory, or [`JSON_MAX`](draftkeep::transport::JSON_MAX)
/// of one as JSON.
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
    form: Form,
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
        let follow =
            if fault::on("http-redirect-followed") { redirect::Policy::limited(5) } else { redirect::Policy::none() };
        let builder = Client::builder()
            .tls_backend_preconfigured(tls)
            .redirect(follow)
            .retry(retry::never())
            .referer(false)
            .connect_timeout(options.deadlines.connect)
            .pool_idle_timeout(IDLE)
            .tcp_nodelay(true);
        let builder = if options.uses_proxy { builder } else { builder.no_proxy() };
        let client = builder.build().map_err(|error| OpenError::System(error.into()))?;
        let runner = Runner::start().map_err(|error| OpenError::System(error.into()))?;
        Ok(Self { address, client, runner, tokens: options.tokens, form: options.form, deadlines: options.deadlines })
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
        let form = self.form;
        let body = match form {
            Form::Bytes => request.to_bytes(),
            Form::Json => request.to_json(),
        };
        let body = body.map_err(|error| TransportError::new(TransportErrorKind::TooLarge).because(error))?;
        let wait = match request.ask {
            Ask::Wait { timeout } => timeout.min(WAIT_MAX),
            _ => Duration::ZERO,
        };
        let hash = form.hash(&body).unwrap_or_default();
        let url = self.address.sync(&request.space);
        let asking = Asking { method: Method::POST, url, trace: request.trace, body: body.into(), hash, form, wait };
        self.ask(asking, verdict::verdict).await
    }

    /// Asks for something below a space that is answered with text.
    pub(super) async fn get(&self, url: Url) -> Result<Vec<u8>, TransportError> {
        let trace = TraceId::from_bytes(random());
        let (body, hash, wait) = (Bytes::new(), hash_of_text(b""), Duration::ZERO);
        let asking = Asking { method: Method::GET, url, trace, body, hash, form: Form::Json, wait };
        self.ask(asking, |received, sent| verdict::body(received, sent).map(<[u8]>::to_vec)).await
    }

    pub(super) const fn address(&self) -> &Address {
        &self.address
    }

    /// Sends one request, and gives what `believe` makes of the answer.
    async fn ask<T>(
        &self,
        asking: Asking,
        believe: fn(&Received, Sent) -> Result<T, TransportError>,
    ) -> Result<T, TransportError> {
        let Asking { method, url, trace, body, hash, form, wait } = asking;
        let token = self.token().await?;
        let nonce = Nonce::from_bytes(random());
        let headers = headers(nonce, trace, token.as_ref(), form, !body.is_empty());
        let most = form.most(MESSAGE_MAX);
        let sending = Sending { method, url, headers, body, most, wait, deadlines: self.deadlines };
        let received = self.runner.run(exchange(self.client.clone(), sending)).await;
        let received = received.map_err(|gone| TransportError::unreachable().because(gone))?;
        let received = received.map_err(|lost: Lost| match lost {
            Lost::Deadline(late) => TransportError::unreachable().because(late),
            Lost::Way(error) => TransportError::unreachable().because(error),
        })?;
        let is_encrypted = self.address.is_encrypted();
        let answer = believe(&received, Sent { nonce, hash, form, is_encrypted, now: SystemTime::now() });
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

/// What is asked, before it has a name and a token.
struct Asking {
    method: Method,
    url: Url,
    trace: TraceId,
    body: Bytes,
    /// The hash of the body, for the proof.
    hash: [u8; HASH_LEN],
    form: Form,
    wait: Duration,
}

pub(super) fn random() -> [u8; 16] {
    let mut random = [0; 16];
    SystemEntropy.fill(&mut random);
    random
}

/// The longest time to wait for news that is asked for; a hub answers earlier anyway.
const WAIT_MAX: Duration = Duration::from_secs(60 * 60);

fn headers(nonce: Nonce, trace: TraceId, token: Option<&Token>, form: Form, has_body: bool) -> HeaderMap {
    let mut headers = HeaderMap::with_capacity(8);
    if has_body {
        headers.insert(CONTENT_TYPE, HeaderValue::from_static(form.media()));
    }
    headers.insert(ACCEPT, HeaderValue::from_static(form.media()));
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
