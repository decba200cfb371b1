//! Entry points for a fuzzer: each takes arbitrary bytes and panics where a promise of this room does not hold.
//!
//! The bytes are tried as they are, and once more behind a marker and before a right checksum, so that they get past the door.

#![allow(missing_docs, unreachable_pub, clippy::missing_panics_doc)]

use super::wire::frame::{Kind, close};
use super::{Answer, Request, WireError};

pub fn request(data: &[u8]) {
    let _ = Request::from_bytes(data);
    survives(Kind::Request, data, Request::from_bytes, Request::to_bytes);
}

pub fn answer(data: &[u8]) {
    let _ = Answer::from_bytes(data);
    survives(Kind::Answer, data, Answer::from_bytes, Answer::to_bytes);
}

/// What can be read is the same after it was written again.
fn survives<T: PartialEq + std::fmt::Debug>(
    kind: Kind,
    record: &[u8],
    read: fn(&[u8]) -> Result<T, WireError>,
    write: fn(&T) -> Result<Vec<u8>, WireError>,
) {
    let Ok(framed) = close(kind, record) else { return };
    let Ok(message) = read(&framed) else { return };
    let written = write(&message).expect("it is not longer than what was read");
    assert_eq!(read(&written).as_ref(), Ok(&message));
}
