//! Goal: whoever changes an audit in a store is found out, at the first entry that is not what was written; and what a chain alone
//! cannot show, an anchor does.
//!
//! Method: a store in memory with an audit of two spaces, and every change to it that is small enough to try them all: each byte
//! of each record, each record gone, repeated or exchanged with another, with the record's own hash left as it was, or made to
//! fit again, as somebody would who knows the format.

use draftkeep::clock::{ManualClock, SeededEntropy, TaskQueue};
use draftkeep::storage::{Batch, Entry, MemoryStorage, Order, Origin, Scan, Storage, Table};
use draftkeep::{AuditFault, AuditFinding, AuditHead, AuditQuery, AuditRetention, Kind, Options, Space, Store};
use std::error::Error;
use std::sync::Arc;

type Outcome<T = ()> = Result<T, Box<dyn Error>>;

const NOTE: Kind<String> = Kind::new("note");
const AUDIT: Table = Table::new(20);
const INDEX: Table = Table::new(21);

/// How far an entry's own hash lies from its end, with the record's.
const TAIL: usize = 32 + 32;

fn open(storage: &MemoryStorage, retention: AuditRetention) -> Outcome<Store> {
    let (clock, tasks) = (ManualClock::new(), TaskQueue::new());
    let options = Options::with_runtime(Arc::new(clock), Arc::new(tasks), Arc::new(SeededEntropy::new(3)));
    Ok(Store::with_storage(Arc::new(storage.clone()), options.device("laptop").audit_retention(retention))?)
}

/// A store with twelve entries in alice's audit, and one in bob's.
fn written() -> Outcome<MemoryStorage> {
    let storage = MemoryStorage::new();
    let store = open(&storage, AuditRetention::all())?;
    let notes = store.space("alice")?.drafts(NOTE)?;
    let (one, two) = (notes.start(&"one".to_owned())?, notes.slot("two").start(&"two".to_owned())?);
    for name in ["a", "b", "c"] {
        one.checkpoint(name)?;
        two.checkpoint(name)?;
    }
    store.space("alice")?.take_restore_point("p")?;
    one.promote("book")?;
    two.discard()?;
    two.purge()?;
    store.space("bob")?.drafts(NOTE)?.start(&"bob's".to_owned())?;
    Ok(storage)
}

fn alice(storage: &MemoryStorage) -> Outcome<Space> {
    Ok(open(storage, AuditRetention::all())?.space("alice")?)
}

fn records(storage: &MemoryStorage, table: Table) -> Outcome<Vec<Entry>> {
    let scan = Scan { from: &[0], to: None, order: Order::Ascending, limit: 1_000 };
    let all = storage.snapshot()?.scan(table, scan)?;
    Ok(all.into_iter().filter(|(key, _)| key.starts_with(&1_u32.to_be_bytes())).collect())
}

fn number(key: &[u8]) -> u64 {
    u64::from_be_bytes(*key.last_chunk().expect("a key ends with a number"))
}

/// What becomes of a record; none where it goes.
type Change<'k> = (Table, &'k [u8], Option<Vec<u8>>);

/// The store with some records changed.
fn with(storage: &MemoryStorage, changes: &[Change<'_>]) -> Outcome<MemoryStorage> {
    let (view, copy) = (storage.snapshot()?, MemoryStorage::new());
    let mut batch = Batch::new(Origin::Local);
    for table in (0..=u8::MAX).map(Table::new) {
        let scan = Scan { from: &[0], to: None, order: Order::Ascending, limit: 10_000 };
        view.scan(table, scan)?.into_iter().for_each(|(key, value)| batch.put(table, key, value));
    }
    copy.commit(&batch)?;
    let mut batch = Batch::new(Origin::Local);
    for (table, key, value) in changes {
        match value {
            Some(value) => batch.put(*table, key.to_vec(), value.clone()),
            None => batch.delete(*table, key.to_vec()),
        }
    }
    copy.commit(&batch)?;
    Ok(copy)
}

/// A record with a hash that fits what it says.
fn sealed(table: Table, key: &[u8], payload: &[u8]) -> Vec<u8> {
    let mut hasher = blake3::Hasher::new();
    let length = u32::try_from(key.len()).expect("keys are short");
    hasher.update(&[table.number()]).update(&length.to_le_bytes()).update(key).update(payload);
    [payload, hasher.finalize().as_bytes()].concat()
}

/// An entry that somebody altered who gave it the hash that follows from the one before.
fn chained(before: &[u8], key: &[u8], body: &[u8]) -> Vec<u8> {
    let mut hasher = blake3::Hasher::new();
    hasher.update(before).update(&number(key).to_le_bytes()).update(body);
    let payload = [body, &[0x7f, 0x20], hasher.finalize().as_bytes()].concat();
    sealed(AUDIT, key, &payload)
}

fn finding(storage: &MemoryStorage, anchor: Option<AuditHead>) -> Outcome<Option<AuditFinding>> {
    Ok(alice(storage)?.verify_audit(anchor)?.finding)
}

#[track_caller]
fn assert_found(found: Option<AuditFinding>, number: u64, fault: AuditFault) {
    assert_eq!(found.map(|found| (found.number, found.fault)), Some((number, fault)));
}

#[test]
fn every_byte_of_every_record_that_is_altered_is_found_where_it_is() -> Outcome {
    let storage = written()?;
    assert_eq!(records(&storage, AUDIT)?.len(), 13, "twelve entries, and how far they go");
    for (key, stored) in records(&storage, AUDIT)? {
        for at in 0..stored.len() {
            let mut flipped = stored.clone();
            flipped[at] ^= 1 << (at % 8);
            let found = finding(&with(&storage, &[(AUDIT, &key, Some(flipped))])?, None)?;
            assert_found(found, number(&key), AuditFault::Damaged);
        }
    }
    Ok(())
}

#[test]
fn every_byte_of_every_entry_that_is_altered_by_somebody_who_makes_its_record_fit_is_found_where_it_is() -> Outcome {
    let storage = written()?;
    for (key, stored) in records(&storage, AUDIT)?.into_iter().filter(|(key, _)| number(key) > 0) {
        let payload = &stored[..stored.len() - 32];
        for at in 0..payload.len() {
            let mut altered = payload.to_vec();
            altered[at] ^= 1 << (at % 8);
            let altered = sealed(AUDIT, &key, &altered);
            let found = finding(&with(&storage, &[(AUDIT, &key, Some(altered))])?, None)?;
            assert_found(found, number(&key), AuditFault::Altered);
        }
    }
    Ok(())
}

#[test]
fn an_entry_with_a_hash_that_fits_itself_is_found_by_the_next_one() -> Outcome {
    let storage = written()?;
    let entries: Vec<Entry> = records(&storage, AUDIT)?.into_iter().filter(|(key, _)| number(key) > 0).collect();
    let mut before = blake3::Hasher::new_derive_key("draftkeep 1 beginning of an audit");
    let mut before = before.update(b"alice").finalize().as_bytes().to_vec();
    for (key, stored) in &entries {
        let mut body = stored[..stored.len() - TAIL - 2].to_vec();
        assert_eq!(chained(&before, key, &body), *stored, "this is how it is written");
        // A bit of the event's id, which nobody else knows.
        body[5] ^= 1;
        let altered = chained(&before, key, &body);
        let found = finding(&with(&storage, &[(AUDIT, key, Some(altered))])?, None)?;
        if number(key) < 12 {
            assert_found(found, number(key) + 1, AuditFault::Altered);
        } else {
            assert_found(found, 12, AuditFault::Head);
        }
        before = stored[stored.len() - TAIL..stored.len() - 32].to_vec();
    }
    Ok(())
}

#[test]
fn an_entry_that_is_gone_or_in_another_place_is_found() -> Outcome {
    let storage = written()?;
    let entries: Vec<Entry> = records(&storage, AUDIT)?.into_iter().filter(|(key, _)| number(key) > 0).collect();
    for (key, stored) in &entries {
        let number_of = number(key);
        assert_found(finding(&with(&storage, &[(AUDIT, key, None)])?, None)?, number_of, AuditFault::Missing);
        for (other, others) in entries.iter().filter(|(other, _)| number(other) > number_of) {
            let (here, there) = (&others[..others.len() - 32], &stored[..stored.len() - 32]);
            let exchanged = [
                (AUDIT, &key[..], Some(sealed(AUDIT, key, here))),
                (AUDIT, &other[..], Some(sealed(AUDIT, other, there))),
            ];
            assert_found(finding(&with(&storage, &exchanged)?, None)?, number_of, AuditFault::Altered);
        }
    }
    // One more than there should be.
    let beyond = [&1_u32.to_be_bytes()[..], &13_u64.to_be_bytes()].concat();
    let (_, last) = &entries[11];
    let hash = &last[last.len() - TAIL..last.len() - 32];
    let added = chained(hash, &beyond, &last[..last.len() - TAIL - 2]);
    assert_found(finding(&with(&storage, &[(AUDIT, &beyond, Some(added))])?, None)?, 13, AuditFault::Beyond);
    Ok(())
}

#[test]
fn an_index_that_hides_an_entry_or_names_a_wrong_one_is_found_and_mended() -> Outcome {
    let storage = written()?;
    let rows = records(&storage, INDEX)?;
    assert_eq!(rows.len(), 11);
    for (key, stored) in &rows {
        let hidden = with(&storage, &[(INDEX, key, None)])?;
        assert_found(finding(&hidden, None)?, number(key), AuditFault::Index);
        let moved = [&key[..20], &7_u64.to_be_bytes()].concat();
        let is_there = rows.iter().any(|(key, _)| *key == moved);
        let draft = draftkeep::DraftId::from_bytes(key[4..20].try_into()?);
        let of_draft = rows.iter().filter(|(other, _)| other[..20] == key[..20]);
        // The next one names it; what nothing comes after is found by verifying alone.
        let is_last = of_draft.map(|(other, _)| number(other)).max() == Some(number(key));
        assert_eq!(alice(&hidden)?.audit(&AuditQuery::of(draft)).is_err(), !is_last);
        let store = open(&hidden, AuditRetention::all())?;
        assert!(!store.verify()?.is_intact());
        assert_eq!(store.repair()?, 1);
        assert!(store.verify()?.is_intact());

        if !is_there {
            let false_one =
                with(&storage, &[(INDEX, &moved, Some(sealed(INDEX, &moved, &stored[..stored.len() - 32])))])?;
            assert_found(finding(&false_one, None)?, 7, AuditFault::Index);
            assert_eq!(open(&false_one, AuditRetention::all())?.repair()?, 1);
            assert_eq!(finding(&false_one, None)?, None);
        }
    }
    Ok(())
}

/// The row that says how far the audit goes, as somebody would write it who knows the format.
fn how_far(head: (u64, &[u8]), start: &[u8]) -> Vec<u8> {
    let key = [&1_u32.to_be_bytes()[..], &0_u64.to_be_bytes()].concat();
    let number = u8::try_from(head.0).expect("small");
    sealed(AUDIT, &key, &[&[1, 1, 1, number, 2, 32], head.1, &[4, 32], start].concat())
}

/// Cut off at the end, with the row that says how far the audit goes written anew: nothing in the store shows that.
#[test]
fn what_is_cut_off_in_order_is_found_by_an_anchor_alone() -> Outcome {
    let storage = written()?;
    let entries: Vec<Entry> = records(&storage, AUDIT)?;
    let rows = records(&storage, INDEX)?;
    let anchor = alice(&storage)?.audit_head()?;
    assert_eq!(anchor.number, 12);
    let (row_key, row) = &entries[0];
    let start = &row[row.len() - TAIL..row.len() - 32];
    for kept in 1..12_u64 {
        let last = &entries[usize::try_from(kept)?].1;
        let hash = &last[last.len() - TAIL..last.len() - 32];
        let mut changes: Vec<Change<'_>> = vec![(AUDIT, row_key, Some(how_far((kept, hash), start)))];
        changes.extend(entries.iter().filter(|(key, _)| number(key) > kept).map(|(key, _)| (AUDIT, &key[..], None)));
        changes.extend(rows.iter().filter(|(key, _)| number(key) > kept).map(|(key, _)| (INDEX, &key[..], None)));
        let cut = with(&storage, &changes)?;
        assert_eq!(finding(&cut, None)?, None, "nobody can tell");
        assert_found(finding(&cut, Some(anchor))?, kept + 1, AuditFault::Cut);
        // Whoever goes on writes another entry under that number.
        let space = alice(&cut)?;
        while space.audit_head()?.number < anchor.number {
            space.take_restore_point("again")?;
        }
        assert_eq!(finding(&cut, None)?, None);
        assert_found(finding(&cut, Some(anchor))?, 12, AuditFault::NotTheAnchor);
        // Without the row, the cut shows by itself.
        changes.remove(0);
        assert_found(finding(&with(&storage, &changes)?, None)?, kept + 1, AuditFault::Missing);
    }
    Ok(())
}

#[test]
fn an_older_copy_that_is_put_back_is_found_by_an_anchor() -> Outcome {
    let storage = written()?;
    let older = with(&storage, &[])?;
    let space = alice(&storage)?;
    space.take_restore_point("later")?;
    let anchor = space.audit_head()?;
    assert_eq!(finding(&older, None)?, None);
    assert_found(finding(&older, Some(anchor))?, 13, AuditFault::Cut);
    Ok(())
}

#[test]
fn what_retention_left_out_is_no_gap_and_what_somebody_takes_is() -> Outcome {
    let storage = written()?;
    let anchor = alice(&storage)?.audit_head()?;
    drop(open(&storage, AuditRetention::all().last(5))?.space("alice")?);
    let entries = records(&storage, AUDIT)?;
    assert_eq!(entries.iter().map(|(key, _)| number(key)).collect::<Vec<_>>(), [0, 8, 9, 10, 11, 12]);
    assert_eq!(records(&storage, INDEX)?.len(), 4, "one of the five is about no draft");
    assert_eq!(finding(&storage, Some(anchor))?, None);
    let first = &entries[1].0;
    assert_found(finding(&with(&storage, &[(AUDIT, first, None)])?, None)?, 8, AuditFault::Missing);
    let changed = {
        let mut payload = entries[1].1[..entries[1].1.len() - 32].to_vec();
        payload[5] ^= 1;
        sealed(AUDIT, first, &payload)
    };
    assert_found(finding(&with(&storage, &[(AUDIT, first, Some(changed))])?, None)?, 8, AuditFault::Altered);
    Ok(())
}

/// Damage among what is dropped does not keep retention from going on, and leaves a chain that holds.
#[test]
fn retention_passes_over_what_is_damaged() -> Outcome {
    let storage = written()?;
    for damaged in 1..=7_usize {
        let (key, mut stored) = records(&storage, AUDIT)?.swap_remove(damaged);
        stored[9] ^= 1;
        let storage = with(&storage, &[(AUDIT, &key, Some(stored))])?;
        drop(open(&storage, AuditRetention::all().last(5))?.space("alice")?);
        let found = finding(&storage, None)?;
        // Of the last that is to go somebody has to read the hash: it goes with the next entry.
        if damaged < 7 {
            assert_eq!(found, None);
        } else {
            assert_found(found, 7, AuditFault::Damaged);
        }
        open(&storage, AuditRetention::all().last(5))?.space("alice")?.take_restore_point("next")?;
        assert_eq!(finding(&storage, None)?, None);
    }
    Ok(())
}

#[test]
fn a_version_that_is_not_the_one_that_an_entry_speaks_of_is_found() -> Outcome {
    let storage = written()?;
    let store = open(&storage, AuditRetention::all())?;
    assert!(store.verify()?.is_intact());
    // Two heads exchange what they say of their versions: each record fits, and so does each text.
    let head = records(&storage, Table::new(5))?.swap_remove(0);
    let mut payload = head.1[..head.1.len() - 32].to_vec();
    let last = payload.len() - 1;
    payload[last] ^= 1;
    let altered = with(&storage, &[(Table::new(5), &head.0, Some(sealed(Table::new(5), &head.0, &payload)))])?;
    let damage = open(&altered, AuditRetention::all())?.verify()?.damage;
    assert_eq!(damage.len(), 1, "{damage:?}");
    assert!(damage[0].what.contains("its head speaks of"), "{damage:?}");
    // What is written next says what the head says, and the history does not.
    let space = alice(&altered)?;
    let id = draftkeep::DraftId::from_bytes(head.0[4..20].try_into()?);
    space.drafts(NOTE)?.get(id)?.ok_or("it is there")?.checkpoint("next")?;
    let damage = open(&altered, AuditRetention::all())?.verify()?.damage;
    assert!(damage[0].what.contains("entry 13 of the audit"), "{damage:?}");
    Ok(())
}
