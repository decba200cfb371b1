//! Goal: no nonce comes twice, in whatever is sealed: records, bodies that travel, the keys of a space, and the data key of each envelope.
//! Method: 200,000 of them, `DRAFTKEEP_EFFORT` times, made by the code that seals for a store. Half of them with a generator of random numbers, for
//! equal texts in equal places again and again; half with one that repeats itself, where no place is sealed for twice: there the same
//! nonce for the same text says nothing that the text does not.

use super::row;
use super::seals::Seals;
use crate::clock::{Entropy, SeededEntropy};
use crate::records::coat::Coat;
use crate::seal::aead::{self, NONCE_LEN};
use crate::seal::{Key, MemoryKeyRing, envelope};
use crate::storage::MemoryStorage;
use crate::store::tables::{SpaceNo, VERSIONS};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

/// Sealed in one round: a record, a body and the keys of a space, the latter two in envelopes.
const NONCES_A_ROUND: usize = 1 + 2 + 2;

/// Rounds of each of the two generators, at effort 1.
const ROUNDS: usize = 200_000 / NONCES_A_ROUND / 2;

/// So often the keys of spaces are kept by the same seals: these remember each of them.
const ROUNDS_OF_SEALS: usize = 1_000;

fn effort() -> usize {
    std::env::var("DRAFTKEEP_EFFORT").ok().and_then(|effort| effort.parse().ok()).unwrap_or(1)
}

/// Says the same sixteen things over and over, as the copies of a virtual machine do.
#[derive(Debug, Default)]
struct Repeats(AtomicUsize);

impl Entropy for Repeats {
    fn fill(&self, bytes: &mut [u8]) {
        bytes.fill(u8::try_from(self.0.fetch_add(1, Ordering::Relaxed) % 16).expect("it is small"));
    }
}

/// The beginnings of nonces. Nonces are hashes, so that 64 bits of one are a hash of it: two that differ begin alike in one of 2^64 cases.
struct Nonces(Vec<u64>);

impl Nonces {
    fn add(&mut self, sealed: &[u8]) {
        let nonce = sealed.first_chunk::<NONCE_LEN>().expect("what is sealed begins with its nonce");
        self.0.push(u64::from_le_bytes(*nonce.first_chunk().expect("a nonce is longer")));
    }

    /// The nonce of the data key, and that of the text.
    fn add_envelope(&mut self, envelope: &[u8]) {
        let sealed = envelope::ADDED - aead::ADDED;
        self.add(&envelope[sealed - aead::ADDED - Key::LEN..]);
        self.add(&envelope[sealed..]);
    }
}

/// Seals so many rounds. Places are those of one space and one draft, or others in every round.
fn rounds(nonces: &mut Nonces, entropy: &Arc<dyn Entropy>, rounds: usize, are_places_equal: bool) {
    let mut seals = None;
    for round in 0..rounds {
        if round.is_multiple_of(ROUNDS_OF_SEALS) {
            let ring = MemoryKeyRing::new(Key::from_bytes([1; Key::LEN]), Key::from_bytes([2; Key::LEN]));
            let made = Seals::new(Arc::new(ring), Arc::clone(entropy), Arc::new(MemoryStorage::new()));
            let beginning = made.begin("alice").unwrap();
            seals = Some((made, beginning));
        }
        let (seals, beginning) = seals.as_ref().expect("the first round makes them");
        let space = if are_places_equal { 1 } else { SpaceNo::try_from(round).unwrap() };
        let place = [&space.to_be_bytes()[..], b" and what else a key says"].concat();
        // The number of a line is no more than the letters around it: most texts are equal, and all are alike.
        let text = format!("It rained. {}", round % 7);

        let keys = seals.add(space, "alice", beginning);
        assert_eq!(row::KeysRow::decode(&keys.encode()).as_ref(), Ok(&keys));
        nonces.add_envelope(&keys.envelope);
        let record = seals.seal(VERSIONS, &place, text.clone().into_bytes()).unwrap();
        // Behind the number of the data key, which is the first of its space.
        nonces.add(record.strip_prefix(&[0]).expect("it is the first"));
        let opened = seals.known(space).expect("it was put");
        nonces.add_envelope(&seals.seal_text(&opened, &place, text.as_bytes()));
        seals.committed(true);
    }
}

#[test]
#[allow(clippy::cast_precision_loss, reason = "a chance is told roughly")]
fn no_nonce_comes_twice_for_equal_texts_or_from_a_generator_that_repeats_itself() {
    let each = ROUNDS * effort();
    let mut nonces = Nonces(Vec::with_capacity(2 * each * NONCES_A_ROUND));
    let random: Arc<dyn Entropy> = Arc::new(SeededEntropy::new(1));
    rounds(&mut nonces, &random, each, true);
    let repeats: Arc<dyn Entropy> = Arc::new(Repeats::default());
    rounds(&mut nonces, &repeats, each, false);
    let Nonces(mut all) = nonces;
    assert_eq!(all.len(), 2 * each * NONCES_A_ROUND);
    all.sort_unstable();
    let twice = all.windows(2).filter(|pair| pair[0] == pair[1]).count();
    let count = all.len() as f64;
    let chance = count * count / 2_f64.powi(65);
    assert_eq!(
        twice, 0,
        "of {count} nonces; by chance their first 64 bits are alike in a share of {chance:.1e} of all runs"
    );
    println!("{count} nonces, none of them twice; a false alarm had a chance of {chance:.1e}");
}
