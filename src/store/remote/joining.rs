//! A head and the hub's main become one, over the last texts that both have in common, or stand against each other.

use super::contains;
use super::integrate::{Taking, enter_slot};
use super::receive::{self, Foreign};
use super::rows::ContainedRow;
use crate::clock::Timestamp;
use crate::error::Failure;
use crate::events::EventKind;
use crate::fault;
use crate::id::RevisionId;
use crate::phase::{self, Stage, Went};
use crate::revision::{Header, Meta};
use crate::store::append::{self, New};
use crate::store::change::{kind_of, open_head};
use crate::store::heads::{self, Head};
use crate::store::settle::stage;
use crate::store::sides;
use crate::store::stale::{Edition, Join, Joined, Stands};
use crate::store::versions::packed::{self, Whole};

impl Taking<'_, '_> {
    /// The head and the hub's main become one, or stand against each other.
    pub(super) fn join(&mut self, main: &Foreign, common: &[RevisionId], join: &dyn Join) -> Result<(), Failure> {
        let head = open_head(self.write, self.key)?;
        if let Some(first) = self.has_to_move(&head, main)? {
            return self.move_on(&head, first, main);
        }
        let digests = self.place.keys.digests();
        let body = heads::body(self.write.txn, self.write.bodies, &digests, self.key, &head)?;
        let bases = self.bases(&head, common)?;
        let joined = self.joined(&head, &body, main, &bases, join);
        let Some((joined, stage)) = joined else { return self.conflict(&head, main) };
        // It may have stood against the head until somebody changed that.
        let mains = self.sides_with(&head, main.id)?;
        self.release(&mains)?;
        self.released.extend(mains);
        let head = open_head(self.write, self.key)?;
        let (meta, parents) = (&head.meta, vec![main.id]);
        let header = Header {
            schema: joined.schema,
            phase: stage.phase,
            promoted: stage.promoted,
            vector: head.header.vector.joined(&main.header.vector),
            author: None,
            parents,
            time: Timestamp::default(),
            flags: 0,
            policy: joined.policy,
            ..head.header.clone()
        };
        let meta = Meta {
            label: joined.label,
            outcome: stage.outcome,
            discarded_from: stage.discarded_from,
            device: None,
            checkpoint: None,
            ..meta.clone()
        };
        let is_the_main = *joined.body == *main.body
            && (header.phase, header.promoted, header.schema)
                == (main.header.phase, main.header.promoted, main.header.schema);
        if is_the_main && !self.has_fork_of_ours(&head)? {
            return self.adopt(main);
        }
        let aside = receive::append(self.write, self.place, self.key, Some(&head), main, true)?;
        let before = open_head(self.write, self.key)?;
        let kind = kind_of(self.write, self.place.space, &before)?;
        let new = New { header, meta: meta.clone(), body: joined.body, aside: false };
        let of = self.place.belongs(self.key.draft, kind);
        let written = append::append(self.write, of, Some(&before), new)?;
        // Whoever parts from the head that was, as a window that is still open, has it in common with the merge.
        let former = (head.row.version, &head.header.vector);
        contains::add(self.write, self.key, head.id(), written.version, former, 0)?;
        self.contain(main, aside, written.version)?;
        enter_slot(self.write, self.place, self.key, &main.header.kind, &meta)?;
        (self.done.received, self.done.merged) = (true, true);
        self.tell(EventKind::Merged { version: aside, head: written.version, overwritten: join.overwritten() })?;
        self.owe(true)
    }

    /// The last texts that both have in common, as far as they are here, and what two of them came from.
    fn bases(&self, head: &Head, common: &[RevisionId]) -> Result<(Vec<Whole>, Option<Whole>), Failure> {
        let digests = self.place.keys.digests();
        let all = contains::with_first_of_slot(self.write.txn, &digests, self.key, head)?;
        let known: Vec<&ContainedRow> =
            common.iter().filter_map(|id| all.get(id)).filter(|row| row.version > 0).collect();
        let mut tops = Vec::new();
        for version in newest(&known) {
            tops.extend(self.readable(version)?);
        }
        if fault::on("merge-over-one-of-several-bases") {
            tops.truncate(1);
        }
        let below = match &tops[..] {
            [one, other] => {
                // By vectors, for what both came from was perhaps never pushed for itself.
                let entries = packed::entries(self.write.txn, self.key, head.row.last, |_, _| {})?;
                match sides::common(&entries, &one.header.vector, &other.header.vector)[..] {
                    [version] => self.readable(version)?,
                    _ => None,
                }
            }
            _ => None,
        };
        Ok((tops, below))
    }

    /// A version, where it can be read. What cannot be had is no base: more is asked of a person, and nothing is lost.
    fn readable(&self, version: u64) -> Result<Option<Whole>, Failure> {
        packed::readable(self.write.txn, &self.place.keys.digests(), self.key, version)
    }

    fn joined(
        &self,
        head: &Head,
        body: &[u8],
        main: &Foreign,
        (tops, below): &(Vec<Whole>, Option<Whole>),
        join: &dyn Join,
    ) -> Option<(Joined, Stage)> {
        if join.counts() && !is_countable((&head.header, &main.header), tops, below.as_ref()) {
            return None;
        }
        let stages: Vec<Stage> = tops.iter().map(|top| stage_of(&top.header, &top.meta)).collect();
        let base_stage = stages.first().filter(|first| stages.iter().all(|stage| stage == *first));
        let is_edited = |text: &[u8]| tops.is_empty() || tops.iter().any(|top| top.body != text);
        let ours = stage(&head.header, &head.meta);
        let theirs = stage(&main.header, &main.meta);
        let went = |to, text| Went { to, edited: is_edited(text) };
        let stage = phase::merge(base_stage, went(&ours, body), went(&theirs, &main.body))?;
        let edition = |whole: &Whole| (whole.body.clone(), whole.header.schema);
        let tops: Vec<_> = tops.iter().map(edition).collect();
        let below = below.as_ref().map(edition);
        let bases: Vec<Edition<'_>> =
            tops.iter().map(|(body, schema)| Edition { body, schema: *schema, at: Stands::Hub(0) }).collect();
        let below = below.as_ref().map(|(body, schema)| Edition { body, schema: *schema, at: Stands::Hub(0) });
        let ours = Edition { body, schema: head.header.schema, at: Stands::Here(head.row.version) };
        let theirs = Edition { body: &main.body, schema: main.header.schema, at: Stands::Hub(self.row.seq) };
        Some((join.join(&bases, below, ours, theirs)?, stage))
    }

    /// Both stay: the main beside the head, as a side that a person decides on.
    fn conflict(&mut self, head: &Head, main: &Foreign) -> Result<(), Failure> {
        let gone_on = contains::get(self.write.txn, self.key, main.id)?.map_or(0, |row| row.side);
        let mut side = if gone_on > 0 { Some(gone_on) } else { self.sides_with(head, main.id)?.pop() };
        if side.is_none() && !fault::on("main-of-a-conflict-not-kept") {
            self.hold(main)?;
            side = Some(open_head(self.write, self.key)?.row.last);
        }
        if let Some(side) = side {
            self.hand_on(side, side)?;
        }
        let is_there = self.row.has(head.id());
        self.owe(!is_there)
    }

    /// Whether the hub keeps something as a fork that the head is or contains: it stays one, for everybody, until a main contains it.
    fn has_fork_of_ours(&self, head: &Head) -> Result<bool, Failure> {
        for fork in &self.row.forks {
            let is_in_head = contains::get(self.write.txn, self.key, *fork)?.is_some_and(|row| row.side == 0);
            if (*fork == head.id() || is_in_head) && !fault::on("own-fork-left-to-others") {
                return Ok(true);
            }
        }
        Ok(false)
    }

    /// The sides that are this revision.
    fn sides_with(&self, head: &Head, id: RevisionId) -> Result<Vec<u64>, Failure> {
        let sides = sides::revisions(self.write.txn, &self.place.keys.digests(), self.key, head)?;
        Ok(sides.into_iter().filter(|(_, side)| *side == id).map(|(version, _)| version).collect())
    }
}

/// Whether what both count can be told from what each counted, which takes a base that has exactly the edits that both have:
/// one that lacks some of them would count these twice.
fn is_countable((ours, theirs): (&Header, &Header), tops: &[Whole], below: Option<&Whole>) -> bool {
    if fault::on("counted-over-an-older-base") {
        return tops.len() < 2 || below.is_some();
    }
    let common = ours.vector.meet(&theirs.vector);
    match (tops, below) {
        ([], _) => common.is_empty(),
        ([top], _) => top.header.vector == common,
        ([one, other], Some(below)) => {
            let (one, other) = (&one.header.vector, &other.header.vector);
            one.join(other) == common && below.header.vector == one.meet(other)
        }
        _ => false,
    }
}

fn stage_of(header: &Header, meta: &[u8]) -> Stage {
    stage(header, &Meta::decode(meta).unwrap_or_default())
}

/// Of several revisions those that no other one contains, by their versions.
fn newest(among: &[&ContainedRow]) -> Vec<u64> {
    let is_below = |a: &ContainedRow, b: &ContainedRow| a.vector.is_within(&b.vector);
    let is_top = |a: &&&ContainedRow| {
        // Of two with one vector the one that was written later stands for both.
        let is_above = |b: &&ContainedRow| is_below(a, b) && (!is_below(b, a) || b.version > a.version);
        !among.iter().any(is_above)
    };
    among.iter().filter(is_top).map(|row| row.version).collect()
}
