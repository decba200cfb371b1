//! What a hub does under load: 1, 16 and 64 connections, each pushing new revisions of a text of its own, the next one as soon as the
//! last one is accepted.
//!
//! `cargo run --release -p draftkeep-http --all-features --example load -- --seconds 60` pushes for so many seconds with each number of
//! connections, and for one second where nothing is said. The hub is a process of its own with its file, and has no limit that is
//! met; pushes go the way that a device's go. In the last row the limits are the usual ones, all connections share a grant of 100 pushes
//! a second, and none of them waits as it is told to. It fails where the hub keeps growing, keeps files open, or does not have a push
//! that it accepted after it was killed and started again.

#[path = "../../../benches/common/random.rs"]
mod random;

use draftkeep::hub::{Hub, HubOptions};
use draftkeep::storage::StoreFile;
use draftkeep::transport::conformance::sample;
use draftkeep::transport::{Answer, Ask, IDS_MAX, Outcome as Pushed, Push, Reply, Request, Target, Transport};
use draftkeep::{DraftId, RevisionId, TraceId};
use draftkeep_http::{
    Everybody, HttpOptions, HttpTransport, HubService, Limits, Listener, ListenerOptions, Rate, Token,
};
use futures_executor::block_on;
use random::{Random, Words};
use std::io::{BufRead, BufReader, Read};
use std::path::Path;
use std::process::{Child, ChildStdin, Command, Stdio};
use std::sync::Arc;
use std::thread::{sleep, spawn};
use std::time::{Duration, Instant};

type Outcome<T = ()> = Result<T, Box<dyn std::error::Error + Send + Sync>>;

const ROLE: &str = "DRAFTKEEP_EXAMPLE_ROLE";
const CONNECTIONS: [u8; 3] = [1, 16, 64];
const TEXT: usize = 2_000;

/// What the hub may take more in the second half of a run than in the first: as much as all of the engine's cache, which is what
/// fills slowly. Beyond that it is what a push leaves behind; 2 KB of each would be 30 MB after 15,000 pushes.
const GROWTH_KB_MAX: u64 = 16 << 10;

fn main() -> Outcome {
    let args: Vec<String> = std::env::args().skip(1).collect();
    match (std::env::var(ROLE).as_deref(), &args[..]) {
        (Ok("hub"), [folder, limits]) => hub(Path::new(folder), limits == "usual"),
        (_, []) => load(Duration::from_secs(1)),
        (_, [flag, seconds]) if flag == "--seconds" => load(Duration::from_secs(seconds.parse::<u64>()?.max(1))),
        _ => Err("the only argument is --seconds NUMBER".into()),
    }
}

/// The hub, until it is killed or whoever started it is gone.
fn hub(folder: &Path, is_limited: bool) -> Outcome {
    spawn(|| {
        let _ = std::io::stdin().read_to_end(&mut Vec::new());
        std::process::exit(0);
    });
    let (storage, _witness) = StoreFile::at(folder.join("hub.redb")).open_or_create()?;
    let hub = Hub::open(Arc::new(storage), HubOptions::new())?;
    let often = Rate::per_second(1_000_000, 1_000_000);
    let limits = if is_limited { Limits::new() } else { Limits::new().of_grant(often).of_address(often) };
    let service = HubService::new(hub, Everybody, limits);
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build()?;
    runtime.block_on(async {
        let listener = Listener::bind("127.0.0.1:0", ListenerOptions::new()).await?;
        println!("{}", listener.address());
        listener.serve(&service, std::future::pending()).await;
        Ok(())
    })
}

/// The hub's process.
struct Serving {
    child: Child,
    _stdin: Option<ChildStdin>,
    url: String,
    limits: &'static str,
}

impl Serving {
    fn start(folder: &Path, limits: &'static str) -> Outcome<Self> {
        let mut command = Command::new(std::env::current_exe()?);
        command.arg(folder).arg(limits).env(ROLE, "hub").stdin(Stdio::piped()).stdout(Stdio::piped());
        let mut child = command.spawn()?;
        let mut line = String::new();
        BufReader::new(child.stdout.take().ok_or("it says something")?).read_line(&mut line)?;
        Ok(Self { _stdin: child.stdin.take(), child, url: format!("http://{}", line.trim()), limits })
    }

    fn transport(&self) -> Outcome<HttpTransport> {
        Ok(HttpTransport::open(&self.url, HttpOptions::new().token(Token::new("any")?))?)
    }

    /// What of its memory is resident, in KB, and how many files it has open; none where the system does not say.
    fn look(&self) -> Option<(u64, usize)> {
        let process = Path::new("/proc").join(self.child.id().to_string());
        let status = std::fs::read_to_string(process.join("status")).ok()?;
        let resident = status.lines().find_map(|line| line.strip_prefix("VmRSS:"))?;
        let resident = resident.trim().strip_suffix(" kB")?.parse().ok()?;
        Some((resident, std::fs::read_dir(process.join("fd")).ok()?.count()))
    }
}

impl Drop for Serving {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// What one connection did.
struct Written {
    space: String,
    accepted: Vec<RevisionId>,
    took: Vec<Duration>,
    /// How long each took that was not accepted.
    refused: Vec<Duration>,
}

fn ask(transport: &HttpTransport, space: &str, ask: Ask) -> Option<Answer> {
    let trace = TraceId::from_bytes([1; 16]);
    let request = Request { space: space.to_owned(), device: None, trace, hub: None, seen: None, ask };
    block_on(transport.send(request)).ok()
}

fn draft() -> DraftId {
    DraftId::from_bytes([7; 16])
}

/// Pushes until the time is over. What was not answered is pushed again, as a device does.
fn write(transport: &HttpTransport, space: String, time: Duration) -> Written {
    let (words, mut random) = (Words::new(), Random::new(space.len() as u64));
    let text = words.prose(&mut random, TEXT);
    let mut written = Written { space, accepted: Vec::new(), took: Vec::new(), refused: Vec::new() };
    let began = Instant::now();
    while began.elapsed() < time {
        let before = written.accepted.last().copied();
        let text = format!("{} {} {text}", written.space, written.accepted.len());
        let revision = sample(draft(), &[], text.as_bytes());
        let (id, contains) = (revision.id(), before.into_iter().collect());
        let push = Push { revision, base: None, contains, target: Target::Main { expects: before } };
        while began.elapsed() < time {
            let sent = Instant::now();
            let answer = ask(transport, &written.space, Ask::Push { pushes: vec![push.clone()] });
            let is_accepted = answer.is_some_and(|answer| match answer.reply {
                Reply::Pushed(outcomes) => matches!(outcomes[..], [Pushed::Accepted { .. }]),
                _ => false,
            });
            if is_accepted {
                written.took.push(sent.elapsed());
                written.accepted.push(id);
                break;
            }
            written.refused.push(sent.elapsed());
        }
    }
    written
}

fn load(time: Duration) -> Outcome {
    let folder = tempfile::tempdir()?;
    println!("{} s each, revisions of 2 KB, hub and connections on this machine", time.as_secs());
    println!("             accepted, in ms                       refused, in ms         memory in MB");
    println!("connections     /s     p50     p99     max      count     p99     max   before  most  after   files");
    let hub = Serving::start(folder.path(), "none")?;
    let mut all = Vec::new();
    for connections in CONNECTIONS {
        all.extend(run(&hub, connections, time)?);
    }
    if all.iter().any(|written| !written.refused.is_empty()) {
        return Err("the hub refused pushes, or did not answer".into());
    }
    drop(hub);
    let hub = Serving::start(folder.path(), "usual")?;
    let beyond = run(&hub, CONNECTIONS[2], time)?;
    if beyond.iter().all(|written| written.refused.is_empty()) {
        return Err("the hub has limits and refused nothing".into());
    }
    drop(hub);
    let count = all_there(&Serving::start(folder.path(), "none")?, all.iter().chain(&beyond))?;
    println!("the hub was killed and started again, and has all of the {count} pushes that it accepted");
    Ok(())
}

/// Holds what was accepted against what the hub says that it has.
fn all_there<'w>(hub: &Serving, all: impl Iterator<Item = &'w Written>) -> Outcome<usize> {
    let (transport, mut count) = (hub.transport()?, 0);
    for written in all {
        for ids in written.accepted.chunks(IDS_MAX) {
            let answer = ask(&transport, &written.space, Ask::Contained { draft: draft(), ids: ids.to_vec() });
            let Some(Reply::Contained { contained, .. }) = answer.map(|answer| answer.reply) else {
                return Err("the hub does not say what it has".into());
            };
            if contained != ids {
                let (space, has, of) = (&written.space, contained.len(), ids.len());
                return Err(format!("{space}: the hub has {has} of {of} pushes that it accepted").into());
            }
            count += ids.len();
        }
    }
    Ok(count)
}

/// So many connections at once; a row of the table.
fn run(hub: &Serving, connections: u8, time: Duration) -> Outcome<Vec<Written>> {
    let before = hub.look();
    let began = Instant::now();
    let mut threads = Vec::new();
    for number in 0..connections {
        let (transport, space) = (hub.transport()?, format!("{number} of {connections}, limits {}", hub.limits));
        threads.push(spawn(move || write(&transport, space, time)));
    }
    // Resident in each half, at most, and files.
    let (mut halves, mut files) = ([0, 0], 0);
    while threads.iter().any(|thread| !thread.is_finished()) {
        if let Some((resident, open)) = hub.look() {
            let half = &mut halves[usize::from(began.elapsed() > time / 2)];
            (*half, files) = (resident.max(*half), open.max(files));
        }
        sleep(Duration::from_millis(20));
    }
    let seconds = began.elapsed().as_secs_f64();
    let written = threads.into_iter().map(|thread| thread.join().map_err(|_| "a connection's thread panicked"));
    let written: Vec<Written> = written.collect::<Result<_, _>>()?;
    let after = settled(hub, before);

    let took = sorted(written.iter().flat_map(|written| &written.took));
    let refused = sorted(written.iter().flat_map(|written| &written.refused));
    if took.is_empty() {
        return Err(format!("no push of {connections} connections was accepted").into());
    }
    let rate = f64::from(u32::try_from(took.len())?) / seconds;
    print!("{connections:>11} {rate:>6.0} {:>7.2} {:>7.2} {:>7.2}", at(&took, 50), at(&took, 99), at(&took, 100));
    print!(" {:>10} {:>7.2} {:>7.2}", refused.len(), at(&refused, 99), at(&refused, 100));
    let (Some(before), Some(after)) = (before, after) else {
        println!("   this system does not say");
        return Ok(written);
    };
    let most = halves[0].max(halves[1]);
    println!(" {:>8} {:>5} {:>6} {files:>7}", before.0 >> 10, most >> 10, after.0 >> 10);
    if halves[1] > halves[0] + GROWTH_KB_MAX {
        return Err(
            format!("the hub took {} KB in the first half and {} KB in the second", halves[0], halves[1]).into()
        );
    }
    if after.1 > before.1 {
        return Err(format!("the hub had {} files open, and has {} with nobody connected", before.1, after.1).into());
    }
    Ok(written)
}

fn sorted<'t>(times: impl Iterator<Item = &'t Duration>) -> Vec<Duration> {
    let mut times: Vec<Duration> = times.copied().collect();
    times.sort_unstable();
    times
}

/// The time that so many of a hundred did not take longer than, in milliseconds.
fn at(sorted: &[Duration], part: usize) -> f64 {
    let place = sorted.len().saturating_sub(1) * part / 100;
    sorted.get(place).map_or(0.0, |time| time.as_secs_f64() * 1e3)
}

/// How the hub is once it has noticed that nobody is connected any more; it has some seconds for that.
fn settled(hub: &Serving, before: Option<(u64, usize)>) -> Option<(u64, usize)> {
    let began = Instant::now();
    loop {
        let now = hub.look()?;
        if now.1 <= before?.1 || began.elapsed() > Duration::from_secs(5) {
            return Some(now);
        }
        sleep(Duration::from_millis(20));
    }
}
