//! Embeddable storage for documents that someone is still editing: autosave that survives crashes, a history of every
//! save, slots that know what is being worked on, phases from open to archived, and several devices that sync through any
//! transport.
//!
//! **A save that returned `Ok` is on disk and is never lost.** A save that returned an error is *unknown*: its text is
//! still in the editor's hands, and repeating it writes it at most once. Whatever was saved over stays readable.
//!
//! ```
//! use draftkeep::{Kind, Options, Saved, Store};
//! use serde::{Deserialize, Serialize};
//!
//! #[derive(Clone, Default, Serialize, Deserialize)]
//! struct Post {
//!     title: String,
//!     body: String,
//! }
//!
//! const POST: Kind<Post> = Kind::new("post");
//!
//! # fn main() -> Result<(), Box<dyn std::error::Error>> {
//! # let folder = tempfile::tempdir()?;
//! # let path = folder.path().join("drafts.redb");
//! let store = Store::open_or_create(path, Options::new())?;
//! let posts = store.space("alice")?.drafts(POST)?;
//!
//! let draft = posts.slot("upload-73").resume_or_start(Post::default)?;
//! let mut edit = draft.edit()?;
//! edit.doc().title.push_str("The night train");
//! match edit.save()? {
//!     Saved::Unchanged { .. } => {}                     // nothing was written
//!     Saved::Stored { version, .. } => assert_eq!(version, 2), // on disk
//!     Saved::Merged { .. } => {}                        // somebody saved since: `edit` holds the merge; show it
//!     Saved::Conflict { .. } => {}                      // no rule could merge both: ask a person, `draft.conflict()`
//!     _ => {}
//! }
//! # Ok(())
//! # }
//! ```
//!
//! # Five nouns
//!
//! ```text
//! Store ──▶ Space ──▶ Drafts<T> ──▶ Slot<T> ──▶ Draft<T> ──▶ Edit<T>, Autosave<T>
//! a file    an owner  one kind      one thing   a document,  the document in memory,
//!                                   to write    its history  and what it is based on
//!                                   about       and phase
//! ```
//!
//! - A [`Store`] is one file, or any [`Storage`](storage::Storage), opened by one process at a time. Clones are the same
//!   store; threads share it, and saves that arrive together share a commit.
//! - A [`Space`] is what one owner has: a person, a project, an account. Drafts of two spaces never meet.
//! - A [`Kind`] names a type of documents; its [`Schema`] says the version, the migrations, how two are merged, and the label. [`Drafts`] are
//!   the drafts of a kind in a space.
//! - A [`Slot`] is what its drafts are about, by a key: at most one of them is current. Its drafts are generations
//!   1, 2, 3, … A draft that is about nothing in particular needs none.
//! - A [`Draft`] is one document: a *head*, a history of *versions* 1, 2, 3, … without gaps, and a [`Phase`]. An
//!   [`Edit`] or an [`Autosave`] holds its text in memory and knows what it is based on.
//!
//! # Guarantees and limits
//!
//! - A save is one commit with one wait for the disk: head, history, list and slot change together or not at all.
//! - Every stored record carries its own hash, checked on every read. Damage costs at most one run (64 versions) or one
//!   pack of one draft's history; a head can be read along two paths that share no record.
//! - A text that was based on an older head is merged with it, by rules that you name by path ([`Schema::policy`]). The text
//!   as it was typed stays a version; what a rule decided against is named ([`Saved::Merged`]); what no rule can decide is a
//!   durable [`Conflict`], with all its sides, until a person settles it.
//! - After a failed commit the storage reopens itself and writes the save again. Only then does the error reach you.
//! - A copied, moved or restored file is a writer of its own from then on ([`Store::replica_changed`]).
//! - A document has at most 16 MiB as canonical JSON, 2,000,000 values and 64 levels ([`value`]). Names have at most: a
//!   space 200 bytes, a kind 64, a slot 256, a checkpoint and an outcome 256.
//! - Opening is instant after a clean end, and after a kill once the store was idle ([`Options::idle`]); else it costs
//!   one pass over the file.
//! - A disk that acknowledges a sync it did not do cannot be helped. Network file systems are not supported. Everything
//!   is tested on Linux and x86-64; macOS, Windows, 32-bit, big-endian and WebAssembly were never run.
//!
//! How each guarantee is protected and tested is told in [`docs::failures`], how the code is built in
//! [`docs::architecture`], what lies in a file in [`docs::format`], what devices and hubs say in [`docs::protocol`].
//!
//! **What it is not:** a CRDT for several cursors in one text, a database to query, a publisher, a place for large
//! binaries. Nothing is encrypted unless you give a [key ring](docs::sealing); without a [`Syncer`](sync::Syncer) nothing
//! leaves the device.
//!
//! # Cookbook
//!
//! **Autosave with a debounce.** Save two seconds after the last keystroke, and every twenty while typing goes on; show
//! the status; save at once where it matters.
//!
//! ```
//! # use draftkeep::*;
//! # use std::time::Duration;
//! # const NOTE: Kind<String> = Kind::new("note");
//! # let draft = Store::in_memory(Options::new())?.space("alice")?.drafts(NOTE)?.start(&String::new())?;
//! let autosave = draft.autosave(Cadence::every(Duration::from_secs(20)).quiet(Duration::from_secs(2)))?;
//! autosave.changed(&"Dear".to_owned()); // on every change; returns at once
//! assert!(!autosave.status().is_safe()); // red
//! autosave.flush().expect("the disk works"); // on "lock", before closing, whenever it must be durable now
//! assert!(autosave.status().is_safe()); // green, and true
//! # Ok::<(), draftkeep::Error>(())
//! ```
//!
//! **Hold autosaving during an export.** Changes wait in memory, the status says so, a flush saves all the same.
//!
//! ```
//! # use draftkeep::*;
//! # const NOTE: Kind<String> = Kind::new("note");
//! # let draft = Store::in_memory(Options::new())?.space("alice")?.drafts(NOTE)?.start(&String::new())?;
//! # let autosave = draft.autosave(Cadence::default())?;
//! let pause = autosave.pause();
//! // … the export …
//! drop(pause);
//! # Ok::<(), draftkeep::Error>(())
//! ```
//!
//! **Resume after a crash.** The promoted draft touched last, else the open one: what somebody was doing.
//!
//! ```
//! # use draftkeep::*;
//! # const NOTE: Kind<String> = Kind::new("note");
//! # let space = Store::in_memory(Options::new())?.space("alice")?;
//! # space.drafts(NOTE)?.start(&"Dear diary".to_owned())?;
//! if let Some(info) = space.latest()? {
//!     let draft = space.drafts(NOTE)?.get(info.id)?.expect("it is of this kind");
//!     assert_eq!(draft.load()?, "Dear diary");
//! }
//! # Ok::<(), draftkeep::Error>(())
//! ```
//!
//! **Go back while an editor is open.** What was typed last is saved before; `reload` gives the restored text to show, and
//! autosaving goes on from there. Without it, what is typed next is merged into the restored text.
//!
//! ```
//! # use draftkeep::*;
//! # const NOTE: Kind<String> = Kind::new("note");
//! # let draft = Store::in_memory(Options::new())?.space("alice")?.drafts(NOTE)?.start(&"one".to_owned())?;
//! # let autosave = draft.autosave(Cadence::default())?;
//! # autosave.changed(&"one two".to_owned());
//! draft.restore(1)?;
//! let shown = autosave.reload(&draft)?;
//! autosave.changed(&format!("{shown} three"));
//! autosave.flush().expect("the disk works");
//! assert_eq!((draft.load()?.as_str(), draft.at(2)?.doc.as_str()), ("one three", "one two"));
//! # Ok::<(), draftkeep::Error>(())
//! ```
//!
//! **Two windows on one draft.** What both change in different places is merged; the second window shows the merge.
//! What both change in one place is decided by the kind's policy, or by a person.
//!
//! ```
//! # use draftkeep::*;
//! # use serde::{Deserialize, Serialize};
//! use draftkeep::merge::{Choice, Policy, Rule};
//!
//! # #[derive(Clone, Serialize, Deserialize)]
//! # struct Post { title: String, body: String, views: i64 }
//! # const POST: Kind<Post> = Kind::new("post");
//! let policy = Policy::builder().rule("/title", Rule::Manual).rule("/views", Rule::Counter).build()?;
//! let store = Store::in_memory(Options::new().schema(Schema::of(POST).policy(policy)))?;
//! let post = Post { title: "Night".into(), body: "It rained.".into(), views: 7 };
//! let draft = store.space("alice")?.drafts(POST)?.start(&post)?;
//!
//! let (mut one, mut two) = (draft.edit()?, draft.edit()?);
//! (one.doc().title, one.doc().views) = ("Night train".into(), 8);
//! let _ = one.save()?;
//! (two.doc().body, two.doc().views) = ("It poured.".into(), 9);
//! assert!(matches!(two.save()?, Saved::Merged { .. }));
//! assert_eq!((two.as_doc().title.as_str(), two.as_doc().body.as_str(), two.as_doc().views), ("Night train", "It poured.", 10));
//!
//! // Both change the title: the text that was saved last is shown, and nothing is decided.
//! one = draft.edit()?;
//! (one.doc().title, two.doc().title) = ("Night bus".into(), "Sleeper".into());
//! let _ = one.save()?;
//! assert!(matches!(two.save()?, Saved::Conflict { .. }));
//! let conflict = draft.conflict()?.expect("it waits for a person");
//! assert_eq!(conflict.paths().map(|path| path.to_string()).collect::<Vec<_>>(), ["/title"]);
//! // About the head and the first other side; a third window's would be the next conflict.
//! let mut resolution = conflict.resolution();
//! resolution.choose_all(&Choice::Theirs)?;
//! conflict.settle_value(&resolution.finish()?)?;
//! assert_eq!(draft.load()?.title, "Night bus");
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```
//!
//! **The store cannot be opened yet**, because the disk is away or another process has it. The editor works meanwhile
//! and says that nothing is safe; what was typed is saved as soon as there is a store.
//!
//! What was typed becomes the head. Where the slot's draft has a text already, that one stays as the version before:
//! ask the user, or look at [`Draft::load`], before attaching, and attach to a new draft where both are wanted.
//!
//! ```
//! # use draftkeep::*;
//! # const NOTE: Kind<String> = Kind::new("note");
//! let autosave = Autosave::detached(Cadence::default());
//! autosave.changed(&"typed into the void".to_owned());
//! // Later, when opening succeeds:
//! # let store = Store::in_memory(Options::new())?;
//! let draft = store.space("alice")?.drafts(NOTE)?.slot("diary").resume_or_start(String::new)?;
//! autosave.attach(&draft)?;
//! autosave.flush().expect("the disk works");
//! assert_eq!(draft.load()?, "typed into the void");
//! # Ok::<(), draftkeep::Error>(())
//! ```
//!
//! **History and undo.** Every save is a version, and so is every change of the phase; a checkpoint has a name, and
//! retention never drops it.
//!
//! ```
//! # use draftkeep::*;
//! # const NOTE: Kind<String> = Kind::new("note");
//! # let draft = Store::in_memory(Options::new())?.space("alice")?.drafts(NOTE)?.start(&"long".to_owned())?;
//! let before = draft.checkpoint("before the interview")?;
//! let mut edit = draft.edit()?;
//! edit.doc().clear();
//! let cut = edit.save()?.version();
//! for change in draft.diff(before, cut)? {
//!     println!("{change}");
//! }
//! draft.restore(before)?; // a new version: what it replaces stays
//! assert_eq!(draft.load()?, "long");
//! assert_eq!(draft.history()?.versions.len(), 4);
//! # Ok::<(), draftkeep::Error>(())
//! ```
//!
//! **Go back with everything.** A restore point is a mark, however many drafts there are; one is taken by itself before a cycle of
//! syncing changes anything here.
//!
//! ```
//! # use draftkeep::*;
//! # const NOTE: Kind<String> = Kind::new("note");
//! # let space = Store::in_memory(Options::new())?.space("alice")?;
//! # let draft = space.drafts(NOTE)?.start(&"long".to_owned())?;
//! let point = space.take_restore_point("before the import")?;
//! let mut edit = draft.edit()?;
//! edit.doc().clear();
//! edit.save()?;
//! let returned = space.return_to(point.number)?;
//! assert_eq!((draft.load()?, returned.drafts), ("long".to_owned(), vec![draft.id()]));
//! space.return_to(returned.before.number)?; // and forth again
//! assert_eq!(draft.load()?, "");
//! # Ok::<(), draftkeep::Error>(())
//! ```
//!
//! **What happened to it?** Everything but plain saves is an entry of the space's audit, in the commit of what it tells of; what it proves,
//! and what only an anchor proves, is told in [`docs::runbook`].
//!
//! ```
//! # use draftkeep::*;
//! # const NOTE: Kind<String> = Kind::new("note");
//! # let space = Store::in_memory(Options::new())?.space("alice")?;
//! let draft = space.drafts(NOTE)?.start(&"It rained.".to_owned())?;
//! draft.promote_and_archive("page-1")?;
//! for entry in space.audit(&AuditQuery::of(draft.id()))?.entries {
//!     println!("{} {:?} {:?} {}", entry.at.as_millis(), entry.action, entry.device, entry.trace);
//! }
//! let anchor = space.audit_head()?; // keep it where nobody who can write to the store can write
//! draft.discard()?;
//! assert!(space.verify_audit(Some(anchor))?.is_intact());
//! # Ok::<(), draftkeep::Error>(())
//! ```
//!
//! **A picker.** Newest first, with labels, without reading a document.
//!
//! ```
//! # use draftkeep::*;
//! # const NOTE: Kind<String> = Kind::new("note");
//! let options = Options::new().schema(Schema::of(NOTE).label(|note| note.lines().next().unwrap_or("").to_owned()));
//! # let space = Store::in_memory(options)?.space("alice")?;
//! # space.drafts(NOTE)?.start(&"Milk\nBread".to_owned())?;
//! let page = space.list(&Filter::open().limit(20))?;
//! assert_eq!(page.drafts[0].label.as_deref(), Some("Milk"));
//! # Ok::<(), draftkeep::Error>(())
//! ```
//!
//! **Retention.** Off unless it is asked for; never a head, a checkpoint, a pinned or a promoted version.
//!
//! ```
//! # use draftkeep::*;
//! # use std::time::Duration;
//! let days = |days: u64| Duration::from_secs(days * 24 * 60 * 60);
//! let options = Options::new()
//!     .retention(Retention::default().history(Keep::thinned()).discard_after(days(30)).purge_after(days(30)));
//! # drop(options);
//! ```
//!
//! **A storage of your own.** Implement [`storage::Storage`], run [`storage::conformance`] on it, and open the store
//! with [`Store::with_storage`]. A file engine over another medium needs only a [`storage::Disk`].
//!
//! **Several devices.** A [`Syncer`](sync::Syncer) keeps a space in step with a hub, over any
//! [`Transport`](transport::Transport). Here the hub is in the process; behind a socket nothing else changes. Saving never waits for it.
//!
//! ```
//! # use draftkeep::*;
//! # use std::sync::Arc;
//! # const NOTE: Kind<String> = Kind::new("note");
//! use draftkeep::{hub::{Hub, HubOptions}, storage::MemoryStorage, sync::Syncer};
//!
//! # let run = async {
//! let hub = Arc::new(Hub::open(Arc::new(MemoryStorage::new()), HubOptions::new())?);
//! let (laptop, phone) = (Store::in_memory(Options::new())?.space("alice")?, Store::in_memory(Options::new())?.space("alice")?);
//! let draft = laptop.drafts(NOTE)?.start(&"It rained.".to_owned())?;
//! Syncer::new(&laptop, Arc::clone(&hub)).once().await?; // or `run()`, for as long as the application lives
//! Syncer::new(&phone, Arc::clone(&hub)).once().await?;
//! let same = phone.drafts(NOTE)?.get(draft.id())?.expect("it came with the pull");
//! assert_eq!(same.load()?, "It rained.");
//! assert!(draft.conflict()?.is_none()); // what no rule could merge would be here, on both devices
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! # };
//! # futures_executor::block_on(run)?;
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```
//!
//! **A hub of your own.** In a file, with an eye on what comes in: who may push is the server's business in front of it.
//!
//! ```
//! # #[cfg(feature = "redb")]
//! # fn main() -> Result<(), Box<dyn std::error::Error>> {
//! # use std::sync::Arc;
//! use draftkeep::hub::{Candidate, Hub, HubOptions, Invalid};
//!
//! fn notes(candidate: &Candidate<'_>) -> Result<(), Invalid> {
//!     let note: String = candidate.read()?; // what is none is refused, with the path
//!     if note.len() > 100_000 { Err(Invalid::new("a note has at most 100,000 bytes")) } else { Ok(()) }
//! }
//! # let folder = tempfile::tempdir()?;
//! let options = HubOptions::new().validator(Arc::new(notes)).space_drafts(10_000).space_bytes(1 << 30);
//! let hub = Hub::open_or_create(folder.path().join("hub.redb"), options)?;
//! for space in hub.spaces(None, 100)? {
//!     println!("{}: {} drafts, {} bytes, {} open forks", space.space, space.drafts, space.bytes, space.forks);
//! }
//! hub.backup(folder.path().join("tonight.redb"))?;
//! assert!(hub.verify()?.is_intact());
//! # Ok(())
//! # }
//! # #[cfg(not(feature = "redb"))]
//! # fn main() {}
//! ```
//!
//! What each status and error asks for is told in [`docs::runbook`], what devices and hubs say to each other in
//! [`docs::protocol`].
//!
//! **Sealed.** With a key ring everything is encrypted on the device, before it is stored or pushed. The first start makes the keys, and keeps them
//! durably before the store uses them: in the OS keychain, or in a file behind a passphrase (feature `passphrase`). Further devices, other keys, lost
//! ones, and a store that was plain before are told of in [`docs::sealing`].
//!
//! ```
//! # use draftkeep::*;
//! # const NOTE: Kind<String> = Kind::new("note");
//! use draftkeep::{clock::SystemEntropy, seal::{Key, MemoryKeyRing}};
//!
//! let ring = MemoryKeyRing::new(Key::random(&SystemEntropy), Key::random(&SystemEntropy));
//! # #[cfg(feature = "passphrase")] {
//! let file = ring.lock(b"what somebody types", seal::Cost::least(), &SystemEntropy)?; // or `recommended`; write it, then go on
//! let ring = MemoryKeyRing::unlock(&file, b"what somebody types")?; // at every other start
//! # }
//! let space = Store::in_memory(Options::new().key_ring(ring))?.space("alice")?;
//! space.drafts(NOTE)?.start(&"Nobody else reads this.".to_owned())?;
//! assert_eq!(space.rotate_key()?, None); // at each start: takes up a key that was added to the ring; there is none
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```
//!
//! **Events and metrics.** [`Store::events`] is a stream of what happens, never with any text of a document; each event
//! carries the trace id of its call, as its error and its `tracing` span do. With the feature `metrics` the same is
//! counted:
//!
//! ```
//! # use draftkeep::*;
//! # const NOTE: Kind<String> = Kind::new("note");
//! # let store = Store::in_memory(Options::new())?;
//! let mut events = store.events();
//! store.space("alice")?.drafts(NOTE)?.start(&String::new())?;
//! assert!(matches!(events.try_next().map(|event| event.what), Some(EventKind::Started)));
//! # Ok::<(), draftkeep::Error>(())
//! ```
//!
//! **Tests without waiting.** Time, tasks and randomness are passed in; with these a test takes the same steps every
//! time.
//!
//! ```
//! # use draftkeep::*;
//! # use std::{sync::Arc, time::Duration};
//! # const NOTE: Kind<String> = Kind::new("note");
//! use draftkeep::clock::{ManualClock, SeededEntropy, TaskQueue};
//!
//! let (clock, tasks) = (ManualClock::new(), TaskQueue::new());
//! let options =
//!     Options::with_runtime(Arc::new(clock.clone()), Arc::new(tasks.clone()), Arc::new(SeededEntropy::new(1)));
//! let draft = Store::in_memory(options)?.space("alice")?.drafts(NOTE)?.start(&String::new())?;
//! let autosave = draft.autosave(Cadence::every(Duration::from_secs(20)))?;
//! autosave.changed(&"typed".to_owned());
//! tasks.run_for(&clock, Duration::from_secs(19));
//! assert_eq!(draft.load()?, "");
//! tasks.run_for(&clock, Duration::from_secs(1));
//! assert_eq!(draft.load()?, "typed");
//! # Ok::<(), draftkeep::Error>(())
//! ```
//!
//! # Features
//!
//! | feature | default | what it adds, and its cost |
//! |---|---|---|
//! | `redb` | yes | stores in files: [`Store::open`], `create`, `open_or_create`. Brings redb and, on Unix, rustix |
//! | `threads` | yes | the system's clock and randomness, a thread per background task. Brings futures-timer and getrandom |
//! | `metrics` | no | counters and histograms through the `metrics` facade: one more crate, a few atomic operations a save |
//! | `jsonschema` | no | [`Schema::json_schema`]: documents held against a JSON Schema. Brings jsonschema and some 40 small crates, among them regex; no network |
//! | `passphrase` | no | key files: `MemoryKeyRing::lock` and `unlock` in [`seal`]. Brings argon2, blake2 and base64ct |
//! | `proptest` | no | strategies for documents, for your own property tests. Brings proptest |

pub mod clock;
mod codec;
pub mod docs;
mod draft;
mod error;
mod events;
mod export;
#[cfg(draftkeep_faults)]
#[doc(hidden)]
pub mod fault;
#[cfg(not(draftkeep_faults))]
mod fault;
#[cfg(fuzzing)]
pub mod fuzzing;
pub mod hub;
mod id;
mod invalid;
mod kind;
pub mod merge;
#[cfg(feature = "metrics")]
mod metrics;
mod phase;
mod position;
mod records;
mod report;
mod revision;
pub mod seal;
pub mod storage;
mod store;
pub mod sync;
mod tally;
pub mod transport;
mod validate;
pub mod value;
mod vector;
mod watch;

pub use draft::autosave::{
    Autosave, AutosaveError, AutosaveStatus, Cadence, CadenceError, PauseGuard, SavedAs, Unsaved,
};
pub use draft::conflict::{Conflict, ConflictSide};
pub use draft::drafts::Drafts;
pub use draft::earlier::Earlier;
pub use draft::edit::{Edit, Savable};
pub use draft::erase::{Erased, Erasure};
pub use draft::handle::{Draft, Version};
pub use draft::info::{DraftInfo, History, VersionInfo};
pub use draft::list::{Cursor, Filter, Page};
pub use draft::points::{NotReturned, Returned};
pub use draft::saved::Saved;
pub use draft::slot::Slot;
pub use error::{Error, ErrorKind, Result};
pub use events::{Event, EventKind, Events};
pub use export::{Export, ExportError, Exported, ImportError, ImportErrorKind, Imported, Legacy, TakenOver};
pub use id::{DraftId, EventId, HubId, KeyId, ParseIdError, ReplicaId, RevisionId, StoreId, TraceId};
pub use invalid::{Flaw, Invalid};
pub use kind::{Kind, MigrationResult, Schema, SecretSync};
pub use phase::Phase;
#[cfg(feature = "redb")]
pub use store::Backup;
pub use store::{
    AuditAction, AuditEntry, AuditFault, AuditFinding, AuditHead, AuditPage, AuditQuery, AuditRetention, AuditVerified,
    AuditedSaves, Guard, ParseAuditHeadError,
};
pub use store::{Compacted, Damage, Keep, Options, PointCause, RestorePoint, Retention, Space, Store, Swept, Verified};
pub use value::Value;
pub use vector::{Causality, MAX_WRITERS, VersionVector};
pub use watch::Statuses;

#[cfg(doctest)]
#[doc = include_str!("../README.md")]
struct Readme;
