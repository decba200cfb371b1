//! What was decided on a hub's row is carried out, in one commit that first makes sure that it still speaks of what is
//! there.

use super::contains;
use super::keyless::{self, Kept};
use super::receive::{self, Foreign};
use super::rows::{ContainedRow, RemoteRow};
use super::{arrivals, link, outbox};
use crate::clock::Timestamp;
use crate::error::Failure;
use crate::events::EventKind;
use crate::fault;
use crate::id::{RevisionId, TraceId};
use crate::records::view::View;
use crate::revision::{Header, Meta};
use crate::store::append::{self, New};
use crate::store::audit::AuditAction;
use crate::store::audit::record::{self, About};
use crate::store::change::{Place, kind_of, open_head};
use crate::store::heads::{self, Head};
use crate::store::rows::HeadRow;
use crate::store::sides;
use crate::store::slots::{self, SlotRef};
use crate::store::stale::Join;
use crate::store::tables::{DraftKey, HEADS, SLOTS, TOMBSTONES};
use crate::store::write::Write;
use crate::vector::VersionVector;
use std::collections::BTreeMap;

/// What this device has of a draft, as far as a decision on the hub's row needs it.
#[derive(Debug, Clone)]
pub(crate) struct Facts {
    pub(crate) key: DraftKey,
    pub(crate) epoch: u64,
    /// The head's revision; none where the draft is not here.
    pub(crate) head: Option<RevisionId>,
    /// What the head contains, without itself, and what only sides do.
    pub(crate) contains: BTreeMap<RevisionId, ContainedRow>,
    /// The sides of the open conflict: their versions and revisions.
    pub(crate) sides: Vec<(u64, RevisionId)>,
    /// What the hub said last, in this epoch.
    pub(crate) row: Option<RemoteRow>,
    /// The draft was removed here for good, as far as this device is concerned.
    pub(crate) is_purged: bool,
}

/// Reads what a decision needs; none where the space has no hub.
pub(crate) fn facts(view: &impl View, place: &Place, key: DraftKey) -> Result<Option<Facts>, Failure> {
    Ok(facts_and_head(view, place, key)?.map(|(facts, _)| facts))
}

/// The same with the head that they are read from.
pub(super) fn facts_and_head(
    view: &impl View,
    place: &Place,
    key: DraftKey,
) -> Result<Option<(Facts, Option<Head>)>, Failure> {
    let Some(link) = link::read(view, key.space)? else { return Ok(None) };
    let digests = place.keys.digests();
    let head = heads::read(view, key)?;
    let (sides, contains) = match &head {
        Some(head) => {
            (sides::revisions(view, &digests, key, head)?, contains::with_first_of_slot(view, &digests, key, head)?)
        }
        None => (Vec::new(), BTreeMap::new()),
    };
    let row = arrivals::read(view, key)?.filter(|row| row.epoch == link.epoch);
    let is_purged = head.is_none() && view.get(TOMBSTONES, &key.bytes())?.is_some();
    let id = head.as_ref().map(Head::id);
    Ok(Some((Facts { key, epoch: link.epoch, head: id, contains, sides, row, is_purged }, head)))
}

impl Facts {
    /// Whether two speak of the same state.
    fn agrees_with(&self, other: &Self) -> bool {
        let row = |facts: &Self| facts.row.as_ref().map(|row| (row.seq, row.main, row.forks.clone()));
        (self.epoch, self.head, &self.sides) == (other.epoch, other.head, &other.sides) && row(self) == row(other)
    }
}

/// What was decided on a row.
#[derive(Debug, Clone)]
pub(crate) struct Decided {
    pub(crate) facts: Facts,
    /// Forks of others, to be kept as sides of the conflict.
    pub(crate) hold: Vec<Foreign>,
    /// Sides, by version, that the hub's main contains.
    pub(crate) release: Vec<u64>,
    /// Sides, by version, that are in a fork of the hub's.
    pub(crate) within: Vec<u64>,
    /// Revisions of ours that are in the hub's main.
    pub(crate) shared: Vec<RevisionId>,
    /// The hub lacks a side that stays.
    pub(crate) owes_sides: bool,
    pub(crate) becomes: Becomes,
    /// What it is decided on, where that is no row of the hub's but what was kept of one that is gone.
    pub(crate) left_behind: Option<(Kept, Box<RemoteRow>)>,
}

impl Decided {
    /// Whether a text that is here is replaced by another one.
    pub(crate) fn moves_the_head(&self) -> bool {
        matches!(self.becomes, Becomes::Adopts(_) | Becomes::Joins { .. })
    }

    /// How many bytes the documents of others in it have.
    pub(crate) fn bytes(&self) -> usize {
        let main = match &self.becomes {
            Becomes::Adopts(main) | Becomes::Joins { main, .. } => main.body.len(),
            Becomes::Stays { .. } | Becomes::Renews | Becomes::Keeps => 0,
        };
        main + self.hold.iter().map(|fork| fork.body.len()).sum::<usize>()
    }
}

/// What becomes of the head.
#[derive(Debug, Clone)]
pub(crate) enum Becomes {
    /// It stays, and the hub has nothing new. `owed` where the hub does not have it.
    Stays { owed: bool },
    /// It contains the hub's main, and the hub has it only as a fork: it is written once more, to become the main.
    Renews,
    /// It is the hub's main.
    Keeps,
    /// The hub's main contains it, and takes its place.
    Adopts(Box<Foreign>),
    /// It is joined with the hub's main, over the last revisions that both contain.
    Joins { main: Box<Foreign>, common: Vec<RevisionId> },
}

/// What taking in a row did.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Done {
    /// The head is another text than before.
    pub(crate) received: bool,
    pub(crate) merged: bool,
    /// What was written here is the slot's next generation.
    pub(crate) moved: bool,
    /// New sides that a person has to look at.
    pub(crate) conflicts: u64,
}

/// Carries out what was decided; `None` where the draft or the row has changed since: then it has to be decided anew.
pub(crate) fn apply(
    write: &mut Write<'_>,
    place: &Place,
    decided: &Decided,
    join: &dyn Join,
    trace: TraceId,
) -> Result<Option<Done>, Failure> {
    let key = decided.facts.key;
    let now = facts(write.txn, place, key)?;
    let is_as_decided = now.is_some_and(|now| now.agrees_with(&decided.facts));
    if !is_as_decided && !fault::on("applied-over-a-newer-head") {
        return Ok(None);
    }
    match (&decided.left_behind, &decided.facts.row) {
        (Some((kept, said)), _) => apply_left_behind(write, place, decided, (*kept, said), join, trace).map(Some),
        (None, Some(row)) => apply_row(write, place, decided, row, join, trace).map(Some),
        (None, None) => Ok(None),
    }
}

fn apply_row(
    write: &mut Write<'_>,
    place: &Place,
    decided: &Decided,
    row: &RemoteRow,
    join: &dyn Join,
    trace: TraceId,
) -> Result<Done, Failure> {
    let key = decided.facts.key;
    let mut taking = Taking::new(write, place, decided, (row, decided.facts.epoch), trace);
    for id in &decided.shared {
        taking.share(*id, &decided.facts)?;
    }
    taking.carry_out(decided, join)?;
    let (done, line, given_up) = (taking.done, taking.line.or(row.line), taking.given_up);
    let gone = still_asked_about(write, place, key, row)?;
    keyless::settled(write, key, row.epoch)?;
    arrivals::taken(write, key, &RemoteRow { gone, line, given_up, ..row.clone() });
    Ok(done)
}

/// Carries out what was decided on a revision that waited here for its key while its hub went: as on the main of a hub that has nothing, in no epoch, so that all that
/// comes of it is owed.
fn apply_left_behind(
    write: &mut Write<'_>,
    place: &Place,
    decided: &Decided,
    (kept, said): (Kept, &RemoteRow),
    join: &dyn Join,
    trace: TraceId,
) -> Result<Done, Failure> {
    let key = decided.facts.key;
    let mut taking = Taking::new(write, place, decided, (said, 0), trace);
    taking.owes_sides = !fault::on("keyless-text-taken-in-and-not-owed");
    taking.carry_out(decided, join)?;
    let (done, line, given_up) = (taking.done, taking.line, taking.given_up);
    keyless::remove(write, key, kept)?;
    if let Some(row) = arrivals::read(write.txn, key)? {
        // There is something of it here now, which the hub says was erased.
        if row.erased.is_some() && !row.is_kept() {
            arrivals::again(write, key);
        }
        let given_up = row.given_up.joined(&given_up);
        arrivals::put(write, key, &RemoteRow { line: line.or(row.line), given_up, ..row });
    }
    Ok(done)
}

/// Of the forks that the hub has no more those that are still texts of their own here: the head, or a side of its conflict.
fn still_asked_about(
    write: &Write<'_>,
    place: &Place,
    key: DraftKey,
    row: &RemoteRow,
) -> Result<Vec<RevisionId>, Failure> {
    if row.gone.is_empty() {
        return Ok(Vec::new());
    }
    let Some(head) = heads::read(write.txn, key)? else { return Ok(Vec::new()) };
    let sides = sides::revisions(write.txn, &place.keys.digests(), key, &head)?;
    let is_text = |id: &RevisionId| *id == head.id() || sides.iter().any(|(_, side)| side == id);
    Ok(row.gone.iter().copied().filter(is_text).collect())
}

pub(super) struct Taking<'t, 'w> {
    pub(super) write: &'t mut Write<'w>,
    pub(super) place: &'t Place,
    pub(super) key: DraftKey,
    pub(super) row: &'t RemoteRow,
    /// The epoch in which the hub said so; 0 where no hub says so now.
    pub(super) epoch: u64,
    owes_sides: bool,
    /// The sides that were let go.
    pub(super) released: Vec<u64>,
    /// The main, once the head contains it.
    line: Option<RevisionId>,
    /// What was the head's, and is in nothing that follows.
    pub(super) given_up: VersionVector,
    pub(super) trace: TraceId,
    pub(super) done: Done,
}

impl<'t, 'w> Taking<'t, 'w> {
    fn new(
        write: &'t mut Write<'w>,
        place: &'t Place,
        decided: &Decided,
        (row, epoch): (&'t RemoteRow, u64),
        trace: TraceId,
    ) -> Self {
        let (key, owes_sides, given_up) = (decided.facts.key, decided.owes_sides, row.given_up.clone());
        let (released, line, done) = (Vec::new(), None, Done::default());
        Self { write, place, key, row, epoch, owes_sides, released, line, given_up, trace, done }
    }

    fn carry_out(&mut self, decided: &Decided, join: &dyn Join) -> Result<(), Failure> {
        self.release(&decided.release)?;
        self.released.clone_from(&decided.release);
        match &decided.becomes {
            Becomes::Stays { owed } => self.stay(*owed)?,
            Becomes::Renews => self.renew()?,
            Becomes::Keeps => self.keep()?,
            Becomes::Adopts(main) => self.adopt(main)?,
            Becomes::Joins { main, common } => self.join(main, common, join)?,
        }
        for fork in &decided.hold {
            self.hold(fork)?;
        }
        self.let_go_within(&decided.within, decided.hold.len())
    }

    pub(super) fn tell(&mut self, what: EventKind) -> Result<(), Failure> {
        record::tell(self.write, self.key, self.trace, what)
    }

    /// Notes in the audit what is no event of its own.
    fn note(&mut self, action: AuditAction) -> Result<(), Failure> {
        record::note(self.write, About::draft(self.key, self.trace), action).map(drop)
    }

    /// Notes that the hub's main contains a revision of ours.
    fn share(&mut self, id: RevisionId, facts: &Facts) -> Result<(), Failure> {
        if let Some(row) = contains::get(self.write.txn, self.key, id)?.or_else(|| facts.contains.get(&id).cloned())
            && row.epoch != self.epoch
        {
            contains::put(self.write, self.key, id, &ContainedRow { epoch: self.epoch, ..row });
        }
        Ok(())
    }

    pub(super) fn owe(&mut self, owed: bool) -> Result<(), Failure> {
        if owed || self.owes_sides {
            let version = open_head(self.write, self.key)?.row.version;
            outbox::owe(self.write, self.key, version)
        } else {
            outbox::settle(self.write, self.key);
            Ok(())
        }
    }

    /// The head contains the hub's main already.
    fn stay(&mut self, owed: bool) -> Result<(), Failure> {
        if let Some(head) = heads::read(self.write.txn, self.key)? {
            self.hand_on(0, head.row.version)?;
            if !owed && !self.owes_sides {
                self.confirm(head.id())?;
            }
        }
        self.owe(owed)
    }

    /// Keeps a revision beside the head, as another side of the conflict. Without a head there is nothing to stand beside.
    pub(super) fn hold(&mut self, foreign: &Foreign) -> Result<(), Failure> {
        let Some(head) = heads::read(self.write.txn, self.key)? else { return Ok(()) };
        let sides = head.row.sides.saturating_add(1);
        let before = head.with_sides(sides);
        let version = receive::append(self.write, self.place, self.key, Some(&before), foreign, true)?;
        if !fault::on("fork-of-others-not-held") {
            sides::add(self.write, self.key, version);
        }
        self.done.conflicts += 1;
        self.tell(EventKind::ConflictDetected { version: head.row.version, theirs: version })
    }

    /// Lets sides go that the hub's main contains: whatever they hold is in there.
    pub(super) fn release(&mut self, versions: &[u64]) -> Result<(), Failure> {
        let Some(head) = heads::read(self.write.txn, self.key)?.filter(|_| !versions.is_empty()) else { return Ok(()) };
        let mut sides = head.row.sides;
        let mut there = sides::read(self.write.txn, self.key, &head)?;
        there.retain(|side| versions.contains(&side.version));
        for side in there {
            sides::remove(self.write, self.key, side);
            sides = sides.saturating_sub(1);
        }
        self.write.put(HEADS, self.key.bytes(), HeadRow { sides, ..head.row }.encode());
        self.note(AuditAction::ConflictReleased { sides: versions.len() as u64 })
    }

    /// Lets sides go that a fork of the hub's contains: the one that has just been held, where it can only be that one.
    fn let_go_within(&mut self, versions: &[u64], held: usize) -> Result<(), Failure> {
        self.release(versions)?;
        let newest = open_head(self.write, self.key)?.row.last;
        for version in versions {
            if held == 1 {
                contains::hand_on(self.write, self.key, *version, (newest, newest))?;
            } else {
                contains::forget(self.write, self.key, *version)?;
            }
        }
        Ok(())
    }

    /// Says who contains what the sides did that were let go: the head, from the version `since` on, or the side that the
    /// main is. Whoever contains the main contains them, and nobody else does.
    pub(super) fn hand_on(&mut self, side: u64, since: u64) -> Result<(), Failure> {
        let side = if fault::on("released-side-in-a-head-in-conflict") { 0 } else { side };
        for released in std::mem::take(&mut self.released) {
            contains::hand_on(self.write, self.key, released, (side, since))?;
        }
        Ok(())
    }

    /// Notes what the head contains by taking in a main: the main and what that was made from.
    pub(super) fn contain(&mut self, main: &Foreign, version: u64, since: u64) -> Result<(), Failure> {
        self.hand_on(0, since)?;
        self.line = Some(main.id);
        let vector = &main.header.vector;
        contains::add(self.write, self.key, main.id, since, (version, vector), self.epoch)?;
        for parent in &main.header.parents {
            contains::add(self.write, self.key, *parent, since, (0, &VersionVector::new()), 0)?;
        }
        Ok(())
    }

    /// The hub's main takes the head's place.
    pub(super) fn adopt(&mut self, main: &Foreign) -> Result<(), Failure> {
        let head = heads::read(self.write.txn, self.key)?;
        let version = receive::append(self.write, self.place, self.key, head.as_ref(), main, false)?;
        if let Some(head) = head {
            let before = (head.row.version, &head.header.vector);
            contains::add(self.write, self.key, head.id(), version, before, self.epoch)?;
        }
        self.contain(main, version, version)?;
        enter_slot(self.write, self.place, self.key, &main.header.kind, &main.meta)?;
        self.done.received = true;
        self.tell(EventKind::Received { version })?;
        self.owe(false)
    }

    /// The head is the hub's main.
    fn keep(&mut self) -> Result<(), Failure> {
        let head = open_head(self.write, self.key)?;
        let (version, id) = (head.row.version, head.id());
        self.line = Some(id);
        contains::add(self.write, self.key, id, version, (version, &head.header.vector), self.epoch)?;
        self.hand_on(0, version)?;
        self.confirm(id)?;
        self.owe(false)
    }

    /// Notes in the audit that the hub turned out to have a head that was still owed: the answer to the push was lost.
    fn confirm(&mut self, head: RevisionId) -> Result<(), Failure> {
        if outbox::read(self.write.txn, self.key)?.is_none() {
            return Ok(());
        }
        let is_fork = self.row.forks.contains(&head);
        let action = if is_fork { AuditAction::PushedFork } else { AuditAction::PushedMain };
        record::note(self.write, About::revision(self.key, head, self.trace), action).map(drop)
    }

    /// The head's text once more, as what came of the hub's main and of the head, which is a fork there. It says neither who
    /// made it nor when, so that every device makes the same.
    fn renew(&mut self) -> Result<(), Failure> {
        let head = open_head(self.write, self.key)?;
        let digests = self.place.keys.digests();
        let body = heads::body(self.write.txn, self.write.bodies, &digests, self.key, &head)?;
        let mut parents = vec![self.row.main, head.id()];
        parents.sort_unstable();
        parents.dedup();
        let header = Header { author: None, parents, time: Timestamp::default(), flags: 0, ..head.header.clone() };
        let meta = Meta { device: None, checkpoint: None, ..head.meta.clone() };
        let kind = kind_of(self.write, self.place.space, &head)?;
        let of = self.place.belongs(self.key.draft, kind);
        let written = append::append(self.write, of, Some(&head), New { header, meta, body, aside: false })?;
        let before = (head.row.version, &head.header.vector);
        contains::add(self.write, self.key, head.id(), written.version, before, 0)?;
        self.hand_on(0, written.version)?;
        self.note(AuditAction::Renewed { version: written.version })?;
        self.owe(true)
    }
}

/// The slot learns of a generation that came from elsewhere, or of its new phase.
pub(crate) fn enter_slot(
    write: &mut Write<'_>,
    place: &Place,
    key: DraftKey,
    kind_name: &str,
    meta: &Meta,
) -> Result<(), Failure> {
    let Some((slot, generation)) = &meta.slot else { return Ok(()) };
    let head = open_head(write, key)?;
    let kind = kind_of(write, place.space, &head)?;
    let of = SlotRef { space: place.space, kind, kind_name, key: slot, keys: &place.keys };
    let is_new = write.get(SLOTS, &of.row_key())?.is_none();
    let before = slots::read(write.txn, of)?.unwrap_or_default();
    let row = slots::recounted(write.txn, of, before.clone(), *generation)?;
    if is_new || row != before {
        slots::put(write.txn, of, is_new, row)?;
    }
    Ok(())
}
