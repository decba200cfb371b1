//! Taking in what the hub said, draft by draft: asking for what is missing, deciding, and carrying that out.

use super::blocked::BlockedBy;
use super::cycle::Cycle;
use super::integrate::{Known, Move, Next, Plan, decide};
use super::talk::{Stop, beside_the_point};
use crate::draft::document;
use crate::draft::joining::Joiner;
use crate::draft::live;
use crate::error::Failure;
use crate::fault;
use crate::id::RevisionId;
use crate::kind::AnySchema;
use crate::phase::Phase;
use crate::store::points::{self, PointCause};
use crate::store::remote::arrivals;
use crate::store::remote::body::Travelling;
use crate::store::remote::integrate::{self, Becomes, Decided, Done, Facts};
use crate::store::remote::keyless::{self, Kept};
use crate::store::remote::receive::{self, Foreign, Unfit};
use crate::store::remote::rows::RemoteRow;
use crate::store::tables::DraftKey;
use crate::transport::{Ask, IDS_MAX, REASON_MAX, Reply};
use crate::value::{self, Value};
use std::collections::BTreeMap;
use std::sync::Arc;

/// Drafts that are looked up at once, and taken in by one commit.
const DRAFTS: usize = 256;

/// What was decided is carried out once the documents of others in it have so many bytes: they came shorter than they are.
const DOCUMENTS: usize = 16 << 20;

/// How often a draft is decided on anew because somebody saved meanwhile.
pub(super) const ATTEMPTS_MAX: usize = 8;

/// What was decided on a draft, and how its documents are merged.
type Ready = (Box<Decided>, Arc<Joiner>);

/// Why a revision of another device cannot become a version here.
pub(super) enum Unread {
    /// It is whole, and of a newer application, or not valid.
    NotYet {
        by: BlockedBy,
        why: String,
        revision: Box<Foreign>,
    },
    Unreadable(String),
    /// Its key is not here.
    Keyless(String),
    /// The storage, or damage that is here.
    Failed(Failure),
}

/// What is to be done with a row.
pub(super) enum Verdict {
    Apply(Box<Decided>, Arc<Joiner>),
    /// There is nothing in it for this device.
    Ignore,
    /// It cannot be taken in now.
    Blocked(BlockedBy, String),
    /// The key of one of these is not here.
    Keyless(String, Bodies),
    /// The hub has a later row, which has to be pulled first.
    Overtaken,
}

impl Cycle<'_> {
    /// Takes in every row that waits.
    pub(super) async fn take_in(&mut self) -> Result<(), Stop> {
        let mut after = None;
        loop {
            let waiting = arrivals::waiting(&self.core.engine.read()?, self.core.no, after, DRAFTS)?;
            let Some(last) = waiting.last() else { break };
            after = Some(*last);
            let mut ready = Vec::with_capacity(waiting.len());
            for key in waiting {
                match self.judged(key).await {
                    Ok(found) => ready.extend(found),
                    Err(stop) => self.pass_over(key, stop)?,
                }
                if ready.iter().map(|(decided, _): &Ready| decided.bytes()).sum::<usize>() >= DOCUMENTS {
                    self.carry_out(std::mem::take(&mut ready)).await?;
                }
            }
            self.carry_out(ready).await?;
        }
        Ok(())
    }

    /// Carries out what was decided, and decides anew where that does not hold any more.
    async fn carry_out(&mut self, ready: Vec<Ready>) -> Result<(), Stop> {
        for key in self.apply_all(ready)? {
            if let Err(stop) = self.take_in_draft(key).await {
                self.pass_over(key, stop)?;
            }
        }
        Ok(())
    }

    /// One draft that is damaged here does not hold up the others.
    pub(super) fn pass_over(&mut self, key: DraftKey, stop: Stop) -> Result<(), Stop> {
        match stop {
            Stop::Store(failure) if is_of_one_draft(&failure) => {
                self.report.blocked += 1;
                let what = failure.kind.to_string();
                tracing::warn!(draft = %key.draft, error = what, "what the hub says of it cannot be taken in");
                Ok(())
            }
            stop => Err(stop),
        }
    }

    /// Carries out what was decided on several drafts in one commit. Gives those that have to be decided anew.
    pub(super) fn apply_all(&mut self, ready: Vec<Ready>) -> Result<Vec<DraftKey>, Stop> {
        if ready.is_empty() {
            return Ok(Vec::new());
        }
        self.save_what_is_typed(&ready);
        let keys: Vec<DraftKey> = ready.iter().map(|(decided, _)| decided.facts.key).collect();
        let (place, trace) = (self.place.clone(), self.talk.trace);
        let keep = self.core.engine.settings.restore_points;
        let is_first = !self.is_marked && ready.iter().any(|(decided, _)| decided.moves_the_head());
        let marks = is_first && keep > 0 && !fault::on("synced-without-a-restore-point");
        let applied = self.write(move |write| {
            write.state.is_foreign = true;
            if marks {
                points::take(write, place.space, PointCause::BeforeSync, keep, trace)?;
            }
            let apply = |(decided, join): &Ready| integrate::apply(write, &place, decided, &**join, trace);
            ready.iter().map(apply).collect::<Result<Vec<_>, _>>()
        });
        let done = match applied {
            Ok(done) => done,
            // Which of them it is shows when each is taken in for itself.
            Err(failure) if is_of_one_draft(&failure) && keys.len() > 1 => return Ok(keys),
            Err(failure) => return Err(failure.into()),
        };
        self.is_marked |= is_first;
        done.iter().flatten().for_each(|done| self.count(done));
        Ok(keys.into_iter().zip(done).filter(|(_, done)| done.is_none()).map(|(key, _)| key).collect())
    }

    /// Saves what autosaves hold of drafts that another device archived or put into the trash, where nothing can be saved
    /// afterwards. Whatever that changes is decided anew; where it fails, the autosave goes on saying that it is unsaved.
    fn save_what_is_typed(&self, ready: &[Ready]) {
        let ends = |decided: &Decided| match &decided.becomes {
            Becomes::Adopts(main) | Becomes::Joins { main, .. } => !main.header.phase.takes_saves(),
            Becomes::Stays { .. } | Becomes::Renews | Becomes::Keeps => false,
        };
        for (decided, _) in ready.iter().filter(|(decided, _)| ends(decided)) {
            if fault::on("typed-text-shut-out-by-another-device") {
                continue;
            }
            let saved = live::claim(&self.core.engine.live, decided.facts.key).and_then(|claimed| {
                if claimed.is_empty() {
                    return Ok(());
                }
                live::commit_with(self.core, claimed, self.talk.trace, |write, save| Ok((save(write)?, ())))
            });
            if let Err(failure) = saved {
                tracing::warn!(draft = %decided.facts.key.draft, error = %failure.kind, "what is typed could not be saved");
            }
        }
    }

    async fn take_in_draft(&mut self, key: DraftKey) -> Result<(), Stop> {
        for _ in 0..ATTEMPTS_MAX {
            let Some(ready) = self.judged(key).await? else { return Ok(()) };
            if self.apply_all(vec![ready])?.is_empty() {
                return Ok(());
            }
        }
        // Somebody types faster than this; the next cycle goes on.
        self.again = true;
        Ok(())
    }

    /// Decides on a draft's row; none where there is nothing to carry out.
    async fn judged(&mut self, key: DraftKey) -> Result<Option<Ready>, Stop> {
        let Some(facts) = integrate::facts(&self.core.engine.read()?, &self.place, key)? else { return Ok(None) };
        // A row of an earlier life of the hub says nothing.
        let Some(row) = facts.row.clone() else {
            self.ignore(key)?;
            return Ok(None);
        };
        if row.erased.is_some() {
            self.take_in_erasure(&facts, &row)?;
            return Ok(None);
        }
        match self.judge(facts, &row).await? {
            Verdict::Ignore => {
                self.write(move |write| keyless::settled(write, key, row.epoch))?;
                self.ignore(key)?;
            }
            Verdict::Blocked(by, why) => {
                self.report.blocked += 1;
                let trace = self.talk.trace;
                self.write(move |write| arrivals::blocked(write, key, &row, (by.number(), &why), trace))?;
            }
            Verdict::Keyless(why, revisions) => {
                self.report.blocked += 1;
                let (trace, revisions) = (self.talk.trace, revisions.into_iter().collect::<Vec<_>>());
                self.write(move |write| {
                    let row = keyless::keep(write, key, &row, &revisions)?;
                    arrivals::blocked(write, key, &row, (BlockedBy::KeyMissing.number(), &why), trace)
                })?;
            }
            Verdict::Overtaken => {
                let told = (row.seq, row.main);
                let before = self.overtaken.insert(key, (self.round, told));
                // A pull in between would have brought the later row, if there were one.
                let is_contradiction = before.is_some_and(|(round, before)| round < self.round && before == told);
                if is_contradiction && !fault::on("contradicted-row-believed-for-ever") {
                    return Err(Stop::Unconfirmed);
                }
                self.again = true;
            }
            Verdict::Apply(decided, join) => return Ok(Some((decided, join))),
        }
        Ok(None)
    }

    fn count(&mut self, done: &Done) {
        self.report.received += u64::from(done.received);
        self.report.merged += u64::from(done.merged);
        self.report.moved += u64::from(done.moved);
        self.report.conflicts += done.conflicts;
    }

    fn ignore(&mut self, key: DraftKey) -> Result<(), Stop> {
        self.write(move |write| {
            match arrivals::read(write.txn, key)? {
                Some(row) => arrivals::taken(write, key, &row),
                None => arrivals::passed(write, key),
            }
            Ok(())
        })?;
        Ok(())
    }

    /// Decides what is to be done with a row, asking the hub for what is missing.
    async fn judge(&mut self, mut facts: Facts, row: &RemoteRow) -> Result<Verdict, Stop> {
        let mut known = known(&facts, row);
        let mut plan = loop {
            match decide(&known) {
                Next::Do(plan) => break plan,
                // What a hub does not confirm is not taken for granted: then both are joined, and nothing is replaced.
                Next::Ask(ids) if self.is_offline => known.in_main.extend(ids.into_iter().map(|id| (id, false))),
                Next::Ask(ids) => {
                    if !self.ask_contained(&mut known, facts.key, &ids).await? {
                        return Ok(Verdict::Overtaken);
                    }
                }
            }
        };
        let needs_main = matches!(plan.becomes, Move::Adopt | Move::Join { .. }) && facts.head != Some(row.main);
        let mut wanted = plan.hold.clone();
        let view = self.core.engine.read()?;
        let mut inline = if needs_main { arrivals::main(&view, facts.key, row)? } else { None };
        let mut kept = Bodies::new();
        for id in plan.hold.iter().chain(Some(&row.main).filter(|_| needs_main && inline.is_none())) {
            let waiting = keyless::read(&view, facts.key, Kept { epoch: row.epoch, id: *id })?;
            kept.extend(waiting.map(|revision| (*id, revision)));
        }
        drop(view);
        // What came with the row may be well on the hub by now.
        let is_unreadable = |main: &Travelling| matches!(self.read(facts.key, main), Err(Unread::Unreadable(_)));
        if row.blocked.is_some() && !self.is_offline && !fault::on("unreadable-main-never-asked-for-again") {
            inline = inline.filter(|main| !is_unreadable(main));
            kept.retain(|_, revision| !is_unreadable(revision));
        }
        if inline.is_none() && needs_main {
            wanted.push(row.main);
        }
        wanted.retain(|id| !kept.contains_key(id));
        let mut revisions = if self.is_offline { Bodies::new() } else { self.revisions(facts.key, &wanted).await? };
        revisions.extend(kept);
        revisions.extend(inline.map(|revision| (row.main, revision)));
        // A hub that lost the body names the main still; one that names another has a row that did not come.
        let is_missing = needs_main && !self.is_offline && !revisions.contains_key(&row.main);
        if is_missing
            && !fault::on("main-that-nobody-has-waited-for")
            && !self.ask_contained(&mut known, facts.key, &[row.main]).await?
        {
            return Ok(Verdict::Overtaken);
        }
        if let (Some(main), Some(row)) = (revisions.get(&row.main), &mut facts.row) {
            (row.deltas, row.key) = (main.deltas(), main.key());
        }
        let mut foreign = BTreeMap::new();
        for (id, travelling) in &revisions {
            let revision = match self.read(facts.key, travelling) {
                Ok(revision) => revision,
                // Somebody wants it as it is.
                Err(Unread::NotYet { by: BlockedBy::NotValid, revision, .. }) if row.is_wanted() => *revision,
                // Perhaps the last copy: it is kept as it is.
                Err(Unread::NotYet { by, revision, .. }) if self.is_offline && !is_lost_with_its_hub(by) => {
                    if facts.head.is_some() {
                        plan = plan.beside(*id);
                    }
                    *revision
                }
                Err(Unread::NotYet { by, why, .. }) => return Ok(Verdict::Blocked(by, why)),
                Err(Unread::Keyless(why)) => return Ok(Verdict::Keyless(why, revisions)),
                Err(Unread::Failed(failure)) => return Err(failure.into()),
                Err(Unread::Unreadable(why)) => return Ok(Verdict::Blocked(BlockedBy::Unreadable, why)),
            };
            foreign.insert(*id, revision);
        }
        Ok(self.verdict(facts, plan, row, &mut foreign))
    }

    pub(super) fn verdict(
        &self,
        facts: Facts,
        plan: Plan,
        row: &RemoteRow,
        foreign: &mut BTreeMap<RevisionId, Foreign>,
    ) -> Verdict {
        let missing =
            || Verdict::Blocked(BlockedBy::Unreadable, "the hub does not give a revision that it names".to_owned());
        let main = foreign.get(&row.main).cloned();
        if facts.is_purged && main.as_ref().is_some_and(|main| main.header.phase == Phase::Discarded) {
            return Verdict::Ignore;
        }
        let kind = main.as_ref().or_else(|| foreign.values().next()).map(|foreign| foreign.header.kind.clone());
        let mut hold = Vec::with_capacity(plan.hold.len());
        let mut is_fork_missing = false;
        for id in &plan.hold {
            match foreign.remove(id) {
                Some(fork) => hold.push(fork),
                // Whoever made it offers it again, if they still can.
                None if self.is_offline => is_fork_missing = true,
                None => return missing(),
            }
        }
        let becomes = match (plan.becomes, main) {
            (Move::Stay { owed }, _) => Becomes::Stays { owed },
            (Move::Renew, _) => Becomes::Renews,
            (Move::Adopt, _) if facts.head == Some(row.main) => Becomes::Keeps,
            (Move::Adopt, Some(main)) => Becomes::Adopts(Box::new(main)),
            (Move::Join { common }, Some(main)) => Becomes::Joins { main: Box::new(main), common },
            (Move::Adopt | Move::Join { .. }, None) => return missing(),
        };
        let side = |id: &RevisionId| facts.sides.iter().find(|(_, side)| side == id).map(|(version, _)| *version);
        let release = plan.release.iter().filter_map(side).collect();
        // What is in a fork that is not here may be nowhere else: the hub that had both is gone.
        let stays = is_fork_missing && !fault::on("side-let-go-for-a-fork-that-is-not-here");
        let within = if stays { Vec::new() } else { plan.within.iter().filter_map(side).collect() };
        let join = Joiner::of_schema(&self.core.engine.settings.schema(kind.as_deref().unwrap_or_default()));
        let (shared, owes_sides) = (plan.shared, plan.owes_sides || stays && !plan.within.is_empty());
        let left_behind = None;
        Verdict::Apply(
            Box::new(Decided { facts, hold, release, within, shared, owes_sides, becomes, left_behind }),
            join,
        )
    }

    /// Reads a revision of another device; says why where it cannot become a version here.
    pub(super) fn read(&self, key: DraftKey, travelling: &Travelling) -> Result<Foreign, Unread> {
        let foreign = receive::open(&self.place, key, travelling).map_err(|unfit| match unfit {
            Unfit::Says(why) => Unread::Unreadable(why.to_owned()),
            Unfit::Key(failure) => Unread::Keyless(failure.kind.to_string()),
            Unfit::Failed(failure) => Unread::Failed(failure),
        })?;
        let schema = self.core.engine.settings.schema(&foreign.header.kind);
        let unreadable = |failure: Failure| Unread::Unreadable(failure.kind.to_string());
        check_document(&foreign).map_err(unreadable)?;
        if foreign.header.schema > schema.version {
            let (found, known) = (foreign.header.schema, schema.version);
            let why = format!("its schema is version {found}, this application knows up to {known}; update it");
            return Err(Unread::NotYet { by: BlockedBy::TooNew, why, revision: Box::new(foreign) });
        }
        read_document(&schema, &foreign).map_err(unreadable)?;
        // What was put away elsewhere is put away here, as it is.
        let is_asked = foreign.header.phase.takes_saves() && !fault::on("invalid-text-taken-in");
        let invalid = if is_asked { schema.flaws(foreign.header.schema, &foreign.body) } else { None };
        match invalid {
            Some(invalid) => {
                let why = format!("it is not valid: {}", invalid.told(REASON_MAX));
                Err(Unread::NotYet { by: BlockedBy::NotValid, why, revision: Box::new(foreign) })
            }
            None => Ok(foreign),
        }
    }

    /// Asks which ids the main contains that is known; no, where the hub has another one by now.
    pub(super) async fn ask_contained(
        &self,
        known: &mut Known,
        key: DraftKey,
        ids: &[RevisionId],
    ) -> Result<bool, Stop> {
        for ids in ids.chunks(IDS_MAX) {
            let ask = Ask::Contained { draft: key.draft, ids: ids.to_vec() };
            let answer = self.talk.ask(self.link()?.seen, ask).await?;
            let Reply::Contained { main, contained } = answer.reply else { return Err(beside_the_point()) };
            // What a later main contains need not be in the one that is being looked at.
            if main != Some(known.main) && !fault::on("contained-in-another-main-believed") {
                return Ok(false);
            }
            if contained.iter().any(|id| !ids.contains(id)) {
                return Err(Stop::Protocol("it contains what was not asked for".to_owned()));
            }
            known.in_main.extend(ids.iter().map(|id| (*id, contained.contains(id))));
        }
        Ok(true)
    }

    /// Asks for revisions whole; what the hub does not have is left out.
    async fn revisions(&mut self, key: DraftKey, ids: &[RevisionId]) -> Result<Bodies, Stop> {
        let mut found = Bodies::new();
        let mut rest = ids;
        while !rest.is_empty() {
            let batch = &rest[..rest.len().min(IDS_MAX)];
            let answer =
                self.talk.ask(self.link()?.seen, Ask::Revisions { draft: key.draft, ids: batch.to_vec() }).await?;
            let Reply::Revisions { revisions, looked_up } = answer.reply else { return Err(beside_the_point()) };
            let looked_up = usize::try_from(looked_up).unwrap_or(usize::MAX);
            if looked_up == 0 || looked_up > batch.len() {
                return Err(Stop::Protocol(
                    "it looked up none of the revisions, or more than were asked for".to_owned(),
                ));
            }
            for revision in revisions {
                if !batch.contains(&revision.id()) {
                    return Err(Stop::Protocol("it gave a revision that was not asked for".to_owned()));
                }
                found.insert(revision.id(), self.travelling(&revision));
            }
            rest = &rest[looked_up..];
        }
        Ok(found)
    }
}

/// Revisions by id.
pub(super) type Bodies = BTreeMap<RevisionId, Travelling>;

/// What the decision is made from, of what is stored here.
pub(super) fn known(facts: &Facts, row: &RemoteRow) -> Known {
    let of = |is_side: bool| facts.contains.iter().filter(move |(_, row)| (row.side > 0) == is_side).map(|(id, _)| *id);
    let shared = facts.contains.iter().filter(|(_, row)| row.epoch == facts.epoch).map(|(id, _)| (*id, true));
    let side = |version: u64| facts.sides.iter().find(|(found, _)| *found == version).map(|(_, id)| *id);
    let partings = facts.contains.iter().filter_map(|(id, row)| Some((*id, side(row.also)?)));
    Known {
        head: facts.head,
        contains: of(false).collect(),
        beside: of(true).collect(),
        sides: facts.sides.iter().map(|(_, id)| *id).collect(),
        partings: partings.collect(),
        main: row.main,
        forks: row.forks.clone(),
        gone: row.gone.clone(),
        in_main: shared.collect(),
    }
}

/// Whether it is the matter of one draft, and none of the others that share its commit.
fn is_of_one_draft(failure: &Failure) -> bool {
    failure.is_damage() || failure.is_too_large()
}

/// A seeded fault for each reason why a text waits unread.
pub(super) fn is_lost_with_its_hub(by: BlockedBy) -> bool {
    match by {
        BlockedBy::NotValid => fault::on("invalid-text-lost-with-its-hub"),
        _ => fault::on("newer-text-lost-with-its-hub"),
    }
}

/// Only canonical JSON is kept.
fn check_document(foreign: &Foreign) -> Result<(), Failure> {
    if Value::parse(&foreign.body)?.to_canonical()? == *foreign.body {
        return Ok(());
    }
    Err(crate::error::ErrorKind::Document { reason: "it is not canonical JSON".to_owned() }.into())
}

/// Only what the application can read as its type becomes a head.
fn read_document(schema: &AnySchema, foreign: &Foreign) -> Result<(), Failure> {
    if foreign.header.schema == schema.version {
        schema.read(&foreign.body)?;
    } else {
        let current = document::migrated(schema, foreign.header.schema, &foreign.body)?;
        schema.read(&value::to_canonical(&current)?)?;
    }
    Ok(())
}
