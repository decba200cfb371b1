//! Goal: a slot has at most one current draft, however often it is started, reopened or begun anew.

use crate::world::{NOTE, Outcome, World, save};
use draftkeep::storage::MemoryStorage;
use draftkeep::{ErrorKind, Kind, Phase};
use std::sync::Arc;

#[test]
fn starting_twice_returns_the_same_draft_and_keeps_its_text() -> Outcome {
    let world = World::new();
    let slot = world.notes().slot("upload-73");
    let first = slot.start(&"typed".to_owned())?;
    save(&first, "typed more")?;
    let again = slot.start(&"default".to_owned())?;
    assert_eq!(again.id(), first.id());
    assert_eq!(again.load()?, "typed more");
    assert_eq!(slot.resume_or_start(|| unreachable!("there is a draft"))?.id(), first.id());
    Ok(())
}

#[test]
fn starting_over_archives_the_current_draft_and_keeps_it() -> Outcome {
    let world = World::new();
    let slot = world.notes().slot("upload-73");
    let first = slot.start(&"old".to_owned())?;
    let second = slot.start_over(&"new".to_owned())?;
    assert_eq!(slot.resume()?.map(|draft| draft.id()), Some(second.id()));
    assert_eq!((first.info()?.phase, first.load()?), (Phase::Archived, "old".to_owned()));
    let generations: Vec<_> = slot.generations()?.into_iter().map(|info| (info.generation, info.phase)).collect();
    assert_eq!(generations, [(Some(2), Phase::Open), (Some(1), Phase::Archived)]);
    Ok(())
}

#[test]
fn a_draft_does_not_come_back_while_another_is_current() -> Outcome {
    let world = World::new();
    let slot = world.notes().slot("upload-73");
    let first = slot.start(&"old".to_owned())?;
    let second = slot.start_over(&"new".to_owned())?;
    let taken = ErrorKind::SlotTaken { by: second.id() };
    assert_eq!(*first.reopen().unwrap_err().kind(), taken);
    second.discard()?;
    first.reopen()?;
    assert_eq!(*second.recover().unwrap_err().kind(), ErrorKind::SlotTaken { by: first.id() });
    assert_eq!(slot.resume()?.map(|draft| draft.id()), Some(first.id()));
    Ok(())
}

#[test]
fn the_open_draft_is_current_before_the_promoted_one() -> Outcome {
    let world = World::new();
    let slot = world.notes().slot("upload-73");
    let first = slot.start(&"old".to_owned())?;
    first.promote("out")?;
    assert_eq!(slot.resume()?.map(|draft| draft.id()), Some(first.id()), "a promoted draft is resumed");
    first.archive()?;
    assert!(slot.resume()?.is_none(), "an archived one is not");
    Ok(())
}

#[test]
fn two_devices_that_begin_a_slot_alike_make_the_same_draft_and_revision() -> Outcome {
    let (here, there) = (World::new(), World::on(Arc::new(MemoryStorage::new()), 2));
    there.pass(crate::world::DAY);
    let start = |world: &World| -> draftkeep::Result<_> {
        let draft = world.notes().slot("upload-73").start(&"default".to_owned())?;
        Ok((draft.id(), draft.info()?.revision))
    };
    assert_eq!(start(&here)?, start(&there)?);
    Ok(())
}

#[test]
fn slots_of_other_keys_kinds_and_spaces_are_other_drafts() -> Outcome {
    const PAGE: Kind<String> = Kind::new("page");
    let world = World::new();
    let store = world.open(|options| options);
    let mut ids = Vec::new();
    for space in ["alice", "bob"] {
        for kind in [NOTE, PAGE] {
            let drafts = store.space(space)?.drafts(kind)?;
            for key in [&b"a"[..], b"a\0", b"A", b"aa", "ä".as_bytes(), "a\u{308}".as_bytes(), b"\xff"] {
                let draft = drafts.slot(key).start(&String::new())?;
                assert_eq!(draft.info()?.slot.as_deref(), Some(key));
                ids.push(draft.id());
            }
        }
    }
    let count = ids.len();
    ids.sort_unstable();
    ids.dedup();
    assert_eq!(ids.len(), count);
    assert!(store.verify()?.is_intact());
    Ok(())
}

#[test]
fn a_key_that_is_empty_or_too_long_is_refused() -> Outcome {
    let notes = World::new().notes();
    for key in [vec![], vec![b'k'; 257]] {
        let name = ErrorKind::Name { what: "slot", limit: 256, got: key.len() };
        assert_eq!(*notes.slot(&key).start(&String::new()).unwrap_err().kind(), name);
        assert_eq!(*notes.slot(&key).resume().unwrap_err().kind(), name);
    }
    notes.slot(vec![b'k'; 256]).start(&String::new())?;
    Ok(())
}
