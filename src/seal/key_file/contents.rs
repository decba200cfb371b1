//! The keys of a ring as bytes.
//!
//! A record of the [one codec](crate::codec): tag 1 holds the entries, each with its length before it, in the order of their names. An entry is a
//! record, too: tag 1 the name of a space (absent: what serves every other one), 2 its secret, 3 its keys, the current one last.

use super::super::Key;
use super::super::memory::Keys;
use super::error::KeyFileError;
use crate::codec::{CodecError, Fields, Unknown, Writer, put_varint, take, take_varint};
use crate::fault;
use std::collections::BTreeMap;
use zeroize::Zeroizing;

/// By the space's name; under none what serves every other space.
pub(super) type Spaces = BTreeMap<Option<String>, Keys>;

const VERSION: u8 = 1;

/// The known tags of the whole and of an entry.
const TAGS: (u64, u64) = (1, 3);

/// More than a tag and a length take.
const FIELD_MAX: usize = 20;

/// Made in buffers that are large enough from the beginning: one that grows leaves a copy behind that nobody wipes.
pub(super) fn encode(spaces: &Spaces) -> Zeroizing<Vec<u8>> {
    let len_max = |(name, keys): (&Option<String>, &Keys)| {
        5 * FIELD_MAX + name.as_ref().map_or(0, String::len) + Key::LEN * (1 + keys.keys.len())
    };
    let mut entries = Zeroizing::new(Vec::with_capacity(spaces.iter().map(len_max).sum()));
    for (name, keys) in spaces {
        let entry = entry(name.as_deref(), keys, len_max((name, keys)));
        put_varint(&mut entries, entry.len() as u64);
        entries.extend_from_slice(&entry);
    }
    let mut writer = Writer::with_capacity(VERSION, FIELD_MAX + entries.len());
    writer.bytes_unless_empty(TAGS.0, &entries);
    Zeroizing::new(writer.finish())
}

fn entry(name: Option<&str>, keys: &Keys, len_max: usize) -> Zeroizing<Vec<u8>> {
    let mut writer = Writer::with_capacity(VERSION, len_max);
    if let Some(name) = name {
        writer.bytes(1, name.as_bytes());
    }
    if let Some(secret) = &keys.secret {
        writer.bytes(2, secret.expose());
    }
    let mut all = Zeroizing::new(Vec::with_capacity(keys.keys.len() * Key::LEN));
    if fault::on("key-file-keys-in-another-order") {
        keys.keys.iter().rev().for_each(|key| all.extend_from_slice(key.expose()));
    } else {
        keys.keys.iter().for_each(|key| all.extend_from_slice(key.expose()));
    }
    writer.bytes_unless_empty(3, &all);
    Zeroizing::new(writer.finish())
}

pub(super) fn decode(bytes: &[u8]) -> Result<Spaces, KeyFileError> {
    let fields = known(bytes, TAGS.0)?;
    let mut entries = fields.bytes(1);
    let mut spaces = Spaces::new();
    while !entries.is_empty() {
        let length = take_varint(&mut entries).map_err(malformed)?;
        let length = usize::try_from(length).map_err(|_| malformed(CodecError::Truncated))?;
        let fields = known(take(&mut entries, length).map_err(malformed)?, TAGS.1)?;
        let name = fields.text(1).map_err(malformed)?;
        let secret = fields.optional_array(2).map_err(malformed)?.map(Key::from_bytes);
        let (keys, rest) = fields.bytes(3).as_chunks::<{ Key::LEN }>();
        let is_in_order = spaces.last_key_value().is_none_or(|(last, _)| *last < name);
        if !rest.is_empty() || !is_in_order {
            return Err(malformed(CodecError::Malformed(3)));
        }
        let keys = keys.iter().copied().map(Key::from_bytes).collect();
        spaces.insert(name, Keys { secret, keys });
    }
    Ok(spaces)
}

/// The fields of a record. What a ring has no place for is refused: a change of the passphrase would drop it.
fn known(bytes: &[u8], last_tag: u64) -> Result<Fields<'_>, KeyFileError> {
    let fields = Fields::parse_within(bytes, VERSION, 8).map_err(malformed)?;
    if fields.unknown_above(last_tag) != Unknown::default() && !fault::on("key-file-newer-fields-dropped") {
        return Err(KeyFileError::TooNew);
    }
    Ok(fields)
}

fn malformed(error: CodecError) -> KeyFileError {
    match error {
        CodecError::TooNew { .. } => KeyFileError::TooNew,
        _ => KeyFileError::Damaged { reason: "the keys in it cannot be read" },
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    /// A name, a secret and keys, to be compared.
    type Shown = (Option<String>, Option<[u8; 32]>, Vec<[u8; 32]>);

    fn shown(spaces: &Spaces) -> Vec<Shown> {
        let bytes = |key: &Key| *key.expose();
        let shown = |(name, keys): (&Option<String>, &Keys)| {
            (name.clone(), keys.secret.as_ref().map(bytes), keys.keys.iter().map(bytes).collect())
        };
        spaces.iter().map(shown).collect()
    }

    fn rings() -> impl Strategy<Value = Spaces> {
        let key = || any::<[u8; 32]>().prop_map(Key::from_bytes);
        let keys = (prop::option::of(key()), prop::collection::vec(key(), 0..4));
        let keys = keys.prop_map(|(secret, keys)| Keys { secret, keys });
        prop::collection::btree_map(any::<Option<String>>(), keys, 0..6)
    }

    proptest! {
        #[test]
        fn every_ring_comes_back_with_its_keys_in_order(ring in rings()) {
            let bytes = encode(&ring);
            let again = decode(&bytes).unwrap();
            prop_assert_eq!(shown(&again), shown(&ring));
            prop_assert_eq!(encode(&again), bytes);
        }

        #[test]
        fn arbitrary_bytes_are_one_ring_or_refused(bytes: Vec<u8>) {
            if let Ok(ring) = decode(&bytes) {
                prop_assert_eq!(shown(&decode(&encode(&ring)).unwrap()), shown(&ring));
            }
        }
    }

    #[test]
    fn what_this_release_does_not_know_is_refused_and_not_dropped() {
        let ring = BTreeMap::from([(None, Keys { secret: None, keys: vec![Key::from_bytes([1; 32])] })]);
        let mut newer = encode(&ring).to_vec();
        newer.extend_from_slice(&[2, 1, 7]);
        assert_eq!(decode(&newer).map(|_| ()), Err(KeyFileError::TooNew));
        newer[0] = 2;
        assert_eq!(decode(&newer).map(|_| ()), Err(KeyFileError::TooNew));
    }
}
