//! The row of a revision that is kept: its bytes, and how it came.

use crate::clock::Timestamp;
use crate::codec::{CodecError, Fields, Unknown, Writer};
use crate::id::RevisionId;

const FORMAT: u8 = 1;

/// A revision's bytes: header and body, one behind the other.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct BodyRow {
    pub(super) header_len: u64,
    pub(super) body_len: u64,
    /// The revision whose document the body is a delta of, as the draft's row says, too.
    pub(super) base: Option<RevisionId>,
    pub(super) bytes: Bytes,
    pub(super) came: Came,
    pub(super) unknown: Unknown,
}

/// How a revision came to be what it is here.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Came {
    /// The number that its push took in the feed.
    pub(super) seq: u64,
    /// When that was, by the hub's clock.
    pub(super) at: Timestamp,
    /// The device's name, as it said.
    pub(super) device: Option<String>,
}

/// Where the bytes of a revision are.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Bytes {
    Here(Vec<u8>),
    Pieces(u16),
}

impl BodyRow {
    /// How many bytes of header and body there are, as the row says.
    pub(super) const fn length(&self) -> u64 {
        self.header_len.saturating_add(self.body_len)
    }

    pub(super) fn encode(&self) -> Vec<u8> {
        let mut writer = Writer::new(FORMAT);
        writer.number(1, self.header_len);
        writer.number_unless_zero(2, self.body_len);
        match &self.bytes {
            Bytes::Here(bytes) => writer.bytes(3, bytes),
            Bytes::Pieces(count) => writer.number(4, (*count).into()),
        }
        writer.bytes_unless_empty(5, self.base.as_ref().map_or(&[], |base| &base.as_bytes()[..]));
        writer.number(6, self.came.seq);
        writer.number_unless_zero(7, self.came.at.as_millis());
        if let Some(device) = &self.came.device {
            writer.bytes(8, device.as_bytes());
        }
        writer.unknown(&self.unknown);
        writer.finish()
    }

    pub(super) fn decode(bytes: &[u8]) -> Result<Self, CodecError> {
        let fields = Fields::parse(bytes, FORMAT)?;
        let found = match (fields.get(3), fields.optional_number(4)?) {
            (Some(bytes), None) => Bytes::Here(bytes.to_vec()),
            (None, Some(count)) => Bytes::Pieces(u16::try_from(count).map_err(|_| CodecError::Malformed(4))?),
            _ => return Err(CodecError::Missing(3)),
        };
        Ok(Self {
            header_len: fields.number(1)?,
            body_len: fields.number(2)?,
            base: fields.optional_array(5)?.map(RevisionId::from_bytes),
            bytes: found,
            came: Came {
                seq: fields.number(6)?,
                at: Timestamp::from_millis(fields.number(7)?),
                device: fields.text(8)?,
            },
            unknown: fields.unknown_above(8),
        })
    }
}
