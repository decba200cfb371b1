//! Goal: retention drops what the owner configured, never what is protected, and nothing because of a clock.

use crate::world::{DAY, NOTE, Outcome, World, save};
use draftkeep::{Filter, Keep, Phase, Retention, Store};
use std::time::Duration;

fn open(world: &World, retention: Retention) -> Store {
    world.open(|options| options.retention(retention))
}

#[test]
fn drafts_nobody_touches_go_to_the_trash_and_are_purged_after_their_grace() -> Outcome {
    let world = World::new();
    let retention = Retention::default().discard_after(DAY * 3).purge_after(DAY * 2);
    let id = open(&world, retention).space("alice")?.drafts(NOTE)?.slot("one").start(&"text".to_owned())?.id();
    let mut seen = Vec::new();
    for _ in 0..7 {
        world.clock.advance(DAY);
        let space = open(&world, retention).space("alice")?;
        seen.push((space.swept().discarded.len(), space.swept().purged.len()));
    }
    assert_eq!(seen, [(0, 0), (0, 0), (1, 0), (0, 0), (0, 1), (0, 0), (0, 0)]);
    let store = open(&world, retention);
    assert!(store.space("alice")?.drafts(NOTE)?.get(id)?.is_none());
    assert!(store.verify()?.is_intact());
    Ok(())
}

#[test]
fn a_draft_in_the_trash_comes_back_with_one_call() -> Outcome {
    let world = World::new();
    let retention = Retention::default().discard_after(DAY).purge_after(DAY * 30);
    open(&world, retention).space("alice")?.drafts(NOTE)?.slot("one").start(&"text".to_owned())?;
    world.clock.advance(DAY);
    let space = open(&world, retention).space("alice")?;
    let draft = space.drafts(NOTE)?.get(space.swept().discarded[0])?.expect("it is in the trash");
    draft.recover()?;
    assert_eq!((draft.info()?.phase, draft.load()?), (Phase::Open, "text".to_owned()));
    Ok(())
}

#[test]
fn a_clock_that_jumps_purges_nothing() -> Outcome {
    let world = World::new();
    let retention = Retention::default().discard_after(DAY * 30).purge_after(DAY * 30);
    let draft = open(&world, retention).space("alice")?.drafts(NOTE)?.slot("one").start(&"text".to_owned())?;
    let trashed = open(&world, retention).space("alice")?.drafts(NOTE)?.slot("two").start(&"text".to_owned())?;
    trashed.discard()?;
    for jump in [u64::MAX, 0, 1_700_000_000_000 + 100 * 365 * 86_400_000, 11_644_473_600_000] {
        world.clock.set_now(draftkeep::clock::Timestamp::from_millis(jump));
        assert_eq!(*open(&world, retention).space("alice")?.swept(), draftkeep::Swept::default());
    }
    assert_eq!((draft.info()?.phase, trashed.info()?.phase), (Phase::Open, Phase::Discarded));
    Ok(())
}

#[test]
fn only_the_last_versions_stay_and_those_that_are_protected() -> Outcome {
    let world = World::new();
    let store = open(&world, Retention::default().history(Keep::Last(3)));
    let draft = store.space("alice")?.drafts(NOTE)?.slot("one").start(&"1".to_owned())?;
    for version in 2..=20 {
        save(&draft, &version.to_string())?;
    }
    draft.pin(5)?;
    draft.pin(5)?;
    let checkpoint = draft.checkpoint("before")?;
    draft.promote("out")?;
    for version in 23..=150 {
        save(&draft, &version.to_string())?;
    }
    let thinned = store.compact()?.thinned;
    let kept: Vec<u64> = draft.history()?.versions.iter().map(|version| version.version).collect();
    for protected in [1, 5, checkpoint, 148, 149, 150] {
        assert!(kept.contains(&protected), "{protected} in {kept:?}");
    }
    assert_eq!(thinned, 150 - kept.len() as u64);
    assert!(!kept.contains(&6) && !kept.contains(&20));
    assert_eq!(draft.at(5)?.doc, "5");
    assert!(draft.info()?.promoted.is_some_and(|promoted| {
        kept.iter().any(|version| draft.at(*version).is_ok_and(|version| version.revision == promoted))
    }));
    assert!(matches!(draft.at(6).unwrap_err().kind(), draftkeep::ErrorKind::NoSuchVersion { version: 6, .. }));
    assert_eq!(draft.pins()?, [5]);
    draft.unpin(5)?;
    save(&draft, "one more")?;
    store.compact()?;
    assert!(!draft.history()?.versions.iter().any(|version| version.version == 5));
    assert!(store.verify()?.is_intact());
    Ok(())
}

#[test]
fn thinning_keeps_the_last_state_of_each_hour_and_day() -> Outcome {
    let world = World::new();
    let store = open(&world, Retention::default().history(Keep::thinned()));
    let draft = store.space("alice")?.drafts(NOTE)?.slot("one").start(&String::new())?;
    for minute in 1..=300 {
        world.clock.advance(Duration::from_secs(15 * 60));
        save(&draft, &minute.to_string())?;
    }
    store.compact()?;
    let kept = draft.history()?.versions;
    // 75 hours: the last one whole, 23 hours hourly, the rest daily, the first version and the head.
    assert!((24 + 4..=24 + 4 + 6).contains(&kept.len()), "{}", kept.len());
    assert_eq!(draft.load()?, "300");
    assert!(store.verify()?.is_intact());
    Ok(())
}

#[test]
fn nothing_is_dropped_unless_it_was_asked_for() -> Outcome {
    let world = World::new();
    let store = world.open(|options| options);
    let draft = store.space("alice")?.drafts(NOTE)?.slot("one").start(&String::new())?;
    for version in 2..=200 {
        save(&draft, &version.to_string())?;
    }
    for _ in 0..400 {
        world.clock.advance(DAY);
        world.open(|options| options).space("alice")?;
    }
    store.compact()?;
    assert_eq!(draft.history()?.versions.len(), 200);
    assert_eq!(store.space("alice")?.list(&Filter::open())?.drafts.len(), 1);
    Ok(())
}
