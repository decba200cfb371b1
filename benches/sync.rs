//! What syncing costs with the hub in the same process: pushing and pulling many drafts, and a cycle in which nothing happened.
//!
//! `cargo bench --bench sync` (10,000 drafts of 2 KB; with `--quick` 1,000). The baseline is the same bytes in redb, 64 documents a
//! durable commit, once for each side that keeps them.

mod common;

use common::Outcome;
use common::naive::Naive;
use common::random::{Random, Words};
use common::stats::{folder, has, median, timed};
use draftkeep::hub::{Hub, HubOptions};
use draftkeep::storage::StoreFile;
use draftkeep::sync::Syncer;
use draftkeep::{Kind, Options, Space, Store};
use futures_executor::block_on;
use std::path::Path;
use std::sync::Arc;

const NOTE: Kind<String> = Kind::new("note");

fn main() -> Outcome {
    let drafts = if has("--quick") { 1_000 } else { 10_000 };
    many(drafts)?;
    println!();
    idle(if has("--quick") { &[100, 2_000] } else { &[1_000, 100_000] })
}

/// The first push of a space and the first pull of another device.
fn many(drafts: usize) -> Outcome {
    let folder = folder()?;
    let texts = texts(drafts);
    let hub = hub(&folder.path().join("hub.redb"))?;
    let one = device(&folder.path().join("one.redb"), &texts)?;
    let two = device(&folder.path().join("two.redb"), &[])?;
    let (push, pull) = (Syncer::new(&one, Arc::clone(&hub)), Syncer::new(&two, Arc::clone(&hub)));
    // They meet the hub first, as devices have.
    block_on(pull.once())?;
    let (pushed, push_time) = timed(|| Ok(block_on(push.once())?))?;
    let (pulled, pull_time) = timed(|| Ok(block_on(pull.once())?))?;
    assert_eq!((pushed.pushed, pulled.received), (drafts as u64, drafts as u64), "everything went over");

    let naive = Naive::create(&folder.path().join("naive.redb"))?;
    let rows: Vec<(Vec<u8>, Vec<u8>)> = texts
        .iter()
        .zip(0_u64..)
        .map(|(text, number)| (number.to_be_bytes().to_vec(), text.as_bytes().to_vec()))
        .collect();
    let ((), naive_time) = timed(|| rows.chunks(64).zip(0_u64..).try_for_each(|(rows, at)| naive.load(at * 64, rows)))?;
    println!("{drafts} drafts of 2 KB, device and hub on redb in one process");
    let count = f64::from(u32::try_from(drafts)?);
    for (name, time) in [("redb, 64 a commit", naive_time), ("first push", push_time), ("first pull", pull_time)] {
        println!("{name:<24} {time:>8.2} s {:>10.0} /s {:>6.2} x", count / time, naive_time / time);
    }
    Ok(())
}

/// A cycle in which nothing happened, in spaces of different sizes.
fn idle(sizes: &[usize]) -> Outcome {
    println!("a cycle in which nothing happened");
    let mut first = None;
    for drafts in sizes {
        let folder = folder()?;
        let hub = hub(&folder.path().join("hub.redb"))?;
        let space = device(&folder.path().join("one.redb"), &texts(*drafts))?;
        let syncer = Syncer::new(&space, hub);
        // The second cycle sees what the first one pushed.
        for _ in 0..2 {
            block_on(syncer.once())?;
        }
        let samples: Outcome<Vec<f64>> = (0..51).map(|_| Ok(timed(|| Ok(block_on(syncer.once())?))?.1)).collect();
        let time = median(samples?);
        let first = *first.get_or_insert(time);
        println!("{drafts:>8} clean drafts {:>10.0} us {:>6.2} x", time * 1e6, time / first);
    }
    Ok(())
}

fn texts(count: usize) -> Vec<String> {
    let (words, mut random) = (Words::new(), Random::new(7));
    (0..count).map(|_| words.prose(&mut random, 2_000)).collect()
}

fn hub(path: &Path) -> Outcome<Arc<Hub>> {
    Ok(Arc::new(Hub::open(Arc::new(StoreFile::at(path).create()?.0), HubOptions::new())?))
}

fn device(path: &Path, texts: &[String]) -> Outcome<Space> {
    let space = Store::create(path, Options::new())?.space("alice")?;
    let notes = space.drafts(NOTE)?;
    for text in texts {
        notes.start(text)?;
    }
    Ok(space)
}
