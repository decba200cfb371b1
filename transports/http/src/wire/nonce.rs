//! What names one request, and the proof that an answer is to it.

use http::HeaderValue;
use std::fmt;

/// What the proof is derived for, so that no other hash is taken for one.
const CONTEXT: &str = "draftkeep 1 answer over http";

/// The hash that every message ends with.
pub(crate) const HASH_LEN: usize = 32;

/// 128 random bits that name one request. A request that is repeated has another one, so that an answer out of somebody's memory
/// is not taken for the hub's.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Nonce([u8; 16]);

impl Nonce {
    #[cfg(feature = "client")]
    pub(crate) const fn from_bytes(bytes: [u8; 16]) -> Self {
        Self(bytes)
    }

    /// Reads 32 lower-case hexadecimal digits; none where it is anything else.
    pub(crate) fn read(value: &HeaderValue) -> Option<Self> {
        // An id of the library's is written in the same way.
        value.to_str().ok()?.parse::<draftkeep::TraceId>().ok().map(|id| Self(*id.as_bytes()))
    }

    pub(crate) fn header(self) -> HeaderValue {
        HeaderValue::try_from(self.to_string()).unwrap_or(HeaderValue::from_static(""))
    }

    #[cfg(feature = "client")]
    pub(crate) const fn as_bytes(&self) -> &[u8; 16] {
        &self.0
    }
}

impl fmt::Display for Nonce {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.iter().try_for_each(|byte| write!(f, "{byte:02x}"))
    }
}

/// The hash of a message as bytes, which it ends with; none where it is too short to be one.
pub(crate) fn hash_of_message(bytes: &[u8]) -> Option<[u8; HASH_LEN]> {
    bytes.last_chunk().copied()
}

/// The hash of a body that is text.
pub(crate) fn hash_of_text(text: &[u8]) -> [u8; HASH_LEN] {
    *blake3::hash(text).as_bytes()
}

/// The proof that a body answers this very request: 64 hexadecimal digits.
///
/// BLAKE3-derive-key over the nonce and the hashes of both bodies.
pub(crate) fn proof(nonce: Nonce, request: &[u8; HASH_LEN], answer: &[u8; HASH_LEN]) -> String {
    let mut hasher = blake3::Hasher::new_derive_key(CONTEXT);
    hasher.update(&nonce.0).update(request).update(answer);
    hasher.finalize().to_hex().to_string()
}

#[cfg(test)]
mod tests {
    use super::*;

    const NONCE: Nonce = Nonce([7; 16]);

    #[test]
    fn a_nonce_is_read_only_as_it_is_written() {
        assert_eq!(Nonce::read(&NONCE.header()), Some(NONCE));
        for text in ["", "07", &"0".repeat(31), &"0".repeat(33), &"G".repeat(32), &"A".repeat(32)] {
            assert_eq!(Nonce::read(&HeaderValue::from_str(text).unwrap()), None, "{text}");
        }
    }

    #[test]
    fn a_proof_holds_for_one_nonce_one_request_and_one_answer() {
        let (request, answer) = ([1; 32], [2; 32]);
        let right = proof(NONCE, &request, &answer);
        assert_eq!(right.len(), 64);
        assert_ne!(proof(Nonce([8; 16]), &request, &answer), right);
        assert_ne!(proof(NONCE, &answer, &answer), right);
        assert_ne!(proof(NONCE, &request, &request), right);
        assert_eq!(hash_of_message(&[2; 31]), None);
        assert_eq!(hash_of_message(&[2; 40]), Some([2; 32]));
    }
}
