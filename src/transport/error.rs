//! What can go wrong on the way to a hub, split by what a device does about it.

use std::error::Error as StdError;
use std::fmt;
use std::time::Duration;

/// No answer of the hub: whether it carried the request out is unknown.
#[derive(Debug)]
pub struct TransportError {
    kind: TransportErrorKind,
    source: Option<Box<dyn StdError + Send + Sync>>,
}

/// Why there is no answer. None of them changes anything in the outbox.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum TransportErrorKind {
    /// It did not get there, or the answer did not come back whole: no network, a timeout, a server that is overloaded or
    /// failing. The device tries again later, waiting longer each time.
    Unreachable {
        /// The hub asked not to be asked again before so long.
        retry_after: Option<Duration>,
    },
    /// Something answered that is not the hub: a captive portal, a proxy, another server at the address. Treated as
    /// `Unreachable`; the reason says what it was, for people.
    NotAHub {
        /// What answered.
        what: String,
    },
    /// The credentials are missing or not valid any more. The device pauses until the application resumes it.
    Unauthorized,
    /// These credentials have no right to this space. The device tries again later.
    Forbidden,
    /// The request is larger than the way there lets through. The device sends less at once.
    TooLarge,
    /// Hub and device speak no version of the protocol in common. The device pauses; one of them has to be updated.
    Upgrade {
        /// The newest version that the hub speaks.
        newest: u32,
    },
    /// The answer sends the device to another address, where its credentials must not go. The device pauses.
    Redirected,
}

impl TransportError {
    /// An error without a deeper cause.
    #[must_use]
    pub const fn new(kind: TransportErrorKind) -> Self {
        Self { kind, source: None }
    }

    /// `Unreachable`, with nothing said of when to try again.
    #[must_use]
    pub const fn unreachable() -> Self {
        Self::new(TransportErrorKind::Unreachable { retry_after: None })
    }

    /// This error with what caused it.
    #[must_use]
    pub fn because(mut self, source: impl Into<Box<dyn StdError + Send + Sync>>) -> Self {
        self.source = Some(source.into());
        self
    }

    /// Why there is no answer.
    #[must_use]
    pub const fn kind(&self) -> &TransportErrorKind {
        &self.kind
    }
}

impl fmt::Display for TransportError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.kind {
            TransportErrorKind::Unreachable { retry_after: None } => f.write_str("the hub cannot be reached"),
            TransportErrorKind::Unreachable { retry_after: Some(after) } => {
                write!(f, "the hub cannot be reached; it asked to be left alone for {} s", after.as_secs())
            }
            TransportErrorKind::NotAHub { what } => write!(f, "what answered is not a hub: {what}"),
            TransportErrorKind::Unauthorized => f.write_str("the hub does not accept the credentials"),
            TransportErrorKind::Forbidden => f.write_str("the credentials give no right to this space"),
            TransportErrorKind::TooLarge => f.write_str("the request is too large for the way to the hub"),
            TransportErrorKind::Upgrade { newest } => {
                write!(f, "the hub speaks the protocol only up to version {newest}; update it, or this application")
            }
            TransportErrorKind::Redirected => f.write_str("the answer sends the device to another address"),
        }
    }
}

impl StdError for TransportError {
    fn source(&self) -> Option<&(dyn StdError + 'static)> {
        self.source.as_deref().map(|source| source as &(dyn StdError + 'static))
    }
}
