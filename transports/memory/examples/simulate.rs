//! Plays many simulated lives of devices that sync, and prints what happened in them and what was lost.
//!
//! ```text
//! cargo run --release -p draftkeep-memory --example simulate -- [--seeds 0..2000] [--storage memory|redb] [--sealed never|sometimes|always] [--steps 90]
//! ```
//!
//! The exit code is 1 where a word was lost, devices did not come to rest, or anything else went wrong; each such seed is
//! printed with its story, and tells the same one again.

use draftkeep_memory::{Failure, Medium, Sealing, Setting, Tally, simulate};
use std::ops::Range;
use std::process::ExitCode;
use std::sync::Mutex;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Instant;

/// How many stories of failures are told.
const STORIES: usize = 3;

struct Wish {
    seeds: Range<u64>,
    setting: Setting,
}

fn wish() -> Result<Wish, String> {
    let mut wish = Wish { seeds: 0..2_000, setting: Setting::default() };
    let mut words = std::env::args().skip(1);
    while let Some(word) = words.next() {
        let value = words.next().ok_or_else(|| format!("{word} needs a value"))?;
        match word.as_str() {
            "--seeds" => {
                let (first, end) = value.split_once("..").unwrap_or((&value, ""));
                let first = first.parse().map_err(|_| format!("{value} is no range"))?;
                let end =
                    if end.is_empty() { first + 1 } else { end.parse().map_err(|_| format!("{value} is no range"))? };
                wish.seeds = first..end;
            }
            "--storage" => wish.setting = wish.setting.medium(medium(&value)?),
            "--sealed" => wish.setting = wish.setting.sealing(sealing(&value)?),
            "--steps" => {
                let steps = value.parse().map_err(|_| format!("{value} is no number"))?;
                wish.setting = wish.setting.steps_max(steps);
            }
            _ => return Err(format!("{word} is not known; there are --seeds, --storage, --sealed and --steps")),
        }
    }
    Ok(wish)
}

fn medium(name: &str) -> Result<Medium, String> {
    match name {
        "memory" => Ok(Medium::Memory),
        #[cfg(feature = "redb")]
        "redb" => Ok(Medium::Redb),
        _ => Err(format!("{name} is no storage; there are memory and redb")),
    }
}

fn sealing(name: &str) -> Result<Sealing, String> {
    match name {
        "never" => Ok(Sealing::Never),
        "sometimes" => Ok(Sealing::Sometimes),
        "always" => Ok(Sealing::Always),
        _ => Err(format!("stores are sealed never, sometimes or always, and not {name}")),
    }
}

fn main() -> ExitCode {
    let Wish { seeds, setting } = match wish() {
        Ok(wish) => wish,
        Err(what) => {
            eprintln!("{what}");
            return ExitCode::from(2);
        }
    };
    let began = Instant::now();
    let next = AtomicU64::new(seeds.start);
    let (tally, failures) = (Mutex::new(Tally::default()), Mutex::new(Vec::<Failure>::new()));
    std::thread::scope(|scope| {
        for _ in 0..2 {
            scope.spawn(|| {
                loop {
                    let seed = next.fetch_add(1, Ordering::Relaxed);
                    if !seeds.contains(&seed) {
                        break;
                    }
                    match simulate(seed, &setting) {
                        Ok(simulated) => tally.lock().expect("nobody panics").add(&simulated.tally),
                        Err(failure) => {
                            tally.lock().expect("nobody panics").add(&failure.tally);
                            failures.lock().expect("nobody panics").push(*failure);
                        }
                    }
                }
            });
        }
    });
    let (tally, mut failures) =
        (tally.into_inner().expect("nobody panics"), failures.into_inner().expect("nobody panics"));
    failures.sort_by_key(|failure| failure.seed);
    for failure in failures.iter().take(STORIES) {
        eprintln!("{failure}");
    }
    for failure in failures.iter().skip(STORIES) {
        eprintln!("seed {}: {}", failure.seed, failure.what);
    }
    println!("seeds {seeds:?} in {:.1} s", began.elapsed().as_secs_f64());
    print!("{tally}");
    let lost = failures
        .iter()
        .filter(|failure| failure.what.starts_with("lost") || failure.what.starts_with("not in"))
        .count();
    println!("  {:<36} {lost:>12}", "seeds with lost edits");
    println!("  {:<36} {:>12}", "seeds that failed", failures.len());
    if failures.is_empty() { ExitCode::SUCCESS } else { ExitCode::FAILURE }
}
