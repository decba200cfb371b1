//! Devices and a hub in one process.

use draftkeep::clock::{ManualClock, SeededEntropy, TaskQueue};
use draftkeep::hub::{Hub, HubOptions};
use draftkeep::merge::{Policy, Rule};
use draftkeep::storage::{Batch, MemoryStorage, Order, Origin, Scan, Storage, Table};
use draftkeep::sync::{Report, SyncError, Syncer};
use draftkeep::transport::{Answer, Ask, Request, Transport, TransportError};
use draftkeep::{Draft, Drafts, Kind, Options, Schema, Space, Store};
use futures_core::future::BoxFuture;
use futures_executor::block_on;
use serde::{Deserialize, Serialize};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};

#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Note {
    pub(crate) title: String,
    pub(crate) body: String,
    pub(crate) tags: Vec<String>,
    pub(crate) views: i64,
}

pub(crate) const NOTE: Kind<Note> = Kind::new("note");

pub(crate) fn note(title: &str, body: &str) -> Note {
    Note { title: title.to_owned(), body: body.to_owned(), ..Note::default() }
}

/// A text of some length, also once it is compressed: hardly anything stands in it twice.
pub(crate) fn long() -> String {
    (0..4_000_u32).map(|word| format!("word{} ", word * 7_919 % 100_003)).collect()
}

pub(crate) fn policy() -> Policy {
    let builder = Policy::builder().rule("/title", Rule::Manual).rule("/tags", Rule::Set).rule("/views", Rule::Counter);
    builder.build().expect("it is a policy")
}

/// Where nothing is counted: what is counted is merged over exact bases only, which hides what is wrong with others.
pub(crate) fn uncounted() -> Policy {
    let builder = Policy::builder().rule("/title", Rule::Manual).rule("/tags", Rule::Set);
    builder.build().expect("it is a policy")
}

pub(crate) fn options(seed: u64) -> Options {
    options_with(seed, Schema::of(NOTE))
}

pub(crate) fn options_with(seed: u64, schema: Schema<Note>) -> Options {
    runtime(seed).schema(schema.policy(policy()))
}

pub(crate) fn runtime(seed: u64) -> Options {
    let (clock, tasks) = (ManualClock::new(), TaskQueue::new());
    Options::with_runtime(Arc::new(clock), Arc::new(tasks), Arc::new(SeededEntropy::new(seed)))
}

pub(crate) fn hub(seed: u64) -> Arc<Hub> {
    hub_on(&Arc::new(MemoryStorage::new()), seed)
}

/// A hub that takes revisions up to so many bytes.
pub(crate) fn hub_taking(seed: u64, bytes: usize) -> Arc<Hub> {
    let options = HubOptions::with_runtime(Arc::new(ManualClock::new()), Arc::new(SeededEntropy::new(seed)));
    Arc::new(Hub::open(Arc::new(MemoryStorage::new()), options.revision_bytes(bytes)).expect("memory can be opened"))
}

pub(crate) struct Device {
    pub(crate) store: Store,
    pub(crate) space: Space,
    pub(crate) notes: Drafts<Note>,
    pub(crate) syncer: Syncer,
}

impl Device {
    pub(crate) fn new(seed: u64, hub: &Arc<Hub>) -> Self {
        Self::over(seed, Arc::clone(hub))
    }

    pub(crate) fn over(seed: u64, transport: impl Transport + 'static) -> Self {
        Self::with(options(seed), transport)
    }

    /// A device on which nothing is counted.
    pub(crate) fn uncounted(seed: u64, transport: impl Transport + 'static) -> Self {
        Self::with(runtime(seed).schema(Schema::of(NOTE).policy(uncounted())), transport)
    }

    pub(crate) fn with(options: Options, transport: impl Transport + 'static) -> Self {
        Self::on(options, &Arc::new(MemoryStorage::new()), transport)
    }

    /// A device whose storage outlives its application.
    pub(crate) fn on(options: Options, storage: &Arc<MemoryStorage>, transport: impl Transport + 'static) -> Self {
        let store =
            Store::with_storage(Arc::clone(storage) as Arc<dyn Storage>, options).expect("memory can be opened");
        let space = store.space("alice").expect("it opens");
        let notes = space.drafts(NOTE).expect("it opens");
        let syncer = Syncer::new(&space, transport);
        Self { store, space, notes, syncer }
    }

    pub(crate) fn sync(&self) -> Report {
        self.try_sync().expect("the hub answers")
    }

    pub(crate) fn try_sync(&self) -> Result<Report, SyncError> {
        block_on(self.syncer.once())
    }

    pub(crate) fn the_same(&self, draft: &Draft<Note>) -> Draft<Note> {
        self.notes.get(draft.id()).expect("it can be read").expect("it is here")
    }
}

pub(crate) fn change(draft: &Draft<Note>, change: impl FnOnce(&mut Note)) {
    let mut edit = draft.edit().expect("it can be read");
    change(edit.doc());
    let _ = edit.save().expect("it can be saved");
}

/// A way to the hub on which a test can lose things.
#[derive(Debug, Clone)]
pub(crate) struct Line {
    hub: Arc<Mutex<Arc<Hub>>>,
    /// What happens to the next requests that push.
    pushes: Arc<Mutex<Vec<Loses>>>,
    /// Pulls are lost from this one on.
    pulls_left: Arc<Mutex<Option<u32>>>,
    /// What happens to whatever erases.
    erasures: Arc<Mutex<Option<Loses>>>,
    /// Whatever asks for single revisions is lost.
    without_revisions: Arc<AtomicBool>,
}

/// What gets lost of a request that pushes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Loses {
    Request,
    Answer,
}

impl Line {
    pub(crate) fn to(hub: &Arc<Hub>) -> Self {
        let hub = Arc::new(Mutex::new(Arc::clone(hub)));
        let (pushes, erasures) = (Arc::default(), Arc::default());
        Self { hub, pushes, pulls_left: Arc::default(), erasures, without_revisions: Arc::default() }
    }

    pub(crate) fn lose_revisions(&self, are_lost: bool) {
        self.without_revisions.store(are_lost, Ordering::Relaxed);
    }

    pub(crate) fn lose(&self, what: Loses) {
        self.pushes.lock().unwrap().push(what);
    }

    pub(crate) fn lose_erasures(&self, what: Option<Loses>) {
        *self.erasures.lock().unwrap() = what;
    }

    pub(crate) fn pull_only(&self, pages: Option<u32>) {
        *self.pulls_left.lock().unwrap() = pages;
    }

    /// From now on it leads to this hub.
    pub(crate) fn lead_to(&self, hub: &Arc<Hub>) {
        *self.hub.lock().unwrap() = Arc::clone(hub);
    }
}

impl Transport for Line {
    fn send(&self, mut request: Request) -> BoxFuture<'_, Result<Answer, TransportError>> {
        let mut loses = None;
        match &mut request.ask {
            Ask::Push { .. } => loses = self.pushes.lock().unwrap().pop(),
            Ask::Erase { .. } => loses = *self.erasures.lock().unwrap(),
            Ask::Pull { limit, .. } => {
                if let Some(left) = self.pulls_left.lock().unwrap().as_mut() {
                    *limit = 1;
                    match left.checked_sub(1) {
                        Some(fewer) => *left = fewer,
                        None => loses = Some(Loses::Request),
                    }
                }
            }
            Ask::Revisions { .. } if self.without_revisions.load(Ordering::Relaxed) => loses = Some(Loses::Request),
            _ => {}
        }
        let hub = Arc::clone(&self.hub.lock().unwrap());
        Box::pin(async move {
            if loses == Some(Loses::Request) {
                return Err(TransportError::unreachable());
            }
            let answer = hub.send(request).await;
            if loses == Some(Loses::Answer) { Err(TransportError::unreachable()) } else { answer }
        })
    }
}

/// The hub as it is now, as a backup would bring it back.
pub(crate) fn copy(storage: &MemoryStorage) -> MemoryStorage {
    let (view, copy) = (storage.snapshot().unwrap(), MemoryStorage::new());
    for table in 0..=u8::MAX {
        let mut batch = Batch::new(Origin::Local);
        let scan = Scan { from: &[0], to: None, order: Order::Ascending, limit: usize::MAX };
        for (key, value) in view.scan(Table::new(table), scan).unwrap() {
            batch.put(Table::new(table), key, value);
        }
        copy.commit(&batch).unwrap();
    }
    copy
}

pub(crate) fn hub_on(storage: &Arc<MemoryStorage>, seed: u64) -> Arc<Hub> {
    let options = HubOptions::with_runtime(Arc::new(ManualClock::new()), Arc::new(SeededEntropy::new(seed)));
    Arc::new(Hub::open(Arc::clone(storage) as Arc<dyn Storage>, options).expect("memory can be opened"))
}

/// A way to the hub on which somebody does something while a push, or another request, is under way.
#[derive(Clone)]
pub(crate) struct Meanwhile {
    hub: Arc<Hub>,
    act: Arc<Mutex<Option<(During, Act)>>>,
    /// It does it once the request is on its way, when the device has gathered what leaves next.
    is_late: bool,
}

type Act = Box<dyn FnOnce() + Send>;
type During = fn(&Ask) -> bool;

impl Meanwhile {
    pub(crate) fn to(hub: &Arc<Hub>) -> Self {
        Self { hub: Arc::clone(hub), act: Arc::default(), is_late: false }
    }

    pub(crate) fn late(hub: &Arc<Hub>) -> Self {
        Self { is_late: true, ..Self::to(hub) }
    }

    pub(crate) fn at_the_next_push(&self, act: impl FnOnce() + Send + 'static) {
        self.at_the_next(|ask| matches!(ask, Ask::Push { .. }), act);
    }

    pub(crate) fn at_the_next(&self, during: During, act: impl FnOnce() + Send + 'static) {
        *self.act.lock().unwrap() = Some((during, Box::new(act)));
    }

    /// Whether it was done.
    pub(crate) fn has_acted(&self) -> bool {
        self.act.lock().unwrap().is_none()
    }
}

impl std::fmt::Debug for Meanwhile {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Meanwhile").finish_non_exhaustive()
    }
}

impl Transport for Meanwhile {
    fn send(&self, request: Request) -> BoxFuture<'_, Result<Answer, TransportError>> {
        let act = self.act.lock().unwrap().take_if(|(during, _)| during(&request.ask)).map(|(_, act)| act);
        Box::pin(async move {
            if let Some(act) = act {
                let mut is_on_its_way = !self.is_late;
                std::future::poll_fn(|context| {
                    if std::mem::replace(&mut is_on_its_way, true) {
                        return std::task::Poll::Ready(());
                    }
                    context.waker().wake_by_ref();
                    std::task::Poll::Pending
                })
                .await;
                act();
            }
            self.hub.send(request).await
        })
    }
}

/// The title of a text in a conflict.
pub(crate) fn title(side: &draftkeep::ConflictSide) -> String {
    let draftkeep::Value::Object(members) = &side.value else { panic!("a note is an object") };
    members.get("title").and_then(draftkeep::Value::as_str).expect("it is a text").to_owned()
}
