//! Many drafts: opening, the first save, the newest fifty, and the file, against redb with as many documents.
//!
//! `cargo bench --bench scale` measures 10,000 and 100,000 drafts of 2 KB, `-- --quick` 2,000, `-- --full` also a
//! million. Drafts are begun by 64 threads at once, whose calls share commits; the documents of the baseline go in ten
//! thousand per commit. Before each opening the operating system is asked to forget the files' pages, where it can.

mod common;

use common::Outcome;
use common::naive::Naive;
use common::stats::{float, folder, has, median, timed};
use common::typing::{Post, Typist, begin_all};
use draftkeep::{Filter, Kind, Options, Store};
use std::path::Path;
use std::time::Duration;

const POST: Kind<Post> = Kind::new("post");
const BYTES: usize = 2_000;
const THREADS: usize = 64;
const NEWEST: usize = 50;
/// Documents that are made and written at a time.
const PART: usize = 10_000;

fn main() -> Outcome {
    let counts: &[usize] = match (has("--quick"), has("--full")) {
        (true, _) => &[2_000],
        (_, false) => &[10_000, 100_000],
        (_, true) => &[10_000, 100_000, 1_000_000],
    };
    println!("{:>9}  {:<34} {:>13} {:>13} {:>7} {:>7}", "drafts", "what", "ours", "redb", "ratio", "goal");
    counts.iter().try_for_each(|count| measure(*count, if *count > 100_000 { 5 } else { 9 }))
}

fn measure(count: usize, rounds: usize) -> Outcome {
    let place = folder()?;
    let (ours, theirs) = (place.path().join("ours"), place.path().join("theirs"));
    let filling = fill(&ours, &theirs, count)?;
    let row = |what: &str, ours: String, theirs: String, ratio: f64, goal: &str| {
        println!("{count:>9}  {what:<34} {ours:>13} {theirs:>13} {ratio:>7.2} {goal:>7}");
    };
    let per_second = |seconds: f64| format!("{:.0}/s", float(count as u64) / seconds);
    row(
        "filling (64 callers; one caller)",
        per_second(filling[0]),
        per_second(filling[1]),
        filling[0] / filling[1],
        "-",
    );
    let size = |path: &Path| Outcome::Ok(float(std::fs::metadata(path)?.len()));
    let (our_size, their_size) = (size(&ours)?, size(&theirs)?);
    let mb = |bytes: f64| format!("{:.1} MB", bytes / 1e6);
    row("file", mb(our_size), mb(their_size), our_size / their_size, "0.50");

    let mut times: [Vec<(f64, f64)>; 5] = Default::default();
    for round in 0..rounds {
        let mut pair = [[0.0; 5]; 2];
        for who in [round % 2, (round + 1) % 2] {
            pair[who] = if who == 0 { our_turn(&ours)? } else { their_turn(&theirs, count, round)? };
        }
        times.iter_mut().zip(0..).for_each(|(times, at): (_, usize)| times.push((pair[0][at], pair[1][at])));
    }
    let names = [
        ("open, cold", "1.20"),
        ("the newest 50, cold", "0.25"),
        ("the newest 50 again", "-"),
        ("the first save", "1.20"),
        ("the saves after it", "1.20"),
    ];
    for ((name, goal), times) in names.into_iter().zip(&times) {
        let ms = |seconds: f64| format!("{:.2} ms", seconds * 1e3);
        let (ours, theirs) = (median(times.iter().map(|time| time.0)), median(times.iter().map(|time| time.1)));
        row(name, ms(ours), ms(theirs), median(times.iter().map(|(ours, theirs)| ours / theirs)), goal);
    }
    if has("--compact") {
        let store = Store::open(&ours, Options::new())?;
        let (_, seconds) = timed(|| Ok(store.compact()?))?;
        drop(store);
        let after = size(&ours)?;
        row("file after compact()", mb(after), mb(their_size), after / their_size, "0.50");
        println!("{count:>9}  compact() took {seconds:.1} s");
    }
    Ok(())
}

/// Seconds that filling took: ours, and the baseline's.
fn fill(ours: &Path, theirs: &Path, count: usize) -> Outcome<[f64; 2]> {
    let store = Store::create(ours, Options::new().idle(Duration::from_secs(3600)))?;
    let posts = store.space("bench")?.drafts(POST)?;
    let naive = Naive::create(theirs)?;
    let mut typist = Typist::new(5);
    let mut seconds = [0.0; 2];
    for first in (0..count).step_by(PART) {
        let part: Vec<Post> = (0..PART.min(count - first)).map(|_| typist.post(BYTES)).collect();
        seconds[0] += timed(|| begin_all(&posts, &part, THREADS))?.1;
        let insert_all = || {
            let rows = (first..).zip(&part).map(|(number, post)| Ok((key(number), serde_json::to_vec(post)?)));
            naive.load(first as u64, &rows.collect::<Outcome<Vec<_>>>()?)
        };
        seconds[1] += timed(insert_all)?.1;
    }
    Ok(seconds)
}

/// Drafts that are saved after the first one.
const AFTER: usize = 10;

/// Open, list, list again, save, save others.
fn our_turn(path: &Path) -> Outcome<[f64; 5]> {
    forget(path)?;
    let (posts, open) = timed(|| Ok(Store::open(path, Options::new())?.space("bench")?.drafts(POST)?))?;
    let newest = || {
        timed(|| {
            let page = posts.list(&Filter::open().limit(NEWEST))?;
            if page.drafts.len() == NEWEST { Ok(page) } else { Err("not as many drafts".into()) }
        })
    };
    let (page, cold) = newest()?;
    let (_, warm) = newest()?;
    // Drafts that are not among those just read.
    let older = page.next.ok_or("no second page")?;
    let far = posts.list(&Filter::open().limit(1_000).after(older))?.drafts;
    let mut saves = Vec::new();
    for info in far.iter().rev().step_by(50).take(1 + AFTER) {
        let mut edit = posts.get(info.id)?.ok_or("no such draft")?.edit()?;
        edit.doc().body.push_str("and a few words more");
        saves.push(timed(|| Ok(edit.save()?))?.1);
    }
    Ok([open, cold, warm, saves[0], median(saves[1..].iter().copied())])
}

fn their_turn(path: &Path, count: usize, round: usize) -> Outcome<[f64; 5]> {
    forget(path)?;
    let (naive, open) = timed(|| Naive::open(path))?;
    let newest = || {
        timed(|| {
            let documents = naive.newest(NEWEST)?;
            // What a list shows is in the documents.
            let posts: Vec<Post> =
                documents.iter().map(|json| serde_json::from_slice(json)).collect::<Result<_, _>>()?;
            if posts.len() == NEWEST { Ok(posts) } else { Err("not as many documents".into()) }
        })
    };
    let (mut posts, cold) = newest()?;
    let (_, warm) = newest()?;
    let mut post = posts.pop().ok_or("no document")?;
    post.body.push_str("and a few words more");
    let mut saves = Vec::new();
    for save in 0..=AFTER {
        let number = count - NEWEST - 1_000 - round - save * 50;
        let newest = (count + round * (AFTER + 1) + save) as u64;
        saves.push(timed(|| naive.save_listed(&key(number), number as u64, newest, &post))?.1);
    }
    Ok([open, cold, warm, saves[0], median(saves[1..].iter().copied())])
}

fn key(number: usize) -> Vec<u8> {
    blake3::hash(&number.to_be_bytes()).as_bytes()[..16].to_vec()
}

/// Asks the operating system to forget what it keeps of the file in memory.
fn forget(path: &Path) -> Outcome {
    let file = std::fs::File::open(path)?;
    file.sync_all()?;
    #[cfg(target_os = "linux")]
    rustix::fs::fadvise(&file, 0, None, rustix::fs::Advice::DontNeed)?;
    Ok(())
}
