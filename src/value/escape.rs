//! Strings in canonical JSON: which bytes are written as they are, and how the others are.

/// Appends text between quotes; says whether anything in it was escaped.
#[inline]
pub(super) fn write_string(text: &str, out: &mut Vec<u8>) -> bool {
    out.push(b'"');
    let bytes = text.as_bytes();
    let plain = plain_len(bytes);
    let escaped = plain < bytes.len();
    if escaped {
        write_escaped(bytes, plain, out);
    } else {
        out.extend_from_slice(bytes);
    }
    out.push(b'"');
    escaped
}

/// How many bytes [`write_string`] appends for this text.
pub(super) fn written_len(text: &str) -> usize {
    let bytes = text.as_bytes();
    let escaped = bytes[plain_len(bytes)..].iter().filter(|byte| !is_plain(**byte));
    let more = escaped.map(|byte| if short_escape(*byte).is_some() { 1 } else { 5 });
    more.fold(bytes.len() + 2, usize::saturating_add)
}

fn write_escaped(mut bytes: &[u8], mut plain: usize, out: &mut Vec<u8>) {
    loop {
        out.extend_from_slice(&bytes[..plain]);
        let Some(&byte) = bytes.get(plain) else { return };
        out.push(b'\\');
        match short_escape(byte) {
            Some(letter) => out.push(letter),
            None => out.extend_from_slice(&[b'u', b'0', b'0', b'0' + (byte >> 4), HEX[usize::from(byte & 15)]]),
        }
        bytes = &bytes[plain + 1..];
        plain = plain_len(bytes);
    }
}

const HEX: &[u8; 16] = b"0123456789abcdef";

/// The letter after the backslash for bytes that have a short escape.
const fn short_escape(byte: u8) -> Option<u8> {
    match byte {
        b'"' | b'\\' => Some(byte),
        0x08 => Some(b'b'),
        b'\t' => Some(b't'),
        b'\n' => Some(b'n'),
        0x0C => Some(b'f'),
        b'\r' => Some(b'r'),
        _ => None,
    }
}

/// Whether canonical text spells this byte with a `\u` escape.
pub(super) const fn needs_unicode_escape(byte: u8) -> bool {
    byte < 0x20 && short_escape(byte).is_none()
}

const ONES: u64 = u64::from_ne_bytes([0x01; 8]);
const HIGHS: u64 = u64::from_ne_bytes([0x80; 8]);

/// The highest bit of each byte that is below 0x20, a quote or a backslash.
///
/// A borrow can set a bit too many, but only above the first right one: whether there is one, and where the lowest is, is right.
#[inline]
const fn special(word: u64) -> u64 {
    let control = word.wrapping_sub(ONES * 0x20);
    let quote = (word ^ (ONES * 0x22)).wrapping_sub(ONES);
    let backslash = (word ^ (ONES * 0x5C)).wrapping_sub(ONES);
    (control | quote | backslash) & !word & HIGHS
}

/// The number of bytes in front that stand for themselves inside a string: up to a quote, a backslash or a control.
#[inline]
pub(super) fn plain_len(bytes: &[u8]) -> usize {
    let mut at = 0;
    while let Some(&chunk) = bytes[at..].first_chunk::<8>() {
        let hits = special(u64::from_le_bytes(chunk));
        if hits != 0 {
            return at + hits.trailing_zeros() as usize / 8;
        }
        at += 8;
    }
    // Fewer than 8 are left: one word that also covers some before them, or two halves that overlap.
    let word = match (bytes.last_chunk::<8>(), bytes.first_chunk::<4>(), bytes.last_chunk::<4>()) {
        (Some(&chunk), _, _) => u64::from_le_bytes(chunk),
        (None, Some(&first), Some(&last)) => {
            u64::from(u32::from_le_bytes(first)) << 32 | u64::from(u32::from_le_bytes(last))
        }
        _ => 0,
    };
    if special(word) == 0 {
        return bytes.len();
    }
    at + bytes[at..].iter().take_while(|byte| is_plain(**byte)).count()
}

const fn is_plain(byte: u8) -> bool {
    byte >= 0x20 && byte != b'"' && byte != b'\\'
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_word_at_a_time_scan_stops_where_the_byte_at_a_time_scan_does() {
        for byte in 0..=255_u8 {
            for at in 0..20 {
                for filler in [b'a', 0x7F, 0xFF, 0x80, 0x20, 0x21, 0x23, 0x5B, 0x5D] {
                    let mut bytes = [filler; 20];
                    bytes[at] = byte;
                    let slow = bytes.iter().position(|byte| !is_plain(*byte)).unwrap_or(bytes.len());
                    assert_eq!(plain_len(&bytes), slow, "{bytes:?}");
                }
            }
        }
    }
}
