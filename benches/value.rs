//! Writing and reading documents, against `serde_json` on the same documents in the same run.

use std::hint::black_box;
use std::time::{Duration, Instant};

use draftkeep::value::{self, Value};
use serde::{Deserialize, Serialize};

const ROUNDS: usize = 201;
const ROUND: Duration = Duration::from_micros(300);

/// A post as a blog has it: fields in the order of the page, not of the alphabet.
#[derive(Serialize, Deserialize)]
struct Post {
    title: String,
    slug: String,
    body: Vec<String>,
    tags: Vec<String>,
    published: bool,
}

/// A board of cards with ids.
#[derive(Serialize, Deserialize)]
struct Board {
    name: String,
    cards: Vec<Card>,
}

#[derive(Serialize, Deserialize)]
struct Card {
    id: String,
    title: String,
    done: bool,
    position: u32,
    assignee: Option<String>,
    labels: Vec<String>,
}

/// Measurements: integers and floats.
#[derive(Serialize, Deserialize)]
struct Series {
    unit: String,
    points: Vec<(u64, f64)>,
}

/// A repeatable source of variety.
struct Seed(u64);

impl Seed {
    fn next(&mut self, below: u64) -> u64 {
        self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (self.0 >> 33) % below
    }

    fn words(&mut self, count: u64) -> String {
        const WORDS: [&str; 12] =
            ["the", "inn", "was", "quiet", "über", "naïve", "and", "\"late\"", "she", "wrote", "again", "a"];
        let words: Vec<_> = (0..count).map(|_| WORDS[usize::try_from(self.next(12)).unwrap_or(0)]).collect();
        words.join(" ")
    }
}

fn prose(size: usize) -> Post {
    let mut seed = Seed(1);
    let mut post = Post {
        title: seed.words(6),
        slug: "the-inn".into(),
        body: Vec::new(),
        tags: vec!["travel".into(), "winter".into()],
        published: false,
    };
    let mut bytes = 100;
    while bytes < size {
        let words = 40 + seed.next(60);
        let paragraph = seed.words(words);
        bytes += paragraph.len() + 10;
        post.body.push(paragraph);
    }
    post
}

fn keyed(size: usize) -> Board {
    let mut seed = Seed(2);
    let cards = (0..=size / 190).map(|position| Card {
        id: format!("{:016x}{:08x}", seed.next(u64::MAX), position),
        title: seed.words(7),
        done: seed.next(2) == 0,
        position: u32::try_from(position).unwrap_or(0),
        assignee: (seed.next(3) == 0).then(|| "ines".to_owned()),
        labels: (0..seed.next(3)).map(|_| seed.words(1)).collect(),
    });
    Board { name: "Spring".into(), cards: cards.collect() }
}

fn numbers(size: usize) -> Series {
    let mut seed = Seed(3);
    let mut point = |at: u64| {
        let short = f64::from(u32::try_from(seed.next(100_000)).unwrap_or(0)) / 100.0;
        let long = f64::from(u32::try_from(seed.next(1 << 31)).unwrap_or(0)) / f64::from(u32::MAX);
        (1_700_000_000_000 + at * 60_000, if seed.next(2) == 0 { short } else { long })
    };
    let points = (0..=size as u64 / 30).map(&mut point);
    Series { unit: "kWh".into(), points: points.collect() }
}

/// What one comparison found: seconds per call of each, and the ratio, each the median of interleaved rounds.
struct Times {
    ours: f64,
    theirs: f64,
    ratio: f64,
}

fn compare(mut ours: impl FnMut(), mut theirs: impl FnMut()) -> Times {
    let start = Instant::now();
    theirs();
    let once = start.elapsed().as_secs_f64().max(1e-9);
    let calls = (ROUND.as_secs_f64() / once).clamp(1.0, 20_000.0);
    let time = |run: &mut dyn FnMut()| {
        let (start, mut count) = (Instant::now(), 0.0);
        while count < calls {
            run();
            count += 1.0;
        }
        start.elapsed().as_secs_f64() / count
    };
    let rounds: Vec<(f64, f64)> = (0..ROUNDS).map(|_| (time(&mut ours), time(&mut theirs))).collect();
    Times {
        ours: median(rounds.iter().map(|(ours, _)| *ours)),
        theirs: median(rounds.iter().map(|(_, theirs)| *theirs)),
        // Of each round by itself, so that a load that comes and goes weighs on both sides.
        ratio: median(rounds.iter().map(|(ours, theirs)| ours / theirs)),
    }
}

fn median(samples: impl Iterator<Item = f64>) -> f64 {
    let mut samples: Vec<f64> = samples.collect();
    samples.sort_by(f64::total_cmp);
    samples[samples.len() / 2]
}

fn line(name: &str, what: &str, bytes: usize, times: &Times) {
    println!(
        "{name:8} {bytes:>9} B  {what:22} {:>10.2} µs {:>10.2} µs {:>8.2}×",
        times.ours * 1e6,
        times.theirs * 1e6,
        times.ratio
    );
}

fn measure<T: Serialize + serde::de::DeserializeOwned>(name: &str, document: &T) {
    let text = serde_json::to_vec(document).unwrap_or_default();
    let canonical = value::to_canonical(document).unwrap_or_default();
    let tree = Value::parse(&canonical).unwrap_or_default();
    let foreign: serde_json::Value = serde_json::from_slice(&text).unwrap_or_default();
    let row = |what: &str, times: Times| line(name, what, text.len(), &times);
    row(
        "write from a type",
        compare(
            || drop(black_box(value::to_canonical(black_box(document)))),
            || drop(black_box(serde_json::to_vec(black_box(document)))),
        ),
    );
    row(
        "write a value",
        compare(
            || drop(black_box(black_box(&tree).to_canonical())),
            || drop(black_box(serde_json::to_vec(black_box(&foreign)))),
        ),
    );
    row(
        "read as written",
        compare(
            || drop(black_box(Value::parse(black_box(&text)))),
            || drop(black_box(serde_json::from_slice::<serde_json::Value>(black_box(&text)))),
        ),
    );
    row(
        "read canonical",
        compare(
            || drop(black_box(Value::parse_canonical(black_box(&canonical)))),
            || drop(black_box(serde_json::from_slice::<serde_json::Value>(black_box(&canonical)))),
        ),
    );
    row(
        "read into a type",
        compare(
            || drop(black_box(value::from_slice::<T>(black_box(&canonical)))),
            || drop(black_box(serde_json::from_slice::<T>(black_box(&canonical)))),
        ),
    );
}

fn main() {
    println!("{:8} {:>11}  {:22} {:>13} {:>13} {:>9}", "document", "size", "what", "draftkeep", "serde_json", "ratio");
    // `cargo bench --bench value -- keyed` measures only those.
    let only = std::env::args().nth(1).filter(|name| !name.starts_with('-'));
    let wanted = |name: &str| only.as_deref().is_none_or(|only| only == name);
    for size in [1_000, 10_000, 100_000, 1_000_000] {
        if wanted("prose") {
            measure("prose", &prose(size));
        }
        if wanted("keyed") {
            measure("keyed", &keyed(size));
        }
        if wanted("numbers") {
            measure("numbers", &numbers(size));
        }
    }
}
