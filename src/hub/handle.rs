//! What a user opens: the hub on any storage.

use super::engine::Inner;
use super::options::HubOptions;
use super::rows::HubRow;
use super::tables::{HUB, HUB_KEY, SpaceKey};
use crate::codec::Unknown;
use crate::error::{Error, ErrorKind, Failure, Result};
use crate::id::{HubId, TraceId};
use crate::records::txn::Txn;
use crate::records::view::{Committed, View};
use crate::storage::{Order, Origin, Scan, Storage, StorageErrorKind, Table};
use crate::transport::{Answer, Request, Transport, TransportError};
use futures_core::future::BoxFuture;
use std::fmt;
use std::sync::Arc;

/// A hub on any [`Storage`]. Clones are the same hub.
///
/// The storage is the hub's alone: never a store's, and never another hub's at the same time. Its [id](Self::id) lives in it, so
/// that a copy that is put back has the same one, and a storage that was emptied another.
///
/// It owns no thread. [`send`](Transport::send) works in the thread that polls it, which waits for the disk there; requests that
/// arrive together, of any spaces, share a commit. A future that was polled once is carried out although it is dropped later;
/// only [`Ask::Wait`](crate::transport::Ask::Wait) takes more than one poll.
///
/// ```
/// use draftkeep::TraceId;
/// use draftkeep::hub::{Hub, HubOptions};
/// use draftkeep::storage::MemoryStorage;
/// use draftkeep::transport::{Ask, Reply, Request, Transport};
/// use std::sync::Arc;
///
/// # fn main() -> Result<(), Box<dyn std::error::Error>> {
/// let hub = Hub::open(Arc::new(MemoryStorage::new()), HubOptions::new())?;
/// let trace = TraceId::from_bytes([1; 16]);
/// let request = Request { space: "alice".into(), device: None, trace, hub: None, seen: None, ask: Ask::Hello };
/// let answer = futures_executor::block_on(hub.send(request))?;
/// assert_eq!((answer.hub, answer.reply), (hub.id(), Reply::Welcome { confirmed: true }));
/// # Ok(())
/// # }
/// ```
#[derive(Clone)]
pub struct Hub(Arc<Inner>);

impl fmt::Debug for Hub {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Hub").field("id", &self.0.id).field("storage", &self.0.storage).finish_non_exhaustive()
    }
}

impl Hub {
    /// Opens the hub in a storage, or makes one where the storage is empty.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::Options`]: an option is out of its range. [`ErrorKind::Storage`] with
    /// [`NotAStore`](StorageErrorKind::NotAStore): there is something else in the storage. [`ErrorKind::Corrupt`]: the hub's own
    /// record is damaged. Any other: the storage failed.
    pub fn open(storage: Arc<dyn Storage>, options: HubOptions) -> Result<Self> {
        Self::start(options, || Ok(storage), |failure| failure)
    }

    /// Opens the hub in what `storage` gives, which is asked once the options are found to be in their ranges. `named` says of a
    /// failure what it is about.
    pub(super) fn start(
        options: HubOptions,
        storage: impl FnOnce() -> std::result::Result<Arc<dyn Storage>, Failure>,
        named: impl FnOnce(Failure) -> Failure,
    ) -> Result<Self> {
        let mut trace = [0; TraceId::LEN];
        options.entropy.fill(&mut trace);
        let opened = options.check().and_then(|options| {
            let storage = storage()?;
            let id = open_or_make(&*storage, &options)?;
            Ok(Self(Arc::new(Inner::new(storage, options, id))))
        });
        opened.map_err(|failure| Error::new(named(failure), TraceId::from_bytes(trace)))
    }

    /// Its id, which lives with its data.
    #[must_use]
    pub fn id(&self) -> HubId {
        self.0.id
    }

    pub(super) const fn inner(&self) -> &Arc<Inner> {
        &self.0
    }
}

/// The hub's id; made where the storage is empty.
///
/// Its row is written at every opening: what a crash left in the storage may be there without being durable, and nobody is told of
/// it before a commit has succeeded.
fn open_or_make(storage: &dyn Storage, options: &HubOptions) -> std::result::Result<HubId, Failure> {
    let view = Committed::new(storage.snapshot()?, None);
    let row = match view.get(HUB, HUB_KEY)? {
        Some(bytes) => HubRow::decode(&bytes)?,
        None => make(&view, options)?,
    };
    let mut txn = Txn::new(view);
    txn.put(HUB, HUB_KEY.to_vec(), row.encode());
    storage.commit(&txn.into_batch(Origin::Local)?)?;
    Ok(row.id)
}

/// The row of a new hub, for a storage that is empty.
fn make(view: &Committed, options: &HubOptions) -> std::result::Result<HubRow, Failure> {
    for table in (0..=u8::MAX).map(Table::new) {
        let scan = Scan { from: b"", to: None, order: Order::Ascending, limit: 1 };
        if !view.snapshot.scan(table, scan)?.is_empty() {
            let what = "it has records of something else, or of a hub whose own record is lost".to_owned();
            return Err(ErrorKind::Storage(StorageErrorKind::NotAStore { what }).into());
        }
    }
    let mut id = [0; HubId::LEN];
    options.entropy.fill(&mut id);
    Ok(HubRow { id: HubId::from_bytes(id), created: options.clock.now(), unknown: Unknown::default() })
}

impl Transport for Hub {
    fn send(&self, request: Request) -> BoxFuture<'_, std::result::Result<Answer, TransportError>> {
        Box::pin(async move {
            let (trace, space) = (request.trace, SpaceKey::new(&request.space));
            self.0.answer(space, request).await.map_err(|failure| {
                tracing::debug!(trace = %trace, error = %failure.kind, "the hub failed");
                TransportError::unreachable().because(Error::new(failure, trace))
            })
        })
    }
}
