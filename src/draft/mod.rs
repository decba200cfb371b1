//! Drafts: documents that someone is still editing.
pub(crate) mod autosave;
pub(crate) mod kind;
pub(crate) mod space;
