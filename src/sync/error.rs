//! Why a cycle did not come to its end.

use crate::error::Error;
use crate::id::{HubId, TraceId};
use std::error::Error as StdError;
use std::fmt;
use std::sync::Arc;
use std::time::Duration;

/// A cycle that did not come to its end, with the trace id that the hub's log has, too.
///
/// Nothing is lost by it and nothing has to be undone: what was not answered is repeated by the next cycle.
#[derive(Debug, Clone)]
pub struct SyncError {
    kind: SyncErrorKind,
    trace: TraceId,
    source: Option<Arc<dyn StdError + Send + Sync>>,
}

/// Why a cycle did not come to its end.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum SyncErrorKind {
    /// The hub cannot be reached, or something else answered. [`Syncer::run`](super::Syncer::run) tries again by itself.
    Unreachable {
        /// When the next cycle may begin.
        retry_in: Duration,
    },
    /// The hub does not accept the credentials. Syncing is paused; give the transport new ones, and resume.
    Unauthorized,
    /// The credentials give no right to this space. Tried again like an unreachable hub.
    Forbidden {
        /// When the next cycle may begin.
        retry_in: Duration,
    },
    /// Hub and application speak no common version. Syncing is paused: update one of them.
    Upgrade {
        /// The newest version that the hub speaks.
        newest: u32,
    },
    /// The hub's address leads to another one. Syncing is paused: look at the transport's address.
    Redirected,
    /// Another hub is at the address: emptied, replaced, or the wrong address. Nothing was sent. Ask the owner, and call
    /// [`Syncer::accept_hub`](super::Syncer::accept_hub) if it is meant.
    OtherHub {
        /// The hub that was found.
        found: HubId,
    },
    /// The hub said something that is against the protocol. Nothing of it was believed; tried again like an unreachable hub.
    Protocol {
        /// What it said, for people.
        what: String,
    },
    /// Another cycle of this space is at work, of this process.
    AlreadyRunning,
    /// The application switched syncing off ([`Syncer::set_enabled`](super::Syncer::set_enabled)), paused it, or said that
    /// there is no network.
    Off,
    /// The store failed, as the source says.
    Store(crate::ErrorKind),
}

impl SyncErrorKind {
    /// When the next cycle may begin, where the hub could not be reached.
    pub(super) const fn retry_in(&self) -> Option<Duration> {
        match self {
            Self::Unreachable { retry_in } | Self::Forbidden { retry_in } => Some(*retry_in),
            _ => None,
        }
    }
}

impl fmt::Display for SyncErrorKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Unreachable { retry_in } => {
                write!(f, "the hub cannot be reached; next try in {} ms", retry_in.as_millis())
            }
            Self::Unauthorized => f.write_str("the hub does not accept the credentials; syncing is paused"),
            Self::Forbidden { retry_in } => {
                write!(f, "the credentials give no right to this space; next try in {} ms", retry_in.as_millis())
            }
            Self::Upgrade { newest } => {
                write!(f, "the hub speaks the protocol only up to version {newest}; update it, or this application")
            }
            Self::Redirected => f.write_str("the hub's address leads to another one; syncing is paused"),
            Self::OtherHub { found } => {
                write!(f, "another hub ({found}) is at the address; nothing was sent, accept it if it is meant")
            }
            Self::Protocol { what } => write!(f, "the hub said something that is against the protocol: {what}"),
            Self::AlreadyRunning => f.write_str("another cycle of this space is at work"),
            Self::Off => f.write_str("syncing is switched off, paused or without network"),
            Self::Store(kind) => kind.fmt(f),
        }
    }
}

impl SyncError {
    pub(super) fn new(kind: SyncErrorKind, trace: TraceId) -> Self {
        Self { kind, trace, source: None }
    }

    pub(super) fn because(mut self, source: impl StdError + Send + Sync + 'static) -> Self {
        self.source = Some(Arc::new(source));
        self
    }

    pub(super) fn of_store(error: Error) -> Self {
        let (kind, trace) = (SyncErrorKind::Store(error.kind().clone()), error.trace_id());
        Self::new(kind, trace).because(error)
    }

    /// What is behind it, one cause after the other, for people.
    pub(super) fn cause(&self) -> Option<String> {
        // What quotes its own cause is not said twice, and the store's errors say it all themselves.
        let (mut said, mut cause): (Vec<String>, _) = (Vec::new(), self.source());
        while let Some(error) = cause.filter(|_| !matches!(self.kind, SyncErrorKind::Store(_))) {
            let text = error.to_string();
            if !said.last().is_some_and(|last| last.ends_with(&text)) {
                said.push(text);
            }
            cause = error.source();
        }
        (!said.is_empty()).then(|| said.join(": "))
    }

    /// Why.
    #[must_use]
    pub const fn kind(&self) -> &SyncErrorKind {
        &self.kind
    }

    /// The id that the requests of the cycle carried.
    #[must_use]
    pub const fn trace_id(&self) -> TraceId {
        self.trace
    }
}

impl fmt::Display for SyncError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.kind.fmt(f)?;
        write!(f, " (trace {})", self.trace)
    }
}

impl StdError for SyncError {
    fn source(&self) -> Option<&(dyn StdError + 'static)> {
        self.source.as_deref().map(|source| source as &(dyn StdError + 'static))
    }
}
