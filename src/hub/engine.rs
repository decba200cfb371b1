//! The engine room: one storage, and one queue of pushes that share commits.

use super::options::HubOptions;
use super::push::{Pushing, contained};
use super::rows::{DraftRow, SpaceRow};
use super::tables::{HUB, HUB_KEY, SpaceKey};
use super::waiting::Waiting;
use super::{bodies, check, feed, looking, validating};
use crate::error::{Error, ErrorKind, Failure};
use crate::fault;
use crate::id::{DraftId, EventId, HubId, RevisionId, TraceId};
use crate::records::queue::{Call, Queue, Shared};
use crate::records::txn::Txn;
use crate::records::view::{Committed, View};
use crate::storage::{Origin, Storage, StorageErrorKind};
use crate::transport::{Answer, Ask, Refusal, Reply, Request, Revision};
use futures_util::future::select;
use std::collections::BTreeSet;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

pub(super) struct Inner {
    pub(super) storage: Arc<dyn Storage>,
    options: HubOptions,
    pub(super) id: HubId,
    queue: Queue<Writes>,
    waiting: Waiting,
    /// The last commit failed: what a snapshot shows may be of it, and not durable. Nothing is told of it before a commit succeeds.
    is_unsure: AtomicBool,
    process: u32,
}

/// The calls of a hub.
#[derive(Debug)]
pub(super) enum Writes {}

impl Shared for Writes {
    type Write<'a> = Write<'a>;

    fn check(write: &Write<'_>) -> Result<(), Failure> {
        write.txn.check()
    }
}

/// One request's hand on the shared commit.
pub(super) struct Write<'a> {
    pub(super) txn: &'a mut Txn,
    /// The spaces whose feeds went on.
    news: &'a mut BTreeSet<SpaceKey>,
}

impl Inner {
    pub(super) fn new(storage: Arc<dyn Storage>, options: HubOptions, id: HubId) -> Self {
        let process = std::process::id();
        let (queue, waiting) = (Queue::default(), Waiting::default());
        Self { storage, options, id, queue, waiting, is_unsure: AtomicBool::new(false), process }
    }

    pub(super) async fn answer(&self, space: SpaceKey, request: Request) -> Result<Answer, Failure> {
        self.check_process()?;
        if let Some(reason) = check::refusal(&request) {
            let row = looking::space(&self.read()?, self.id, &space, &request.space)?;
            return Ok(self.refused(&row, Refusal::Invalid { reason }));
        }
        match &request.ask {
            Ask::Push { .. } => self.push(space, request),
            Ask::Erase { .. } => self.erase(space, request),
            Ask::Wait { timeout } => self.wait(space, &request, *timeout).await,
            Ask::Hello | Ask::Pull { .. } | Ask::Contained { .. } | Ask::Revisions { .. } => self.look(space, &request),
        }
    }

    /// Answers what changes nothing, out of one snapshot.
    fn look(&self, key: SpaceKey, request: &Request) -> Result<Answer, Failure> {
        let view = self.read()?;
        let row = looking::space(&view, self.id, &key, &request.space)?;
        let refusal = looking::refusal(&view, self.id, &key, &row, request)?;
        if let (Some(refusal), false) = (refusal, request.ask == Ask::Hello) {
            return Ok(self.refused(&row, refusal));
        }
        let reply = match &request.ask {
            Ask::Hello => Reply::Welcome { confirmed: looking::confirms(&view, self.id, &key, &row, request.seen)? },
            Ask::Pull { after, limit } => {
                let limit = usize::try_from(*limit).unwrap_or(usize::MAX);
                Reply::Page(feed::page(&view, &key, &row, *after, limit, self.options.answer_bytes)?)
            }
            Ask::Contained { draft, ids } => contained(&view, &key, *draft, ids)?,
            Ask::Revisions { draft, ids } => self.revisions(&view, &key, *draft, ids)?,
            // Not asked here: these do more than look.
            Ask::Push { .. } | Ask::Erase { .. } | Ask::Wait { .. } => Reply::News,
        };
        Ok(self.say(&row, reply))
    }

    fn revisions(
        &self,
        view: &impl View,
        key: &SpaceKey,
        draft: DraftId,
        ids: &[RevisionId],
    ) -> Result<Reply, Failure> {
        let row = looking::draft(view, key, draft)?;
        let held = row.as_ref().map(DraftRow::held).unwrap_or_default();
        let (mut revisions, mut looked_up, mut left) = (Vec::<Revision>::new(), 0_u32, self.options.answer_bytes);
        for id in ids {
            if let Some(row) = row.as_ref().filter(|_| held.contains(id)) {
                // One is always sent: the longest alone, with all that it builds on, fits into a message.
                let room = if revisions.is_empty() { usize::MAX } else { left };
                let Ok(revision) = bodies::read_within(view, key, (draft, row), *id, room)? else { break };
                left = left.saturating_sub(revision.bytes());
                revisions.push(revision);
            }
            looked_up += 1;
        }
        Ok(Reply::Revisions { revisions, looked_up })
    }

    /// Waits until the feed is further than the device saw, or the time is over.
    async fn wait(&self, key: SpaceKey, request: &Request, timeout: Duration) -> Result<Answer, Failure> {
        // Before looking, so that no news are missed in between.
        let mut waiter = self.waiting.enter(key);
        let (row, refusal) = self.how_far(&key, request)?;
        if let Some(refusal) = refusal {
            return Ok(self.refused(&row, refusal));
        }
        if row.position.seq == request.seen.map_or(0, |seen| seen.seq) {
            select(&mut waiter.news, self.options.clock.sleep(timeout.min(self.options.wait))).await;
        }
        let (row, refusal) = self.how_far(&key, request)?;
        Ok(refusal.map_or_else(|| self.say(&row, Reply::News), |refusal| self.refused(&row, refusal)))
    }

    fn how_far(&self, key: &SpaceKey, request: &Request) -> Result<(SpaceRow, Option<Refusal>), Failure> {
        let view = self.read()?;
        let row = looking::space(&view, self.id, key, &request.space)?;
        let refusal = looking::refusal(&view, self.id, key, &row, request)?;
        Ok((row, refusal))
    }

    /// Takes pushes in, in a commit that others may share; answers once it is durable.
    fn push(&self, key: SpaceKey, mut request: Request) -> Result<Answer, Failure> {
        let pushes = match &mut request.ask {
            Ask::Push { pushes } => std::mem::take(pushes),
            _ => Vec::new(),
        };
        let verdicts = validating::look(&self.options, || self.read(), (&key, &request.space), &pushes)?;
        let events: Vec<EventId> = pushes.iter().map(|_| EventId::from_bytes(self.random())).collect();
        self.change(key, request, move |pushing| {
            let verdicts = verdicts.into_iter().map(|verdict| validating::still_fine(pushing.txn, &key, verdict));
            let verdicts = verdicts.collect::<Result<Vec<_>, Failure>>()?;
            let judged = pushes.iter().zip(verdicts).zip(events);
            let outcomes = judged.map(|((push, verdict), event)| pushing.take(push, verdict, event));
            Ok(Reply::Pushed(outcomes.collect::<Result<Vec<_>, Failure>>()?))
        })
    }

    /// Erases drafts, in a commit that others may share; answers once it is durable.
    fn erase(&self, key: SpaceKey, mut request: Request) -> Result<Answer, Failure> {
        let markers = match &mut request.ask {
            Ask::Erase { markers } => std::mem::take(markers),
            _ => Vec::new(),
        };
        let events: Vec<EventId> = markers.iter().map(|_| EventId::from_bytes(self.random())).collect();
        self.change(key, request, move |pushing| {
            let outcomes = markers.iter().zip(events).map(|(marker, event)| pushing.erase(marker, event));
            Ok(Reply::Erased(outcomes.collect::<Result<Vec<_>, Failure>>()?))
        })
    }

    /// Changes a space as one request wants it, where that is not refused as a whole.
    fn change(
        &self,
        key: SpaceKey,
        request: Request,
        carry_out: impl FnOnce(&mut Pushing<'_>) -> Result<Reply, Failure> + Send + 'static,
    ) -> Result<Answer, Failure> {
        let (hub, now, options) = (self.id, self.options.clock.now(), self.options.clone());
        let work = move |write: &mut Write<'_>| {
            let space = looking::space(write.txn, hub, &key, &request.space)?;
            let before = space.position;
            // In the transaction that carries it out: nothing comes between.
            if let Some(refusal) = looking::refusal(write.txn, hub, &key, &space, &request)? {
                return Ok(Answer { hub, position: before, reply: Reply::Refused(refusal) });
            }
            let mut pushing = Pushing {
                txn: write.txn,
                key,
                audited_before: space.audited,
                space,
                now,
                trace: request.trace,
                device: request.device,
                options: &options,
                left: options.answer_bytes,
            };
            let reply = carry_out(&mut pushing)?;
            let position = pushing.finish();
            if position != before {
                write.news.insert(key);
            }
            Ok(Answer { hub, position, reply })
        };
        self.write(work)
    }

    /// Does something in a commit that others may share; returns once it is durable.
    pub(super) fn write<R: Send + 'static>(
        &self,
        work: impl FnOnce(&mut Write<'_>) -> Result<R, Failure> + Send + 'static,
    ) -> Result<R, Failure> {
        self.queue.submit(work, |group| self.commit(group))
    }

    /// Carries out the pushes of a group of requests, and commits once. A request that fails leaves nothing behind.
    fn commit(&self, mut group: Vec<Box<dyn Call<Writes>>>) {
        let mut news = BTreeSet::new();
        let outcome = self.run(&mut group, &mut news);
        if outcome.is_ok() {
            news.into_iter().for_each(|space| self.waiting.tell(space));
        }
        for call in group {
            call.finish(if fault::on("hub-answers-before-the-commit") { Ok(()) } else { outcome.as_ref().copied() });
        }
    }

    fn run(&self, group: &mut [Box<dyn Call<Writes>>], news: &mut BTreeSet<SpaceKey>) -> Result<(), Failure> {
        let mut txn = Txn::new(self.snapshot()?);
        let mut is_changed = false;
        for call in group {
            if call.run(&mut Write { txn: &mut txn, news }).is_ok() {
                is_changed |= txn.keep();
            } else {
                txn.roll_back();
            }
        }
        if !is_changed {
            if !self.is_unsure.load(Ordering::SeqCst) {
                return Ok(());
            }
            // A commit that changes nothing makes durable what there is.
            let row =
                txn.get(HUB, HUB_KEY)?.ok_or_else(|| Failure::corrupt(None, "the hub's own record is missing"))?;
            txn.put(HUB, HUB_KEY.to_vec(), row);
        }
        let committed = self.storage.commit(&txn.into_batch(Origin::Foreign)?);
        self.is_unsure.store(committed.is_err() && !fault::on("hub-trusts-a-failed-commit"), Ordering::SeqCst);
        Ok(committed?)
    }

    /// A view of everything that is committed, and durable.
    pub(super) fn read(&self) -> Result<Committed, Failure> {
        if self.is_unsure.load(Ordering::SeqCst) {
            self.queue.submit(|_| Ok(()), |group| self.commit(group))?;
        }
        self.snapshot()
    }

    fn snapshot(&self) -> Result<Committed, Failure> {
        Ok(Committed::new(self.storage.snapshot()?, None))
    }

    fn say(&self, row: &SpaceRow, reply: Reply) -> Answer {
        Answer { hub: self.id, position: row.position, reply }
    }

    fn refused(&self, row: &SpaceRow, refusal: Refusal) -> Answer {
        self.say(row, Reply::Refused(refusal))
    }

    /// Does something for the hub's operator. Gives an error a trace id of its own.
    pub(super) fn traced<R>(&self, work: impl FnOnce() -> Result<R, Failure>) -> Result<R, Error> {
        let done = self.check_process().and_then(|()| work());
        done.map_err(|failure| Error::new(failure, TraceId::from_bytes(self.random())))
    }

    /// The same, out of what is committed and durable.
    pub(super) fn show<R>(&self, work: impl FnOnce(&Committed) -> Result<R, Failure>) -> Result<R, Error> {
        self.traced(|| work(&self.read()?))
    }

    pub(super) fn random(&self) -> [u8; 16] {
        let mut bytes = [0; 16];
        self.options.entropy.fill(&mut bytes);
        bytes
    }

    /// A forked child shares the parent's storage and locks; it must not even queue.
    fn check_process(&self) -> Result<(), Failure> {
        if std::process::id() == self.process {
            Ok(())
        } else {
            Err(ErrorKind::Storage(StorageErrorKind::Forked).into())
        }
    }
}
