//! Saving, against one durable insert of the same document's JSON into redb, and against an upsert into `SQLite`.
//!
//! `cargo bench --bench save`, or `-- --quick`. The three take turns save by save on one file system, each with one
//! handle that stays open, and every save encodes the document anew. A second pass, on a disk in memory that counts,
//! tells how often a save waits for the disk, how many bytes it writes, and how long it takes where the disk costs
//! nothing.

mod common;

use common::Outcome;
use common::naive::{Naive, Sqlite};
use common::stats::{float, folder, has, median, percentile, timed};
use common::typing::{Post, Typist, begin_all};
use draftkeep::storage::faults::{CountingDisk, DiskWork};
use draftkeep::storage::{MemoryDisk, RedbStorage};
use draftkeep::{Drafts, Edit, Kind, Options, Saved, Store};
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

const POST: Kind<Post> = Kind::new("post");

/// The drafts that are there beside the one that is saved, and their size.
const BESIDE: usize = 1_000;
const BESIDE_BYTES: usize = 2_000;

/// One row of the table.
struct Case {
    name: &'static str,
    bytes: usize,
    /// Drafts that are saved in turn.
    drafts: usize,
    /// Saves before the first that counts.
    before: usize,
    /// The naive store keeps every version under a key of its own.
    full: bool,
    rounds: usize,
    goal: &'static str,
}

const CASES: [Case; 6] = [
    Case::new("1 KB", 1_000, 300, "1.15, p95 1.25"),
    Case::new("10 KB", 10_000, 300, "1.15, p95 1.25"),
    Case::new("100 KB", 100_000, 150, "0.95"),
    Case::new("1 MB", 1_000_000, 100, "0.85"),
    Case { before: 1_000, full: true, ..Case::new("10 KB, behind 1,000 versions", 10_000, 200, "0.80") },
    Case { drafts: 200, ..Case::new("2 KB, another draft at each save", 2_000, 300, "-") },
];

impl Case {
    const fn new(name: &'static str, bytes: usize, rounds: usize, goal: &'static str) -> Self {
        Self { name, bytes, drafts: 1, before: 0, full: false, rounds, goal }
    }
}

fn main() -> Outcome {
    let quick = has("--quick");
    let place = folder()?;
    let timing = Side::on_files(place.path())?;
    let counting = Side::counted(place.path())?;
    println!(
        "one save into a store of {BESIDE} drafts of {BESIDE_BYTES} bytes, medians; ratios of each turn by itself"
    );
    println!(
        "{:<34} {:>9} {:>9} {:>9} {:>6} {:>6} {:>9}  {:<14} {:>6}   {:>11} {:>15} {:>15}",
        "document",
        "ours",
        "redb",
        "SQLite",
        "ratio",
        "p95",
        "p95:p95",
        "goal",
        "SQLite",
        "waits",
        "kB written",
        "µs without disk"
    );
    for case in &CASES {
        let rounds = if quick { case.rounds / 10 } else { case.rounds };
        row(case, rounds, &timing, &counting)?;
    }
    for bytes in [2_000, 10_000, 100_000] {
        late(&timing, bytes, if quick { 20 } else { 200 })?;
    }
    noise(&timing, if quick { 30 } else { 300 })
}

/// A save that comes late, and is merged in its own commit, against the save of a whole text that came before it.
fn late(side: &Side, bytes: usize, rounds: usize) -> Outcome {
    let mut typist = Typist::new(5);
    let draft = side.posts.start(&typist.post(bytes))?;
    let mut turns = Vec::new();
    for round in 0..rounds {
        let (mut first, mut second) = (draft.edit()?, draft.edit()?);
        typist.type_into(&mut first.doc().body, bytes);
        second.doc().title = format!("Title {round}");
        let plain = timed(|| Ok(first.save()?))?.1;
        let (saved, merged) = timed(|| Ok(second.save()?))?;
        if !matches!(saved, Saved::Merged { .. }) {
            return Err(format!("not merged: {saved:?}").into());
        }
        turns.push((plain, merged));
    }
    let (plain, merged) = (median(turns.iter().map(|turn| turn.0)), median(turns.iter().map(|turn| turn.1)));
    let ratio = median(turns.iter().map(|turn| turn.1 / turn.0));
    println!(
        "a late save of {} KB, merged: {:.2} ms, {ratio:.2} × a save ({:.2} ms)",
        bytes / 1000,
        merged * 1e3,
        plain * 1e3
    );
    Ok(())
}

/// Our store and the baselines, side by side.
struct Side {
    posts: Drafts<Post>,
    naive: Naive,
    sqlite: Sqlite,
    /// What reached our disk and redb's, where it is counted.
    disks: Option<(CountingDisk, CountingDisk)>,
}

impl Side {
    fn on_files(place: &Path) -> Outcome<Self> {
        let store = Store::create(place.join("ours"), Options::new())?;
        let naive = Naive::create(&place.join("naive"))?;
        Self::filled(&store, naive, Sqlite::create(&place.join("sqlite"))?, None)
    }

    fn counted(place: &Path) -> Outcome<Self> {
        let (ours, theirs) =
            (CountingDisk::new(Arc::new(MemoryDisk::new())), CountingDisk::new(Arc::new(MemoryDisk::new())));
        let storage = RedbStorage::create(Arc::new(ours.clone()))?;
        // Nothing is tidied while it counts: that is no part of a save.
        let store = Store::with_storage(Arc::new(storage), Options::new().idle(Duration::from_secs(3600)))?;
        let naive = Naive::counted(theirs.clone())?;
        Self::filled(&store, naive, Sqlite::create(&place.join("sqlite-counted"))?, Some((ours, theirs)))
    }

    fn filled(
        store: &Store,
        naive: Naive,
        sqlite: Sqlite,
        disks: Option<(CountingDisk, CountingDisk)>,
    ) -> Outcome<Self> {
        let posts = store.space("bench")?.drafts(POST)?;
        let mut typist = Typist::new(2);
        let beside: Vec<Post> = (0..BESIDE).map(|_| typist.post(BESIDE_BYTES)).collect();
        begin_all(&posts, &beside, 32)?;
        let rows = (0_u64..).zip(&beside).map(|(number, post)| Ok((key(number, 0), serde_json::to_vec(post)?)));
        naive.load(0, &rows.collect::<Outcome<Vec<_>>>()?)?;
        sqlite.together(|| (0..).zip(&beside).try_for_each(|(number, post)| sqlite.save(&key(number, 0), post)))?;
        Ok(Self { posts, naive, sqlite, disks })
    }
}

/// A key as an application would make it: a random id, and a version where it keeps them all.
fn key(number: u64, version: u64) -> Vec<u8> {
    let mut key = blake3::hash(&number.to_be_bytes()).as_bytes()[..16].to_vec();
    if version > 0 {
        key.extend_from_slice(&version.to_be_bytes());
    }
    key
}

/// The same documents in all three.
struct Desk<'a> {
    case: &'a Case,
    side: &'a Side,
    edits: Vec<Edit<Post>>,
    numbers: Vec<u64>,
    typist: Typist,
    saves: u64,
}

#[derive(Clone, Copy)]
enum Who {
    Ours,
    Naive,
    Sqlite,
}

const ALL: [Who; 3] = [Who::Ours, Who::Naive, Who::Sqlite];

impl<'a> Desk<'a> {
    fn new(case: &'a Case, side: &'a Side) -> Outcome<Self> {
        let mut typist = Typist::new(3);
        let mut edits = Vec::new();
        for _ in 0..case.drafts {
            edits.push(side.posts.start(&typist.post(case.bytes))?.edit()?);
        }
        let numbers: Vec<u64> = (0..).map(|at| 1_000_000 + case.bytes as u64 * 1_000 + at).take(case.drafts).collect();
        for (edit, number) in edits.iter().zip(&numbers) {
            side.naive.save(&key(*number, u64::from(case.full)), edit.as_doc())?;
            side.sqlite.save(&key(*number, 0), edit.as_doc())?;
        }
        let mut desk = Self { case, side, edits, numbers, typist, saves: 1 };
        for _ in 0..case.before {
            desk.type_one();
            desk.save(Who::Ours)?;
            desk.save(Who::Naive)?;
        }
        Ok(desk)
    }

    fn at(&self) -> usize {
        usize::try_from(self.saves).unwrap_or(0) % self.edits.len()
    }

    fn type_one(&mut self) {
        self.saves += 1;
        let at = self.at();
        self.typist.type_into(&mut self.edits[at].doc().body, self.case.bytes);
    }

    /// Seconds that the save of the document as it is now takes.
    fn save(&mut self, who: Who) -> Outcome<f64> {
        let at = self.at();
        let (edit, number) = (&mut self.edits[at], self.numbers[at]);
        let version = if self.case.full { self.saves } else { 0 };
        let saved = match who {
            Who::Ours => timed(|| match edit.save()? {
                Saved::Stored { .. } => Ok(()),
                other => Err(format!("not stored: {other:?}").into()),
            }),
            Who::Naive => timed(|| self.side.naive.save(&key(number, version), edit.as_doc())),
            Who::Sqlite => timed(|| self.side.sqlite.save(&key(number, version), edit.as_doc())),
        };
        Ok(saved?.1)
    }
}

fn row(case: &Case, rounds: usize, timing: &Side, counting: &Side) -> Outcome {
    let mut desk = Desk::new(case, timing)?;
    let mut turns = Vec::new();
    for round in 0..rounds {
        desk.type_one();
        let mut times = [0.0; 3];
        // Whoever comes after another's wait for the disk may find it busy or awake: each comes first equally often.
        for turn in 0..3 {
            let who = (round + turn) % 3;
            times[who] = desk.save(ALL[who])?;
        }
        turns.push(times);
    }
    let of = |who: usize| turns.iter().map(move |times| times[who]);
    let ratio = |other: usize| turns.iter().map(move |times| times[0] / times[other]);
    let (ours, theirs) = count(case, counting, rounds.min(128))?;
    let high = |who: usize| percentile(of(who), 95);
    let milliseconds = |who: usize| format!("{:.2} ms", median(of(who)) * 1e3);
    println!(
        "{:<34} {:>9} {:>9} {:>9} {:>6.2} {:>6.2} {:>9.2}  {:<14} {:>6.2}   {:>11} {:>15} {:>15}",
        case.name,
        milliseconds(0),
        milliseconds(1),
        milliseconds(2),
        median(ratio(1)),
        percentile(ratio(1), 95),
        high(0) / high(1),
        case.goal,
        median(ratio(2)),
        format!("{} : {}", waits(&ours), waits(&theirs)),
        format!("{:.1} : {:.1}", kilobytes(&ours), kilobytes(&theirs)),
        format!("{:.0} : {:.0}", microseconds(&ours), microseconds(&theirs)),
    );
    Ok(())
}

/// What a save made the disk do, and its seconds where the disk costs nothing.
type Work = (DiskWork, f64);

/// The work of each save: ours, and the naive store's.
fn count(case: &Case, side: &Side, rounds: usize) -> Outcome<(Vec<Work>, Vec<Work>)> {
    let (our_disk, their_disk) = side.disks.as_ref().ok_or("no disk that counts")?;
    let mut desk = Desk::new(case, side)?;
    let (mut ours, mut theirs) = (Vec::new(), Vec::new());
    for _ in 0..rounds {
        desk.type_one();
        for (who, disk, works) in [(Who::Ours, our_disk, &mut ours), (Who::Naive, their_disk, &mut theirs)] {
            let before = disk.work();
            let seconds = desk.save(who)?;
            works.push((disk.work() - before, seconds));
        }
    }
    Ok((ours, theirs))
}

/// How often the saves waited for the disk: the median, and the most where it differs.
fn waits(works: &[Work]) -> String {
    let typical = median(works.iter().map(|(work, _)| float(work.syncs)));
    let most = works.iter().map(|(work, _)| work.syncs).max().unwrap_or(0);
    if float(most) > typical { format!("{typical} (≤{most})") } else { format!("{typical}") }
}

fn kilobytes(works: &[Work]) -> f64 {
    let all: u64 = works.iter().map(|(work, _)| work.written_bytes).sum();
    float(all) / float(works.len() as u64) / 1e3
}

fn microseconds(works: &[Work]) -> f64 {
    median(works.iter().map(|(_, seconds)| *seconds)) * 1e6
}

/// The naive store against itself: how far two equal saves are apart on this machine.
fn noise(side: &Side, rounds: usize) -> Outcome {
    let post = Typist::new(4).post(10_000);
    let mut turns = Vec::new();
    for round in 0..rounds {
        let mut times = [0.0; 2];
        for who in [round % 2, (round + 1) % 2] {
            times[who] = timed(|| side.naive.save(&key(who as u64, 0), &post))?.1;
        }
        turns.push(times);
    }
    let ratios = || turns.iter().map(|times| times[0] / times[1]);
    let high = |who: usize| percentile(turns.iter().map(|times| times[who]), 95);
    println!(
        "{:<34} {:>9} {:>9} {:>9} {:>6.2} {:>6.2} {:>9.2}  the noise of this machine",
        "10 KB, redb against itself",
        "",
        "",
        "",
        median(ratios()),
        percentile(ratios(), 95),
        high(0) / high(1)
    );
    Ok(())
}
