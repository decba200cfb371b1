//! A hub that answers what it likes: whatever it says, a device does not panic, its store stays intact, and what was typed on it
//! is still its head, or stands beside it in a conflict; nothing is erased but on a person's word or a true one of a device; and
//! what was erased does not come back.
//!
//! A real hub answers. The first byte of the input says what the devices do, each four of the others are one change of one answer.

#![no_main]

use draftkeep::clock::{ManualClock, SeededEntropy, TaskQueue, Timestamp};
use draftkeep::hub::{Hub, HubOptions};
use draftkeep::seal::{Key, MemoryKeyRing};
use draftkeep::storage::MemoryStorage;
use draftkeep::sync::{BlockedBy, Syncer};
use draftkeep::transport::{
    Answer, Base, EraseOutcome, ErasedRow, Marker, Outcome, Rejection, Reply, Request, Revision, Row, Standing, Transport,
    TransportError,
};
use draftkeep::{Draft, DraftId, Filter, HubId, Kind, Options, RevisionId, Space, Store};
use futures_core::future::BoxFuture;
use futures_executor::block_on;
use libfuzzer_sys::fuzz_target;
use std::collections::VecDeque;
use std::sync::{Arc, Mutex};

const NOTE: Kind<String> = Kind::new("note");
const OURS: &str = "typed here and nowhere else";
const CYCLES: usize = 6;

/// What the first byte of the input chooses, bit by bit.
#[derive(Clone, Copy)]
struct Choice(u8);

impl Choice {
    /// Both stores are sealed: a hub cannot make a marker then.
    const fn is_sealed(self) -> bool {
        self.0 & 1 != 0
    }

    /// The other device erases what both have.
    const fn they_erase(self) -> bool {
        self.0 & 2 != 0
    }

    /// This device erases a draft of its own.
    const fn we_erase(self) -> bool {
        self.0 & 4 != 0
    }

    /// The application says yes to whatever it is asked, or no.
    const fn accepts(self) -> bool {
        self.0 & 8 != 0
    }

    const fn declines(self) -> bool {
        self.0 & 16 != 0
    }
}

fuzz_target!(|data: &[u8]| {
    let Some((choice, changes)) = data.split_first() else { return };
    let choice = Choice(*choice);
    let options = HubOptions::with_runtime(Arc::new(ManualClock::new()), Arc::new(SeededEntropy::new(1)));
    let hub = Arc::new(Hub::open(Arc::new(MemoryStorage::new()), options).expect("memory can be opened"));
    let (ours, theirs) = (device(2, choice), device(3, choice));
    let liar = Liar { hub: Arc::clone(&hub), changes: Arc::new(Mutex::new(changes.iter().copied().collect())) };
    let (honest, lied_to) = (Syncer::new(&theirs, Arc::clone(&hub)), Syncer::new(&ours, liar));

    let shared = theirs.drafts(NOTE).unwrap().slot("one").resume_or_start(String::new).unwrap();
    // Long enough that what follows travels as deltas.
    let long: String = (0..60).map(|word| format!("word{} ", word * 7_919 % 1_009)).collect();
    type_into(&shared, &long);
    type_into(&shared, "One. ");
    block_on(honest.once()).expect("an honest hub");
    let mine = ours.drafts(NOTE).unwrap().slot("one").resume_or_start(String::new).unwrap();
    type_into(&mine, OURS);
    let alone = ours.drafts(NOTE).unwrap().start(&"Erased here.".to_owned()).unwrap();
    for cycle in 0..CYCLES {
        let _ = block_on(lied_to.once());
        lied_to.resume();
        if cycle == 1 && choice.we_erase() {
            assert_eq!(alone.erase().expect("memory takes it").drafts, [alone.id()]);
        }
        match cycle {
            3 if choice.they_erase() => drop(shared.erase().expect("memory takes it")),
            4.. if choice.they_erase() => {}
            _ => type_into(&shared, "Two. "),
        }
        if cycle == 2 {
            theirs.drafts(NOTE).unwrap().start(&"Another one.".to_owned()).unwrap();
        }
        let _ = block_on(honest.once());
        let accepted = answer(&lied_to, choice, mine.id());
        let is_erased = ours.erasure(mine.id()).expect("it is readable").is_some();
        assert!(!is_erased || accepted || choice.is_sealed() && choice.they_erase() && cycle >= 3, "erased on nobody's word");
        if is_erased {
            break;
        }
        let (head, conflict) = (mine.load().expect("it is readable"), mine.conflict().expect("it is readable"));
        let beside = conflict.iter().flat_map(draftkeep::Conflict::theirs);
        let is_beside = beside.filter_map(|side| side.value.as_str()).any(|text| text.contains(OURS));
        assert!(head.contains(OURS) || is_beside || in_history(&mine), "what was typed is gone: {head:?}");
    }
    assert_eq!(ours.erasure(alone.id()).expect("it is readable").is_some(), choice.we_erase());
    for info in ours.list(&Filter::all()).expect("the lists are intact").drafts {
        assert!(ours.erasure(info.id).expect("it is readable").is_none(), "what is erased came back");
        let draft = ours.drafts(NOTE).unwrap().get(info.id).unwrap().expect("it is listed");
        draft.load().expect("only what can be read becomes a head");
    }
});

/// Answers what the application is asked about erasures. Says whether it was asked about this draft, and accepted.
fn answer(syncer: &Syncer, choice: Choice, mine: DraftId) -> bool {
    let mut accepted = false;
    for blocked in syncer.status().expect("it is readable").blocked {
        if choice.accepts() {
            let is_gone = syncer.accept_erasure(blocked.draft).expect("memory takes it");
            assert!(!is_gone || matches!(blocked.by, BlockedBy::Erased | BlockedBy::ErasedBefore), "accepted, and was not asked about");
            accepted |= is_gone && blocked.draft == mine;
        } else if choice.declines() {
            syncer.decline_erasure(blocked.draft).expect("memory takes it");
        }
    }
    accepted
}

/// A hub may say that a main contains what it does not; then the text is replaced by that main, and is in the history.
fn in_history(draft: &Draft<String>) -> bool {
    let history = draft.history().expect("it is readable");
    history.versions.iter().any(|version| draft.at(version.version).is_ok_and(|version| version.doc.contains(OURS)))
}

fn device(seed: u64, choice: Choice) -> Space {
    let (clock, tasks) = (Arc::new(ManualClock::new()), Arc::new(TaskQueue::new()));
    let options = Options::with_runtime(clock, tasks, Arc::new(SeededEntropy::new(seed)));
    let options = if choice.is_sealed() {
        options.key_ring(MemoryKeyRing::new(Key::from_bytes([1; 32]), Key::from_bytes([2; 32])))
    } else {
        options
    };
    Store::in_memory(options).and_then(|store| store.space("alice")).expect("memory can be opened")
}

fn type_into(draft: &Draft<String>, text: &str) {
    let mut edit = draft.edit().expect("it is readable");
    edit.doc().push_str(text);
    let _ = edit.save().expect("memory takes it");
}

#[derive(Debug)]
struct Liar {
    hub: Arc<Hub>,
    changes: Arc<Mutex<VecDeque<u8>>>,
}

impl Transport for Liar {
    fn send(&self, request: Request) -> BoxFuture<'_, Result<Answer, TransportError>> {
        Box::pin(async move {
            let answer = self.hub.send(request.clone()).await;
            let mut changes = self.changes.lock().expect("nobody panics here");
            let Some(choice) = changes.pop_front() else { return answer };
            let mut next = || changes.pop_front().unwrap_or_default();
            let (what, how, more) = (next(), next(), next());
            match choice % 4 {
                0 => answer,
                1 => Err(TransportError::unreachable()),
                _ => answer.map(|answer| changed(answer, what, how, more)),
            }
        })
    }
}

fn id(byte: u8) -> RevisionId {
    RevisionId::from_bytes([byte; 32])
}

fn changed(mut answer: Answer, what: u8, how: u8, more: u8) -> Answer {
    match what % 12 {
        0 => answer.hub = HubId::from_bytes([how; 16]),
        1 => answer.position.seq = u64::from(how),
        2 => answer.position.chain = [how; 32],
        3 => answer.reply = Reply::News,
        _ => {}
    }
    match &mut answer.reply {
        Reply::Page(page) => match what % 12 {
            4 => page.after = u64::from(how),
            5 => page.more = !page.more,
            6 => page.rows.reverse(),
            7 => page.rows.truncate(usize::from(how) % (page.rows.len() + 1)),
            8 => page.rows.extend(page.rows.clone()),
            9 => page.erased.extend(page.rows.drain(..).map(|row| forged(&row, how))),
            10 => page.erased.extend(page.rows.iter().map(|row| forged(row, how))),
            11 => page.erased.iter_mut().for_each(|row| change_erased(row, how, more)),
            _ => page.rows.iter_mut().for_each(|row| change_row(row, how, more)),
        },
        Reply::Pushed(outcomes) => match what % 12 {
            4 => drop(outcomes.pop()),
            5 => outcomes.push(Outcome::Accepted { standing: Standing::Main }),
            6 => outcomes.fill(Outcome::Accepted { standing: Standing::Main }),
            7 => outcomes.fill(Outcome::Accepted { standing: Standing::Fork }),
            8 => outcomes.fill(Outcome::Conflict { row: None }),
            9 => outcomes.fill(Outcome::Rejected { code: Rejection::Other(u32::from(how)), reason: String::new() }),
            _ => {
                for outcome in outcomes {
                    if let Outcome::Conflict { row: Some(row) } = outcome {
                        change_row(row, how, more);
                    }
                }
            }
        },
        Reply::Erased(outcomes) => match what % 12 {
            4 => drop(outcomes.pop()),
            5 => outcomes.push(EraseOutcome::Erased),
            _ => {
                let (code, reason) = (Rejection::Other(u32::from(how)), String::new());
                outcomes.fill(EraseOutcome::Rejected { code, reason });
            }
        },
        Reply::Contained { main, contained } => match what % 12 {
            4..6 => contained.clear(),
            6..8 => *main = Some(id(how)),
            _ => contained.push(id(how)),
        },
        Reply::Revisions { revisions, looked_up } => match what % 12 {
            4..6 => revisions.clear(),
            6..8 => *looked_up = u32::from(how),
            _ => revisions.iter_mut().for_each(|revision| change_revision(revision, how, more)),
        },
        _ => {}
    }
    answer
}

/// What a hub can make that knows no secret.
fn forged(row: &Row, how: u8) -> ErasedRow {
    let marker = Marker { draft: row.draft, at: Timestamp::from_millis(u64::from(how)), mac: [how; 32] };
    ErasedRow { seq: row.seq, marker }
}

fn change_erased(row: &mut ErasedRow, how: u8, more: u8) {
    match how % 4 {
        0 => row.seq = u64::from(more),
        1 => row.marker.draft = DraftId::from_bytes([more; 16]),
        2 => row.marker.at = Timestamp::from_millis(u64::from(more)),
        _ => row.marker.mac[usize::from(more) % 32] ^= how | 1,
    }
}

fn change_row(row: &mut Row, how: u8, more: u8) {
    match how % 8 {
        0 => row.draft = DraftId::from_bytes([more; 16]),
        1 => row.seq = u64::from(more),
        2 => row.main.id = id(more),
        3 => row.main.revision = None,
        4 => row.forks.push(id(more)),
        5 => row.forks.push(row.main.id),
        6 => row.forks.clear(),
        _ => row.main.revision.iter_mut().for_each(|revision| change_revision(revision, more, how)),
    }
}

fn change_revision(revision: &mut Revision, at: u8, how: u8) {
    let (mut header, mut body) = (revision.header().to_vec(), revision.body().to_vec());
    let bytes = if how % 2 == 0 { &mut header } else { &mut body };
    let place = usize::from(at) % bytes.len().max(1);
    if let Some(byte) = bytes.get_mut(place) {
        *byte ^= how | 1;
    }
    let mut chain = revision.chain().to_vec();
    match how / 32 {
        1 => chain.clear(),
        2 => chain.reverse(),
        3 => drop(chain.pop()),
        4 => chain.push(Base { id: id(at), body: body.clone() }),
        5 => chain.iter_mut().for_each(|base| base.body = vec![at; usize::from(how)]),
        6 => chain.iter_mut().for_each(|base| {
            let place = usize::from(at) % base.body.len().max(1);
            base.body.iter_mut().skip(place).take(1).for_each(|byte| *byte ^= 1 << (how % 8));
        }),
        _ => {}
    }
    if let Ok(changed) = Revision::new(header, body).and_then(|changed| changed.with_chain(chain)) {
        *revision = changed;
    }
}
