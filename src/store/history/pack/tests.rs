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
