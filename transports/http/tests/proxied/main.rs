//! Whole lives of devices, over the real client, real sockets and a real server on a real file, lose nothing and come to rest.
//!
//! Method: the simulator's people, devices and oracle; each device syncs with an `HttpTransport` through a TCP proxy of its own, which does to
//! connections and bytes what networks do, as a seed says. The server is killed and started again, put back and emptied; in a part of the lives it
//! is the program `draftkeep-hub`, which the system kills. Devices wait 300 ms at most for anything. A trouble counts where it changed
//! what was sent or answered, or when.
//!
//! `DRAFTKEEP_EFFORT` multiplies the search, `DRAFTKEEP_FIRST` is the first seed of a range. A failure prints its seed and its story. The seed
//! fixes who does what and which trouble is drawn; sockets and threads take their time as they like, so the next run may tell it otherwise.

mod connection;
#[path = "../../../memory/src/dice.rs"]
#[allow(dead_code, reason = "the simulator uses more of it")]
mod dice;
mod doorway;
mod exchange;
mod message;
#[path = "../common/program.rs"]
mod program;
mod proxy;
#[path = "../common/search.rs"]
mod search;
mod server;
mod state;
mod trouble;
mod venue;

use draftkeep_memory::{Failure, Setting, Simulated, Tally, simulate};
use search::{effort, first};
use server::{Heart, Process};
use std::sync::Mutex;
use std::sync::atomic::{AtomicU64, Ordering};
use trouble::Trouble;
use venue::Town;

/// Lives for one unit of effort.
const LIVES: u64 = 300;

/// One of so many lives has its server in a process of its own.
const OWN_PROCESS: u64 = 4;

/// The most steps before everybody comes to rest.
const STEPS_MAX: usize = 200;

/// How often each trouble has to happen in one unit of effort.
const TROUBLE_MIN: u64 = 12;

/// Lives that are lived at the same time: most of each is waiting.
const AT_ONCE: usize = 4;

fn lived(seed: u64, heart: Heart) -> Result<Simulated, Box<Failure>> {
    let process = if seed.is_multiple_of(OWN_PROCESS) && heart == Heart::Sound { Process::Own } else { Process::This };
    let town = move |seed| Town::new(seed, process, heart).map(|town| Box::new(town) as Box<_>);
    simulate(seed, &Setting::default().steps_max(STEPS_MAX).venue(town))
}

/// Lives that follow from seeds, some at the same time, until one fails.
fn live(seeds: std::ops::Range<u64>, heart: Heart) -> Result<Tally, Box<Failure>> {
    let (next, tally, failure) = (AtomicU64::new(seeds.start), Mutex::new(Tally::default()), Mutex::new(None));
    std::thread::scope(|scope| {
        for _ in 0..AT_ONCE {
            scope.spawn(|| {
                loop {
                    let seed = next.fetch_add(1, Ordering::Relaxed);
                    if !seeds.contains(&seed) || failure.lock().unwrap().is_some() {
                        break;
                    }
                    match lived(seed, heart) {
                        Ok(simulated) => tally.lock().unwrap().add(&simulated.tally),
                        Err(failed) => drop(failure.lock().unwrap().get_or_insert(failed)),
                    }
                }
            });
        }
    });
    failure.into_inner().unwrap().map_or(Ok(tally.into_inner().unwrap()), Err)
}

#[test]
fn no_word_is_lost_whatever_sockets_and_servers_do() {
    let seeds = first()..first() + LIVES * effort();
    let tally = live(seeds, Heart::Sound).unwrap_or_else(|failure| panic!("{failure}"));
    println!("{tally}");
    for (trouble, _) in Trouble::ALL {
        let count = tally.count(trouble.name());
        assert!(
            count >= TROUBLE_MIN * effort(),
            "{trouble} happened only {count} times: the search does not search for it"
        );
    }
    let least = [
        ("server killed", 200),
        ("file of the hub put back", 60),
        ("file of the hub removed", 60),
        ("merged by sync", 100),
        ("settled", 100),
        ("counters checked", 100),
        ("pushed as deltas", 500),
        ("syncers run", 150),
        ("parked", 20),
    ];
    for (what, least) in least {
        assert!(tally.count(what) >= least * effort(), "{what}: only {}", tally.count(what));
    }
}

#[test]
fn a_server_that_acknowledges_what_it_does_not_keep_is_noticed() {
    let failure = live(0..100, Heart::Careless).expect_err("nobody notices");
    println!("seed {}: {:.200}", failure.seed, failure.what);
}
