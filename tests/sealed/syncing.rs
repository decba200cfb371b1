//! What travels, what lies on a hub, and what a device takes from there.

use crate::world::{CANARY, Device, Ring, canaries, hub, key, options, sealed, typed};
use draftkeep::seal::MemoryKeyRing;
use draftkeep::sync::{BlockedBy, document_of, earlier_of};
use draftkeep::{ErrorKind, Phase};

#[test]
fn devices_with_the_keys_share_everything_and_the_hub_has_nothing_of_it() {
    let ((hub, storage), ring) = (hub(9), Ring::new());
    let (one, two) = (Device::new(sealed(1, &ring), &hub), Device::new(sealed(2, &ring), &hub));
    let draft = one.notes.slot("diary").resume_or_start(|| format!("{CANARY} begins\n\nand ends\n")).unwrap();
    one.sync();
    two.sync();
    let same = two.the_same(&draft);
    assert_eq!(same.id(), two.notes.slot("diary").resume_or_start(String::new).unwrap().id());
    // Edits of both at once are merged on the devices.
    typed(&draft, &format!("{CANARY} begins well\n\nand ends\n"));
    typed(&same, &format!("{CANARY} begins\n\nand ends badly\n"));
    for device in [&one, &two, &one] {
        device.sync();
    }
    assert_eq!(draft.load().unwrap(), format!("{CANARY} begins well\n\nand ends badly\n"));
    assert_eq!(same.load().unwrap(), draft.load().unwrap());
    // A conflict, a checkpoint, an outcome.
    typed(&draft, &format!("{CANARY} one"));
    typed(&same, &format!("{CANARY} two"));
    for device in [&one, &two, &one] {
        device.sync();
    }
    assert!(draft.conflict().unwrap().is_some() || draft.load().unwrap() == same.load().unwrap());
    let other = one.notes.start(&CANARY.repeat(5_000)).unwrap();
    other.checkpoint(&format!("{CANARY} here")).unwrap();
    other.promote(&format!("{CANARY} 9")).unwrap();
    one.sync();
    two.sync();
    assert_eq!(two.the_same(&other).info().unwrap().phase, Phase::Promoted);
    assert_eq!(canaries(&*storage), Vec::<String>::new());
    let revision = hub.revision("alice", draft.id(), hub.mains("alice", draft.id()).unwrap()[0].revision).unwrap();
    assert_eq!(document_of(&revision.unwrap()), None);
    assert!(hub.verify().unwrap().is_intact());
}

#[test]
fn an_earlier_state_that_the_hub_keeps_is_opened_with_its_key() {
    let ((hub, _), ring) = (hub(9), Ring::new());
    let one = Device::new(sealed(1, &ring), &hub);
    let draft = one.notes.start(&"It rained.".to_owned()).unwrap();
    one.sync();
    typed(&draft, "It snowed.");
    one.sync();
    let before = hub.mains("alice", draft.id()).unwrap()[1].revision;
    let given = hub.revision("alice", draft.id(), before).unwrap().unwrap();
    assert_eq!(draft.read_earlier(&earlier_of(&one.space, &given).unwrap()).unwrap(), "It rained.");
    let keyless = Ring::of(MemoryKeyRing::new(key(1), key(9)));
    let two = Device::new(sealed(2, &keyless), &hub);
    let missing = ErrorKind::KeyMissing { space: "alice".to_owned(), key: Some(key(2).id()) };
    assert_eq!(earlier_of(&two.space, &given).unwrap_err().kind(), &missing);
}

#[test]
fn a_text_whose_key_is_not_here_waits_for_it_and_nothing_is_pushed_over_it() {
    let ((hub, _), ring) = (hub(9), Ring::new());
    let one = Device::new(sealed(1, &ring), &hub);
    let draft = one.notes.slot("diary").resume_or_start(|| "It rained.".to_owned()).unwrap();
    one.sync();
    let young = Ring::of(MemoryKeyRing::new(key(1), key(3)));
    let two = Device::new(sealed(2, &young), &hub);
    let own = two.notes.slot("diary").resume_or_start(|| "It snowed.".to_owned()).unwrap();
    assert_eq!(own.id(), draft.id());
    let before = hub.mains("alice", draft.id()).unwrap();
    // What is here leaves beside it, and once.
    let pushed: Vec<u64> = (0..3).map(|_| two.sync().pushed).collect();
    assert_eq!(pushed.iter().sum::<u64>(), 1, "{pushed:?}");
    let blocked = two.syncer.status().unwrap().blocked;
    assert_eq!((blocked.len(), blocked[0].by), (1, BlockedBy::KeyMissing), "{blocked:?}");
    assert!(blocked[0].reason.contains(&key(2).id().to_string()), "{blocked:?}");
    assert_eq!(hub.mains("alice", draft.id()).unwrap().len(), before.len());
    assert_eq!(own.load().unwrap(), "It snowed.");
    young.lock(true);
    assert!(young.keys().add(None, key(2)));
    two.sync();
    assert_eq!(two.syncer.status().unwrap().blocked.len(), 1, "the ring is locked");
    young.lock(false);
    two.sync();
    assert!(two.syncer.status().unwrap().blocked.is_empty());
    let sides = own.conflict().unwrap().map_or(0, |conflict| conflict.theirs().len());
    assert!(sides == 1 || own.load().unwrap() == "It rained.", "{:?}", own.load());
}

#[test]
fn a_sealed_space_takes_no_open_text_and_an_open_one_no_sealed_text() {
    let (hub, _) = hub(9);
    // The same secret, so that ids and digests would fit.
    let former = Ring::of(MemoryKeyRing::empty().with_former_plain_space("alice", key(2)));
    let (plain, closed) = (Device::new(options(1), &hub), Device::new(sealed(2, &former), &hub));
    let (open_text, sealed_text) =
        (plain.notes.start(&"open".to_owned()).unwrap(), closed.notes.start(&"sealed".to_owned()).unwrap());
    for device in [&plain, &closed, &plain] {
        device.sync();
    }
    let blocked = |device: &Device| device.syncer.status().unwrap().blocked;
    assert!(
        closed.notes.get(open_text.id()).unwrap().is_none() && plain.notes.get(sealed_text.id()).unwrap().is_none()
    );
    assert!(blocked(&closed)[0].reason.contains("not sealed"), "{:?}", blocked(&closed));
    assert!(blocked(&plain)[0].reason.contains("it is sealed"), "{:?}", blocked(&plain));
}

#[test]
fn a_space_with_another_secret_takes_nothing_for_its_own() {
    let (hub, _) = hub(9);
    let one = Device::new(sealed(1, &Ring::of(MemoryKeyRing::new(key(1), key(2)))), &hub);
    let two = Device::new(sealed(2, &Ring::of(MemoryKeyRing::new(key(7), key(2)))), &hub);
    let draft = one.notes.slot("diary").resume_or_start(|| "a text".to_owned()).unwrap();
    one.sync();
    two.sync();
    assert!(two.notes.get(draft.id()).unwrap().is_none());
    let blocked = two.syncer.status().unwrap().blocked;
    assert!(blocked.len() == 1 && blocked[0].reason.contains("sealed for another revision"), "{blocked:?}");
    assert_ne!(two.notes.slot("diary").resume_or_start(String::new).unwrap().id(), draft.id());
}

/// What is merged, decided and counted does not depend on the seal: two devices make the same revision.
#[test]
fn two_devices_that_merge_the_same_make_one_revision() {
    let ((hub, _), ring) = (hub(9), Ring::new());
    let devices: Vec<Device> = (1..=3).map(|seed| Device::new(sealed(seed, &ring), &hub)).collect();
    let draft = devices[0].notes.start(&"first\n\nsecond\n".to_owned()).unwrap();
    let _: Vec<_> = devices.iter().map(Device::sync).collect();
    typed(&draft, "first one\n\nsecond\n");
    let same = devices[1].the_same(&draft);
    typed(&same, "first\n\nsecond two\n");
    for _ in 0..2 {
        let _: Vec<_> = devices.iter().map(Device::sync).collect();
    }
    let heads: Vec<_> = devices.iter().map(|device| device.the_same(&draft).info().unwrap().revision).collect();
    assert!(heads.iter().all(|head| *head == heads[0]), "{heads:?}");
    assert_eq!(devices[2].the_same(&draft).load().unwrap(), "first one\n\nsecond two\n");
}
