//! The changes that a draft can go through, each within one commit: beginning, saves, phases, removal.

use super::append::{self, New, Written};
use super::audit::AuditAction;
use super::audit::record::{self, About};
use super::branch;
use super::cache::Body;
use super::erase::{marker, told};
use super::heads::{self, Head};
use super::keys::SpaceKeys;
use super::lists;
use super::queue::lock;
use super::remote::arrivals;
use super::remote::sealed::BodySeal;
use super::slots::{self, SlotRef};
use super::space::ensure_kind;
use super::stale::{self, Join, Revised};
use super::tables::{
    ANCHORS, CONTAINS, DraftKey, HEAD_ANCHORS, HEADS, KindNo, ListKey, OUTBOX, PACKS, PINS, SIDES, SpaceNo, TOMBSTONES,
    VERSIONS,
};
use super::versions::packed::Whole;
use super::view::View;
use super::write::{LastWritten, Write};
use crate::clock::Timestamp;
use crate::error::{ErrorKind, Failure};
use crate::fault;
use crate::id::{DraftId, RevisionId, TraceId};
use crate::phase::Phase;
use crate::revision::{FLAG_BLANK_YES, FLAG_CHECKPOINT, Header, Meta, empty_policy};
use crate::vector::VersionVector;
use std::sync::{Arc, Mutex};

/// The space that a change happens in.
#[derive(Debug, Clone)]
pub(crate) struct Place {
    pub(crate) space: SpaceNo,
    pub(crate) keys: SpaceKeys,
    pub(crate) days: u64,
    pub(crate) device: Option<String>,
    /// What seals the bodies that travel, where the store is sealed.
    pub(crate) seal: Option<BodySeal>,
}

impl Place {
    pub(crate) fn belongs(&self, draft: DraftId, kind: KindNo) -> append::Belongs {
        let key = DraftKey { space: self.space, draft };
        append::Belongs { key, kind, secret: self.keys.digests(), days: self.days }
    }
}

/// A document as it is to be stored.
#[derive(Debug, Clone)]
pub(crate) struct Text {
    pub(crate) kind: String,
    pub(crate) schema: u32,
    pub(crate) body: Body,
    pub(crate) label: Option<String>,
    /// The digest of the policy that it is merged by.
    pub(crate) policy: [u8; 32],
}

/// Begins a draft. In a slot its first revision says nothing of time, writer or device, so every device makes the same.
pub(crate) fn begin(
    write: &mut Write<'_>,
    place: &Place,
    draft: DraftId,
    slot: Option<(Vec<u8>, u32)>,
    text: Text,
) -> Result<Written, Failure> {
    let kind = ensure_kind(write, place.space, &text.kind)?;
    let is_shared = slot.is_some();
    let header = Header {
        draft,
        kind: text.kind,
        schema: text.schema,
        phase: Phase::Open,
        promoted: None,
        vector: if is_shared {
            VersionVector::new()
        } else {
            VersionVector::new().with(write.state.replica, write.tick()?)
        },
        author: (!is_shared).then_some(write.state.replica),
        parents: Vec::new(),
        time: if is_shared { Timestamp::default() } else { write.now },
        flags: 0,
        // The application's policy may change from release to release; the first revision of a slot must not.
        policy: if is_shared { empty_policy() } else { text.policy },
        blobs: Vec::new(),
        digest: [0; 32],
    };
    let device = if is_shared { None } else { place.device.clone() };
    let meta = Meta { slot, label: text.label, device, ..Meta::default() };
    append::append(write, place.belongs(draft, kind), None, New { header, meta, body: text.body, aside: false })
}

/// The slot's current draft, or one that begins now.
pub(crate) fn begin_in_slot(
    write: &mut Write<'_>,
    place: &Place,
    key: &[u8],
    text: Text,
    over: Over,
    trace: TraceId,
) -> Result<Begun, Failure> {
    let kind = ensure_kind(write, place.space, &text.kind)?;
    let kind_name = text.kind.clone();
    let of = SlotRef { space: place.space, kind, kind_name: &kind_name, key, keys: &place.keys };
    let found = slots::read(write.txn, of)?;
    let is_new = found.is_none();
    let mut row = found.unwrap_or_default();
    if over == Over::Never && row.latest > 0 && !fault::on("seeded-twice") {
        return Ok(Begun::Refused);
    }
    if let Some(current) = row.current() {
        let current = of.draft(current);
        if over == Over::Nothing {
            return Ok(Begun::Before(current));
        }
        let head = heads::read(write.txn, current)?.ok_or(ErrorKind::NoSuchDraft { draft: current.draft })?;
        if let Over::Exactly(revision) = over {
            is_expected(&head, Some(revision))?;
        }
        enter_phase(write, place, kind, &head, Entering::plain(Phase::Archived, &head))?;
        record::note(write, About::draft(current, trace), AuditAction::Archived)?;
        row = slots::read(write.txn, of)?.unwrap_or_default();
    } else if matches!(over, Over::Exactly(_)) {
        return Ok(Begun::Refused);
    }
    let mut generation = row.latest + 1;
    // A device that was told of a later one may not know of those in between.
    while generation <= slots::GENERATIONS_MAX && told::is_taken(write.txn, of.draft(generation))? {
        generation += 1;
    }
    if generation > slots::GENERATIONS_MAX {
        return Err(Failure::options("the slot has too many generations"));
    }
    let draft = of.draft(generation);
    begin(write, place, draft.draft, Some((key.to_vec(), generation)), text)?;
    slots::put(write.txn, of, is_new, slots::entered(row, generation, Phase::Open))?;
    Ok(Begun::Now(draft))
}

/// What became of beginning a draft in a slot.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Begun {
    /// It is the slot's current one, from before.
    Before(DraftKey),
    /// It began.
    Now(DraftKey),
    /// The slot is not as it has to be for that.
    Refused,
}

/// Whether a slot's current draft makes way for a new one.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Over {
    /// The current draft is the answer.
    Nothing,
    /// The current draft is archived first.
    Current,
    /// The current draft is archived first, where this is its head.
    Exactly(RevisionId),
    /// There never was one.
    Never,
}

/// What an editor's text is based on: what it last loaded or saved verbatim.
#[derive(Debug, Clone)]
pub(crate) struct Base {
    pub(crate) id: RevisionId,
    pub(crate) vector: VersionVector,
    pub(crate) version: u64,
    pub(crate) schema: u32,
    /// Its text: a head with the same text, written by a checkpoint or a phase, is no newer text.
    pub(crate) body: Body,
    /// Saves of this editor that nobody saw the end of: one of them may have become durable all the same.
    pub(crate) attempted: Vec<Attempt>,
}

/// A save whose outcome is not known, or not yet.
#[derive(Debug, Clone)]
pub(crate) struct Attempt {
    /// Its text: a checkpoint or a phase may have written that once more, as another revision.
    pub(crate) text: Body,
    /// The revision that it writes, once it has written it.
    pub(crate) id: Arc<Mutex<Option<RevisionId>>>,
}

impl Attempt {
    /// Whether this is the revision that the save wrote.
    pub(super) fn wrote(&self, id: RevisionId) -> bool {
        *lock(&self.id) == Some(id)
    }
}

impl Base {
    /// Whether this editor tried to save just this text, not knowing what became of it.
    fn has_attempted(&self, text: &[u8]) -> bool {
        !fault::on("attempts-forgotten") && self.attempted.iter().any(|attempt| **attempt.text == *text)
    }
}

/// What became of a save. `sides` counts what stands beside the head in an open conflict.
#[derive(Debug, Clone)]
pub(crate) enum Saving {
    /// The text was the head's already.
    Unchanged { head: Box<Head> },
    /// The head had moved on, and the editor's text is the one that it is based on: there is nothing to save.
    AsBefore { from: Revised, head: u64, sides: u64 },
    /// The text is the head now.
    Stored { written: Revised, at: Timestamp, sides: u64 },
    /// The head had moved on, and both were joined; the text as it was typed is a version of its own.
    Merged { typed: Revised, head: Revised, body: Body, sides: u64 },
    /// The text stands in an open conflict, as the head or beside it. `theirs` is what it newly conflicts with.
    Parted { typed: Revised, head: u64, theirs: Option<u64> },
}

impl Saving {
    /// The head, where it is another text than the one that was typed.
    pub(crate) fn unseen(&self) -> Option<u64> {
        match self {
            Self::Unchanged { .. } | Self::Stored { .. } => None,
            Self::AsBefore { head, .. } => Some(*head),
            Self::Merged { typed, head, .. } => (head.version != typed.version).then_some(head.version),
            Self::Parted { typed, head, .. } => (*head != typed.version).then_some(*head),
        }
    }
}

/// Saves a text over the head that it is based on, or together with a head that it is not based on.
pub(crate) fn save(
    write: &mut Write<'_>,
    place: &Place,
    key: DraftKey,
    base: &Base,
    text: Text,
    join: &dyn Join,
) -> Result<Saving, Failure> {
    let head = open_head(write, key)?;
    let current = heads::body(write.txn, write.bodies, &place.keys.digests(), key, &head)?;
    let is_based = head.id() == base.id
        || *current == *base.body
        || base.has_attempted(&current)
        || fault::on("stale-save-overwrites");
    // Before the phase is looked at: a text that went into the archive by a commit of unknown outcome is safe there.
    let is_the_same = *current == *text.body && text.schema == head.header.schema;
    if is_the_same && (is_based || !join.counts() || fault::on("equal-counters-counted-once")) {
        return Ok(Saving::Unchanged { head: Box::new(head) });
    }
    check_saves(&head)?;
    refuse_newer_schema(&head, text.schema)?;
    if !is_based {
        return stale::save(write, place, (key, head, current), base, &text, join);
    }
    let kind = kind_of(write, place.space, &head)?;
    let (header, meta) = typed_as(write, place, &head, &head.header.vector, &text)?;
    let (vector, at) = (header.vector.clone(), header.time);
    let new = New { header, meta, body: text.body, aside: false };
    let Written { version, id } = append::append(write, place.belongs(key.draft, kind), Some(&head), new)?;
    Ok(Saving::Stored { written: Revised { version, id, vector }, at, sides: head.row.sides })
}

/// Refuses a change that is about another head.
pub(crate) fn expect_head(write: &Write<'_>, key: DraftKey, expects: Option<RevisionId>) -> Result<(), Failure> {
    if expects.is_none() { Ok(()) } else { is_expected(&open_head(write, key)?, expects) }
}

/// Refuses a head that is not the expected one.
pub(crate) fn is_expected(head: &Head, expects: Option<RevisionId>) -> Result<(), Failure> {
    if expects.is_none_or(|expected| expected == head.id()) || fault::on("expected-head-unchecked") {
        return Ok(());
    }
    Err(ErrorKind::Stale { draft: head.header.draft, head: head.row.version }.into())
}

/// Refuses a head that is neither what an editor's text is based on, nor a save of that editor which nobody saw the end of.
pub(crate) fn is_over_base(head: &Head, base: &Base) -> Result<(), Failure> {
    let id = head.id();
    if base.attempted.iter().any(|attempt| attempt.wrote(id)) { Ok(()) } else { is_expected(head, Some(base.id)) }
}

/// The header of a text that somebody typed, and what goes with it.
pub(super) fn typed_as(
    write: &mut Write<'_>,
    place: &Place,
    head: &Head,
    vector: &VersionVector,
    text: &Text,
) -> Result<(Header, Meta), Failure> {
    let header = Header { policy: text.policy, ..edited(write, place, head, vector, text.schema)? };
    // No label where the kind has none for this type: an older one would name a text that is not there.
    let (label, device) = (text.label.clone(), place.device.clone());
    Ok((header, Meta { label, device, checkpoint: None, ..head.meta.clone() }))
}

pub(super) fn check_saves(head: &Head) -> Result<(), Failure> {
    if head.header.phase.takes_saves() {
        return Ok(());
    }
    Err(ErrorKind::Phase { draft: head.header.draft, phase: head.header.phase }.into())
}

/// Writes the head's text once more, under a checkpoint's name.
pub(crate) fn checkpoint(write: &mut Write<'_>, place: &Place, key: DraftKey, name: &str) -> Result<Written, Failure> {
    once_more(write, place, key, |head| FLAG_CHECKPOINT | still_blank(head), Some(name.to_owned()))
}

/// Writes the head's text once more, as it is.
pub(crate) fn again(write: &mut Write<'_>, place: &Place, key: DraftKey) -> Result<Written, Failure> {
    once_more(write, place, key, still_blank, None)
}

/// Writes the head's text once more, saying that it is meant to be blank: a hub's text may be replaced by it.
pub(crate) fn confirm_blank(write: &mut Write<'_>, place: &Place, key: DraftKey) -> Result<Written, Failure> {
    once_more(write, place, key, |_| FLAG_BLANK_YES, None)
}

fn once_more(
    write: &mut Write<'_>,
    place: &Place,
    key: DraftKey,
    flags: impl FnOnce(&Head) -> u64,
    checkpoint: Option<String>,
) -> Result<Written, Failure> {
    let head = open_head(write, key)?;
    let mut header = edited(write, place, &head, &head.header.vector, head.header.schema)?;
    header.flags |= flags(&head);
    let meta = Meta { checkpoint, device: place.device.clone(), ..head.meta.clone() };
    rewrite(write, place, &head, header, meta)
}

/// The same text is as blank as it was, and somebody may have said that this is meant.
fn still_blank(head: &Head) -> u64 {
    if fault::on("blank-confirmed-for-one-version") { 0 } else { head.header.flags & FLAG_BLANK_YES }
}

/// Makes an earlier text the head again, as a new version.
pub(crate) fn restore(
    write: &mut Write<'_>,
    place: &Place,
    key: DraftKey,
    (body, schema, label): (Body, u32, Option<String>),
    newest: u32,
) -> Result<Written, Failure> {
    let head = open_head(write, key)?;
    refuse_newer_schema(&head, newest)?;
    check_saves(&head)?;
    let kind = kind_of(write, place.space, &head)?;
    let header = edited(write, place, &head, &head.header.vector, schema)?;
    let meta = Meta { label, checkpoint: None, device: place.device.clone(), ..head.meta.clone() };
    append::append(write, place.belongs(key.draft, kind), Some(&head), New { header, meta, body, aside: false })
}

/// The phase that a draft enters, and what is kept with it.
#[derive(Debug, Clone)]
pub(crate) struct Entering {
    phase: Phase,
    promoted: Option<RevisionId>,
    outcome: Option<String>,
    discarded_from: Option<Phase>,
}

impl Entering {
    /// A phase that changes nothing else.
    pub(crate) fn plain(phase: Phase, head: &Head) -> Self {
        let (promoted, outcome) = (head.header.promoted, head.meta.outcome.clone());
        Self { phase, promoted, outcome, discarded_from: None }
    }

    /// The trash, from where the draft comes back to the phase that it has now.
    pub(crate) fn discarded(head: &Head) -> Self {
        Self { discarded_from: Some(head.header.phase), ..Self::plain(Phase::Discarded, head) }
    }

    /// The draft as it is now became something.
    pub(crate) fn promoted(head: &Head, outcome: &str, phase: Phase) -> Self {
        Self { phase, promoted: Some(head.id()), outcome: Some(outcome.to_owned()), discarded_from: None }
    }
}

/// Puts a draft into a phase: a version of its own, the lists and the slot with it.
pub(crate) fn enter_phase(
    write: &mut Write<'_>,
    place: &Place,
    kind: KindNo,
    head: &Head,
    entering: Entering,
) -> Result<Written, Failure> {
    enter_slot(write, place, kind, head, entering.phase)?;
    let mut header = edited(write, place, head, &head.header.vector, head.header.schema)?;
    header.flags |= still_blank(head);
    header.phase = entering.phase;
    header.promoted = entering.promoted;
    let meta = Meta {
        outcome: entering.outcome,
        discarded_from: entering.discarded_from,
        checkpoint: None,
        device: place.device.clone(),
        ..head.meta.clone()
    };
    rewrite(write, place, head, header, meta)
}

/// Tells the draft's slot, where it has one, which phase it enters.
fn enter_slot(write: &mut Write<'_>, place: &Place, kind: KindNo, head: &Head, phase: Phase) -> Result<(), Failure> {
    let Some((key, generation)) = &head.meta.slot else { return Ok(()) };
    let kind_name = head.header.kind.clone();
    let of = SlotRef { space: place.space, kind, kind_name: &kind_name, key, keys: &place.keys };
    let found = slots::read(write.txn, of)?;
    let is_new = found.is_none();
    let row = found.unwrap_or_default();
    if let Some(other) = row.current().filter(|current| current != generation)
        && phase.takes_saves()
    {
        return Err(ErrorKind::SlotTaken { by: of.draft(other).draft }.into());
    }
    let row = slots::entered_here(write.txn, of, row, *generation, phase)?;
    slots::put(write.txn, of, is_new, row)
}

/// Makes a draft what it was at an earlier version, its phase included, as a new version. `None` where it is that already.
pub(crate) fn return_to(
    write: &mut Write<'_>,
    place: &Place,
    key: DraftKey,
    whole: &Whole,
    newest: u32,
) -> Result<Option<Written>, Failure> {
    let head = open_head(write, key)?;
    let body = heads::body(write.txn, write.bodies, &place.keys.digests(), key, &head)?;
    let then = Meta::decode(&whole.meta)?;
    let of = |header: &Header, meta: &Meta| {
        (header.schema, header.phase, header.promoted, meta.outcome.clone(), meta.discarded_from)
    };
    if *body == whole.body && of(&head.header, &head.meta) == of(&whole.header, &then) {
        return Ok(None);
    }
    refuse_newer_schema(&head, newest)?;
    let kind = kind_of(write, place.space, &head)?;
    let Header { schema, phase, promoted, .. } = whole.header;
    if phase != head.header.phase {
        enter_slot(write, place, kind, &head, phase)?;
    }
    let header = Header { phase, promoted, ..edited(write, place, &head, &head.header.vector, schema)? };
    let meta = Meta { checkpoint: None, device: place.device.clone(), slot: head.meta.slot.clone(), ..then };
    let new = New { header, meta, body: Arc::new(whole.body.clone()), aside: false };
    append::append(write, place.belongs(key.draft, kind), Some(&head), new).map(Some)
}

/// Removes a draft and all that belongs to it; only a mark stays, so that its id is never used again.
pub(crate) fn purge(write: &mut Write<'_>, kind: KindNo, key: DraftKey) -> Result<(), Failure> {
    if let Some(head) = heads::read(write.txn, key)? {
        let list = ListKey { space: key.space, kind, phase: head.header.phase };
        let place = head.row.place;
        match write.txn.attempt(|txn| lists::remove(txn, list, place, key.draft)) {
            Err(failure) if !failure.is_damage() => return Err(failure),
            _ => {}
        }
    }
    let prefix = key.bytes();
    for table in [VERSIONS, ANCHORS, HEADS, HEAD_ANCHORS, PACKS, PINS, SIDES, OUTBOX, CONTAINS] {
        write.delete_prefix(table, &prefix)?;
    }
    let tombstone = marker::tombstone(write.now, false);
    write.put(TOMBSTONES, prefix, tombstone);
    write.bodies.forget(key);
    write.state.last_written = LastWritten::Removal;
    Ok(())
}

/// The head of a draft that has to exist.
pub(crate) fn open_head(write: &Write<'_>, key: DraftKey) -> Result<Head, Failure> {
    match heads::read(write.txn, key)? {
        Some(head) => Ok(head),
        None => Err(absent(write.txn, key)),
    }
}

/// Why a draft is not there.
pub(crate) fn absent(view: &impl View, key: DraftKey) -> Failure {
    match marker::is_erased(view, key) {
        Ok(true) => ErrorKind::Erased { draft: key.draft }.into(),
        Ok(false) => ErrorKind::NoSuchDraft { draft: key.draft }.into(),
        Err(failure) => failure,
    }
}

pub(crate) fn kind_of(write: &Write<'_>, space: SpaceNo, head: &Head) -> Result<KindNo, Failure> {
    let name = &head.header.kind;
    let kind = write.space(space)?.kind(name);
    kind.ok_or_else(|| Failure::corrupt(Some(head.header.draft), format!("the space does not know its kind {name:?}")))
}

/// An application that does not know the head's schema must not replace it.
pub(super) fn refuse_newer_schema(head: &Head, supported: u32) -> Result<(), Failure> {
    if head.header.schema <= supported {
        return Ok(());
    }
    Err(ErrorKind::SchemaTooNew { kind: head.header.kind.clone(), found: head.header.schema, supported }.into())
}

/// The same text under another header.
fn rewrite(write: &mut Write<'_>, place: &Place, head: &Head, header: Header, meta: Meta) -> Result<Written, Failure> {
    let key = DraftKey { space: place.space, draft: head.header.draft };
    let kind = kind_of(write, place.space, head)?;
    let body = heads::body(write.txn, write.bodies, &place.keys.digests(), key, head)?;
    append::append(write, place.belongs(key.draft, kind), Some(head), New { header, meta, body, aside: false })
}

/// The header of an edit of what contains `from`: one tick later, by this device, now.
fn edited(
    write: &mut Write<'_>,
    place: &Place,
    head: &Head,
    from: &VersionVector,
    schema: u32,
) -> Result<Header, Failure> {
    let tick = write.tick()?;
    let replica = write.state.replica;
    let key = DraftKey { space: place.space, draft: head.header.draft };
    let remote = arrivals::read(write.txn, key);
    let known = match &remote {
        Ok(remote) => branch::known(write, place, key, head, remote.as_ref()),
        Err(failure) => Err(failure.clone()),
    };
    let author = match known {
        Ok(known) => branch::writer(replica, from, &known),
        // A damaged conflict is no reason to refuse a save.
        Err(failure) if failure.is_damage() => branch::fresh(replica, tick),
        Err(failure) => return Err(failure),
    };
    // Somebody said that this store wrote more than it did: its next edit would seem to be in there already.
    let is_ahead = from.get(author) >= tick && !fault::on("own-edits-counted-by-others");
    let author = if is_ahead { branch::fresh(replica, tick) } else { author };
    // What the hub knows of the line that this goes on with: whoever gets this one contains that one as well.
    let is_of_head = *from == head.header.vector && !fault::on("edit-without-parents");
    let parents = match remote {
        Ok(row) => row.and_then(|row| row.line).filter(|_| is_of_head).into_iter().collect(),
        Err(failure) if failure.is_damage() => Vec::new(),
        Err(failure) => return Err(failure),
    };
    Ok(Header {
        schema,
        vector: from.edited_by(author, tick),
        author: Some(author),
        parents,
        time: write.now,
        flags: 0,
        ..head.header.clone()
    })
}
