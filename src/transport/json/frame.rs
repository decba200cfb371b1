//! What stands around every message.
//!
//! ```text
//! {"draftkeep": 1, "hash": "…", "request": {…}}         or "answer"
//! hash = BLAKE3 of the canonical text of the same object without its hash
//! ```

use crate::fault;
use crate::transport::WireError;
use crate::value::{Limit, Limits, Object, Value, ValueError, ValueErrorKind};

/// The longest message as JSON, in bytes. Every message that is not longer than [`MESSAGE_MAX`](crate::transport::MESSAGE_MAX) as
/// bytes fits.
pub const JSON_MAX: usize = 64 << 20;

/// The most values of a message: an id of 32 bytes each, in the longest message as bytes, and some for what stands around them.
const NODES_MAX: usize = 1 << 20;

const LIMITS: Limits = Limits { bytes: JSON_MAX, nodes: NODES_MAX };

/// The version of the protocol.
const VERSION: u8 = 1;

/// Which way a message goes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::transport) enum Kind {
    Request,
    Answer,
}

impl Kind {
    const fn name(self) -> &'static str {
        match self {
            Self::Request => "request",
            Self::Answer => "answer",
        }
    }

    const fn other(self) -> Self {
        match self {
            Self::Request => Self::Answer,
            Self::Answer => Self::Request,
        }
    }
}

pub(in crate::transport) fn close(kind: Kind, message: Object) -> Result<Vec<u8>, WireError> {
    let mut frame = Object::new();
    frame.insert("draftkeep", VERSION.into());
    frame.insert(kind.name(), message.into());
    let frame = Value::Object(frame);
    let hash = hash(&frame)?;
    let Value::Object(mut frame) = frame else { return Err(WireError::NotAMessage) };
    frame.insert("hash", hash.to_hex().as_str().into());
    write(&frame.into())
}

/// What a message of this kind says, and whether a hash vouches for all of it.
pub(super) fn open(kind: Kind, text: &[u8]) -> Result<(Object, bool), WireError> {
    if text.len() > JSON_MAX {
        return Err(WireError::Limit { what: "bytes", limit: JSON_MAX, got: text.len() });
    }
    if text.iter().find(|byte| !byte.is_ascii_whitespace()) != Some(&b'{') {
        return Err(WireError::NotAMessage);
    }
    let read = Value::parse_with(text, &LIMITS).map_err(|error| refused(&error))?;
    let Value::Object(mut frame) = read else { return Err(WireError::NotAMessage) };
    // Before the hash: another version may have another one.
    let version = frame.get("draftkeep").and_then(Value::as_number).and_then(crate::value::Number::as_u64);
    match version.ok_or(WireError::NotAMessage)? {
        1 => {}
        found => return Err(WireError::Version { found: u8::try_from(found).unwrap_or(u8::MAX), newest: VERSION }),
    }
    let said = frame.remove("hash");
    let frame = Value::Object(frame);
    let is_vouched_for = match &said {
        None => false,
        Some(Value::String(said)) if *said == *hash(&frame)?.to_hex() || fault::on("json-without-its-hash") => true,
        Some(_) => return Err(WireError::Checksum),
    };
    let Value::Object(mut frame) = frame else { return Err(WireError::NotAMessage) };
    match frame.remove(kind.name()) {
        Some(Value::Object(_)) if frame.contains_key(kind.other().name()) => {
            Err(WireError::Malformed { what: "it goes both ways" })
        }
        Some(Value::Object(message)) => Ok((message, is_vouched_for)),
        Some(_) => Err(WireError::Malformed { what: "a message that is no object" }),
        None if frame.contains_key(kind.other().name()) => Err(WireError::OtherWay),
        None => Err(WireError::Malformed { what: "neither a request nor an answer in it" }),
    }
}

/// The same for what has to be vouched for.
pub(super) fn open_whole(kind: Kind, text: &[u8]) -> Result<Object, WireError> {
    match open(kind, text)? {
        (message, true) => Ok(message),
        (_, false) => Err(WireError::Malformed { what: "no hash, which this message has to have" }),
    }
}

fn hash(frame: &Value) -> Result<blake3::Hash, WireError> {
    Ok(blake3::hash(&write(frame)?))
}

fn write(frame: &Value) -> Result<Vec<u8>, WireError> {
    frame.to_canonical_with(&LIMITS).map_err(|error| refused(&error))
}

/// Why a text is no message at all.
fn refused(error: &ValueError) -> WireError {
    match *error.kind() {
        ValueErrorKind::Syntax { offset: at, .. }
        | ValueErrorKind::NotUtf8 { offset: at }
        | ValueErrorKind::LoneSurrogate { offset: at } => WireError::Syntax { at },
        ValueErrorKind::LimitExceeded { which, limit, got } => {
            let what = match which {
                Limit::Bytes => "bytes",
                Limit::Depth => "levels of nesting",
                Limit::Nodes => "values",
            };
            WireError::Limit { what, limit, got }
        }
        ValueErrorKind::DuplicateKey { .. } => WireError::Malformed { what: "a member stands twice" },
        _ => WireError::Malformed { what: "a number in it that not everybody reads as the same" },
    }
}
