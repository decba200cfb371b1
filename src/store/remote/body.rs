//! A revision's body as it travels: the names, and the document as it is, compressed, or as a delta of another revision's.
//!
//! ```text
//! body := form:u8 length of meta:u32 little-endian, meta, rest
//! form    rest
//! 0       the document
//! 1       the document as an anchor of history/anchor.rs
//! 2       a delta of history/delta.rs
//! 3       such a delta as an anchor
//! 4       a body of one of these forms, sealed: see `sealed.rs`
//! ```
//!
//! Which form it has changes nothing about the revision: its id covers a digest of names and document. Nothing here proves
//! anything; whoever reads a body holds what it says against that digest.

use super::sealed;
use crate::codec::{CodecError, Fields, Writer, put_varint, take, take_varint};
use crate::fault;
use crate::id::{KeyId, RevisionId};
use crate::revision::CHAIN_MAX;
use crate::store::heads::DOCUMENT_MAX;
use crate::store::history::{anchor, delta};

const PLAIN: u8 = 0;
const PACKED: u8 = 1;
const DELTA: u8 = 2;
const PACKED_DELTA: u8 = 3;

/// The level of compression: a body is written once and travels to every device.
const LEVEL: i32 = 3;

/// The longest delta: `history/delta.rs` promises that it is hardly longer than its document.
const DELTA_MAX: usize = DOCUMENT_MAX + 64;

/// Where a delta saves less than this part of a body, the whole one is sent: each delta travels to everybody who is new to the draft.
const WORTH_IT: usize = 2;

/// The form of a revision that is stored as it came.
const STORED: u8 = 1;

/// A revision as it travels: its header, its body, and the bodies that this one builds on, the whole one first.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Travelling {
    pub(crate) header: Vec<u8>,
    pub(crate) body: Vec<u8>,
    pub(crate) chain: Vec<(RevisionId, Vec<u8>)>,
}

impl Travelling {
    /// How many bytes of it travel.
    pub(crate) fn bytes(&self) -> usize {
        let chain: usize = self.chain.iter().map(|(_, body)| RevisionId::LEN + body.len()).sum();
        self.header.len() + self.body.len() + chain
    }

    /// The key that its body and all that it builds on are sealed with; none where they are not, or with more than one.
    pub(crate) fn key(&self) -> Option<KeyId> {
        let key = sealed::key_id(&self.body)?;
        self.chain.iter().all(|(_, body)| sealed::key_id(body) == Some(key)).then_some(key)
    }

    /// How many deltas its document is made by.
    pub(crate) const fn deltas(&self) -> usize {
        self.chain.len()
    }

    /// All of it as it is stored, with what it takes to read it: what was pulled may be the last copy.
    pub(super) fn to_bytes(&self) -> Vec<u8> {
        let mut writer = Writer::new(STORED);
        writer.bytes(1, &self.header);
        writer.bytes(2, &self.body);
        if !fault::on("row-stored-without-its-chain") {
            writer.bytes_unless_empty(3, &self.chain_to_bytes());
        }
        writer.finish()
    }

    pub(super) fn from_bytes(bytes: &[u8]) -> Result<Self, CodecError> {
        let fields = Fields::parse(bytes, STORED)?;
        let (header, body) = (fields.required(1)?.to_vec(), fields.required(2)?.to_vec());
        Ok(Self { header, body, chain: Self::chain_from_bytes(3, fields.bytes(3))? })
    }

    /// The chain as it is stored: the id of each, its length, its body.
    fn chain_to_bytes(&self) -> Vec<u8> {
        let mut bytes = Vec::new();
        for (id, body) in &self.chain {
            bytes.extend_from_slice(id.as_bytes());
            put_varint(&mut bytes, body.len() as u64);
            bytes.extend_from_slice(body);
        }
        bytes
    }

    fn chain_from_bytes(tag: u64, mut bytes: &[u8]) -> Result<Vec<(RevisionId, Vec<u8>)>, CodecError> {
        let mut chain = Vec::new();
        while !bytes.is_empty() {
            let id = take(&mut bytes, RevisionId::LEN)?.try_into().map_err(|_| CodecError::Malformed(tag))?;
            let length = usize::try_from(take_varint(&mut bytes)?).map_err(|_| CodecError::Malformed(tag))?;
            chain.push((RevisionId::from_bytes(id), take(&mut bytes, length)?.to_vec()));
        }
        Ok(chain)
    }
}

/// A body that can be read alone, compressed where that is shorter.
pub(crate) fn whole(meta: &[u8], document: &[u8]) -> Vec<u8> {
    let packed = anchor::encode(document, LEVEL);
    if packed.len() < document.len() { write(PACKED, meta, &packed) } else { write(PLAIN, meta, document) }
}

/// The same of a document that is an anchor already; none where the anchor is not compressed.
pub(crate) fn of_anchor(meta: &[u8], anchor: &[u8]) -> Option<Vec<u8>> {
    anchor::is_compressed(anchor).then(|| write(PACKED, meta, anchor))
}

/// A body that is a delta of another document; none where that is not at most half as long as `whole`, which is the same whole.
pub(crate) fn over(base: &[u8], meta: &[u8], document: &[u8], whole: &[u8]) -> Option<Vec<u8>> {
    let limit = (whole.len() / WORTH_IT).checked_sub(RevisionId::LEN)?;
    // Not even an empty delta would do.
    if limit <= HEAD + meta.len() {
        return None;
    }
    let delta = delta::encode(base, document);
    // Others may have nothing but this: what it makes is looked at before it leaves.
    if !delta::apply(base, &delta, DOCUMENT_MAX).is_ok_and(|made| made == document) {
        return None;
    }
    let packed = anchor::encode(&delta, LEVEL);
    let body = if packed.len() < delta.len() { write(PACKED_DELTA, meta, &packed) } else { write(DELTA, meta, &delta) };
    (body.len() <= limit).then_some(body)
}

const HEAD: usize = 5;

fn write(form: u8, meta: &[u8], rest: &[u8]) -> Vec<u8> {
    let length = u32::try_from(meta.len()).unwrap_or(u32::MAX);
    let mut body = Vec::with_capacity(HEAD + meta.len() + rest.len());
    body.push(form);
    body.extend_from_slice(&length.to_le_bytes());
    body.extend_from_slice(meta);
    body.extend_from_slice(rest);
    body
}

/// The names and the document that a body says, upon the bodies that it builds on; none where one of them is not what
/// is written here, does not fit the one before it, or is longer than a document may be.
///
/// Takes at most so much memory as a few of the longest documents, whatever the bytes claim.
pub(crate) fn read<'b>(body: &'b [u8], chain: &[(RevisionId, Vec<u8>)]) -> Option<(&'b [u8], Vec<u8>)> {
    if chain.len() > CHAIN_MAX {
        return None;
    }
    let mut document = None;
    for (_, below) in chain {
        let (form, _, rest) = parts(below)?;
        document = Some(unfold(form, rest, document.as_deref())?);
    }
    let (form, meta, rest) = parts(body)?;
    Some((meta, unfold(form, rest, document.as_deref())?))
}

/// The form of a body, its names, and what is behind them.
fn parts(body: &[u8]) -> Option<(u8, &[u8], &[u8])> {
    let (form, rest) = body.split_first()?;
    let (length, rest) = rest.split_first_chunk::<4>()?;
    let length = usize::try_from(u32::from_le_bytes(*length)).ok()?;
    let (meta, rest) = rest.split_at_checked(length)?;
    Some((*form, meta, rest))
}

fn unfold(form: u8, rest: &[u8], base: Option<&[u8]>) -> Option<Vec<u8>> {
    let limit = if fault::on("bodies-unfold-without-limit") { usize::MAX } else { DOCUMENT_MAX };
    match form {
        PLAIN => (rest.len() <= limit).then(|| rest.to_vec()),
        PACKED => anchor::decode(rest, limit).ok(),
        DELTA => delta::apply(base?, rest, limit).ok(),
        PACKED_DELTA => delta::apply(base?, &anchor::decode(rest, DELTA_MAX).ok()?, limit).ok(),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn text(words: usize) -> Vec<u8> {
        (0..words).flat_map(|word| format!("word{} ", word * 7919 % 100_003).into_bytes()).collect()
    }

    fn named(bodies: &[Vec<u8>]) -> Vec<(RevisionId, Vec<u8>)> {
        bodies.iter().zip(0..).map(|(body, at)| (RevisionId::from_bytes([at; 32]), body.clone())).collect()
    }

    proptest! {
        #[test]
        fn a_chain_of_bodies_says_its_last_document(
            start in prop::collection::vec(any::<u8>(), 0..3_000),
            edits in prop::collection::vec((any::<prop::sample::Index>(), prop::collection::vec(any::<u8>(), 0..20)), 0..8),
            meta in prop::collection::vec(any::<u8>(), 0..20),
        ) {
            let (mut document, mut chain) = (start, Vec::new());
            let mut body = whole(b"", &document);
            for (at, put) in edits {
                let before = document.clone();
                let at = at.index(document.len() + 1);
                document.splice(at..at, put);
                let next = whole(&meta, &document);
                if let Some(delta) = over(&before, &meta, &document, &next) {
                    chain.push(std::mem::replace(&mut body, delta));
                } else {
                    (chain, body) = (Vec::new(), next);
                }
            }
            prop_assert_eq!(read(&body, &named(&chain)).map(|(_, document)| document), Some(document));
        }

        #[test]
        fn arbitrary_bytes_are_read_within_the_limit_or_not_at_all(
            form in 0..6_u8, meta in 0..4_u8, rest in prop::collection::vec(any::<u8>(), 0..60),
            base in prop::option::of(prop::collection::vec(any::<u8>(), 0..60)),
        ) {
            let body = [&[form, meta, 0, 0, 0][..], &rest].concat();
            let chain: Vec<_> = base.iter().map(|base| whole(b"", base)).collect();
            let _ = read(&body, &named(&chain));
            let _ = read(&whole(b"", b"x"), &named(&[body]));
        }
    }

    #[test]
    fn an_edit_of_a_long_text_is_a_short_body_and_a_text_is_compressed() {
        let base = text(10_000);
        let mut edited = base.clone();
        edited.splice(50_000..50_004, *b"here");
        let plain = whole(b"meta", &edited);
        assert!(plain.len() < edited.len() * 2 / 3, "{} of {}", plain.len(), edited.len());
        let delta = over(&base, b"meta", &edited, &plain).expect("it is far shorter");
        assert!(delta.len() < 40, "{}", delta.len());
        let chain = named(&[whole(b"", &base)]);
        assert_eq!(read(&delta, &chain), Some((&b"meta"[..], edited.clone())));
        // What does not belong there does not fit, or is another text.
        assert_eq!(read(&delta, &[]), None);
        assert_eq!(read(&delta, &named(&[whole(b"", b"another")])), None);
        assert_eq!(read(&delta, &named(&vec![whole(b"", &base); CHAIN_MAX + 1])), None);
        assert_eq!(read(&[&delta[..], b"!"].concat(), &chain), None);
        assert_eq!(read(&delta[..delta.len() - 1], &chain), None);
        // One that says all anew is sent whole.
        assert_eq!(over(b"quite another text", b"meta", &edited, &plain), None);
        assert_eq!(over(b"short", b"", b"short!", &whole(b"", b"short!")), None);
    }

    #[test]
    fn many_small_edits_are_compressed_together() {
        let base = text(20_000);
        let edited = String::from_utf8(base.clone()).unwrap().replace("word1", "Word1").into_bytes();
        let plain = whole(b"", &edited);
        let delta = over(&base, b"", &edited, &plain).expect("it is shorter");
        assert_eq!(delta[0], PACKED_DELTA);
        assert_eq!(read(&delta, &named(&[whole(b"", &base)])), Some((&b""[..], edited)));
    }

    #[test]
    fn a_bomb_is_refused_wherever_it_stands() {
        let zeros = vec![0; DOCUMENT_MAX + 1];
        let bombs = [
            write(PLAIN, b"", &zeros),
            write(PACKED, b"", &anchor::encode(&zeros, LEVEL)),
            write(DELTA, b"", &delta::encode(b"", &zeros)),
            write(PACKED_DELTA, b"", &anchor::encode(&delta::encode(b"", &zeros), LEVEL)),
            write(PACKED_DELTA, b"", &anchor::encode(&vec![0; DELTA_MAX + 1], LEVEL)),
        ];
        for bomb in bombs {
            assert!(read(&bomb, &named(&[whole(b"", b"")])).is_none());
            assert!(read(&whole(b"", b"x"), &named(&[whole(b"", b""), bomb])).is_none());
        }
    }

    #[test]
    fn what_is_cut_or_longer_than_told_is_refused() {
        let document = text(300);
        let body = whole(b"meta", &document);
        assert_eq!(body[0], PACKED);
        for cut in 0..body.len() {
            assert_eq!(read(&body[..cut], &[]), None, "cut at {cut}");
        }
        assert_eq!(read(&[&body[..], b"!"].concat(), &[]), None);
        assert_eq!(read(&[9, 0, 0, 0, 0], &[]), None);
        assert_eq!(read(&[PLAIN, 0, 0, 0, 0, b'x'], &[]), Some((&b""[..], b"x".to_vec())));
    }

    #[test]
    fn a_chain_survives_its_bytes() {
        let one = Travelling { chain: named(&[vec![], vec![1], vec![2; 300]]), ..Travelling::default() };
        let bytes = one.chain_to_bytes();
        assert_eq!(Travelling::chain_from_bytes(3, &bytes), Ok(one.chain));
        for cut in 1..bytes.len() {
            let read = Travelling::chain_from_bytes(3, &bytes[..cut]);
            assert!(read.is_err() || cut == 33 || cut == 33 + 34, "cut at {cut}");
        }
    }
}
