//! Embeddable storage for documents that someone is still editing.

pub mod clock;
mod fault;
mod id;
pub mod storage;
mod store;
pub mod value;

pub use id::{DraftId, ParseIdError, ReplicaId, RevisionId, StoreId, TraceId};
