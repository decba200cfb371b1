//! Entry points for a fuzzer: each takes arbitrary bytes and panics where a promise of this room does not hold.
//!
//! The bytes are tried as they are, and once more behind a marker and before a right checksum, so that they get past the door.

#![allow(missing_docs, unreachable_pub, clippy::missing_panics_doc)]

use super::json::frame;
use super::wire::frame::{Kind, close};
use super::{Answer, Request, WireError};
use crate::value::Value;

pub fn request(data: &[u8]) {
    let _ = Request::from_bytes(data);
    survives(Kind::Request, data, Request::from_bytes, Request::to_bytes);
}

pub fn answer(data: &[u8]) {
    let _ = Answer::from_bytes(data);
    survives(Kind::Answer, data, Answer::from_bytes, Answer::to_bytes);
}

/// The bytes are tried as JSON as they are, and once more as what a message says, with a right hash over it.
pub fn json(data: &[u8]) {
    again(data, Request::from_json, Request::to_json, Request::to_bytes, Request::from_bytes);
    again(data, Answer::from_json, Answer::to_json, Answer::to_bytes, Answer::from_bytes);
    let Ok(Value::Object(said)) = Value::parse(data) else { return };
    if let Ok(text) = frame::close(frame::Kind::Request, said.clone()) {
        again(&text, Request::from_json, Request::to_json, Request::to_bytes, Request::from_bytes);
    }
    if let Ok(text) = frame::close(frame::Kind::Answer, said) {
        again(&text, Answer::from_json, Answer::to_json, Answer::to_bytes, Answer::from_bytes);
    }
}

/// What can be read as JSON is the same after it was written again, as JSON and as bytes.
fn again<T: PartialEq + std::fmt::Debug>(
    text: &[u8],
    read: fn(&[u8]) -> Result<T, WireError>,
    write: fn(&T) -> Result<Vec<u8>, WireError>,
    to_bytes: fn(&T) -> Result<Vec<u8>, WireError>,
    from_bytes: fn(&[u8]) -> Result<T, WireError>,
) {
    let Ok(message) = read(text) else { return };
    let written = write(&message).expect("what can be read can be written");
    assert_eq!(read(&written).as_ref(), Ok(&message));
    let bytes = to_bytes(&message).expect("what can be read as JSON can be said as bytes");
    assert_eq!(from_bytes(&bytes).as_ref(), Ok(&message));
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

/// These bytes as a request gets past the door: behind a marker and before a right checksum. None where they are too many.
pub fn framed_request(record: &[u8]) -> Option<Vec<u8>> {
    close(Kind::Request, record).ok()
}
