//! Messages as bytes, for whatever carries bytes. How they are laid out is told in [`docs::protocol`](crate::docs::protocol).
//!
//! | file | what it holds |
//! |---|---|
//! | `frame` | what stands around every message: marker, version, checksum |
//! | `fields` | what several messages have in common: lists, ids, revisions, rows |
//! | `request`, `answer` | one kind of message each |
//! | `error` | why bytes are not a message |

mod answer;
mod error;
mod fields;
pub(crate) mod frame;
mod request;

pub use error::WireError;
