//! Embeddable storage for documents that someone is still editing.

pub mod clock;
mod codec;
mod draft;
mod error;
mod events;
mod fault;
mod id;
#[cfg(feature = "metrics")]
mod metrics;
mod phase;
mod revision;
pub mod storage;
mod store;
pub mod value;
mod vector;

pub use draft::autosave::{
    Autosave, AutosaveError, AutosaveStatus, Cadence, CadenceError, PauseGuard, SavedAs, Statuses, Unsaved,
};
pub use draft::kind::{Kind, MigrationResult, Schema};
pub use draft::space::Space;
pub use error::{Error, ErrorKind, Result};
pub use events::{Event, EventKind, Events};
pub use id::{DraftId, ParseIdError, ReplicaId, RevisionId, StoreId, TraceId};
pub use phase::Phase;
pub use store::{Compacted, Damage, Keep, Options, Retention, Store, Swept, Verified};
pub use value::Value;
pub use vector::{Causality, MAX_WRITERS, VersionVector};
