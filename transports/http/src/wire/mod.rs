//! What client and server have in common: how a message lies in HTTP. It is told in full in [`draftkeep::docs::protocol`].
//!
//! | file | what it holds |
//! |---|---|
//! | `names` | headers, media types and paths |
//! | `nonce` | what names one request, and the proof that an answer is to it |
//! | `segment` | the name of a space as a part of a path |

mod names;
mod nonce;
mod segment;

pub(crate) use names::*;
pub(crate) use nonce::{Nonce, proof};
pub(crate) use segment::*;
