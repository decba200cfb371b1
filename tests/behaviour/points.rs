//! Goal: a whole space can be brought back to a restore point, with a way back from there.

use crate::world::{NOTE, Outcome, World, save};
use draftkeep::clock::Timestamp;
use draftkeep::storage::{Batch, Origin, Table};
use draftkeep::{DraftId, Drafts, ErrorKind, Filter, Keep, Phase, PointCause, Retention, Space, Store};
use proptest::prelude::*;
use std::collections::BTreeMap;

/// What every draft says, and its phase.
type State = BTreeMap<DraftId, (String, Phase)>;

fn state(space: &Space) -> Result<State, draftkeep::Error> {
    let notes = space.drafts(NOTE)?;
    let mut state = State::new();
    for phase in Phase::ALL {
        for info in space.list(&Filter::phase(phase))?.drafts {
            let draft = notes.get(info.id)?.expect("it is listed");
            state.insert(info.id, (draft.load()?, info.phase));
        }
    }
    Ok(state)
}

#[test]
fn a_space_comes_back_as_a_whole_and_goes_forth_again() -> Outcome {
    let world = World::new();
    let space = world.space();
    let notes = space.drafts(NOTE)?;
    let texts: Vec<_> = (0..5).map(|n| notes.start(&format!("text {n}"))).collect::<Result<_, _>>()?;
    let point = space.take_restore_point("before the great change")?;
    let then = state(&space)?;
    save(&texts[0], "replaced")?;
    save(&texts[0], "replaced twice")?;
    texts[1].promote_and_archive("sent")?;
    texts[2].discard()?;
    let begun = notes.start(&"later".to_owned())?;
    let now = state(&space)?;

    let returned = space.return_to(point.number)?;
    let mut drafts = returned.drafts.clone();
    drafts.sort();
    let mut expected: Vec<DraftId> = texts[..3].iter().map(draftkeep::Draft::id).collect();
    expected.sort();
    assert_eq!((drafts, returned.unchanged, returned.left.len()), (expected, 2, 0));
    assert_eq!(returned.begun_since, [begun.id()]);
    let mut there = state(&space)?;
    assert_eq!(there.remove(&begun.id()), Some(("later".to_owned(), Phase::Open)), "it is left as it is");
    assert_eq!(there, then);
    assert_eq!(returned.before.cause, PointCause::BeforeRestore { point: point.number });

    space.return_to(returned.before.number)?;
    assert_eq!(state(&space)?, now);
    assert_eq!(texts[0].raw_at(2)?.as_str(), Some("replaced"), "nothing leaves the history");
    let again = space.return_to(returned.before.number)?;
    assert_eq!((again.drafts.len(), again.unchanged), (0, 6), "it is there already");
    Ok(())
}

#[test]
fn what_an_autosave_holds_is_in_the_point() -> Outcome {
    let world = World::new();
    let space = world.space();
    let draft = space.drafts(NOTE)?.start(&"first".to_owned())?;
    let autosave = draft.autosave(draftkeep::Cadence::default())?;
    autosave.changed(&"typed".to_owned());
    let point = space.take_restore_point("now")?;
    autosave.changed(&"typed on".to_owned());
    let returned = space.return_to(point.number)?;
    assert_eq!((returned.drafts.len(), draft.load()?), (1, "typed".to_owned()));
    space.return_to(returned.before.number)?;
    assert_eq!(draft.load()?, "typed on");
    Ok(())
}

#[test]
fn a_slot_that_another_draft_took_is_told_of_and_left() -> Outcome {
    let world = World::new();
    let space = world.space();
    let slot = space.drafts(NOTE)?.slot("form");
    let first = slot.start(&"first".to_owned())?;
    let point = space.take_restore_point("first")?;
    let second = slot.start_over(&"second".to_owned())?;
    let returned = space.return_to(point.number)?;
    assert_eq!(returned.left[0].draft, first.id());
    assert_eq!(returned.left[0].why, ErrorKind::SlotTaken { by: second.id() });
    assert_eq!((first.info()?.phase, second.info()?.phase), (Phase::Archived, Phase::Open));
    second.discard()?;
    assert_eq!(space.return_to(point.number)?.left.len(), 0);
    assert_eq!(slot.resume()?.expect("it is open again").id(), first.id());
    Ok(())
}

/// In whichever order the drafts' ids are.
#[test]
fn drafts_of_one_slot_change_places_again() -> Outcome {
    for key in ["a", "b", "c", "d", "e", "f"] {
        let world = World::new();
        let space = world.space();
        let slot = space.drafts(NOTE)?.slot(key);
        let first = slot.start(&"first".to_owned())?;
        let second = slot.start_over(&"second".to_owned())?;
        second.archive()?;
        first.reopen()?;
        let point = space.take_restore_point("first")?;
        first.archive()?;
        second.reopen()?;
        assert_eq!(space.return_to(point.number)?.left.len(), 0, "{key}");
        assert_eq!((first.info()?.phase, second.info()?.phase), (Phase::Open, Phase::Archived));
    }
    Ok(())
}

#[test]
fn points_are_listed_dropped_and_never_numbered_anew() -> Outcome {
    let world = World::new();
    let space = world.open(|options| options.restore_points(2)).space("alice")?;
    let draft = space.drafts(NOTE)?.start(&"a".to_owned())?;
    let asked = space.take_restore_point("asked")?;
    save(&draft, "b")?;
    for _ in 0..4 {
        space.return_to(asked.number)?;
    }
    let numbers = |space: &Space| -> Result<Vec<u64>, draftkeep::Error> {
        Ok(space.restore_points()?.iter().map(|point| point.number).collect())
    };
    assert_eq!(numbers(&space)?, [1, 4, 5], "the last two, and the one that was asked for");
    space.drop_restore_point(5)?;
    for call in [space.drop_restore_point(5), space.return_to(5).map(drop)] {
        assert_eq!(*call.expect_err("it is gone").kind(), ErrorKind::NoSuchPoint { point: 5 });
    }
    assert_eq!(space.take_restore_point("next")?.number, 6);
    assert_eq!(world.space().take_restore_point("after opening anew")?.number, 7);
    for name in [String::new(), "n".repeat(257)] {
        let refused = space.take_restore_point(&name).expect_err("it is no name");
        assert!(matches!(refused.kind(), ErrorKind::Name { .. }));
    }
    Ok(())
}

#[test]
fn retention_keeps_what_a_point_stands_for() -> Outcome {
    let world = World::new();
    let open = || world.open(|options| options.retention(Retention::default().history(Keep::Last(1))));
    let store: Store = open();
    let space = store.space("alice")?;
    let draft = space.drafts(NOTE)?.start(&"0".to_owned())?;
    let mut points = Vec::new();
    for version in 1..=200 {
        save(&draft, &version.to_string())?;
        if version % 50 == 7 {
            points.push((space.take_restore_point("on the way")?.number, version.to_string()));
        }
    }
    assert!(store.compact()?.thinned > 190);
    for (number, text) in points {
        assert_eq!(space.return_to(number)?.left.len(), 0);
        assert_eq!(draft.load()?, text);
    }
    Ok(())
}

/// What the draft was at the point may be among what cannot be read: an older text would be passed off as that.
#[test]
fn a_draft_whose_versions_about_the_point_are_lost_is_left() -> Outcome {
    let world = World::new();
    let space = world.space();
    let draft = space.drafts(NOTE)?.start(&"first".to_owned())?;
    save(&draft, "second")?;
    let point = space.take_restore_point("second")?;
    save(&draft, "third")?;
    let versions = Table::new(3);
    let key = [&1_u32.to_be_bytes()[..], draft.id().as_bytes(), &2_u64.to_be_bytes()].concat();
    let mut batch = Batch::new(Origin::Local);
    assert!(world.storage.snapshot()?.get(versions, &key)?.is_some());
    batch.delete(versions, key);
    world.storage.commit(&batch)?;
    let space = world.space();
    let returned = space.return_to(point.number)?;
    assert!(matches!(returned.left[0].why, ErrorKind::Corrupt { .. }), "{returned:?}");
    assert_eq!((returned.drafts.len(), draft.load()?), (0, "third".to_owned()));
    Ok(())
}

#[derive(Debug, Clone)]
enum Step {
    Start,
    Save(prop::sample::Index),
    Phase(prop::sample::Index, u8),
    Take,
    Return(prop::sample::Index),
    Compact,
    Reopen,
    Clock(u64),
}

fn step() -> impl Strategy<Value = Step> {
    prop_oneof![
        2 => Just(Step::Start),
        6 => any::<prop::sample::Index>().prop_map(Step::Save),
        3 => (any::<prop::sample::Index>(), 0..4_u8).prop_map(|(draft, phase)| Step::Phase(draft, phase)),
        2 => Just(Step::Take),
        3 => any::<prop::sample::Index>().prop_map(Step::Return),
        1 => Just(Step::Compact),
        1 => Just(Step::Reopen),
        1 => (0..4_000_000_000_000_u64).prop_map(Step::Clock),
    ]
}

fn enter(notes: &Drafts<String>, id: DraftId, phase: u8) {
    let draft = notes.get(id).expect("it can be read").expect("it is there");
    // Whatever its phase allows.
    let _refused = match phase {
        0 => draft.promote("done"),
        1 => draft.archive(),
        2 => draft.discard(),
        _ => draft.recover().or_else(|_| draft.reopen()),
    };
}

fn live(steps: Vec<Step>) -> Outcome {
    let mut world = World::new();
    let open = |world: &World| world.open(|options| options.retention(Retention::default().history(Keep::Last(1))));
    let mut store = open(&world);
    let mut space = store.space("alice")?;
    let mut points: Vec<(u64, State)> = Vec::new();
    for (number, step) in steps.into_iter().enumerate() {
        let notes = space.drafts(NOTE)?;
        let now = state(&space)?;
        let ids: Vec<DraftId> = now.keys().copied().collect();
        match step {
            Step::Start => drop(notes.start(&format!("start {number}"))?),
            Step::Save(at) if !ids.is_empty() => {
                let draft = notes.get(*at.get(&ids))?.expect("it is there");
                let _refused_where_the_phase_takes_none = save(&draft, &format!("save {number}"));
            }
            Step::Phase(at, phase) if !ids.is_empty() => enter(&notes, *at.get(&ids), phase),
            Step::Take => points.push((space.take_restore_point("one")?.number, now)),
            Step::Return(at) if !points.is_empty() => {
                let (point, then) = at.get(&points).clone();
                let returned = space.return_to(point)?;
                assert!(returned.left.is_empty());
                let mut there = state(&space)?;
                for begun in &returned.begun_since {
                    assert_eq!(there.remove(begun), now.get(begun).cloned(), "it is left as it is");
                }
                assert_eq!(there, then);
                points.push((returned.before.number, now));
            }
            Step::Compact => drop(store.compact()?),
            Step::Reopen => {
                drop((space, store));
                world = World::on(world.storage.clone(), number as u64 + 2);
                store = open(&world);
                space = store.space("alice")?;
            }
            Step::Clock(at) => world.clock.set_now(Timestamp::from_millis(at)),
            Step::Save(_) | Step::Phase(..) | Step::Return(_) => {}
        }
    }
    assert!(store.verify()?.is_intact());
    Ok(())
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 150, ..ProptestConfig::default() })]

    #[test]
    fn whatever_happened_since_a_point_is_what_it_was(steps in prop::collection::vec(step(), 1..40)) {
        live(steps).expect("nothing fails");
    }
}
