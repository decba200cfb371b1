//! Where the devices of one life meet: a server on a file, and a proxy before it for each of them.

use super::dice::Dice;
use super::doorway::Doorway;
use super::proxy::{Killer, Proxy, Upstream};
use super::server::{Heart, Process, Server, token};
use super::trouble::Trouble;
use draftkeep::hub::HubOptions;
use draftkeep::transport::Transport;
use draftkeep_http::{HttpOptions, HttpTransport};
use draftkeep_memory::{Arranged, Mishap, Venue};
use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

/// How long devices wait for anything: short, so that what is swallowed costs little time.
const PATIENCE: Duration = Duration::from_millis(300);

/// Hundredths of all that can go wrong on the ways of a life.
const WEATHERS: [usize; 4] = [0, 35, 70, 100];

/// The server of one life and the ways to it.
pub(crate) struct Town {
    server: Arc<Mutex<Server>>,
    process: Process,
    upstream: Upstream,
    seed: u64,
    hundredths: usize,
    proxies: Vec<Proxy>,
    longest: Option<usize>,
    befell: BTreeMap<&'static str, u64>,
    story: Vec<String>,
}

impl Town {
    /// The server runs where `process` says.
    pub(crate) fn new(seed: u64, process: Process, heart: Heart) -> Arranged<Self> {
        let upstream: Upstream = Arc::new(Mutex::new(SocketAddr::from(([127, 0, 0, 1], 0))));
        let server = Server::start(process, heart, Arc::clone(&upstream), options(seed, process, None))?;
        let mut dice = Dice::new(seed);
        Ok(Self {
            server: Arc::new(Mutex::new(server)),
            process,
            upstream,
            seed,
            hundredths: WEATHERS[dice.below(WEATHERS.len())],
            proxies: Vec::new(),
            longest: None,
            befell: BTreeMap::new(),
            story: vec![format!("the server runs in {process:?} process")],
        })
    }

    fn server(&self) -> MutexGuard<'_, Server> {
        self.server.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// What a proxy may do to the server, as long as there is one.
    fn killer(&self) -> Killer {
        let server = Arc::downgrade(&self.server);
        Arc::new(move || {
            let server = server.upgrade();
            server.is_some_and(|server| server.lock().unwrap_or_else(PoisonError::into_inner).restart().is_ok())
        })
    }

    fn befell(&mut self, what: &'static str) {
        *self.befell.entry(what).or_default() += 1;
        self.story.push(what.to_owned());
    }
}

impl Venue for Town {
    fn way(&mut self, device: &str, seed: u64) -> Arranged<Arc<dyn Transport>> {
        let proxy = Proxy::start(device, (Arc::clone(&self.upstream), self.killer()), self.hundredths, seed)?;
        let options = HttpOptions::new()
            .token(token(self.proxies.len()))
            .deadline_to_connect(PATIENCE)
            .deadline_to_send(PATIENCE)
            .deadline_to_answer(PATIENCE)
            .deadline_to_receive(PATIENCE)
            .deadline_of_all(4 * PATIENCE);
        let transport = HttpTransport::open(&format!("http://{}", proxy.address), options)?;
        self.proxies.push(proxy.clone());
        Ok(Arc::new(Doorway { transport, proxy }))
    }

    fn hub(&self) -> Arc<dyn Transport> {
        self.server().hub().expect("it runs after every mishap")
    }

    fn befall(&mut self, mishap: Mishap) -> Arranged<bool> {
        match mishap {
            Mishap::Restart => {
                self.befell("server killed");
                self.server().restart()?;
            }
            Mishap::Limit(longest) if self.process == Process::This => {
                self.befell("server killed");
                self.longest = longest;
                self.server().restart_with(options(self.seed, self.process, longest))?;
            }
            Mishap::BackUp => {
                self.befell("server killed");
                self.server().back_up()?;
            }
            Mishap::Restore => {
                if !self.server().restore()? {
                    return Ok(false);
                }
                self.befell("file of the hub put back");
            }
            Mishap::Empty => {
                self.befell("file of the hub removed");
                self.server().empty()?;
            }
            _ => return Ok(false),
        }
        Ok(true)
    }

    fn end_of_faults(&mut self) -> Arranged {
        match self.proxies.iter().find(|proxy| !proxy.end_of_faults()) {
            Some(proxy) => Err(format!("something stays under way: {proxy:?}").into()),
            None => Ok(()),
        }
    }

    fn verify(&mut self) -> Arranged {
        self.server().verify()
    }

    fn faults(&self) -> Vec<(&'static str, u64)> {
        let count = |trouble| self.proxies.iter().map(|proxy| proxy.lock().count(trouble)).sum();
        let troubles = Trouble::ALL.iter().map(|(trouble, _)| (trouble.name(), count(*trouble)));
        troubles.chain(self.befell.iter().map(|(what, times)| (*what, *times))).collect()
    }

    fn story(&mut self) -> Vec<String> {
        let mut story = std::mem::take(&mut self.story);
        story.extend(self.proxies.iter().flat_map(|proxy| proxy.lock().story()));
        story
    }
}

/// What the hub of a life is like: some give every revision only to those who ask for it, and some keep hardly any. The program has no say in it.
fn options(seed: u64, process: Process, longest: Option<usize>) -> HubOptions {
    if process == Process::Own {
        return HubOptions::new();
    }
    let options = if seed.is_multiple_of(4) { HubOptions::new().answer_bytes(0) } else { HubOptions::new() };
    let options = if seed.is_multiple_of(5) { options.mains(1) } else { options };
    longest.map_or(options.clone(), |bytes| options.revision_bytes(bytes))
}
