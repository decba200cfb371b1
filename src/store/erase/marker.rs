//! What stays of an erased draft: when it was erased, and a proof that somebody did who knows the space's secret.
//!
//! ```text
//! mac := BLAKE3 keyed by derive_key("draftkeep 1 erasures", the space's secret), over draft id[16], at:u64 little-endian
//! ```
//!
//! An id is never used for another draft, so a marker is good for its draft alone: a slot's next generation has another id. Two
//! records say that a draft is erased, the row here and its tombstone, so that one which the engine does not return brings nothing
//! back; and as the time is in both, the one follows from the other.

use crate::clock::Timestamp;
use crate::codec::{CodecError, Fields, Unknown, Writer};
use crate::error::Failure;
use crate::fault;
use crate::id::{DraftId, RevisionId};
use crate::store::keys::SpaceKeys;
use crate::store::tables::{DraftKey, ERASED, TOMBSTONES};
use crate::store::view::View;

const FORMAT: u8 = 1;

/// That a draft was erased, as it travels.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Marker {
    /// When, by the clock of the device that erased it.
    pub(crate) at: Timestamp,
    pub(crate) mac: [u8; 32],
}

impl Marker {
    pub(crate) fn new(keys: &SpaceKeys, draft: DraftId, at: Timestamp) -> Self {
        Self { at, mac: *keys.erasure(draft, at).as_bytes() }
    }

    /// Whether somebody made it who knows the space's secret. In a space without a key that is anybody who knows its name.
    pub(crate) fn is_of(&self, keys: &SpaceKeys, draft: DraftId) -> bool {
        // Compares in constant time.
        keys.erasure(draft, self.at) == self.mac || fault::on("forged-erasure-believed")
    }
}

/// An erased draft.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct ErasedRow {
    pub(crate) marker: Marker,
    /// The epoch in which the hub was last known to have erased it; 0 where it is not known to.
    pub(crate) epoch: u64,
    /// The main that a hub had of it all the same, and that was last kept out.
    pub(crate) kept_out: Option<RevisionId>,
    /// Its kind never leaves the device, and no hub ever heard of it: none is told.
    pub(crate) stays_here: bool,
    pub(crate) unknown: Unknown,
}

impl ErasedRow {
    pub(crate) fn new(marker: Marker) -> Self {
        Self { marker, epoch: 0, kept_out: None, stays_here: false, unknown: Unknown::default() }
    }

    pub(crate) fn encode(&self) -> Vec<u8> {
        let mut writer = Writer::new(FORMAT);
        writer.number(1, self.marker.at.as_millis());
        writer.bytes(2, &self.marker.mac);
        writer.number_unless_zero(3, self.epoch);
        writer.bytes_unless_empty(4, self.kept_out.as_ref().map_or(&[], |id| &id.as_bytes()[..]));
        writer.number_unless_zero(5, self.stays_here.into());
        writer.unknown(&self.unknown);
        writer.finish()
    }

    pub(crate) fn decode(bytes: &[u8]) -> Result<Self, CodecError> {
        let fields = Fields::parse(bytes, FORMAT)?;
        Ok(Self {
            marker: Marker { at: Timestamp::from_millis(fields.number(1)?), mac: fields.array(2)? },
            epoch: fields.number(3)?,
            kept_out: fields.optional_array(4)?.map(RevisionId::from_bytes),
            stays_here: fields.number(5)? != 0,
            unknown: fields.unknown_above(5),
        })
    }
}

/// The record that stays of a draft which is gone: purged, or erased.
pub(crate) fn tombstone(at: Timestamp, is_erased: bool) -> Vec<u8> {
    let mut writer = Writer::new(FORMAT);
    writer.number(1, at.as_millis());
    writer.number_unless_zero(2, is_erased.into());
    writer.finish()
}

/// When a draft was erased, as its tombstone says; none where that is of a draft that was purged, or is not there.
pub(crate) fn told_by_tombstone(view: &impl View, key: DraftKey) -> Result<Option<Timestamp>, Failure> {
    let Some(bytes) = view.get(TOMBSTONES, &key.bytes())? else { return Ok(None) };
    let fields = Fields::parse(&bytes, FORMAT)?;
    let is_erased = fields.number(2)? != 0;
    Ok(if is_erased { Some(Timestamp::from_millis(fields.number(1)?)) } else { None })
}

/// What stays of an erased draft; none where it was not erased. A row that is damaged, or that the engine does not return, is made
/// anew from the tombstone.
pub(crate) fn read(view: &impl View, keys: &SpaceKeys, key: DraftKey) -> Result<Option<ErasedRow>, Failure> {
    let found = view.get(ERASED, &key.bytes()).and_then(|found| {
        let row = found.map(|bytes| ErasedRow::decode(&bytes)).transpose()?;
        Ok(row)
    });
    match found {
        Ok(Some(row)) => Ok(Some(row)),
        Err(failure) if !failure.is_damage() => Err(failure),
        missing => match told_by_tombstone(view, key)? {
            Some(at) => Ok(Some(ErasedRow::new(Marker::new(keys, key.draft, at)))),
            None => missing,
        },
    }
}

/// Whether a draft was erased. Of two records one is enough to say so, damaged or not.
pub(crate) fn is_erased(view: &impl View, key: DraftKey) -> Result<bool, Failure> {
    match view.get(ERASED, &key.bytes()) {
        Ok(Some(_)) => return Ok(true),
        Err(failure) if failure.is_damage() => return Ok(true),
        Err(failure) => return Err(failure),
        Ok(None) => {}
    }
    match told_by_tombstone(view, key) {
        // It may be that of a draft that was purged: then it stays as it is.
        Err(failure) if failure.is_damage() => Ok(false),
        told => Ok(told?.is_some()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::store::keys::plain_secret;

    #[test]
    fn a_marker_is_good_for_its_draft_its_time_and_its_space_alone() {
        let keys = SpaceKeys::new(&plain_secret("alice"));
        let (draft, at) = (keys.slot_draft("note", b"diary", 1), Timestamp::from_millis(1_700_000_000_000));
        let marker = Marker::new(&keys, draft, at);
        assert!(marker.is_of(&keys, draft));
        assert!(!marker.is_of(&keys, keys.slot_draft("note", b"diary", 2)), "the slot's next generation");
        assert!(!marker.is_of(&SpaceKeys::new(&plain_secret("bob")), draft));
        let later = Marker { at: Timestamp::from_millis(1_700_000_000_001), ..marker };
        assert!(!later.is_of(&keys, draft));
        for bit in 0..256 {
            let mut mac = marker.mac;
            mac[bit / 8] ^= 1 << (bit % 8);
            assert!(!Marker { mac, ..marker }.is_of(&keys, draft), "bit {bit}");
        }
    }

    #[test]
    fn a_row_survives_its_bytes() {
        let keys = SpaceKeys::new(&plain_secret("alice"));
        let marker = Marker::new(&keys, DraftId::from_bytes([7; 16]), Timestamp::from_millis(5));
        let row = ErasedRow::new(marker);
        assert_eq!(ErasedRow::decode(&row.encode()), Ok(row.clone()));
        let row = ErasedRow { epoch: 3, stays_here: true, kept_out: Some(RevisionId::from_bytes([9; 32])), ..row };
        assert_eq!(ErasedRow::decode(&row.encode()), Ok(row));
    }
}
