//! Embeddable storage for documents that someone is still editing.

pub mod clock;
#[allow(dead_code, reason = "the draft API attaches it")]
mod draft;
#[allow(dead_code, reason = "the store publishes")]
mod events;
mod fault;
mod id;
#[cfg(feature = "metrics")]
#[allow(dead_code, reason = "the store publishes")]
mod metrics;
pub mod storage;
pub mod value;

pub use draft::autosave::{
    Autosave, AutosaveError, AutosaveStatus, Cadence, CadenceError, PauseGuard, SavedAs, Statuses, Unsaved,
};
pub use events::{Event, EventKind, Events};
pub use id::{DraftId, ParseIdError, ReplicaId, RevisionId, StoreId, TraceId};
