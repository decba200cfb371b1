//! Nothing that was acknowledged is lost, whatever goes wrong between several devices and their hub, and they come to rest.
//!
//! Method: whole lives of devices with real stores, played from seeds: people who write, count, settle, restore and give up; networks,
//! disks and clocks that fail them; hubs and devices that go back in time. An oracle that knows only words looks for every one
//! after each step, and for all of them in the documents at the end.
//!
//! `DRAFTKEEP_EFFORT` multiplies the search, `DRAFTKEEP_FIRST` is the first seed of a range. A failure prints its seed and
//! its story; `cargo run --release -p draftkeep-memory --example simulate -- --seeds N` tells it again.

use draftkeep::hub::{Candidate, Hub};
use draftkeep::transport::{Answer, Ask, Request, Transport, TransportError};
#[cfg(feature = "redb")]
use draftkeep_memory::Medium;
use draftkeep_memory::{Sealing, Setting, Simulated, Tally, simulate};
use futures_core::future::BoxFuture;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex};

/// Seeds for one unit of effort: as many as take about a minute on one core.
const SEEDS: u64 = 2_000;

/// Of these, those whose devices keep their stores on redb.
#[cfg(feature = "redb")]
const SEEDS_ON_REDB: u64 = 60;

/// How often each kind of fault has to happen in one unit of effort.
const FAULTS_MIN: u64 = 900;

fn number(name: &str) -> Option<u64> {
    std::env::var(name).ok()?.parse().ok()
}

fn effort() -> u64 {
    number("DRAFTKEEP_EFFORT").unwrap_or(1)
}

fn first() -> u64 {
    number("DRAFTKEEP_FIRST").unwrap_or(0)
}

fn played(seed: u64, setting: &Setting) -> Simulated {
    simulate(seed, setting).unwrap_or_else(|failure| panic!("{failure}"))
}

fn play(seeds: u64, setting: &Setting) -> Tally {
    let mut tally = Tally::default();
    for seed in first()..first() + seeds * effort() {
        tally.add(&played(seed, setting).tally);
    }
    println!("{tally}");
    tally
}

#[test]
fn no_word_is_lost_and_devices_come_to_rest_whatever_goes_wrong() {
    let tally = play(SEEDS, &Setting::default());
    for (fault, count) in tally.faults() {
        assert!(
            count >= FAULTS_MIN * effort(),
            "{fault} happened only {count} times: the search does not search for it"
        );
    }
    let least = [
        ("settled", 1_000),
        ("merged by sync", 1_000),
        ("resyncs", 500),
        ("counters checked", 1_000),
        ("pushed as deltas", 8_000),
        ("syncers run", 2_000),
        ("drafts returned", 60),
        ("given up", 50),
        ("parked", 400),
        ("sealed lives", SEEDS / 3),
        ("keys rotated", 1_500),
        ("texts that waited for a key", 200),
        // Looking for words finds them where they are.
        ("in the open on the hub", 5_000),
        ("in the open on devices", 20_000),
        ("erased", 150),
        ("erased in slots", 500),
        ("slots erased", 150),
        ("slots begun again", 400),
        ("saved although erased elsewhere", 2_000),
        ("erased by sync", 250),
        ("words gone with an erasure", 500),
        ("erasures accepted", 800),
        ("erasures declined", 90),
        ("keys lost", 200),
        ("shut without a key", 120),
    ];
    for (what, least) in least {
        assert!(tally.count(what) >= least * effort(), "{what}: only {}", tally.count(what));
    }
    assert!(tally.rounds_max() <= 6, "it took {} rounds to come to rest", tally.rounds_max());
}

/// A hub that every now and then does not have what a delta is made of.
#[derive(Debug)]
struct Forgetful(Hub, AtomicU64);

impl Transport for Forgetful {
    fn send(&self, mut request: Request) -> BoxFuture<'_, Result<Answer, TransportError>> {
        if let Ask::Push { pushes } = &mut request.ask {
            for push in pushes.iter_mut().filter(|push| push.base.is_some()) {
                if self.1.fetch_add(1, Ordering::Relaxed).is_multiple_of(2) {
                    push.base = Some(push.revision.id());
                }
            }
        }
        self.0.send(request)
    }
}

#[test]
fn a_hub_that_lacks_what_deltas_are_made_of_costs_nothing_but_bytes() {
    let forgetful =
        |storage, options| Ok(Arc::new(Forgetful(Hub::open(storage, options)?, AtomicU64::new(0))) as Arc<_>);
    let tally = play(SEEDS / 10, &Setting::default().hub(forgetful));
    assert!(tally.count("deltas refused") >= 500 * effort() && tally.count("pushed as deltas") >= 500 * effort());
}

/// Goal: a hub's records agree with each other whatever happened to it, and reading all that is pushed holds up nothing. Method: a hub
/// whose validator takes every document that can be read; at the end of each life the one that is left is checked whole.
#[test]
fn a_hub_that_reads_every_document_is_intact_at_the_end_of_every_life() {
    let (left, read) = (Arc::new(Mutex::new(None::<Hub>)), Arc::new(AtomicU64::new(0)));
    let (opened, counted) = (Arc::clone(&left), Arc::clone(&read));
    let setting = Setting::default().sealing(Sealing::Never).hub(move |storage, options| {
        let counted = Arc::clone(&counted);
        let takes_all = move |_: &Candidate<'_>| {
            counted.fetch_add(1, Ordering::Relaxed);
            Ok(())
        };
        let hub = Hub::open(storage, options.validator(Arc::new(takes_all)))?;
        *opened.lock().unwrap() = Some(hub.clone());
        Ok(Arc::new(hub) as Arc<_>)
    });
    let (mut entries, mut revisions) = (0, 0);
    for seed in first()..first() + SEEDS / 10 * effort() {
        played(seed, &setting);
        let hub = left.lock().unwrap().take().expect("somebody opened it");
        let found = hub.verify().expect("its disk is mended");
        assert!(found.is_intact(), "seed {seed}: {found:?}");
        assert_eq!(hub.repair().expect("its disk is mended"), 0, "seed {seed}");
        (entries, revisions) = (entries + found.entries, revisions + found.revisions);
    }
    let read = read.load(Ordering::Relaxed);
    println!("{read} documents were read, {entries} entries of audits and {revisions} revisions checked");
    let least = SEEDS / 10 * effort();
    assert!(read > 10 * least && entries > 5 * least && revisions > 5 * least);
}

#[cfg(feature = "redb")]
#[test]
fn no_word_is_lost_on_disks_that_power_cuts_strike() {
    let tally = play(SEEDS_ON_REDB, &Setting::default().medium(Medium::Redb));
    assert!(tally.count("device crashed") >= 60 * effort());
}

/// What a hub without keys does to what is sealed: it cannot build a delta's text, and does not have to.
#[test]
fn sealed_lives_come_to_rest_with_a_hub_that_lacks_what_deltas_are_made_of() {
    let forgetful =
        |storage, options| Ok(Arc::new(Forgetful(Hub::open(storage, options)?, AtomicU64::new(0))) as Arc<_>);
    let tally = play(SEEDS / 20, &Setting::default().sealing(Sealing::Always).hub(forgetful));
    assert!(tally.count("sealed lives") >= SEEDS / 20 * effort() && tally.count("deltas refused") >= 200 * effort());
}

#[test]
fn a_seed_tells_the_same_story_byte_for_byte() {
    let setting = Setting::default();
    let stories: Vec<Simulated> = (0..40).map(|seed| played(seed, &setting)).collect();
    for (seed, story) in (0..40).zip(&stories) {
        assert_eq!(played(seed, &setting), *story, "seed {seed}");
    }
    let mut digests: Vec<[u8; 32]> = stories.iter().map(|story| story.digest).collect();
    digests.sort_unstable();
    digests.dedup();
    assert_eq!(digests.len(), stories.len(), "different seeds tell different stories");
}
