//! What can only be seen by comparing: a hub that shows two devices two worlds, and earlier states that are not what they were.

use crate::bodies::ALTERATIONS;
use crate::forge::{DRAFT, Forged, INVENTED, PARENTS, PHASE, VECTOR, writers};
use crate::inventions::ahead_of_itself;
use crate::liar::{Liar, Moment};
use crate::oracle::{Typed, is_sound};
use crate::world::{Device, Line, change, copy, hub, hub_on, note};
use draftkeep::ErrorKind;
use draftkeep::storage::MemoryStorage;
use draftkeep::sync::earlier_of;
use std::collections::BTreeSet;
use std::sync::Arc;

/// Goal: two worlds are not noticed as long as they are kept apart, lose nothing, and are noticed when they meet. Method: the hub is
/// copied, and each device syncs with one of the copies; then one of them is shown to both.
#[test]
fn two_devices_that_are_shown_two_worlds_find_out_when_the_worlds_meet() {
    let storage = Arc::new(MemoryStorage::new());
    let hub = hub_on(&storage, 1);
    let (of_one, of_two) = (Line::to(&hub), Line::to(&hub));
    let (one, two) = (Device::over(2, of_one.clone()), Device::over(3, of_two));
    let (mut typed, mut theirs) = (Typed::default(), Typed::default());
    let draft = one.notes.start(&note("Shared", "")).unwrap();
    one.sync();
    two.sync();
    of_one.lead_to(&hub_on(&Arc::new(copy(&storage)), 9));
    for number in 0..3 {
        typed.type_into("apart", &draft, &format!("<one {number}>"));
        theirs.type_into("apart", &two.the_same(&draft), &format!("<two {number}>"));
        // Each world is whole: nothing tells a device that there is another one.
        assert!(!one.sync().resynced && !two.sync().resynced);
    }
    assert!(one.syncer.status().unwrap().is_synced() && two.syncer.status().unwrap().is_synced());
    assert!(!typed.unknown_to(&two).is_empty() && !theirs.unknown_to(&one).is_empty());
    of_one.lead_to(&hub);
    assert!(one.sync().resynced, "its positions are none of this world");
    two.sync();
    one.sync();
    for (device, name) in [(&one, "one"), (&two, "two")] {
        typed.check(name, device);
        theirs.check(name, device);
        is_sound(name, device);
    }
}

/// Goal: an earlier state is what its author wrote, or an error. Method: every alteration of bodies, to a whole one and to a delta, and
/// one state that is made up whole, which is as good as any where the space has no key.
#[test]
fn an_earlier_state_that_was_altered_is_none_and_one_that_was_made_up_is_read_and_not_saved() {
    let hub = hub(1);
    let device = Device::new(2, &hub);
    let long: String = (0..300_u32).map(|word| format!("word{} ", word * 7_919 % 1_009)).collect();
    let draft = device.notes.start(&note("Night", &long)).unwrap();
    let mut typed = Typed::default();
    for number in 0..3 {
        device.sync();
        typed.type_into("earlier", &draft, &format!("<{number}>"));
    }
    device.sync();
    let mains = hub.mains("alice", draft.id()).unwrap();
    let mut chains = Vec::new();
    for main in &mains {
        let given = hub.revision("alice", draft.id(), main.revision).unwrap().expect("it is kept");
        chains.push(given.chain().len());
        assert!(earlier_of(&device.space, &given).is_ok());
        for (name, alter) in ALTERATIONS {
            let altered = alter(&given).expect("it can be altered");
            assert_ne!(altered, given, "{name}");
            let refused = earlier_of(&device.space, &altered).expect_err(name);
            assert!(matches!(refused.kind(), ErrorKind::Corrupt { .. }), "{name}: {refused}");
        }
    }
    assert!(chains.contains(&0) && chains.iter().any(|chain| *chain > 0), "both forms came: {chains:?}");
    let whole = hub.revision("alice", draft.id(), mains[mains.len() - 1].revision).unwrap().expect("it is kept");
    let made_up = earlier_of(&device.space, &Forged::like(&whole).close()).expect("nothing is against it");
    assert!(draft.read_earlier(&made_up).unwrap().body.contains(INVENTED));
    assert!(!draft.load().unwrap().body.contains(INVENTED), "reading saves nothing");
    typed.check("earlier", &device);
    is_sound("earlier", &device);
}

/// Goal: what nobody can read does not even travel. Method: headers that are none are refused where a message is made, and so where one
/// is read.
#[test]
fn what_is_no_revision_does_not_travel() {
    let hub = hub(1);
    let device = Device::new(2, &hub);
    let draft = device.notes.start(&note("Night", "")).unwrap();
    device.sync();
    let main = hub.mains("alice", draft.id()).unwrap()[0].revision;
    let given = hub.revision("alice", draft.id(), main).unwrap().expect("it is kept");
    let refused = |change: fn(&mut Forged)| {
        let mut forged = Forged::like(&given);
        change(&mut forged);
        forged.try_close().expect_err("it is no revision").to_string()
    };
    for change in [
        |forged: &mut Forged| forged.header.number(PHASE, 9),
        |forged: &mut Forged| forged.header.set(VECTOR, writers(20_000, 1)),
        |forged: &mut Forged| forged.header.set(PARENTS, [1; 33]),
        |forged: &mut Forged| forged.header.set(DRAFT, [1; 17]),
    ] {
        assert_eq!(refused(change), "the header of a revision cannot be read");
    }
    let long = refused(|forged| forged.header.set(VECTOR, writers(60_000, u64::MAX)));
    assert!(long.contains("at most 1048576 are allowed"), "{long}");
    let long = refused(|forged| forged.document = vec![b'1'; 17 << 20]);
    assert!(long.contains("at most 16842752 are allowed"), "{long}");
}

/// Goal: a device whose edits somebody else counted ahead numbers them on as others. Method: a made-up main says that the device wrote
/// more than it ever did; each edit after it is known as another one all the same.
#[test]
fn edits_after_somebody_counted_them_ahead_are_told_apart() {
    let hub = hub(1);
    let liar = Liar::before(&hub);
    let device = Device::over(2, liar.clone());
    let draft = device.notes.start(&note("Night", "")).unwrap();
    device.sync();
    let other = Device::new(3, &hub);
    other.sync();
    change(&other.the_same(&draft), |note| note.tags.push("of two".into()));
    other.sync();
    liar.begin(ahead_of_itself, Moment::Pulling);
    device.sync();
    let mut typed = Typed::default();
    for number in 0..3 {
        typed.type_into("ahead", &draft, &format!("<{number}>"));
    }
    let versions = draft.history().unwrap().versions;
    let head = versions.last().expect("there is a head");
    assert!(head.vector.iter().any(|(_, counter)| counter == u64::MAX), "it was said: {:?}", head.vector);
    let vectors: BTreeSet<String> = versions.iter().map(|version| format!("{:?}", version.vector)).collect();
    assert_eq!(vectors.len(), versions.len(), "{versions:?}");
    typed.check("ahead", &device);
    is_sound("ahead", &device);
}
