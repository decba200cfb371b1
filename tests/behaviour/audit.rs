//! Goal: what happened to a draft is in its space's audit, and nothing else is.

use crate::world::{DAY, NOTE, Outcome, World, save};
use draftkeep::clock::Timestamp;
use draftkeep::storage::{Batch, Order, Origin, Scan, Table};
use draftkeep::{
    AuditAction, AuditEntry, AuditHead, AuditQuery, AuditRetention, AuditedSaves, Cadence, Draft, EventKind, Keep,
    Kind, Options, Phase, Retention, Saved, Schema, Space, TraceId,
};
use std::collections::BTreeSet;
use std::time::Duration;

fn all(space: &Space) -> draftkeep::Result<Vec<AuditEntry>> {
    Ok(space.audit(&AuditQuery::all().limit(1_000))?.entries)
}

fn actions(space: &Space) -> draftkeep::Result<Vec<AuditAction>> {
    Ok(all(space)?.into_iter().map(|entry| entry.action).collect())
}

/// Of a store's events those that an audit has, too.
fn told(events: &mut draftkeep::Events) -> Vec<draftkeep::Event> {
    std::iter::from_fn(|| events.try_next()).filter(|event| event.audit.is_some()).collect()
}

#[test]
fn every_deed_has_its_entry_with_the_trace_and_the_id_of_its_event() -> Outcome {
    let world = World::new();
    let store = world.open(|options| options.device("laptop"));
    let mut events = store.events();
    let space = store.space("alice")?;
    let notes = space.drafts(NOTE)?;
    let draft = notes.slot("diary").start(&"one".to_owned())?;
    save(&draft, "two")?;
    draft.checkpoint("named")?;
    draft.restore(1)?;
    draft.promote("book")?;
    draft.archive()?;
    draft.reopen()?;
    draft.discard()?;
    draft.recover()?;
    draft.promote_and_archive("book again")?;
    draft.discard()?;
    draft.purge()?;
    let entries = all(&space)?;
    let expected = [
        AuditAction::Started,
        AuditAction::Checkpointed { version: 3 },
        AuditAction::Restored { from: 1, version: 4 },
        AuditAction::Promoted,
        AuditAction::Archived,
        AuditAction::Reopened,
        AuditAction::Discarded,
        AuditAction::Reopened,
        AuditAction::Promoted,
        AuditAction::Archived,
        AuditAction::Discarded,
        AuditAction::Purged,
    ];
    assert_eq!(entries.iter().map(|entry| entry.action).collect::<Vec<_>>(), expected);
    let told = told(&mut events);
    assert_eq!(told.len(), entries.len());
    let mut ids = BTreeSet::new();
    for (event, entry) in told.iter().zip(&entries) {
        assert_eq!(event.audit, Some(entry.event));
        assert_eq!((event.trace, event.draft, event.at), (entry.trace, entry.draft, entry.at));
        assert_eq!((entry.device.as_deref(), entry.replica), (Some("laptop"), store.replica()));
        assert!(ids.insert(entry.event), "ids are used once");
    }
    let traces: BTreeSet<TraceId> = entries.iter().map(|entry| entry.trace).collect();
    assert_eq!(traces.len(), entries.len() - 1, "promoting and archiving was one call");
    assert!(entries.windows(2).all(|two| two[0].number + 1 == two[1].number), "without gaps");
    assert_eq!(entries.last().and_then(|entry| entry.saves).map(|saves| saves.to), Some(11));
    Ok(())
}

#[test]
fn what_is_refused_and_what_changes_nothing_is_not_in_it() -> Outcome {
    let world = World::new();
    let space = world.space();
    let draft = space.drafts(NOTE)?.start(&"text".to_owned())?;
    draft.archive()?;
    let before = space.audit_head()?;
    draft.archive()?;
    assert!(draft.checkpoint("").is_err() && draft.promote("x").is_err() && draft.recover().is_err());
    assert!(draft.purge().is_err() && draft.restore(7).is_err() && space.drop_restore_point(1).is_err());
    assert_eq!(space.audit_head()?, before);
    Ok(())
}

#[test]
fn saves_write_no_entry_and_the_next_entry_answers_for_them() -> Outcome {
    let world = World::new();
    let space = world.space();
    let draft = space.drafts(NOTE)?.start(&"0".to_owned())?;
    for number in 1..=200 {
        save(&draft, &number.to_string())?;
    }
    assert_eq!(actions(&space)?, [AuditAction::Started]);
    draft.archive()?;
    let said = all(&space)?[1].saves.expect("it is about a draft");
    let mut found = AuditedSaves::begin(1, draft.at(1)?.revision);
    for version in 2..=202 {
        found = found.then(draft.at(version)?.revision);
    }
    assert_eq!(said, found);
    Ok(())
}

/// Two windows, of which the second saves last, over the first.
fn late(space: &Space, one: &str, two: &str) -> draftkeep::Result<(Draft<String>, Saved)> {
    let draft = space.drafts(NOTE)?.start(&"base".to_owned())?;
    let (mut first, mut second) = (draft.edit()?, draft.edit()?);
    one.clone_into(first.doc());
    two.clone_into(second.doc());
    let _ = first.save()?;
    let saved = second.save()?;
    Ok((draft, saved))
}

#[test]
fn merges_conflicts_and_settlements_are_in_it() -> Outcome {
    use draftkeep::merge::{Policy, Rule};
    let world = World::new();
    let manual = Policy::builder().rule("", Rule::Manual).build()?;
    let store = world.open(|options| options.schema(Schema::of(NOTE).policy(manual)));
    let mut events = store.events();
    let space = store.space("alice")?;
    let (draft, saved) = late(&space, "theirs", "ours")?;
    assert!(matches!(saved, Saved::Conflict { version: 3 }));
    let conflict = draft.conflict()?.expect("it was just detected");
    conflict.settle(&"both".to_owned())?;
    let told = told(&mut events);
    let entries = all(&space)?;
    let expected = [
        AuditAction::Started,
        AuditAction::ConflictDetected { version: 3, theirs: 2 },
        AuditAction::ConflictSettled { version: 4 },
    ];
    assert_eq!(entries.iter().map(|entry| entry.action).collect::<Vec<_>>(), expected);
    assert_eq!(told[1].what, EventKind::ConflictDetected { version: 3, theirs: 2 });
    assert_eq!(
        told.iter().map(|event| event.audit).collect::<Vec<_>>(),
        entries.iter().map(|e| Some(e.event)).collect::<Vec<_>>()
    );

    let other = World::new().space();
    let (_, saved) = late(&other, "base. And more.", "Before. base")?;
    let Saved::Merged { version, head, overwritten, .. } = saved else { panic!("{saved:?}") };
    let merged = AuditAction::Merged { version, head, overwritten: overwritten.len() as u64 };
    assert_eq!(actions(&other)?, [AuditAction::Started, merged]);
    Ok(())
}

#[test]
fn an_autosave_that_is_merged_and_a_slot_that_is_started_over_are_in_it() -> Outcome {
    let world = World::new();
    let space = world.space();
    let slot = space.drafts(NOTE)?.slot("form");
    let first = slot.start(&"base".to_owned())?;
    let autosave = first.autosave(Cadence::default())?;
    save(&first, "base. And more.")?;
    autosave.changed(&"Before. base".to_owned());
    autosave.flush()?;
    drop(autosave);
    let second = slot.start_over(&"anew".to_owned())?;
    let entries: Vec<_> = all(&space)?.into_iter().map(|entry| (entry.draft, entry.action)).collect();
    let merged = AuditAction::Merged { version: 3, head: 3, overwritten: 1 };
    let of = |draft: &Draft<String>, action| (Some(draft.id()), action);
    let archived = of(&first, AuditAction::Archived);
    assert_eq!(entries[..2], [of(&first, AuditAction::Started), of(&first, merged)]);
    assert_eq!(entries[2..], [archived, of(&second, AuditAction::Started)]);
    Ok(())
}

#[test]
fn points_returns_and_what_retention_does_are_in_it() -> Outcome {
    let world = World::new();
    let retention = Retention::default().history(Keep::Last(1)).discard_after(DAY).purge_after(DAY);
    let open = || world.open(|options| options.retention(retention));
    let space = open().space("alice")?;
    let draft = space.drafts(NOTE)?.start(&"0".to_owned())?;
    for number in 1..=80 {
        save(&draft, &number.to_string())?;
    }
    let point = space.take_restore_point("now")?;
    save(&draft, "later")?;
    let returned = space.return_to(point.number)?;
    space.drop_restore_point(returned.before.number)?;
    open().compact()?;
    for _ in 0..2 {
        world.clock.advance(DAY * 2);
        drop(open().space("alice")?);
    }
    let entries = actions(&open().space("alice")?)?;
    let expected = [
        AuditAction::Started,
        AuditAction::PointTaken { point: 1 },
        AuditAction::PointTaken { point: 2 },
        AuditAction::Restored { from: 81, version: 83 },
        AuditAction::PointDropped { point: 2 },
    ];
    assert_eq!(entries[..5], expected);
    assert!(matches!(entries[5], AuditAction::Thinned { versions } if versions > 70), "{entries:?}");
    assert_eq!(entries[6..], [AuditAction::Discarded, AuditAction::Purged]);
    Ok(())
}

#[test]
fn it_is_asked_by_draft_and_by_time_page_by_page() -> Outcome {
    let world = World::new();
    let space = world.space();
    let notes = space.drafts(NOTE)?;
    let drafts: Vec<_> = (0..5).map(|n| notes.start(&format!("text {n}"))).collect::<Result<_, _>>()?;
    for round in 0..20 {
        world.clock.advance(Duration::from_secs(60));
        drafts[round % 5].checkpoint("again")?;
    }
    let everything = all(&space)?;
    assert_eq!(everything.len(), 25);
    for draft in &drafts {
        let of: Vec<_> = everything.iter().filter(|entry| entry.draft == Some(draft.id())).cloned().collect();
        let (mut query, mut found) = (AuditQuery::of(draft.id()).limit(2), Vec::new());
        loop {
            let page = space.audit(&query)?;
            assert!(page.entries.len() <= 2);
            found.extend(page.entries);
            let Some(next) = page.next else { break };
            query = query.after(next);
        }
        assert_eq!(found, of);
    }
    let (from, to) = (everything[10].at, everything[17].at);
    let of_time = space.audit(&AuditQuery::all().since(from).until(to))?;
    assert_eq!((of_time.entries.as_slice(), of_time.next), (&everything[10..17], None));
    let both = space.audit(&AuditQuery::of(drafts[1].id()).since(from))?.entries;
    assert!(both.iter().all(|entry| entry.at >= from && entry.draft == Some(drafts[1].id())) && both.len() == 3);
    assert_eq!(space.audit(&AuditQuery::all().after(24))?.entries, everything[24..]);
    for beyond in [25, 26, u64::MAX] {
        let page = space.audit(&AuditQuery::all().after(beyond))?;
        assert_eq!((page.entries.len(), page.next), (0, None));
        assert!(space.audit(&AuditQuery::of(drafts[0].id()).after(beyond))?.entries.is_empty());
    }
    Ok(())
}

/// Clocks go backwards, too; then entries of a time need not lie side by side.
#[test]
fn a_page_of_times_looks_at_so_many_entries_and_says_where_to_go_on() -> Outcome {
    let world = World::new();
    let space = world.space();
    let notes = space.drafts(NOTE)?;
    for _ in 0..4_200 {
        notes.start(&String::new())?;
    }
    let long_ago = Timestamp::from_millis(2);
    world.clock.set_now(Timestamp::from_millis(1));
    notes.start(&String::new())?;
    let query = AuditQuery::all().until(long_ago);
    let page = space.audit(&query)?;
    assert_eq!((page.entries.len(), page.next), (0, Some(4_096)));
    let page = space.audit(&query.after(4_096))?;
    assert_eq!((page.entries.len(), page.next), (1, None));
    Ok(())
}

#[test]
fn what_retention_leaves_is_proven_as_before() -> Outcome {
    let world = World::new();
    let open = || world.open(|options| options.audit_retention(AuditRetention::all().last(10)));
    let space = open().space("alice")?;
    let draft = space.drafts(NOTE)?.start(&"a".to_owned())?;
    let old = space.audit_head()?;
    let mut heads = Vec::new();
    for _ in 0..30 {
        draft.checkpoint("again")?;
        heads.push(space.audit_head()?);
        let verified = space.verify_audit(heads.last().copied())?;
        assert!(verified.is_intact() && verified.is_anchored, "{verified:?}");
    }
    assert_eq!(all(&space)?.iter().map(AuditEntry::head).collect::<Vec<_>>(), heads[20..]);
    assert_eq!(all(&space)?, space.audit(&AuditQuery::of(draft.id()))?.entries);
    let verified = space.verify_audit(None)?;
    assert_eq!((verified.entries, verified.start, verified.head), (10, heads[19], heads[29]));
    assert!(!verified.is_anchored);
    // What the rest is chained to is known; of what was before that nothing is.
    assert!(space.verify_audit(Some(heads[19]))?.is_anchored);
    let verified = space.verify_audit(Some(old))?;
    assert!(verified.is_intact() && !verified.is_anchored);
    drop((draft, space));
    let space = open().space("alice")?;
    assert!(space.verify_audit(Some(heads[29]))?.is_anchored, "after opening anew");
    // One that is asked to keep fewer does so at once.
    let space = world.open(|options| options.audit_retention(AuditRetention::all().last(3))).space("alice")?;
    assert_eq!(all(&space)?.iter().map(AuditEntry::head).collect::<Vec<_>>(), heads[27..]);
    assert!(world.open(|options| options).verify()?.is_intact());
    Ok(())
}

#[test]
fn entries_grow_old_by_the_clock_and_by_days_alike() -> Outcome {
    let world = World::new();
    let open = || world.open(|options| options.audit_retention(AuditRetention::all().younger_than(DAY * 2)));
    let space = open().space("alice")?;
    let draft = space.drafts(NOTE)?.start(&"a".to_owned())?;
    world.clock.advance(DAY * 365);
    draft.checkpoint("a year later, by a clock that jumped")?;
    world.clock.advance(DAY);
    let space = open().space("alice")?;
    assert_eq!(all(&space)?.len(), 2);
    space.drafts(NOTE)?.get(draft.id())?.expect("it is there").checkpoint("on the second day")?;
    world.clock.advance(DAY);
    let space = open().space("alice")?;
    assert_eq!(actions(&space)?, [AuditAction::Checkpointed { version: 3 }]);
    world.clock.advance(DAY * 3);
    drop(open().space("alice")?);
    world.clock.advance(DAY * 3);
    let space = open().space("alice")?;
    assert_eq!(all(&space)?.len(), 0);
    let head = space.audit_head()?;
    assert_eq!(head.number, 3);
    assert!(space.verify_audit(Some(head))?.is_anchored);
    space.drafts(NOTE)?.get(draft.id())?.expect("it is there").checkpoint("again")?;
    assert_eq!(all(&space)?.iter().map(|entry| entry.number).collect::<Vec<_>>(), [4]);
    assert!(space.verify_audit(Some(head))?.is_anchored);
    Ok(())
}

#[test]
fn audits_of_two_spaces_do_not_mix() -> Outcome {
    let world = World::new();
    let store = world.open(|options| options);
    let (alice, bob) = (store.space("alice")?, store.space("bob")?);
    let of_alice = alice.drafts(NOTE)?.start(&"a".to_owned())?;
    bob.drafts(NOTE)?.slot("x").start(&"b".to_owned())?.discard()?;
    assert_eq!((all(&alice)?.len(), all(&bob)?.len()), (1, 2));
    assert!(bob.audit(&AuditQuery::of(of_alice.id()))?.entries.is_empty());
    assert!(!bob.verify_audit(Some(alice.audit_head()?))?.is_intact());
    assert_ne!(store.space("carol")?.audit_head()?, store.space("dave")?.audit_head()?, "not even where nothing is");
    Ok(())
}

#[test]
fn a_damaged_audit_is_no_reason_to_refuse_anything() -> Outcome {
    let world = World::new();
    let space = world.space();
    let draft = space.drafts(NOTE)?.start(&"a".to_owned())?;
    draft.checkpoint("first")?;
    let before = space.audit_head()?;
    // The row that says how far it goes.
    let mut batch = Batch::new(Origin::Local);
    batch.put(Table::new(20), [1_u32.to_be_bytes().as_slice(), &[0; 8]].concat(), vec![1, 2, 3]);
    world.storage.commit(&batch)?;
    let space = world.space();
    let finding = space.verify_audit(None)?.finding.expect("it is damaged");
    assert_eq!(finding.number, 0);
    assert!(space.audit(&AuditQuery::all()).is_err() && space.audit_head().is_err());

    let draft = space.drafts(NOTE)?.get(draft.id())?.expect("it is there");
    draft.checkpoint("second")?;
    assert_eq!(draft.info()?.phase, Phase::Open);
    let entries = actions(&space)?;
    assert_eq!(
        entries[1..],
        [AuditAction::Checkpointed { version: 2 }, AuditAction::Resumed, AuditAction::Checkpointed { version: 3 }]
    );
    let verified = space.verify_audit(Some(before))?;
    assert!(verified.is_intact() && verified.is_anchored, "{verified:?}");
    Ok(())
}

fn records(world: &World, table: u8) -> Result<Vec<draftkeep::storage::Entry>, Box<dyn std::error::Error>> {
    let scan = Scan { from: &[0], to: None, order: Order::Ascending, limit: 100 };
    Ok(world.storage.snapshot()?.scan(Table::new(table), scan)?)
}

/// Takes out of a store what this release put there.
fn forget_audit(world: &World) -> Outcome {
    let mut batch = Batch::new(Origin::Local);
    for table in [20, 21] {
        records(world, table)?.into_iter().for_each(|(key, _)| batch.delete(Table::new(table), key));
    }
    for (key, stored) in records(world, 5)? {
        // The first version that is covered, the last, the hash over them, and the record's own.
        let payload = &stored[..stored.len() - 32 - (2 + 32) - 3 - 3];
        let mut hasher = blake3::Hasher::new();
        hasher.update(&[5]).update(&20_u32.to_le_bytes()).update(&key).update(payload);
        batch.put(Table::new(5), key, [payload, hasher.finalize().as_bytes()].concat());
    }
    Ok(world.storage.commit(&batch)?)
}

/// A store of an older release has no audit, and heads that say nothing of their versions.
#[test]
fn an_audit_begins_where_an_older_release_left_off() -> Outcome {
    let world = World::new();
    let draft = world.notes().start(&"a".to_owned())?;
    save(&draft, "b")?;
    let id = draft.id();
    drop(draft);
    forget_audit(&world)?;
    let space = world.space();
    assert_eq!((all(&space)?, space.audit_head()?.number), (Vec::new(), 0));
    assert!(space.verify_audit(None)?.is_intact());
    let draft = space.drafts(NOTE)?.get(id)?.expect("it is there");
    save(&draft, "c")?;
    draft.archive()?;
    let entries = all(&space)?;
    let saves = AuditedSaves::begin(3, draft.at(3)?.revision).then(draft.at(4)?.revision);
    assert_eq!((entries.len(), entries[0].action, entries[0].saves), (1, AuditAction::Archived, Some(saves)));
    Ok(())
}

#[test]
fn nothing_of_a_text_or_a_name_is_in_it() -> Outcome {
    let secret = "kohlrabi";
    let world = World::new();
    let kind: Kind<String> = Kind::new(secret);
    let schema = Schema::of(kind).label(|text: &String| text.clone());
    let space = world.open(|options: Options| options.schema(schema)).space("alice")?;
    let draft = space.drafts(kind)?.slot(secret).start(&secret.to_owned())?;
    draft.checkpoint(secret)?;
    space.take_restore_point(secret)?;
    draft.promote_and_archive(secret)?;
    let records = records(&world, 20)?;
    assert_eq!(records.len(), 6);
    assert!(records.iter().all(|(_, value)| !value.windows(4).any(|bytes| bytes == &secret.as_bytes()[..4])));
    Ok(())
}

#[test]
fn a_head_goes_through_text_to_whoever_keeps_it() -> Outcome {
    let space = World::new().space();
    space.drafts(NOTE)?.start(&"a".to_owned())?;
    let head = space.audit_head()?;
    let text = head.to_string();
    assert_eq!(text.parse::<AuditHead>()?, head);
    assert!(text.starts_with("1:") && text.len() == 66);
    Ok(())
}
