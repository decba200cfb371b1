//! Bytes sealed for a space, with all that it takes to read them but the space's key.
//!
//! ```text
//! envelope := suite:u8 key id[16] commitment[32] wrapped[72] sealed
//! wrapped  := nonce[24] data key[32] tag[16]     sealed with the space's key
//! sealed   := nonce[24] text tag[16]             sealed with the data key
//! ```
//!
//! Each envelope has a random data key of its own. Associated with `wrapped` is everything before it and the place, associated with `sealed` everything
//! before it and the place: what an envelope is for (a purpose, a draft, a revision), said by whoever opens it, and never read
//! from the envelope. The commitment is a hash of the data key: no other key opens the same envelope, to another text (the cipher alone does
//! not promise that).

use super::aead;
use super::key::Key;
use crate::clock::Entropy;
use crate::fault;
use crate::id::KeyId;
use zeroize::Zeroizing;

/// The only suite: XChaCha20-Poly1305, BLAKE3.
const SUITE: u8 = 1;

const KEY_ID_END: usize = 1 + KeyId::LEN;
const COMMITMENT_END: usize = KEY_ID_END + 32;
const WRAPPED_END: usize = COMMITMENT_END + Key::LEN + aead::ADDED;

/// What an envelope adds to a text.
pub(crate) const ADDED: usize = WRAPPED_END + aead::ADDED;

/// Why an envelope is not opened.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub(crate) enum EnvelopeError {
    #[error("it is too short for an envelope")]
    Short,
    #[error("it is sealed in a way that this release does not know, number {0}")]
    Suite(u8),
    #[error("it is sealed with key {0}")]
    OtherKey(KeyId),
    #[error("it was altered, or sealed for another place")]
    Altered,
}

/// Seals a text for a place.
pub(crate) fn seal(key: &Key, entropy: &dyn Entropy, place: &[u8], text: &[u8]) -> Vec<u8> {
    let data = Key::random(entropy);
    let mut out = Vec::with_capacity(ADDED + text.len());
    out.push(SUITE);
    out.extend_from_slice(key.id().as_bytes());
    out.extend_from_slice(&commitment(&data));
    let aad = associated(&out, place);
    aead::seal(key, entropy, &aad, data.expose(), &mut out);
    let aad = associated(&out, place);
    aead::seal(&data, entropy, &aad, text, &mut out);
    out
}

/// Which key opens an envelope; anybody may ask.
pub(crate) fn key_id(envelope: &[u8]) -> Result<KeyId, EnvelopeError> {
    if envelope.len() < ADDED {
        return Err(EnvelopeError::Short);
    }
    if envelope[0] != SUITE && !fault::on("unknown-suite-opened") {
        return Err(EnvelopeError::Suite(envelope[0]));
    }
    envelope[1..KEY_ID_END].try_into().map(KeyId::from_bytes).map_err(|_| EnvelopeError::Short)
}

/// The text of an envelope, if it was sealed with this key for this place.
pub(crate) fn open(key: &Key, place: &[u8], envelope: &[u8]) -> Result<Vec<u8>, EnvelopeError> {
    let id = key_id(envelope)?;
    if id != key.id() {
        return Err(EnvelopeError::OtherKey(id));
    }
    let (head, sealed) = envelope.split_at(WRAPPED_END);
    let wrapped = &head[COMMITMENT_END..];
    let data = aead::open(key, &associated(&head[..COMMITMENT_END], place), wrapped).map(Zeroizing::new);
    let data: &[u8; Key::LEN] =
        data.as_ref().and_then(|data| data.as_slice().try_into().ok()).ok_or(EnvelopeError::Altered)?;
    let data = Key::from_bytes(*data);
    // Compared as hashes are, in constant time.
    let said: [u8; 32] = head[KEY_ID_END..COMMITMENT_END].try_into().map_err(|_| EnvelopeError::Short)?;
    if blake3::Hash::from_bytes(said) != blake3::Hash::from_bytes(commitment(&data))
        && !fault::on("commitment-unchecked")
    {
        return Err(EnvelopeError::Altered);
    }
    aead::open(&data, &associated(head, place), sealed).ok_or(EnvelopeError::Altered)
}

fn commitment(data: &Key) -> [u8; 32] {
    *data.derive("draftkeep 1 commitments to keys").expose()
}

/// What is associated: all before, whose length is fixed, and the place.
fn associated(before: &[u8], place: &[u8]) -> Vec<u8> {
    let place = if fault::on("place-not-associated") { &[][..] } else { place };
    [before, place].concat()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::clock::SeededEntropy;
    use proptest::prelude::*;
    use std::collections::BTreeSet;

    fn key(byte: u8) -> Key {
        Key::from_bytes([byte; 32])
    }

    fn sealed(place: &[u8], text: &[u8]) -> Vec<u8> {
        seal(&key(1), &SeededEntropy::new(1), place, text)
    }

    /// As somebody builds one who has the space's key and says another commitment.
    fn forged(place: &[u8], text: &[u8]) -> Vec<u8> {
        let (entropy, data) = (SeededEntropy::new(2), key(9));
        let mut out = [&[SUITE][..], key(1).id().as_bytes(), &commitment(&key(8))].concat();
        let aad = associated(&out, place);
        aead::seal(&key(1), &entropy, &aad, data.expose(), &mut out);
        let aad = associated(&out, place);
        aead::seal(&data, &entropy, &aad, text, &mut out);
        out
    }

    proptest! {
        #[test]
        fn a_text_comes_back_for_its_place_alone(text: Vec<u8>, place: Vec<u8>, other: Vec<u8>) {
            let sealed = sealed(&place, &text);
            prop_assert_eq!(sealed.len(), text.len() + ADDED);
            prop_assert_eq!(open(&key(1), &place, &sealed), Ok(text));
            prop_assert_eq!(open(&key(2), &place, &sealed), Err(EnvelopeError::OtherKey(key(1).id())));
            if place != other {
                prop_assert_eq!(open(&key(1), &other, &sealed), Err(EnvelopeError::Altered));
            }
        }

        #[test]
        fn arbitrary_bytes_are_no_envelope(bytes in prop::collection::vec(any::<u8>(), 0..400)) {
            prop_assert!(open(&key(1), b"", &bytes).is_err());
        }
    }

    #[test]
    fn no_bit_can_be_changed_and_nothing_cut() {
        let whole = sealed(b"place", b"a text");
        for at in 0..whole.len() {
            for bit in 0..8 {
                let mut altered = whole.clone();
                altered[at] ^= 1 << bit;
                assert!(open(&key(1), b"place", &altered).is_err(), "bit {bit} of byte {at}");
            }
            assert!(open(&key(1), b"place", &whole[..at]).is_err(), "cut at {at}");
        }
        assert!(open(&key(1), b"place", &[&whole[..], b"!"].concat()).is_err());
    }

    #[test]
    fn parts_of_two_envelopes_make_none() {
        let (one, other) = (sealed(b"place", b"one"), seal(&key(1), &SeededEntropy::new(3), b"place", b"two"));
        for cut in [1, KEY_ID_END, COMMITMENT_END, WRAPPED_END] {
            if one[..cut] != other[..cut] {
                let mixed = [&one[..cut], &other[cut..]].concat();
                assert_eq!(open(&key(1), b"place", &mixed), Err(EnvelopeError::Altered), "cut at {cut}");
            }
        }
    }

    #[test]
    fn an_unknown_suite_is_refused_before_anything_is_opened() {
        let mut newer = sealed(b"place", b"a text");
        newer[0] = 2;
        assert_eq!(key_id(&newer), Err(EnvelopeError::Suite(2)));
        assert_eq!(open(&key(1), b"place", &newer), Err(EnvelopeError::Suite(2)));
    }

    #[test]
    fn another_commitment_than_the_data_keys_is_refused() {
        assert_eq!(open(&key(1), b"place", &forged(b"place", b"a text")), Err(EnvelopeError::Altered));
    }

    #[test]
    fn no_nonce_comes_twice() {
        let (entropy, mut nonces) = (SeededEntropy::new(4), BTreeSet::new());
        let count = 100_000;
        for _ in 0..count {
            let sealed = seal(&key(1), &entropy, b"place", b"the same text");
            nonces.insert(sealed[COMMITMENT_END..COMMITMENT_END + aead::NONCE_LEN].to_vec());
            nonces.insert(sealed[WRAPPED_END..WRAPPED_END + aead::NONCE_LEN].to_vec());
        }
        assert_eq!(nonces.len(), 2 * count);
    }
}
