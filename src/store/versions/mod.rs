//! A draft's versions in the store: the current run, the packs before it, and how one becomes the other.
//!
//! | file | what it holds |
//! |---|---|
//! | `run` | versions that are not packed: a whole document, then deltas |
//! | `packed` | versions that are, and reading any version wherever it is |
//! | `packing` | cold runs become packs, and retention drops what it may |
//!
//! The bytes themselves are the codec's, in [`history`](super::history).

pub(crate) mod packed;
pub(crate) mod packing;
pub(crate) mod run;
