//! The codec of a draft's history: pure functions from bytes to bytes, without storage and without a clock.
//!
//! | part | what it is |
//! |---|---|
//! | [`anchor`] | a whole document, compressed where that pays |
//! | [`delta`] | a document as the edits that lead to it from an earlier one |
//! | [`pack`] | many versions in one value: an anchor, edit scripts, and everything beside the bodies in columns |
//!
//! What the three share: [`matcher`] finds the edits between two documents, [`script`] applies them, to a
//! [`gap::GapBuffer`] where many follow each other, [`records`] writes small records that hardly differ, [`frame`]
//! is the compressor, and [`wire`] reads and writes numbers.
//!
//! Nothing here trusts its input: every declared size is held against a limit before anything is allocated, and edits
//! are checked as a whole before the first one is applied.

pub(crate) mod anchor;
pub(crate) mod delta;
mod frame;
#[cfg(fuzzing)]
pub mod fuzzing;
pub(crate) mod gap;
mod matcher;
pub(crate) mod pack;
mod records;
mod script;
#[cfg(test)]
mod testing;
mod wire;
