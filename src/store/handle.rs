//! The store as a user holds it.

#[cfg(feature = "redb")]
use super::Backup;
use super::audit::trim::trim_on_opening;
use super::engine::Engine;
use super::options::{Options, Settings};
use super::queue::lock;
use super::rows::MetaRow;
#[cfg(feature = "redb")]
use super::sealing::copy::Sealing;
use super::sealing::seals::Seals;
use super::space::{self, Space, SpaceCore};
use super::tables::{HEADS, META, META_KEY, SPACES, VERSIONS};
use super::verify::{self, Verified};
use super::view::Committed;
use super::write::{CommitWitness, meta_row, own_row_is_missing};
use super::{record, sweep, tend};
use crate::codec::Unknown;
use crate::error::{Error, ErrorKind, Failure, Result};
use crate::events::Events;
use crate::fault;
use crate::id::{ReplicaId, StoreId, TraceId};
#[cfg(feature = "redb")]
use crate::records::backup;
#[cfg(feature = "redb")]
use crate::records::coat::Coat;
use crate::storage::{Batch, Footprint, MemoryStorage, Order, Origin, Scan, Storage, StorageErrorKind, Table};
#[cfg(feature = "redb")]
use crate::storage::{RedbStorage, StorageError, StoreFile, Witness};
use std::fmt;
use std::sync::Arc;

/// A store: one file, or any [`Storage`]. It holds spaces.
///
/// Cloning it is cheap, and all clones are the same store. It may be used from many threads; saves that arrive
/// together share one commit. One process at a time may have a store open.
#[derive(Clone)]
pub struct Store {
    engine: Arc<Engine>,
    replica_changed: Option<&'static str>,
}

impl fmt::Debug for Store {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Store").field("id", &self.engine.store).finish_non_exhaustive()
    }
}

/// What compacting gave back.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub struct Compacted {
    /// The room taken before.
    pub before: Footprint,
    /// The room taken now.
    pub after: Footprint,
    /// Versions that the retention policy dropped.
    pub thinned: u64,
    /// Spaces whose keys the key ring does not give: their histories are as they were.
    pub sealed: u64,
    /// Whether the store's file holds no byte any more of what was [erased](crate::Draft::erase), purged or dropped before. Not where
    /// somebody was reading just then, as a [backup](Store::backup): call it again.
    pub scrubbed: bool,
}

impl Store {
    /// Opens a store file that is there; never makes one.
    ///
    /// # Errors
    ///
    /// `NotFound` where nothing is at the path; `Missing` where a store was there and its file is gone; `InUse` where
    /// another process or handle has it open; `NotAStore` and `TooNew` where it is something else, which is left
    /// untouched.
    #[cfg(feature = "redb")]
    pub fn open(path: impl AsRef<std::path::Path>, options: Options) -> Result<Self> {
        Self::file(path.as_ref(), options, StoreFile::open)
    }

    /// Makes a store file where nothing is; never overwrites. File and name are durable when it returns.
    ///
    /// # Errors
    ///
    /// `Exists` where something is at the path, `Missing` where a store was there and only its marker is left,
    /// `NoFolder` where the folder is not there.
    #[cfg(feature = "redb")]
    pub fn create(path: impl AsRef<std::path::Path>, options: Options) -> Result<Self> {
        Self::file(path.as_ref(), options, StoreFile::create)
    }

    /// Opens the store file, or makes it where neither it nor its marker is there.
    ///
    /// # Errors
    ///
    /// Those of [`open`](Self::open), but `NoFolder` instead of `NotFound`: folders are not made.
    #[cfg(feature = "redb")]
    pub fn open_or_create(path: impl AsRef<std::path::Path>, options: Options) -> Result<Self> {
        Self::file(path.as_ref(), options, StoreFile::open_or_create)
    }

    #[cfg(feature = "redb")]
    fn file(
        path: &std::path::Path,
        options: Options,
        open: impl FnOnce(&StoreFile) -> std::result::Result<(RedbStorage, Witness), StorageError>,
    ) -> Result<Self> {
        let entropy = options.entropy();
        let start = || {
            let settings = options.check()?;
            let (storage, witness) = open(&StoreFile::at(path))?;
            let marker = super::identity::Marker::new(witness);
            let storage: Arc<dyn Storage> = Arc::new(storage);
            let seals = seals(&settings, &storage);
            let (mut meta, is_new) = enter(&*storage, &settings)?;
            let now = marker.claim(meta.store, meta.ticks_reserved);
            let claimed = marker.claimed();
            let reason = match &claimed {
                _ if is_new => None,
                None => Some("the marker beside the file is gone"),
                Some(claimed) => claimed.contradiction(&now).or_else(|| {
                    let coat = seals.clone().map(|seals| seals as Arc<dyn Coat>);
                    let view = Committed::new(storage.snapshot().ok()?, coat);
                    marker.noted()?.contradiction(meta.store, &view)
                }),
            };
            if reason.is_some() {
                meta.replica = ReplicaId::from_bytes(random(&settings));
                meta.ticks_reserved = meta.ticks_reserved.max(claimed.as_ref().map_or(0, |claimed| claimed.ticks));
                put_meta(&*storage, &meta)?;
                // What was noted of the other one is no reason to take another id the next time.
                marker.committed(meta.store, None);
            }
            let claim = marker.claim(meta.store, meta.ticks_reserved);
            if claimed.as_ref() != Some(&claim) {
                marker.write(&claim)?;
            }
            Ok(Self::start(storage, settings, seals, &meta, Some(Box::new(marker)), reason))
        };
        // The errors of reading the store's own rows know no path.
        traced(&*entropy, || start().map_err(|failure: Failure| failure.at(path)))
    }

    /// A store that is gone with its last handle.
    ///
    /// # Errors
    ///
    /// `Options` where the options are refused.
    pub fn in_memory(options: Options) -> Result<Self> {
        Self::with_storage(Arc::new(MemoryStorage::new()), options)
    }

    /// A store on a storage of the application's own, which it makes where the storage is empty.
    ///
    /// A copy of such a storage is not noticed by itself: who restores or clones one calls
    /// [`take_new_replica`](Self::take_new_replica) before the first save.
    ///
    /// Only one store may be open on a storage at a time, and nothing stops a second: a store file is locked, a storage
    /// is not. Two would write over each other's records. To use it in two places, clone the store.
    ///
    /// # Errors
    ///
    /// `Options` where the options are refused, `Corrupt` where the storage holds drafts but no store, `NotAStore` where it holds
    /// something else, and what the storage answers.
    pub fn with_storage(storage: Arc<dyn Storage>, options: Options) -> Result<Self> {
        let entropy = options.entropy();
        traced(&*entropy, || {
            let settings = options.check()?;
            let seals = seals(&settings, &storage);
            let (meta, _) = enter(&*storage, &settings)?;
            Ok(Self::start(storage, settings, seals, &meta, None, None))
        })
    }

    fn start(
        storage: Arc<dyn Storage>,
        settings: Settings,
        seals: Option<Arc<Seals>>,
        meta: &MetaRow,
        witness: Option<Box<dyn CommitWitness>>,
        replica_changed: Option<&'static str>,
    ) -> Self {
        Self { engine: Arc::new(Engine::new(storage, settings, seals, meta, witness, tend::wake)), replica_changed }
    }

    /// Opens a space, creating it the first time, and tidies it up as the retention policy says.
    ///
    /// # Errors
    ///
    /// `Name` where the name is empty or longer than 200 bytes; `Corrupt` where the space's own record is damaged; in a store that is sealed
    /// `KeyMissing` where the key ring lacks the space's key, and `KeyRing` where it cannot be asked now.
    pub fn space(&self, name: &str) -> Result<Space> {
        self.engine
            .traced("space", |trace| {
                let core = SpaceCore::open(&self.engine, name)?;
                let swept = sweep::sweep(&core, trace)?;
                trim_on_opening(&core)?;
                Ok(SpaceCore { swept, ..core })
            })
            .map(|core| Space::new(Arc::new(core)))
    }

    /// The names of all spaces, in the order of their creation.
    ///
    /// # Errors
    ///
    /// `Corrupt` where a space's own record is damaged.
    pub fn spaces(&self) -> Result<Vec<String>> {
        self.engine.traced("spaces", |_| space::names(&self.engine.read()?))
    }

    /// Whether what belongs to its spaces is [sealed](Options::key_ring).
    #[must_use]
    pub fn is_sealed(&self) -> bool {
        self.engine.seals.is_some()
    }

    /// Names this store, and every copy of it.
    #[must_use]
    pub fn id(&self) -> StoreId {
        self.engine.store
    }

    /// Names this store as a writer. No copy has the same.
    #[must_use]
    pub fn replica(&self) -> ReplicaId {
        self.engine.replica()
    }

    /// Why the store took a new replica id when it was opened, where it did: its file had been copied or restored.
    #[must_use]
    pub fn replica_changed(&self) -> Option<&'static str> {
        self.replica_changed
    }

    /// Takes a new replica id: for a storage that was cloned or restored in a way that cannot be noticed from within.
    ///
    /// # Errors
    ///
    /// What the storage answers.
    pub fn take_new_replica(&self) -> Result<ReplicaId> {
        self.engine.traced("take_new_replica", |trace| {
            let replica = ReplicaId::from_bytes(random(&self.engine.settings));
            self.engine.write(move |write| {
                let mut meta = meta_row(write.txn)?.ok_or_else(own_row_is_missing)?;
                meta.replica = replica;
                write.put(META, META_KEY.to_vec(), meta.encode());
                write.state.replica = replica;
                let reason = "the application asked for it".to_owned();
                write.tell(0, None, trace, crate::events::EventKind::ReplicaChanged { reason });
                Ok(replica)
            })
        })
    }

    /// Tells what happens from now on: saves, phases, failures, sweeps.
    ///
    /// A listener that does not listen misses events and is told how many; it never holds anything up.
    #[must_use]
    pub fn events(&self) -> Events {
        self.engine.events.subscribe()
    }

    /// How much room the store takes.
    ///
    /// # Errors
    ///
    /// What the storage answers.
    pub fn footprint(&self) -> Result<Footprint> {
        self.engine.traced("footprint", |_| Ok(self.engine.storage.footprint()?))
    }

    /// Reads every record and holds them against each other. Changes nothing; the cost grows with the store.
    ///
    /// # Errors
    ///
    /// What the storage answers; damage is not an error but a part of the report.
    pub fn verify(&self) -> Result<Verified> {
        self.engine.traced("verify", |_| verify::verify(&self.engine))
    }

    /// Builds anew what can be built from something else: damaged heads, lists and slots.
    ///
    /// Returns how many records it wrote. What is damaged beyond that stays as it is, and `verify` names it.
    ///
    /// # Errors
    ///
    /// What the storage answers; in a store that is sealed `KeyMissing` or `KeyRing` where the ring does not give the key of a space: the other spaces
    /// are repaired all the same.
    pub fn repair(&self) -> Result<u64> {
        self.engine.traced("repair", |trace| verify::repair(&self.engine, trace))
    }

    /// Packs all histories as small as they get, applies the retention policy, gives unused room back, and overwrites what was deleted: of
    /// what was erased, purged or dropped before, no byte is left in the store's file, nor in one beside it.
    ///
    /// Saves go on meanwhile, but each step holds them up for as long as packing one draft takes, and the last one until all that is left
    /// was written once more; it takes as much room again meanwhile. A crash at any moment leaves a whole store; then call it again.
    ///
    /// What it cannot reach: backups and exports, blocks that a file system or a flash disk has put aside, and the memory of processes.
    ///
    /// # Errors
    ///
    /// What the storage answers; what was packed until then stays packed. `Full` where there is no room to write everything once more:
    /// nothing is lost, and what was deleted may be there still.
    pub fn compact(&self) -> Result<Compacted> {
        self.engine.traced("compact", |trace| tend::compact(&self.engine, trace))
    }

    /// Copies everything that is committed into a new store file, while saves go on. The copy is whole and durable when
    /// this returns; until then nothing is at the path.
    ///
    /// It is a snapshot of one moment. Whoever opens it, there or put back into this store's place, is another writer:
    /// it takes a new replica id by itself. A file that is copied while a store is open, by other means than this, may
    /// be torn.
    ///
    /// Costs reading and writing the whole store, and keeps replaced pages of this one from being used again meanwhile.
    ///
    /// # Errors
    ///
    /// `Exists` where something is at the path, `Missing` where a marker is there without its file, `NoFolder` where the
    /// folder is not there, `Full` where the disk is; and `Corrupt` where a part of this store cannot be read at all.
    /// Single records that are damaged are copied as they are, and counted.
    #[cfg(feature = "redb")]
    pub fn backup(&self, path: impl AsRef<std::path::Path>) -> Result<Backup> {
        self.engine.traced("backup", |_| {
            let view = self.engine.read()?;
            backup::backup(&view, path.as_ref())
        })
    }

    /// Copies a plain store into a new store file that is sealed with the keys of the options' [ring](Options::key_ring). The plain one stays as it
    /// is; nobody may have it open meanwhile. The new one is whole and durable when this returns, and until then nothing is at its path: after a crash
    /// it is begun anew. Open it, look whether all is there, and then remove the plain file, its marker and its backups: everybody can read them.
    ///
    /// The ids of its drafts stay those that follow from its spaces' names, so the ring has to have
    /// [no secret](crate::seal::KeyRing::secret) for them. A hub that has the plain texts keeps them: sealed spaces want a hub of their own. So
    /// the new store has met none: its spaces sync once the application [accepts](crate::sync::Syncer::accept_hub) the hub that they find.
    ///
    /// ```
    /// # fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// use draftkeep::seal::{Key, MemoryKeyRing};
    /// use draftkeep::{Kind, Options, Store};
    ///
    /// # const NOTE: Kind<String> = Kind::new("note");
    /// # let folder = tempfile::tempdir()?;
    /// # let (plain, sealed) = (folder.path().join("plain.redb"), folder.path().join("sealed.redb"));
    /// # let store = Store::create(&plain, Options::new())?;
    /// # let id = store.space("alice")?.drafts(NOTE)?.start(&"It rained.".to_owned())?.id();
    /// # assert!(store.close());
    /// let ring = MemoryKeyRing::empty().with_former_plain_space("alice", Key::from_bytes([2; 32]));
    /// Store::seal(&plain, &sealed, Options::new().key_ring(ring.clone()))?;
    /// let store = Store::open(&sealed, Options::new().key_ring(ring))?;
    /// assert!(store.verify()?.is_intact());
    /// # assert_eq!(store.space("alice")?.drafts(NOTE)?.get(id)?.expect("it is there").load()?, "It rained.");
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Errors
    ///
    /// Those of [`open`](Self::open) for the plain store, and of [`backup`](Self::backup) for the other one; `Options` where there is no key ring, or it has a
    /// secret for a space; `KeyMissing` and `KeyRing` where it gives no key; `Options` also where texts of other devices wait to be taken in; `AlreadySealed`; `Corrupt` where a record is damaged:
    /// [`repair`](Self::repair) it first.
    #[cfg(feature = "redb")]
    pub fn seal(
        from: impl AsRef<std::path::Path>,
        to: impl AsRef<std::path::Path>,
        options: Options,
    ) -> Result<Backup> {
        let (from, to, entropy) = (from.as_ref(), to.as_ref(), options.entropy());
        let sealed = || {
            let settings = options.check()?;
            let no_ring = || Failure::options("a store is sealed with the keys of a ring: Options::key_ring");
            let (storage, _witness) = StoreFile::at(from).open()?;
            let storage: Arc<dyn Storage> = Arc::new(storage);
            let seals = seals(&settings, &storage).ok_or_else(no_ring)?;
            let plain = Committed::new(storage.snapshot()?, None);
            if meta_row(&plain)?.ok_or_else(own_row_is_missing)?.is_sealed {
                return Err(ErrorKind::AlreadySealed.into());
            }
            let sealing = Sealing::new(plain, seals)?;
            let mut made = Backup { records: 0, bytes: 0, damaged: 0 };
            let copied = StoreFile::at(to).create_copy(&sealing, |_, _, value| {
                made.records += 1;
                made.bytes += value.len() as u64;
            });
            copied.map(|()| made).map_err(|error| sealing.into_failure().unwrap_or_else(|| error.into()))
        };
        traced(&*entropy, || sealed().map_err(|failure: Failure| failure.at(from)))
    }

    /// Lets this handle go, and waits for what the store does in the background: dropped without it, a store may stay open
    /// for as long as tidying up takes, and opening it again at once be refused as `InUse`.
    ///
    /// Returns whether the store is closed now: `false` where something else of it is still alive, a space, a draft, an
    /// edit, an autosave, or a save that goes on by itself.
    #[must_use = "it may not be closed yet"]
    pub fn close(self) -> bool {
        let tending = Arc::clone(&self.engine.tending);
        let _turn = lock(&tending);
        Arc::into_inner(self.engine).is_some()
    }

    /// Does now what the store otherwise does in the background once it is idle.
    ///
    /// # Errors
    ///
    /// What the storage answers.
    pub fn tend(&self) -> Result<()> {
        self.engine.traced("tend", |trace| tend::tidy(&self.engine, trace))
    }
}

/// Reads the store's own row, or makes a store where the storage is empty.
fn enter(storage: &dyn Storage, settings: &Settings) -> std::result::Result<(MetaRow, bool), Failure> {
    // The store's own row is never sealed.
    let view = Committed::new(storage.snapshot()?, None);
    if let Some(meta) = meta_row(&view)? {
        return match (meta.is_sealed, settings.key_ring.is_some()) {
            (true, false) if !fault::on("sealed-store-opened-without-keys") => Err(ErrorKind::Sealed.into()),
            (false, true) if !fault::on("plain-store-taken-for-sealed") => Err(ErrorKind::NotSealed.into()),
            _ => Ok((meta, false)),
        };
    }
    for table in [SPACES, HEADS, VERSIONS] {
        let scan = Scan { from: &[0], to: None, order: Order::Ascending, limit: 1 };
        if !view.snapshot.scan(table, scan)?.is_empty() {
            return Err(Failure::corrupt(None, "the storage holds drafts, but the store's own row is missing"));
        }
    }
    for table in (0..=u8::MAX).map(Table::new) {
        let scan = Scan { from: &[0], to: None, order: Order::Ascending, limit: 1 };
        if !view.snapshot.scan(table, scan)?.is_empty() && !fault::on("store-begins-beside-a-hub") {
            let what = "it has records of something else, as a hub's".to_owned();
            return Err(ErrorKind::Storage(StorageErrorKind::NotAStore { what }).into());
        }
    }
    let meta = MetaRow {
        store: StoreId::from_bytes(random(settings)),
        replica: ReplicaId::from_bytes(random(settings)),
        ticks_reserved: 1,
        spaces: 0,
        is_sealed: settings.key_ring.is_some(),
        unknown: Unknown::default(),
    };
    put_meta(storage, &meta)?;
    Ok((meta, true))
}

/// Who asks the key ring, where there is one.
fn seals(settings: &Settings, storage: &Arc<dyn Storage>) -> Option<Arc<Seals>> {
    let ring = Arc::clone(settings.key_ring.as_ref()?);
    Some(Arc::new(Seals::new(ring, Arc::clone(&settings.entropy), Arc::clone(storage))))
}

fn put_meta(storage: &dyn Storage, meta: &MetaRow) -> std::result::Result<(), Failure> {
    let mut batch = Batch::new(Origin::Local);
    batch.put(META, META_KEY, record::seal(META, META_KEY, meta.encode()));
    Ok(storage.commit(&batch)?)
}

fn random(settings: &Settings) -> [u8; 16] {
    let mut bytes = [0; 16];
    settings.entropy.fill(&mut bytes);
    bytes
}

fn traced<R>(entropy: &dyn crate::clock::Entropy, work: impl FnOnce() -> std::result::Result<R, Failure>) -> Result<R> {
    work().map_err(|failure| {
        let mut trace = [0; TraceId::LEN];
        entropy.fill(&mut trace);
        Error::new(failure, TraceId::from_bytes(trace))
    })
}
