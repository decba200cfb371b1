//! What syncing costs with the hub in the same process: pushing and pulling many drafts, an edit of a
//! long text, and a cycle in which nothing happened.
//!
//! `cargo bench --bench sync` (10,000 drafts of 2 KB; with `--quick` 1,000). The baseline is the same bytes in redb, 256 documents a
//! durable commit, once for each side that keeps them.

mod common;

use common::Outcome;
use common::naive::Naive;
use common::random::{Random, Words};
use common::stats::{folder, has, median, timed};
use draftkeep::hub::{Hub, HubOptions};
use draftkeep::storage::StoreFile;
use draftkeep::sync::Syncer;
use draftkeep::transport::{Answer, Ask, Request, Transport, TransportError};
use draftkeep::{Filter, Kind, Options, Space, Store};
use futures_core::future::BoxFuture;
use futures_executor::block_on;
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

const NOTE: Kind<String> = Kind::new("note");

fn main() -> Outcome {
    let drafts = if has("--quick") { 1_000 } else { 10_000 };
    many(drafts)?;
    println!();
    one_word()?;
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
    let ((), naive_time) =
        timed(|| rows.chunks(256).zip(0_u64..).try_for_each(|(rows, at)| naive.load(at * 256, rows)))?;
    println!("{drafts} drafts of 2 KB, device and hub on redb in one process");
    let count = f64::from(u32::try_from(drafts)?);
    for (name, time) in [("redb, 256 a commit", naive_time), ("first push", push_time), ("first pull", pull_time)] {
        println!("{name:<24} {time:>8.2} s {:>10.0} /s {:>6.2} x", count / time, naive_time / time);
    }
    Ok(())
}

/// What travels of an edit of one word in a long text: as the edit, and whole.
fn one_word() -> Outcome {
    let (words, mut random) = (Words::new(), Random::new(7));
    let folder = folder()?;
    let hub = hub(&folder.path().join("hub.redb"))?;
    let space = device(&folder.path().join("one.redb"), &[words.prose(&mut random, 100_000)])?;
    let (syncer, counted) =
        (Syncer::new(&space, Arc::clone(&hub)), Arc::new(Counted { hub, pushed: AtomicU64::new(0) }));
    block_on(syncer.once())?;
    let counting = Syncer::new(&space, Arc::clone(&counted));
    let notes = space.drafts(NOTE)?;
    let draft = notes.list(&Filter::all())?.drafts.first().map(|info| notes.get(info.id)).transpose()?.flatten();
    let draft = draft.ok_or("the draft is gone")?;
    let mut sizes = Vec::new();
    for number in 0..18 {
        let mut edit = draft.edit()?;
        let at = 5_000 * (number + 1);
        edit.doc().insert_str(at, "lantern ");
        let _ = edit.save()?;
        block_on(counting.once())?;
        sizes.push(counted.pushed.swap(0, Ordering::Relaxed));
    }
    let (least, most) = (sizes.iter().min().unwrap_or(&0), sizes.iter().max().unwrap_or(&0));
    let mean = sizes.iter().sum::<u64>() / sizes.len() as u64;
    println!("bytes pushed for an edit of one word in 100 KB, 18 edits, each synced for itself");
    for (name, bytes) in [("the document", 100_000), ("whole", *most), ("as a delta", *least), ("on average", mean)] {
        println!("{name:<24} {bytes:>10} bytes");
    }
    Ok(())
}

/// Counts the bytes of requests that push.
#[derive(Debug)]
struct Counted {
    hub: Arc<Hub>,
    pushed: AtomicU64,
}

impl Transport for Counted {
    fn send(&self, request: Request) -> BoxFuture<'_, Result<Answer, TransportError>> {
        if let (Ask::Push { .. }, Ok(bytes)) = (&request.ask, request.to_bytes()) {
            self.pushed.fetch_add(bytes.len() as u64, Ordering::Relaxed);
        }
        self.hub.send(request)
    }
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
