//! What a draft's history costs in bytes and in time, and how near its packs come to `zstd -19 --long=27`.
//!
//! `cargo bench --bench packing -- TRACE`, or with the path in `DRAFTKEEP_TRACE`: replays the recording of someone
//! typing; see `common/trace.rs` for its format. Without a path, typing is generated.

#[path = "../src/fault/mod.rs"]
#[allow(unused, clippy::all, clippy::pedantic)]
mod fault;
#[path = "../src/store/history/mod.rs"]
#[allow(unused, clippy::all, clippy::pedantic)]
mod history;

mod common;

use common::trace::{self, Save, zstd_long};
use history::gap::GapBuffer;
use history::pack::{Pack, PackBuilder, PackEntry};
use history::{anchor, delta};
use std::hint::black_box;
use std::time::{Duration, Instant};

const LIMIT: usize = 16 << 20;

fn main() {
    let (name, saves) = trace::given();
    println!("history of {name}");
    sizes(&saves);
    println!();
    encoding(&saves);
    println!();
    hostile();
}

/// The bytes of one history in every form, and the time to read versions back.
fn sizes(saves: &[Save]) {
    let heads: Vec<Vec<u8>> = saves.iter().zip(1..).map(|(save, version)| head(version, save.time_ms)).collect();
    let full: usize = saves.iter().map(|save| save.body.len()).sum();
    let all: Vec<u8> = saves.iter().flat_map(|save| save.body.iter().copied()).collect();
    let baseline = zstd_long(&all);
    let row = |name: &str, bytes: usize, note: &str| {
        println!("{name:<46} {bytes:>12} B {:>8.3} x zstd  {note}", ratio(bytes, baseline));
    };
    row("full copies", full, &format!("{} versions, last of {} bytes", saves.len(), saves[saves.len() - 1].body.len()));
    row("zstd -19 --long=27 of all versions", baseline, "");

    let deltas: Vec<Vec<u8>> = saves.windows(2).map(|pair| delta::encode(&pair[0].body, &pair[1].body)).collect();
    let runs: usize = (0..saves.len())
        .map(|at| {
            if at % 64 == 0 { anchor::encode(&saves[at].body, anchor::LEVEL_SAVE).len() } else { deltas[at - 1].len() }
        })
        .sum();
    row("deltas", deltas.iter().map(Vec::len).sum(), "without an anchor");
    row("runs of 64: an anchor and 63 deltas", runs, "without headers");

    let (bare, bare_time) = timed(|| pack(saves, None, 19));
    row("one pack, level 19", bare.len(), &format!("without headers, {bare_time:.0?}"));
    let (cold, cold_time) = timed(|| pack(saves, Some(&heads), 9));
    row("one pack, level 9, with headers", cold.len(), &format!("{cold_time:.0?}"));
    let (big, big_time) = timed(|| pack(saves, Some(&heads), 19));
    row("one pack, level 19, with headers", big.len(), &format!("{big_time:.0?}"));
    for count in [64, 256, 1024] {
        let chunks = saves.chunks(count).zip(heads.chunks(count));
        let bytes = chunks.map(|(saves, heads)| pack(saves, Some(heads), 9).len()).sum();
        row(&format!("packs of {count} versions, level 9, with headers"), bytes, "");
    }

    println!();
    let (pack, _) = timed(|| Pack::parse(&big, LIMIT).expect("a pack"));
    println!("{:<46} {:>12.3?}", "parse the big pack", best(|| Pack::parse(&big, LIMIT).expect("a pack").len()));
    for (name, at) in [("first", 0), ("middle", saves.len() / 2), ("last", saves.len() - 1)] {
        let version = at as u64 + 1;
        assert_eq!(pack.body(version).expect("in the pack"), saves[at].body);
        let time = best(|| Pack::parse(&big, LIMIT).expect("a pack").body(version).expect("in the pack").len());
        println!("{:<46} {time:>12.3?}", format!("parse it and read the {name} version"));
    }
    println!("{:<46} {:>12.3?}", "read all versions", best(|| pack.bodies().expect("a pack").map(black_box).count()));
    let run = saves.len().min(64);
    let time = best(|| {
        let mut buffer = GapBuffer::new(saves[0].body.clone());
        for delta in &deltas[..run - 1] {
            delta::apply_in_place(&mut buffer, delta, LIMIT).expect("a delta");
        }
        buffer.len()
    });
    println!("{:<46} {time:>12.3?}", format!("walk a run of {run}"));
}

#[allow(clippy::cast_precision_loss, reason = "a ratio for people")]
fn ratio(bytes: usize, baseline: usize) -> f64 {
    bytes as f64 / baseline as f64
}

/// What a save pays: deltas and anchors of documents of several sizes.
fn encoding(saves: &[Save]) {
    let sample = &saves[saves.len() - 1].body;
    println!("{:>9}  {:<34} {:>12} {:>12} {:>10}", "document", "what", "encode", "decode", "bytes");
    for len in [2_000, 50_000, 1_000_000] {
        let base = prose(sample, len);
        let mut edits: Vec<(&str, Vec<u8>)> = Vec::new();
        let mut one = base.clone();
        one.splice(len / 2..len / 2, *b"a sentence typed since the last save");
        edits.push(("delta: one edit", one.clone()));
        let mut two = base.clone();
        two.splice(len - 50..len - 40, *b"another");
        two.splice(40..45, *b"words");
        edits.push(("delta: two edits at both ends", two));
        let pasted = prose(&sample[sample.len() / 3..], len / 5);
        one.splice(len / 3..len / 3, pasted);
        edits.push(("delta: a fifth pasted", one));
        edits.push(("delta: all rewritten", base.iter().rev().copied().collect()));
        for (name, target) in edits {
            let delta = delta::encode(&base, &target);
            let encode = best(|| delta::encode(&base, &target).len());
            let decode = best(|| delta::apply(&base, &delta, LIMIT).expect("a delta").len());
            println!("{len:>9}  {name:<34} {encode:>12.3?} {decode:>12.3?} {:>10}", delta.len());
        }
        for level in [1, 3, 6] {
            let anchor = anchor::encode(&base, level);
            let encode = best(|| anchor::encode(&base, level).len());
            let decode = best(|| anchor::decode(&anchor, LIMIT).expect("an anchor").len());
            let name = format!("anchor, level {level}");
            println!("{len:>9}  {name:<34} {encode:>12.3?} {decode:>12.3?} {:>10}", anchor.len());
        }
    }
}

/// Documents that make comparing hard: they repeat themselves, or have nothing in common.
fn hostile() {
    let len = 4 << 20;
    let ones = vec![b'a'; len];
    let lines = b"the same line of forty bytes, all over.\n".repeat(len / 40);
    let noise = |seed: &[u8], mask: u8| {
        let mut bytes = vec![0; len];
        blake3::Hasher::new().update(seed).finalize_xof().fill(&mut bytes);
        for byte in &mut bytes {
            *byte &= mask;
        }
        bytes
    };
    let edited = |base: &[u8]| {
        let mut target = base.to_vec();
        target.splice(len / 2..len / 2 + 9, *b"one edit");
        target.splice(10..20, *b"another");
        target
    };
    println!("{:>9}  {:<34} {:>12} {:>12} {:>10}", "document", "hostile", "encode", "decode", "bytes");
    for (name, base, target) in [
        ("one letter, two edits", ones.clone(), edited(&ones)),
        ("one line repeated, two edits", lines.clone(), edited(&lines)),
        ("one letter, one line", ones.clone(), lines.clone()),
        ("noise of two letters", noise(b"a", 1), noise(b"b", 1)),
        ("noise of two letters, edited", noise(b"a", 1), edited(&noise(b"a", 1))),
        ("noise", noise(b"a", 255), noise(b"b", 255)),
    ] {
        let delta = delta::encode(&base, &target);
        let encode = best(|| delta::encode(&base, &target).len());
        let decode = best(|| delta::apply(&base, &delta, LIMIT).expect("a delta").len());
        println!("{len:>9}  {name:<34} {encode:>12.3?} {decode:>12.3?} {:>10}", delta.len());
    }
}

/// Text of a length, made of a sample whose paragraphs are numbered so that no two are equal.
fn prose(sample: &[u8], len: usize) -> Vec<u8> {
    let lines = sample.split(|&byte| byte == b' ').cycle().zip(1_u64..);
    let mut text = Vec::with_capacity(len + 100);
    for (line, number) in lines {
        text.extend_from_slice(line);
        text.push(b' ');
        if number % 16 == 0 {
            text.extend_from_slice(format!("{} ", number.wrapping_mul(0x9e37_79b9_7f4a_7c15) >> 40).as_bytes());
        }
        if text.len() >= len {
            break;
        }
    }
    text.truncate(len);
    text
}

fn pack(saves: &[Save], heads: Option<&[Vec<u8>]>, level: i32) -> Vec<u8> {
    let mut builder = PackBuilder::new(1, level);
    for (index, save) in saves.iter().enumerate() {
        let head = heads.map_or(&[][..], |heads| &heads[index]);
        let entry = PackEntry { version: index as u64 + 1, head, meta: b"", local: b"", body: &save.body };
        builder.push(&entry).expect("room for the version");
    }
    builder.finish(saves.len() as u64).expect("in order")
}

/// A revision header of the usual size: ids and constants that stay, a counter and a time that grow.
fn head(counter: u64, time_ms: i64) -> Vec<u8> {
    let mut head = vec![1, 0];
    head.extend_from_slice(&blake3::hash(b"draft").as_bytes()[..16]);
    head.extend_from_slice(b"\x04post\x01\x01");
    head.extend_from_slice(&blake3::hash(b"replica").as_bytes()[..16]);
    head.extend_from_slice(&counter.to_be_bytes());
    head.extend_from_slice(&blake3::hash(b"replica").as_bytes()[..16]);
    head.extend_from_slice(blake3::hash(b"parent").as_bytes());
    head.extend_from_slice(&time_ms.to_be_bytes());
    head.extend_from_slice(blake3::hash(b"policy").as_bytes());
    head
}

fn timed<T>(work: impl FnOnce() -> T) -> (T, Duration) {
    let start = Instant::now();
    let result = work();
    (result, start.elapsed())
}

/// The shortest of several runs: what the work costs when nothing else disturbs it.
fn best<T>(mut work: impl FnMut() -> T) -> Duration {
    let mut best = Duration::MAX;
    let start = Instant::now();
    for round in 0..200 {
        best = best.min(timed(|| black_box(work())).1);
        if round >= 4 && start.elapsed() > Duration::from_millis(300) {
            break;
        }
    }
    best
}
