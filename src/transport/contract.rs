//! The contract of every transport.

use super::{Answer, Request, TransportError};
use futures_core::future::BoxFuture;
use std::fmt;

/// Carries requests to a hub and answers back. A hub is one itself, so that wrappers (metered, limited, faulty) compose and
/// a server can front any of them.
///
/// # The contract
///
/// An implementation keeps these promises; the conformance kit tests them.
///
/// - **One request, one answer.** An `Ok` is what this hub answered to this very request, whole and unaltered. Whatever may
///   have come from somebody else (a captive portal, a proxy, a cache), was cut short or altered, is an error.
/// - **An error is unknown, not undone.** The hub may have carried out a request whose answer is lost. A device repeats it;
///   the hub answers the same request again as [known](super::Standing), and nothing happens twice.
/// - **No retries inside.** The device decides when it tries again, and with what; a request must not reach the hub again
///   after `send` has returned, nor be answered from memory.
/// - **Dropping the future** gives the request up: it may still reach the hub once. The transport stays usable.
/// - **Any order, at once.** Requests may overlap; each gets its own answer. No order between them is promised.
/// - **It waits for the hub, never for ever.** An implementation over a network has deadlines of its own; [`Ask::Wait`] may
///   take as long as it says, and some seconds.
/// - **No panics**, whatever bytes arrive; nothing larger than [`MESSAGE_MAX`](super::MESSAGE_MAX) is taken into memory.
///
/// [`Ask::Wait`]: super::Ask::Wait
///
/// ```
/// use draftkeep::transport::{Answer, Request, Transport, TransportError};
/// use futures_core::future::BoxFuture;
/// use std::sync::atomic::{AtomicU64, Ordering};
///
/// /// Counts what goes through it.
/// #[derive(Debug)]
/// struct Counted<T>(T, AtomicU64);
///
/// impl<T: Transport> Transport for Counted<T> {
///     fn send(&self, request: Request) -> BoxFuture<'_, Result<Answer, TransportError>> {
///         self.1.fetch_add(1, Ordering::Relaxed);
///         self.0.send(request)
///     }
/// }
/// ```
pub trait Transport: Send + Sync + fmt::Debug {
    /// Sends one request and waits for its answer.
    ///
    /// # Errors
    ///
    /// No answer of the hub arrived: see [`TransportErrorKind`](super::TransportErrorKind) for what a device does then.
    fn send(&self, request: Request) -> BoxFuture<'_, Result<Answer, TransportError>>;
}

impl<T: Transport + ?Sized> Transport for std::sync::Arc<T> {
    fn send(&self, request: Request) -> BoxFuture<'_, Result<Answer, TransportError>> {
        (**self).send(request)
    }
}
