//! What a device and a hub say to each other, over whatever carries bytes.
//!
//! A hub is the meeting point that devices sync with. For a device it is any [`Transport`]: one in the process, one behind a
//! socket, one that is a folder. A transport carries one [`Request`] there and one [`Answer`] back, and decides nothing.

pub mod conformance;
mod contract;
mod erasing;
mod error;
#[cfg(fuzzing)]
pub(crate) mod fuzzing;
mod json;
mod limits;
mod message;
mod revision;
mod wire;

pub use crate::position::Position;
pub use contract::Transport;
pub use erasing::{EraseOutcome, ErasedRow, Marker};
pub use error::{TransportError, TransportErrorKind};
pub use json::JSON_MAX;
pub use limits::{
    BODY_MAX, CHAIN_MAX, CONTAINS_MAX, DEVICE_MAX, FORKS_MAX, HEADER_MAX, IDS_MAX, MESSAGE_MAX, PAGE_MAX, PUSHES_MAX,
    REASON_MAX, SPACE_MAX,
};
pub use message::{Answer, Ask, Main, Outcome, Page, Push, Refusal, Rejection, Reply, Request, Row, Standing, Target};
pub use revision::{Base, Revision, RevisionError};
pub use wire::WireError;
