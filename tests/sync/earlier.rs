//! What a hub keeps of earlier mains is what devices wrote, and comes back as an edit like any other.

use crate::world::{Device, Note, change, hub, long, note};
use draftkeep::hub::{MainThen, Moment};
use draftkeep::sync::document_of;
use draftkeep::value;

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
    let (earlier, _) = read(mains[8].revision);
    change(&two.the_same(&draft), |note| *note = earlier.clone());
    two.sync();
    one.sync();
    assert_eq!(draft.load().unwrap(), earlier);
    assert_eq!(hub.mains("alice", draft.id()).unwrap()[1].revision, mains[0].revision, "what it replaced is kept");
}
