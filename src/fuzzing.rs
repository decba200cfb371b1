//! What fuzz targets call: decoders that no user sees. It is there only in builds of a fuzzer.

#![allow(missing_docs)]

pub use crate::hub::fuzzing::hub_rows;
pub use crate::seal::fuzzing::envelope;
#[cfg(feature = "passphrase")]
pub use crate::seal::fuzzing::key_file;
pub use crate::store::fuzzing::{record, rows};
pub use crate::store::history::fuzzing as history;
pub use crate::transport::fuzzing::{answer, framed_request, json, request};
