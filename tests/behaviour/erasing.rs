//! Goal: what is erased is gone, stays gone, and takes nothing else along.

use crate::world::{NOTE, Outcome, World, save};
use draftkeep::clock::Timestamp;
use draftkeep::storage::faults::{FaultyStorage, Lasting, StorageCall, StorageEffect, StorageFault};
use draftkeep::storage::{Batch, MemoryStorage, Order, Origin, Scan, Storage, StorageErrorKind, Table};
use draftkeep::{
    AuditAction, AuditQuery, AutosaveStatus, Cadence, ErrorKind, EventKind, Export, Filter, Kind, Phase, Schema,
};
use std::collections::BTreeMap;
use std::sync::Arc;

/// Every record of a storage, as it is stored.
fn records(storage: &dyn Storage) -> BTreeMap<(u8, Vec<u8>), Vec<u8>> {
    let snapshot = storage.snapshot().expect("memory");
    let everything = Scan { from: &[], to: None, order: Order::Ascending, limit: usize::MAX };
    let of = |table: u8| {
        let found = snapshot.scan(Table::new(table), everything).expect("memory").into_iter();
        found.map(move |(key, value)| ((table, key), value)).collect::<Vec<_>>()
    };
    (0..=255).flat_map(of).collect()
}

/// The tables that have a record with these bytes in its key or its value.
fn holding(storage: &dyn Storage, mark: &str) -> Vec<u8> {
    let holds = |bytes: &[u8]| bytes.windows(mark.len()).any(|window| window == mark.as_bytes());
    let mut tables: Vec<u8> = records(storage)
        .iter()
        .filter(|((_, key), value)| holds(key) || holds(value))
        .map(|((table, _), _)| *table)
        .collect();
    tables.dedup();
    tables
}

const VERSIONS: u8 = 3;
const HEADS: u8 = 5;
const TOMBSTONES: u8 = 11;
const ERASED: u8 = 24;

fn put(storage: &dyn Storage, table: u8, key: &[u8], value: Option<&[u8]>) {
    let mut batch = Batch::new(Origin::Local);
    match value {
        Some(value) => batch.put(Table::new(table), key, value),
        None => batch.delete(Table::new(table), key),
    }
    storage.commit(&batch).expect("memory");
}

#[test]
fn an_erased_draft_is_in_no_list_no_slot_and_no_history_and_the_others_are_as_they_were() -> Outcome {
    let world = World::new();
    let space = world.space();
    let notes = space.drafts(NOTE)?;
    let slot = notes.slot("diary");
    let (draft, other) = (slot.start(&"first".to_owned())?, notes.start(&"other".to_owned())?);
    save(&draft, "second")?;
    draft.checkpoint("named")?;
    draft.pin(1)?;
    let mut events = world.open(|options| options).events();
    drop(events.try_next());

    world.pass(std::time::Duration::from_secs(60));
    let erased = draft.erase()?;
    assert_eq!((erased.drafts, erased.versions, erased.owed), (vec![draft.id()], 3, 0));
    assert_eq!(erased.at, Timestamp::from_millis(1_700_000_060_000));
    assert_eq!(space.list(&Filter::open())?.drafts.iter().map(|info| info.id).collect::<Vec<_>>(), [other.id()]);
    assert!(notes.get(draft.id())?.is_none() && slot.resume()?.is_none() && slot.generations()?.is_empty());
    let gone = ErrorKind::Erased { draft: draft.id() };
    assert_eq!(*draft.history().unwrap_err().kind(), gone);
    assert_eq!(*draft.raw_at(1).unwrap_err().kind(), gone);
    assert_eq!(*draft.info().unwrap_err().kind(), gone);
    assert_eq!(*draft.reopen().unwrap_err().kind(), gone);
    assert_eq!(*draft.purge().unwrap_err().kind(), gone);
    let erasure = space.erasure(draft.id())?.expect("it is erased");
    assert_eq!((erasure.draft, erasure.at, erasure.owed), (draft.id(), erased.at, false));
    assert_eq!(space.erasure(other.id())?, None);

    // The slot is free, and what begins in it is another draft.
    let next = slot.start(&"anew".to_owned())?;
    assert_ne!(next.id(), draft.id());
    assert_eq!((next.info()?.generation, slot.generations()?.len()), (Some(2), 1));
    assert_eq!(slot.seed(&"seeded".to_owned())?.map(|draft| draft.id()), None, "it had one");
    assert_eq!(other.load()?, "other");
    assert!(world.open(|options| options).verify()?.is_intact());

    let again = draft.erase()?;
    assert_eq!((again.drafts, again.versions), (vec![], 0), "it is erased already");
    let unknown = notes.get(next.id())?.expect("it began");
    unknown.discard()?;
    unknown.purge()?;
    assert_eq!(unknown.erase()?.drafts, [next.id()], "what was purged here may be elsewhere");
    Ok(())
}

#[test]
fn it_is_told_and_the_audit_says_so_without_a_word_of_it() -> Outcome {
    let world = World::new();
    let store = world.open(|options| options);
    let space = store.space("alice")?;
    let draft = space.drafts(NOTE)?.start(&"first".to_owned())?;
    save(&draft, "second")?;
    let mut events = store.events();
    draft.erase()?;
    let told: Vec<_> = std::iter::from_fn(|| events.try_next()).map(|event| (event.draft, event.what)).collect();
    assert_eq!(told, [(Some(draft.id()), EventKind::Erased { versions: 2, unsynced: 0 })]);
    let audit = space.audit(&AuditQuery::of(draft.id()))?.entries;
    let actions: Vec<_> = audit.iter().map(|entry| entry.action).collect();
    assert_eq!(actions, [AuditAction::Started, AuditAction::Erased { versions: 2, unsynced: 0 }]);
    assert!(space.verify_audit(None)?.finding.is_none());
    Ok(())
}

#[test]
fn no_record_holds_a_text_or_a_name_of_what_was_erased() -> Outcome {
    let world = World::new();
    let label = |options: draftkeep::Options| options.schema(Schema::of(NOTE).label(String::clone));
    let store = world.open(label);
    let space = store.space("alice")?;
    let notes = space.drafts(NOTE)?;
    let mark = "qZ7!mark!x9Kw";
    for key in ["a", mark, "z"] {
        notes.slot(key).start(&format!("{key} text"))?;
    }
    let slot = notes.slot(mark);
    let draft = slot.resume()?.ok_or("it began")?;
    draft.checkpoint(mark)?;
    draft.promote(mark)?;
    save(&draft, &format!("more {mark}"))?;
    let second = slot.start_over(&format!("second {mark}"))?;
    save(&second, &format!("second, more {mark}"))?;
    let named = space.take_restore_point(mark)?;
    assert!(holding(&*world.storage, mark).len() >= 4, "the search would not find it");

    // The key is the name of the slot for as long as there is a draft in it.
    draft.erase()?;
    assert_eq!(slot.generations()?.len(), 1);
    assert!(slot.erase()?.drafts == [second.id()] && slot.resume()?.is_none());
    space.drop_restore_point(named.number)?;
    assert_eq!(holding(&*world.storage, mark), Vec::<u8>::new());
    assert!(store.verify()?.is_intact());
    let keys = |notes: &draftkeep::Drafts<String>| -> Result<Vec<Vec<u8>>, draftkeep::Error> {
        Ok(notes.list(&Filter::open())?.drafts.into_iter().filter_map(|info| info.slot).collect())
    };
    assert_eq!(keys(&notes)?, [b"z".to_vec(), b"a".to_vec()]);

    // Opened again it begins behind what was there.
    let store = world.open(label);
    let slot = store.space("alice")?.drafts(NOTE)?.slot(mark);
    assert!(slot.resume()?.is_none() && slot.generations()?.is_empty());
    let third = slot.start(&"third".to_owned())?;
    assert_eq!(third.info()?.generation, Some(3));
    assert!(store.verify()?.is_intact());
    assert_eq!(slot.start_over(&"fourth".to_owned())?.info()?.generation, Some(4));
    Ok(())
}

#[test]
fn whoever_has_it_open_keeps_what_is_typed() -> Outcome {
    let world = World::new();
    let store = world.open(|options| options);
    let notes = store.space("alice")?.drafts(NOTE)?;
    let draft = notes.start(&"first".to_owned())?;
    let (mut open, mut untouched) = (draft.edit()?, draft.edit()?);
    open.doc().push_str(", and what was typed");
    let autosave = draft.autosave(Cadence::default())?;
    autosave.changed(&"what an autosave holds".to_owned());

    draft.erase()?;
    let gone = ErrorKind::Erased { draft: draft.id() };
    assert_eq!(*open.save().unwrap_err().kind(), gone);
    assert_eq!(*untouched.save().unwrap_err().kind(), gone, "there is nothing that it could be unchanged from");
    world.pass(std::time::Duration::from_secs(3_600));
    let given_up = |status| matches!(status, AutosaveStatus::Failed { attempts: 1, next_try: None, .. });
    assert!(given_up(autosave.status()) && !autosave.status().is_safe(), "{:?}", autosave.status());
    assert_eq!(autosave.flush().unwrap_err().kind(), Some(&gone));
    assert_eq!(*draft.checkpoint("now").unwrap_err().kind(), gone);
    // Each text is where it was typed, and can become another draft.
    let text = autosave.close().err().map(|unsaved| unsaved.document.as_ref().clone());
    assert_eq!(text.as_deref(), Some("what an autosave holds"));
    let saved = notes.start(&open.into_doc())?;
    assert_eq!(saved.load()?, "first, and what was typed");
    Ok(())
}

#[test]
fn a_head_that_is_expected_is_asked_for() -> Outcome {
    let world = World::new();
    let draft = world.notes().start(&"first".to_owned())?;
    let shown = draft.info()?.revision;
    save(&draft, "second")?;
    assert_eq!(*draft.expecting(shown).erase().unwrap_err().kind(), ErrorKind::Stale { draft: draft.id(), head: 2 });
    let shown = draft.info()?.revision;
    assert_eq!(draft.expecting(shown).erase()?.drafts, [draft.id()]);
    assert_eq!(draft.expecting(shown).erase()?.drafts, [], "repeated");
    Ok(())
}

#[test]
fn a_whole_space_is_erased_and_another_one_is_not() -> Outcome {
    let world = World::new();
    let store = world.open(|options| options);
    let (alice, bob) = (store.space("alice")?, store.space("bob")?);
    let mark = "qZ7!mark!x9Kw";
    let notes = alice.drafts(NOTE)?;
    let one = notes.slot(mark).start(&format!("one {mark}"))?;
    let two = notes.start(&format!("two {mark}"))?;
    two.discard()?;
    let three = alice.drafts(Kind::<Vec<String>>::new("list"))?.start(&vec![mark.to_owned()])?;
    three.promote_and_archive("sent")?;
    alice.take_restore_point(mark)?;
    let other = bob.drafts(NOTE)?.slot(mark).start(&"bob's".to_owned())?;

    let erased = alice.erase_all()?;
    let mut drafts = erased.drafts.clone();
    drafts.sort();
    let mut expected = vec![one.id(), two.id(), three.id()];
    expected.sort();
    assert_eq!((drafts, erased.points), (expected, 1));
    for phase in Phase::ALL {
        assert!(alice.list(&Filter::phase(phase))?.drafts.is_empty());
    }
    assert!(alice.restore_points()?.is_empty());
    assert_eq!(other.load()?, "bob's");
    let left = bob.erase_all()?;
    assert_eq!(left.drafts, [other.id()]);
    assert_eq!(holding(&*world.storage, mark), Vec::<u8>::new());
    assert_eq!(alice.erase_all()?.drafts, [], "nothing is left");
    assert!(store.verify()?.is_intact() && alice.verify_audit(None)?.finding.is_none());
    assert_eq!(notes.slot(mark).start(&"anew".to_owned())?.info()?.generation, Some(2));
    Ok(())
}

/// Each draft is a commit of its own, and any of them may fail, before or after it took effect.
#[test]
fn erasing_a_space_goes_on_where_it_stopped() -> Outcome {
    let effects = [StorageEffect::Fails(StorageErrorKind::Io), StorageEffect::FailsAfterwards(StorageErrorKind::Io)];
    for (after, effect) in (0..8).flat_map(|after| effects.clone().map(|effect| (after, effect))) {
        let faulty = FaultyStorage::new(Arc::new(MemoryStorage::new()));
        let world = World::on(Arc::new(faulty.clone()), 1);
        let store = world.open(|options| options);
        let space = store.space("alice")?;
        let notes = space.drafts(NOTE)?;
        let drafts: Vec<_> =
            (0..5).map(|number| notes.slot(format!("{number}")).start(&"text".to_owned())).collect::<Result<_, _>>()?;
        faulty.arm(StorageFault { call: Some(StorageCall::Commit), after, lasting: Lasting::Once, effect });
        let first = space.erase_all();
        faulty.heal();
        let second = space.erase_all()?;
        assert_eq!(first.is_err(), after < 5, "five drafts; there are no restore points");
        assert!(second.drafts.len() <= 5);
        for draft in drafts {
            assert_eq!(*draft.load().unwrap_err().kind(), ErrorKind::Erased { draft: draft.id() });
        }
        assert!(store.verify()?.is_intact());
    }
    Ok(())
}

#[test]
fn an_export_has_nothing_of_it_and_an_import_brings_nothing_back() -> Outcome {
    let world = World::new();
    let space = world.space();
    let notes = space.drafts(NOTE)?;
    let (draft, other) = (notes.slot("diary").start(&"erased".to_owned())?, notes.start(&"kept".to_owned())?);
    save(&draft, "erased, later")?;
    let mut before = Vec::new();
    space.export(&mut before, &Export::new().history())?;
    draft.erase()?;
    let mut after = Vec::new();
    let exported = space.export(&mut after, &Export::new().history())?;
    assert_eq!(exported.drafts, 1);
    assert!(!String::from_utf8_lossy(&after).contains("erased"));

    let imported = space.import(&before[..])?;
    assert_eq!((imported.erased, imported.unchanged, imported.begun, imported.versions), (1, 1, 0, 0));
    assert_eq!(*draft.load().unwrap_err().kind(), ErrorKind::Erased { draft: draft.id() });
    assert_eq!(other.load()?, "kept");
    // In another space it is another draft, which nobody erased.
    let elsewhere = world.open(|options| options).space("bob")?;
    assert_eq!(elsewhere.import(&before[..])?.begun, 2);
    Ok(())
}

#[test]
fn what_is_put_back_under_it_is_shown_to_nobody_and_repair_removes_it() -> Outcome {
    let world = World::new();
    let store = world.open(|options| options);
    let space = store.space("alice")?;
    let draft = space.drafts(NOTE)?.slot("diary").start(&"erased".to_owned())?;
    save(&draft, "erased, later")?;
    let before = records(&*world.storage);
    draft.erase()?;
    for tables in [&[VERSIONS][..], &[VERSIONS, HEADS], &[HEADS]] {
        for ((table, key), value) in before.iter().filter(|((table, _), _)| tables.contains(table)) {
            put(&*world.storage, *table, key, Some(value));
        }
        let store = world.open(|options| options);
        let notes = store.space("alice")?.drafts(NOTE)?;
        if !tables.contains(&HEADS) {
            assert!(notes.get(draft.id())?.is_none(), "a head is not built from a history that is erased");
        }
        let damage = store.verify()?.damage;
        assert!(damage.iter().any(|damage| damage.draft == Some(draft.id())), "{damage:?}");
        assert!(store.repair()? > 0);
        assert!(notes.get(draft.id())?.is_none() && notes.slot("diary").generations()?.is_empty());
        let verified = store.verify()?;
        assert!(verified.is_intact() && verified.drafts == 0, "{:?}", verified.damage);
        assert!(!records(&*world.storage).keys().any(|(table, _)| [VERSIONS, HEADS].contains(table)));
    }
    Ok(())
}

#[test]
fn of_the_two_records_that_say_so_each_is_enough() -> Outcome {
    let world = World::new();
    let store = world.open(|options| options);
    let draft = store.space("alice")?.drafts(NOTE)?.slot("diary").start(&"erased".to_owned())?;
    draft.erase()?;
    let whole = records(&*world.storage);
    for lost in [ERASED, TOMBSTONES] {
        for damaged in [false, true] {
            let (key, mut value) = whole
                .iter()
                .find_map(|((table, key), value)| (*table == lost).then(|| (key.clone(), value.clone())))
                .ok_or("it is there")?;
            value[2] ^= 1;
            put(&*world.storage, lost, &key, damaged.then_some(&value[..]));
            let store = world.open(|options| options);
            let space = store.space("alice")?;
            assert!(!store.verify()?.is_intact());
            assert!(space.erasure(draft.id())?.is_some(), "{lost}, {damaged}");
            let notes = space.drafts(NOTE)?;
            assert!(notes.get(draft.id())?.is_none());
            assert_eq!(store.repair()?, 1);
            assert_eq!(
                records(&*world.storage).get(&(lost, key.clone())),
                whole.get(&(lost, key)),
                "one follows from the other"
            );
            assert!(store.verify()?.is_intact());
        }
    }
    Ok(())
}

#[test]
fn a_damaged_draft_can_be_erased_with_its_name() -> Outcome {
    let world = World::new();
    let store = world.open(|options| options);
    let mark = "qZ7!mark!x9Kw";
    let notes = store.space("alice")?.drafts(NOTE)?;
    let draft = notes.slot(mark).start(&format!("text {mark}"))?;
    let other = notes.start(&"other".to_owned())?;
    for ((table, key), mut value) in records(&*world.storage) {
        if [VERSIONS, HEADS].contains(&table) && key[4..20] == draft.id().as_bytes()[..] {
            value[5] ^= 1;
            put(&*world.storage, table, &key, Some(&value));
        }
    }
    let store = world.open(|options| options);
    let space = store.space("alice")?;
    assert!(matches!(space.drafts(NOTE)?.get(draft.id()).unwrap_err().kind(), ErrorKind::Corrupt { .. }));
    assert_eq!(space.erase_all()?.drafts.len(), 2);
    assert_eq!(holding(&*world.storage, mark), Vec::<u8>::new());
    store.repair()?;
    assert!(store.verify()?.is_intact(), "{:?}", store.verify()?.damage);
    assert!(space.list(&Filter::open())?.drafts.is_empty() && other.load().is_err());
    Ok(())
}
