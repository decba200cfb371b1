//! What syncing over HTTP costs beside the least that it could: the same documents as frames over TCP, written into redb at the other
//! end, as many in a durable commit as a push request holds.
//!
//! `cargo bench -p draftkeep-http --bench sync_http` (10,000 drafts of 2 KB; with `--quick` 500). Everything is on one machine: client,
//! server, both disks.

#[path = "../../../benches/common/counted.rs"]
mod counted;
#[path = "../../../benches/common/random.rs"]
mod random;

use counted::Counted;
use draftkeep::hub::{Hub, HubOptions};
use draftkeep::storage::faults::CountingDisk;
use draftkeep::storage::{MemoryDisk, RedbStorage, StoreFile};
use draftkeep::sync::Syncer;
use draftkeep::{Kind, Options, Space, Store};
use draftkeep_http::{
    Everybody, HttpOptions, HttpTransport, HubService, Limits, Listener, ListenerOptions, Rate, Token,
};
use futures_executor::block_on;
use random::{Random, Words};
use redb::{Database, ReadableDatabase, TableDefinition};
use std::io::{Read, Write};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::thread;
use std::time::Instant;

type Outcome<T = ()> = Result<T, Box<dyn std::error::Error + Send + Sync>>;

const NOTE: Kind<String> = Kind::new("note");
const TABLE: TableDefinition<'static, u64, &[u8]> = TableDefinition::new("documents");
const COMMIT: usize = 256;
const EDITS: usize = 101;
/// Where waits are counted.
const BATCHES: usize = 8;

fn main() -> Outcome {
    let drafts = if std::env::args().any(|argument| argument == "--quick") { 500 } else { 10_000 };
    let folder = tempfile::Builder::new().prefix("draftkeep-bench-").tempdir()?;
    let (words, mut random) = (Words::new(), Random::new(7));
    let texts: Vec<String> = (0..drafts).map(|_| words.prose(&mut random, 2_000)).collect();

    let ours = ours(folder.path(), &texts)?;
    let bare = bare(folder.path(), &texts)?;
    println!(
        "{drafts} drafts of 2 KB over HTTP, hub and devices on redb; bare: frames over TCP into redb, {COMMIT} a commit"
    );
    let count = f64::from(u32::try_from(drafts)?);
    println!("{:<28} {:>12} {:>12} {:>8}", "", "draftkeep", "bare", "ratio");
    for (name, ours, bare) in
        [("first push, drafts a second", ours.push, bare.push), ("first pull", ours.pull, bare.pull)]
    {
        println!("{name:<28} {:>12.0} {:>12.0} {:>7.2}x", count / ours, count / bare, bare / ours);
    }
    // Without the 300 ms for which a syncer that runs by itself gathers saves.
    println!(
        "{:<28} {:>9.2} ms {:>9.2} ms {:>7.2}x",
        "edit, on the other device",
        ours.edit * 1e3,
        bare.edit * 1e3,
        ours.edit / bare.edit
    );
    let [ours, bare] = [ours_waits()?, bare_waits()?];
    println!(
        "waits for the disk, of {BATCHES} times {COMMIT} drafts pushed {} : {}, of an edit {} : {}",
        ours.0, bare.0, ours.1, bare.1
    );
    Ok(())
}

/// How often everything together waits for the disk: for drafts that are pushed, and for an edit that is saved and comes to the other
/// device. A file that grows waits once more; so the least of some rounds counts.
type Waits = (u64, u64);

fn ours_waits() -> Outcome<Waits> {
    let disks = [(); 3].map(|()| CountingDisk::new(Arc::new(MemoryDisk::new())));
    let storage = |disk: &CountingDisk| RedbStorage::create(Arc::new(disk.clone()));
    let hub = Arc::new(Hub::open(Arc::new(storage(&disks[0])?), HubOptions::new())?);
    let device = |disk: &CountingDisk| -> Outcome<(Space, Syncer)> {
        let space = Store::with_storage(Arc::new(storage(disk)?), Options::new())?.space("alice")?;
        let syncer = Syncer::new(&space, Arc::clone(&hub));
        block_on(syncer.once())?;
        Ok((space, syncer))
    };
    let ((one, push), (_two, pull)) = (device(&disks[1])?, device(&disks[2])?);
    let waits = || disks.iter().map(|disk| disk.work().syncs).sum::<u64>();
    let notes = one.drafts(NOTE)?;
    let (mut batch, mut edit) = (u64::MAX, u64::MAX);
    for number in 0..8 {
        let drafts = (0..BATCHES * COMMIT).map(|place| notes.start(&format!("{number} {place}")));
        let drafts = drafts.collect::<Result<Vec<_>, _>>()?;
        let before = waits();
        block_on(push.once())?;
        batch = batch.min(waits() - before);
        block_on(pull.once())?;
        let before = waits();
        let mut typed = drafts[0].edit()?;
        typed.doc().push('!');
        let _ = typed.save()?;
        block_on(push.once())?;
        block_on(pull.once())?;
        edit = edit.min(waits() - before);
    }
    Ok((batch, edit))
}

fn bare_waits() -> Outcome<Waits> {
    let disk = CountingDisk::new(Arc::new(MemoryDisk::new()));
    let database = redb::Builder::new().create_with_backend(Counted(disk.clone()))?;
    let mut least = u64::MAX;
    for key in 0..8 {
        let before = disk.work().syncs;
        commit(&database, &[(key, vec![1])])?;
        least = least.min(disk.work().syncs - before);
    }
    // One commit a batch; an edit is one on each device and one on the hub. A device that has to know after a crash what it sent and
    // what was answered cannot do with so few.
    Ok((BATCHES as u64 * least, 3 * least))
}

/// Seconds.
struct Times {
    push: f64,
    pull: f64,
    edit: f64,
}

fn timed<T>(work: impl FnOnce() -> Outcome<T>) -> Outcome<(T, f64)> {
    let began = Instant::now();
    let done = work()?;
    Ok((done, began.elapsed().as_secs_f64()))
}

fn median(mut samples: Vec<f64>) -> f64 {
    samples.sort_by(f64::total_cmp);
    samples[samples.len() / 2]
}

fn ours(folder: &Path, texts: &[String]) -> Outcome<Times> {
    let address = serve(&folder.join("hub.redb"))?;
    let device = |name: &str| -> Outcome<(Space, Syncer)> {
        let space = Store::create(folder.join(name), Options::new())?.space("alice")?;
        let options = HttpOptions::new().token(Token::new("any")?);
        let transport = HttpTransport::open(&format!("http://{address}"), options)?;
        let syncer = Syncer::new(&space, transport);
        // They meet the hub first, as devices have.
        block_on(syncer.once())?;
        Ok((space, syncer))
    };
    let ((one, push), (two, pull)) = (device("one.redb")?, device("two.redb")?);
    let notes = one.drafts(NOTE)?;
    for text in texts {
        notes.start(text)?;
    }
    let (pushed, push_time) = timed(|| Ok(block_on(push.once())?))?;
    let (pulled, pull_time) = timed(|| Ok(block_on(pull.once())?))?;
    assert_eq!((pushed.pushed, pulled.received), (texts.len() as u64, texts.len() as u64), "everything went over");

    let draft = notes.start(&texts[0])?;
    block_on(push.once())?;
    block_on(pull.once())?;
    let there = two.drafts(NOTE)?.get(draft.id())?.ok_or("it came over")?;
    let edits: Outcome<Vec<f64>> = (0..EDITS)
        .map(|number| {
            let mut edit = draft.edit()?;
            edit.doc().insert_str(0, &format!("{number} "));
            let ((), time) = timed(|| {
                let _ = edit.save()?;
                block_on(push.once())?;
                block_on(pull.once())?;
                Ok(())
            })?;
            assert_eq!(there.load()?, *edit.doc());
            Ok(time)
        })
        .collect();
    Ok(Times { push: push_time, pull: pull_time, edit: median(edits?) })
}

/// A hub that serves until the process ends.
fn serve(path: &Path) -> Outcome<SocketAddr> {
    let often = Rate::per_second(1_000_000, 1_000_000);
    let hub = Hub::open(Arc::new(StoreFile::at(path).create()?.0), HubOptions::new())?;
    let service = HubService::new(hub, Everybody, Limits::new().of_grant(often).of_address(often));
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build()?;
    let listener = runtime.block_on(Listener::bind("127.0.0.1:0", ListenerOptions::new()))?;
    let address = listener.address();
    thread::spawn(move || runtime.block_on(listener.serve(&service, std::future::pending())));
    Ok(address)
}

/// The same documents as frames, and nothing else: a number, a length, the bytes. A batch is answered with one byte once it is durable.
fn bare(folder: &Path, texts: &[String]) -> Outcome<Times> {
    let address = bare_hub(folder.join("bare-hub.redb"))?;
    let device = Database::create(folder.join("bare-device.redb"))?;
    let mut up = connect(address)?;
    let rows: Vec<(u64, &[u8])> = (0..).zip(texts.iter().map(String::as_bytes)).collect();
    let ((), push) = timed(|| rows.chunks(COMMIT).try_for_each(|batch| push_batch(&mut up, batch)))?;
    let (count, pull) = timed(|| {
        let mut down = connect(address)?;
        let (mut count, mut from) = (0, 0_u64);
        loop {
            down.write_all(&[&b"g"[..], &from.to_le_bytes()].concat())?;
            let batch = read_batch(&mut down)?;
            let Some((last, _)) = batch.last() else { return Ok(count) };
            from = last + 1;
            count += batch.len();
            commit(&device, &batch)?;
        }
    })?;
    assert_eq!(count, texts.len());
    let mut down = connect(address)?;
    let edits: Outcome<Vec<f64>> = (0..EDITS as u64)
        .map(|number| {
            let (key, text) = (texts.len() as u64 + number, texts[0].as_bytes());
            let ((), time) = timed(|| {
                // As a device saves it, sends it, and as another one fetches and saves it.
                commit(&device, &[(key, text.to_vec())])?;
                push_batch(&mut up, &[(key, text)])?;
                down.write_all(&[&b"g"[..], &key.to_le_bytes()].concat())?;
                let batch = read_batch(&mut down)?;
                assert_eq!(batch.len(), 1);
                commit(&device, &batch)
            })?;
            Ok(time)
        })
        .collect();
    Ok(Times { push, pull, edit: median(edits?) })
}

fn connect(address: SocketAddr) -> Outcome<TcpStream> {
    let stream = TcpStream::connect(address)?;
    stream.set_nodelay(true)?;
    Ok(stream)
}

fn bare_hub(path: PathBuf) -> Outcome<SocketAddr> {
    let listener = TcpListener::bind("127.0.0.1:0")?;
    let address = listener.local_addr()?;
    let database = Arc::new(Database::create(path)?);
    thread::spawn(move || {
        for stream in listener.incoming().flatten() {
            let database = Arc::clone(&database);
            // What goes wrong with a connection is told by its end.
            thread::spawn(move || drop(bare_answer(stream, &database)));
        }
    });
    Ok(address)
}

fn bare_answer(mut stream: TcpStream, database: &Database) -> Outcome {
    stream.set_nodelay(true)?;
    loop {
        let mut what = [0];
        stream.read_exact(&mut what)?;
        if what == *b"p" {
            let batch = read_batch(&mut stream)?;
            commit(database, &batch)?;
            stream.write_all(b".")?;
        } else {
            let mut from = [0; 8];
            stream.read_exact(&mut from)?;
            let transaction = database.begin_read()?;
            let table = transaction.open_table(TABLE)?;
            let rows = table.range(u64::from_le_bytes(from)..)?.take(COMMIT);
            let rows: Result<Vec<_>, _> =
                rows.map(|row| row.map(|(key, value)| (key.value(), value.value().to_vec()))).collect();
            let rows = rows?;
            let rows: Vec<(u64, &[u8])> = rows.iter().map(|(key, value)| (*key, value.as_slice())).collect();
            stream.write_all(&frames(&rows))?;
        }
    }
}

fn push_batch(stream: &mut TcpStream, batch: &[(u64, &[u8])]) -> Outcome {
    stream.write_all(&[b"p".as_slice(), &frames(batch)].concat())?;
    stream.read_exact(&mut [0])?;
    Ok(())
}

fn frames(rows: &[(u64, &[u8])]) -> Vec<u8> {
    let mut bytes = (rows.len() as u64).to_le_bytes().to_vec();
    for (key, value) in rows {
        bytes.extend_from_slice(&key.to_le_bytes());
        bytes.extend_from_slice(&(value.len() as u64).to_le_bytes());
        bytes.extend_from_slice(value);
    }
    bytes
}

fn read_batch(stream: &mut TcpStream) -> Outcome<Vec<(u64, Vec<u8>)>> {
    let mut reader = std::io::BufReader::with_capacity(64 << 10, stream);
    let count = read_number(&mut reader)?;
    (0..count)
        .map(|_| {
            let (key, length) = (read_number(&mut reader)?, read_number(&mut reader)?);
            let mut value = vec![0; usize::try_from(length)?];
            reader.read_exact(&mut value)?;
            Ok((key, value))
        })
        .collect()
}

fn read_number(reader: &mut impl Read) -> Outcome<u64> {
    let mut bytes = [0; 8];
    reader.read_exact(&mut bytes)?;
    Ok(u64::from_le_bytes(bytes))
}

fn commit(database: &Database, rows: &[(u64, Vec<u8>)]) -> Outcome {
    let transaction = database.begin_write()?;
    {
        let mut table = transaction.open_table(TABLE)?;
        for (key, value) in rows {
            table.insert(key, value.as_slice())?;
        }
    }
    Ok(transaction.commit()?)
}
