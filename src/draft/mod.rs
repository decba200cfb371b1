//! Drafts.
pub(crate) mod kind;
pub(crate) mod space;
