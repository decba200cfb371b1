//! A draft of a slot that was begun here, while the hub's draft of that generation went into the archive: two devices opened
//! one slot without knowing of each other, and one of them is done with it. What was written here becomes the next generation,
//! instead of going into an archive where nobody looks for it.

use super::contains;
use super::integrate::{Taking, enter_slot};
use super::receive::{self, Foreign};
use super::rows::ContainedRow;
use crate::error::Failure;
use crate::events::EventKind;
use crate::fault;
use crate::phase::Phase;
use crate::records::view::View;
use crate::revision::Meta;
use crate::store::append::{self, New};
use crate::store::audit::AuditAction;
use crate::store::audit::record::{self, About};
use crate::store::change::{self, Text, kind_of, open_head, typed_as};
use crate::store::erase::told;
use crate::store::heads::{self, Head};
use crate::store::slots::{GENERATIONS_MAX, SlotRef};
use crate::store::tables::{DraftKey, TOMBSTONES};
use crate::store::versions::packed::{self, Whole};
use std::sync::Arc;

impl Taking<'_, '_> {
    /// The slot's first text here, where the draft is to become another generation.
    pub(super) fn has_to_move(&self, head: &Head, main: &Foreign) -> Result<Option<Whole>, Failure> {
        let is_open = head.header.phase == Phase::Open && head.row.sides == 0;
        if main.header.phase != Phase::Archived || !is_open || head.meta.slot.is_none() || fault::on("slot-never-moved")
        {
            return Ok(None);
        }
        // Without it both are merged: nothing is lost by that either.
        let first = packed::readable(self.write.txn, &self.place.keys.digests(), self.key, 1)?;
        let Some(first) = first else { return Ok(None) };
        let is_of_slot = first.header.author.is_none() && first.header.vector.is_empty();
        // Whatever was sent, or came from the hub, may have been built on elsewhere; what is in its main is not of this device alone.
        let is_of_main =
            |row: &ContainedRow| self.epoch > 0 && row.epoch == self.epoch || fault::on("moved-although-sent");
        let known = contains::read(self.write.txn, self.key)?;
        let is_unseen = known.iter().all(|(id, row)| *id == first.id && is_of_main(row));
        Ok((is_of_slot && is_unseen).then_some(first))
    }

    /// The hub's draft takes its place, and what was written here goes on as the slot's next free generation.
    pub(super) fn move_on(&mut self, head: &Head, first: Whole, main: &Foreign) -> Result<(), Failure> {
        let Some((slot, generation)) = head.meta.slot.clone() else { return Ok(()) };
        let kind = kind_of(self.write, self.place.space, head)?;
        let (place, kind_name) = (self.place, head.header.kind.clone());
        let of = SlotRef { space: place.space, kind, kind_name: &kind_name, key: &slot, keys: &place.keys };
        let mut next = generation;
        let key = loop {
            next += 1;
            if next > GENERATIONS_MAX {
                return Err(Failure::options("the slot has too many generations"));
            }
            let key = of.draft(next);
            let is_gone = self.write.get(TOMBSTONES, &key.bytes())?.is_some() || told::is_taken(self.write.txn, key)?;
            if heads::read(self.write.txn, key)?.is_none() && !is_gone {
                break key;
            }
        };
        let body = heads::body(self.write.txn, self.write.bodies, &place.keys.digests(), self.key, head)?;
        let version = receive::append(self.write, place, self.key, Some(head), main, false)?;
        self.contain(main, version, version)?;
        self.given_up = self.given_up.joined(&head.header.vector);
        self.begin_next(key, (slot.clone(), next), first, head, body)?;
        let meta = Meta { slot: Some((slot, next)), ..Meta::default() };
        enter_slot(self.write, place, self.key, &kind_name, &meta)?;
        (self.done.received, self.done.moved) = (true, true);
        self.tell(EventKind::Received { version })?;
        self.tell(EventKind::Moved { to: key.draft })?;
        self.owe(false)
    }

    /// The same first text as on any device, and on it the one that was the head here.
    fn begin_next(
        &mut self,
        key: DraftKey,
        slot: (Vec<u8>, u32),
        first: Whole,
        head: &Head,
        body: crate::store::cache::Body,
    ) -> Result<(), Failure> {
        let label = Meta::decode(&first.meta)?.label;
        let (kind, policy) = (head.header.kind.clone(), head.header.policy);
        let text = |schema, body, label| Text { kind: kind.clone(), schema, body, label, policy };
        let begun = text(first.header.schema, Arc::new(first.body), label);
        let is_all = *begun.body == *body && begun.schema == head.header.schema;
        change::begin(self.write, self.place, key.draft, Some(slot), begun)?;
        record::note(self.write, About::draft(key, self.trace), AuditAction::Started)?;
        if is_all {
            return Ok(());
        }
        let now = open_head(self.write, key)?;
        let typed = text(head.header.schema, body, head.meta.label.clone());
        let (header, meta) = typed_as(self.write, self.place, &now, &now.header.vector, &typed)?;
        let of = self.place.belongs(key.draft, kind_of(self.write, self.place.space, &now)?);
        append::append(self.write, of, Some(&now), New { header, meta, body: typed.body, aside: false })?;
        Ok(())
    }
}
