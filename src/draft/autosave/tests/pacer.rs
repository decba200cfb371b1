//! Goal: the pacer keeps its promises for every order of events. Method: programs of events, all short ones and many
//! random ones, run against a model that only remembers when each change was made and how many are durable.

use super::effort;
use crate::clock::Timestamp;
use crate::draft::autosave::backoff;
use crate::draft::autosave::cadence::Cadence;
use crate::draft::autosave::pacer::{Blame, Input, Moment, Next, Pacer};
use proptest::prelude::*;
use std::time::Duration;

#[derive(Debug, Clone, Copy)]
enum Op {
    Wait(u64),
    Change,
    /// Ends the save under way.
    Succeed(u64),
    Fail(Blame, u32),
    Release,
    Pause,
    Resume,
    Flush,
    Cadence(u64, Option<u64>),
    Attach,
    Close,
    /// Starts a save although none is due, as a flush in the calling thread and a promotion do.
    Start,
}

#[expect(clippy::struct_excessive_bools, reason = "what a model remembers is a list of facts")]
struct Model {
    pacer: Pacer,
    /// The same pacer, which sees another wall clock.
    twin: Pacer,
    cadence: Cadence,
    now: Duration,
    wall: u64,
    changes: Vec<Duration>,
    durable: usize,
    saving: Option<usize>,
    failed_at: Option<Duration>,
    /// Flushed, or refused as a document and changed since: a save may come earlier than by backoff.
    hurried: bool,
    pauses: u32,
    flushed: bool,
    /// Whether the save under way answers a flush.
    flushed_before: bool,
    attached: bool,
    closing: bool,
    slow: bool,
    /// The last save found the draft gone.
    given_up: bool,
}

impl Model {
    fn new(cadence: Cadence, attached: bool) -> Self {
        Self {
            pacer: Pacer::new(cadence, attached),
            twin: Pacer::new(cadence, attached),
            cadence,
            now: Duration::ZERO,
            wall: 7,
            changes: Vec::new(),
            durable: 0,
            saving: None,
            failed_at: None,
            hurried: false,
            pauses: 0,
            flushed: false,
            flushed_before: false,
            attached,
            closing: false,
            slow: false,
            given_up: false,
        }
    }

    fn apply(&mut self, input: Input) {
        self.wall = self.wall.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        self.pacer.apply(Moment { elapsed: self.now, wall: Timestamp::from_millis(self.wall) }, input);
        self.twin.apply(Moment { elapsed: self.now, wall: Timestamp::from_millis(0) }, input);
    }

    fn step(&mut self, op: Op) {
        match op {
            Op::Wait(millis) => self.now += Duration::from_millis(millis),
            Op::Change => {
                self.changes.push(self.now);
                self.hurried = true;
                self.apply(Input::Changed);
            }
            Op::Succeed(millis) => {
                let Some(saving) = self.saving.take() else { return };
                self.durable = saving;
                self.failed_at = None;
                self.given_up = false;
                self.flushed &= self.durable < self.changes.len();
                self.slow |= millis > 0;
                self.apply(Input::SaveSucceeded { took: Some(Duration::from_millis(millis)) });
            }
            Op::Fail(blame, random) => {
                if self.saving.take().is_none() {
                    return;
                }
                self.failed_at = Some(self.now);
                self.given_up = blame == Blame::Draft;
                self.hurried = false;
                self.apply(Input::SaveFailed { blame, random });
            }
            Op::Release => {
                if self.saving.take().is_some() {
                    self.flushed |= self.flushed_before;
                    self.apply(Input::SaveReleased);
                }
            }
            Op::Pause => {
                self.pauses += 1;
                self.apply(Input::Paused);
            }
            Op::Resume => {
                if self.pauses > 0 {
                    self.pauses -= 1;
                    self.apply(Input::Resumed);
                }
            }
            Op::Flush => {
                self.flushed |= self.durable < self.changes.len();
                self.apply(Input::Flush);
            }
            Op::Cadence(interval, quiet) => {
                self.cadence = Cadence::every(Duration::from_millis(interval));
                if let Some(quiet) = quiet {
                    self.cadence = self.cadence.quiet(Duration::from_millis(quiet));
                }
                self.apply(Input::CadenceChanged(self.cadence));
            }
            Op::Attach => {
                self.attached = true;
                if std::mem::take(&mut self.given_up) {
                    self.failed_at = None;
                }
                self.apply(Input::Attached);
            }
            Op::Close => {
                self.closing = true;
                self.flushed |= self.durable < self.changes.len();
                self.apply(Input::Closing);
            }
            Op::Start => {
                if self.attached && self.saving.is_none() && self.durable < self.changes.len() {
                    self.start();
                }
            }
        }
        self.check();
        if self.pacer.next(self.now) == Next::Save {
            self.start();
            self.check();
        }
    }

    fn start(&mut self) {
        self.saving = Some(self.changes.len());
        self.flushed_before = std::mem::take(&mut self.flushed);
        self.apply(Input::SaveStarted);
    }

    fn check(&self) {
        let unsaved = self.changes.get(self.durable).copied();
        assert_eq!(self.pacer.is_unsaved(), unsaved.is_some(), "saved means durable, and nothing else does");
        assert_eq!(self.pacer.unsaved_since().map(|since| since.elapsed), unsaved, "unsaved since the first change");
        assert_eq!(self.pacer.next(self.now), self.twin.next(self.now), "the wall clock decides nothing");
        let due = self.pacer.due();
        let Some(first) = unsaved.filter(|_| self.saving.is_none() && self.attached) else {
            assert_eq!(due, None, "nothing to save, or no way to");
            return;
        };
        if self.pauses > 0 && !self.closing && !self.flushed {
            assert_eq!(due, None, "paused");
            return;
        }
        if self.given_up && !self.flushed {
            assert_eq!(due, None, "no document will succeed");
            return;
        }
        let due = due.expect("what is unsaved is due some time");
        if self.flushed {
            return;
        }
        if let Some(failed_at) = self.failed_at {
            assert!(due <= failed_at + backoff::LONGEST, "tried again within a minute");
            assert!(self.hurried || due >= failed_at + Duration::from_millis(250), "no spinning on a dead disk");
            return;
        }
        let interval = self.cadence.interval().unwrap();
        assert!(due <= first + interval.max(Duration::from_secs(60)), "bounded however slow saves are");
        if !self.slow {
            let last = *self.changes.last().unwrap();
            let quiet = self.cadence.quiet_time().map_or(first + interval, |quiet| last + quiet);
            assert_eq!(due, (first + interval).min(quiet), "by the interval, or the quiet time");
        }
    }

    /// Once failures and pauses are over, all that was changed is saved, in bounded time.
    fn finish(mut self) {
        self.step(Op::Attach);
        while self.pauses > 0 {
            self.step(Op::Resume);
        }
        for _ in 0..8 {
            self.step(Op::Succeed(0));
            if let Next::WaitUntil(due) = self.pacer.next(self.now) {
                assert!(due <= self.now + Duration::from_secs(70), "within the longest wait");
                self.now = due;
                self.step(Op::Wait(0));
            }
        }
        assert_eq!(self.durable, self.changes.len(), "eventually saved");
        assert_eq!(self.pacer.next(self.now), Next::Idle);
    }
}

fn run(cadence: Cadence, attached: bool, ops: &[Op]) {
    let mut model = Model::new(cadence, attached);
    for &op in ops {
        model.step(op);
    }
    model.finish();
}

#[test]
fn every_short_program_keeps_the_promises() {
    let all = [
        Op::Wait(700),
        Op::Change,
        Op::Succeed(0),
        Op::Fail(Blame::Surroundings, 0),
        Op::Fail(Blame::Document, u32::MAX),
        Op::Fail(Blame::Draft, 0),
        Op::Release,
        Op::Pause,
        Op::Resume,
        Op::Flush,
        Op::Start,
        Op::Close,
        Op::Attach,
    ];
    let length = if effort() > 1 { 6 } else { 5 };
    let cadence = Cadence::every(Duration::from_secs(1)).quiet(Duration::from_millis(300));
    for number in 0..all.len().pow(length) {
        let mut ops = vec![Op::Change];
        let mut rest = number;
        for _ in 0..length {
            ops.push(all[rest % all.len()]);
            rest /= all.len();
        }
        run(cadence, true, &ops);
    }
}

fn op() -> impl Strategy<Value = Op> {
    let blame = prop_oneof![Just(Blame::Surroundings), Just(Blame::Document), Just(Blame::Draft)];
    prop_oneof![
        4 => (0_u64..30_000).prop_map(Op::Wait),
        4 => Just(Op::Change),
        3 => prop_oneof![Just(0), 0_u64..20_000].prop_map(Op::Succeed),
        2 => (blame, any::<u32>()).prop_map(|(blame, random)| Op::Fail(blame, random)),
        1 => Just(Op::Release),
        1 => Just(Op::Pause),
        1 => Just(Op::Resume),
        1 => Just(Op::Flush),
        1 => Just(Op::Start),
        1 => (100_u64..60_000, prop::option::of(100_u64..10_000)).prop_map(|(interval, quiet)| Op::Cadence(interval, quiet)),
        1 => Just(Op::Attach),
        1 => prop_oneof![9 => Just(Op::Wait(0)), 1 => Just(Op::Close)],
    ]
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(2_000 * effort()))]

    #[test]
    fn random_programs_keep_the_promises(ops in prop::collection::vec(op(), 0..60), attached: bool) {
        run(Cadence::default(), attached, &ops);
    }
}
