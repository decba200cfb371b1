//! Tokens in a file: only their hashes, read again when they change.
//!
//! | file | what it holds |
//! |---|---|
//! | `entry` | one token as a line |
//! | `list` | all lines of a file |
//! | `file` | [`TokenFile`]: issuing, revoking, and recognising |

mod entry;
mod file;
#[cfg(fuzzing)]
pub mod fuzzing;
mod list;

pub use entry::TokenInfo;
pub use file::{Issued, TokenFile, TokenWish};
pub use list::TokenFileError;
