//! Pushing: what is owed leaves in batches, and only a positive answer to each ends what is owed of it.

use super::cycle::Cycle;
use super::owed::Owed;
use super::parking;
use super::talk::{Stop, beside_the_point};
use crate::error::Failure;
use crate::fault;
use crate::store::remote::outgoing::{self, Aim, Departure, Outgoing, Sent};
use crate::store::remote::rows::{Parking, RemoteRow};
use crate::store::remote::{arrivals, link, outbox, sealed};
use crate::store::tables::DraftKey;
use crate::transport::{Ask, Outcome, PUSHES_MAX, Position, Push, Rejection, Reply, Revision, Row, Standing, Target};
use futures_util::future::join;
use std::collections::BTreeSet;

/// How many drafts that are sent alone may fail until a cycle ends.
const ALONE_FAILURES_MAX: usize = 8;

/// A batch that is ready to leave.
#[derive(Debug, Default)]
struct Batch {
    revisions: Vec<Outgoing>,
    /// It is on disk that they leave.
    is_noted: bool,
}

/// The batch after the one that is under way.
#[derive(Debug, Default)]
struct Ahead<'o> {
    /// What it is gathered from, until that was done.
    owed: Option<&'o mut Owed>,
    batch: Batch,
    failed: Option<Failure>,
}

/// What came of one revision.
#[derive(Debug, Clone)]
enum Came {
    Accepted { as_fork: bool },
    Conflict(Option<arrivals::Arrival>),
    Refused(Parking),
}

/// The answers to a batch.
#[derive(Debug)]
struct Answers {
    results: Vec<(Departure, Sent, Came)>,
    /// How far the hub's feed was after it.
    position: Position,
    /// The position behind which the feed has nothing but this batch, where that is known.
    alone: Option<Position>,
    next: Vec<Departure>,
}

impl Cycle<'_> {
    /// Pushes everything that is owed and not parked.
    pub(super) async fn push(&mut self) -> Result<(), Stop> {
        let stopped = self.push_erasures().await?;
        let mut owed = Owed::default();
        let mut batch = Batch { revisions: self.batch(&mut owed)?, is_noted: false };
        while !batch.revisions.is_empty() {
            batch = self.send(batch, Some(&mut owed)).await?;
        }
        self.send_alone(owed.alone).await?;
        stopped.map_or(Ok(()), Err)
    }

    /// Sends drafts one by one that were not answered together with others: the one that the hub cannot answer for is not
    /// to hold up the rest. The pull before says that the hub is there.
    async fn send_alone(&mut self, mut drafts: Vec<Vec<Outgoing>>) -> Result<(), Stop> {
        // Another one is the first each time.
        let turn = usize::from(self.talk.trace.as_bytes()[0]) % drafts.len().max(1);
        drafts.rotate_left(turn);
        let (mut failed, mut first) = (0, None);
        for draft in drafts {
            match self.send(Batch { revisions: draft, is_noted: false }, None).await {
                Err(stop @ Stop::Later { .. }) if failed + 1 < ALONE_FAILURES_MAX => {
                    failed += 1;
                    first.get_or_insert(stop);
                }
                sent => drop(sent?),
            }
        }
        first.map_or(Ok(()), Err)
    }

    /// Sends revisions, in smaller parts where they are too large together, and whole where the hub lacks their bases. Gives the next
    /// batch, which is gathered while the hub is at work on this one.
    async fn send(&mut self, batch: Batch, owed: Option<&mut Owed>) -> Result<Batch, Stop> {
        // On disk before anything leaves: the answer may be lost, and later heads contain what was sent.
        if !batch.is_noted {
            let leaving: Vec<Departure> = batch.revisions.iter().map(Outgoing::departure).collect();
            self.write(move |write| outgoing::leaving(write, &leaving))?;
        }
        let mut ahead = Ahead { owed, ..Ahead::default() };
        let mut parts = in_requests(batch.revisions);
        while let Some(mut part) = parts.pop() {
            if part.is_empty() {
                continue;
            }
            match self.send_part(&part, &mut ahead).await {
                Err(Stop::TooLarge) if part.len() > 1 => {
                    let rest = part.split_off(part.len() / 2);
                    parts.push(rest);
                    parts.push(part);
                }
                Err(Stop::TooLarge) => {
                    let reason = "it is too large for the way to the hub; make the document smaller".to_owned();
                    let (sent, parking) = (part[0].departure(), parking::refused(Rejection::TooLarge, reason));
                    let trace = self.talk.trace;
                    let is_parked = self.write(move |write| outgoing::refused(write, &sent, parking, trace))?;
                    self.count_refused(u64::from(is_parked), u64::from(!is_parked));
                }
                sent => parts.push(sent?),
            }
        }
        ahead.failed.map_or(Ok(ahead.batch), |failure| Err(failure.into()))
    }

    /// Sends revisions and takes in the answers. Gives those that have to be sent whole: the hub lacks what they are deltas of.
    async fn send_part(&mut self, part: &[Outgoing], ahead: &mut Ahead<'_>) -> Result<Vec<Outgoing>, Stop> {
        let departures: Vec<Departure> = part.iter().map(Outgoing::departure).collect();
        let (mut pushes, mut keys) = (Vec::with_capacity(part.len()), Vec::with_capacity(part.len()));
        for outgoing in part {
            let (draft, id) = (outgoing.key.draft, outgoing.id);
            let (mut body, key) = sealed::seal(&self.place, draft, id, &outgoing.body)?;
            let mut base = outgoing.base;
            // Another key was taken up since: whoever has that alone could not read what this builds on.
            if base.is_some() && key != outgoing.sealed_with && !fault::on("deltas-across-keys-of-a-cycle") {
                base = None;
                (body, _) = sealed::seal(&self.place, draft, id, &outgoing.clone().whole().body)?;
            }
            self.report.bytes += (outgoing.bytes() + body.len() - outgoing.body.len()) as u64;
            keys.push(key.filter(|_| outgoing.is_authored || fault::on("key-of-another-device-taken-for-ours")));
            let revision = Revision::new(outgoing.header.clone(), body);
            let revision = revision.map_err(|error| Stop::Protocol(error.to_string()))?;
            let target = match outgoing.target {
                Aim::Main { expects } => Target::Main { expects },
                Aim::Fork => Target::Fork,
            };
            pushes.push(Push { revision, base, contains: outgoing.contains.clone(), target });
        }
        let seen = self.link()?.seen;
        let talk = self.talk.clone();
        let gathering = async { ahead.owed.take().map(|owed| self.batch(owed)) };
        let (answer, gathered) = join(talk.ask(seen, Ask::Push { pushes }), gathering).await;
        match gathered {
            Some(Ok(revisions)) => ahead.batch.revisions = revisions,
            Some(Err(failure)) => ahead.failed = Some(failure),
            None => {}
        }
        let answer = match answer {
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
        let alone = seen.filter(|seen| went_on_alone(*seen, position, part, &outcomes));
        let mut results = Vec::with_capacity(part.len());
        let mut again = Vec::new();
        let mut drafts = BTreeSet::new();
        let outcomes = outcomes.into_iter().zip(keys);
        for (((outgoing, departure), (outcome, sealed_with)), number) in
            part.iter().zip(departures).zip(outcomes).zip(1..)
        {
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
            let (contains, target) = (outgoing.contains.clone(), outgoing.target);
            let seq = alone.map(|seen| seen.seq.saturating_add(number));
            let sent = Sent { contains, target, seq, key: sealed_with };
            results.push((departure, sent, self.read_outcome(outcome)));
        }
        let next = if ahead.batch.is_noted { &[] } else { &ahead.batch.revisions[..] };
        let next = next.iter().map(Outgoing::departure).collect();
        self.take_answers(Answers { results, position, alone, next })?;
        ahead.batch.is_noted = true;
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

    /// Takes in the answers to a batch, all in one commit, which also says that the next batch leaves.
    fn take_answers(&mut self, answers: Answers) -> Result<(), Stop> {
        let Answers { results, position, alone, next } = answers;
        let (space, place, trace) = (self.core.no, self.place.clone(), self.talk.trace);
        let (lost_rows, parked, passed_over) = self.write(move |write| {
            write.state.is_foreign = true;
            outgoing::leaving(write, &next)?;
            let Some(link) = link::read(write.txn, space)? else { return Ok((false, 0, 0)) };
            let (mut lost_rows, mut parked, mut passed_over) = (false, 0, 0);
            let mut says_more = false;
            for (departure, sent, result) in results {
                match result {
                    Came::Accepted { as_fork } => {
                        outgoing::arrived(write, &place, &departure, &sent, as_fork, trace)?;
                        // A row with forks may ask for something, and is taken in as the hub has it.
                        let is_plain = |row: RemoteRow| row.main == departure.id && row.forks.is_empty();
                        says_more |= !arrivals::read(write.txn, departure.key)?.is_some_and(is_plain)
                            || arrivals::has_arrived(write.txn, departure.key)?;
                    }
                    Came::Conflict(Some(arrival)) => {
                        // It said something later of this draft before.
                        let is_later = |row: RemoteRow| row.epoch == link.epoch && row.seq > arrival.seq;
                        lost_rows |= arrivals::read(write.txn, arrival.key)?.is_some_and(is_later)
                            && !fault::on("earlier-row-of-a-conflict-passed-over");
                        arrivals::arrive(write, &arrival, link.epoch, trace)?;
                    }
                    // It had a row of this draft, as far as this device knew, and has none.
                    Came::Conflict(None) => lost_rows = true,
                    Came::Refused(parking) => {
                        let is_parked = outgoing::refused(write, &departure, parking, trace)?;
                        parked += u64::from(is_parked);
                        passed_over += u64::from(!is_parked);
                    }
                }
            }
            if !fault::on("position-of-an-answer-not-kept") {
                link::answered(write, space, position, alone.filter(|_| !says_more))?;
            }
            Ok((lost_rows, parked, passed_over))
        })?;
        self.count_refused(parked, passed_over);
        if lost_rows { Err(Stop::Unconfirmed) } else { Ok(()) }
    }

    /// What was passed over is not the draft's last text: that one is pushed by the next round.
    pub(super) fn count_refused(&mut self, parked: u64, passed_over: u64) {
        self.report.parked += parked;
        self.again |= passed_over > 0;
    }

    fn count_attempts(&self, departures: &[Departure]) -> Result<(), Failure> {
        self.count_attempts_of(departures.iter().map(|departure| departure.key).collect())
    }

    pub(super) fn count_attempts_of(&self, keys: Vec<DraftKey>) -> Result<(), Failure> {
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

/// As many as a request holds, the first ones last: one draft may owe more than that.
fn in_requests(mut revisions: Vec<Outgoing>) -> Vec<Vec<Outgoing>> {
    let mut parts = Vec::new();
    while revisions.len() > PUSHES_MAX && !fault::on("more-pushes-than-a-request-holds") {
        let last = (revisions.len() - 1) / PUSHES_MAX * PUSHES_MAX;
        parts.push(revisions.split_off(last));
    }
    parts.push(revisions);
    parts
}

/// Whether the hub's feed went on by all of these and by nothing else. Positions are chained: no other pushes lead from one of
/// them to the other. A hub that chains in another way is asked what it has, as after any push.
fn went_on_alone(seen: Position, position: Position, part: &[Outgoing], outcomes: &[Outcome]) -> bool {
    let is_main = |outcome: &Outcome| matches!(outcome, Outcome::Accepted { standing: Standing::Main });
    if fault::on("passes-by-what-others-pushed") {
        return outcomes.iter().all(is_main);
    }
    // Numbers are the hub's word: one that cannot be counted on from is none of ours.
    let is_as_many = seen.seq.checked_add(part.len() as u64) == Some(position.seq);
    let follows = || part.iter().fold(seen, |at, outgoing| at.after(outgoing.key.draft, outgoing.id)) == position;
    outcomes.iter().all(is_main) && is_as_many && follows()
}
