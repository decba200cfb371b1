//! The canary: it remembers every text that the stores of this process are given to keep, and ends the process where a piece of one leaves it
//! in the open.
//!
//! | file | what it holds |
//! |---|---|
//! | `texts` | what is looked for: windows of bytes, each compared byte by byte |
//! | `names` | what may leave in the open, and where |
//! | `watch` | what is remembered, and what becomes of a hit |
//! | `exits` | the ways out of the process, and how much was searched at each of them |
//! | `told` | log lines, spans and the words of a panic, heard wherever nobody else listens |
//! | `tally` | how much was searched, for whoever started the process |
//!
//! It is on where `DRAFTKEEP_CANARY` names a folder, for which each process leaves a tally, and where a test [begins](begin) it. Then every store that
//! is given no key ring is sealed.
//!
//! What it looks for: documents and their parts, labels, keys of slots, names of devices, checkpoints and outcomes; and what the compressor made
//! of any of it, for a text that leaves compressed is none that can be read in passing. What lies in the open by design is allowed by name, for
//! the ways out that the threat model says, and excuses a hit only where that lies wholly within the name.

mod exits;
mod names;
mod tally;
mod texts;
mod told;
mod watch;

pub use exits::{Exit, searched};
pub(crate) use names::Open;
pub(crate) use watch::{allows, is_on, keeps, keeps_name, keeps_packed, leaves, says, says_error};
pub use watch::{begin, remembered};
