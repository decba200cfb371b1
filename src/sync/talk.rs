//! One request and its answer. What every answer has to be is checked here, and what each failure means is said here,
//! once.

use super::error::SyncErrorKind;
use super::parking::short;
use crate::fault::canary::{self, Exit};
use crate::id::{HubId, TraceId};
use crate::position::Position;
use crate::transport::{Answer, Ask, Refusal, Reply, Request, Transport, TransportError, TransportErrorKind};
use std::time::Duration;

/// Why a cycle cannot go on.
#[derive(Debug)]
pub(super) enum Stop {
    /// The hub cannot confirm what it said before: all its rows have to be learnt anew.
    Unconfirmed,
    /// The request has to be smaller.
    TooLarge,
    /// The hub is away, or does not want to be asked now: try again later.
    Later { retry_after: Option<Duration>, is_forbidden: bool, cause: TransportError },
    /// The hub said something that is against the protocol.
    Protocol(String),
    /// Until somebody does something about it there is no use in trying.
    Pause(SyncErrorKind, Option<TransportError>),
    /// The store failed.
    Store(crate::error::Failure),
}

impl From<crate::error::Failure> for Stop {
    fn from(failure: crate::error::Failure) -> Self {
        Self::Store(failure)
    }
}

/// The table of answers: what a device does where there is none.
pub(super) fn without_answer(cause: TransportError) -> Stop {
    let paused = match *cause.kind() {
        TransportErrorKind::Unreachable { retry_after } => {
            return Stop::Later { retry_after, is_forbidden: false, cause };
        }
        TransportErrorKind::NotAHub { .. } => return Stop::Later { retry_after: None, is_forbidden: false, cause },
        TransportErrorKind::Forbidden => return Stop::Later { retry_after: None, is_forbidden: true, cause },
        TransportErrorKind::TooLarge => return Stop::TooLarge,
        TransportErrorKind::Unauthorized => SyncErrorKind::Unauthorized,
        TransportErrorKind::Upgrade { newest } => SyncErrorKind::Upgrade { newest },
        TransportErrorKind::Redirected => SyncErrorKind::Redirected,
    };
    Stop::Pause(paused, Some(cause))
}

/// Who talks with which hub.
#[derive(Debug, Clone)]
pub(super) struct Talk<'t> {
    pub(super) transport: &'t dyn Transport,
    pub(super) space: &'t str,
    pub(super) device: Option<&'t str>,
    pub(super) trace: TraceId,
    pub(super) hub: Option<HubId>,
}

impl Talk<'_> {
    /// Asks, and gives the answer of the hub that is meant.
    pub(super) async fn ask(&self, seen: Option<Position>, ask: Ask) -> Result<Answer, Stop> {
        let request = Request {
            space: self.space.to_owned(),
            device: self.device.map(str::to_owned),
            trace: self.trace,
            hub: self.hub,
            seen,
            ask,
        };
        if canary::is_on() {
            // One that has no bytes is too long, and a transport that has some refuses it.
            canary::leaves(Exit::Request, &request.to_bytes().unwrap_or_default());
        }
        let answer = self.transport.send(request).await.map_err(without_answer)?;
        if self.hub.is_some_and(|hub| hub != answer.hub) {
            return Err(Stop::Pause(SyncErrorKind::OtherHub { found: answer.hub }, None));
        }
        match &answer.reply {
            Reply::Refused(Refusal::Unconfirmed) => Err(Stop::Unconfirmed),
            Reply::Refused(Refusal::OtherHub) => Err(Stop::Pause(SyncErrorKind::OtherHub { found: answer.hub }, None)),
            Reply::Refused(Refusal::Invalid { reason }) => {
                Err(Stop::Protocol(format!("it refused a request: {}", short(reason.clone()))))
            }
            // A feed only grows; one that is shorter is another one, whatever the hub says of it.
            _ if seen.is_some_and(|seen| answer.position.seq < seen.seq) => Err(Stop::Unconfirmed),
            _ => Ok(answer),
        }
    }
}

/// An answer to another question than the one that was asked.
pub(super) fn beside_the_point() -> Stop {
    Stop::Protocol("it answered another question than the one asked".to_owned())
}
