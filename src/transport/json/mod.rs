//! Messages as JSON, for people and tools that have no codec: the same messages, and back. How they are laid out is told in
//! [`docs::protocol`](crate::docs::protocol).
//!
//! | file | what it holds |
//! |---|---|
//! | `frame` | what stands around every message: version, kind, hash |
//! | `members` | reading an object member by member |
//! | `fields` | what several messages have in common: ids, positions, revisions, rows |
//! | `request`, `answer` | one kind of message each |
//! | `base64` | bytes as text |

mod answer;
mod base64;
mod fields;
pub(super) mod frame;
mod members;
mod request;

pub use frame::JSON_MAX;
