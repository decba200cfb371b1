//! What fuzz targets call: decoders that no user sees. It is there only in builds of a fuzzer.

#![allow(missing_docs)]

pub use crate::client::fuzzing::verdict;
pub use crate::server::token_file::fuzzing::tokens;
