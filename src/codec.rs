//! The one codec of everything that is stored beside the documents: a version byte, then tagged fields.
//!
//! ```text
//! record  := version:u8 field*
//! field   := tag:varint length:varint bytes[length]      tags strictly ascending
//! varint  := little-endian base 128, at most 10 bytes, shortest form only
//! ```
//!
//! A reader that meets a tag it does not know keeps it and writes it back ([`Unknown`]), so an older release that
//! rewrites a row does not drop what a newer one put there. A newer *version* is refused: it means that the known
//! tags changed their sense.

/// Why bytes are not a record.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub(crate) enum CodecError {
    #[error("the record ends too early")]
    Truncated,
    #[error("a number is not in its shortest form")]
    Varint,
    #[error("field {0} is out of order")]
    Order(u64),
    #[error("field {0} is missing")]
    Missing(u64),
    #[error("field {0} has a wrong size or content")]
    Malformed(u64),
    #[error("there are more than {0} fields")]
    TooMany(usize),
    #[error("version {found} is newer than {supported}, the newest that is known")]
    TooNew { found: u8, supported: u8 },
}

/// Writes one record. Tags have to come in ascending order.
#[derive(Debug)]
pub(crate) struct Writer {
    bytes: Vec<u8>,
    last: Option<u64>,
}

impl Writer {
    pub(crate) fn new(version: u8) -> Self {
        Self { bytes: vec![version], last: None }
    }

    /// As [`new`](Self::new), in a buffer that does not move until it holds so many bytes, and can be wiped then.
    #[cfg(feature = "passphrase")]
    pub(crate) fn with_capacity(version: u8, capacity: usize) -> Self {
        let mut bytes = Vec::with_capacity(capacity);
        bytes.push(version);
        Self { bytes, last: None }
    }

    pub(crate) fn bytes(&mut self, tag: u64, bytes: &[u8]) {
        assert!(self.last < Some(tag), "fields are written in ascending order");
        self.last = Some(tag);
        put_varint(&mut self.bytes, tag);
        put_varint(&mut self.bytes, bytes.len() as u64);
        self.bytes.extend_from_slice(bytes);
    }

    /// Leaves the field out where it is empty, as a reader takes an absent one.
    pub(crate) fn bytes_unless_empty(&mut self, tag: u64, bytes: &[u8]) {
        if !bytes.is_empty() {
            self.bytes(tag, bytes);
        }
    }

    pub(crate) fn number(&mut self, tag: u64, number: u64) {
        let mut bytes = Vec::with_capacity(10);
        put_varint(&mut bytes, number);
        self.bytes(tag, &bytes);
    }

    /// Leaves the field out where it is zero, as a reader takes an absent one.
    pub(crate) fn number_unless_zero(&mut self, tag: u64, number: u64) {
        if number != 0 {
            self.number(tag, number);
        }
    }

    pub(crate) fn unknown(&mut self, unknown: &Unknown) {
        for (tag, bytes) in &unknown.0 {
            self.bytes(*tag, bytes);
        }
    }

    pub(crate) fn finish(self) -> Vec<u8> {
        self.bytes
    }
}

/// Fields that this release does not know, kept as they are. All of them have larger tags than the known ones.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Unknown(Vec<(u64, Vec<u8>)>);

/// The fields of one record, in order.
#[derive(Debug, Clone)]
pub(crate) struct Fields<'a> {
    fields: Vec<(u64, &'a [u8])>,
}

impl<'a> Fields<'a> {
    /// Splits a record of at most `supported` as its version.
    pub(crate) fn parse(bytes: &'a [u8], supported: u8) -> Result<Self, CodecError> {
        Self::parse_within(bytes, supported, usize::MAX)
    }

    /// As [`parse`](Self::parse), for bytes of somebody who might send very many fields with nothing in them.
    pub(crate) fn parse_within(bytes: &'a [u8], supported: u8, fields_max: usize) -> Result<Self, CodecError> {
        let (&version, mut rest) = bytes.split_first().ok_or(CodecError::Truncated)?;
        if version == 0 || version > supported {
            return Err(CodecError::TooNew { found: version, supported });
        }
        let mut fields: Vec<(u64, &[u8])> = Vec::new();
        while !rest.is_empty() {
            let tag = take_varint(&mut rest)?;
            if fields.last().is_some_and(|(last, _)| *last >= tag) {
                return Err(CodecError::Order(tag));
            }
            if fields.len() == fields_max {
                return Err(CodecError::TooMany(fields_max));
            }
            let length = usize::try_from(take_varint(&mut rest)?).map_err(|_| CodecError::Truncated)?;
            fields.push((tag, take(&mut rest, length)?));
        }
        Ok(Self { fields })
    }

    pub(crate) fn get(&self, tag: u64) -> Option<&'a [u8]> {
        self.fields.iter().find(|(found, _)| *found == tag).map(|(_, bytes)| *bytes)
    }

    /// The bytes of a field; empty where it is absent.
    pub(crate) fn bytes(&self, tag: u64) -> &'a [u8] {
        self.get(tag).unwrap_or_default()
    }

    pub(crate) fn required(&self, tag: u64) -> Result<&'a [u8], CodecError> {
        self.get(tag).ok_or(CodecError::Missing(tag))
    }

    pub(crate) fn array<const N: usize>(&self, tag: u64) -> Result<[u8; N], CodecError> {
        self.required(tag)?.try_into().map_err(|_| CodecError::Malformed(tag))
    }

    pub(crate) fn optional_array<const N: usize>(&self, tag: u64) -> Result<Option<[u8; N]>, CodecError> {
        self.get(tag).map(|bytes| bytes.try_into().map_err(|_| CodecError::Malformed(tag))).transpose()
    }

    /// The number in a field; 0 where it is absent.
    pub(crate) fn number(&self, tag: u64) -> Result<u64, CodecError> {
        self.optional_number(tag).map(Option::unwrap_or_default)
    }

    pub(crate) fn optional_number(&self, tag: u64) -> Result<Option<u64>, CodecError> {
        let Some(mut bytes) = self.get(tag) else { return Ok(None) };
        let number = take_varint(&mut bytes)?;
        if bytes.is_empty() { Ok(Some(number)) } else { Err(CodecError::Malformed(tag)) }
    }

    pub(crate) fn text(&self, tag: u64) -> Result<Option<String>, CodecError> {
        let Some(bytes) = self.get(tag) else { return Ok(None) };
        String::from_utf8(bytes.to_vec()).map(Some).map_err(|_| CodecError::Malformed(tag))
    }

    /// What lies behind the last known tag.
    pub(crate) fn unknown_above(&self, last_known: u64) -> Unknown {
        let above = self.fields.iter().filter(|(tag, _)| *tag > last_known);
        Unknown(above.map(|(tag, bytes)| (*tag, bytes.to_vec())).collect())
    }
}

pub(crate) fn put_varint(bytes: &mut Vec<u8>, mut number: u64) {
    while number >= 0x80 {
        bytes.push(number.to_le_bytes()[0] | 0x80);
        number >>= 7;
    }
    bytes.push(number.to_le_bytes()[0]);
}

pub(crate) fn take_varint(bytes: &mut &[u8]) -> Result<u64, CodecError> {
    let mut number = 0_u64;
    for shift in (0..64).step_by(7) {
        let (&byte, rest) = bytes.split_first().ok_or(CodecError::Truncated)?;
        *bytes = rest;
        let part = u64::from(byte & 0x7f);
        if shift == 63 && part > 1 {
            return Err(CodecError::Varint);
        }
        number |= part << shift;
        if byte & 0x80 == 0 {
            return if byte == 0 && shift > 0 { Err(CodecError::Varint) } else { Ok(number) };
        }
    }
    Err(CodecError::Varint)
}

pub(crate) fn take<'a>(bytes: &mut &'a [u8], length: usize) -> Result<&'a [u8], CodecError> {
    let (taken, rest) = bytes.split_at_checked(length).ok_or(CodecError::Truncated)?;
    *bytes = rest;
    Ok(taken)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn a_number_survives(number: u64) {
            let mut bytes = Vec::new();
            put_varint(&mut bytes, number);
            prop_assert_eq!(take_varint(&mut bytes.as_slice()), Ok(number));
        }

        #[test]
        fn arbitrary_bytes_are_read_as_one_record_or_refused(bytes: Vec<u8>) {
            if let Ok(fields) = Fields::parse(&bytes, 1) {
                let mut writer = Writer::new(1);
                fields.fields.iter().for_each(|(tag, value)| writer.bytes(*tag, value));
                prop_assert_eq!(writer.finish(), bytes);
            }
        }
    }

    #[test]
    fn a_longer_form_of_a_number_is_refused() {
        for bytes in [&[0x80, 0x00][..], &[0xff; 10], &[0x81, 0x80, 0x00]] {
            assert_eq!(take_varint(&mut &bytes[..]), Err(CodecError::Varint), "{bytes:?}");
        }
    }

    #[test]
    fn unknown_fields_are_written_back() {
        let mut writer = Writer::new(1);
        writer.number(1, 7);
        writer.bytes(90, b"from the future");
        let bytes = writer.finish();
        let fields = Fields::parse(&bytes, 1).expect("it was just written");
        let mut again = Writer::new(1);
        again.number(1, fields.number(1).expect("it is there"));
        again.unknown(&fields.unknown_above(1));
        assert_eq!(again.finish(), bytes);
    }

    #[test]
    fn a_newer_version_is_refused() {
        assert_eq!(Fields::parse(&[2], 1).unwrap_err(), CodecError::TooNew { found: 2, supported: 1 });
    }
}
