//! Goal: lists show the drafts that were touched last first, page by page, and nothing twice.

use crate::world::{NOTE, Outcome, World, save};
use draftkeep::{ErrorKind, Filter, Kind, Options, Phase, Schema};

const PAGE: Kind<String> = Kind::new("page");

fn keys(drafts: &[draftkeep::DraftInfo]) -> Vec<&str> {
    drafts.iter().filter_map(draftkeep::DraftInfo::slot_text).collect()
}

#[test]
fn the_draft_touched_last_is_first_across_kinds() -> Outcome {
    let world = World::new();
    let space = world.space();
    for (kind, key) in [(NOTE, "a"), (PAGE, "b"), (NOTE, "c"), (PAGE, "d")] {
        space.drafts(kind)?.slot(key).start(&String::new())?;
    }
    assert_eq!(keys(&space.list(&Filter::open())?.drafts), ["d", "c", "b", "a"]);
    save(&space.drafts(NOTE)?.slot("a").start(&String::new())?, "touched")?;
    assert_eq!(keys(&space.list(&Filter::open())?.drafts), ["a", "d", "c", "b"]);
    assert_eq!(keys(&space.drafts(PAGE)?.list(&Filter::open())?.drafts), ["d", "b"]);
    // A clock that goes back decides nothing.
    world.clock.set_now(draftkeep::clock::Timestamp::from_millis(5));
    save(&space.drafts(PAGE)?.slot("b").start(&String::new())?, "touched")?;
    assert_eq!(keys(&space.list(&Filter::open())?.drafts), ["b", "a", "d", "c"]);
    Ok(())
}

#[test]
fn pages_follow_each_other_without_gap_and_overlap() -> Outcome {
    let world = World::new();
    let space = world.space();
    let mut expected = Vec::new();
    for number in 0..57 {
        let drafts = space.drafts(if number % 3 == 0 { PAGE } else { NOTE })?;
        let draft = drafts.slot(format!("{number:02}")).start(&String::new())?;
        if number % 5 == 0 {
            draft.promote("out")?;
        }
        expected.insert(0, format!("{number:02}"));
    }
    for limit in [1, 7, 50, 57, 60] {
        let mut filter = Filter::all().limit(limit);
        let mut found = Vec::new();
        loop {
            let page = space.list(&filter)?;
            assert!(page.drafts.len() <= limit);
            found.extend(keys(&page.drafts).into_iter().map(str::to_owned));
            let Some(next) = page.next else { break };
            filter = filter.after(next);
        }
        assert_eq!(found, expected, "pages of {limit}");
    }
    Ok(())
}

#[test]
fn a_prefix_leaves_out_drafts_without_a_slot_and_is_no_longer_than_a_key() -> Outcome {
    let world = World::new();
    let notes = world.space().drafts(NOTE)?;
    notes.start(&String::new())?;
    notes.slot("a").start(&String::new())?;
    assert_eq!(notes.list(&Filter::all())?.drafts.len(), 2);
    assert_eq!(keys(&notes.list(&Filter::all().slots_beginning_with(""))?.drafts), ["a"]);
    assert!(notes.list(&Filter::all().slots_beginning_with([7; 256]))?.drafts.is_empty());
    let error = notes.list(&Filter::all().slots_beginning_with([7; 257])).expect_err("no key is so long");
    assert_eq!(error.kind(), &ErrorKind::Name { what: "slot", limit: 256, got: 257 });
    Ok(())
}

#[test]
fn a_prefix_and_phases_narrow_a_list() -> Outcome {
    let world = World::new();
    let space = world.space();
    let notes = space.drafts(NOTE)?;
    for key in ["upload-1", "upload-2", "uploae", "uploac", "upload-3", "upload-"] {
        notes.slot(key).start(&String::new())?;
    }
    let uploads = Filter::all().slots_beginning_with("upload-");
    assert_eq!(keys(&space.list(&uploads)?.drafts), ["upload-", "upload-3", "upload-2", "upload-1"]);
    let page = space.list(&uploads.clone().limit(3))?;
    assert_eq!(keys(&page.drafts), ["upload-", "upload-3", "upload-2"]);
    let rest = space.list(&uploads.clone().limit(3).after(page.next.expect("there is one more")))?;
    assert_eq!(keys(&rest.drafts), ["upload-1"]);
    notes.slot("upload-2").start(&String::new())?.discard()?;
    assert_eq!(keys(&space.list(&Filter::phase(Phase::Discarded))?.drafts), ["upload-2"]);
    let open = Filter::open().slots_beginning_with("upload-");
    assert_eq!(keys(&space.list(&open)?.drafts), ["upload-", "upload-3", "upload-1"]);
    Ok(())
}

#[test]
fn what_was_done_last_is_the_promoted_draft_else_the_open_one() -> Outcome {
    let world = World::new();
    let space = world.space();
    assert!(space.latest()?.is_none());
    let (one, two) = (space.drafts(NOTE)?.slot("1"), space.drafts(NOTE)?.slot("2"));
    one.start(&String::new())?;
    two.start(&String::new())?;
    assert_eq!(space.latest()?.and_then(|info| info.slot), Some(b"2".to_vec()));
    one.start(&String::new())?.promote("race")?;
    two.start(&String::new())?;
    assert_eq!(space.latest()?.and_then(|info| info.slot), Some(b"1".to_vec()));
    Ok(())
}

#[test]
fn a_list_shows_label_device_version_and_size() -> Outcome {
    let world = World::new();
    let label = |note: &String| note.lines().next().unwrap_or_default().to_owned();
    let store = world.open(|options: Options| options.schema(Schema::of(NOTE).label(label)).device("laptop"));
    let space = store.space("alice")?;
    let draft = space.drafts(NOTE)?.slot("one").start(&"A title\nand text".to_owned())?;
    save(&draft, &format!("{}\nmore", "é".repeat(200)))?;
    let info = space.list(&Filter::open())?.drafts.remove(0);
    assert_eq!(info.label, Some("é".repeat(128)), "256 bytes at most, cut between letters");
    assert_eq!((info.device.as_deref(), info.version), (Some("laptop"), 2));
    assert_eq!(info.size, draftkeep::value::to_canonical(&draft.load()?)?.len() as u64);
    Ok(())
}
