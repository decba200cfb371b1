//! Headers, media types and paths.

use http::HeaderName;

/// The version of the protocol that whoever sends this speaks. On an answer it is half of what marks it as a hub's.
pub(crate) const PROTOCOL: HeaderName = HeaderName::from_static("draftkeep-protocol");

/// Names one request; a hub repeats it in its answer, which is the other half of the mark.
pub(crate) const REQUEST: HeaderName = HeaderName::from_static("draftkeep-request");

/// The proof that a message answers this very request.
pub(crate) const PROOF: HeaderName = HeaderName::from_static("draftkeep-proof");

/// The newest version of the protocol that is known here.
pub(crate) const VERSION: u32 = 1;

/// A request or an answer, in the bytes of the protocol.
pub(crate) const MESSAGE: &str = "application/vnd.draftkeep.message";

/// Text for people and tools.
pub(crate) const JSON: &str = "application/json";

/// What went wrong, as RFC 9457 writes it.
#[cfg(feature = "server")]
pub(crate) const PROBLEM: &str = "application/problem+json";
