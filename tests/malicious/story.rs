//! What two devices go through while their hub lies to one of them, and afterwards.

use crate::behaviour::{Behaviour, Lasts, Tells};
use crate::liar::{Liar, Moment, REQUESTS_MAX};
use crate::oracle::{Typed, is_sound};
use crate::world::{Device, Note, change, hub, note, options};
use draftkeep::storage::MemoryStorage;
use draftkeep::sync::{SyncError, SyncErrorKind};
use draftkeep::{Draft, DraftId};
use std::any::Any;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;
use std::time::Duration;

/// The cycles that are lied to.
const CYCLES: usize = 3;

/// The cycles in which everything has to be well again once the hub tells the truth.
const HONEST_CYCLES: usize = 6;

/// What came of a behaviour, over all moments.
#[derive(Debug, Default)]
pub(crate) struct Came {
    pub(crate) changed: u64,
    /// What the device that was lied to showed meanwhile.
    pub(crate) shown: Vec<String>,
    /// What was not well when the hub had told the truth for some cycles, and when all was learnt anew.
    pub(crate) left: Vec<String>,
    pub(crate) left_for_good: Vec<String>,
}

/// One device that is lied to, another one that is told the truth, and what was typed on each.
struct Story {
    name: String,
    liar: Liar,
    storage: Arc<MemoryStorage>,
    one: Device,
    two: Device,
    typed: Typed,
    theirs: Typed,
    /// A text that both have, one that both named differently, and one of a slot.
    shared: DraftId,
    fought: DraftId,
    came: Came,
}

/// Tells a device every behaviour of a theme, at every moment, and holds what comes of it against what has to.
pub(crate) fn tell(theme: &[Behaviour]) {
    let wrong: Vec<String> = theme.iter().flat_map(wrong_with).collect();
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

/// What is not as it has to be, with the behaviour's name.
fn wrong_with(behaviour: &Behaviour) -> Vec<String> {
    let Behaviour { name, tells, lasts, .. } = behaviour;
    let (mut came, mut wrong) = (Came::default(), Vec::new());
    for moment in Moment::ALL {
        // A panic, of the library or of the oracle, is to name the behaviour, and not to hide the others.
        let lived = catch_unwind(AssertUnwindSafe(|| live(behaviour, moment, &mut came)));
        wrong.extend(lived.err().map(|panic| format!("{name}, {moment:?}: {}", said(&*panic))));
    }
    came.shown.sort_unstable();
    came.shown.dedup();
    let Came { changed, shown, left, left_for_good } = came;
    let mut must = |is_so: bool, what: String| wrong.extend((!is_so).then(|| format!("{name}: {what}")));
    must(changed > 0, "no answer was ever another one".to_owned());
    let alarms: Vec<&String> = shown.iter().filter(|shown| !shown.starts_with("news: ")).collect();
    match tells {
        Tells::Says(what) => {
            must(shown.iter().any(|shown| shown.contains(what)), format!("not shown as {what:?}: {shown:?}"));
        }
        Tells::Nothing => must(alarms.is_empty(), format!("it can be seen: {alarms:?}")),
    }
    must(left.is_empty() == (*lasts == Lasts::No), format!("what is left of it: {left:?}"));
    must(left_for_good.is_empty() != (*lasts == Lasts::ForGood), format!("what is left for good: {left_for_good:?}"));
    wrong
}

fn said(panic: &(dyn Any + Send)) -> &str {
    let text = panic.downcast_ref::<String>().map(String::as_str);
    text.or_else(|| panic.downcast_ref::<&str>().copied()).unwrap_or("a panic without words")
}

fn live(behaviour: &Behaviour, moment: Moment, came: &mut Came) {
    let mut story = Story::begin(format!("{}, {moment:?}", behaviour.name), moment);
    story.liar.begin(behaviour.lie, moment);
    for cycle in 0..CYCLES {
        let _ = story.cycle();
        if cycle == 1 {
            // Somebody does what an error asks for, and is wrong.
            story.one.syncer.accept_hub().expect("it can be noted");
        }
        if moment == Moment::OverARestart && cycle == 0 {
            story.open_anew();
        }
        story.both_type(&format!("lied to {cycle}"));
        story.check();
    }
    story.liar.tell_the_truth();
    story.both_type("honest again");
    story.came.left = story.come_together();
    if !story.came.left.is_empty() {
        story.one.syncer.relearn();
        story.came.left_for_good = story.come_together();
    }
    story.check();
    is_sound(&story.name, &story.one);
    is_sound(&story.name, &story.two);
    came.changed += story.liar.changed();
    came.shown.extend(story.came.shown);
    came.left.extend(story.came.left);
    came.left_for_good.extend(story.came.left_for_good);
}

/// A text whose edits travel as deltas.
fn long() -> String {
    (0..300_u32).map(|word| format!("word{} ", word * 7_919 % 1_009)).collect()
}

impl Story {
    fn begin(name: String, moment: Moment) -> Self {
        let hub = hub(1);
        let (liar, storage) = (Liar::before(&hub), Arc::new(MemoryStorage::new()));
        let (one, two) = (Device::on(options(2), &storage, liar.clone()), Device::new(3, &hub));
        let shared = two.notes.start(&note("Shared", &long())).unwrap();
        let fought = two.notes.start(&note("Fought over", "")).unwrap();
        let ended = two.notes.start(&note("Ended", "It is over.")).unwrap();
        ended.archive().unwrap();
        let (shared_id, fought_id) = (shared.id(), fought.id());
        let mut story = Self {
            name,
            liar,
            storage,
            one,
            two,
            typed: Typed::default(),
            theirs: Typed::default(),
            shared: shared_id,
            fought: fought_id,
            came: Came::default(),
        };
        story.theirs.type_into("begin", &shared, "<of two>");
        story.two.sync();
        if moment != Moment::FirstMeeting {
            story.one.sync();
            story.typed.type_into("begin", &story.one.the_same(&shared), "<synced>");
            story.one.sync();
            story.two.sync();
            // Both call it something else: one of them is a fork on the hub, and a side on each device.
            let (mine, yours) = (story.one.the_same(&fought), story.two.the_same(&fought));
            change(&mine, |note| note.title = "Mine".into());
            story.typed.type_into("begin", &mine, "<in conflict>");
            change(&yours, |note| note.title = "Yours".into());
            story.theirs.type_into("begin", &yours, "<against it>");
            story.two.sync();
            story.one.sync();
            story.two.sync();
            assert!(mine.conflict().unwrap().is_some());
        }
        let alone = story.one.notes.start(&note("Alone", "")).unwrap();
        story.typed.type_into("begin", &alone, "<never sent>");
        let done = story.one.notes.start(&note("Done", "")).unwrap();
        story.typed.type_into("begin", &done, "<archived>");
        done.archive().unwrap();
        story.both_type("before");
        story
    }

    fn slot(device: &Device) -> Draft<Note> {
        device.notes.slot("one").resume_or_start(Note::default).expect("a slot can be opened")
    }

    /// Both type into what they share and into the slot, and the second one syncs with the real hub.
    fn both_type(&mut self, when: &str) {
        let name = self.name.clone();
        let get = |device: &Device, id| device.notes.get(id).expect("drafts can be looked up");
        for (device, typed, who) in [(&self.one, &mut self.typed, "one"), (&self.two, &mut self.theirs, "two")] {
            let drafts = [get(device, self.shared), get(device, self.fought), Some(Self::slot(device))];
            for (place, draft) in drafts.into_iter().flatten().enumerate() {
                typed.type_into(&name, &draft, &format!("<{who} {place} {when}>"));
            }
        }
        let new = self.two.notes.start(&note("New", "")).unwrap();
        self.theirs.type_into(&name, &new, &format!("<begun {when}>"));
        self.two.try_sync().unwrap_or_else(|error| panic!("{name}: an honest cycle failed: {error}"));
    }

    /// One cycle of the device that is lied to: it comes to its end, and says in words what was wrong.
    fn cycle(&mut self) -> Result<(), SyncError> {
        let ended = self.one.try_sync();
        let (asked, name) = (self.liar.asked(), &self.name);
        assert!(asked < REQUESTS_MAX, "{name}: a cycle of {asked} requests");
        let status = self.one.syncer.status().expect("there is a status");
        let shown = &mut self.came.shown;
        shown.extend(status.blocked.iter().map(|blocked| format!("blocked: {}", blocked.reason)));
        shown.extend(status.parked.iter().map(|parked| format!("parked: {}", parked.reason)));
        self.one.syncer.resume();
        match ended {
            Ok(report) => {
                let told = [("resynced", report.resynced), ("blocked", report.blocked > 0)];
                shown.extend(told.iter().filter(|(_, is_so)| *is_so).map(|(what, _)| (*what).to_owned()));
                let news = [("conflict", report.conflicts), ("received", report.received), ("merged", report.merged)];
                shown.extend(news.iter().filter(|(_, count)| *count > 0).map(|(what, _)| format!("news: {what}")));
                Ok(())
            }
            Err(error) => {
                let text = error.to_string();
                assert!((20..8_192).contains(&text.len()), "{name}: an error of {} bytes", text.len());
                let is_store = matches!(error.kind(), SyncErrorKind::Store(_));
                assert!(!is_store, "{name}: what the hub said is no failure of the store: {text}");
                if let SyncErrorKind::Unreachable { retry_in } | SyncErrorKind::Forbidden { retry_in } = error.kind() {
                    assert!(*retry_in <= Duration::from_secs(3_600), "{name}: it waits for {retry_in:?}");
                }
                shown.push(format!("error: {text}"));
                Err(error)
            }
        }
    }

    /// The application ends in the middle of it, and begins anew over the same storage.
    fn open_anew(&mut self) {
        self.one = Device::on(options(4), &self.storage, self.liar.clone());
    }

    fn check(&self) {
        self.typed.check(&self.name, &self.one);
        self.theirs.check(&self.name, &self.two);
    }

    /// The hub tells the truth: says what of what both typed last is not on both devices after some cycles, and what waits.
    fn come_together(&mut self) -> Vec<String> {
        let shown = self.came.shown.len();
        let mut left = Vec::new();
        for _ in 0..HONEST_CYCLES {
            left.clear();
            for parked in self.one.syncer.status().expect("there is a status").parked {
                self.one.syncer.retry(parked.draft).expect("it can be noted");
            }
            if let Err(error) = self.cycle() {
                left.push(format!("{}: {error}", self.name));
                self.one.syncer.accept_hub().expect("it can be noted");
            }
            self.two.try_sync().unwrap_or_else(|error| panic!("{}: an honest cycle failed: {error}", self.name));
        }
        self.came.shown.truncate(shown);
        let status = self.one.syncer.status().expect("there is a status");
        left.extend(status.blocked.iter().map(|blocked| format!("{}: blocked: {}", self.name, blocked.reason)));
        left.extend(
            (status.pending > 0)
                .then(|| format!("{}: {} drafts are owed: {:?}", self.name, status.pending, status.parked)),
        );
        for (whose, typed, device) in [("one", self.typed.last(), &self.two), ("two", self.theirs.last(), &self.one)] {
            left.extend(
                typed.unknown_to(device).iter().map(|word| format!("{}: {word} of {whose} did not arrive", self.name)),
            );
        }
        left
    }
}
