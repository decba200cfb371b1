//! What client and server have in common: how a message lies in HTTP. It is told in full in [`draftkeep::docs::protocol`].
//!
//! | file | what it holds |
//! |---|---|
//! | `names` | headers, media types and paths |
//! | `form` | a message as bytes, or as JSON |
//! | `nonce` | what names one request, and the proof that an answer is to it |
//! | `segment` | the name of a space as a part of a path |
//! | `traceparent` | the trace that whoever asks has given a request |

#[cfg(any(feature = "client", feature = "server"))]
mod form;
#[cfg(any(feature = "client", feature = "server"))]
mod names;
#[cfg(any(feature = "client", feature = "server"))]
mod nonce;
#[cfg(any(feature = "client", feature = "server"))]
mod segment;
mod traceparent;

#[cfg(any(feature = "client", feature = "server"))]
pub(crate) use form::Form;
#[cfg(any(feature = "client", feature = "server"))]
pub(crate) use names::*;
#[cfg(any(feature = "client", feature = "server"))]
pub(crate) use nonce::{HASH_LEN, Nonce, hash_of_text, proof};
#[cfg(any(feature = "client", feature = "server"))]
pub(crate) use segment::*;
#[cfg(feature = "client")]
pub(crate) use traceparent::TRACEPARENT;
#[cfg(any(feature = "drafts", feature = "server"))]
pub(crate) use traceparent::traceparent;
