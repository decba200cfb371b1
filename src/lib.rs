//! Embeddable storage for documents that someone is still editing.

pub mod clock;
mod codec;
mod draft;
mod error;
mod events;
mod fault;
mod id;
mod kind;
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
pub use draft::drafts::Drafts;
pub use draft::edit::{Edit, Savable};
pub use draft::handle::{Draft, Version};
pub use draft::info::{DraftInfo, History, VersionInfo};
pub use draft::list::{Cursor, Filter, Page};
pub use draft::saved::Saved;
pub use draft::slot::Slot;
pub use error::{Error, ErrorKind, Result};
pub use events::{Event, EventKind, Events};
pub use id::{DraftId, ParseIdError, ReplicaId, RevisionId, StoreId, TraceId};
pub use kind::{Kind, MigrationResult, Schema};
pub use phase::Phase;
pub use store::{Compacted, Damage, Keep, Options, Retention, Space, Store, Swept, Verified};
pub use value::Value;
pub use vector::{Causality, MAX_WRITERS, VersionVector};
