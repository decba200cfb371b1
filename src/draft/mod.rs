//! Drafts: documents that someone is still editing.

pub(crate) mod autosave;
