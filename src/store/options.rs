//! How a store behaves, and what it is given to run with.

use crate::clock::{Clock, Entropy, Spawn};
use crate::error::Failure;
use crate::fault;
use crate::kind::{AnySchema, Schema};
use crate::seal::{Key, KeyRing, MemoryKeyRing};
#[cfg(doc)]
use crate::store::RestorePoint;
use crate::store::audit::AuditRetention;
use crate::store::retention::Retention;
use serde::de::DeserializeOwned;
use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

/// The longest device name, in bytes.
const DEVICE_MAX: usize = 200;

/// How a store behaves: its schemas, retention and runtime. Built once, used by every way to open a store.
///
/// ```
/// use draftkeep::{Kind, Options, Schema, Store};
///
/// const NOTE: Kind<String> = Kind::new("note");
/// let options = Options::new().schema(Schema::of(NOTE).label(|note| note.clone())).device("laptop");
/// let store = Store::in_memory(options)?;
/// # Ok::<(), draftkeep::Error>(())
/// ```
#[derive(Debug, Clone)]
pub struct Options {
    settings: Settings,
    refused: Option<String>,
}

/// Checked options.
#[derive(Debug, Clone)]
pub(crate) struct Settings {
    pub(crate) schemas: BTreeMap<String, Arc<AnySchema>>,
    pub(crate) retention: Retention,
    pub(crate) device: Option<String>,
    pub(crate) clock: Arc<dyn Clock>,
    pub(crate) spawn: Arc<dyn Spawn>,
    pub(crate) entropy: Arc<dyn Entropy>,
    pub(crate) idle: Duration,
    pub(crate) cache_bytes: usize,
    pub(crate) restore_points: u32,
    pub(crate) audit_retention: AuditRetention,
    pub(crate) key_ring: Option<Arc<dyn KeyRing>>,
}

#[cfg(feature = "threads")]
impl Default for Options {
    fn default() -> Self {
        Self::new()
    }
}

impl Settings {
    /// The schema of a kind, or what is said of one that the application says nothing of.
    pub(crate) fn schema(&self, kind: &str) -> Arc<AnySchema> {
        self.schemas.get(kind).cloned().unwrap_or_else(|| Arc::new(AnySchema::unsaid(kind)))
    }

    /// Whether drafts of a kind never leave this device.
    pub(crate) fn stays_here(&self, kind: &str) -> bool {
        self.schemas.get(kind).is_some_and(|schema| schema.stays_here())
    }

    /// Whether those of any kind do; where none does, no draft has to be read for it.
    pub(crate) fn keeps_any_here(&self) -> bool {
        self.schemas.values().any(|schema| schema.stays_here())
    }
}

impl Options {
    /// The usual options: the system's clock and randomness, a thread per background task, no schemas, all history kept.
    #[cfg(feature = "threads")]
    #[must_use]
    pub fn new() -> Self {
        use crate::clock::{SystemClock, SystemEntropy, ThreadSpawn};
        Self::with_runtime(Arc::new(SystemClock), Arc::new(ThreadSpawn::new()), Arc::new(SystemEntropy))
    }

    /// Options with time, background tasks and randomness of the application's own: an async runtime's, or a test's.
    #[must_use]
    pub fn with_runtime(clock: Arc<dyn Clock>, spawn: Arc<dyn Spawn>, entropy: Arc<dyn Entropy>) -> Self {
        let settings = Settings {
            schemas: BTreeMap::new(),
            retention: Retention::default(),
            device: None,
            clock,
            spawn,
            entropy,
            idle: Duration::from_secs(3),
            cache_bytes: 32 << 20,
            restore_points: 100,
            audit_retention: AuditRetention::all(),
            key_ring: None,
        };
        Self { settings, refused: None }
    }

    /// Makes a kind's schema known. A kind without one has schema version 1, no migrations and no label.
    #[must_use]
    pub fn schema<T: DeserializeOwned + 'static>(mut self, schema: Schema<T>) -> Self {
        match schema.check() {
            Ok(schema) => {
                let name = schema.name.clone();
                if self.settings.schemas.insert(name.clone(), Arc::new(schema)).is_some() {
                    self.refused = Some(format!("two schemas for the kind {name:?}"));
                }
            }
            Err(reason) => self.refused = Some(reason),
        }
        self
    }

    /// What is dropped in the course of time. By default nothing is.
    #[must_use]
    pub fn retention(mut self, retention: Retention) -> Self {
        self.settings.retention = retention;
        self
    }

    /// The name of this device for people, 1 to 200 bytes. It is stored with every version and decides nothing. A hub is told
    /// it, unless the store is [sealed](Self::key_ring).
    #[must_use]
    pub fn device(mut self, name: impl Into<String>) -> Self {
        let name = name.into();
        if name.is_empty() || name.len() > DEVICE_MAX {
            self.refused = Some(format!("a device name takes 1 to {DEVICE_MAX} bytes, not {}", name.len()));
        }
        self.settings.device = Some(name);
        self
    }

    /// How long nothing has to be saved until the store tidies up in the background; 3 s by default.
    ///
    /// Tidying makes opening after a later kill instant, and packs old versions.
    #[must_use]
    pub fn idle(mut self, idle: Duration) -> Self {
        self.settings.idle = idle;
        self
    }

    /// The bytes of documents kept in memory so that a save need not read its history; 32 MiB by default.
    ///
    /// The draft that was saved last is always kept.
    #[must_use]
    pub fn cache_bytes(mut self, bytes: usize) -> Self {
        self.settings.cache_bytes = bytes;
        self
    }

    /// How many of a space's [restore points](RestorePoint) are kept that nobody asked for; 100 by default, 0 takes none
    /// before a cycle of syncing.
    ///
    /// A point takes some 30 bytes. The versions that it stands for are not dropped by retention while it is kept.
    #[must_use]
    pub fn restore_points(mut self, count: u32) -> Self {
        self.settings.restore_points = count;
        self
    }

    /// Seals the store with the keys of this ring: whoever has the file alone, or the hub, reads no text in it. It is for a new store, or one that was
    /// made with a key ring; a plain one is [sealed](crate::Store::seal) first. How to go about it is told in [sealing](crate::docs::sealing), what it hides from whom in [the threat
    /// model](crate::docs::threats#sealed-stores).
    #[must_use]
    pub fn key_ring(mut self, ring: impl KeyRing + 'static) -> Self {
        self.settings.key_ring = Some(Arc::new(ring));
        self
    }

    /// How many entries of a space's [audit](crate::Space::audit) are kept; all of them by default.
    #[must_use]
    pub fn audit_retention(mut self, retention: AuditRetention) -> Self {
        self.settings.audit_retention = retention;
        self
    }

    pub(crate) fn entropy(&self) -> Arc<dyn Entropy> {
        Arc::clone(&self.settings.entropy)
    }

    pub(crate) fn check(mut self) -> Result<Settings, Failure> {
        if fault::seals_every_store() {
            let keys = || MemoryKeyRing::new(Key::from_bytes([1; Key::LEN]), Key::from_bytes([2; Key::LEN]));
            self.settings.key_ring.get_or_insert_with(|| Arc::new(keys()));
        }
        let secret = self.settings.schemas.values().find(|schema| schema.is_secret());
        if let (Some(schema), None) = (secret, &self.settings.key_ring) {
            let reason = format!("kind {:?} is secret, so its store has to be sealed: Options::key_ring", schema.name);
            return Err(Failure::options(reason));
        }
        match self.refused {
            None => Ok(self.settings),
            Some(reason) => Err(Failure::options(reason)),
        }
    }
}
