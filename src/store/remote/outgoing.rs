//! What of a draft has to be pushed: its head, the checkpoints and phases before it, and the sides of its conflict.

use super::integrate::{Facts, facts, facts_and_head};
use super::rows::{ContainedRow, Parking, RemoteRow};
use super::sealed::BodySeal;
use super::{arrivals, body, contains, outbox};
use crate::error::{ErrorKind, Failure};
use crate::fault;
use crate::id::{KeyId, RevisionId, TraceId};
use crate::phase::Phase;
use crate::records::view::View;
use crate::revision::{CHAIN_MAX, FLAG_CHECKPOINT};
use crate::store::audit::record::{self, About};
use crate::store::audit::{AuditAction, Guard};
use crate::store::change::{self, Place};
use crate::store::erase;
use crate::store::heads::{self, Head};
use crate::store::rows::Stored;
use crate::store::tables::DraftKey;
use crate::store::versions::packed::{self, Whole};
use crate::store::versions::run;
use crate::store::write::Write;
use crate::vector::VersionVector;

/// How many versions back a checkpoint or a phase is looked for that has to be pushed for itself.
const BARRIERS_DEPTH: u64 = 256;

/// A revision that has to be pushed.
#[derive(Debug, Clone)]
pub(crate) struct Outgoing {
    pub(crate) key: DraftKey,
    pub(crate) id: RevisionId,
    pub(crate) version: u64,
    pub(crate) vector: VersionVector,
    pub(crate) header: Vec<u8>,
    /// Names and document as they travel: whole, or as a delta of `base`.
    pub(crate) body: Vec<u8>,
    pub(crate) base: Option<RevisionId>,
    /// How many deltas the document is made by on the hub.
    pub(crate) deltas: usize,
    /// The key that bodies were sealed with when this was gathered: what it builds on is sealed with it.
    pub(crate) sealed_with: Option<KeyId>,
    /// This device alone can have made it. What two may make, the hub may have from the other one, sealed with another key.
    pub(crate) is_authored: bool,
    pub(crate) meta: Vec<u8>,
    /// What it contains and the hub's main is not known to.
    pub(crate) contains: Vec<RevisionId>,
    /// As the main in place of this one, or as a fork.
    pub(crate) target: Aim,
    /// The side of the conflict that it is; 0 where it is of the head's line.
    pub(crate) side: u64,
    /// The document, for whoever looks at what leaves.
    pub(crate) document: Vec<u8>,
    pub(crate) kind: String,
    pub(crate) schema: u32,
    pub(crate) flags: u64,
    pub(crate) phase: Phase,
}

/// What a revision is to become on the hub.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Aim {
    Main { expects: Option<RevisionId> },
    Fork,
}

/// What of a draft the hub lacks, in the order in which it has to be pushed; empty where nothing is owed.
pub(crate) fn of(view: &impl View, place: &Place, key: DraftKey) -> Result<Vec<Outgoing>, Failure> {
    let Some((facts, Some(head))) = facts_and_head(view, place, key)? else { return Ok(Vec::new()) };
    let reading = Reading { view, place, facts: &facts };
    let mut out = Vec::new();
    let main = facts.row.as_ref().map(|row| row.main);
    let ours = |id: RevisionId| id == head.id() || facts.contains.get(&id).is_some_and(|row| row.side == 0);
    let in_conflict = main.is_some_and(|main| !ours(main)) && !fault::on("conflicting-head-pushed-as-main");
    let owes_head = !is_on_hub(&facts, head.id());
    let sides: Vec<u64> = facts.sides.iter().filter(|(_, id)| !is_on_hub(&facts, *id)).map(|(side, _)| *side).collect();
    if !owes_head && sides.is_empty() {
        return Ok(out);
    }
    let main_text = reading.main()?;
    let base = main_text.as_ref().map(Base::as_ref);
    // The side that was made from the main takes its place: as a fork beside it others would be shown both.
    let heir = main.filter(|_| in_conflict).and_then(|main| facts.contains.get(&main)).map_or(0, |row| row.side);
    if owes_head && in_conflict {
        out.push(reading.line(&head, head.row.version, Aim::Fork)?.over(base));
    } else if owes_head {
        let mut expects = main;
        for version in reading.barriers(&head, main)?.into_iter().chain([head.row.version]) {
            let next = reading.line(&head, version, Aim::Main { expects })?;
            let mut next = next.over(out.last().map(Outgoing::as_base).or(base));
            // What the one before it contains is in the hub's main by then.
            if let Some(Outgoing { contains, .. }) = out.last() {
                next.contains.retain(|id| !contains.contains(id));
            }
            expects = Some(next.id);
            out.push(next);
        }
    }
    for side in sides {
        let is_heir = side == heir && !fault::on("side-made-from-the-main-sent-as-a-fork");
        let target = if is_heir { Aim::Main { expects: main } } else { Aim::Fork };
        out.push(reading.side(side, target)?.over(base));
    }
    Ok(out)
}

/// Whether the hub is known to have a revision, as main, in it, as a fork, or in one.
pub(crate) fn is_on_hub(facts: &Facts, id: RevisionId) -> bool {
    if facts.row.as_ref().is_some_and(|row| row.erased.is_some()) {
        return false;
    }
    let is_shared = facts.contains.get(&id).is_some_and(|row| row.epoch == facts.epoch);
    is_shared || facts.row.as_ref().is_some_and(|row| row.has(id))
}

struct Reading<'r, V> {
    view: &'r V,
    place: &'r Place,
    facts: &'r Facts,
}

/// A revision whose document another one's body may be a delta of.
#[derive(Clone, Copy)]
struct Base<D> {
    id: RevisionId,
    document: D,
    deltas: usize,
}

impl Base<Vec<u8>> {
    fn as_ref(&self) -> Base<&[u8]> {
        Base { id: self.id, document: &self.document, deltas: self.deltas }
    }
}

impl<V: View> Reading<'_, V> {
    /// The hub's main, where its text is here and intact: what a body can be a delta of.
    fn main(&self) -> Result<Option<Base<Vec<u8>>>, Failure> {
        let Some(row) = self.facts.row.as_ref().filter(|row| row.deltas < CHAIN_MAX) else { return Ok(None) };
        // Whoever has the newest key alone could not read what builds on a body under another one.
        if row.key != self.key()? && !fault::on("deltas-across-keys") {
            return Ok(None);
        }
        let in_line = self.facts.contains.get(&row.main).map(|row| row.version).filter(|version| *version > 0);
        let beside = || self.facts.sides.iter().find(|(_, id)| *id == row.main).map(|(version, _)| *version);
        let Some(version) = in_line.or_else(beside) else { return Ok(None) };
        // Without it, it is sent whole.
        let main = packed::readable(self.view, &self.place.keys.digests(), self.facts.key, version)?;
        let main = main.filter(|main| main.id == row.main);
        Ok(main.map(|main| Base { id: main.id, document: main.body, deltas: row.deltas }))
    }

    /// Versions of the head's line that the hub does not have and that are states of their own: checkpoints and phases, as far
    /// as they contain the hub's main, whose place they take.
    fn barriers(&self, head: &Head, main: Option<RevisionId>) -> Result<Vec<u64>, Failure> {
        let key = self.facts.key;
        let owed = outbox::read(self.view, key)?.map_or(head.row.version, |owed| owed.version);
        let since = match main.and_then(|main| self.facts.contains.get(&main)) {
            Some(row) if !fault::on("barrier-in-place-of-what-it-lacks") => row.since,
            _ => 1,
        };
        let first = owed.max(head.row.version.saturating_sub(BARRIERS_DEPTH)).max(since).max(1);
        let mut barriers = Vec::new();
        let mut phase = match run::row(self.view, key, first.saturating_sub(1)) {
            Ok(Some(row)) if !row.local.aside => {
                crate::revision::Header::decode(&row.header).map(|header| header.phase).ok()
            }
            _ => None,
        };
        for version in first..head.row.version {
            // What is packed or damaged is not pushed for itself; the head contains it.
            let Ok(Some(row)) = run::row(self.view, key, version) else { continue };
            if row.local.aside {
                continue;
            }
            let header = crate::revision::Header::decode(&row.header)?;
            let is_barrier = header.flags & FLAG_CHECKPOINT != 0 || phase.is_some_and(|phase| phase != header.phase);
            phase = Some(header.phase);
            let id = crate::revision::revision_id(&row.header);
            if is_barrier && !is_on_hub(self.facts, id) && !fault::on("barriers-not-pushed") {
                barriers.push(version);
            }
        }
        Ok(barriers)
    }

    /// A version of the head's line.
    fn line(&self, head: &Head, version: u64, target: Aim) -> Result<Outgoing, Failure> {
        let (whole, anchor) = if version == head.row.version {
            self::head(self.view, self.place, head)?
        } else {
            (packed::whole(self.view, &self.place.keys.digests(), self.facts.key, version)?, None)
        };
        // It is compressed already.
        let body = anchor.and_then(|anchor| body::of_anchor(&whole.meta, anchor));
        let in_line = |row: &ContainedRow| row.side == 0 && row.since <= version;
        self.outgoing(version, whole, body, target, 0, in_line)
    }

    fn side(&self, version: u64, target: Aim) -> Result<Outgoing, Failure> {
        let whole = packed::whole(self.view, &self.place.keys.digests(), self.facts.key, version)?;
        self.outgoing(version, whole, None, target, version, |row| row.side == version)
    }

    fn outgoing(
        &self,
        version: u64,
        whole: Whole,
        body: Option<Vec<u8>>,
        target: Aim,
        side: u64,
        contains: impl Fn(&ContainedRow) -> bool,
    ) -> Result<Outgoing, Failure> {
        let is_said = |row: &ContainedRow| row.epoch != self.facts.epoch && contains(row);
        let said = self.facts.contains.iter().filter(|(id, row)| **id != whole.id && is_said(row));
        let contains = if fault::on("push-without-contains") { vec![] } else { said.map(|(id, _)| *id).collect() };
        Ok(Outgoing {
            key: self.facts.key,
            id: whole.id,
            version,
            header: whole.header.encode(),
            body: body.unwrap_or_else(|| body::whole(&whole.meta, &whole.body)),
            base: None,
            deltas: 0,
            sealed_with: self.key()?,
            is_authored: whole.header.author.is_some(),
            contains,
            target,
            side,
            schema: whole.header.schema,
            flags: whole.header.flags,
            phase: whole.header.phase,
            vector: whole.header.vector,
            kind: whole.header.kind,
            meta: whole.meta,
            document: whole.body,
        })
    }

    /// The key that bodies are sealed with now.
    fn key(&self) -> Result<Option<KeyId>, Failure> {
        self.place.seal.as_ref().map(BodySeal::key_id).transpose()
    }
}

/// The head, along whichever of its two paths is intact; with its document as it is stored, where that is one anchor.
pub(super) fn head<'h>(view: &impl View, place: &Place, head: &'h Head) -> Result<(Whole, Option<&'h [u8]>), Failure> {
    let (key, digests) = (DraftKey { space: place.space, draft: head.header.draft }, place.keys.digests());
    let meta = &head.row.meta;
    if let Ok(body) = heads::short_body(view, key, head)
        && crate::revision::body_digest(&digests, meta, &body) == head.header.digest
    {
        let (header, local) = (head.header.clone(), head.row.local);
        let anchor = if let Stored::Whole(anchor) = &head.row.stored { Some(&anchor[..]) } else { None };
        return Ok((Whole { id: head.id(), header, meta: meta.clone(), local, body }, anchor));
    }
    Ok((packed::whole(view, &digests, key, head.row.version)?, None))
}

/// Notes, before they leave, that later heads contain these: the answer may be lost.
pub(crate) fn leaving(write: &mut Write<'_>, outgoing: &[Departure]) -> Result<(), Failure> {
    if fault::on("sent-not-noted") {
        return Ok(());
    }
    for Departure { key, id, version, vector, side, .. } in outgoing {
        if *side == 0 && is_of_line(write, *key, vector)? {
            contains::add(write, *key, *id, *version, (*version, vector), 0)?;
            arrivals::line(write, *key, *id)?;
        }
    }
    Ok(())
}

/// Whether the head goes on from a revision that was its line's when it was read: somebody may have saved since, so that
/// it is a side by now, or is given up. What follows must not say that it contains such a one.
fn is_of_line(write: &Write<'_>, key: DraftKey, vector: &VersionVector) -> Result<bool, Failure> {
    let head = heads::read(write.txn, key)?;
    Ok(head.is_some_and(|head| vector.is_within(&head.header.vector)) || fault::on("left-text-noted-for-another-line"))
}

/// A revision that leaves, as it is noted.
#[derive(Debug, Clone)]
pub(crate) struct Departure {
    pub(crate) key: DraftKey,
    pub(crate) id: RevisionId,
    pub(crate) version: u64,
    pub(crate) vector: VersionVector,
    pub(crate) side: u64,
    /// How many deltas its document is made by on the hub.
    pub(crate) deltas: usize,
}

impl Outgoing {
    pub(crate) fn departure(&self) -> Departure {
        let Self { key, id, version, side, deltas, .. } = *self;
        Departure { key, id, version, vector: self.vector.clone(), side, deltas }
    }

    /// The same as a delta, where that is far shorter and the hub keeps one more upon this base.
    fn over(mut self, base: Option<Base<&[u8]>>) -> Self {
        if let Some(base) = base.filter(|base| base.deltas < CHAIN_MAX)
            && let Some(body) = body::over(base.document, &self.meta, &self.document, &self.body)
        {
            (self.body, self.base, self.deltas) = (body, Some(base.id), base.deltas + 1);
        }
        self
    }

    /// The same with a body that can be read alone.
    pub(crate) fn whole(self) -> Self {
        Self { body: body::whole(&self.meta, &self.document), base: None, deltas: 0, ..self }
    }

    fn as_base(&self) -> Base<&[u8]> {
        Base { id: self.id, document: &self.document, deltas: self.deltas }
    }

    /// How many bytes of it travel.
    pub(crate) fn bytes(&self) -> usize {
        self.header.len() + self.body.len() + if self.base.is_some() { RevisionId::LEN } else { 0 }
    }
}

/// The hub refuses a revision: the draft is parked, unless that is not the text that it has come to. Says which.
pub(crate) fn refused(
    write: &mut Write<'_>,
    sent: &Departure,
    parking: Parking,
    trace: TraceId,
) -> Result<bool, Failure> {
    let (about, guard) = (About::revision(sent.key, sent.id, trace), Guard::from_number(parking.code));
    let is_past =
        sent.side == 0 && heads::read(write.txn, sent.key)?.is_some_and(|head| head.row.version > sent.version);
    if is_past && !fault::on("refused-checkpoint-holds-up-the-draft") {
        outbox::pass_over(write, sent.key, sent.version)?;
        record::note(write, about, AuditAction::PassedOver { guard })?;
        return Ok(false);
    }
    outbox::park(write, sent.key, parking)?;
    record::note(write, about, AuditAction::Parked { guard })?;
    Ok(true)
}

/// How a revision was sent, and what is known of its place.
#[derive(Debug, Clone)]
pub(crate) struct Sent {
    pub(crate) contains: Vec<RevisionId>,
    pub(crate) target: Aim,
    /// The number that it has in the hub's feed, where that is known.
    pub(crate) seq: Option<u64>,
    /// The key that its body was sealed with.
    pub(crate) key: Option<KeyId>,
}

/// The hub has a revision now: as the main, or as a fork.
pub(crate) fn arrived(
    write: &mut Write<'_>,
    place: &Place,
    sent: &Departure,
    Sent { contains, target, seq, key: key_sent }: &Sent,
    as_fork: bool,
    trace: TraceId,
) -> Result<(), Failure> {
    let (key, target) = (sent.key, *target);
    let Some(mut facts) = facts(write.txn, place, key)? else { return Ok(()) };
    let Some(head) = facts.head else {
        // It was erased while this was on its way, and the hub has it now.
        return match change::absent(write.txn, key) {
            failure if matches!(failure.kind, ErrorKind::Erased { .. }) => {
                erase::hub::keep_out(write, key, sent.id, trace).map(drop)
            }
            failure => Err(failure),
        };
    };
    // What was given up here stays so, whatever has become of the hub since.
    let former = arrivals::read(write.txn, key)?;
    let before = facts.row.clone();
    let mut forks: Vec<RevisionId> = before.iter().flat_map(|row| row.forks.iter().copied()).collect();
    forks.retain(|fork| !contains.contains(fork));
    match (as_fork, before) {
        (true, Some(row)) => {
            if !forks.contains(&sent.id) {
                forks.push(sent.id);
            }
            let row = RemoteRow { forks, ..row };
            arrivals::put(write, key, &row);
            facts.row = Some(row);
            if target != Aim::Fork {
                arrivals::again(write, key);
            }
        }
        // Without a main there is no fork: the row will say so.
        (true, None) => {}
        (false, before) => {
            // Known before, and not in place of what was expected: a later main may contain it. The row will say which.
            let is_main = match target {
                Aim::Main { expects } => before.as_ref().map(|row| row.main) == expects,
                Aim::Fork => false,
            };
            let is_of_line = facts.contains.get(&sent.id).is_some_and(|row| row.side == 0);
            for (id, row) in &mut facts.contains {
                let is_in = *id == sent.id || contains.contains(id);
                if is_in && row.epoch != facts.epoch {
                    row.epoch = facts.epoch;
                    contains::put(write, key, *id, row);
                }
            }
            if is_main {
                let seq = seq.or(before.as_ref().map(|row| row.seq)).unwrap_or_default();
                let kept = if fault::on("given-up-forgotten-with-the-hub") { before.as_ref() } else { former.as_ref() };
                let said = RemoteRow::after(kept, (facts.epoch, seq), sent.id, forks);
                let own = is_of_line.then_some(sent.id);
                let row = RemoteRow { line: said.line.or(own), deltas: sent.deltas, key: *key_sent, ..said };
                arrivals::put(write, key, &row);
                facts.row = Some(row);
            }
        }
    }
    // Only what the hub has as it is here now ends the debt: an edit made meanwhile is another revision.
    let is_all = is_on_hub(&facts, head) && facts.sides.iter().all(|(_, id)| is_on_hub(&facts, *id));
    if is_all || fault::on("edit-during-a-push-marked-as-sent") {
        outbox::settle(write, key);
    }
    let action = if as_fork { AuditAction::PushedFork } else { AuditAction::PushedMain };
    record::note(write, About::revision(key, sent.id, trace), action).map(drop)
}
