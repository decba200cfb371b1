//! What a user holds to keep a space in step with its hub.

use super::backoff::wait_after;
use super::cycle::Cycle;
use super::error::{SyncError, SyncErrorKind};
use super::status::{self, Link, Moment, Status};
use super::talk::{Stop, Talk};
use crate::clock::Timestamp;
use crate::error::{Error, Failure, Result};
use crate::events::{EventKind, Events};
use crate::fault::canary::{self, Exit};
use crate::id::{DraftId, HubId, TraceId};
use crate::records::queue::lock;
use crate::store::Space;
use crate::store::audit::AuditAction;
use crate::store::audit::record::{self, About};
use crate::store::remote::rows::{LinkRow, OwedRow};
use crate::store::remote::{link, outbox};
use crate::store::space::SpaceCore;
use crate::store::tables::SpaceNo;
use crate::tally::Report;
use crate::transport::{Ask, Transport};
use crate::watch::{Statuses, Watch};
use futures_core::Stream;
use futures_util::future::select;
use futures_util::{StreamExt, stream};
use std::fmt;
use std::future::{Future, poll_fn, ready};
use std::pin::pin;
use std::sync::{Arc, Mutex};
use std::task::{Poll, Waker};
use std::time::Duration;

/// How long a hub is asked to wait for news at once.
const NEWS: Duration = Duration::from_secs(50);

/// How long saves are gathered before they are pushed.
const GATHER: Duration = Duration::from_millis(300);

/// How much earlier the end of the last cycle may be on disk than it was: writing it down each time would be a wait for the disk in
/// every cycle, for a time that only people read.
const SYNCED: Duration = Duration::from_secs(60);

/// Keeps a space in step with its hub: pulls what other devices pushed, merges it, and pushes what was saved here.
///
/// Saving never waits for it. Cloning it is cheap; clones are the same syncer.
///
/// [`once`](Self::once) is one cycle, for applications that decide themselves when to sync. [`run`](Self::run) goes on for as
/// long as it is polled: after each save, when the hub has news, and again by itself after failures.
#[derive(Clone)]
pub struct Syncer {
    shared: Arc<Shared>,
}

struct Shared {
    core: Arc<SpaceCore>,
    transport: Arc<dyn Transport>,
    state: Mutex<State>,
    watch: Arc<Watch<Option<Status>>>,
}

#[derive(Debug)]
struct State {
    link: Switches,
    is_syncing: bool,
    /// Somebody asked for a cycle now.
    is_nudged: bool,
    /// How often somebody said that what the hub told is not to be believed any more, since all was learnt anew.
    doubts: u64,
    /// The hub that was found in place of the known one.
    found: Option<HubId>,
    last_error: Option<SyncError>,
    wakers: Vec<Waker>,
}

/// Whether it goes on by itself.
#[derive(Debug, Clone, Copy)]
struct Switches {
    is_online: bool,
    is_paused: bool,
}

impl Switches {
    const fn link(self) -> Link {
        match (self.is_paused, self.is_online) {
            (true, _) => Link::Paused,
            (false, true) => Link::Online,
            (false, false) => Link::Offline,
        }
    }
}

impl Syncer {
    /// A syncer of this space over this transport. It does nothing until [`once`](Self::once) or [`run`](Self::run).
    ///
    /// A space has one hub: the first that answers. Another one is refused until [`accept_hub`](Self::accept_hub).
    #[must_use]
    pub fn new(space: &Space, transport: impl Transport + 'static) -> Self {
        let state = State {
            link: Switches { is_online: true, is_paused: false },
            is_syncing: false,
            is_nudged: false,
            doubts: 0,
            found: None,
            last_error: None,
            wakers: Vec::new(),
        };
        let shared = Shared {
            core: Arc::clone(&space.core),
            transport: Arc::new(transport),
            state: Mutex::new(state),
            watch: Arc::new(Watch::new(None)),
        };
        Self { shared: Arc::new(shared) }
    }

    pub(super) fn core(&self) -> &Arc<SpaceCore> {
        &self.shared.core
    }

    /// One cycle: pulls to the end, merges, and pushes what is owed. Dropping the future at any point is safe.
    ///
    /// # Errors
    ///
    /// See [`SyncErrorKind`]. Nothing is lost by any of them; what was done until then stays done.
    pub async fn once(&self) -> std::result::Result<Report, SyncError> {
        let engine = &self.shared.core.engine;
        let trace = engine.trace();
        let Some(_turn) = Turn::take(&self.shared) else {
            return Err(SyncError::new(SyncErrorKind::AlreadyRunning, trace));
        };
        if self.is_off().map_err(|failure| SyncError::of_store(Error::new(failure, trace)))? {
            return Err(SyncError::new(SyncErrorKind::Off, trace));
        }
        self.show();
        let began = engine.settings.clock.elapsed();
        let talk = Talk {
            transport: &*self.shared.transport,
            space: &self.shared.core.name,
            device: engine.told_device(),
            trace,
            hub: None,
        };
        let mut cycle = Cycle::new(&self.shared.core, talk);
        let doubts = lock(&self.shared.state).doubts;
        cycle.doubts = doubts;
        let ended = cycle.run().await;
        // Those that were there when it began, and only where it came so far; one that is dropped before leaves them to the next.
        lock(&self.shared.state).doubts -= doubts - cycle.doubts;
        let mut report = cycle.report;
        report.took = engine.settings.clock.elapsed().saturating_sub(began);
        self.end(ended, report, trace)
    }

    /// Notes how a cycle ended.
    fn end(
        &self,
        ended: std::result::Result<(), Stop>,
        report: Report,
        trace: TraceId,
    ) -> std::result::Result<Report, SyncError> {
        let core = &self.shared.core;
        let now = core.now();
        let ended = match ended {
            Ok(()) => Ok(report),
            Err(stop) => Err(self.failed(stop, trace)),
        };
        let noted = match &ended {
            Ok(_) => {
                lock(&core.engine.synced).insert(core.no, now);
                self.note(move |link| {
                    let is_well = link.attempts == 0 && link.error.is_none();
                    let is_late = now < link.synced_at || now.saturating_since(link.synced_at) >= SYNCED;
                    (link.attempts, link.retry_at, link.error) = (0, Timestamp::default(), None);
                    if !is_well || is_late {
                        link.synced_at = now;
                    }
                })
            }
            Err(error) => {
                let (why, wait) = (error.to_string(), error.kind().retry_in());
                self.note(move |link| {
                    link.attempts = link.attempts.saturating_add(1);
                    let wait = u64::try_from(wait.unwrap_or_default().as_millis()).unwrap_or(u64::MAX);
                    link.retry_at = Timestamp::from_millis(now.as_millis().saturating_add(wait));
                    link.error = Some(why);
                })
            }
        };
        if let Err(failure) = noted {
            tracing::debug!(error = %failure.kind, %trace, "how the cycle ended could not be noted");
        }
        if let Err(error) = &ended {
            canary::says_error(error);
        }
        lock(&self.shared.state).last_error = ended.as_ref().err().cloned();
        let what = match &ended {
            Ok(report) => EventKind::Synced { report: *report },
            Err(error) => {
                let cause = error.cause().map(|cause| format!(" ({cause})")).unwrap_or_default();
                let reason = format!("{}{cause}", error.kind());
                tracing::info!(reason, %trace, "a cycle did not come to its end");
                EventKind::SyncFailed { reason }
            }
        };
        core.engine.publish_event(core.no, None, trace, what);
        ended
    }

    fn failed(&self, stop: Stop, trace: TraceId) -> SyncError {
        let kind = match stop {
            Stop::Later { retry_after, is_forbidden, cause } => {
                let retry_in = self.wait(retry_after);
                let kind = if is_forbidden {
                    SyncErrorKind::Forbidden { retry_in }
                } else {
                    SyncErrorKind::Unreachable { retry_in }
                };
                return SyncError::new(kind, trace).because(cause);
            }
            Stop::Pause(kind, cause) => {
                let mut state = lock(&self.shared.state);
                if let SyncErrorKind::OtherHub { found } = &kind {
                    state.found = Some(*found);
                }
                state.link.is_paused = true;
                let error = SyncError::new(kind, trace);
                return match cause {
                    Some(cause) => error.because(cause),
                    None => error,
                };
            }
            Stop::Protocol(what) => SyncErrorKind::Protocol { what },
            Stop::Unconfirmed => SyncErrorKind::Protocol { what: "it does not confirm what it said".to_owned() },
            Stop::TooLarge => SyncErrorKind::Protocol { what: "it takes no request, however small".to_owned() },
            Stop::Store(failure) => return SyncError::of_store(Error::new(failure, trace)),
        };
        SyncError::new(kind, trace)
    }

    fn wait(&self, asked: Option<Duration>) -> Duration {
        let engine = &self.shared.core.engine;
        let mut random = [0; 4];
        engine.settings.entropy.fill(&mut random);
        let attempts = engine.read().and_then(|view| link::read(&view, self.shared.core.no));
        let attempts = attempts.ok().flatten().map_or(0, |link| link.attempts);
        wait_after(attempts.saturating_add(1), u32::from_le_bytes(random), asked)
    }

    fn note(
        &self,
        change: impl FnOnce(&mut LinkRow) + Send + 'static,
    ) -> std::result::Result<Option<LinkRow>, Failure> {
        let space = self.shared.core.no;
        self.shared.core.engine.write(move |write| link::change(write, space, change))
    }

    /// Changes what is known of the hub as somebody asked for, where there is one and it is another state than before.
    fn change(
        &self,
        action: AuditAction,
        trace: TraceId,
        change: impl FnOnce(&mut LinkRow) + Send + 'static,
    ) -> std::result::Result<(), Failure> {
        let space = self.shared.core.no;
        self.shared.core.engine.write(move |write| {
            let before = link::read(write.txn, space)?;
            if link::change(write, space, change)? != before {
                record::note(write, About::space(space, trace), action)?;
            }
            Ok(())
        })
    }

    fn is_off(&self) -> std::result::Result<bool, Failure> {
        let link = link::read(&self.shared.core.engine.read()?, self.shared.core.no)?;
        let state = lock(&self.shared.state);
        Ok(link.is_some_and(|link| link.is_disabled) || state.link.link() != Link::Online)
    }

    /// Syncs for as long as it is polled: at once, after saves, when the hub has news, when it is nudged, and again after
    /// failures. Dropping it stops syncing at any point, losing nothing.
    pub async fn run(&self) {
        let mut events = self.shared.core.engine.events.subscribe();
        loop {
            if self.is_off().unwrap_or(false) {
                self.changed().await;
                continue;
            }
            lock(&self.shared.state).is_nudged = false;
            let wait = match self.once().await {
                Ok(_) => None,
                Err(error) if *error.kind() == SyncErrorKind::AlreadyRunning => Some(GATHER),
                Err(error) => Some(error.kind().retry_in().unwrap_or_else(|| self.wait(None))),
            };
            match wait {
                None => self.reason(&mut events).await,
                Some(wait) => {
                    let sleep = self.shared.core.engine.settings.clock.sleep(wait);
                    select(sleep, pin!(self.changed())).await;
                }
            }
        }
    }

    /// Waits for a reason to sync again.
    async fn reason(&self, events: &mut Events) {
        let clock = &self.shared.core.engine.settings.clock;
        let saved = async {
            let is_reason = |what: &EventKind| {
                !matches!(what, EventKind::Synced { .. } | EventKind::SyncFailed { .. } | EventKind::Settled)
            };
            while let Some(event) = events.next().await {
                if event.space == self.shared.core.name && is_reason(&event.what) {
                    break;
                }
            }
            clock.sleep(GATHER).await;
        };
        let news = async {
            // A hub that cannot wait is asked again after the time.
            if self.news().await.is_none() {
                clock.sleep(NEWS).await;
            }
        };
        select(select(pin!(saved), pin!(news)), pin!(self.changed())).await;
    }

    /// Waits until the hub has news, at the longest for a while; `None` where it does not answer.
    async fn news(&self) -> Option<()> {
        let engine = &self.shared.core.engine;
        let link = link::read(&engine.read().ok()?, self.shared.core.no).ok()??;
        let talk = Talk {
            transport: &*self.shared.transport,
            space: &self.shared.core.name,
            device: engine.told_device(),
            trace: engine.trace(),
            hub: Some(link.hub),
        };
        let ask = Ask::Wait { timeout: NEWS };
        match talk.ask(link.seen, ask).await {
            // The next cycle finds out what it is.
            Ok(_) | Err(Stop::Unconfirmed) => Some(()),
            Err(_) => None,
        }
    }

    /// Completes once somebody nudged it, or changed whether it syncs.
    fn changed(&self) -> impl Future<Output = ()> + '_ {
        poll_fn(|cx| {
            let mut state = lock(&self.shared.state);
            if std::mem::take(&mut state.is_nudged) {
                return Poll::Ready(());
            }
            if !state.wakers.iter().any(|waker| waker.will_wake(cx.waker())) {
                state.wakers.push(cx.waker().clone());
            }
            Poll::Pending
        })
    }

    /// Asks for a cycle now: when the application comes to the foreground, or the user pulls to refresh.
    pub fn nudge(&self) {
        self.set(|_| {});
    }

    /// Stops syncing until [`resume`](Self::resume); a cycle at work comes to its end. Not kept over restarts.
    pub fn pause(&self) {
        self.set(|state| state.link.is_paused = true);
    }

    /// Goes on after [`pause`](Self::pause), or after what paused it by itself was mended: new credentials, an update.
    pub fn resume(&self) {
        self.set(|state| state.link.is_paused = false);
    }

    /// Says whether there is a network, as the platform tells it. Without one nothing is tried.
    pub fn set_online(&self, online: bool) {
        self.set(|state| state.link.is_online = online);
    }

    fn set(&self, change: impl FnOnce(&mut State)) {
        let wakers = {
            let mut state = lock(&self.shared.state);
            change(&mut state);
            state.is_nudged = true;
            std::mem::take(&mut state.wakers)
        };
        wakers.into_iter().for_each(Waker::wake);
        self.show();
    }

    /// Switches syncing off or on for this space; kept over restarts. A space that never met a hub has nothing to keep: do
    /// not make a syncer for it.
    ///
    /// # Errors
    ///
    /// What the storage answers.
    pub fn set_enabled(&self, enabled: bool) -> Result<()> {
        let action = if enabled { AuditAction::SyncEnabled } else { AuditAction::SyncDisabled };
        self.traced("set_enabled", |trace| self.change(action, trace, move |link| link.is_disabled = !enabled))?;
        self.nudge();
        Ok(())
    }

    /// Goes on with the hub that was found in place of the known one ([`SyncErrorKind::OtherHub`]): everything here is
    /// offered to it, and nothing here is removed. Does nothing where none was found.
    ///
    /// # Errors
    ///
    /// What the storage answers.
    pub fn accept_hub(&self) -> Result<()> {
        let Some(found) = lock(&self.shared.state).found else { return Ok(()) };
        self.traced("accept_hub", |trace| {
            self.change(AuditAction::HubAccepted { hub: found }, trace, move |link| {
                let (epoch, is_disabled) = (link.epoch + 1, link.is_disabled);
                *link = LinkRow { is_disabled, ..LinkRow::new(found, epoch) };
            })
        })?;
        // With this one no cycle has come to its end yet.
        lock(&self.shared.core.engine.synced).remove(&self.shared.core.no);
        self.set(|state| (state.found, state.link.is_paused) = (None, false));
        Ok(())
    }

    /// Forgets with the next cycle what the hub said of the space, and learns all of it anew, as after a hub's restore: for when it said
    /// what was not so, and was mended. Costs pulling the whole space.
    ///
    /// Nothing here is removed. What the hub does not have is offered to it again; where its texts do not contain what is here, both
    /// are merged, or a person decides. Not kept over restarts until that cycle has begun.
    pub fn relearn(&self) {
        self.set(|state| state.doubts += 1);
    }

    /// Tries to push a parked draft again. Does nothing where it is not parked.
    ///
    /// # Errors
    ///
    /// What the storage answers.
    pub fn retry(&self, draft: DraftId) -> Result<()> {
        let key = self.shared.core.draft_key(draft);
        self.traced("retry", |trace| {
            self.shared.core.engine.write(move |write| {
                if let Some(owed) = outbox::read(write.txn, key)?.filter(|owed| owed.parked.is_some()) {
                    outbox::put(write, key, &OwedRow { parked: None, attempts: 0, ..owed });
                    record::note(write, About::draft(key, trace), AuditAction::Retried)?;
                }
                Ok(())
            })
        })?;
        self.nudge();
        Ok(())
    }

    fn traced<R>(
        &self,
        call: &'static str,
        work: impl FnOnce(TraceId) -> std::result::Result<R, Failure>,
    ) -> Result<R> {
        self.shared.core.engine.traced(call, work)
    }

    /// How the space stands to its hub. Costs reading what is owed, what waits to be taken in, and what is in conflict.
    ///
    /// # Errors
    ///
    /// What the storage answers.
    pub fn status(&self) -> Result<Status> {
        self.traced("status", |_| self.read_status())
    }

    fn read_status(&self) -> std::result::Result<Status, Failure> {
        let moment = {
            let state = lock(&self.shared.state);
            let link = state.link.link();
            Moment { link, syncing: state.is_syncing, last_error: state.last_error.clone() }
        };
        let status = status::read(&self.shared.core, moment);
        canary::says(Exit::Event, format_args!("{status:?}"));
        status
    }

    /// The status, and each change of it: by a cycle, by a call of this syncer, and by whatever is written to the space, online or not.
    /// A slow reader skips what is in between. Costs what [`status`](Self::status) does for each change.
    pub fn statuses(&self) -> impl Stream<Item = Status> + Send + 'static {
        self.show();
        let statuses: Statuses<Option<Status>> = self.shared.watch.subscribe();
        let events = self.shared.core.engine.events.subscribe();
        // The store may be dropped while somebody listens.
        let shared = Arc::downgrade(&self.shared);
        let changed = events.filter_map(move |event| {
            let shared = shared.upgrade().filter(|shared| event.space == shared.core.name);
            let status = shared.and_then(|shared| Self { shared }.read_status().ok());
            ready(status)
        });
        let shown = statuses.filter_map(ready);
        let mut last = None;
        stream::select(shown, changed).filter(move |status| {
            let is_new = last.as_ref() != Some(status);
            last = Some(status.clone());
            ready(is_new)
        })
    }

    fn show(&self) {
        // Whoever reads the status itself is told why it cannot be read.
        if let Ok(status) = self.read_status() {
            self.show_status(status);
        }
    }

    fn show_status(&self, status: Status) {
        self.shared.watch.show(Some(status)).into_iter().for_each(Waker::wake);
    }

    /// Shows how things stand after a cycle, also to the metrics: it is read once for both.
    fn show_end(&self) {
        let Ok(status) = self.read_status() else { return };
        #[cfg(feature = "metrics")]
        {
            let now = self.shared.core.now();
            let age = status.oldest_unsynced.map_or(Duration::ZERO, |oldest| now.saturating_since(oldest));
            crate::metrics::owed(status.pending, age);
        }
        self.show_status(status);
    }
}

impl fmt::Debug for Syncer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Syncer")
            .field("space", &self.shared.core.name)
            .field("transport", &self.shared.transport)
            .finish_non_exhaustive()
    }
}

/// One cycle of a space at a time, whichever syncer it is of.
struct Turn<'s> {
    shared: &'s Arc<Shared>,
    space: SpaceNo,
}

impl<'s> Turn<'s> {
    fn take(shared: &'s Arc<Shared>) -> Option<Self> {
        let space = shared.core.no;
        let is_free = lock(&shared.core.engine.syncing).insert(space);
        is_free.then(|| {
            lock(&shared.state).is_syncing = true;
            Self { shared, space }
        })
    }
}

impl Drop for Turn<'_> {
    fn drop(&mut self) {
        lock(&self.shared.core.engine.syncing).remove(&self.space);
        lock(&self.shared.state).is_syncing = false;
        Syncer { shared: Arc::clone(self.shared) }.show_end();
    }
}
