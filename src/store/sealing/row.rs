//! The keys of a space as they are stored.

use crate::codec::{CodecError, Fields, Unknown, Writer};
use crate::error::Failure;
use crate::fault;
use crate::records::record;
use crate::records::view::View;
use crate::seal::Key;
use crate::storage::Snapshot;
use crate::store::tables::{KEYS, KEYS_AGAIN, SpaceNo};
use zeroize::Zeroizing;

const FORMAT: u8 = 1;

/// The most data keys of a space: each rotation adds one, and all have to fit into one record.
pub(crate) const DATA_KEYS_MAX: usize = 1_000;

/// What stands in the open for a space that is sealed: its name, and its keys in an envelope.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct KeysRow {
    pub(crate) name: String,
    /// A [`DataKeys`], sealed with a key of the ring for [`place`].
    pub(crate) envelope: Vec<u8>,
    pub(crate) unknown: Unknown,
}

impl KeysRow {
    pub(crate) fn encode(&self) -> Vec<u8> {
        let mut writer = Writer::new(FORMAT);
        writer.bytes(1, self.name.as_bytes());
        writer.bytes(2, &self.envelope);
        writer.unknown(&self.unknown);
        writer.finish()
    }

    pub(crate) fn decode(bytes: &[u8]) -> Result<Self, CodecError> {
        let fields = Fields::parse(bytes, FORMAT)?;
        Ok(Self {
            name: fields.text(1)?.ok_or(CodecError::Missing(1))?,
            envelope: fields.required(2)?.to_vec(),
            unknown: fields.unknown_above(2),
        })
    }
}

/// What the envelope of a space's keys is sealed for: nothing else can be put into its place.
pub(crate) fn place(space: SpaceNo, name: &str) -> Vec<u8> {
    [b"draftkeep 1 keys of a space\0", &space.to_be_bytes()[..], name.as_bytes()].concat()
}

/// The data keys of a space; the last one seals what is written now.
#[derive(Clone)]
pub(crate) struct DataKeys(pub(crate) Vec<Key>);

impl std::fmt::Debug for DataKeys {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "DataKeys({})", self.0.len())
    }
}

impl DataKeys {
    pub(crate) fn encode(&self) -> Zeroizing<Vec<u8>> {
        let mut bytes = Vec::with_capacity(1 + self.0.len() * Key::LEN);
        bytes.push(FORMAT);
        self.0.iter().for_each(|key| bytes.extend_from_slice(key.expose()));
        Zeroizing::new(bytes)
    }

    pub(crate) fn decode(bytes: &[u8]) -> Option<Self> {
        let (keys, rest) = bytes.strip_prefix(&[FORMAT])?.as_chunks::<{ Key::LEN }>();
        let is_whole = rest.is_empty() && (1..=DATA_KEYS_MAX).contains(&keys.len());
        is_whole.then(|| Self(keys.iter().map(|key| Key::from_bytes(*key)).collect()))
    }
}

/// What stands in the two places of a space's keys: without them everything of the space is lost.
pub(crate) fn both(snapshot: &dyn Snapshot, space: SpaceNo) -> Result<[Result<Option<KeysRow>, Failure>; 2], Failure> {
    let key = space.to_be_bytes();
    let one = |table| -> Result<Result<Option<KeysRow>, Failure>, Failure> {
        let stored = snapshot.get(table, &key);
        let row = stored.map_err(Failure::from).and_then(|stored| {
            let payload = stored.map(|stored| record::open(table, &key, stored)).transpose()?;
            decoded(payload.as_deref())
        });
        match row {
            Err(failure) if !failure.is_damage() => Err(failure),
            row => Ok(row),
        }
    };
    let again = if fault::on("keys-in-one-place") { Ok(None) } else { one(KEYS_AGAIN)? };
    Ok([one(KEYS)?, again])
}

/// The same as a write under way has it.
pub(crate) fn staged(view: &impl View, space: SpaceNo) -> Result<[Result<Option<KeysRow>, Failure>; 2], Failure> {
    let one = |table| match view.get(table, &space.to_be_bytes()).and_then(|payload| decoded(payload.as_deref())) {
        Err(failure) if !failure.is_damage() => Err(failure),
        row => Ok(row),
    };
    Ok([one(KEYS)?, one(KEYS_AGAIN)?])
}

fn decoded(payload: Option<&[u8]>) -> Result<Option<KeysRow>, Failure> {
    Ok(payload.map(KeysRow::decode).transpose()?)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::storage::MAX_VALUE;

    #[test]
    fn keys_survive_their_bytes_and_the_most_of_them_fit_into_a_record() {
        let keys = DataKeys((0..DATA_KEYS_MAX).map(|_| Key::from_bytes([7; 32])).collect());
        let bytes = keys.encode();
        assert_eq!(DataKeys::decode(&bytes).map(|keys| keys.0.len()), Some(DATA_KEYS_MAX));
        let envelope = vec![0; bytes.len() + crate::seal::envelope::ADDED];
        let row = KeysRow { name: "n".repeat(200), envelope, unknown: Unknown::default() };
        assert!(row.encode().len() < MAX_VALUE - 64);
        assert_eq!(KeysRow::decode(&row.encode()), Ok(row));
    }

    #[test]
    fn what_is_no_list_of_keys_is_refused() {
        for bytes in [&[][..], &[FORMAT], &[2; 33], &[FORMAT; 34], &vec![FORMAT; 1 + 32 * (DATA_KEYS_MAX + 1)]] {
            assert!(DataKeys::decode(bytes).is_none(), "{} bytes", bytes.len());
        }
    }
}
