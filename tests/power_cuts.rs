//! What a power cut leaves of a store: every text that was acknowledged, and of the call under way all or nothing.
//!
//! Method: play short scenes that reach every call which changes a store, on a disk that remembers its operations. Cut
//! the power at each operation, keep seeded subsets of what was not synced (sectors of large writes singly), open what is
//! left, cut the power again meanwhile, and compare everything that the public API shows with a plain model.
//!
//! `DRAFTKEEP_EFFORT` multiplies the search, `DRAFTKEEP_FIRST` is the first seed of a range.
#![cfg(feature = "redb")]

mod common;

use common::desk::{Desk, Runtime};
use common::dice::{effort, first, mix};
use common::model::{Model, Seen, go_on, observe};
use common::scene::{Scene, scenes};
use draftkeep::Retention;
use draftkeep::storage::MemoryDisk;
use draftkeep::storage::faults::PowerCutDisk;
use std::collections::hash_map::DefaultHasher;
use std::collections::{BTreeMap, HashSet};
use std::hash::{Hash, Hasher};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::thread;

/// Subsets of what was not synced that are tried at each operation.
const SUBSETS: u64 = 5;

/// One image in so many is cut again while it is opened.
const NESTED_SHARE: u64 = 4;

/// A scene that was played, and what held when.
struct Played {
    disk: PowerCutDisk,
    runtime: Runtime,
    moments: Vec<Moment>,
}

/// A call was acknowledged.
struct Moment {
    /// After so many operations of the disk.
    at: usize,
    /// What holds from then on; nothing has to before the store was made.
    seen: Option<Seen>,
    call: String,
}

fn play(scene: &Scene, seed: u64, begin: impl FnOnce(Vec<u8>) -> PowerCutDisk) -> Played {
    let mut moments = Vec::new();
    let (mut desk, disk, mut model, runtime);
    if scene.is_from_the_beginning() {
        runtime = Runtime::new(seed, scene.retention);
        disk = begin(Vec::new());
        moments.push(Moment { at: 0, seen: None, call: "nothing".to_owned() });
        desk = Desk::create(Arc::new(disk.clone()), &runtime).unwrap();
        model = Model::new(&desk.store, None);
        moments.push(Moment { at: disk.operations(), seen: Some(model.seen()), call: "create".to_owned() });
    } else {
        let stage = scene.stage(seed);
        (model, runtime) = (stage.model, stage.runtime.fork(mix(seed)));
        moments.push(Moment { at: 0, seen: Some(model.seen()), call: "open".to_owned() });
        disk = begin(stage.image);
        desk = Desk::open(Arc::new(disk.clone()), &runtime).unwrap();
        desk.ids = stage.ids;
    }
    let done = |deed: &_, ack: &_| {
        model = model.after(deed, ack);
        moments.push(Moment { at: disk.operations(), seen: Some(model.seen()), call: format!("{deed:.60?}") });
    };
    desk.do_all(&scene.deeds, done).unwrap_or_else(|error| panic!("{}: {error}", scene.name));
    let seen = observe(&desk.store).unwrap();
    assert_eq!(Some(&seen), moments.last().unwrap().seen.as_ref(), "{}: the model is wrong", scene.name);
    drop(desk);
    Played { disk, runtime, moments }
}

impl Played {
    /// The last call that was acknowledged when the power was cut.
    fn last(&self, at: usize) -> usize {
        self.moments.iter().rposition(|moment| moment.at <= at).unwrap()
    }

    /// What an opening runs with: a policy would go on with its work, and nobody could see what was there.
    fn runtime(&self, seed: u64) -> Runtime {
        Runtime { retention: Retention::default(), ..self.runtime.fork(seed) }
    }

    /// Judges what is left after a cut; `Err` says what is wrong with it.
    fn judge(&self, at: usize, image: Vec<u8>, seed: u64) -> Result<(), String> {
        let last = self.last(at);
        let disk = MemoryDisk::from_image(image);
        let mut desk = match Desk::open(Arc::new(disk.clone()), &self.runtime(seed)) {
            Ok(desk) => desk,
            Err(_) if self.moments[last].seen.is_none() => return Ok(()),
            Err(error) => return Err(format!("cannot be opened: {error}")),
        };
        let mut seen = observe(&desk.store)?;
        let allowed = &self.moments[last..self.moments.len().min(last + 2)];
        let is_right = |moment: &Moment| match &moment.seen {
            Some(expected) => *expected == seen,
            None => seen.papers.is_empty(),
        };
        if !allowed.iter().any(is_right) {
            return Err(format!("something else than was acknowledged:\n{seen:#?}\nallowed: {:#?}", allowed[0].seen));
        }
        if seed % 8 == 0 {
            // It may be a copy as well, beside which the first one lives on: then it writes under another name.
            seen.replica = Some(desk.store.take_new_replica().map_err(|error| format!("no new replica: {error}"))?);
        }
        go_on(&desk, &mut seen).map_err(|error| format!("it does not go on: {error}"))?;
        if seed % 4 == 0 {
            drop(desk);
            desk = Desk::open(Arc::new(disk), &self.runtime(seed))
                .map_err(|error| format!("not a second time: {error}"))?;
        }
        if observe(&desk.store)? == seen { Ok(()) } else { Err("a save afterwards went wrong".to_owned()) }
    }
}

/// Opens an image and cuts the power again while it is repaired or just after, `depth` times.
fn cut_again(played: &Played, mut image: Vec<u8>, seed: u64, depth: u64) -> Vec<u8> {
    for level in 0..depth {
        let disk = PowerCutDisk::new(image);
        drop(Desk::open(Arc::new(disk.clone()), &played.runtime(seed + level)));
        let dice = mix(seed ^ (level << 32));
        image = disk.cut(usize::try_from(dice >> 8).unwrap() % (disk.operations() + 1), dice);
    }
    image
}

#[derive(Default)]
struct Count {
    images: usize,
    nested: usize,
    within: usize,
    by_call: BTreeMap<String, usize>,
}

/// Cuts a scene everywhere; `Err` is what was lost and how to see it again.
fn search(scene: &Scene, seed: u64, count: &Mutex<Count>) -> Result<(), String> {
    let played = play(scene, seed, PowerCutDisk::new);
    let mut known = HashSet::new();
    for at in 0..=played.disk.operations() {
        let last = played.last(at);
        for subset in 0..SUBSETS {
            let cut = mix(seed << 40 ^ (at as u64) << 8 ^ subset);
            let mut image = played.disk.cut(at, cut);
            let depth = if cut % NESTED_SHARE == 0 { 1 + (cut >> 8) % 3 } else { 0 };
            if depth > 0 {
                image = cut_again(&played, image, cut, depth);
            }
            let mut hasher = DefaultHasher::new();
            image.hash(&mut hasher);
            if !known.insert((hasher.finish(), last)) {
                continue;
            }
            let judged = played.judge(at, image, cut >> 16);
            let next = played.moments.get(last + 1);
            judged.map_err(|what| {
                let during = next.map_or("the end", |moment| &moment.call);
                let of = played.disk.operations();
                format!(
                    "DRAFTKEEP_FIRST={seed}, scene {:?}, cut at {at} of {of} with {cut}, {depth} more, during {during}: {what}",
                    scene.name
                )
            })?;
            let mut count = count.lock().unwrap();
            count.images += 1;
            count.nested += usize::from(depth > 0);
            let is_within = at > played.moments[last].at;
            count.within += usize::from(is_within);
            if let Some(next) = next.filter(|_| is_within) {
                let word = next.call.split(|letter: char| !letter.is_alphanumeric()).next().unwrap_or_default();
                *count.by_call.entry(word.to_owned()).or_default() += 1;
            }
        }
    }
    Ok(())
}

#[test]
fn every_acknowledged_text_survives_a_power_cut_anywhere_in_any_call() {
    let jobs: Vec<(u64, Scene)> = (first()..first() + effort())
        .flat_map(|seed| scenes(seed).into_iter().map(move |scene| (seed, scene)))
        .collect();
    let (next, count, lost) = (AtomicUsize::new(0), Mutex::new(Count::default()), Mutex::new(Vec::new()));
    let workers = thread::available_parallelism().map_or(1, usize::from);
    thread::scope(|scope| {
        for _ in 0..workers {
            scope.spawn(|| {
                while let Some((seed, scene)) = jobs.get(next.fetch_add(1, Ordering::SeqCst)) {
                    if let Err(what) = search(scene, *seed, &count) {
                        lost.lock().unwrap().push(what);
                        return;
                    }
                }
            });
        }
    });
    let (count, lost) = (count.into_inner().unwrap(), lost.into_inner().unwrap());
    println!(
        "{} distinct images, {} of them inside a call, {} cut again while they were opened; by call: {:?}",
        count.images, count.within, count.nested, count.by_call
    );
    assert!(lost.is_empty(), "{}", lost.join("\n"));
    assert!(count.images > 1_000 && count.within > 800, "the search has become small");
}

#[test]
fn the_search_finds_a_loss_where_the_disk_does_not_sync() {
    let scene = scenes(first()).swap_remove(1);
    let played = play(&scene, first(), |image| PowerCutDisk::new(image).ignoring_sync());
    let images = (0..100).map(|number| {
        let cut = mix(first() ^ number);
        let at = usize::try_from(cut >> 8).unwrap() % (played.disk.operations() + 1);
        played.judge(at, played.disk.cut(at, cut), cut)
    });
    assert!(images.into_iter().any(|judged| judged.is_err()), "nothing was lost, so the search looks at nothing");
}
