//! A real server on a real file, killed and started again: in this process, or the program in one of its own.

use super::program;
use super::proxy::Upstream;
use draftkeep::ErrorKind;
use draftkeep::hub::{Hub, HubOptions};
use draftkeep::storage::StorageErrorKind;
use draftkeep::transport::{Answer, Ask, Outcome, Reply, Request, Standing, Transport, TransportError};
use draftkeep_http::{
    HttpOptions, HttpTransport, HubService, Limits, Listener, ListenerOptions, Rate, Spaces, Token, TokenFile,
    TokenWish,
};
use draftkeep_memory::Arranged;
use futures_core::future::BoxFuture;
use std::path::{Path, PathBuf};
use std::process::Child;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, LazyLock, PoisonError};
use std::time::Duration;
use tempfile::TempDir;
use tokio::runtime::Runtime;

/// How long a file may stay locked after its process has ended, in steps of [`STEP`].
const STEPS_MAX: usize = 2_000;
const STEP: Duration = Duration::from_millis(5);

/// How long a server in this process has to let go of the file.
const LETTING_GO: Duration = Duration::from_secs(20);

/// Tokens for the devices of all lives, and for the oracle: each a grant of its own, so that none meets the limit of another one.
const TOKENS: usize = 8;

/// A file of tokens that all servers read, and the tokens.
static KEYS: LazyLock<(TempDir, PathBuf, Vec<Token>)> = LazyLock::new(|| {
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("tokens");
    let issue = |number: usize| {
        let issued =
            TokenFile::issue(&path, &TokenWish::new(format!("device {number}"), Spaces::All)).expect("a token");
        Token::new(&issued.token).expect("as it was issued")
    };
    let tokens = (0..TOKENS).map(issue).collect();
    (folder, path, tokens)
});

pub(crate) fn token(number: usize) -> Token {
    KEYS.2[number % TOKENS].clone()
}

/// Where the server runs.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Process {
    /// In this one: its connections are cut and its tasks dropped wherever they are. What it does on the disk it finishes.
    This,
    /// In one of its own, which the system kills at any instruction.
    Own,
}

/// What the server asks.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Heart {
    /// The library's hub.
    Sound,
    /// One that acknowledges what it does not keep: a search that does not notice proves nothing.
    Careless,
}

/// Says yes to every fourth push, and keeps nothing of it.
#[derive(Debug)]
struct Careless {
    hub: Hub,
    pushes: AtomicU64,
}

impl Transport for Careless {
    fn send(&self, request: Request) -> BoxFuture<'_, Result<Answer, TransportError>> {
        Box::pin(async move {
            let count = match &request.ask {
                Ask::Push { pushes } if self.pushes.fetch_add(1, Ordering::Relaxed) % 4 == 3 => pushes.len(),
                _ => return self.hub.send(request).await,
            };
            let answer = self.hub.send(Request { ask: Ask::Hello, ..request }).await?;
            let yes = Outcome::Accepted { standing: Standing::Main };
            Ok(Answer { reply: Reply::Pushed(vec![yes; count]), ..answer })
        })
    }
}

/// A server, its file, and copies of the file.
#[derive(Debug)]
pub(crate) struct Server {
    process: Process,
    heart: Heart,
    folder: TempDir,
    upstream: Upstream,
    options: HubOptions,
    running: Option<Running>,
}

#[derive(Debug)]
enum Running {
    This { runtime: Runtime, hub: Hub },
    Own { child: Child, oracle: HttpTransport },
}

impl Server {
    pub(crate) fn start(process: Process, heart: Heart, upstream: Upstream, options: HubOptions) -> Arranged<Self> {
        let folder = tempfile::tempdir()?;
        let mut server = Self { process, heart, folder, upstream, options, running: None };
        server.go_on()?;
        Ok(server)
    }

    fn file(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    /// Starts it on its file, at an address of its own.
    fn go_on(&mut self) -> Arranged {
        let data = self.file("hub.redb");
        let (running, address) = match self.process {
            Process::This => {
                let hub = opened(&data, &self.options)?;
                let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build()?;
                let listener = runtime.block_on(Listener::bind("127.0.0.1:0", ListenerOptions::new()))?;
                let address = listener.address();
                let often = Rate::per_second(1_000_000, 1_000_000);
                let limits = Limits::new().of_grant(often).of_address(often);
                let tokens = TokenFile::open(&KEYS.1)?;
                let service = match self.heart {
                    Heart::Sound => HubService::of_hub(hub.clone(), tokens, limits),
                    Heart::Careless => {
                        let careless = Careless { hub: hub.clone(), pushes: AtomicU64::new(0) };
                        HubService::new(careless, tokens, limits)
                    }
                };
                runtime.spawn(async move { listener.serve(&service, std::future::pending()).await });
                (Running::This { runtime, hub }, address)
            }
            Process::Own => {
                let (child, url) = program::start(&data, Some(&KEYS.1), "127.0.0.1:0");
                let address = url.strip_prefix("http://").ok_or("an address")?.parse()?;
                let oracle = HttpTransport::open(&url, HttpOptions::new().token(token(TOKENS - 1)))?;
                (Running::Own { child, oracle }, address)
            }
        };
        *self.upstream.lock().unwrap_or_else(PoisonError::into_inner) = address;
        self.running = Some(running);
        Ok(())
    }

    /// Ends it without a warning.
    fn kill(&mut self) -> Arranged {
        match self.running.take() {
            Some(Running::This { runtime, hub }) => {
                drop(hub);
                runtime.shutdown_timeout(LETTING_GO);
            }
            Some(Running::Own { mut child, .. }) => {
                child.kill()?;
                child.wait()?;
            }
            None => {}
        }
        Ok(())
    }

    pub(crate) fn restart(&mut self) -> Arranged {
        self.kill()?;
        self.go_on()
    }

    /// Starts it with other options.
    pub(crate) fn restart_with(&mut self, options: HubOptions) -> Arranged {
        self.options = options;
        self.restart()
    }

    pub(crate) fn back_up(&mut self) -> Arranged {
        self.kill()?;
        std::fs::copy(self.file("hub.redb"), self.file("copy.redb"))?;
        self.go_on()
    }

    /// Puts the copy in the place of the file; whether there is one.
    pub(crate) fn restore(&mut self) -> Arranged<bool> {
        if !self.file("copy.redb").exists() {
            return Ok(false);
        }
        self.kill()?;
        std::fs::copy(self.file("copy.redb"), self.file("hub.redb"))?;
        self.go_on()?;
        Ok(true)
    }

    /// Begins with a new file. The copy is of the hub before, and is put back as that.
    pub(crate) fn empty(&mut self) -> Arranged {
        self.kill()?;
        for entry in std::fs::read_dir(self.folder.path())? {
            let entry = entry?;
            // The marker beside the file, too: this is meant.
            if entry.file_name().to_string_lossy().starts_with("hub.redb") {
                std::fs::remove_file(entry.path())?;
            }
        }
        self.go_on()
    }

    /// The hub without the way to it.
    pub(crate) fn hub(&self) -> Option<Arc<dyn Transport>> {
        Some(match self.running.as_ref()? {
            Running::This { hub, .. } => Arc::new(hub.clone()),
            Running::Own { oracle, .. } => Arc::new(oracle.clone()),
        })
    }

    /// Kills it once more and checks what is left in the file.
    pub(crate) fn verify(&mut self) -> Arranged {
        self.kill()?;
        let hub = opened(&self.file("hub.redb"), &self.options)?;
        let found = hub.verify()?;
        if !found.is_intact() {
            return Err(format!("{found:?}").into());
        }
        match hub.repair()? {
            0 => Ok(()),
            repaired => Err(format!("{repaired} counts were wrong").into()),
        }
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        // A process that cannot be ended is left to the system.
        let _ = self.kill();
    }
}

/// The file of a process that has ended a moment ago may still be locked.
fn opened(data: &Path, options: &HubOptions) -> Arranged<Hub> {
    for _ in 0..STEPS_MAX {
        match Hub::open_or_create(data, options.clone()) {
            Err(error) if matches!(error.kind(), ErrorKind::Storage(StorageErrorKind::InUse)) => {
                std::thread::sleep(STEP);
            }
            opened => return Ok(opened?),
        }
    }
    Err("the file stays locked".into())
}
