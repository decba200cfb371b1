//! The cipher: XChaCha20-Poly1305 with nonces of 24 bytes.

use super::key::Key;
use crate::clock::Entropy;
use crate::fault;
use chacha20poly1305::aead::AeadInOut;
use chacha20poly1305::{KeyInit, Tag, XChaCha20Poly1305, XNonce};

pub(crate) const NONCE_LEN: usize = 24;
pub(crate) const TAG_LEN: usize = 16;

/// What sealing adds to a text.
pub(crate) const ADDED: usize = NONCE_LEN + TAG_LEN;

/// Appends nonce, ciphertext and tag to what is in `out`.
///
/// The nonce is random, and hashed with key, text and associated data: a generator that repeats itself, as in a copy of a virtual
/// machine, makes the same nonce again only for the same text in the same place, which says no more than that it is the same.
pub(crate) fn seal(key: &Key, entropy: &dyn Entropy, aad: &[u8], text: &[u8], out: &mut Vec<u8>) {
    let mut random = [0; NONCE_LEN];
    entropy.fill(&mut random);
    let nonce = nonce(key, random, aad, text);
    out.reserve(ADDED + text.len());
    out.extend_from_slice(&nonce);
    let at = out.len();
    out.extend_from_slice(text);
    let cipher = XChaCha20Poly1305::new(&(*key.expose()).into());
    let tag = cipher
        .encrypt_inout_detached(&XNonce::from(nonce), aad, (&mut out[at..]).into())
        .expect("the cipher takes 256 GiB at once, and what is sealed is at most some megabytes");
    out.extend_from_slice(&tag);
}

/// The text of what [`seal`] appended; none where key, associated data or any bit of it is another.
pub(crate) fn open(key: &Key, aad: &[u8], sealed: &[u8]) -> Option<Vec<u8>> {
    let (nonce, rest) = sealed.split_first_chunk::<NONCE_LEN>()?;
    let (text, tag) = rest.split_last_chunk::<TAG_LEN>()?;
    let mut text = text.to_vec();
    let cipher = XChaCha20Poly1305::new(&(*key.expose()).into());
    let (nonce, tag) = (XNonce::from(*nonce), Tag::from(*tag));
    cipher.decrypt_inout_detached(&nonce, aad, text.as_mut_slice().into(), &tag).ok().map(|()| text)
}

fn nonce(key: &Key, random: [u8; NONCE_LEN], aad: &[u8], text: &[u8]) -> [u8; NONCE_LEN] {
    if fault::on("nonce-of-the-generator-alone") {
        return random;
    }
    let key = key.derive("draftkeep 1 nonces");
    let mut hasher = blake3::Hasher::new_keyed(key.expose());
    hasher.update(&random).update(&(aad.len() as u64).to_le_bytes()).update(aad).update(text);
    let mut nonce = [0; NONCE_LEN];
    hasher.finalize_xof().fill(&mut nonce);
    nonce
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    /// Always says the same, as a generator in two copies of one machine does.
    #[derive(Debug)]
    struct Stuck;

    impl Entropy for Stuck {
        fn fill(&self, bytes: &mut [u8]) {
            bytes.fill(7);
        }
    }

    fn sealed(key: u8, aad: &[u8], text: &[u8]) -> Vec<u8> {
        let mut out = Vec::new();
        seal(&Key::from_bytes([key; 32]), &Stuck, aad, text, &mut out);
        out
    }

    proptest! {
        #[test]
        fn a_text_comes_back_with_its_key_and_place_alone(
            key: u8, aad: Vec<u8>, text: Vec<u8>, at: prop::sample::Index, bit in 0..8_u8,
        ) {
            let mut sealed = sealed(key, &aad, &text);
            prop_assert_eq!(sealed.len(), text.len() + ADDED);
            let right = Key::from_bytes([key; 32]);
            prop_assert_eq!(open(&right, &aad, &sealed), Some(text));
            prop_assert_eq!(open(&Key::from_bytes([key ^ 1; 32]), &aad, &sealed), None);
            prop_assert_eq!(open(&right, &[&aad[..], b"!"].concat(), &sealed), None);
            let at = at.index(sealed.len());
            sealed[at] ^= 1 << bit;
            prop_assert_eq!(open(&right, &aad, &sealed), None);
            prop_assert_eq!(open(&right, &aad, &sealed[..at]), None);
        }
    }

    #[test]
    fn a_generator_that_repeats_itself_gives_no_nonce_twice() {
        let nonce = |key, aad: &[u8], text: &[u8]| sealed(key, aad, text)[..NONCE_LEN].to_vec();
        let all = [nonce(1, b"a", b"b"), nonce(2, b"a", b"b"), nonce(1, b"ab", b""), nonce(1, b"", b"ab")];
        assert!((0..all.len()).all(|one| (0..one).all(|other| all[one] != all[other])));
    }
}
