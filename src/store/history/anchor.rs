//! A whole document, compressed where that pays.
//!
//! Layout: a format byte (1 as it is, 2 compressed), the length of the document, then its bytes or their zstd frame.

use super::frame;
use super::wire::{Reader, put_size};

/// The level for an anchor that is written inside a save: chosen for speed.
pub(crate) const LEVEL_SAVE: i32 = 1;

const PLAIN: u8 = 1;
const COMPRESSED: u8 = 2;

/// Why bytes are not an anchor.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub(crate) enum AnchorError {
    /// The bytes are not what [`encode`] writes.
    #[error("malformed anchor")]
    Malformed,
    /// The bytes say a format that this release does not know.
    #[error("anchor of unknown format {format}")]
    UnknownFormat {
        /// The format byte.
        format: u8,
    },
    /// The document is longer than the reader accepts.
    #[error("anchor declares {declared} bytes, more than the limit of {limit}")]
    TooLarge {
        /// The length that the anchor declares.
        declared: u64,
        /// The reader's limit.
        limit: usize,
    },
}

/// Writes a document so that [`decode`] reads it back: never more than 11 bytes longer than the document.
pub(crate) fn encode(document: &[u8], level: i32) -> Vec<u8> {
    let compressed = frame::compress(document, level).filter(|frame| frame.len() < document.len());
    let (format, payload) = compressed.as_deref().map_or((PLAIN, document), |frame| (COMPRESSED, frame));
    let mut anchor = Vec::with_capacity(payload.len() + 11);
    anchor.push(format);
    put_size(&mut anchor, document.len());
    anchor.extend_from_slice(payload);
    anchor
}

/// Whether an anchor is shorter than its document for being compressed.
pub(crate) fn is_compressed(anchor: &[u8]) -> bool {
    anchor.first() == Some(&COMPRESSED)
}

/// Reads a document of at most `limit` bytes. Allocates nothing before the declared length is held against the limit.
pub(crate) fn decode(anchor: &[u8], limit: usize) -> Result<Vec<u8>, AnchorError> {
    let mut reader = Reader::new(anchor);
    let format = reader.byte().ok_or(AnchorError::Malformed)?;
    let declared = reader.number().ok_or(AnchorError::Malformed)?;
    let len = usize::try_from(declared)
        .ok()
        .filter(|&len| len <= limit || crate::fault::on("anchor_without_limit"))
        .ok_or(AnchorError::TooLarge { declared, limit })?;
    let document = match format {
        PLAIN => (reader.rest().len() == len).then(|| reader.rest().to_vec()),
        COMPRESSED => frame::decompress(reader.rest(), len),
        format => return Err(AnchorError::UnknownFormat { format }),
    };
    document.ok_or(AnchorError::Malformed)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn an_anchor_gives_its_document_back(document in prop::collection::vec(any::<u8>(), 0..2000), level in 1..12_i32) {
            let anchor = encode(&document, level);
            prop_assert!(anchor.len() <= document.len() + 11);
            prop_assert_eq!(decode(&anchor, document.len()), Ok(document));
        }

        #[test]
        fn arbitrary_bytes_are_no_anchor_beyond_the_limit(
            format in 0..4_u8, rest in prop::collection::vec(any::<u8>(), 0..200), limit in 0..300_usize,
        ) {
            let anchor = [&[format][..], &rest].concat();
            if let Ok(document) = decode(&anchor, limit) {
                prop_assert!(document.len() <= limit);
            }
        }
    }

    #[test]
    fn a_document_is_compressed_where_that_is_shorter_and_plain_where_not() {
        assert!(encode(&[b'a'; 1000], LEVEL_SAVE).len() < 40);
        assert_eq!(encode(b"a", LEVEL_SAVE), [PLAIN, 1, b'a']);
        assert_eq!(encode(b"", LEVEL_SAVE), [PLAIN, 0]);
    }

    #[test]
    fn a_bomb_is_refused_before_it_unfolds() {
        let bomb = encode(&vec![0; 64 << 20], LEVEL_SAVE);
        assert!(bomb.len() < 1 << 14, "a bomb of {} bytes", bomb.len());
        let limit = 16 << 20;
        assert_eq!(decode(&bomb, limit), Err(AnchorError::TooLarge { declared: 64 << 20, limit }));
        // One that lies about its length stops at the length that it told.
        let frame = frame::compress(&vec![0; 64 << 20], LEVEL_SAVE).unwrap();
        let mut liar = vec![COMPRESSED];
        put_size(&mut liar, 1000);
        liar.extend_from_slice(&frame);
        assert_eq!(decode(&liar, limit), Err(AnchorError::Malformed));
    }

    #[test]
    fn what_is_cut_or_longer_than_told_is_refused() {
        for document in [&b"a short document"[..], &[b'x'; 5000]] {
            let anchor = encode(document, LEVEL_SAVE);
            for cut in 0..anchor.len() {
                assert_eq!(decode(&anchor[..cut], 1 << 20), Err(AnchorError::Malformed));
            }
            assert_eq!(decode(&[&anchor[..], b"!"].concat(), 1 << 20), Err(AnchorError::Malformed));
        }
        assert_eq!(decode(b"\x07\x00", 10), Err(AnchorError::UnknownFormat { format: 7 }));
    }
}
