//! A test bench: an autosave of texts into a target that does as it is told.

use crate::clock::{Clock as _, ManualClock, SeededEntropy, TaskQueue};
use crate::draft::autosave::target::{SaveReason, SaveRequest, SaveTarget, SavedAs, TargetError};
use crate::draft::autosave::{Autosave, Cadence, Surroundings};
use crate::events::EventKind;
use crate::id::TraceId;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

pub(super) const fn secs(secs: u64) -> Duration {
    Duration::from_secs(secs)
}

pub(super) struct Bench {
    pub(super) clock: ManualClock,
    pub(super) tasks: TaskQueue,
    pub(super) target: Arc<Target>,
}

/// Keeps what is saved, and fails, dawdles or calls back as told.
pub(super) struct Target {
    clock: ManualClock,
    pub(super) log: Mutex<Vec<(Duration, String, SaveReason)>>,
    pub(super) attempts: Mutex<Vec<Duration>>,
    pub(super) events: Mutex<Vec<(TraceId, EventKind)>>,
    pub(super) broken: AtomicBool,
    pub(super) takes: Mutex<Duration>,
    pub(super) during: Mutex<Option<Box<dyn FnOnce() + Send>>>,
}

impl SaveTarget<String> for Target {
    fn encode(&self, document: &String) -> Result<Vec<u8>, TargetError> {
        assert!(!document.contains("panic"), "told to");
        if document.contains("refuse") {
            return Err(TargetError { cause: Arc::new(std::fmt::Error), of_document: true });
        }
        Ok(document.clone().into_bytes())
    }

    fn save(&self, document: &[u8], request: SaveRequest) -> Result<SavedAs, TargetError> {
        self.attempts.lock().unwrap().push(self.clock.elapsed());
        let during = self.during.lock().unwrap().take();
        if let Some(during) = during {
            during();
        }
        self.clock.advance(*self.takes.lock().unwrap());
        if self.broken.load(Ordering::SeqCst) {
            let full = std::io::Error::from(std::io::ErrorKind::StorageFull);
            return Err(TargetError { cause: Arc::new(full), of_document: false });
        }
        let mut log = self.log.lock().unwrap();
        let document = String::from_utf8(document.to_vec()).unwrap();
        let changed = log.last().is_none_or(|(_, last, _)| *last != document);
        let size = u64::try_from(document.len()).unwrap();
        log.push((self.clock.elapsed(), document, request.why));
        let version = u64::try_from(log.len()).unwrap();
        Ok(SavedAs {
            version,
            at: self.clock.now(),
            changed,
            size,
            merged: None,
            in_conflict: false,
            is_valid: true,
            overwritten: 0,
        })
    }

    fn publish(&self, trace: TraceId, what: EventKind) {
        self.events.lock().unwrap().push((trace, what));
    }
}

impl Bench {
    pub(super) fn new() -> Self {
        let clock = ManualClock::new();
        let target = Target {
            clock: clock.clone(),
            log: Mutex::default(),
            attempts: Mutex::default(),
            events: Mutex::default(),
            broken: AtomicBool::new(false),
            takes: Mutex::default(),
            during: Mutex::default(),
        };
        Self { clock, tasks: TaskQueue::new(), target: Arc::new(target) }
    }

    pub(super) fn around(&self) -> Surroundings {
        Surroundings {
            clock: Arc::new(self.clock.clone()),
            spawn: Arc::new(self.tasks.clone()),
            entropy: Arc::new(SeededEntropy::new(1)),
        }
    }

    pub(super) fn start(&self, cadence: Cadence) -> Autosave<String> {
        Autosave::start(self.target.clone(), cadence, &self.around())
    }

    pub(super) fn detached(&self, cadence: Cadence) -> Autosave<String> {
        let around = self.around();
        Autosave::detached_in(cadence, around.clock, around.spawn, around.entropy)
    }

    pub(super) fn run(&self, time: Duration) {
        self.tasks.run_for(&self.clock, time);
    }

    pub(super) fn break_disk(&self, broken: bool) {
        self.target.broken.store(broken, Ordering::SeqCst);
    }

    pub(super) fn saves_take(&self, time: Duration) {
        *self.target.takes.lock().unwrap() = time;
    }

    /// Lets this happen in the midst of the next save.
    pub(super) fn during_save(&self, action: impl FnOnce() + Send + 'static) {
        *self.target.during.lock().unwrap() = Some(Box::new(action));
    }

    /// Keeps a text as if it had been saved by someone else; gives its version.
    #[cfg(feature = "threads")]
    pub(super) fn keep(&self, text: String) -> u64 {
        let mut log = self.target.log.lock().unwrap();
        log.push((self.clock.elapsed(), text, SaveReason::Flush));
        u64::try_from(log.len()).unwrap()
    }

    /// The saved texts, each with the time of its save in seconds.
    pub(super) fn saved(&self) -> Vec<(f64, String)> {
        self.target.log.lock().unwrap().iter().map(|(at, text, _)| (at.as_secs_f64(), text.clone())).collect()
    }

    pub(super) fn texts(&self) -> Vec<String> {
        self.target.log.lock().unwrap().iter().map(|(_, text, _)| text.clone()).collect()
    }
}

pub(super) fn text(text: &str) -> String {
    text.to_owned()
}
