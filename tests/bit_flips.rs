//! One bit of a store's file is turned around: every answer is right, or an error that names the damage.
//!
//! The engine below checks nothing on an ordinary read, so this is about our hashes, our second indexes, and the
//! second path to each draft's head.
#![cfg(feature = "redb")]
#![allow(clippy::cast_possible_truncation, clippy::cast_precision_loss, reason = "small numbers of the test's own")]
#![allow(clippy::similar_names, reason = "a verdict and what it is of")]

use flips::disk::{PAGE, SharedImage};
use flips::library::{self, Library};
use flips::reading::{self, Outcome};
use std::collections::BTreeMap;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;
use std::thread;

mod flips;

/// Our own first page holds its stamp twice; the engine's header follows it.
const DENSE: [std::ops::Range<usize>; 3] = [0..64, 2_048..2_112, 4_096..4_608];

/// In the image of a closed store, and a quarter as many in that of one that was killed.
const FLIPS: usize = 16_000;

/// Every so many flips the store is verified too.
const VERIFIES: usize = 40;

#[derive(Debug, Default)]
struct Tally {
    flips: u64,
    harmless: u64,
    refused: u64,
    with_errors: u64,
    errors: u64,
    right: u64,
    heads: u64,
    all_heads: u64,
    healed: u64,
    verified: u64,
    silent: BTreeMap<String, (u64, String)>,
    panics: Vec<(usize, u8)>,
}

impl Tally {
    fn add(&mut self, at: (usize, u8), outcome: Outcome, heads: u64) {
        self.flips += 1;
        let is_clean = outcome.errors == 0 && !outcome.is_refused && outcome.silent.is_empty();
        self.harmless += u64::from(is_clean);
        self.refused += u64::from(outcome.is_refused);
        self.with_errors += u64::from(outcome.errors > 0 && !outcome.is_refused);
        self.errors += outcome.errors;
        self.right += outcome.right;
        self.heads += outcome.heads;
        self.all_heads += u64::from(outcome.heads == heads);
        self.verified += u64::from(outcome.is_intact.is_some());
        self.healed += u64::from(is_clean && outcome.is_intact == Some(false));
        for what in outcome.silent {
            let call: String = what.chars().filter(|letter| !letter.is_ascii_digit()).take(24).collect();
            self.silent.entry(call).or_insert((0, format!("{at:?}: {what}"))).0 += 1;
        }
    }

    fn join(&mut self, other: Self) {
        self.flips += other.flips;
        self.harmless += other.harmless;
        self.refused += other.refused;
        self.with_errors += other.with_errors;
        self.errors += other.errors;
        self.right += other.right;
        self.heads += other.heads;
        self.all_heads += other.all_heads;
        self.healed += other.healed;
        self.verified += other.verified;
        self.panics.extend(other.panics);
        for (call, (count, example)) in other.silent {
            self.silent.entry(call).or_insert((0, example)).0 += count;
        }
    }
}

fn effort() -> usize {
    std::env::var("DRAFTKEEP_EFFORT").ok().and_then(|effort| effort.parse().ok()).unwrap_or(1)
}

/// Where bits are turned around: densely in the first pages, else within the pages that reading looks at, half of them
/// near their beginning, where the engine's own numbers are.
fn places(image: &[u8], pages: &[u64], count: usize) -> Vec<(usize, u8)> {
    let dense = DENSE.into_iter().flatten().flat_map(|byte| (0..8).map(move |bit| (byte, bit)));
    // All of them where there is room, else some.
    let mut places: Vec<(usize, u8)> = dense.step_by((FLIPS / count).max(1)).collect();
    let mut state = 1_u64;
    let mut below = |limit: usize| {
        state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (state >> 33) as usize % limit
    };
    while places.len() < count {
        let page = pages[below(pages.len())] as usize * PAGE as usize;
        let within = if below(2) == 0 { 96 } else { PAGE as usize };
        let byte = page + below(within);
        // What is zero is mostly unused.
        if byte < image.len() && (image[byte] != 0 || below(4) == 0) {
            places.push((byte, below(8) as u8));
        }
    }
    // What is damaged most often comes first.
    places.reverse();
    places
}

fn flip(library: &Library, image: &Arc<Vec<u8>>, count: usize) -> Tally {
    let untouched = Arc::new(SharedImage::new(image));
    let outcome = reading::read(untouched.clone(), library, 0, true);
    assert!(outcome.silent.is_empty() && outcome.errors == 0, "the oracle itself: {:?}", outcome.silent);
    assert_eq!((outcome.heads, outcome.is_intact), (library.drafts.len() as u64, Some(true)));
    let pages: Vec<u64> = untouched.pages_read().into_iter().collect();
    let places = places(image, &pages, count);
    let threads = thread::available_parallelism().map_or(2, usize::from);
    let mut tally = Tally::default();
    thread::scope(|scope| {
        let workers: Vec<_> = (0..threads)
            .map(|worker| {
                let places = &places;
                scope.spawn(move || {
                    let mut tally = Tally::default();
                    for (number, &(byte, bit)) in places.iter().enumerate().skip(worker).step_by(threads) {
                        let disk = Arc::new(SharedImage::with_bit_turned(image, byte, bit));
                        let read = || reading::read(disk, library, number, number.is_multiple_of(VERIFIES));
                        match catch_unwind(AssertUnwindSafe(read)) {
                            Ok(outcome) => tally.add((byte, bit), outcome, library.drafts.len() as u64),
                            Err(_) => tally.panics.push((byte, bit)),
                        }
                        // Enough to show what is wrong.
                        if tally.silent.len() + tally.panics.len() > 10 {
                            break;
                        }
                    }
                    tally
                })
            })
            .collect();
        workers.into_iter().for_each(|worker| tally.join(worker.join().expect("panics are caught")));
    });
    tally
}

fn judge(name: &str, tally: &Tally, drafts: u64) {
    let share = |part: u64| part as f64 / tally.flips as f64;
    println!(
        "{name}: {} flips; {} harmless, {} refused at open, {} with errors ({} errors beside {} right answers); \
         healed along a second path in {} of the {} verified; all heads readable in {:.4}, heads read {:.4}",
        tally.flips,
        tally.harmless,
        tally.refused,
        tally.with_errors,
        tally.errors,
        tally.right,
        tally.healed,
        tally.verified,
        share(tally.all_heads),
        share(tally.heads) / drafts as f64,
    );
    for (count, example) in tally.silent.values() {
        println!("silent {count} times: {example}");
    }
    assert!(tally.panics.is_empty(), "{name}: panics came through at {:?}", tally.panics);
    let silent: u64 = tally.silent.values().map(|(count, _)| count).sum();
    assert_eq!(silent, 0, "{name}: wrong answers in silence: {:#?}", tally.silent);
    assert!(tally.with_errors > tally.flips / 50, "{name}: hardly any damage was noticed");
    assert!(tally.healed > 0, "{name}: nothing was read along a second path");
    assert!(share(tally.all_heads) > 0.88, "{name}: too many heads were lost to one bit");
}

#[test]
fn one_flipped_bit_gives_right_answers_or_errors_that_name_the_damage() {
    // The engine's panics are caught, but the hook would print each.
    std::panic::set_hook(Box::new(|panic| {
        if panic.location().is_some_and(|place| place.file().starts_with("tests")) {
            eprintln!("{panic}");
        }
    }));
    let library = library::write();
    let drafts = library.drafts.len() as u64;
    println!("{} drafts in {} bytes", drafts, library.closed.len());
    let closed = flip(&library, &library.closed, FLIPS * effort());
    judge("a closed store", &closed, drafts);
    let killed = flip(&library, &library.killed, FLIPS / 4 * effort());
    judge("a settled store after a kill", &killed, drafts);
}
