//! Texts that the hub refuses, and what becomes of a draft once somebody gives them up.

use crate::world::{Device, Line, NOTE, Note, change, hub, hub_taking, long, note, options_with, title};
use draftkeep::sync::{ParkedWork, Synced};
use draftkeep::transport::Transport;
use draftkeep::{Cadence, Draft, Edit, ErrorKind, EventKind, Phase, Schema};
use std::collections::BTreeSet;
use std::sync::Arc;

/// Revisions up to this length are taken by the hub.
const TAKES: usize = 4_096;

/// Walks that are taken.
const WALKS: u64 = 200;

fn tag(draft: &Draft<Note>, word: &str) {
    change(draft, |note| note.tags.push(word.to_owned()));
}

/// Two devices with a draft, and one of them with a text of it that the hub refuses.
fn refused() -> (Device, Device, Draft<Note>) {
    refused_on_the_way(&hub_taking(1, TAKES))
}

/// The same over a way of one's own to such a hub.
fn refused_on_the_way(way: &(impl Transport + Clone + 'static)) -> (Device, Device, Draft<Note>) {
    let (one, two) = (Device::over(2, way.clone()), Device::over(3, way.clone()));
    let draft = one.notes.start(&note("Night", "")).unwrap();
    tag(&draft, "pushed");
    one.sync();
    two.sync();
    change(&draft, |note| (note.body = long(), note.tags.push("refused".into())).1);
    assert_eq!(one.sync().parked, 1);
    (one, two, draft)
}

fn give_up(device: &Device, draft: &Draft<Note>) -> draftkeep::sync::Dropped {
    let work = device.syncer.export_parked(draft.id()).unwrap();
    device.syncer.drop_parked(&work).unwrap()
}

/// All words that a device has of the draft, in its head and in the sides of its conflict.
fn words(device: &Device, draft: &Draft<Note>) -> BTreeSet<String> {
    let draft = device.the_same(draft);
    let sides = draft.conflict().unwrap().into_iter().flat_map(|conflict| {
        let sides: Vec<u64> = conflict.theirs().iter().map(|side| side.info.version).collect();
        sides.into_iter().map(|version| draft.at(version).unwrap().doc.tags).collect::<Vec<_>>()
    });
    sides.flatten().chain(draft.load().unwrap().tags).collect()
}

#[test]
fn what_is_given_up_is_taken_out_first_and_stays_in_the_history() {
    let (one, two, draft) = refused();
    let refused = draft.load().unwrap();
    let mut events = one.store.events();
    let work = one.syncer.export_parked(draft.id()).unwrap();
    assert!(work.reason.contains("at most 4096 bytes"), "{}", work.reason);
    let json = serde_json::to_string(&work).unwrap();
    let read: ParkedWork = serde_json::from_str(&json).unwrap();
    assert_eq!((&read, work.texts.len()), (&work, 1));
    assert_eq!((work.texts[0].revision, work.head), (draft.info().unwrap().revision, work.head));

    let dropped = one.syncer.drop_parked(&read).unwrap();
    assert_eq!((dropped.discarded, &dropped.given_up), (false, &vec![work.texts[0].version]));
    assert_eq!(draft.at(dropped.given_up[0]).unwrap().doc, refused);
    let info = draft.info().unwrap();
    assert_eq!((info.version, info.revision), (dropped.head, two.the_same(&draft).info().unwrap().revision));
    assert_eq!(draft.sync_state().unwrap(), two.the_same(&draft).sync_state().unwrap());
    let status = one.syncer.status().unwrap();
    assert_eq!((status.pending, status.conflicts, status.parked.len()), (0, 0, 0));
    let told = EventKind::GivenUp { head: dropped.head, versions: dropped.given_up.clone() };
    assert!(std::iter::from_fn(|| events.try_next()).any(|event| event.what == told));
    assert_eq!(*one.syncer.drop_parked(&read).unwrap_err().kind(), ErrorKind::NotParked { draft: draft.id() });

    // Both go on, and have all of it but for what was given up.
    tag(&draft, "one");
    tag(&two.the_same(&draft), "two");
    for device in [&one, &two, &one, &two] {
        device.sync();
    }
    for device in [&one, &two] {
        let found: Vec<String> = words(device, &draft).into_iter().collect();
        assert_eq!(found, ["one", "pushed", "two"]);
        assert_eq!(device.syncer.status().unwrap().conflicts, 0);
    }
    // It can be brought back, shorter.
    let mut again = draft.at(dropped.given_up[0]).unwrap().doc;
    again.body = "It rained.".into();
    change(&draft, |note| (note.body = again.body, note.tags.push("refused".into())).1);
    one.sync();
    two.sync();
    assert_eq!(two.the_same(&draft).load().unwrap().tags.len(), 4);
}

/// What a window shows that is still open is not taken for something that the person removed.
#[test]
fn a_window_on_a_text_that_was_given_up_keeps_what_it_shows() {
    let (one, _, draft) = refused();
    let mut window = draft.edit().unwrap();
    give_up(&one, &draft);
    window.doc().tags.push("typed".into());
    let _ = window.save().unwrap();
    let found = words(&one, &draft);
    assert!(["pushed", "refused", "typed"].iter().all(|word| found.contains(*word)), "{found:?}");
}

#[test]
fn an_edit_after_giving_up_does_not_seem_to_contain_what_was_given_up() {
    let (one, two, draft) = refused();
    let mut window = draft.edit().unwrap();
    give_up(&one, &draft);
    tag(&draft, "later");
    one.sync();
    two.sync();
    window.doc().tags.push("typed".into());
    let _ = window.save().unwrap();
    let found = words(&one, &draft);
    assert!(["pushed", "refused", "later", "typed"].iter().all(|word| found.contains(*word)), "{found:?}");
}

/// The hub that refused a text is gone, and the next one takes nothing back of what was given up.
#[test]
fn what_was_given_up_is_not_contained_in_edits_for_another_hub_either() {
    let line = Line::to(&hub_taking(1, TAKES));
    let (one, two, draft) = refused_on_the_way(&line);
    let mut window = draft.edit().unwrap();
    give_up(&one, &draft);

    line.lead_to(&hub(4));
    for device in [&one, &two] {
        assert!(device.try_sync().is_err(), "nobody was asked yet");
        device.syncer.accept_hub().unwrap();
        device.sync();
    }
    tag(&draft, "later");
    one.sync();
    two.sync();
    window.doc().tags.push("typed".into());
    let _ = window.save().unwrap();
    let found = words(&one, &draft);
    assert!(["pushed", "refused", "later", "typed"].iter().all(|word| found.contains(*word)), "{found:?}");
}

#[test]
fn what_moved_on_since_it_was_taken_out_is_not_given_up() {
    let (one, _, draft) = refused();
    let work = one.syncer.export_parked(draft.id()).unwrap();
    tag(&draft, "later");
    assert_eq!(*one.syncer.drop_parked(&work).unwrap_err().kind(), ErrorKind::NotParked { draft: draft.id() });
    assert_eq!(*one.syncer.export_parked(draft.id()).unwrap_err().kind(), ErrorKind::NotParked { draft: draft.id() });
    one.sync();
    let head = draft.info().unwrap().version;
    assert_eq!(*one.syncer.drop_parked(&work).unwrap_err().kind(), ErrorKind::Stale { draft: draft.id(), head });
    assert!(words(&one, &draft).contains("later"));
    assert_eq!(one.syncer.status().unwrap().parked.len(), 1);
}

#[test]
fn what_an_autosave_holds_is_saved_and_not_given_up_unseen() {
    let (one, _, draft) = refused();
    let autosave = draft.autosave(Cadence::default()).unwrap();
    let work = one.syncer.export_parked(draft.id()).unwrap();
    let mut doc = draft.load().unwrap();
    doc.tags.push("typed".into());
    autosave.changed(&doc);
    let refusal = one.syncer.drop_parked(&work).unwrap_err();
    let head = draft.info().unwrap().version;
    assert_eq!(*refusal.kind(), ErrorKind::Stale { draft: draft.id(), head });
    assert_eq!(draft.load().unwrap(), doc, "it is saved");
    one.sync();
    let dropped = give_up(&one, &draft);
    assert_eq!(draft.at(dropped.given_up[0]).unwrap().doc, doc);
}

#[test]
fn what_the_hub_has_nothing_of_goes_to_the_trash_and_can_come_back() {
    let hub = hub_taking(1, TAKES);
    let one = Device::new(2, &hub);
    let draft = one.notes.start(&note("Night", &long())).unwrap();
    one.sync();
    let dropped = give_up(&one, &draft);
    assert!(dropped.discarded);
    assert_eq!((draft.info().unwrap().phase, draft.sync_state().unwrap()), (Phase::Discarded, Synced::GivenUp));
    assert_eq!((one.sync().parked, one.syncer.status().unwrap().pending), (0, 0));
    assert_eq!(draft.at(dropped.given_up[0]).unwrap().doc.body, long());
    draft.recover().unwrap();
    assert_eq!(one.syncer.status().unwrap().pending, 1);
    change(&draft, |note| note.body = "It rained.".into());
    one.sync();
    assert_eq!(one.syncer.status().unwrap().pending, 0);
}

/// A checkpoint is pushed for itself, and is not all that there is.
#[test]
fn a_checkpoint_that_the_hub_refuses_does_not_hold_up_what_came_after() {
    let (one, two, draft) = refused();
    draft.checkpoint("all of it").unwrap();
    change(&draft, |note| note.body = "It rained.".into());
    let report = one.sync();
    assert_eq!((report.parked, one.syncer.status().unwrap().pending), (0, 0), "{report:?}");
    two.sync();
    assert_eq!(two.the_same(&draft).load().unwrap().body, "It rained.");
}

/// A person settled a conflict with a text that the hub refuses: without that text the conflict is open.
#[test]
fn a_conflict_that_was_settled_by_what_is_given_up_is_open_again() {
    let hub = hub_taking(1, TAKES);
    let (one, two) = (Device::new(2, &hub), Device::new(3, &hub));
    let draft = one.notes.start(&note("Night", "")).unwrap();
    one.sync();
    two.sync();
    change(&draft, |note| note.title = "Night train".into());
    change(&two.the_same(&draft), |note| note.title = "Night bus".into());
    for device in [&one, &two, &one] {
        device.sync();
    }
    draft.conflict().unwrap().unwrap().settle(&note("Night boat", &long())).unwrap();
    one.sync();
    give_up(&one, &draft);
    one.sync();
    let conflict = draft.conflict().unwrap().expect("nobody settled it for the hub");
    assert_eq!(
        (draft.load().unwrap().title.as_str(), title(&conflict.theirs()[0]).as_str()),
        ("Night train", "Night bus")
    );
    conflict.settle(&note("Night boat", "")).unwrap();
    one.sync();
    two.sync();
    for device in [&one, &two] {
        assert_eq!(device.the_same(&draft).load().unwrap().title, "Night boat");
        assert_eq!(device.syncer.status().unwrap().conflicts, 0);
    }
}

/// The hub has the head, and refuses the text beside it.
#[test]
fn a_side_that_is_given_up_leaves_the_head_as_it_is() {
    let hub = hub_taking(1, TAKES);
    let (one, two) = (Device::new(2, &hub), Device::new(3, &hub));
    let draft = one.notes.start(&note("Night", "")).unwrap();
    one.sync();
    let mut late = draft.edit().unwrap();
    change(&draft, |note| (note.title, note.body) = ("Night train".into(), long()));
    late.doc().title = "Night bus".into();
    let _ = late.save().unwrap();
    one.sync();
    let work = one.syncer.export_parked(draft.id()).unwrap();
    assert!(work.texts.len() == 1 && work.texts[0].revision != work.head, "{work:?}");
    let dropped = one.syncer.drop_parked(&work).unwrap();
    assert_eq!(draft.at(dropped.given_up[0]).unwrap().doc.title, "Night train");
    assert!(draft.conflict().unwrap().is_none());
    tag(&draft, "later");
    one.sync();
    two.sync();
    let found = two.the_same(&draft).load().unwrap();
    assert_eq!((found.title.as_str(), found.tags.len(), one.syncer.status().unwrap().pending), ("Night bus", 1, 0));
}

#[test]
fn what_cannot_be_taken_in_is_listed_and_nothing_is_given_up_before_it_can() {
    let hub = hub_taking(1, TAKES);
    let newer = || options_with(3, Schema::of(NOTE).version(2).migrate(1, Ok));
    let (one, two) = (Device::new(2, &hub), Device::with(newer(), Arc::clone(&hub)));
    let draft = one.notes.start(&note("Night", "")).unwrap();
    one.sync();
    two.sync();
    tag(&two.the_same(&draft), "newer");
    two.sync();
    change(&draft, |note| note.body = long());
    assert_eq!(one.sync().blocked, 1);
    let status = one.syncer.status().unwrap();
    assert_eq!((status.blocked.len(), status.blocked[0].draft), (1, draft.id()));
    assert!(status.blocked[0].reason.contains("schema"), "{}", status.blocked[0].reason);
    assert_eq!((two.syncer.status().unwrap().blocked, status.pending), (vec![], 1));
}

/// Two devices, whose windows stay open for as long as they like, and what was typed and given up.
struct Walk {
    devices: [Device; 2],
    draft: draftkeep::DraftId,
    windows: [Option<Edit<Note>>; 2],
    next: u32,
    expected: BTreeSet<String>,
    given_up: u32,
}

impl Walk {
    fn new(seed: u64) -> Self {
        let hub = hub_taking(seed, TAKES);
        let devices = [Device::new(seed * 3 + 1, &hub), Device::new(seed * 3 + 2, &hub)];
        let draft = devices[0].notes.start(&note("Night", "")).unwrap().id();
        devices.iter().for_each(|device| {
            device.sync();
        });
        Self { devices, draft, windows: [None, None], next: 0, expected: BTreeSet::new(), given_up: 0 }
    }

    fn draft(&self, at: usize) -> Draft<Note> {
        self.devices[at].notes.get(self.draft).unwrap().unwrap()
    }

    fn word(&mut self) -> String {
        self.next += 1;
        self.expected.insert(format!("word {}", self.next));
        format!("word {}", self.next)
    }

    fn step(&mut self, at: usize, what: u8) {
        match what {
            0..4 => {
                let word = self.word();
                tag(&self.draft(at), &word);
            }
            4..6 => {
                let word = self.word();
                change(&self.draft(at), |note| (note.body = long(), note.tags.push(word)).1);
            }
            6 => {
                let title = self.word();
                change(&self.draft(at), |note| (note.tags.push(title.clone()), note.title = title).1);
            }
            7 => self.windows[at] = Some(self.draft(at).edit().unwrap()),
            8 => {
                if let Some(mut window) = self.windows[at].take() {
                    let word = self.word();
                    window.doc().tags.push(word);
                    let _ = window.save().unwrap();
                }
            }
            9 => drop(self.draft(at).checkpoint("so far").unwrap()),
            10 => self.settle(at),
            11..15 => drop(self.devices[at].sync()),
            _ => self.give_up(at),
        }
    }

    fn settle(&self, at: usize) {
        if let Some(conflict) = self.draft(at).conflict().unwrap() {
            let mut settled = note("Settled", "");
            settled.tags = words(&self.devices[at], &self.draft(at)).into_iter().collect();
            conflict.settle(&settled).unwrap();
        }
    }

    fn give_up(&mut self, at: usize) {
        let draft = self.draft(at);
        let Ok(work) = self.devices[at].syncer.export_parked(self.draft) else { return };
        match self.devices[at].syncer.drop_parked(&work) {
            Ok(dropped) => {
                self.given_up += 1;
                let elsewhere: BTreeSet<String> =
                    self.devices.iter().flat_map(|device| words(device, &draft)).collect();
                for (version, text) in dropped.given_up.iter().zip(&work.texts) {
                    let doc = draft.at(*version).unwrap().doc;
                    assert_eq!(draft.at(text.version).unwrap().doc, doc, "it is in the history");
                    doc.tags.iter().filter(|word| !elsewhere.contains(*word)).for_each(|word| {
                        self.expected.remove(word);
                    });
                }
            }
            Err(error) => assert_eq!(*error.kind(), ErrorKind::SyncFirst { draft: self.draft }, "{error}"),
        }
    }

    /// Everybody settles what is open and shortens what is too long, until all is on the hub.
    fn come_to_rest(&mut self) {
        for _ in 0..12 {
            for at in [0, 1] {
                self.devices[at].sync();
                self.settle(at);
                if !self.draft(at).load().unwrap().body.is_empty() {
                    change(&self.draft(at), |note| note.body = String::new());
                }
                self.devices[at].sync();
            }
        }
    }
}

#[test]
fn whatever_is_given_up_every_other_word_is_on_all_devices() {
    let mut given_up = 0;
    for seed in 0..WALKS {
        let mut walk = Walk::new(seed);
        let mut random = seed.wrapping_mul(0x9e37_79b9_7f4a_7c15) | 1;
        for _ in 0..40 {
            random = random.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
            walk.step(usize::from(random >> 40 & 1 == 1), u8::try_from((random >> 48) % 18).unwrap());
        }
        walk.come_to_rest();
        for at in [0, 1] {
            let found: BTreeSet<String> = walk.draft(at).load().unwrap().tags.into_iter().collect();
            let lost: Vec<_> = walk.expected.difference(&found).collect();
            assert!(lost.is_empty(), "seed {seed}: device {at} lost {lost:?}");
            let status = walk.devices[at].syncer.status().unwrap();
            assert_eq!((status.pending, status.conflicts), (0, 0), "seed {seed}: {status:?}");
        }
        given_up += walk.given_up;
    }
    assert!(given_up > 100, "only {given_up} were given up");
}
