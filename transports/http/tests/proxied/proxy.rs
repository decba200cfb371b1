//! A proxy between one device and a server: it listens, keeps the door, and hands each connection on.

use super::connection;
use super::dice::Dice;
use super::state::State;
use super::trouble::Trouble;
use std::fmt;
use std::net::SocketAddr;
use std::sync::{Arc, LazyLock, Mutex, MutexGuard, PoisonError};
use std::time::Duration;
use tokio::net::{TcpListener, TcpSocket, TcpStream};
use tokio::runtime::Runtime;
use tokio::sync::watch;
use tokio::task::JoinSet;
use tokio::time::timeout;

/// The threads of all proxies.
static THREADS: LazyLock<Runtime> = LazyLock::new(|| {
    tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build().expect("threads")
});

/// How long what is under way has to arrive.
const ENDING: Duration = Duration::from_secs(20);

/// Where the server is at the moment; it may move.
pub(crate) type Upstream = Arc<Mutex<SocketAddr>>;

/// Kills the server and starts it again; whether there is one.
pub(crate) type Killer = Arc<dyn Fn() -> bool + Send + Sync>;

/// A real way over TCP, on which things go wrong as a seed says, until it is dropped. Clones are the same way.
#[derive(Clone)]
pub(crate) struct Proxy {
    name: String,
    pub(crate) address: SocketAddr,
    upstream: Upstream,
    killer: Killer,
    state: Arc<Mutex<State>>,
    door: Arc<watch::Sender<Door>>,
    /// So many pieces of trouble are under way.
    at_work: Arc<watch::Sender<usize>>,
    /// Nothing goes wrong any more.
    calm: Arc<watch::Sender<bool>>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Door {
    Open,
    /// Nobody listens, or will not in a moment.
    Shutting,
    Shut,
    /// The device is gone for good.
    Gone,
}

/// What is to happen to one request, and the dice for what else has to be drawn.
pub(crate) struct Course {
    pub(crate) number: u64,
    pub(crate) trouble: Option<Trouble>,
    pub(crate) dice: Dice,
    /// From before it was drawn; none where there is no trouble.
    pub(crate) at_work: Option<AtWork>,
}

impl Proxy {
    pub(crate) fn start(
        name: &str,
        (upstream, killer): (Upstream, Killer),
        hundredths: usize,
        seed: u64,
    ) -> std::io::Result<Self> {
        // Nothing else gets the port while nobody listens on it.
        let place = TcpSocket::new_v4()?;
        reuse(&place)?;
        place.bind(SocketAddr::from(([127, 0, 0, 1], 0)))?;
        let address = place.local_addr()?;
        let state = State::new(hundredths, seed);
        let proxy = Self {
            name: name.to_owned(),
            address,
            upstream,
            killer,
            state: Arc::new(Mutex::new(state)),
            door: Arc::new(watch::Sender::new(Door::Open)),
            at_work: Arc::new(watch::Sender::new(0)),
            calm: Arc::new(watch::Sender::new(false)),
        };
        let _threads = THREADS.enter();
        let listener = listen(address)?;
        THREADS.spawn(proxy.clone().keep_the_door(place, listener));
        Ok(proxy)
    }

    /// Listens while the door is open. Connections that are at rest end when it shuts.
    async fn keep_the_door(self, place: TcpSocket, first: TcpListener) {
        let (mut door, mut listener) = (self.door.subscribe(), Some(first));
        let mut open = JoinSet::new();
        loop {
            let now = *door.borrow_and_update();
            match now {
                Door::Gone => break,
                Door::Open => {
                    if listener.is_none() {
                        listener = listen(self.address).ok();
                    }
                }
                Door::Shutting | Door::Shut => {
                    listener = None;
                    self.door.send_if_modified(|door| {
                        let is_news = *door == Door::Shutting;
                        if is_news {
                            *door = Door::Shut;
                        }
                        is_news
                    });
                }
            }
            let Some(listening) = &listener else {
                // A port that could not be had is tried again.
                let _ = timeout(Duration::from_millis(5), door.changed()).await;
                continue;
            };
            tokio::select! {
                _ = door.changed() => {}
                accepted = listening.accept() => {
                    if let Ok((client, _)) = accepted {
                        let _ = client.set_nodelay(true);
                        open.spawn(connection::serve(self.clone(), client));
                    }
                }
            }
            while open.try_join_next().is_some() {}
        }
        open.shutdown().await;
        drop(place);
    }

    /// Shuts the door: connections are refused by the system from when this returns until [`open`](Self::open).
    pub(crate) async fn shut(&self) {
        self.door.send_replace(Door::Shutting);
        let _ = self.door.subscribe().wait_for(|door| *door != Door::Shutting).await;
    }

    pub(crate) fn open(&self) {
        self.door.send_if_modified(|door| {
            let is_shut = matches!(door, Door::Shutting | Door::Shut);
            if is_shut {
                *door = Door::Open;
            }
            is_shut
        });
    }

    /// Ends when the door is not open any more.
    pub(crate) async fn not_open(&self) {
        let _ = self.door.subscribe().wait_for(|door| *door != Door::Open).await;
    }

    pub(crate) fn is_calm(&self) -> bool {
        *self.calm.borrow()
    }

    /// Ends when nothing goes wrong any more.
    pub(crate) async fn calm(&self) {
        let _ = self.calm.subscribe().wait_for(|is_calm| *is_calm).await;
    }

    /// Nothing goes wrong from now on; whatever was held back arrives before this returns. Says whether it did.
    pub(crate) fn end_of_faults(&self) -> bool {
        self.calm.send_replace(true);
        let idle = async {
            let _ = self.at_work.subscribe().wait_for(|at_work| *at_work == 0).await;
        };
        THREADS.block_on(async { timeout(ENDING, idle).await.is_ok() })
    }

    /// What it remembers.
    pub(crate) fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// What is to happen to a request that goes over a connection.
    pub(crate) fn draw(&self) -> Course {
        let at_work = self.at_work();
        let is_calm = self.is_calm();
        let mut state = self.lock();
        let (number, trouble, dice) = state.draw();
        let trouble = trouble.filter(|trouble| !is_calm && *trouble != Trouble::Refused);
        Course { number, trouble, dice, at_work: trouble.map(|_| at_work) }
    }

    /// Whether the door is to be shut before the next request.
    pub(crate) fn refuses(&self) -> bool {
        let (_, trouble, _) = self.lock().draw();
        !self.is_calm() && trouble == Some(Trouble::Refused)
    }

    pub(crate) fn tell(&self, number: u64, what: &str) {
        let line = format!("{}'s way, #{number}: {what}", self.name);
        self.lock().tell(line);
    }

    /// Trouble is under way until what this gives is dropped.
    pub(crate) fn at_work(&self) -> AtWork {
        self.at_work.send_modify(|at_work| *at_work += 1);
        AtWork(Arc::clone(&self.at_work))
    }

    /// Kills the server and starts it again; whether there is one.
    pub(crate) async fn kill(&self) -> bool {
        let killer = Arc::clone(&self.killer);
        tokio::task::spawn_blocking(move || killer()).await.unwrap_or(false)
    }

    pub(crate) async fn connect(&self) -> Option<TcpStream> {
        let upstream = *self.upstream.lock().unwrap_or_else(PoisonError::into_inner);
        let stream = TcpStream::connect(upstream).await.ok()?;
        stream.set_nodelay(true).ok()?;
        Some(stream)
    }

    /// The device is gone for good.
    pub(crate) fn end(&self) {
        self.door.send_replace(Door::Gone);
    }
}

impl fmt::Debug for Proxy {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Proxy").field("name", &self.name).field("at_work", &self.at_work).finish_non_exhaustive()
    }
}

/// Trouble that is under way.
pub(crate) struct AtWork(Arc<watch::Sender<usize>>);

impl Drop for AtWork {
    fn drop(&mut self) {
        self.0.send_modify(|at_work| *at_work -= 1);
    }
}

/// Several sockets may have the port, of which only one listens.
fn reuse(socket: &TcpSocket) -> std::io::Result<()> {
    #[cfg(all(unix, not(target_os = "solaris"), not(target_os = "illumos")))]
    socket.set_reuseport(true)?;
    socket.set_reuseaddr(true)
}

fn listen(address: SocketAddr) -> std::io::Result<TcpListener> {
    let socket = TcpSocket::new_v4()?;
    reuse(&socket)?;
    socket.bind(address)?;
    socket.listen(64)
}
