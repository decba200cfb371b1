//! Documents held against an application's own rules, where revisions of them arrive.
//!
//! | file | what it holds |
//! |---|---|
//! | `contract` | [`Validate`], and the [`Candidate`] that it looks at |
//! | `asking` | from a revision to a candidate, and what comes of asking |
//!
//! What is wrong with a document is an [`Invalid`](crate::invalid): the same on a device.
//!
//! Knows what is in a revision's body, which a hub does not; knows no storage and no hub. Works only where bodies can be read by
//! whoever carries them.

mod asking;
mod contract;

pub(crate) use asking::Validator;
pub use contract::{Candidate, Validate};
