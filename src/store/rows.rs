//! What the records hold. Each row has a version byte and tagged fields; see `codec.rs`.

use super::audit::AuditedSaves;
use super::keys::plain_secret;
use super::tables::{KindNo, SpaceNo};
use crate::clock::Timestamp;
use crate::codec::{CodecError, Fields, Unknown, Writer, put_varint, take, take_varint};
use crate::id::{DraftId, ReplicaId, StoreId};

const FORMAT: u8 = 1;

fn fits<T: TryFrom<u64>>(number: u64, tag: u64) -> Result<T, CodecError> {
    T::try_from(number).map_err(|_| CodecError::Malformed(tag))
}

/// The store itself: who it is, and the numbers that only grow.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct MetaRow {
    pub(crate) store: StoreId,
    pub(crate) replica: ReplicaId,
    /// All ticks below this one may have been used; they are reserved in blocks so that a save need not write them.
    pub(crate) ticks_reserved: u64,
    /// How many spaces there are, to notice one that does not turn up.
    pub(crate) spaces: SpaceNo,
    /// Whether what belongs to a space is sealed. Never changes.
    pub(crate) is_sealed: bool,
    pub(crate) unknown: Unknown,
}

impl MetaRow {
    pub(crate) fn encode(&self) -> Vec<u8> {
        let mut writer = Writer::new(FORMAT);
        writer.bytes(1, self.store.as_bytes());
        writer.bytes(2, self.replica.as_bytes());
        writer.number(3, self.ticks_reserved);
        writer.number(4, self.spaces.into());
        writer.number_unless_zero(5, self.is_sealed.into());
        writer.unknown(&self.unknown);
        writer.finish()
    }

    pub(crate) fn decode(bytes: &[u8]) -> Result<Self, CodecError> {
        let fields = Fields::parse(bytes, FORMAT)?;
        Ok(Self {
            store: StoreId::from_bytes(fields.array(1)?),
            replica: ReplicaId::from_bytes(fields.array(2)?),
            ticks_reserved: fields.number(3)?,
            spaces: fits(fields.number(4)?, 4)?,
            is_sealed: fields.number(5)? != 0,
            unknown: fields.unknown_above(5),
        })
    }
}

/// One owner's space.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct SpaceRow {
    pub(crate) name: String,
    /// Keys the ids of drafts and the digests of bodies; never rotates.
    pub(crate) secret: [u8; 32],
    /// The names of the kinds; the first has number 1.
    pub(crate) kinds: Vec<String>,
    /// On how many different days the space was opened.
    pub(crate) days: u64,
    /// The last of these days, counted from 1970.
    pub(crate) last_day: u64,
    /// The number of the last restore point that was taken.
    pub(crate) points: u64,
    pub(crate) unknown: Unknown,
}

impl SpaceRow {
    pub(crate) fn encode(&self) -> Vec<u8> {
        let mut kinds = Vec::new();
        for kind in &self.kinds {
            put_varint(&mut kinds, kind.len() as u64);
            kinds.extend_from_slice(kind.as_bytes());
        }
        let mut writer = Writer::new(FORMAT);
        writer.bytes(1, self.name.as_bytes());
        writer.bytes(2, &self.secret);
        writer.bytes_unless_empty(3, &kinds);
        writer.number_unless_zero(4, self.days);
        writer.number_unless_zero(5, self.last_day);
        writer.number_unless_zero(6, self.points);
        writer.unknown(&self.unknown);
        writer.finish()
    }

    pub(crate) fn decode(bytes: &[u8]) -> Result<Self, CodecError> {
        let fields = Fields::parse(bytes, FORMAT)?;
        let mut rest = fields.bytes(3);
        let mut kinds = Vec::new();
        while !rest.is_empty() {
            let length = fits(take_varint(&mut rest)?, 3)?;
            let name = take(&mut rest, length)?.to_vec();
            kinds.push(String::from_utf8(name).map_err(|_| CodecError::Malformed(3))?);
        }
        Ok(Self {
            name: fields.text(1)?.ok_or(CodecError::Missing(1))?,
            secret: fields.array(2)?,
            kinds,
            days: fields.number(4)?,
            last_day: fields.number(5)?,
            points: fields.number(6)?,
            unknown: fields.unknown_above(6),
        })
    }

    /// Whether what is made with the space's secret proves that one of its devices made it. Not in a plain space: whoever knows its name,
    /// as every hub does, knows its secret.
    pub(crate) fn is_secret(&self) -> bool {
        self.secret != plain_secret(&self.name)
    }

    pub(crate) fn kind(&self, name: &str) -> Option<KindNo> {
        let index = self.kinds.iter().position(|kind| kind == name)?;
        KindNo::try_from(index + 1).ok()
    }
}

/// The number behind a space's name.
pub(crate) fn encode_space_no(space: SpaceNo) -> Vec<u8> {
    let mut writer = Writer::new(FORMAT);
    writer.number(1, space.into());
    writer.finish()
}

pub(crate) fn decode_space_no(bytes: &[u8]) -> Result<SpaceNo, CodecError> {
    fits(Fields::parse(bytes, FORMAT)?.number(1)?, 1)
}

/// What this device alone knows of a version.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(crate) struct Local {
    pub(crate) saved_at: Timestamp,
    /// On how many days the space had been opened by then.
    pub(crate) days: u64,
    /// Kept beside the head: the text of a save that came too late.
    pub(crate) aside: bool,
    /// The number of the last restore point before it.
    pub(crate) point: u64,
}

impl Local {
    const ASIDE: u64 = 1;

    /// Writes all but the restore point, which came later and stands behind the other fields of a row.
    fn write(&self, writer: &mut Writer, tag: u64) {
        writer.number_unless_zero(tag, self.saved_at.as_millis());
        writer.number_unless_zero(tag + 1, self.days);
        writer.number_unless_zero(tag + 2, if self.aside { Self::ASIDE } else { 0 });
    }

    fn read(fields: &Fields<'_>, tag: u64, point: u64) -> Result<Self, CodecError> {
        Ok(Self {
            saved_at: Timestamp::from_millis(fields.number(tag)?),
            days: fields.number(tag + 1)?,
            aside: fields.number(tag + 2)? & Self::ASIDE != 0,
            point: fields.number(point)?,
        })
    }

    pub(crate) fn encode(&self) -> Vec<u8> {
        let mut writer = Writer::new(FORMAT);
        self.write(&mut writer, 1);
        writer.number_unless_zero(4, self.point);
        writer.finish()
    }

    pub(crate) fn decode(bytes: &[u8]) -> Result<Self, CodecError> {
        Self::read(&Fields::parse(bytes, FORMAT)?, 1, 4)
    }
}

/// Where the document of a version is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Stored {
    /// A change of the document right before it.
    Delta(Vec<u8>),
    /// The whole document, here.
    Whole(Vec<u8>),
    /// The whole document, in this many records of its own.
    Pieces(u16),
}

impl Stored {
    fn write(&self, writer: &mut Writer, tag: u64) {
        match self {
            Self::Delta(bytes) => writer.bytes(tag, bytes),
            Self::Whole(bytes) => writer.bytes(tag + 1, bytes),
            Self::Pieces(count) => writer.number(tag + 2, (*count).into()),
        }
    }

    fn read(fields: &Fields<'_>, tag: u64) -> Result<Self, CodecError> {
        match (fields.get(tag), fields.get(tag + 1), fields.optional_number(tag + 2)?) {
            (Some(delta), None, None) => Ok(Self::Delta(delta.to_vec())),
            (None, Some(whole), None) => Ok(Self::Whole(whole.to_vec())),
            (None, None, Some(count)) => Ok(Self::Pieces(fits(count, tag + 2)?)),
            _ => Err(CodecError::Malformed(tag)),
        }
    }
}

/// A version of the current run.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct VersionRow {
    pub(crate) header: Vec<u8>,
    pub(crate) meta: Vec<u8>,
    pub(crate) local: Local,
    /// The first version of the run, which holds the whole document that the deltas start from.
    pub(crate) run: u64,
    pub(crate) stored: Stored,
    /// The draft's place in its list by then, so that a head can be rebuilt from here.
    pub(crate) place: u64,
    /// The document's length in bytes.
    pub(crate) size: u64,
    pub(crate) unknown: Unknown,
}

impl VersionRow {
    pub(crate) fn encode(&self) -> Vec<u8> {
        let mut writer = Writer::new(FORMAT);
        writer.bytes(1, &self.header);
        writer.bytes(2, &self.meta);
        self.local.write(&mut writer, 3);
        writer.number(6, self.run);
        self.stored.write(&mut writer, 7);
        writer.number(10, self.place);
        writer.number(11, self.size);
        writer.number_unless_zero(12, self.local.point);
        writer.unknown(&self.unknown);
        writer.finish()
    }

    pub(crate) fn decode(bytes: &[u8]) -> Result<Self, CodecError> {
        let fields = Fields::parse(bytes, FORMAT)?;
        Ok(Self {
            header: fields.required(1)?.to_vec(),
            meta: fields.required(2)?.to_vec(),
            local: Local::read(&fields, 3, 12)?,
            run: fields.number(6)?,
            stored: Stored::read(&fields, 7)?,
            place: fields.number(10)?,
            size: fields.number(11)?,
            unknown: fields.unknown_above(12),
        })
    }
}

/// A draft as it is now: its head along a second path, and what decides its place in lists.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct HeadRow {
    pub(crate) header: Vec<u8>,
    pub(crate) meta: Vec<u8>,
    pub(crate) local: Local,
    /// The version that is head.
    pub(crate) version: u64,
    /// The last version written; later than the head where a text was kept beside it.
    pub(crate) last: u64,
    /// The first version of the run that `last` belongs to.
    pub(crate) run: u64,
    /// The draft's place in its list; larger is newer.
    pub(crate) place: u64,
    pub(crate) created_at: Timestamp,
    /// When the draft entered its phase, by the clock and by the days on which the space was opened.
    pub(crate) phase_since: Timestamp,
    pub(crate) phase_days: u64,
    /// The version whose anchor in `HEAD_ANCHORS` a delta starts from.
    pub(crate) base: u64,
    /// The records that the anchor of `base` takes; 0 where there is none.
    pub(crate) base_pieces: u16,
    /// The head's document: whole, or a delta against the anchor of `base`.
    pub(crate) stored: Stored,
    /// The head's document's length in bytes.
    pub(crate) size: u64,
    /// How many versions are pinned, to notice a pin that does not turn up.
    pub(crate) pins: u64,
    /// How many other sides an open conflict has, to notice one that does not turn up.
    pub(crate) sides: u64,
    /// All versions up to `last` in short. None where an older release wrote the row, or it was built from the history: then it
    /// begins with the next version.
    pub(crate) saves: Option<AuditedSaves>,
    pub(crate) unknown: Unknown,
}

impl HeadRow {
    pub(crate) fn encode(&self) -> Vec<u8> {
        let mut writer = Writer::new(FORMAT);
        writer.bytes(1, &self.header);
        writer.bytes(2, &self.meta);
        self.local.write(&mut writer, 3);
        writer.number(6, self.version);
        writer.number(7, self.last);
        writer.number(8, self.run);
        writer.number(9, self.place);
        writer.number_unless_zero(10, self.created_at.as_millis());
        writer.number_unless_zero(11, self.phase_since.as_millis());
        writer.number_unless_zero(12, self.phase_days);
        writer.number_unless_zero(13, self.base);
        writer.number_unless_zero(14, self.base_pieces.into());
        self.stored.write(&mut writer, 15);
        writer.number(18, self.size);
        writer.number_unless_zero(19, self.pins);
        writer.number_unless_zero(20, self.sides);
        writer.number_unless_zero(21, self.local.point);
        if let Some(saves) = self.saves {
            writer.number(22, saves.from);
            writer.number(23, saves.to);
            writer.bytes(24, &saves.hash);
        }
        writer.unknown(&self.unknown);
        writer.finish()
    }

    pub(crate) fn decode(bytes: &[u8]) -> Result<Self, CodecError> {
        let fields = Fields::parse(bytes, FORMAT)?;
        let last = fields.number(7)?;
        let saves = match (fields.optional_number(22)?, fields.optional_number(23)?, fields.optional_array(24)?) {
            (None, None, None) => None,
            // An older release wrote versions since, and kept what it did not know.
            (Some(_), Some(to), Some(_)) if to != last => None,
            (Some(from), Some(to), Some(hash)) => Some(AuditedSaves { from, to, hash }),
            _ => return Err(CodecError::Malformed(22)),
        };
        Ok(Self {
            header: fields.required(1)?.to_vec(),
            meta: fields.required(2)?.to_vec(),
            local: Local::read(&fields, 3, 21)?,
            version: fields.number(6)?,
            last,
            run: fields.number(8)?,
            place: fields.number(9)?,
            created_at: Timestamp::from_millis(fields.number(10)?),
            phase_since: Timestamp::from_millis(fields.number(11)?),
            phase_days: fields.number(12)?,
            base: fields.number(13)?,
            base_pieces: fits(fields.number(14)?, 14)?,
            stored: Stored::read(&fields, 15)?,
            size: fields.number(18)?,
            pins: fields.number(19)?,
            sides: fields.number(20)?,
            saves,
            unknown: fields.unknown_above(24),
        })
    }
}

/// A slot's drafts in short. Each row names the next key of its kind, so that a row that is missing is noticed; the
/// row of the empty key, which no slot has, begins the chain.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(crate) struct SlotRow {
    /// The newest generation; all smaller ones exist or existed.
    pub(crate) latest: u32,
    /// The generation that is open, if one is.
    pub(crate) open: Option<u32>,
    /// The newest generation that is promoted, if one is.
    pub(crate) promoted: Option<u32>,
    /// Another generation may be open or promoted, too, and an earlier one: devices may begin one each.
    pub(crate) has_others: bool,
    /// The next key in order; none where this is the last one.
    pub(crate) next: Option<Vec<u8>>,
    pub(crate) unknown: Unknown,
}

impl SlotRow {
    /// The generation that the slot means now.
    pub(crate) fn current(&self) -> Option<u32> {
        self.open.or(self.promoted)
    }

    pub(crate) fn encode(&self) -> Vec<u8> {
        let mut writer = Writer::new(FORMAT);
        writer.number(1, self.latest.into());
        writer.number_unless_zero(2, self.open.unwrap_or_default().into());
        writer.number_unless_zero(3, self.promoted.unwrap_or_default().into());
        writer.bytes_unless_empty(4, self.next.as_deref().unwrap_or_default());
        writer.number_unless_zero(5, self.has_others.into());
        writer.unknown(&self.unknown);
        writer.finish()
    }

    pub(crate) fn decode(bytes: &[u8]) -> Result<Self, CodecError> {
        let fields = Fields::parse(bytes, FORMAT)?;
        let generation = |tag| -> Result<Option<u32>, CodecError> {
            let number: u32 = fits(fields.number(tag)?, tag)?;
            Ok((number != 0).then_some(number))
        };
        Ok(Self {
            latest: fits(fields.number(1)?, 1)?,
            open: generation(2)?,
            promoted: generation(3)?,
            // No slot has the empty key, so it cannot be the next one.
            next: fields.get(4).filter(|key| !key.is_empty()).map(<[u8]>::to_vec),
            has_others: fields.number(5)? != 0,
            unknown: fields.unknown_above(5),
        })
    }
}

/// One place of a list, or its top. Each place names the next older one, so that a place that is missing is noticed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct ListRow {
    /// The draft here; none in the row of the top.
    pub(crate) draft: Option<DraftId>,
    /// The next older place. For the top: the newest place.
    pub(crate) older: Option<u64>,
    /// For the top: how many places there are.
    pub(crate) count: u64,
}

impl ListRow {
    pub(crate) fn encode(self) -> Vec<u8> {
        let mut writer = Writer::new(FORMAT);
        if let Some(draft) = self.draft {
            writer.bytes(1, draft.as_bytes());
        }
        if let Some(older) = self.older {
            writer.number(2, older);
        }
        writer.number_unless_zero(3, self.count);
        writer.finish()
    }

    pub(crate) fn decode(bytes: &[u8]) -> Result<Self, CodecError> {
        let fields = Fields::parse(bytes, FORMAT)?;
        Ok(Self {
            draft: fields.optional_array(1)?.map(DraftId::from_bytes),
            older: fields.optional_number(2)?,
            count: fields.number(3)?,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Found by fuzzing: an empty field was read as a key that no slot has.
    #[test]
    fn a_slot_whose_next_key_is_empty_has_none() {
        let mut writer = Writer::new(FORMAT);
        writer.number(1, 1);
        writer.bytes(4, b"");
        assert_eq!(SlotRow::decode(&writer.finish()).map(|row| row.next), Ok(None));
    }

    /// An older release writes back what it does not know.
    #[test]
    fn a_hash_over_versions_is_believed_only_up_to_the_last_one() {
        let saves = Some(AuditedSaves { from: 1, to: 7, hash: [7; 32] });
        let row = HeadRow {
            header: vec![1],
            meta: vec![2],
            local: Local::default(),
            version: 7,
            last: 7,
            run: 1,
            place: 1,
            created_at: Timestamp::default(),
            phase_since: Timestamp::default(),
            phase_days: 0,
            base: 0,
            base_pieces: 0,
            stored: Stored::Whole(vec![3]),
            size: 1,
            pins: 0,
            sides: 0,
            saves,
            unknown: Unknown::default(),
        };
        assert_eq!(HeadRow::decode(&row.encode()).map(|row| row.saves), Ok(saves));
        let later = HeadRow { last: 8, version: 8, ..row };
        assert_eq!(HeadRow::decode(&later.encode()).map(|row| row.saves), Ok(None));
    }
}
