//! A parked draft that somebody gives up: what the hub lacks of it, and how what the hub has takes its place again.
//!
//! | the hub has | the head | then |
//! |---|---|---|
//! | a main | is not there | the main is the head again, as a new version with the main's own id |
//! | a main | is there, as a fork or in the main | it stays; the sides that the hub lacks are let go |
//! | nothing of the draft | – | it goes into the trash |
//!
//! Nothing is removed. What is given up stays in the history, and nothing that follows seems to contain it: neither by ids
//! (only what the main is known to contain stays noted) nor by vectors (who goes on with the main writes under a name
//! whose edits are all in there).

use super::integrate::{Facts, enter_slot, facts};
use super::outgoing::{self, is_on_hub};
use super::receive::{self, Foreign};
use super::rows::{ContainedRow, Parking, RemoteRow};
use super::{arrivals, contains, link, outbox};
use crate::clock::Timestamp;
use crate::error::{ErrorKind, Failure};
use crate::events::EventKind;
use crate::fault;
use crate::id::{RevisionId, TraceId};
use crate::phase::Phase;
use crate::records::view::View;
use crate::revision::Meta;
use crate::store::audit::record;
use crate::store::change::{self, Entering, Place, kind_of, open_head};
use crate::store::heads::{self, Head};
use crate::store::rows::HeadRow;
use crate::store::sides::{self, Side};
use crate::store::tables::{DraftKey, HEADS};
use crate::store::versions::packed::{self, Whole};
use crate::store::write::Write;
use crate::vector::VersionVector;
use std::sync::Arc;

/// What the hub lacks of a parked draft: its head, and sides of its conflict.
#[derive(Debug, Clone)]
pub(crate) struct Lacking {
    pub(crate) kind: String,
    pub(crate) head: RevisionId,
    pub(crate) parking: Parking,
    /// The texts with their versions: the head first, where it is one of them.
    pub(crate) texts: Vec<(u64, Whole)>,
}

/// What somebody was shown, and gives up.
#[derive(Debug, Clone)]
pub(crate) struct Shown {
    pub(crate) head: RevisionId,
    pub(crate) texts: Vec<(u64, RevisionId)>,
}

/// What was given up.
#[derive(Debug, Clone)]
pub(crate) struct GivenUp {
    /// The version that is the head now.
    pub(crate) head: u64,
    /// The versions that hold what the hub never got.
    pub(crate) versions: Vec<u64>,
    pub(crate) is_discarded: bool,
}

/// Reads what the hub lacks of a parked draft.
pub(crate) fn lacking(view: &impl View, place: &Place, key: DraftKey) -> Result<Lacking, Failure> {
    let (head, facts, parking) = parked(view, place, key)?;
    let mut texts = Vec::new();
    for (version, _) in lacks(&head, &facts) {
        let whole = if version == head.row.version {
            outgoing::head(view, place, &head)?.0
        } else {
            sides::whole(view, &place.keys.digests(), key, side(version))?
        };
        texts.push((version, whole));
    }
    Ok(Lacking { kind: head.header.kind.clone(), head: head.id(), parking, texts })
}

fn parked(view: &impl View, place: &Place, key: DraftKey) -> Result<(Head, Facts, Parking), Failure> {
    let draft = key.draft;
    let head = heads::read(view, key)?.ok_or(ErrorKind::NoSuchDraft { draft })?;
    let parking = outbox::read(view, key)?.and_then(|owed| owed.parked).ok_or(ErrorKind::NotParked { draft })?;
    let facts = facts(view, place, key)?.ok_or(ErrorKind::NotParked { draft })?;
    Ok((head, facts, parking))
}

/// The head and the sides that the hub does not have.
fn lacks(head: &Head, facts: &Facts) -> Vec<(u64, RevisionId)> {
    let all = [(head.row.version, head.id())].into_iter().chain(facts.sides.iter().copied());
    all.filter(|(_, id)| !is_on_hub(facts, *id)).collect()
}

const fn side(version: u64) -> Side {
    Side { version, since: Timestamp::from_millis(0) }
}

/// Gives up what the hub lacks of a parked draft, if that is still what was shown.
pub(crate) fn give_up(
    write: &mut Write<'_>,
    place: &Place,
    key: DraftKey,
    shown: &Shown,
    trace: TraceId,
) -> Result<GivenUp, Failure> {
    let draft = key.draft;
    let (head, facts, _) = parked(write.txn, place, key)?;
    let lacks = lacks(&head, &facts);
    if (head.id() != shown.head || lacks != shown.texts) && !fault::on("given-up-unseen") {
        return Err(ErrorKind::Stale { draft, head: head.row.version }.into());
    }
    if arrivals::has_arrived(write.txn, key)? {
        return Err(ErrorKind::SyncFirst { draft }.into());
    }
    let versions: Vec<u64> = lacks.iter().map(|(version, _)| *version).collect();
    // Of a draft that was erased there is nothing on the hub.
    let main = facts.row.as_ref().filter(|row| row.erased.is_none());
    if let Some(row) = main {
        Giving { write, place, key, head: &head, facts: &facts, row, versions: &versions }.run()?;
    } else {
        discard(write, place, key, &head, trace)?;
    }
    outbox::settle(write, key);
    let head = open_head(write, key)?.row.version;
    record::tell(write, key, trace, EventKind::GivenUp { head, versions: versions.clone() })?;
    Ok(GivenUp { head, versions, is_discarded: main.is_none() })
}

/// The hub has nothing of it: it goes into the trash as it is.
fn discard(write: &mut Write<'_>, place: &Place, key: DraftKey, head: &Head, trace: TraceId) -> Result<(), Failure> {
    // Before all of its rows were learnt, nobody knows what a hub does not have.
    if !link::read(write.txn, key.space)?.is_some_and(|link| link.is_complete) {
        return Err(ErrorKind::SyncFirst { draft: key.draft }.into());
    }
    if head.header.phase != Phase::Discarded {
        let kind = kind_of(write, place.space, head)?;
        change::enter_phase(write, place, kind, head, Entering::discarded(head))?;
        record::tell(write, key, trace, EventKind::Discarded)?;
    }
    Ok(())
}

/// Giving up what a hub lacks that has a main of the draft.
struct Giving<'g, 'w> {
    write: &'g mut Write<'w>,
    place: &'g Place,
    key: DraftKey,
    head: &'g Head,
    facts: &'g Facts,
    row: &'g RemoteRow,
    /// What is given up.
    versions: &'g [u64],
}

impl Giving<'_, '_> {
    fn run(mut self) -> Result<(), Failure> {
        let given_up = self.given_up()?;
        let line = if self.is_given_up(self.head.row.version) {
            let main = self.main()?;
            self.return_to(&main)?;
            Some(main.id)
        } else {
            self.let_sides_go()?;
            self.row.line
        };
        let given_up = self.row.given_up.joined(&given_up);
        arrivals::put(self.write, self.key, &RemoteRow { line, given_up, ..self.row.clone() });
        self.look_again()
    }

    fn is_given_up(&self, version: u64) -> bool {
        self.versions.contains(&version)
    }

    /// All that the texts contain that are given up.
    fn given_up(&self) -> Result<VersionVector, Failure> {
        let mut all = VersionVector::new();
        for version in self.versions {
            all = if *version == self.head.row.version {
                all.joined(&self.head.header.vector)
            } else {
                let whole = sides::whole(self.write.txn, &self.place.keys.digests(), self.key, side(*version))?;
                all.joined(&whole.header.vector)
            };
        }
        Ok(all)
    }

    /// The hub's main, from the history.
    fn main(&self) -> Result<Foreign, Failure> {
        let sync_first = || Failure::from(ErrorKind::SyncFirst { draft: self.key.draft });
        let id = self.row.main;
        let held = contains::get(self.write.txn, self.key, id)?.map(|row| row.version).filter(|version| *version > 0);
        let version = held.or(self.side_with(id)).ok_or_else(sync_first)?;
        let whole = match packed::whole(self.write.txn, &self.place.keys.digests(), self.key, version) {
            Ok(whole) if whole.id == id => whole,
            Ok(_) => return Err(Failure::corrupt(Some(self.key.draft), "the hub's main is another version")),
            Err(failure) if matches!(failure.kind, ErrorKind::NoSuchVersion { .. }) => return Err(sync_first()),
            Err(failure) => return Err(failure),
        };
        let Whole { id, header, meta, body, .. } = whole;
        Ok(Foreign { id, header, meta: Meta::decode(&meta)?, body: Arc::new(body) })
    }

    fn side_with(&self, id: RevisionId) -> Option<u64> {
        self.facts.sides.iter().find(|(_, side)| *side == id).map(|(version, _)| *version)
    }

    /// The main is the head again. The forks that the hub has stay beside it.
    fn return_to(&mut self, main: &Foreign) -> Result<(), Failure> {
        let main_side = self.side_with(main.id);
        let is_gone = |version: u64| self.is_given_up(version) || main_side == Some(version);
        let (gone, staying): (Vec<u64>, Vec<u64>) =
            self.facts.sides.iter().map(|(version, _)| *version).partition(|version| is_gone(*version));
        gone.iter().for_each(|version| sides::remove(self.write, self.key, side(*version)));
        let sides = staying.len() as u64;
        let before = self.head.with_sides(sides);
        let version = receive::append(self.write, self.place, self.key, Some(&before), main, false)?;
        if open_head(self.write, self.key)?.id() != main.id {
            return Err(Failure::corrupt(Some(self.key.draft), "the hub's main cannot be written once more"));
        }
        self.contain_only(main, version, main_side, &staying)?;
        enter_slot(self.write, self.place, self.key, &main.header.kind, &main.meta)
    }

    /// Notes of the head what the main is known to contain, by an id that the hub gave and by the vectors, and nothing else.
    /// What is left out by mistake asks more of a person one day; what stays by mistake loses a text.
    fn contain_only(
        &mut self,
        main: &Foreign,
        version: u64,
        main_side: Option<u64>,
        staying: &[u64],
    ) -> Result<(), Failure> {
        let vector = &main.header.vector;
        let all = contains::read(self.write.txn, self.key)?;
        let beside = |side: u64| if staying.contains(&side) { side } else { 0 };
        for (id, row) in &all {
            let is_shared = row.epoch == self.facts.epoch && row.version > 0 && row.vector.is_within(vector);
            let is_of_side = main_side.is_some_and(|side| row.side == side || row.also == side);
            let is_in_main = (is_shared || is_of_side || main.header.parents.contains(id))
                && !self.row.forks.contains(id)
                || fault::on("given-up-text-stays-contained");
            let also = beside(row.also);
            let kept = if beside(row.side) > 0 {
                ContainedRow { also, ..row.clone() }
            } else if is_in_main {
                ContainedRow { since: version, side: 0, also, ..row.clone() }
            } else if also > 0 {
                // The head does not go on from what it parted from; the side still does.
                ContainedRow { side: also, also: 0, ..row.clone() }
            } else {
                contains::remove(self.write, self.key, *id);
                continue;
            };
            contains::put(self.write, self.key, *id, &kept);
        }
        // A side that went on from the main contains it as the head does.
        let also = all.get(&main.id).map_or(0, |row| beside(row.side).max(beside(row.also)));
        let (vector, epoch) = (vector.clone(), self.facts.epoch);
        contains::put(
            self.write,
            self.key,
            main.id,
            &ContainedRow { since: version, version, side: 0, epoch, vector, also },
        );
        for parent in main.header.parents.iter().filter(|parent| !all.contains_key(parent)) {
            contains::add(self.write, self.key, *parent, version, (0, &VersionVector::new()), 0)?;
        }
        Ok(())
    }

    /// The head is on the hub and stays; the sides that are not go, with what only they contain.
    fn let_sides_go(&mut self) -> Result<(), Failure> {
        self.versions.iter().for_each(|version| sides::remove(self.write, self.key, side(*version)));
        let sides = self.head.row.sides.saturating_sub(self.versions.len() as u64);
        self.write.put(HEADS, self.key.bytes(), HeadRow { sides, ..self.head.row.clone() }.encode());
        for (id, row) in contains::read(self.write.txn, self.key)? {
            if row.side > 0 && self.is_given_up(row.side) {
                contains::remove(self.write, self.key, id);
            } else if row.also > 0 && self.is_given_up(row.also) {
                contains::put(self.write, self.key, id, &ContainedRow { also: 0, ..row });
            }
        }
        Ok(())
    }

    /// What is on the hub and was here within a text that is given up stands for itself again: the next cycle asks for it.
    fn look_again(&mut self) -> Result<(), Failure> {
        let head = open_head(self.write, self.key)?;
        let facts = facts(self.write.txn, self.place, self.key)?;
        let is_here = |id: &RevisionId| {
            let is_noted =
                |facts: &Facts| facts.contains.contains_key(id) || facts.sides.iter().any(|(_, side)| side == id);
            *id == head.id() || facts.as_ref().is_some_and(is_noted)
        };
        let is_all = self.row.forks.iter().chain([&self.row.main]).all(is_here);
        if !is_all && !fault::on("fork-within-a-given-up-text-forgotten") {
            arrivals::again(self.write, self.key);
        }
        Ok(())
    }
}
