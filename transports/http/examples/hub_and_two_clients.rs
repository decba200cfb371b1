//! A hub and two devices, each in a process of its own. The hub is killed in the middle, without a warning, and started again: the
//! devices write on meanwhile, sync by themselves once it is back, and end with the same words.
//!
//! This program starts itself again in the role of the hub and of each device; `draftkeep-hub` is the hub to really run.

use draftkeep::hub::{Hub, HubOptions};
use draftkeep::storage::StoreFile;
use draftkeep::sync::Syncer;
use draftkeep::{Draft, Kind, Options, Store};
use draftkeep_http::{
    HttpOptions, HttpTransport, HubService, Limits, Listener, ListenerOptions, Spaces, Token, TokenFile, TokenWish,
};
use futures_executor::block_on;
use std::io::{BufRead, BufReader, Write};
use std::path::Path;
use std::process::{Child, ChildStdin, Command, Stdio};
use std::sync::Arc;
use std::time::{Duration, Instant};

type Outcome<T = ()> = Result<T, Box<dyn std::error::Error + Send + Sync>>;

const NOTE: Kind<String> = Kind::new("note");
const ROLE: &str = "DRAFTKEEP_EXAMPLE_ROLE";

fn main() -> Outcome {
    let args: Vec<String> = std::env::args().skip(1).collect();
    match (std::env::var(ROLE).as_deref(), &args[..]) {
        (Ok("hub"), [folder, listen]) => hub(Path::new(folder), listen),
        (Ok("device"), [name, folder, url, token]) => device(name, Path::new(folder), url, token),
        _ => story(),
    }
}

/// The hub: a file, a file of tokens, an address.
fn hub(folder: &Path, listen: &str) -> Outcome {
    let (storage, _witness) = StoreFile::at(folder.join("hub.redb")).open_or_create()?;
    let hub = Hub::open(Arc::new(storage), HubOptions::new())?;
    let service = HubService::of_hub(hub, TokenFile::open(folder.join("tokens"))?, Limits::new());
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build()?;
    runtime.block_on(async {
        let listener = Listener::bind(listen, ListenerOptions::new()).await?;
        println!("{}", listener.address());
        listener.serve(&service, std::future::pending()).await;
        Ok(())
    })
}

/// A device: it syncs by itself all the time, and writes a line at the beginning or the end whenever it is told to.
fn device(name: &str, folder: &Path, url: &str, token: &str) -> Outcome {
    let store = Store::open_or_create(folder.join(format!("{name}.redb")), Options::new().device(name))?;
    let space = store.space("alice")?;
    let transport = HttpTransport::open(url, HttpOptions::new().token(Token::new(token)?))?;
    let syncer = Syncer::new(&space, transport);
    let running = syncer.clone();
    std::thread::spawn(move || block_on(running.run()));
    let draft = space.drafts(NOTE)?.slot("diary").resume_or_start(String::new)?;
    for line in std::io::stdin().lines() {
        match line?.split_once(' ') {
            Some((at @ ("begin" | "end"), words)) => {
                let mut edit = draft.edit()?;
                let place = if at == "begin" { 0 } else { edit.doc().len() };
                edit.doc().insert_str(place, &format!("{words}\n\n"));
                let _ = edit.save()?;
                println!("saved");
            }
            Some(("expect", words)) => println!("{}", if waits_for(&syncer, &draft, words)? { "yes" } else { "no" }),
            _ => {}
        }
    }
    Ok(())
}

/// Whether these words are here within half a minute, and the hub has all that is.
fn waits_for(syncer: &Syncer, draft: &Draft<String>, words: &str) -> Outcome<bool> {
    let began = Instant::now();
    while began.elapsed() < Duration::from_secs(30) {
        if words.split('|').all(|part| draft.load().is_ok_and(|text| text.contains(part)))
            && syncer.status()?.pending == 0
        {
            return Ok(true);
        }
        // A device in somebody's hand is nudged when its screen lights up; else it waits longer after each failure.
        syncer.nudge();
        std::thread::sleep(Duration::from_millis(100));
    }
    Ok(false)
}

/// A process of this story, and what it says.
struct Told {
    child: Child,
    asks: Option<ChildStdin>,
    says: std::io::Lines<BufReader<std::process::ChildStdout>>,
}

impl Told {
    fn start(role: &str, args: &[&str]) -> Outcome<Self> {
        let mut child = Command::new(std::env::current_exe()?)
            .args(args)
            .env(ROLE, role)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()?;
        let says = BufReader::new(child.stdout.take().ok_or("it says something")?).lines();
        Ok(Self { asks: child.stdin.take(), child, says })
    }

    fn line(&mut self) -> Outcome<String> {
        Ok(self.says.next().ok_or("it ended")??)
    }

    fn ask(&mut self, words: &str) -> Outcome<String> {
        writeln!(self.asks.as_mut().ok_or("it listens")?, "{words}")?;
        self.line()
    }
}

impl Drop for Told {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

fn story() -> Outcome {
    let folder = tempfile::tempdir()?;
    let path = folder.path().to_str().ok_or("a path of letters")?;
    let alice = Spaces::These(["alice".to_owned()].into());
    let token = TokenFile::issue(folder.path().join("tokens"), &TokenWish::new("alice", alice))?.token;

    let mut hub = Told::start("hub", &[path, "127.0.0.1:0"])?;
    let address = hub.line()?;
    println!("the hub listens on {address}, process {}", hub.child.id());
    let url = format!("http://{address}");
    let mut laptop = Told::start("device", &["laptop", path, &url, &token])?;
    let mut phone = Told::start("device", &["phone", path, &url, &token])?;

    laptop.ask("end It rained all morning.")?;
    println!("the laptop wrote a line; on the phone it is: {}", phone.ask("expect It rained all morning.")?);

    hub.child.kill()?;
    hub.child.wait()?;
    println!("the hub was killed");
    laptop.ask("end Then the sun came out.")?;
    phone.ask("begin Monday, in the train")?;
    println!("both wrote on, and both lines are saved where they were written");

    let hub = Told::start("hub", &[path, &address])?;
    println!("the hub is back, process {}", hub.child.id());
    let all = "expect It rained all morning.|Then the sun came out.|Monday, in the train";
    let (on_laptop, on_phone) = (laptop.ask(all)?, phone.ask(all)?);
    println!("all three lines on the laptop: {on_laptop}; on the phone: {on_phone}");
    assert_eq!((on_laptop.as_str(), on_phone.as_str()), ("yes", "yes"));
    Ok(())
}
