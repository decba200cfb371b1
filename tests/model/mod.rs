//! Programs of calls, played on a store and on a plain model of it.
//!
//! | file | what it holds |
//! |---|---|
//! | `note` | the documents, and the kinds that hold them |
//! | `calls` | a program, read from bytes |
//! | `state` | the model: documents per version in maps, nothing of the library in it |
//! | `player` | carries each call out on both, and holds the answers against each other |
//! | `looking` | compares everything that can be read |
//! | `audited` | holds the audit against what the model saw happen |
//!
//! A test and a fuzz target share it.

#![allow(dead_code)]

mod audited;
pub(crate) mod calls;
pub(crate) mod looking;
pub(crate) mod note;
pub(crate) mod player;
pub(crate) mod state;
