//! What the tests of this room share.

use proptest::prelude::*;
use proptest::sample::Index;

/// How many times its default share a search takes: the environment variable `DRAFTKEEP_EFFORT`.
pub(super) fn effort() -> u32 {
    std::env::var("DRAFTKEEP_EFFORT").ok().and_then(|effort| effort.parse().ok()).unwrap_or(1)
}

/// Documents of several textures: random, of few letters, of one letter, of repeated lines.
pub(super) fn document() -> impl Strategy<Value = Vec<u8>> {
    prop_oneof![
        prop::collection::vec(any::<u8>(), 0..3000),
        prop::collection::vec(b'a'..=b'c', 0..3000),
        (0..3000_usize).prop_map(|len| vec![b'a'; len]),
        (prop::collection::vec(any::<u8>(), 0..60), 0..50_usize).prop_map(|(line, times)| line.repeat(times)),
    ]
}

/// A document and what some edits made of it: insertions, removals, replacements, copies and moves within itself.
pub(super) fn edited_pair() -> impl Strategy<Value = (Vec<u8>, Vec<u8>)> {
    let edit = (0..4_u8, any::<Index>(), 0..200_usize, any::<Index>(), prop::collection::vec(any::<u8>(), 0..40));
    (document(), prop::collection::vec(edit, 0..6)).prop_map(|(base, edits)| {
        let mut target = base.clone();
        for (kind, at, len, to, fresh) in edits {
            let at = at.index(target.len() + 1);
            let end = (at + len).min(target.len());
            let put = match kind {
                0 => target[at..end].to_vec(),
                1 => target.drain(at..end).collect(),
                2 => {
                    target.drain(at..end);
                    fresh
                }
                _ => fresh,
            };
            let to = to.index(target.len() + 1);
            target.splice(to..to, put);
        }
        (base, target)
    })
}
