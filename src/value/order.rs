//! The order of keys in canonical JSON (RFC 8785, section 3.2.3): by UTF-16 code units.

use std::cmp::Ordering;

/// Compares two keys, given as UTF-8, as if by their UTF-16 code units.
///
/// UTF-8 sorts like code points, and UTF-16 differs from that in one place only: the surrogates that spell U+10000 and
/// above lie below U+E000. Two texts first differ either inside a character of the same lead byte, where both orders
/// agree, or in the lead byte, where 0xEE and 0xEF (U+E000 to U+FFFF) have to be lifted above 0xF0 to 0xF4.
pub(crate) fn compare_keys(a: &[u8], b: &[u8]) -> Ordering {
    match a.iter().zip(b).find(|(a, b)| a != b) {
        None => a.len().cmp(&b.len()),
        Some((&a, &b)) => lift(a).cmp(&lift(b)),
    }
}

const fn lift(byte: u8) -> u8 {
    if byte == 0xEE || byte == 0xEF { byte | 0x10 } else { byte }
}

/// The first bytes of a key as a number that sorts like the key wherever two such numbers differ.
#[inline]
pub(super) fn key_prefix(key: &[u8]) -> u64 {
    let prefix = match (key.first_chunk::<8>(), key.first_chunk::<4>(), key.last_chunk::<4>()) {
        (Some(chunk), _, _) => u64::from_be_bytes(*chunk),
        // Two halves that overlap.
        (None, Some(front), Some(back)) => {
            u64::from(u32::from_be_bytes(*front)) << 32 | u64::from(u32::from_be_bytes(*back)) << (8 * (8 - key.len()))
        }
        _ => (0..4).fold(0, |prefix, at| prefix << 8 | u64::from(key.get(at).copied().unwrap_or(0))) << 32,
    };
    if prefix & u64::from_ne_bytes([0x80; 8]) == 0 {
        return prefix;
    }
    u64::from_be_bytes(prefix.to_be_bytes().map(lift))
}
