//! A document as the edits that lead to it from an earlier one.
//!
//! Layout: a format byte (1 inserted bytes as they are, 2 compressed), the length of the document, the number of edits,
//! for each edit how many bytes to copy, delete and insert, then all inserted bytes or their zstd frame. What the base
//! has behind the last edit is kept, so that the declared length also ties a delta to the length of its base.

use super::gap::GapBuffer;
use super::script::{self, EDITS_MAX, Edit, Outline};
use super::wire::{Reader, put_size};
use super::{frame, matcher};
use std::borrow::Cow;

const PLAIN: u8 = 1;
const COMPRESSED: u8 = 2;

/// From this length on it is tried whether inserted bytes are shorter compressed: typing is not, a pasted chapter is.
const COMPRESS_FROM: usize = 256;
/// The level for inserted bytes: a delta is written inside a save.
const LEVEL: i32 = 1;

/// Why a delta does not apply.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub(crate) enum DeltaError {
    /// The bytes are not what [`encode`] writes.
    #[error("malformed delta")]
    Malformed,
    /// The bytes say a format that this release does not know.
    #[error("delta of unknown format {format}")]
    UnknownFormat {
        /// The format byte.
        format: u8,
    },
    /// The document is longer than the reader accepts.
    #[error("delta declares {declared} bytes, more than the limit of {limit}")]
    TooLarge {
        /// The length that the delta declares.
        declared: u64,
        /// The reader's limit.
        limit: usize,
    },
    /// The delta is well formed but leads away from a document of another length.
    #[error("delta belongs to another base than the one of {base_len} bytes")]
    OtherBase {
        /// The length of the base it was applied to.
        base_len: usize,
    },
}

/// Writes `target` as edits of `base`: about the size of the change, never more than 32 bytes longer than `target`.
pub(crate) fn encode(base: &[u8], target: &[u8]) -> Vec<u8> {
    let mut delta = write(base, target, &matcher::edits(base, target));
    if delta.len() > target.len() {
        let whole = write(base, target, &[Edit { copy: 0, delete: base.len(), insert: target.len() }]);
        if whole.len() < delta.len() {
            delta = whole;
        }
    }
    delta
}

fn write(base: &[u8], target: &[u8], edits: &[Edit]) -> Vec<u8> {
    let inserted = inserted(target, edits);
    let compressed = (inserted.len() >= COMPRESS_FROM)
        .then(|| frame::compress(&inserted, LEVEL))
        .flatten()
        .filter(|frame| frame.len() < inserted.len());
    let (format, payload) = compressed.as_deref().map_or((PLAIN, &inserted[..]), |frame| (COMPRESSED, frame));
    debug_assert_eq!(Outline::of(edits, base.len()).map(|outline| outline.target_len), Some(target.len()));
    let mut delta = Vec::with_capacity(payload.len() + 6 * edits.len() + 16);
    delta.push(format);
    put_size(&mut delta, target.len());
    put_size(&mut delta, edits.len());
    for edit in edits {
        put_size(&mut delta, edit.copy);
        put_size(&mut delta, edit.delete);
        put_size(&mut delta, edit.insert);
    }
    delta.extend_from_slice(payload);
    delta
}

/// Collects what the edits insert, in order, from the target that they make.
pub(super) fn inserted(target: &[u8], edits: &[Edit]) -> Vec<u8> {
    let mut inserted = Vec::with_capacity(edits.iter().map(|edit| edit.insert).sum());
    let mut rest = target;
    for edit in edits {
        let (put, behind) = rest[edit.copy..].split_at(edit.insert);
        inserted.extend_from_slice(put);
        rest = behind;
    }
    inserted
}

/// Reads the document that a delta makes of its base, of at most `limit` bytes.
///
/// Checks all edits and the declared length before it allocates the document.
pub(crate) fn apply(base: &[u8], delta: &[u8], limit: usize) -> Result<Vec<u8>, DeltaError> {
    let parsed = Parsed::read(delta, base.len(), limit)?;
    script::apply(base, &parsed.edits, &parsed.outline, &parsed.inserted).ok_or(DeltaError::Malformed)
}

/// Makes of a base the document that the delta leads to; the buffer is as it was where that fails.
///
/// Costs the size of the delta and its distance from the edit before.
pub(crate) fn apply_in_place(buffer: &mut GapBuffer, delta: &[u8], limit: usize) -> Result<(), DeltaError> {
    let parsed = Parsed::read(delta, buffer.len(), limit)?;
    script::apply_in_place(buffer, &parsed.edits, &parsed.outline, &parsed.inserted).ok_or(DeltaError::Malformed)
}

/// A delta that fits its base and the limit.
struct Parsed<'a> {
    edits: Vec<Edit>,
    outline: Outline,
    inserted: Cow<'a, [u8]>,
}

impl<'a> Parsed<'a> {
    fn read(delta: &'a [u8], base_len: usize, limit: usize) -> Result<Self, DeltaError> {
        let mut reader = Reader::new(delta);
        let format = reader.byte().ok_or(DeltaError::Malformed)?;
        if format != PLAIN && format != COMPRESSED {
            return Err(DeltaError::UnknownFormat { format });
        }
        let declared = reader.number().ok_or(DeltaError::Malformed)?;
        let target_len = usize::try_from(declared)
            .ok()
            .filter(|&len| len <= limit || crate::fault::on("delta_without_limit"))
            .ok_or(DeltaError::TooLarge { declared, limit })?;
        let edits = read_edits(&mut reader).ok_or(DeltaError::Malformed)?;
        let outline = Outline::of(&edits, base_len).ok_or(DeltaError::OtherBase { base_len })?;
        if outline.target_len != target_len {
            return Err(DeltaError::OtherBase { base_len });
        }
        let inserted = match format {
            PLAIN => (reader.rest().len() == outline.inserted).then(|| Cow::Borrowed(reader.rest())),
            _ => frame::decompress(reader.rest(), outline.inserted).map(Cow::Owned),
        };
        Ok(Self { edits, outline, inserted: inserted.ok_or(DeltaError::Malformed)? })
    }
}

fn read_edits(reader: &mut Reader<'_>) -> Option<Vec<Edit>> {
    let count = reader.size()?;
    // An edit takes at least three bytes, so that a short delta cannot ask for many.
    if count > EDITS_MAX || count > reader.rest().len() / 3 {
        return None;
    }
    (0..count).map(|_| Some(Edit { copy: reader.size()?, delete: reader.size()?, insert: reader.size()? })).collect()
}

#[cfg(test)]
mod tests {
    use super::super::testing::{edited_pair, effort};
    use super::*;
    use proptest::prelude::*;

    const LIMIT: usize = 16 << 20;

    fn check(base: &[u8], target: &[u8]) -> Vec<u8> {
        let delta = encode(base, target);
        assert_eq!(apply(base, &delta, target.len()).as_deref(), Ok(target));
        let mut buffer = GapBuffer::new(base.to_vec());
        assert_eq!(apply_in_place(&mut buffer, &delta, target.len()), Ok(()));
        assert_eq!(buffer.into_vec(), target);
        assert!(delta.len() <= target.len() + 32, "{} bytes for {}", delta.len(), target.len());
        delta
    }

    /// Text without repetition: numbered words.
    fn text(words: usize) -> Vec<u8> {
        (0..words).flat_map(|word| format!("word{} ", word * 7919 % 100_003).into_bytes()).collect()
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(300 * effort()))]

        #[test]
        fn a_delta_leads_from_its_base_to_its_target((base, target) in edited_pair()) {
            check(&base, &target);
        }

        #[test]
        fn a_walk_in_place_is_exact((first, second) in edited_pair(), (third, fourth) in edited_pair()) {
            let mut buffer = GapBuffer::new(first.clone());
            for pair in [&first, &second, &third, &fourth, &second, &first].windows(2) {
                prop_assert_eq!(apply_in_place(&mut buffer, &encode(pair[0], pair[1]), LIMIT), Ok(()));
                prop_assert_eq!(&buffer.to_vec(), pair[1]);
            }
        }

        #[test]
        fn altered_bytes_apply_within_the_limit_or_not_at_all(
            (base, target) in edited_pair(), at in any::<prop::sample::Index>(), byte in any::<u8>(), limit in 0..5000_usize,
        ) {
            let mut delta = encode(&base, &target);
            let at = at.index(delta.len());
            delta[at] = byte;
            let applied = apply(&base, &delta, limit);
            if let Ok(document) = &applied {
                prop_assert!(document.len() <= limit);
            }
            let mut buffer = GapBuffer::new(base.clone());
            let in_place = apply_in_place(&mut buffer, &delta, limit);
            prop_assert_eq!(in_place.is_ok(), applied.is_ok());
            prop_assert_eq!(buffer.into_vec(), applied.unwrap_or(base));
        }

        #[test]
        fn arbitrary_bytes_apply_within_the_limit_or_not_at_all(
            base in prop::collection::vec(any::<u8>(), 0..100), format in 0..4_u8,
            rest in prop::collection::vec(prop_oneof![0..8_u8, any::<u8>()], 0..60), limit in 0..200_usize,
        ) {
            let delta = [&[format][..], &rest].concat();
            if let Ok(document) = apply(&base, &delta, limit) {
                prop_assert!(document.len() <= limit);
            }
        }
    }

    #[test]
    fn an_unchanged_document_and_one_edit_cost_a_few_bytes() {
        let base = text(10_000);
        assert!(check(&base, &base).len() <= 5);
        let mut target = base.clone();
        target.splice(40_000..40_010, *b"typed");
        assert!(check(&base, &target).len() <= 20);
        check(b"", b"");
        check(b"", &base);
        check(&base, b"");
    }

    #[test]
    fn edits_far_apart_cost_a_few_bytes_each() {
        let base = text(100_000);
        let mut target = base.clone();
        let end = target.len() - 100;
        target.splice(end..end, *b"at the end");
        target.splice(500_000..500_700, *b"in the middle");
        target.splice(50..60, *b"at the start");
        assert!(check(&base, &target).len() <= 80);
    }

    #[test]
    fn a_moved_paragraph_costs_itself_and_not_what_is_between() {
        let base = text(100_000);
        let mut target = base.clone();
        let moved: Vec<u8> = target.drain(1000..3000).collect();
        target.splice(700_000..700_000, moved);
        assert!(check(&base, &target).len() <= 2100);
        let mut target = base.clone();
        let moved: Vec<u8> = target.drain(700_000..702_000).collect();
        target.splice(1000..1000, moved);
        assert!(check(&base, &target).len() <= 2100);
    }

    #[test]
    fn a_pasted_text_is_compressed() {
        let base = text(1000);
        let target = [&base[..], &text(5000)].concat();
        assert!(check(&base, &target).len() < (target.len() - base.len()) / 2);
    }

    #[test]
    fn documents_that_repeat_themselves_stay_linear() {
        let len = 10 << 20;
        let ones = vec![b'a'; len];
        let mut other = ones.clone();
        other[len / 3] = b'b';
        other[2 * len / 3] = b'c';
        other.truncate(len - 77);
        assert!(check(&ones, &other).len() < 100);
        let lines = b"the same line of forty bytes, all over.\n".repeat(len / 40);
        let mut edited = lines.clone();
        edited.splice(len / 2..len / 2, *b"!");
        edited.splice(10..20, *b"?");
        assert!(check(&lines, &edited).len() < 200);
        check(&ones, &lines);
        let changed: Vec<u8> = lines.iter().enumerate().map(|(at, &byte)| byte ^ u8::from(at % 37 == 0)).collect();
        check(&lines, &changed);
    }

    #[test]
    fn a_bomb_is_refused_before_it_unfolds() {
        let bomb = encode(b"", &vec![0; 64 << 20]);
        assert!(bomb.len() < 1 << 14, "a bomb of {} bytes", bomb.len());
        assert_eq!(apply(b"", &bomb, LIMIT), Err(DeltaError::TooLarge { declared: 64 << 20, limit: LIMIT }));
    }

    #[test]
    fn a_delta_of_the_first_release_reads_as_it_did() {
        let (base, target) = (b"It was a dark and stormy night.", b"It was a bright and stormy night; the rain fell.");
        let golden = b"\x01\x30\x02\x09\x04\x06\x11\x00\x0f\x62\x72\x69\x67\x68\x74; the rain fell";
        assert_eq!(encode(base, target), golden);
        assert_eq!(apply(base, golden, LIMIT).as_deref(), Ok(&target[..]));
    }

    #[test]
    fn a_delta_is_refused_for_a_base_of_another_length() {
        let delta = encode(b"one paragraph", b"one paragraph more");
        assert_eq!(apply(b"one", &delta, LIMIT), Err(DeltaError::OtherBase { base_len: 3 }));
        assert_eq!(apply(b"one paragraph.", &delta, LIMIT), Err(DeltaError::OtherBase { base_len: 14 }));
    }

    #[test]
    fn what_is_cut_or_longer_than_told_is_refused() {
        let base = text(300);
        let mut target = base.clone();
        target.splice(100..120, *b"here");
        target.extend(text(200));
        let delta = encode(&base, &target);
        for cut in 0..delta.len() {
            assert!(apply(&base, &delta[..cut], LIMIT).is_err(), "cut at {cut}");
        }
        assert_eq!(apply(&base, &[&delta[..], b"!"].concat(), LIMIT), Err(DeltaError::Malformed));
        assert_eq!(apply(&base, b"\x09\x00\x00", LIMIT), Err(DeltaError::UnknownFormat { format: 9 }));
    }
}
