//! Documents of an older application become drafts, once, however often that is tried.

use super::done::TakenOver;
use super::import::{BATCH, BATCH_BYTES};
use crate::clock::Timestamp;
use crate::draft::drafts::Drafts;
use crate::draft::joining::Joiner;
use crate::draft::space::{place, text};
use crate::error::{Failure, Result};
use crate::events::EventKind;
use crate::fault;
use crate::id::TraceId;
use crate::kind::AnySchema;
use crate::revision::{Header, Meta};
use crate::store::append::{self, New};
use crate::store::audit::record;
use crate::store::branch;
use crate::store::cache::Body;
use crate::store::change::{self, Base, Begun, Over, Place, Text, kind_of};
use crate::store::heads::{self, Head};
use crate::store::sides;
use crate::store::slots::{self, SlotRef};
use crate::store::space::ensure_kind;
use crate::store::tables::DraftKey;
use crate::store::versions::packed;
use crate::store::write::Write;
use crate::vector::VersionVector;
use serde::Serialize;
use serde::de::DeserializeOwned;
use std::sync::Arc;

/// A document that an older application left.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Legacy<T> {
    /// The key of the slot that it is about, of 1 to 256 bytes.
    pub slot: Vec<u8>,
    /// The document.
    pub document: T,
    /// When it was written there, for people.
    pub at: Timestamp,
}

/// One of them, ready to be written.
#[derive(Clone)]
struct Item {
    slot: Vec<u8>,
    text: Text,
    at: Timestamp,
}

impl<T: Serialize + DeserializeOwned + 'static> Drafts<T> {
    /// Takes over what an older application left, from wherever it lies: a slot that never had a draft begins with it, and further documents of
    /// the same slot, which have to come oldest first, are its next versions. Durable in batches of 32.
    ///
    /// A document is taken over once for each slot, however often it comes: call it at every start, or again after an error, with all of them.
    /// What somebody has typed since stays the head, and what somebody archived, put into the trash or purged stays where it is: a document
    /// that is new then stands beside the head, as a side of an open [conflict](crate::Draft::conflict), and of a purged draft nothing comes back.
    /// Validators are not asked.
    ///
    /// Costs, for a slot that has drafts already, reading the histories of all of them.
    ///
    /// ```
    /// use draftkeep::clock::Timestamp;
    /// use draftkeep::{Kind, Legacy, Options, Store};
    ///
    /// const NOTE: Kind<String> = Kind::new("note");
    /// let notes = Store::in_memory(Options::new())?.space("alice")?.drafts(NOTE)?;
    /// let left = |text: &str, day: u64| Legacy { slot: b"diary".to_vec(), document: text.to_owned(), at: Timestamp::from_millis(day * 86_400_000) };
    ///
    /// let all = || [left("It rained.", 1), left("It rained. It snowed.", 2)];
    /// let done = notes.take_over(all())?;
    /// assert_eq!((done.begun, done.added), (1, 1));
    /// assert_eq!(notes.take_over(all())?.known, 2);
    /// assert_eq!(notes.slot("diary").resume()?.expect("it was begun").load()?, "It rained. It snowed.");
    /// # Ok::<(), draftkeep::Error>(())
    /// ```
    ///
    /// # Errors
    ///
    /// `Name` where a key is empty or longer than 256 bytes, `Document` where a document cannot be written, and what the storage answers. What came
    /// before in whole batches stays.
    pub fn take_over(&self, items: impl IntoIterator<Item = Legacy<T>>) -> Result<TakenOver> {
        let (core, schema) = self.parts();
        let mut done = TakenOver::default();
        let (mut batch, mut before): (Vec<Item>, Before) = (Vec::new(), None);
        let mut items = items.into_iter();
        loop {
            let next = items.next();
            let is_over = next.is_none();
            if let Some(Legacy { slot, document, at }) = next {
                let text = core.engine.traced("take_over", |_| {
                    crate::draft::list::check_key(&slot)?;
                    text(schema, &document)
                })?;
                batch.push(Item { slot, text, at });
            }
            let bytes: usize = batch.iter().map(|item| item.text.body.len()).sum();
            if is_over || batch.len() >= BATCH || bytes >= BATCH_BYTES {
                let (place, items, schema) = (place(core), std::mem::take(&mut batch), Arc::clone(schema));
                let earlier = before.take();
                let (part, last) = core.engine.traced("take_over", |trace| {
                    core.engine.write(move |write| {
                        let (place, schema, done) = (&place, &schema, TakenOver::default());
                        let mut taking = Taking { write, place, schema, trace, before: earlier, done };
                        items.into_iter().try_for_each(|item| taking.take(item))?;
                        Ok((taking.done, taking.before))
                    })
                })?;
                (done, before) = (done.and(part), last);
            }
            if is_over {
                return Ok(done);
            }
        }
    }
}

impl TakenOver {
    fn and(self, other: Self) -> Self {
        Self {
            begun: self.begun + other.begun,
            added: self.added + other.added,
            beside: self.beside + other.beside,
            known: self.known + other.known,
        }
    }
}

/// What came before an item, where that is of the same slot: its text.
type Before = Option<(Vec<u8>, Body)>;

struct Taking<'t, 'w> {
    write: &'t mut Write<'w>,
    place: &'t Place,
    schema: &'t Arc<AnySchema>,
    trace: TraceId,
    before: Before,
    done: TakenOver,
}

impl Taking<'_, '_> {
    fn take(&mut self, item: Item) -> std::result::Result<(), Failure> {
        let Item { slot, text, at } = item;
        let before = self.before.replace((slot.clone(), Arc::clone(&text.body)));
        let before = before.filter(|(of, _)| *of == slot).map(|(_, body)| body);
        let now = std::mem::replace(&mut self.write.now, at);
        let taken = self.take_at(&slot, text, before.as_ref());
        self.write.now = now;
        taken
    }

    /// As [`take`](Self::take), at the time when it was written.
    fn take_at(&mut self, slot: &[u8], text: Text, before: Option<&Body>) -> std::result::Result<(), Failure> {
        let kind = ensure_kind(self.write, self.place.space, &text.kind)?;
        let of =
            SlotRef { space: self.place.space, kind, kind_name: &self.schema.name, key: slot, keys: &self.place.keys };
        let latest = slots::read(self.write.txn, of)?.map_or(0, |row| row.latest);
        if latest == 0 {
            if let Begun::Now(draft) =
                change::begin_in_slot(self.write, self.place, slot, text, Over::Never, self.trace)?
            {
                record::tell(self.write, draft, self.trace, EventKind::Started)?;
            }
            self.done.begun += 1;
            return Ok(());
        }
        let mut newest = None;
        for generation in (1..=latest).rev() {
            let key = of.draft(generation);
            let Some(head) = heads::read(self.write.txn, key)? else { continue };
            if is_known(self.write, self.place, key, &head, &text)? {
                self.done.known += 1;
                return Ok(());
            }
            newest.get_or_insert((key, head));
        }
        // All of them were purged: what somebody did away with does not come back.
        let Some((key, head)) = newest else {
            self.done.known += 1;
            return Ok(());
        };
        let body = heads::body(self.write.txn, self.write.bodies, &self.place.keys.digests(), key, &head)?;
        let is_untouched = before == Some(&body) && head.header.phase.takes_saves() && head.row.sides == 0;
        if is_untouched || fault::on("taken-over-in-place-of-what-was-typed") {
            self.next(key, &head, body, text)?;
            self.done.added += 1;
        } else {
            self.beside(key, &head, text)?;
            self.done.beside += 1;
        }
        Ok(())
    }

    /// Nobody has typed anything: it is the next version.
    fn next(&mut self, key: DraftKey, head: &Head, body: Body, text: Text) -> std::result::Result<(), Failure> {
        let (vector, version, schema) = (head.header.vector.clone(), head.row.version, head.header.schema);
        let base = Base { id: head.id(), vector, version, schema, body, attempted: Vec::new() };
        change::save(self.write, self.place, key, &base, text, &*Joiner::of_schema(self.schema)).map(drop)
    }

    /// Somebody works on the draft: it is a side of an open conflict, for them to look at.
    fn beside(&mut self, key: DraftKey, head: &Head, text: Text) -> std::result::Result<(), Failure> {
        let tick = self.write.tick()?;
        let author = branch::fresh(self.write.state.replica, tick);
        let header = Header {
            schema: text.schema,
            vector: VersionVector::new().with(author, tick),
            author: Some(author),
            parents: Vec::new(),
            time: self.write.now,
            flags: 0,
            policy: text.policy,
            ..head.header.clone()
        };
        let meta = Meta { label: text.label, checkpoint: None, device: self.place.device.clone(), ..head.meta.clone() };
        let kind = kind_of(self.write, self.place.space, head)?;
        let sides = head.row.sides.saturating_add(1);
        let before = head.with_sides(sides);
        let new = New { header, meta, body: text.body, aside: true };
        let belongs = self.place.belongs(key.draft, kind);
        let theirs = append::append(self.write, belongs, Some(&before), new)?.version;
        sides::add(self.write, key, theirs);
        record::tell(self.write, key, self.trace, EventKind::ConflictDetected { version: head.row.version, theirs })
    }
}

/// Whether one of the draft's versions has this text.
fn is_known(
    write: &Write<'_>,
    place: &Place,
    key: DraftKey,
    head: &Head,
    text: &Text,
) -> std::result::Result<bool, Failure> {
    if fault::on("taken-over-twice") {
        return Ok(false);
    }
    let secret = place.keys.digests();
    for entry in packed::entries(write.txn, key, head.row.last, |_, _| {})? {
        if entry.size == text.body.len() as u64
            && let Some(whole) = packed::readable(write.txn, &secret, key, entry.version)?
            && whole.body == **text.body
        {
            return Ok(true);
        }
    }
    Ok(false)
}
