//! What travels: short bodies, and always with what it takes to read them.

use crate::world::{Device, Line, Note, change, copy, hub, hub_on, long, note};
use draftkeep::Draft;
use draftkeep::hub::Hub;
use draftkeep::storage::MemoryStorage;
use draftkeep::sync::document_of;
use draftkeep::transport::{
    Answer, Ask, Base, CHAIN_MAX, Outcome, Rejection, Reply, Request, Revision, Transport, TransportError,
};
use futures_core::future::BoxFuture;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex};

/// What becomes of a revision on its way.
type Damage = Arc<dyn Fn(Revision) -> Revision + Send + Sync>;

/// A way on which a test sees what was pushed, refuses deltas, and damages revisions that are given.
#[derive(Clone)]
struct Way {
    hub: Arc<Hub>,
    /// For each push: whether it was a delta, and what came of it.
    pushes: Arc<Mutex<Vec<(bool, Outcome)>>>,
    /// Bytes of revisions, there and back.
    bytes: Arc<AtomicU64>,
    lacks_bases: Arc<Mutex<bool>>,
    damage: Arc<Mutex<Option<Damage>>>,
}

impl std::fmt::Debug for Way {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Way")
    }
}

impl Way {
    fn to(hub: &Arc<Hub>) -> Self {
        Self {
            hub: Arc::clone(hub),
            pushes: Arc::default(),
            bytes: Arc::default(),
            lacks_bases: Arc::default(),
            damage: Arc::default(),
        }
    }

    fn count(&self, bytes: usize) {
        self.bytes.fetch_add(bytes as u64, Ordering::Relaxed);
    }

    fn damages(&self, how: impl Fn(Revision) -> Revision + Send + Sync + 'static) {
        *self.damage.lock().unwrap() = Some(Arc::new(how));
    }

    /// Which of the pushes since the last call were deltas; all of them were accepted.
    fn deltas(&self) -> Vec<bool> {
        let pushes = std::mem::take(&mut *self.pushes.lock().unwrap());
        assert!(pushes.iter().all(|(_, outcome)| matches!(outcome, Outcome::Accepted { .. })), "{pushes:?}");
        pushes.iter().map(|(is_delta, _)| *is_delta).collect()
    }
}

fn length(revision: &Revision) -> usize {
    let chain: usize = revision.chain().iter().map(|base| 32 + base.body.len()).sum();
    revision.header().len() + revision.body().len() + chain
}

impl Transport for Way {
    fn send(&self, mut request: Request) -> BoxFuture<'_, Result<Answer, TransportError>> {
        Box::pin(async move {
            let mut deltas = Vec::new();
            if let Ask::Push { pushes } = &mut request.ask {
                for push in pushes {
                    deltas.push(push.base.is_some());
                    let base = if push.base.is_some() { 32 } else { 0 };
                    self.count(base + length(&push.revision));
                    if *self.lacks_bases.lock().unwrap() && push.base.is_some() {
                        push.base = Some(push.revision.id());
                    }
                }
            }
            let mut answer = self.hub.send(request).await?;
            if let Reply::Pushed(outcomes) = &answer.reply {
                self.pushes.lock().unwrap().extend(deltas.into_iter().zip(outcomes.clone()));
            }
            let damage = self.damage.lock().unwrap().clone();
            let damaged = |revision: &mut Revision| {
                if let Some(damage) = &damage {
                    *revision = damage(revision.clone());
                }
            };
            match &answer.reply {
                Reply::Page(page) => {
                    let mains = page.rows.iter().filter_map(|row| row.main.revision.as_ref());
                    mains.for_each(|revision| self.count(length(revision)));
                }
                Reply::Revisions { revisions, .. } => {
                    revisions.iter().for_each(|revision| self.count(length(revision)));
                }
                _ => {}
            }
            match &mut answer.reply {
                Reply::Page(page) => {
                    page.rows.iter_mut().filter_map(|row| row.main.revision.as_mut()).for_each(damaged);
                }
                Reply::Revisions { revisions, .. } => revisions.iter_mut().for_each(damaged),
                _ => {}
            }
            Ok(answer)
        })
    }
}

fn edit(draft: &Draft<Note>, number: usize) {
    change(draft, |note| note.body = note.body.replacen("word7919 ", &format!("word7919 and {number} "), 1));
}

#[test]
fn edits_of_a_long_text_are_pushed_as_deltas_and_every_ninth_whole_without_asking_in_vain() {
    let hub = hub(1);
    let way = Way::to(&hub);
    let (one, two) = (Device::over(2, way.clone()), Device::new(3, &hub));
    let draft = one.notes.start(&note("Night", &long())).unwrap();
    let whole = one.sync().bytes;
    assert!((5_000..long().len() as u64).contains(&whole), "{whole} bytes, compressed");
    assert_eq!(way.deltas(), [false]);
    assert_eq!(whole, way.bytes.swap(0, Ordering::Relaxed));
    for number in 0..20 {
        edit(&draft, number);
        let bytes = one.sync().bytes;
        let is_delta = number % (CHAIN_MAX + 1) != CHAIN_MAX;
        assert_eq!(way.deltas(), [is_delta], "edit {number}");
        // What was pushed before comes back with this cycle, and what it builds on.
        assert_eq!(bytes, way.bytes.swap(0, Ordering::Relaxed));
        assert!(bytes < whole + 5_000 + if is_delta { 0 } else { whole }, "{bytes} bytes, not {whole}");
        if number % 7 == 3 {
            two.sync();
            assert_eq!(two.the_same(&draft).load().unwrap(), draft.load().unwrap());
        }
    }
    two.sync();
    // The other device knows from the row how long the chain is.
    for number in 20..40 {
        edit(&two.the_same(&draft), number);
        two.sync();
        one.sync();
        assert_eq!(draft.load().unwrap(), two.the_same(&draft).load().unwrap());
        edit(&draft, 100 + number);
        one.sync();
        assert_eq!(way.deltas().len(), 1);
        two.sync();
    }
    let three = Device::new(4, &hub);
    three.sync();
    assert_eq!(three.the_same(&draft).load().unwrap(), draft.load().unwrap());
}

#[test]
fn what_the_hub_refuses_as_a_delta_is_sent_whole_in_the_same_cycle() {
    let hub = hub(1);
    let way = Way::to(&hub);
    let one = Device::over(2, way.clone());
    let draft = one.notes.start(&note("Night", &long())).unwrap();
    one.sync();
    assert_eq!(way.deltas(), [false]);
    *way.lacks_bases.lock().unwrap() = true;
    // Two in one request, the second upon the first.
    edit(&draft, 1);
    draft.checkpoint("before the interview").unwrap();
    edit(&draft, 2);
    let report = one.sync();
    assert_eq!((report.pushed, report.parked), (2, 0));
    let pushes = std::mem::take(&mut *way.pushes.lock().unwrap());
    assert_eq!(pushes.iter().map(|(is_delta, _)| *is_delta).collect::<Vec<_>>(), [true, true, false, false]);
    assert!(matches!(pushes[0].1, Outcome::Rejected { code: Rejection::Base, .. }), "{pushes:?}");
    let status = one.syncer.status().unwrap();
    assert_eq!((status.pending, status.conflicts), (0, 0));
    let two = Device::new(3, &hub);
    two.sync();
    assert_eq!(two.the_same(&draft).load().unwrap(), draft.load().unwrap());
}

/// What was pulled and not taken in may be the last copy when the hub is restored.
#[test]
fn a_row_that_was_pulled_can_be_read_without_the_hub() {
    let storage = Arc::new(MemoryStorage::new());
    let hub = hub_on(&storage, 1);
    let line = Line::to(&hub);
    let one = Device::over(2, line.clone());
    let _first = one.notes.start(&note("Morning", "")).unwrap();
    one.sync();
    let backup = Arc::new(copy(&storage));
    let last = one.notes.start(&note("Night", &long())).unwrap();
    for number in 0..3 {
        one.sync();
        edit(&last, number);
    }
    one.sync();
    let _third = one.notes.start(&note("Day", "")).unwrap();
    one.sync();
    let two = Device::over(3, line.clone());
    line.pull_only(Some(2));
    assert!(two.try_sync().is_err(), "two pages came, and nothing was taken in");
    line.pull_only(None);
    let text = last.load().unwrap();
    drop(one);
    line.lead_to(&hub_on(&backup, 1));
    two.sync();
    assert_eq!(two.the_same(&last).load().unwrap(), text, "the last copy is lost");
    assert_eq!(two.syncer.status().unwrap().pending, 0, "and the hub has it again");
}

fn chained(revision: &Revision, chain: Vec<Base>) -> Revision {
    Revision::new(revision.header().to_vec(), revision.body().to_vec()).unwrap().with_chain(chain).unwrap()
}

/// A body without names, as it is.
fn plain(document: &[u8]) -> Vec<u8> {
    [&[0; 5][..], document].concat()
}

#[test]
fn a_chain_that_does_not_prove_itself_blocks_its_draft_and_nothing_else() {
    let hub = hub(1);
    let one = Device::new(2, &hub);
    let draft = one.notes.start(&note("Night", &long())).unwrap();
    one.sync();
    for number in 0..2 {
        edit(&draft, number);
        one.sync();
    }
    let damages: [(&str, Damage); 7] = [
        ("no chain", Arc::new(|revision| chained(&revision, Vec::new()))),
        ("a chain without its root", Arc::new(|revision| chained(&revision, revision.chain()[1..].to_vec()))),
        ("a chain the wrong way round", {
            Arc::new(|revision| {
                let chain = revision.chain().iter().rev().cloned().collect();
                chained(&revision, chain)
            })
        }),
        ("a chain without its middle", Arc::new(|revision| chained(&revision, revision.chain()[..1].to_vec()))),
        ("noise", {
            Arc::new(|revision| {
                let base = |base: &Base| Base { body: vec![7; base.body.len()], ..base.clone() };
                chained(&revision, revision.chain().iter().map(base).collect())
            })
        }),
        ("a bomb", {
            Arc::new(|revision| {
                let mut chain = revision.chain().to_vec();
                // An anchor that claims four thousand million bytes.
                chain[0].body = [&[1, 0, 0, 0, 0][..], &[2, 0x80, 0x80, 0x80, 0x80, 0x10], &[0; 40]].concat();
                chained(&revision, chain)
            })
        }),
        ("another text of the same length", {
            Arc::new(|revision| {
                let mut chain = revision.chain().to_vec();
                let root = Revision::new(revision.header().to_vec(), chain[0].body.clone()).unwrap();
                let text = String::from_utf8(document_of(&root).expect("a hub gives it whole")).unwrap();
                let other = text.replace("word15838 ", "WORD15838 ");
                assert!(other != text && other.len() == text.len());
                chain[0].body = plain(other.as_bytes());
                chained(&revision, chain)
            })
        }),
    ];
    for (seed, (what, damage)) in (10..).zip(damages) {
        let way = Way::to(&hub);
        let two = Device::over(seed, way.clone());
        way.damages(move |revision| if revision.chain().is_empty() { revision } else { damage(revision) });
        let other = one.notes.start(&note(what, "")).unwrap();
        one.sync();
        let report = two.sync();
        assert_eq!(report.blocked, 1, "{what}");
        assert_eq!(two.the_same(&other).load().unwrap().title, what);
        assert!(two.notes.get(draft.id()).unwrap().is_none(), "{what}");
        // The hub tells the truth again, and says something new of it.
        *way.damage.lock().unwrap() = None;
        change(&draft, |note| note.views += 1);
        one.sync();
        two.sync();
        assert_eq!(two.the_same(&draft).load().unwrap(), draft.load().unwrap(), "{what}");
    }
}
