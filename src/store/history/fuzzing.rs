//! Entry points for a fuzzer: each takes arbitrary bytes and panics where a promise of this room does not hold.

#![allow(missing_docs, unreachable_pub, clippy::missing_panics_doc)]

use super::gap::GapBuffer;
use super::pack::{Pack, PackBuilder, PackEntry};
use super::{anchor, delta};

const LIMIT: usize = 1 << 20;

/// Splits at a length that the first two bytes give.
fn split(data: &[u8]) -> (&[u8], &[u8]) {
    let Some((len, rest)) = data.split_first_chunk::<2>() else { return (data, &[]) };
    rest.split_at(usize::from(u16::from_le_bytes(*len)).min(rest.len()))
}

pub fn anchor(data: &[u8]) {
    if let Ok(document) = anchor::decode(data, LIMIT) {
        assert!(document.len() <= LIMIT);
    }
    let encoded = anchor::encode(data, anchor::LEVEL_SAVE);
    assert_eq!(anchor::decode(&encoded, data.len()).as_deref(), Ok(data));
}

pub fn delta(data: &[u8]) {
    let (base, other) = split(data);
    let mut buffer = GapBuffer::new(base.to_vec());
    let in_place = delta::apply_in_place(&mut buffer, other, LIMIT);
    let applied = delta::apply(base, other, LIMIT);
    assert_eq!(in_place.is_ok(), applied.is_ok());
    let document = applied.unwrap_or_else(|_| base.to_vec());
    assert!(document.len() <= LIMIT.max(base.len()));
    assert_eq!(buffer.into_vec(), document);
}

pub fn delta_round_trip(data: &[u8]) {
    let (base, target) = split(data);
    let encoded = delta::encode(base, target);
    assert!(encoded.len() <= target.len() + 32);
    assert_eq!(delta::apply(base, &encoded, target.len()).as_deref(), Ok(target));
    let mut buffer = GapBuffer::new(base.to_vec());
    assert_eq!(delta::apply_in_place(&mut buffer, &encoded, target.len()), Ok(()));
    assert_eq!(buffer.into_vec(), target);
}

/// The data is a pack without its hash, which a fuzzer would not find.
pub fn pack(data: &[u8]) {
    let bytes = [data, blake3::hash(data).as_bytes()].concat();
    let Ok(pack) = Pack::parse(&bytes, LIMIT) else { return };
    let (first, last) = pack.covers();
    let mut expected = first;
    for entry in pack.entries() {
        assert!(entry.version >= expected && entry.version <= last && entry.body_len <= LIMIT);
        expected = entry.version.saturating_add(1);
    }
    if let Ok(bodies) = pack.bodies() {
        for (entry, body) in bodies.map_while(Result::ok) {
            assert_eq!(body.len(), entry.body_len);
        }
    }
}

/// The data is a history: every version a piece of it.
pub fn pack_round_trip(data: &[u8]) {
    let mut versions = Vec::new();
    let mut rest = data;
    while !rest.is_empty() && versions.len() < 50 {
        let (body, behind) = split(rest);
        versions.push(body);
        rest = behind;
    }
    let mut builder = PackBuilder::new(1, 3);
    for (version, body) in (1..).zip(&versions) {
        let beside = &body[..body.len().min(20)];
        let entry = PackEntry { version, head: beside, meta: &beside[beside.len() / 2..], local: b"", body };
        assert_eq!(builder.push(&entry), Ok(()));
    }
    let bytes = builder.finish(versions.len().max(1) as u64).expect("in order");
    let pack = Pack::parse(&bytes, data.len()).expect("what was built");
    let bodies = pack.bodies().expect("readable").map(|body| body.expect("readable").1);
    assert!(bodies.eq(versions.iter().map(|body| body.to_vec())));
}
