//! Issuing, revoking, and recognising.

use super::entry::{self, Entry, Reach, Right, Star, TokenInfo};
use super::list::{self, Entries, TokenFileError};
use crate::fault;
use crate::server::{Authenticate, Denied, Grant, Rights, Spaces};
use draftkeep::clock::{Clock, Entropy as _, SystemClock, SystemEntropy, Timestamp};
use futures_core::future::BoxFuture;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

/// How long what was read is believed without looking again.
const FRESH: Duration = Duration::from_secs(2);

/// How long it is believed where looking again fails. Longer would be longer than a revoked token may be good.
const STALE: Duration = Duration::from_secs(60);

/// The longest name of a token or a space, in bytes.
const NAME_MAX: usize = 200;

/// Tokens in a file that has only their hashes, one a line.
///
/// It is read again at most every 2 seconds, when somebody asks. A file that cannot be read, or has a line that is no token, is
/// believed as it was for 60 seconds; after that nobody is let in until it is right again, so that a revoked token is good for a
/// minute at the longest. It is changed as a whole, by any process, while servers read it.
///
/// ```
/// use draftkeep::clock::Timestamp;
/// use draftkeep_http::{Authenticate, Denied, Rights, Spaces, TokenFile, TokenWish};
///
/// # fn main() -> Result<(), Box<dyn std::error::Error>> {
/// # let folder = tempfile::tempdir()?;
/// # let path = folder.path().join("tokens");
/// let issued = TokenFile::issue(&path, &TokenWish::new("alice's phone", Spaces::These(["alice".to_owned()].into())))?;
/// println!("give this to the device; it is shown once: {}", issued.token);
///
/// let file = TokenFile::open(&path)?;
/// # let runtime = tokio::runtime::Builder::new_current_thread().build()?;
/// # runtime.block_on(async {
/// assert!(file.authenticate(&issued.token).await?.allows("alice", Rights::Write));
/// assert_eq!(file.authenticate("something else").await, Err(Denied::Unknown));
/// # Ok::<(), Denied>(())
/// # }).expect("it is good");
/// TokenFile::revoke(&path, &issued.info.id)?;
/// # Ok(())
/// # }
/// ```
#[derive(Debug, Clone)]
pub struct TokenFile {
    path: PathBuf,
    clock: Arc<dyn Clock>,
    read: Arc<Mutex<Read>>,
}

/// What was read last.
#[derive(Debug)]
struct Read {
    entries: Arc<Entries>,
    /// When it was read, and when that was tried.
    good: Duration,
    tried: Duration,
}

/// A token to be issued.
#[derive(Debug, Clone)]
pub struct TokenWish {
    name: String,
    spaces: Spaces,
    rights: Rights,
    shows_metrics: bool,
    expires: Option<Timestamp>,
}

impl TokenWish {
    /// A token that may write in these spaces, and does not run out.
    #[must_use]
    pub fn new(name: impl Into<String>, spaces: Spaces) -> Self {
        Self { name: name.into(), spaces, rights: Rights::Write, shows_metrics: false, expires: None }
    }

    /// Its rights.
    #[must_use]
    pub const fn rights(mut self, rights: Rights) -> Self {
        self.rights = rights;
        self
    }

    /// It shows the server's metrics.
    #[must_use]
    pub const fn with_metrics(mut self) -> Self {
        self.shows_metrics = true;
        self
    }

    /// When its time is over.
    #[must_use]
    pub const fn expires(mut self, at: Timestamp) -> Self {
        self.expires = Some(at);
        self
    }

    fn is_sound(&self) -> bool {
        let fits = |name: &String| (1..=NAME_MAX).contains(&name.len());
        fits(&self.name) && !matches!(&self.spaces, Spaces::These(names) if !names.iter().all(fits))
    }
}

/// A token that was issued.
#[derive(Clone)]
pub struct Issued {
    /// The token itself. It is kept nowhere: what is lost of it is lost.
    pub token: String,
    /// All the rest.
    pub info: TokenInfo,
}

impl std::fmt::Debug for Issued {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Issued").field("info", &self.info).finish_non_exhaustive()
    }
}

impl TokenFile {
    /// Reads a file of tokens.
    ///
    /// # Errors
    ///
    /// As [`TokenFileError`] says; also where there is none yet. [`issue`](Self::issue) makes one.
    pub fn open(path: impl Into<PathBuf>) -> Result<Self, TokenFileError> {
        Self::with_clock(path, Arc::new(SystemClock))
    }

    /// The same; where there is no file, one without a token is made first.
    ///
    /// # Errors
    ///
    /// As [`TokenFileError`] says.
    pub fn open_or_create(path: impl Into<PathBuf>) -> Result<Self, TokenFileError> {
        let path = path.into();
        if !path.exists() {
            list::change(&path, |_| Ok(()))?;
        }
        Self::open(path)
    }

    /// The same with a clock of one's own, for tests.
    ///
    /// # Errors
    ///
    /// As [`open`](Self::open).
    pub fn with_clock(path: impl Into<PathBuf>, clock: Arc<dyn Clock>) -> Result<Self, TokenFileError> {
        let path = path.into();
        let (entries, now) = (Arc::new(list::read(&path)?), clock.elapsed());
        Ok(Self { path, clock, read: Arc::new(Mutex::new(Read { entries, good: now, tried: now })) })
    }

    /// Issues a token, in a file that is made where there is none; durable when it returns.
    ///
    /// # Errors
    ///
    /// As [`TokenFileError`] says; no token was issued.
    pub fn issue(path: impl AsRef<Path>, wish: &TokenWish) -> Result<Issued, TokenFileError> {
        if !wish.is_sound() {
            return Err(TokenFileError::Name);
        }
        let (mut id, mut secret) = ([0; 8], [0; 32]);
        SystemEntropy.fill(&mut id);
        SystemEntropy.fill(&mut secret);
        let (token, id, hash) = entry::token(id, secret);
        let entry = Entry {
            id,
            hash,
            name: wish.name.clone(),
            spaces: match &wish.spaces {
                Spaces::All => Reach::All(Star::Star),
                Spaces::These(names) => Reach::These(names.clone()),
            },
            rights: match wish.rights {
                Rights::Read => Right::Read,
                Rights::Write => Right::Write,
            },
            metrics: wish.shows_metrics,
            made_ms: SystemClock.now().as_millis(),
            expires_ms: wish.expires.map(Timestamp::as_millis),
            revoked_ms: None,
        };
        let info = entry.info();
        list::change(path.as_ref(), |entries| {
            entries.insert(entry.id.clone(), entry);
            Ok(())
        })?;
        Ok(Issued { token, info })
    }

    /// Revokes a token; every server that reads the file refuses it within a minute. Revoking it again changes nothing.
    ///
    /// # Errors
    ///
    /// As [`TokenFileError`] says; the token is as good as before.
    pub fn revoke(path: impl AsRef<Path>, id: &str) -> Result<TokenInfo, TokenFileError> {
        list::change(path.as_ref(), |entries| {
            let entry = entries.get_mut(id).ok_or(TokenFileError::NoSuchToken)?;
            entry.revoked_ms.get_or_insert(SystemClock.now().as_millis());
            Ok(entry.info())
        })
    }

    /// All tokens of a file, by their ids; those that were revoked or have run out, too.
    ///
    /// # Errors
    ///
    /// As [`TokenFileError`] says.
    pub fn list(path: impl AsRef<Path>) -> Result<Vec<TokenInfo>, TokenFileError> {
        Ok(list::read(path.as_ref())?.values().map(Entry::info).collect())
    }

    fn lock(&self) -> MutexGuard<'_, Read> {
        self.read.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The tokens as they are now; none where that has been unknown for too long.
    async fn entries(&self) -> Option<Arc<Entries>> {
        let now = self.clock.elapsed();
        let is_fresh = {
            let mut read = self.lock();
            let is_fresh = now.saturating_sub(read.tried) < FRESH || fault::on("http-tokens-read-once");
            if !is_fresh {
                // One looks, the others go on with what there is.
                read.tried = now;
            }
            is_fresh
        };
        if !is_fresh {
            let path = self.path.clone();
            match tokio::task::spawn_blocking(move || list::read(&path)).await {
                Ok(Ok(entries)) => {
                    let mut read = self.lock();
                    read.entries = Arc::new(entries);
                    read.good = now;
                }
                Ok(Err(error)) => tracing::error!(%error, "the file of tokens cannot be used"),
                Err(error) => tracing::error!(%error, "the file of tokens cannot be read"),
            }
        }
        let read = self.lock();
        let is_believed = now.saturating_sub(read.good) < STALE || fault::on("http-tokens-believed-for-ever");
        is_believed.then(|| Arc::clone(&read.entries))
    }
}

impl Authenticate for TokenFile {
    fn authenticate<'a>(&'a self, token: &'a str) -> BoxFuture<'a, Result<Grant, Denied>> {
        Box::pin(async move {
            let entries = self.entries().await.ok_or(Denied::Unavailable { retry_after: None })?;
            let entry = entry::id(token).and_then(|id| entries.get(id)).ok_or(Denied::Unknown)?;
            entry.check(token, self.clock.now())
        })
    }
}
