//! What sealing costs: saves, reading, syncing and another key, in a sealed store against the same in a plain one.
//!
//! `cargo bench --bench sealed`, or `-- --quick`. The two take turns call by call on one file system. A second pass is on disks in memory, where a
//! save's share of waiting for the disk is none and the cipher's is largest.

mod common;

use common::Outcome;
use common::random::{Random, Words};
use common::stats::{folder, has, median, timed};
use common::typing::{Post, Typist, begin_all};
use draftkeep::hub::{Hub, HubOptions};
use draftkeep::seal::{Key, MemoryKeyRing};
use draftkeep::storage::{MemoryDisk, MemoryStorage, RedbStorage};
use draftkeep::sync::Syncer;
use draftkeep::{Drafts, Edit, Filter, Kind, Options, Store};
use futures_executor::block_on;
use std::path::Path;
use std::sync::Arc;

const POST: Kind<Post> = Kind::new("post");
const NOTE: Kind<String> = Kind::new("note");

/// Drafts that are there beside the one that is saved.
const BESIDE: usize = 1_000;

fn ring() -> MemoryKeyRing {
    MemoryKeyRing::new(Key::from_bytes([1; Key::LEN]), Key::from_bytes([2; Key::LEN]))
}

fn main() -> Outcome {
    let rounds = if has("--quick") { 30 } else { 400 };
    let place = folder()?;
    println!("sealed against plain, medians of each turn's ratio; goal of a save: 1.1 x from 1 to 100 KB");
    println!("{:<28} {:>10} {:>10} {:>7}", "", "sealed", "plain", "ratio");
    let on_file = |name: &str, options| Store::create(place.path().join(name), options);
    let sides = [on_file("sealed", Options::new().key_ring(ring()))?, on_file("plain", Options::new())?];
    saves("a save in a file", &sides, rounds)?;
    let in_memory = |options| -> Outcome<Store> {
        let storage = RedbStorage::create(Arc::new(MemoryDisk::new()))?;
        Ok(Store::with_storage(Arc::new(storage), options)?)
    };
    let sides = [in_memory(Options::new().key_ring(ring()))?, in_memory(Options::new())?];
    saves("a save without disk", &sides, rounds)?;
    syncing(place.path(), if has("--quick") { 500 } else { 5_000 })?;
    another_key(if has("--quick") { 200 } else { 5_000 })
}

fn posts(store: &Store, texts: &[Post]) -> Outcome<Drafts<Post>> {
    let posts = store.space("alice")?.drafts(POST)?;
    begin_all(&posts, texts, 8)?;
    Ok(posts)
}

fn saves(what: &str, [sealed, plain]: &[Store; 2], rounds: usize) -> Outcome {
    let mut typist = Typist::new(3);
    let beside: Vec<Post> = (0..BESIDE).map(|_| typist.post(2_000)).collect();
    let (sealed, plain) = (posts(sealed, &beside)?, posts(plain, &beside)?);
    for bytes in [1_000, 10_000, 100_000] {
        let first = typist.post(bytes);
        let (one, two) = (sealed.start(&first)?, plain.start(&first)?);
        let (mut one, mut two) = (one.edit()?, two.edit()?);
        let mut turns = Vec::with_capacity(rounds);
        for round in 0..rounds {
            let mut body = one.doc().body.clone();
            typist.type_into(&mut body, bytes);
            let save = |edit: &mut Edit<Post>| {
                edit.doc().body.clone_from(&body);
                timed(|| Ok(edit.save()?)).map(|(_, time)| time)
            };
            // Neither is always the second.
            let (ours, theirs) = if round % 2 == 0 {
                let ours = save(&mut one)?;
                (ours, save(&mut two)?)
            } else {
                let theirs = save(&mut two)?;
                (save(&mut one)?, theirs)
            };
            turns.push((ours, theirs));
        }
        said(&format!("{what}, {} KB", bytes / 1_000), &turns);
    }
    let last = |posts: &Drafts<Post>| Ok::<_, draftkeep::Error>(posts.list(&Filter::open())?.drafts);
    let read = |posts: &Drafts<Post>, id| {
        let load = || Ok(posts.get(id)?.ok_or("it is gone")?.load()?);
        timed(load).map(|(_, time)| time)
    };
    let mut turns = Vec::new();
    for (one, two) in last(&sealed)?.iter().zip(&last(&plain)?) {
        turns.push((read(&sealed, one.id)?, read(&plain, two.id)?));
    }
    said("reading one of the last 50", &turns);
    Ok(())
}

fn said(what: &str, turns: &[(f64, f64)]) {
    let (ours, theirs) = (median(turns.iter().map(|turn| turn.0)), median(turns.iter().map(|turn| turn.1)));
    let ratio = median(turns.iter().map(|turn| turn.0 / turn.1));
    println!("{what:<28} {:>7.0} µs {:>7.0} µs {ratio:>6.2} x", ours * 1e6, theirs * 1e6);
}

/// The first push of a space and the first pull of another device, by way of a hub in memory.
fn syncing(place: &Path, drafts: usize) -> Outcome {
    let (words, mut random) = (Words::new(), Random::new(7));
    let texts: Vec<String> = (0..drafts).map(|_| words.prose(&mut random, 2_000)).collect();
    let mut times = Vec::new();
    for (name, options) in [("sealed", Some(ring())), ("plain", None)] {
        let options = || options.clone().map_or_else(Options::new, |ring| Options::new().key_ring(ring));
        let hub = Arc::new(Hub::open(Arc::new(MemoryStorage::new()), HubOptions::new())?);
        let device = |number: u8| Store::create(place.join(format!("{name}-{number}")), options())?.space("alice");
        let (one, two) = (device(1)?, device(2)?);
        let notes = one.drafts(NOTE)?;
        let chunks = texts.chunks(texts.len().div_ceil(8));
        std::thread::scope(|scope| {
            let begin = |share: &[String]| share.iter().try_for_each(|text| notes.start(text).map(drop));
            let threads: Vec<_> = chunks.map(|share| scope.spawn(move || begin(share))).collect();
            threads.into_iter().try_for_each(|thread| thread.join().expect("it does not panic"))
        })?;
        let (push, pull) = (Syncer::new(&one, Arc::clone(&hub)), Syncer::new(&two, hub));
        let (pushed, push_time) = timed(|| Ok(block_on(push.once())?))?;
        let (pulled, pull_time) = timed(|| Ok(block_on(pull.once())?))?;
        assert_eq!((pushed.pushed, pulled.received), (drafts as u64, drafts as u64), "everything went over");
        times.push((push_time, pull_time));
    }
    let count = f64::from(u32::try_from(drafts)?);
    let each = |pick: fn(&(f64, f64)) -> f64| vec![(pick(&times[0]) / count, pick(&times[1]) / count)];
    said("a first push, each of 2 KB", &each(|time| time.0));
    said("a first pull, each of 2 KB", &each(|time| time.1));
    Ok(())
}

/// Another key for a small space and for a large one: one commit of one record.
fn another_key(drafts: usize) -> Outcome {
    for count in [10, drafts] {
        let ring = Arc::new(ring());
        let store = Store::in_memory(Options::new().key_ring(Arc::clone(&ring)))?;
        let space = store.space("alice")?;
        let notes = space.drafts(NOTE)?;
        (0..count).try_for_each(|number| notes.start(&format!("note {number}")).map(drop))?;
        let mut times = Vec::new();
        for key in 3..23 {
            let _ = ring.add(None, Key::from_bytes([key; Key::LEN]));
            times.push(timed(|| Ok(space.rotate_key()?))?.1);
        }
        println!("another key, {count} drafts: {:.0} µs in memory", median(times) * 1e6);
    }
    Ok(())
}
