//! What stands around every message, so that nothing else is taken for one.
//!
//! ```text
//! message := marker[12] version:u8 kind:u8 record hash[32]       hash = BLAKE3 of all before it
//! ```

use super::WireError;
use crate::codec::{Fields, Writer};
use crate::fault;
use crate::transport::MESSAGE_MAX;

/// The first bytes of every message; the last three tell of a carrier that takes it for text.
const MARKER: &[u8; 12] = b"draftkeep\x1a\r\n";

/// The version of the protocol.
const VERSION: u8 = 1;

/// The version of every record in it.
pub(super) const FORMAT: u8 = 1;

/// The most fields of one record: far more than are known, and few enough to make room for.
const FIELDS_MAX: usize = 64;

const HASH_LEN: usize = 32;

const BEFORE: usize = MARKER.len() + 2;

/// Which way a message goes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Kind {
    Request = 1,
    Answer = 2,
}

pub(crate) fn close(kind: Kind, record: &[u8]) -> Result<Vec<u8>, WireError> {
    let length = BEFORE + record.len() + HASH_LEN;
    if length > MESSAGE_MAX {
        return Err(WireError::Limit { what: "bytes", limit: MESSAGE_MAX, got: length });
    }
    let mut bytes = Vec::with_capacity(length);
    bytes.extend_from_slice(MARKER);
    bytes.extend_from_slice(&[VERSION, kind as u8]);
    bytes.extend_from_slice(record);
    let hash = blake3::hash(&bytes);
    bytes.extend_from_slice(hash.as_bytes());
    Ok(bytes)
}

/// The record of a message of this kind.
pub(crate) fn open(kind: Kind, bytes: &[u8]) -> Result<&[u8], WireError> {
    if bytes.len() > MESSAGE_MAX {
        return Err(WireError::Limit { what: "bytes", limit: MESSAGE_MAX, got: bytes.len() });
    }
    let rest = bytes.strip_prefix(MARKER).ok_or(WireError::NotAMessage)?;
    // Before the checksum: another version may have another one.
    let found = *rest.first().ok_or(WireError::Checksum)?;
    if found != VERSION {
        return Err(WireError::Version { found, newest: VERSION });
    }
    let (hashed, hash) = bytes.split_last_chunk::<HASH_LEN>().ok_or(WireError::Checksum)?;
    if blake3::hash(hashed) != *hash && !fault::on("messages-without-checksum") {
        return Err(WireError::Checksum);
    }
    let (head, record) = hashed.split_at_checked(BEFORE).ok_or(WireError::Checksum)?;
    if head.last() == Some(&(kind as u8)) { Ok(record) } else { Err(WireError::OtherWay) }
}

pub(super) fn writer() -> Writer {
    Writer::new(FORMAT)
}

/// The fields of a record. Those that are not known are left out of account: whoever passes a message on passes on its bytes.
pub(super) fn fields(record: &[u8]) -> Result<Fields<'_>, WireError> {
    Ok(Fields::parse_within(record, FORMAT, FIELDS_MAX)?)
}
