//! Checking a whole store, and building anew what can be built from something else.

use super::audit;
use super::engine::Engine;
use super::erase::known::of_tables;
use super::erase::mending;
use super::heads::{self, Head};
use super::keys::SpaceKeys;
use super::lists;
use super::rows::{ListRow, SlotRow};
use super::sealing;
use super::sides;
use super::slots::{self, SlotRef};
use super::tables::{self, DraftKey, HEADS, KindNo, LISTS, ListKey, SLOTS, SpaceNo, VERSIONS};
use super::versions::packed;
use super::view::{Committed, View};
use super::write::{Write, meta_row, space_row};
use crate::error::{Failure, unless_damaged};
use crate::events::EventKind;
use crate::fault;
use crate::id::{DraftId, TraceId};
use crate::phase::Phase;
use crate::records::checking;
use crate::revision::{Header, body_digest};
use crate::storage::{Order, Scan, Table};
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

/// What checking a whole store found.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct Verified {
    /// Drafts that were read.
    pub drafts: u64,
    /// Versions that were read, each with its document.
    pub versions: u64,
    /// What is damaged; empty where all is well.
    pub damage: Vec<Damage>,
    /// The names of spaces whose keys the key ring does not give: of them nothing was read but whether each record is as it was written.
    pub sealed: Vec<String>,
}

impl Verified {
    /// Whether nothing is damaged.
    #[must_use]
    pub fn is_intact(&self) -> bool {
        self.damage.is_empty()
    }

    fn add(&mut self, draft: Option<DraftId>, what: impl Into<String>) {
        self.damage.push(Damage { draft, what: what.into() });
    }
}

/// Something that is damaged.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Damage {
    /// The draft that it belongs to, where it belongs to one.
    pub draft: Option<DraftId>,
    /// What it is, for people.
    pub what: String,
}

/// Turns damage into a line of the report; other failures end the check.
fn note<T>(report: &mut Verified, draft: Option<DraftId>, result: Result<T, Failure>) -> Result<Option<T>, Failure> {
    match result {
        Ok(value) => Ok(Some(value)),
        Err(failure) if failure.is_damage() => {
            report.add(draft, failure.kind.to_string());
            Ok(None)
        }
        Err(failure) => Err(failure),
    }
}

pub(crate) fn verify(engine: &Engine) -> Result<Verified, Failure> {
    let view = engine.read()?;
    let mut report = Verified::default();
    for (table, name) in tables::ALL {
        check_records(&view, table, name, &mut report)?;
    }
    let Some(meta) = note(&mut report, None, meta_row(&view))? else { return Ok(report) };
    let Some(meta) = meta else {
        report.add(None, "the store's own row is missing");
        return Ok(report);
    };
    for space in 1..=meta.spaces {
        if meta.is_sealed && !sealing::mend::are_in_both_places(&*view.snapshot, space)? {
            report.add(None, format!("the keys of space {space} are in one place only"));
        }
        match check_space(&view, space, &mut report) {
            Err(failure) if failure.is_about_a_key() => report.sealed.push(super::space::name_of(&view, space)?),
            checked => checked?,
        }
    }
    Ok(report)
}

fn check_records(view: &Committed, table: Table, name: &str, report: &mut Verified) -> Result<(), Failure> {
    let read = checking::mismatched(view, table, |key| {
        let draft = DraftKey::parse(key).map(|key| key.draft);
        report.add(draft, format!("a record of the table of {name} does not match its hash, or its seal"));
    });
    note(report, None, read).map(|_| ())
}

fn check_space(view: &Committed, space: SpaceNo, report: &mut Verified) -> Result<(), Failure> {
    let Some(row) = note(report, None, space_row(view, space))? else { return Ok(()) };
    let keys = SpaceKeys::new(&row.secret);
    let audit = note(report, None, audit::verify::verify(view, space, &row.name, None))?;
    if let Some(finding) = audit.and_then(|audit| audit.finding) {
        report.add(None, finding.to_string());
    }
    for (draft, what) in note(report, None, mending::contradictions(view, &keys, space))?.unwrap_or_default() {
        report.add(Some(draft), what);
    }
    let Some(drafts) = note(report, None, drafts(view, space))? else { return Ok(()) };
    let mut expected: BTreeMap<ListKey, BTreeMap<u64, DraftId>> = BTreeMap::new();
    for draft in drafts {
        let key = DraftKey { space, draft };
        report.drafts += 1;
        let Some(head) = note(report, Some(draft), heads::read(view, key))? else { continue };
        let Some(head) = head else { continue };
        if head.is_rebuilt {
            report.add(Some(draft), "its head can be read along one path only");
        }
        check_history(view, &keys, key, &head, report)?;
        note(report, Some(draft), sides::read(view, key, &head))?;
        let Some(kind) = row.kind(&head.header.kind) else {
            report.add(Some(draft), "the space does not know its kind");
            continue;
        };
        let list = ListKey { space, kind, phase: head.header.phase };
        expected.entry(list).or_default().insert(head.row.place, draft);
        check_slot(view, &keys, space, kind, &head, report)?;
    }
    for kind in 1..=KindNo::try_from(row.kinds.len()).unwrap_or(KindNo::MAX) {
        note(report, None, slots::each(view, space, kind, &[], |_, _| Ok(())))?;
        for phase in Phase::ALL {
            let list = ListKey { space, kind, phase };
            let expected = expected.remove(&list).unwrap_or_default();
            let found = note(report, None, whole_list(view, list))?;
            if found.is_some_and(|found| found != expected) {
                report.add(None, format!("the list of {phase} drafts of kind {kind} does not name all of them"));
            }
        }
    }
    Ok(())
}

/// Every draft that any of the two tables knows, below the hash check: a damaged row still names its draft.
fn drafts(view: &Committed, space: SpaceNo) -> Result<BTreeSet<DraftId>, Failure> {
    of_tables(view, space, &[HEADS, VERSIONS])
}

fn check_history(
    view: &Committed,
    keys: &SpaceKeys,
    key: DraftKey,
    head: &Head,
    report: &mut Verified,
) -> Result<(), Failure> {
    let mut unreadable = Vec::new();
    let entries = packed::entries(view, key, head.row.last, |first, last| unreadable.push((first, last)));
    let Some(entries) = note(report, Some(key.draft), entries)? else { return Ok(()) };
    for (first, last) in unreadable {
        report.add(Some(key.draft), format!("the versions {first} to {last} cannot be read"));
    }
    let mut versions = Vec::with_capacity(entries.len());
    for entry in entries {
        let whole = packed::whole(view, &keys.digests(), key, entry.version);
        if let Some(whole) = note(report, Some(key.draft), whole)? {
            report.versions += 1;
            versions.push((entry.version, whole.id));
        }
    }
    let said = audit::histories::contradiction(view, key, head.row.saves, &versions);
    if let Some(what) = note(report, Some(key.draft), said)?.flatten() {
        report.add(Some(key.draft), what);
    }
    let Some(body) = note(report, Some(key.draft), heads::short_body(view, key, head))? else { return Ok(()) };
    let header = Header::decode(&head.row.header)?;
    if !head.is_rebuilt && body_digest(&keys.digests(), &head.row.meta, &body) != header.digest {
        report.add(Some(key.draft), "its head's text does not match its id");
    }
    Ok(())
}

fn check_slot(
    view: &Committed,
    keys: &SpaceKeys,
    space: SpaceNo,
    kind: KindNo,
    head: &Head,
    report: &mut Verified,
) -> Result<(), Failure> {
    let Some((slot, generation)) = &head.meta.slot else { return Ok(()) };
    let draft = head.header.draft;
    if keys.slot_draft(&head.header.kind, slot, *generation) != draft {
        report.add(Some(draft), "its id does not belong to its slot");
    }
    let row = match view.get(SLOTS, &tables::slot(space, kind, slot)) {
        Ok(Some(bytes)) => SlotRow::decode(&bytes)?,
        Ok(None) => {
            report.add(Some(draft), "its slot does not know it");
            return Ok(());
        }
        // Named when the records were checked.
        Err(failure) if failure.is_damage() => return Ok(()),
        Err(failure) => return Err(failure),
    };
    let is_named = match head.header.phase {
        // Of several open ones the newest is current; the others are superseded.
        Phase::Open => row.open >= Some(*generation),
        Phase::Promoted => row.promoted >= Some(*generation),
        Phase::Archived | Phase::Discarded => row.open != Some(*generation) && row.promoted != Some(*generation),
    };
    if !is_named || row.latest < *generation {
        report.add(Some(draft), "its slot does not agree with its phase");
    }
    Ok(())
}

fn whole_list(view: &impl View, list: ListKey) -> Result<BTreeMap<u64, DraftId>, Failure> {
    let mut places = BTreeMap::new();
    let mut from = lists::top(view, list)?.older;
    while from.is_some() {
        let page = lists::page(view, list, from, 64)?;
        from = page.last().and_then(|(_, _, older)| *older);
        places.extend(page.into_iter().map(|(place, draft, _)| (place, draft)));
    }
    Ok(places)
}

/// Writes anew the heads, lists and slots of every space. Returns how many records it wrote.
pub(crate) fn repair(engine: &Arc<Engine>, trace: TraceId) -> Result<u64, Failure> {
    let spaces = meta_row(&engine.read()?)?.map_or(0, |meta| meta.spaces);
    let (mut written, mut keyless) = (0, None);
    for space in 1..=spaces {
        if let Some(seals) = engine.seals.clone() {
            // Asked here, where nobody waits for it; and what has no key is no reason to leave the others as they are.
            match seals.of(space) {
                Err(failure) if failure.is_about_a_key() && !fault::on("missing-key-stops-them-all") => {
                    keyless.get_or_insert(failure);
                    continue;
                }
                opened => drop(opened?),
            }
            written += engine.write(move |write| sealing::mend::mend(write, &seals, space))?;
        }
        written += engine.write(move |write| repair_space(write, space, trace))?;
    }
    engine.bodies.clear();
    keyless.map_or(Ok(written), Err)
}

fn repair_space(write: &mut Write<'_>, space: SpaceNo, trace: TraceId) -> Result<u64, Failure> {
    let row = write.space(space)?;
    let keys = SpaceKeys::new(&row.secret);
    let mut heads_by_list: BTreeMap<ListKey, BTreeMap<u64, DraftId>> = BTreeMap::new();
    let mut slot_rows: BTreeMap<Vec<u8>, SlotRow> = BTreeMap::new();
    // First of all: what was erased is not to be built anew from what is left of it.
    let (erased, mut written) = mending::repair(write, &keys, space)?;
    for draft in drafts(&write.txn.committed, space)? {
        if erased.contains(&draft) {
            continue;
        }
        let key = DraftKey { space, draft };
        let head = match heads::read(write.txn, key) {
            Ok(Some(head)) => head,
            Ok(None) => continue,
            Err(failure) if failure.is_damage() => continue,
            Err(failure) => return Err(failure),
        };
        let Some(kind) = row.kind(&head.header.kind) else { continue };
        if head.is_rebuilt {
            super::append::rebuild_head(write, key, &head, &keys)?;
            written += 1;
        }
        if sides::read(write.txn, key, &head).is_err_and(|failure| failure.is_damage()) {
            let entries = packed::entries(write.txn, key, head.row.last, |_, _| {})?;
            written += sides::rebuild(write, key, &entries)?;
        }
        if let Some((slot, generation)) = &head.meta.slot {
            let of = SlotRef { space, kind, kind_name: &head.header.kind, key: slot, keys: &keys };
            let slot_row = slot_rows.entry(of.row_key()).or_default();
            *slot_row = slots::entered(std::mem::take(slot_row), *generation, head.header.phase);
        }
        let list = ListKey { space, kind, phase: head.header.phase };
        heads_by_list.entry(list).or_default().insert(head.row.place, draft);
    }
    match audit::verify::repair(write, space, trace) {
        Ok(count) => written += count,
        Err(failure) if failure.is_damage() => {}
        Err(failure) => return Err(failure),
    }
    written += repair_slots(write, space, row.kinds.len(), slot_rows)?;
    for kind in 1..=KindNo::try_from(row.kinds.len()).unwrap_or(KindNo::MAX) {
        for phase in Phase::ALL {
            let list = ListKey { space, kind, phase };
            let expected = heads_by_list.remove(&list).unwrap_or_default();
            if whole_list(write.txn, list).is_ok_and(|found| found == expected) {
                continue;
            }
            written += rewrite_list(write, list, &expected)?;
        }
    }
    write.state.newest.remove(&space);
    if written > 0 {
        let what = format!("{written} records of heads, lists and slots were built anew");
        write.tell(space, None, trace, EventKind::Healed { what });
    }
    Ok(written)
}

/// Writes the chains of a space's slots anew, as far as they differ from what the drafts say.
fn repair_slots(
    write: &mut Write<'_>,
    space: SpaceNo,
    kinds: usize,
    mut rows: BTreeMap<Vec<u8>, SlotRow>,
) -> Result<u64, Failure> {
    for kind in 1..=KindNo::try_from(kinds).unwrap_or(KindNo::MAX) {
        rows.entry(tables::slot(space, kind, &[])).or_default();
    }
    // A generation that was purged, and a slot of which all are, are known to the old rows only.
    let mut old = BTreeMap::new();
    let prefix = space.to_be_bytes();
    let mut from = prefix.to_vec();
    let end = tables::after(&prefix);
    loop {
        let scan = Scan { from: &from, to: end.as_deref(), order: Order::Ascending, limit: 1 };
        let Some((key, stored)) = write.txn.committed.snapshot.scan(SLOTS, scan)?.pop() else { break };
        from = [&key[..], &[0]].concat();
        let row = write.txn.committed.open(SLOTS, &key, stored).and_then(|bytes| Ok(SlotRow::decode(&bytes)?));
        if let Some(row) = unless_damaged(row)? {
            let new = rows.entry(key.clone()).or_default();
            new.latest = new.latest.max(row.latest);
            // It says that there may be others, and may do so longer than there are.
            new.has_others |= row.has_others;
            new.unknown = row.unknown.clone();
            old.insert(key, row);
        }
    }
    let keys: Vec<Vec<u8>> = rows.keys().cloned().collect();
    let mut written = 0;
    for (index, (key, mut row)) in rows.into_iter().enumerate() {
        let next = keys.get(index + 1).filter(|next| next[..tables::SLOT_PREFIX] == key[..tables::SLOT_PREFIX]);
        row.next = next.map(|next| next[tables::SLOT_PREFIX..].to_vec());
        if old.get(&key) != Some(&row) {
            write.put(SLOTS, key, row.encode());
            written += 1;
        }
    }
    Ok(written)
}

fn rewrite_list(write: &mut Write<'_>, list: ListKey, places: &BTreeMap<u64, DraftId>) -> Result<u64, Failure> {
    let top = list.top();
    write.delete_prefix(LISTS, &top[..top.len() - 8])?;
    let mut older = None;
    for (place, draft) in places {
        write.put(LISTS, list.place(*place), ListRow { draft: Some(*draft), older, count: 0 }.encode());
        older = Some(*place);
    }
    let count = places.len() as u64;
    write.put(LISTS, top, ListRow { draft: None, older, count }.encode());
    Ok(count + 1)
}
