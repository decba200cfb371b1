//! Pushing: what is owed leaves in batches, and only a positive answer to each ends what is owed of it.

use super::blank::is_blank;
use super::cycle::Cycle;
use super::parking;
use super::talk::{Stop, beside_the_point};
use crate::error::Failure;
use crate::fault;
use crate::phase::Phase;
use crate::records::view::Committed;
use crate::revision::FLAG_BLANK_YES;
use crate::store::remote::outgoing::{self, Aim, Departure, Outgoing};
use crate::store::remote::rows::Parking;
use crate::store::remote::{arrivals, contains, link, outbox};
use crate::store::tables::DraftKey;
use crate::store::versions::packed;
use crate::transport::{Ask, Outcome, Push, Rejection, Reply, Revision, Row, Standing, Target};
use crate::value::Value;
use std::collections::BTreeSet;

/// Drafts that are looked up at once.
const DRAFTS: usize = 64;

/// A batch is sent once it has so many revisions or bytes.
const REVISIONS: usize = 64;
const BYTES: usize = 1 << 20;

/// The same once their documents have so many bytes: what is short on its way may be long here.
const DOCUMENTS: usize = 16 << 20;

/// A draft whose pushes were so often not answered, in a row, is sent alone.
const TOGETHER_ATTEMPTS: u32 = 3;

/// How many drafts a cycle sends alone, and how many of them may fail until it ends.
const ALONE_MAX: usize = 64;
const ALONE_FAILURES_MAX: usize = 8;

/// What came of one revision.
#[derive(Debug, Clone)]
enum Came {
    Accepted { as_fork: bool },
    Conflict(Option<arrivals::Arrival>),
    Refused(Parking),
}

impl Cycle<'_> {
    /// Pushes everything that is owed and not parked.
    pub(super) async fn push(&mut self) -> Result<(), Stop> {
        let mut after = None;
        let mut batch: Vec<Outgoing> = Vec::new();
        let mut alone: Vec<Vec<Outgoing>> = Vec::new();
        loop {
            let view = self.core.engine.read()?;
            let page = outbox::page(&view, self.core.no, after, DRAFTS)?;
            let Some((last, _)) = page.last() else { break };
            after = Some(*last);
            for (key, owed) in page {
                if owed.parked.is_some() {
                    continue;
                }
                match self.outgoing(&view, key) {
                    Ok(Some(outgoing))
                        if owed.attempts < TOGETHER_ATTEMPTS || fault::on("poison-holds-up-the-others") =>
                    {
                        batch.extend(outgoing);
                    }
                    Ok(Some(outgoing)) if alone.len() < ALONE_MAX => alone.push(outgoing),
                    Ok(Some(_)) => {}
                    Ok(None) => {}
                    // Bytes that are damaged here never leave, and do not hold up the others.
                    Err(failure) if failure.is_damage() => {
                        tracing::warn!(draft = %key.draft, error = %failure.kind, "it cannot be pushed");
                    }
                    Err(failure) => return Err(failure.into()),
                }
                let bytes: usize = batch.iter().map(Outgoing::bytes).sum();
                let documents: usize = batch.iter().map(|outgoing| outgoing.document.len()).sum();
                if batch.len() >= REVISIONS || bytes >= BYTES || documents >= DOCUMENTS {
                    self.send(std::mem::take(&mut batch)).await?;
                }
            }
        }
        self.send(batch).await?;
        self.send_alone(alone).await
    }

    /// Sends drafts one by one that were not answered together with others: the one that the hub cannot answer for is not
    /// to hold up the rest. The pull before says that the hub is there.
    async fn send_alone(&mut self, mut drafts: Vec<Vec<Outgoing>>) -> Result<(), Stop> {
        // Another one is the first each time.
        let turn = usize::from(self.talk.trace.as_bytes()[0]) % drafts.len().max(1);
        drafts.rotate_left(turn);
        let (mut failed, mut first) = (0, None);
        for draft in drafts {
            match self.send(draft).await {
                Err(stop @ Stop::Later { .. }) if failed + 1 < ALONE_FAILURES_MAX => {
                    failed += 1;
                    first.get_or_insert(stop);
                }
                sent => sent?,
            }
        }
        first.map_or(Ok(()), Err)
    }

    /// What of a draft has to be pushed; none where nothing has to, or a guard holds it back.
    fn outgoing(&mut self, view: &Committed, key: DraftKey) -> Result<Option<Vec<Outgoing>>, Failure> {
        // What is to be pushed, and as what, is not known before.
        if arrivals::is_waiting(view, key)? {
            return Ok(None);
        }
        let outgoing = outgoing::of(view, &self.place, key)?;
        if outgoing.is_empty() {
            self.write(move |write| {
                // It says that it is owed, and the hub has it: what the hub said tells which of both is right.
                if outbox::read(write.txn, key)?.is_some() && arrivals::read(write.txn, key)?.is_some() {
                    arrivals::again(write, key);
                }
                Ok(())
            })?;
            return Ok(None);
        }
        // Of what was emptied and then put into the trash nobody has to say twice that it is not wanted.
        let is_meant = |revision: &Outgoing| revision.flags & FLAG_BLANK_YES != 0 || revision.phase == Phase::Discarded;
        let is_confirmed = outgoing.iter().any(is_meant);
        for revision in &outgoing {
            if let Aim::Main { expects: Some(main) } = revision.target
                && !is_confirmed
                && is_blank(&Value::parse(&revision.document)?)
                && !self.is_blank_main(view, key, main)?
                && !fault::on("blank-text-pushed")
            {
                let reason = "nothing stands in it any more, and it would replace a text on all devices; \
                              if that is meant, say so with Draft::confirm_blank";
                let parking = parking::blank(reason);
                self.write(move |write| outbox::park(write, key, parking))?;
                self.report.parked += 1;
                return Ok(None);
            }
        }
        Ok(Some(outgoing))
    }

    /// Whether nothing stands in the main that would be replaced; no, where that is not known.
    fn is_blank_main(&self, view: &Committed, key: DraftKey, main: crate::id::RevisionId) -> Result<bool, Failure> {
        let Some(row) = contains::get(view, key, main)?.filter(|row| row.version > 0) else { return Ok(false) };
        let Some(whole) = packed::readable(view, &self.place.keys.digests(), key, row.version)? else {
            return Ok(false);
        };
        Ok(is_blank(&Value::parse(&whole.body)?))
    }

    /// Sends revisions, in smaller parts where they are too large together, and whole where the hub lacks their bases.
    async fn send(&mut self, revisions: Vec<Outgoing>) -> Result<(), Stop> {
        let mut parts = vec![revisions];
        while let Some(mut part) = parts.pop() {
            if part.is_empty() {
                continue;
            }
            match self.send_part(&part).await {
                Err(Stop::TooLarge) if part.len() > 1 => {
                    let rest = part.split_off(part.len() / 2);
                    parts.push(rest);
                    parts.push(part);
                }
                Err(Stop::TooLarge) => {
                    let reason = "it is too large for the way to the hub; make the document smaller".to_owned();
                    let (sent, parking) = (part[0].departure(), parking::refused(Rejection::TooLarge, reason));
                    let is_parked = self.write(move |write| outgoing::refused(write, &sent, parking))?;
                    self.count_refused(u64::from(is_parked), u64::from(!is_parked));
                }
                sent => parts.push(sent?),
            }
        }
        Ok(())
    }

    /// Sends revisions and takes in the answers. Gives those that have to be sent whole: the hub lacks what they are deltas of.
    async fn send_part(&mut self, part: &[Outgoing]) -> Result<Vec<Outgoing>, Stop> {
        let departures: Vec<Departure> = part.iter().map(Outgoing::departure).collect();
        let leaving = departures.clone();
        // On disk before anything leaves: the answer may be lost, and later heads contain what was sent.
        self.write(move |write| outgoing::leaving(write, &leaving))?;
        let mut pushes = Vec::with_capacity(part.len());
        for outgoing in part {
            self.report.bytes += outgoing.bytes() as u64;
            let revision = Revision::new(outgoing.header.clone(), outgoing.body.clone());
            let revision = revision.map_err(|error| Stop::Protocol(error.to_string()))?;
            let target = match outgoing.target {
                Aim::Main { expects } => Target::Main { expects },
                Aim::Fork => Target::Fork,
            };
            pushes.push(Push { revision, base: outgoing.base, contains: outgoing.contains.clone(), target });
        }
        let seen = self.link()?.seen;
        let answer = match self.talk.ask(seen, Ask::Push { pushes }).await {
            Err(stop) => {
                self.count_attempts(&departures)?;
                return Err(stop);
            }
            answer => answer?,
        };
        let Reply::Pushed(outcomes) = answer.reply else { return Err(beside_the_point()) };
        if outcomes.len() != part.len() {
            return Err(Stop::Protocol(format!("it answered {} of {} pushes", outcomes.len(), part.len())));
        }
        let position = answer.position;
        let mut results = Vec::with_capacity(part.len());
        let (mut said, mut again) = (Vec::with_capacity(part.len()), Vec::new());
        let mut drafts = BTreeSet::new();
        for ((outgoing, departure), outcome) in part.iter().zip(departures).zip(outcomes) {
            let key = outgoing.key;
            let lacks_base =
                outgoing.base.is_some() && matches!(outcome, Outcome::Rejected { code: Rejection::Base, .. });
            // What follows such a one could not be accepted without it.
            let is_behind = drafts.contains(&key) && !matches!(outcome, Outcome::Accepted { .. });
            if (lacks_base || is_behind) && !fault::on("refused-delta-parked") {
                drafts.insert(key);
                again.push(outgoing.clone().whole());
                continue;
            }
            results.push((departure, self.read_outcome(outcome)));
            said.push((outgoing.contains.clone(), outgoing.target));
        }
        self.take_answers(results, said, position)?;
        Ok(again)
    }

    fn read_outcome(&mut self, outcome: Outcome) -> Came {
        match outcome {
            Outcome::Accepted { standing } => {
                self.report.pushed += 1;
                Came::Accepted { as_fork: standing == Standing::Fork }
            }
            Outcome::Conflict { row } => {
                self.again = true;
                Came::Conflict(row.map(|row: Row| self.arrival(row)))
            }
            Outcome::Rejected { code, reason } => {
                // After `Base` it was sent whole: this hub refuses a whole one.
                Came::Refused(parking::refused(code, reason))
            }
        }
    }

    /// Takes in the answers to a batch, all in one commit.
    fn take_answers(
        &mut self,
        results: Vec<(Departure, Came)>,
        said: Vec<(Vec<crate::id::RevisionId>, Aim)>,
        position: crate::position::Position,
    ) -> Result<(), Stop> {
        let (space, place) = (self.core.no, self.place.clone());
        let (lost_rows, parked, passed_over) = self.write(move |write| {
            write.state.is_foreign = true;
            let Some(link) = link::read(write.txn, space)? else { return Ok((false, 0, 0)) };
            let (mut lost_rows, mut parked, mut passed_over) = (false, 0, 0);
            for ((departure, result), (contains, target)) in results.into_iter().zip(said) {
                match result {
                    Came::Accepted { as_fork } => {
                        outgoing::arrived(write, &place, &departure, (&contains, target), as_fork)?;
                    }
                    Came::Conflict(Some(arrival)) => arrivals::arrive(write, &arrival, link.epoch)?,
                    // It had a row of this draft, as far as this device knew, and has none.
                    Came::Conflict(None) => lost_rows = true,
                    Came::Refused(parking) if outgoing::refused(write, &departure, parking.clone())? => parked += 1,
                    Came::Refused(_) => passed_over += 1,
                }
            }
            if !fault::on("position-of-an-answer-not-kept") {
                link::change(write, space, |link| {
                    if link.seen.is_none_or(|seen| seen.seq < position.seq) {
                        link.seen = Some(position);
                    }
                })?;
            }
            Ok((lost_rows, parked, passed_over))
        })?;
        self.count_refused(parked, passed_over);
        if lost_rows { Err(Stop::Unconfirmed) } else { Ok(()) }
    }

    /// What was passed over is not the draft's last text: that one is pushed by the next round.
    fn count_refused(&mut self, parked: u64, passed_over: u64) {
        self.report.parked += parked;
        self.again |= passed_over > 0;
    }

    fn count_attempts(&self, departures: &[Departure]) -> Result<(), Failure> {
        let keys: Vec<DraftKey> = departures.iter().map(|departure| departure.key).collect();
        self.write(move |write| {
            for key in keys {
                if let Some(mut owed) = outbox::read(write.txn, key)? {
                    owed.attempts = owed.attempts.saturating_add(1);
                    outbox::put(write, key, &owed);
                }
            }
            Ok(())
        })
    }
}
