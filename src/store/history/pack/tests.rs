//! Packs: what was pushed comes back, and nothing else is taken for one.

use super::super::testing::{document, edited_pair, effort};
use super::*;
use proptest::prelude::*;

const BODY_MAX: usize = 1 << 20;

#[derive(Debug, Clone, PartialEq, Eq)]
struct Saved {
    version: u64,
    head: Vec<u8>,
    meta: Vec<u8>,
    local: Vec<u8>,
    body: Vec<u8>,
}

fn build(first: u64, versions: &[Saved], last: u64) -> Vec<u8> {
    let mut builder = PackBuilder::new(first, 3);
    for Saved { version, head, meta, local, body } in versions {
        builder.push(&PackEntry { version: *version, head, meta, local, body }).expect("within the limits");
    }
    builder.finish(last).expect("in order")
}

/// A history: the first version covered, versions with gaps, the last version covered.
fn history() -> impl Strategy<Value = (u64, Vec<Saved>, u64)> {
    let bodies =
        (edited_pair(), document(), prop::collection::vec((0..3_u8, any::<prop::sample::Index>(), 0..9_usize), 0..12));
    let beside = prop::collection::vec((prop::collection::vec(any::<u8>(), 0..40), 0..3_u64), 20);
    (any::<u32>(), bodies, beside, 0..3_u64).prop_map(|(first, ((one, two), three, steps), beside, behind)| {
        let mut bodies = vec![one, two, three];
        for (kind, at, len) in steps {
            let mut body = bodies[bodies.len() - 1].clone();
            let at = at.index(body.len() + 1);
            let end = (at + len).min(body.len());
            match kind {
                0 => drop(body.drain(at..end)),
                1 => drop(body.splice(at..end, *b"typed")),
                _ => drop(body.splice(at..at, *b"typed more")),
            }
            bodies.push(body);
        }
        let first = u64::from(first);
        let mut next = first;
        let versions: Vec<Saved> = bodies
            .into_iter()
            .zip(beside)
            .map(|(body, (bytes, skip))| {
                let version = next + skip;
                next = version + 1;
                let head = [&b"a header that stays: "[..], &version.to_be_bytes()].concat();
                Saved { version, head, meta: bytes.clone(), local: bytes[bytes.len() / 2..].to_vec(), body }
            })
            .collect();
        (first, versions, next - 1 + behind)
    })
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(100 * effort()))]

    #[test]
    fn a_pack_gives_every_version_back((first, versions, last) in history()) {
        let bytes = build(first, &versions, last);
        let pack = Pack::parse(&bytes, BODY_MAX).expect("what was built");
        prop_assert_eq!(pack.covers(), (first, last));
        prop_assert_eq!(pack.len(), versions.len());
        prop_assert_eq!(pack.entries().count(), versions.len());
        for (entry, version) in pack.entries().zip(&versions) {
            let Saved { version, head, meta, local, body } = version;
            let expected = PackVersion { version: *version, head, meta, local, body_len: body.len() };
            prop_assert_eq!(entry, expected);
            prop_assert_eq!(pack.entry(*version), Some(expected));
            prop_assert_eq!(&pack.body(*version), &Ok(body.clone()));
        }
        let bodies: Result<Vec<_>, _> = pack.bodies().expect("readable").collect();
        let bodies: Vec<_> = bodies.expect("readable").into_iter().map(|(entry, body)| (entry.version, body)).collect();
        prop_assert_eq!(bodies, versions.iter().map(|all| (all.version, all.body.clone())).collect::<Vec<_>>());
        for version in first..=last + 1 {
            if versions.iter().all(|all| all.version != version) {
                prop_assert_eq!(pack.body(version), Err(PackError::Absent { version }));
                prop_assert_eq!(pack.entry(version), None);
            }
        }
    }

    #[test]
    fn merging_packs_changes_no_version((first, versions, last) in history(), at in any::<prop::sample::Index>()) {
        let at = at.index(versions.len());
        let middle = versions[at].version;
        prop_assume!(first < middle);
        let halves = [build(first, &versions[..at], middle - 1), build(middle, &versions[at..], last)];
        let mut merged = PackBuilder::new(first, 3);
        for half in halves {
            let half = Pack::parse(&half, BODY_MAX).expect("what was built");
            for entry in half.bodies().expect("readable") {
                let (PackVersion { version, head, meta, local, .. }, body) = entry.expect("readable");
                merged.push(&PackEntry { version, head, meta, local, body: &body }).expect("within the limits");
            }
        }
        prop_assert_eq!(merged.finish(last).expect("in order"), build(first, &versions, last));
    }

    #[test]
    fn altered_content_under_a_right_hash_is_an_error_or_within_the_limits(
        (first, versions, last) in history(), at in any::<prop::sample::Index>(), byte in any::<u8>(),
    ) {
        let mut bytes = build(first, &versions, last);
        bytes.truncate(bytes.len() - HASH_LEN);
        let at = at.index(bytes.len());
        bytes[at] = byte;
        let hash = blake3::hash(&bytes);
        bytes.extend_from_slice(hash.as_bytes());
        if let Ok(pack) = Pack::parse(&bytes, 5000) {
            for entry in pack.entries() {
                if let Ok(body) = pack.body(entry.version) {
                    prop_assert!(body.len() == entry.body_len && body.len() <= 5000);
                }
            }
        }
    }
}

/// A history of a few small versions, with gaps.
fn small() -> Vec<u8> {
    let saved = |version: u64, meta: &str, body: &str| Saved {
        version,
        head: format!("head {version:03}").into_bytes(),
        meta: meta.into(),
        local: vec![],
        body: body.into(),
    };
    let versions = [
        saved(7, "A title", r#"{"text":"Once upon a time"}"#),
        saved(8, "A title", r#"{"text":"Once upon a time there was"}"#),
        saved(11, "Another", r#"{"text":"There was once"}"#),
    ];
    build(6, &versions, 12)
}

/// What the first release wrote for [`small`], in its parts.
const GOLDEN: [&[u8]; 8] = [
    b"\x01\x06\x0c\x03",
    b"\x45\x01\x43\x1b\x03\x01\x00\x02\x02\x01\x02\x03\x32\x1f\x08\x03\x00\x12\x00\x03\x0a\x01\x05",
    b"\x0a\x01\x01head 007\0\0\0\0\0\0\0\0\0\0\0\0\0\x01\x01\xf9",
    b"\x09\x00\x09A titleAnother",
    b"\0\0\0",
    b"\x2d\x01\x2b{\"text\":\"Once upon a time\"} there wasT once",
    b"\x8e\x8e\xa4\x24\xf3\xdf\xef\xcd\xfc\x27\xb2\xa1\x09\xd2\xdd\x5b",
    b"\x2f\x02\x8c\x36\xf9\x10\xb4\x89\xeb\x38\xf6\x98\x83\xbe\x7a\xca",
];

#[test]
fn a_pack_of_the_first_release_reads_as_it_did() {
    let bytes = GOLDEN.concat();
    assert_eq!(bytes, small(), "the writer may change if the reader below does not");
    let pack = Pack::parse(&bytes, BODY_MAX).expect("a pack");
    assert_eq!(pack.covers(), (6, 12));
    let read: Vec<_> = pack.bodies().expect("readable").map(|item| item.expect("readable")).collect();
    let read = read.iter().map(|(entry, body)| (entry.version, entry.head, entry.meta, &body[..]));
    assert!(read.eq([
        (7, &b"head 007"[..], &b"A title"[..], &br#"{"text":"Once upon a time"}"#[..]),
        (8, b"head 008", b"A title", br#"{"text":"Once upon a time there was"}"#),
        (11, b"head 011", b"Another", br#"{"text":"There was once"}"#),
    ]));
}

#[test]
fn every_flipped_bit_is_an_error() {
    let bytes = small();
    for bit in 0..8 * bytes.len() {
        let mut flipped = bytes.clone();
        flipped[bit / 8] ^= 1 << (bit % 8);
        assert_eq!(Pack::parse(&flipped, BODY_MAX).err(), Some(PackError::Damaged), "bit {bit}");
    }
}

#[test]
fn every_cut_is_an_error() {
    let bytes = small();
    for cut in 0..bytes.len() {
        assert_eq!(Pack::parse(&bytes[..cut], BODY_MAX).err(), Some(PackError::Damaged), "cut at {cut}");
    }
}

fn entry(version: u64, body: &[u8]) -> PackEntry<'_> {
    PackEntry { version, head: b"head", meta: b"", local: b"", body }
}

#[test]
fn versions_out_of_order_are_refused() {
    let mut builder = PackBuilder::new(5, 3);
    assert_eq!(builder.push(&entry(4, b"")), Err(PackError::OutOfOrder { version: 4 }));
    assert_eq!(builder.push(&entry(6, b"one")), Ok(()));
    assert_eq!(builder.push(&entry(6, b"two")), Err(PackError::OutOfOrder { version: 6 }));
    assert_eq!(builder.push(&entry(u64::MAX, b"last")), Ok(()));
    assert_eq!(builder.push(&entry(u64::MAX, b"again")), Err(PackError::OutOfOrder { version: u64::MAX }));
    let pack = Pack::parse(&builder.finish(u64::MAX).expect("in order"), BODY_MAX).expect("what was built");
    assert_eq!(pack.body(6).as_deref(), Ok(&b"one"[..]));
    assert_eq!(pack.body(u64::MAX).as_deref(), Ok(&b"last"[..]));
    let mut builder = PackBuilder::new(5, 3);
    assert_eq!(builder.push(&entry(6, b"one")), Ok(()));
    assert_eq!(builder.finish(5), Err(PackError::OutOfOrder { version: 5 }));
}

#[test]
fn a_pack_may_cover_versions_and_hold_none() {
    let bytes = PackBuilder::new(3, 3).finish(9).expect("in order");
    let pack = Pack::parse(&bytes, BODY_MAX).expect("what was built");
    assert_eq!((pack.covers(), pack.len()), ((3, 9), 0));
    assert_eq!(pack.body(3), Err(PackError::Absent { version: 3 }));
    assert_eq!(pack.bodies().expect("readable").count(), 0);
}

#[test]
fn a_builder_is_full_at_its_number_of_versions() {
    let mut builder = PackBuilder::new(0, 1);
    let mut body = Vec::new();
    let mut version = 0;
    while !builder.is_full() {
        body.push(b'a');
        builder.push(&entry(version, &body)).expect("room");
        version += 1;
    }
    assert_eq!(builder.len(), VERSIONS_MAX);
    assert_eq!(builder.push(&entry(version, &body)), Err(PackError::Full));
    let pack = Pack::parse(&builder.finish(version).expect("in order"), BODY_MAX).expect("what was built");
    assert_eq!(pack.body(version - 1), Ok(body));
}

#[test]
fn a_builder_is_full_at_its_bytes_of_scripts_and_still_readable() {
    // Pseudo-random bodies, of which none resembles another.
    let body_len = 3 << 20;
    let body = |version: u64| {
        let mut bytes = vec![0; body_len];
        blake3::Hasher::new().update(&version.to_be_bytes()).finalize_xof().fill(&mut bytes);
        bytes
    };
    let mut builder = PackBuilder::new(1, 1);
    let mut version = 1;
    while !builder.is_full() {
        builder.push(&entry(version, &body(version))).expect("room");
        version += 1;
    }
    assert_eq!(version, 8, "an anchor and six scripts of 3 MiB");
    let bytes = builder.finish(version - 1).expect("in order");
    let pack = Pack::parse(&bytes, body_len).expect("what was built");
    assert_eq!(pack.body(7), Ok(body(7)));
    assert_eq!(pack.body(1), Ok(body(1)));
}

#[test]
fn a_builder_is_full_at_its_bytes_beside_the_bodies_and_still_readable() {
    let mut builder = PackBuilder::new(1, 1);
    let meta = vec![b'm'; BESIDE_MAX - 4];
    let too_much = vec![b'm'; BESIDE_MAX + 1];
    assert_eq!(builder.push(&PackEntry { meta: &too_much, ..entry(1, b"") }), Err(PackError::TooLarge));
    let mut version = 1;
    while !builder.is_full() {
        builder.push(&PackEntry { meta: &meta, ..entry(version, b"body") }).expect("room");
        version += 1;
    }
    assert_eq!(version, 5);
    let pack = Pack::parse(&builder.finish(4).expect("in order"), BODY_MAX).expect("what was built");
    assert_eq!(pack.entry(4).map(|entry| entry.meta.to_vec()), Some(meta));
}

#[test]
fn a_builder_is_full_where_a_walk_would_take_long() {
    let mut builder = PackBuilder::new(1, 1);
    let mut body = vec![b'x'; 4 << 20];
    let end = body.len() - 1;
    let mut version = 1_u64;
    while !builder.is_full() {
        (body[0], body[end]) = (version.to_le_bytes()[0], version.to_le_bytes()[0]);
        builder.push(&entry(version, &body)).expect("room");
        version += 1;
    }
    assert!((100..600).contains(&version), "full before version {version}");
    let bytes = builder.finish(version).expect("in order");
    let pack = Pack::parse(&bytes, body.len()).expect("what was built");
    assert_eq!(pack.body(version - 1), Ok(body));
}

#[test]
fn a_body_longer_than_the_reader_accepts_is_refused_before_it_unfolds() {
    let mut builder = PackBuilder::new(1, 1);
    builder.push(&entry(1, b"short")).expect("room");
    builder.push(&entry(2, &vec![0; 8 << 20])).expect("room");
    let bytes = builder.finish(2).expect("in order");
    assert!(bytes.len() < 1 << 12, "a bomb of {} bytes", bytes.len());
    assert_eq!(Pack::parse(&bytes, (8 << 20) - 1).err(), Some(PackError::TooLarge));
    assert!(Pack::parse(&bytes, 8 << 20).is_ok());
}

/// Writes a pack by hand, with a right hash around any index and text.
fn forged(count: u64, index: &[u8], text: &[u8]) -> Vec<u8> {
    use super::super::wire::{put, put_section};
    let mut bytes = vec![FORMAT];
    put(&mut bytes, 1);
    put(&mut bytes, 1 << 20);
    put(&mut bytes, count);
    put_section(&mut bytes, index);
    put_section(&mut bytes, text);
    let hash = blake3::hash(&bytes);
    bytes.extend_from_slice(hash.as_bytes());
    bytes
}

#[test]
fn bombs_under_a_right_hash_are_refused() {
    use super::super::anchor;
    let zeros = anchor::encode(&vec![0; 64 << 20], 1);
    let text = anchor::encode(b"", 1);
    assert_eq!(Pack::parse(&forged(1, &zeros, &text), BODY_MAX).err(), Some(PackError::TooLarge));
    assert_eq!(Pack::parse(&forged(1 << 40, &text, &text), BODY_MAX).err(), Some(PackError::TooLarge));
    // An empty document whose text unfolds to more than the index asks for: found when the text is read.
    let index = b"\x00\x01\x00\x00\x00\x00\x00\x00\x00\x00";
    let pack = Pack::parse(&forged(1, &anchor::encode(index, 1), &zeros), BODY_MAX).expect("a fair index");
    assert_eq!(pack.body(1), Err(PackError::TooLarge));
}

#[test]
fn a_pack_of_a_newer_format_is_named_as_such() {
    let mut bytes = small();
    bytes.truncate(bytes.len() - HASH_LEN);
    bytes[0] = 2;
    let hash = blake3::hash(&bytes);
    bytes.extend_from_slice(hash.as_bytes());
    assert_eq!(Pack::parse(&bytes, BODY_MAX).err(), Some(PackError::UnknownFormat { format: 2 }));
}
