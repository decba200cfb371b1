//! What a hub keeps of earlier mains is what devices wrote, and comes back as an edit like any other.

use crate::world::{Device, Note, change, hub, long, note};
use draftkeep::hub::{MainThen, Moment};
use draftkeep::sync::{document_of, earlier_of};
use draftkeep::transport::Revision;
use draftkeep::{AuditAction, AuditQuery, ErrorKind, EventKind, value};

/// Goal: every main that is kept can be read and brought back. Method: edits of a long text travel as deltas; each main that the hub
/// lists is held against the text as it was saved, and the oldest one is saved again by the other device.
#[test]
fn every_main_that_the_hub_keeps_is_a_text_as_it_was_and_can_be_brought_back() {
    let hub = hub(1);
    let (one, two) = (Device::new(2, &hub), Device::new(3, &hub));
    let draft = one.notes.start(&note("Night", &long())).unwrap();
    let mut saved = Vec::new();
    for number in 0..14 {
        change(&draft, |note| note.body.replace_range(number * 100..number * 100 + 4, "here"));
        one.sync();
        saved.push((draft.load().unwrap(), hub.status("alice").unwrap().position));
    }
    two.sync();
    let read = |id| {
        let revision = hub.revision("alice", draft.id(), id).unwrap().expect("it is kept");
        let document = document_of(&revision).expect("it can be read");
        (value::from_slice::<Note>(&document).unwrap(), revision.chain().len())
    };
    let mains = hub.mains("alice", draft.id()).unwrap();
    assert_eq!(mains.len(), 9, "the one that counts, and eight before it");
    let mut deltas = 0;
    for (main, (text, _)) in mains.iter().zip(saved.iter().rev()) {
        let (found, chain) = read(main.revision);
        assert_eq!(found, *text);
        deltas += chain;
    }
    assert!(deltas > 9, "they came as deltas: {deltas}");
    // The whole space as it was is found by position, too.
    for (text, position) in &saved[6..] {
        let then = hub.drafts("alice", Moment::Position(position.seq), 0, 10).unwrap().remove(0);
        let MainThen::Kept(main) = then.main else { panic!("{then:?}") };
        assert_eq!(read(main.revision).0, *text);
    }
    // The other device was away all the time: it has none of them in its history.
    let (expected, _) = read(mains[8].revision);
    let given = hub.revision("alice", draft.id(), mains[8].revision).unwrap().expect("it is kept");
    let earlier = earlier_of(&two.space, &given).unwrap();
    assert_eq!((earlier.draft(), earlier.revision()), (draft.id(), mains[8].revision));
    let there = two.the_same(&draft);
    for version in there.history().unwrap().versions {
        assert_ne!(there.at(version.version).unwrap().doc, expected);
    }
    assert_eq!(there.read_earlier(&earlier).unwrap(), expected);
    let mut events = two.store.events();
    let version = there.bring_back(&earlier).unwrap();
    let told = EventKind::BroughtBack { revision: mains[8].revision, version };
    assert!(std::iter::from_fn(|| events.try_next()).any(|event| event.what == told));
    let audited = two.space.audit(&AuditQuery::all()).unwrap().entries;
    assert!(audited.iter().any(|entry| entry.action == AuditAction::BroughtBack { version }));
    two.sync();
    one.sync();
    assert_eq!(draft.load().unwrap(), expected);
    assert_eq!(hub.mains("alice", draft.id()).unwrap()[1].revision, mains[0].revision, "what it replaced is kept");
}

#[test]
fn what_is_not_what_its_author_wrote_or_is_of_another_draft_is_not_brought_back() {
    let hub = hub(1);
    let one = Device::new(2, &hub);
    let (draft, other) =
        (one.notes.start(&note("Night", "It rained.")).unwrap(), one.notes.start(&note("Day", "")).unwrap());
    one.sync();
    change(&draft, |note| note.body.push_str(" It snowed."));
    one.sync();
    let main = hub.mains("alice", draft.id()).unwrap()[1].revision;
    let given = hub.revision("alice", draft.id(), main).unwrap().expect("it is kept");
    for at in 0..given.body().len() {
        let mut body = given.body().to_vec();
        body[at] ^= 4;
        let altered = Revision::new(given.header().to_vec(), body).unwrap();
        let refused = earlier_of(&one.space, &altered).unwrap_err();
        assert!(
            matches!(refused.kind(), ErrorKind::Corrupt { draft: Some(of), .. } if *of == draft.id()),
            "{refused:?}"
        );
    }
    let elsewhere = one.store.space("bob").unwrap();
    assert!(matches!(earlier_of(&elsewhere, &given).unwrap_err().kind(), ErrorKind::Corrupt { .. }));
    let earlier = earlier_of(&one.space, &given).unwrap();
    let wrong = ErrorKind::NoSuchDraft { draft: draft.id() };
    assert_eq!(*other.bring_back(&earlier).unwrap_err().kind(), wrong);
    assert_eq!(*other.read_earlier(&earlier).unwrap_err().kind(), wrong);
    assert_eq!(other.history().unwrap().versions.len(), 1);
    // A head that somebody has not seen is not written over.
    let unseen = draft.expecting(main).bring_back(&earlier).unwrap_err();
    assert_eq!(*unseen.kind(), ErrorKind::Stale { draft: draft.id(), head: 2 });
    draft.bring_back(&earlier).unwrap();
    assert_eq!(draft.load().unwrap(), note("Night", "It rained."));
}
