//! Two devices open one slot without knowing of each other, and one of them is done with it before they meet.

use crate::world::{Device, Line, Loses, Note, change, hub, note};
use draftkeep::{Draft, EventKind, Filter, Phase};

/// Every text of a slot on a device, with its phase.
fn texts(device: &Device, slot: &str) -> Vec<(Phase, String)> {
    let mut texts: Vec<(Phase, String)> = Phase::ALL
        .into_iter()
        .flat_map(|phase| device.space.list(&Filter::phase(phase)).unwrap().drafts)
        .filter(|info| info.slot_text() == Some(slot))
        .map(|info| (info.phase, device.notes.get(info.id).unwrap().unwrap().load().unwrap().body))
        .collect();
    texts.sort_by(|a, b| a.1.cmp(&b.1));
    texts
}

fn begun(device: &Device, slot: &str, body: &str) -> Draft<Note> {
    let draft = device.notes.slot(slot).start(&Note::default()).unwrap();
    change(&draft, |note| note.body = body.into());
    draft
}

#[test]
fn what_was_begun_here_goes_on_where_the_others_are_done() {
    let hub = hub(1);
    let (one, two) = (Device::new(2, &hub), Device::new(3, &hub));
    begun(&one, "form", "sent").promote_and_archive("order 7").unwrap();
    one.sync();
    let draft = begun(&two, "form", "begun on the train");
    let mut events = two.store.events();
    assert_eq!(two.sync().moved, 1);
    let current = two.notes.slot("form").resume().unwrap().expect("it is open");
    assert_ne!(current.id(), draft.id());
    let told = std::iter::from_fn(|| events.try_next()).find(|event| matches!(event.what, EventKind::Moved { .. }));
    assert_eq!(told.expect("the application is told").what, EventKind::Moved { to: current.id() });
    assert_eq!(draft.info().unwrap().phase, Phase::Archived);
    one.sync();
    two.sync();
    for device in [&one, &two] {
        let expected = [(Phase::Open, "begun on the train".to_owned()), (Phase::Archived, "sent".to_owned())];
        assert_eq!(texts(device, "form"), expected);
        assert_eq!(device.syncer.status().unwrap().pending, 0);
        assert!(device.syncer.status().unwrap().parked.is_empty());
    }
    assert!(draft.history().unwrap().versions.len() >= 3, "what was typed is in its history as well");
}

/// Whichever of the slot's drafts is taken in first.
#[test]
fn the_others_may_have_begun_the_next_one_too() {
    for slot in ["a", "b", "c", "d", "e", "f", "g", "h"] {
        let hub = hub(1);
        let (one, two) = (Device::new(2, &hub), Device::new(3, &hub));
        begun(&one, slot, "first").archive().unwrap();
        begun(&one, slot, "second");
        one.sync();
        begun(&two, slot, "on the train");
        for _ in 0..3 {
            two.sync();
            one.sync();
        }
        assert_eq!(texts(&one, slot), texts(&two, slot));
        let all: String = texts(&one, slot).into_iter().map(|(_, body)| body).collect();
        for word in ["first", "second", "on the train"] {
            assert!(all.contains(word) || in_conflict(&one, word), "{word} is nowhere: {all}");
        }
        assert!(
            texts(&one, slot).iter().filter(|(phase, _)| *phase == Phase::Archived).all(|(_, body)| body == "first")
        );
    }
}

fn in_conflict(device: &Device, word: &str) -> bool {
    let drafts = device.space.list(&Filter::phase(Phase::Open)).unwrap().drafts;
    let drafts = drafts.into_iter().map(|info| device.notes.get(info.id).unwrap().unwrap());
    let versions = drafts.flat_map(|draft| {
        let versions = draft.history().unwrap().versions.into_iter();
        versions.map(move |info| draft.at(info.version).unwrap().doc.body).collect::<Vec<_>>()
    });
    versions.into_iter().any(|body| body.contains(word))
}

/// What was sent may be in the archived draft: it is merged with it, as any edit of an archived draft is.
#[test]
fn what_may_have_been_seen_elsewhere_stays_where_it_is() {
    let hub = hub(1);
    let line = Line::to(&hub);
    let (one, two) = (Device::new(2, &hub), Device::over(3, line.clone()));
    let draft = begun(&two, "form", "sent, and nobody answered");
    line.lose(Loses::Answer);
    assert!(two.try_sync().is_err());
    change(&draft, |note| note.title = "typed after it".into());
    one.sync();
    one.notes.slot("form").resume().unwrap().expect("it arrived").archive().unwrap();
    one.sync();
    assert_eq!(two.sync().moved, 0);
    one.sync();
    let there = one.the_same(&draft);
    assert_eq!(
        (there.info().unwrap().phase, there.load().unwrap().title.as_str()),
        (Phase::Archived, "typed after it")
    );
    assert_eq!(there.load().unwrap(), Note { title: "typed after it".into(), ..note("", "sent, and nobody answered") });
}

/// The text that a slot's draft begins with was kept by the hub as one side of a conflict, and the other side went into the archive.
#[test]
fn what_others_may_have_seen_is_not_moved() {
    let hub = hub(1);
    let (one, two) = (Device::new(2, &hub), Device::new(3, &hub));
    one.notes.slot("form").start(&note("one", "")).unwrap();
    one.sync();
    let draft = two.notes.slot("form").start(&note("two", "")).unwrap();
    assert_eq!(two.sync().conflicts, 1);
    one.notes.slot("form").start_over(&note("next", "")).unwrap();
    for _ in 0..3 {
        one.sync();
        assert_eq!(two.sync().moved, 0);
    }
    for device in [&one, &two] {
        let titles: Vec<String> = device
            .notes
            .slot("form")
            .generations()
            .unwrap()
            .iter()
            .map(|info| device.notes.get(info.id).unwrap().unwrap().load().unwrap().title)
            .collect();
        assert_eq!(
            titles.iter().filter(|title| *title == "two").count(),
            usize::from(device.the_same(&draft).load().unwrap().title == "two")
        );
        assert_eq!(device.syncer.status().unwrap().conflicts, 1);
    }
    draft.conflict().unwrap().unwrap().settle(&note("one and two", "")).unwrap();
    for device in [&two, &one, &two] {
        device.sync();
        assert_eq!(device.syncer.status().unwrap().conflicts, 0);
        assert_eq!(device.the_same(&draft).info().unwrap().phase, Phase::Archived);
    }
}

/// One device goes on with a slot's first draft while another one, which knows it as archived, has begun the second.
#[test]
fn where_two_generations_are_open_and_the_newer_one_ends_the_earlier_one_is_meant() {
    for ending in [Draft::archive, Draft::discard, |draft: &Draft<Note>| draft.promote_and_archive("order 7")] {
        let hub = hub(1);
        let (one, two) = (Device::new(2, &hub), Device::new(3, &hub));
        let first = begun(&one, "form", "first");
        first.archive().unwrap();
        one.sync();
        two.sync();
        let second = begun(&two, "form", "second");
        first.reopen().unwrap();
        one.sync();
        two.sync();
        one.sync();
        for device in [&one, &two] {
            let expected = [(Phase::Open, "first".to_owned()), (Phase::Open, "second".to_owned())];
            assert_eq!(texts(device, "form"), expected);
            assert_eq!(device.notes.slot("form").resume().unwrap().expect("the newer one").id(), second.id());
        }
        ending(&second).unwrap();
        // What is meant here is what everybody else means once they hear of it.
        assert_eq!(two.notes.slot("form").resume().unwrap().expect("the earlier one").id(), first.id());
        assert!(two.store.verify().unwrap().is_intact());
        two.sync();
        one.sync();
        for device in [&one, &two] {
            assert_eq!(device.notes.slot("form").resume().unwrap().expect("the earlier one").id(), first.id());
            assert!(device.store.verify().unwrap().is_intact());
            assert_eq!(device.store.repair().unwrap(), 0);
        }
        two.notes.slot("form").resume().unwrap().expect("it is open").archive().unwrap();
        assert!(two.notes.slot("form").resume().unwrap().is_none());
        assert!(two.store.verify().unwrap().is_intact());
    }
}
