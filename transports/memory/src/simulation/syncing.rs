//! Cycles: begun, polled now and then, finished or given up.

use super::world::World;
use draftkeep::clock::Clock;
use draftkeep::sync::{Report, SyncError};
use futures_core::future::BoxFuture;
use futures_util::task::noop_waker;
use std::sync::Arc;
use std::task::{Context, Poll, Waker};
use std::time::Duration;

/// A cycle that was polled so often goes in circles.
const POLLS_MAX: usize = 20_000;

/// A syncer that runs by itself is stopped after at most so many polls, wherever it is then.
const RUN_MAX: usize = 400;

/// The same where polls wait for something in real time.
const RUN_IN_TIME_MAX: usize = 40;

/// The longest wait between two polls of something that takes real time and does not say that it went on.
const PATIENCE: Duration = Duration::from_millis(2);

/// A cycle, or a syncer that runs by itself, that began and did not end.
pub(super) struct Cycle {
    pub(super) device: usize,
    pub(super) polls: usize,
    future: BoxFuture<'static, Result<Report, SyncError>>,
    /// It runs until it was polled so often.
    until: Option<usize>,
}

impl World {
    pub(super) fn begin_sync(&mut self, device: usize) -> Result<(), String> {
        let under_way = self.underway.iter().filter(|cycle| cycle.device == device).count();
        // A second one beside the first is a mistake of the application that is answered, now and then.
        if under_way > 1 || under_way == 1 && !self.dice.chance(100) {
            return Ok(());
        }
        // What paused it is mended by now, and another hub is meant: most of the time.
        if self.dice.chance(700) {
            self.devices[device].resume()?;
        }
        if self.dice.chance(300) && self.devices[device].asks_about_hub()? {
            self.accept_hub(device)?;
        }
        if self.dice.chance(500) {
            self.answer_erasures(device)?;
        }
        let syncer = self.devices[device].syncer()?;
        let future = Box::pin(async move { syncer.once().await });
        self.underway.push(Cycle { device, polls: 0, future, until: None });
        self.tell_of(device, "begins to sync");
        Ok(())
    }

    /// Leaves a syncer to itself for a while: it syncs when something is saved, when the hub has news, and again after failures.
    pub(super) fn begin_to_run(&mut self, device: usize) -> Result<(), String> {
        if self.underway.iter().any(|cycle| cycle.device == device) {
            return Ok(());
        }
        self.devices[device].resume()?;
        let syncer = self.devices[device].syncer()?;
        let future = Box::pin(async move {
            syncer.run().await;
            std::future::pending().await
        });
        let until = Some(1 + self.dice.below(if self.house.takes_time { RUN_IN_TIME_MAX } else { RUN_MAX }));
        self.underway.push(Cycle { device, polls: 0, future, until });
        self.tally.did("syncers run");
        self.tell_of(device, "lets its syncer run");
        Ok(())
    }

    /// Polls any cycle a few times.
    pub(super) fn go_on(&mut self) -> Result<(), String> {
        for _ in 0..=self.dice.below(6) {
            if self.underway.is_empty() {
                return Ok(());
            }
            let at = self.dice.below(self.underway.len());
            self.poll(at)?;
        }
        Ok(())
    }

    /// Lets any cycle come to its end.
    pub(super) fn finish_one(&mut self) -> Result<(), String> {
        let Some(device) = self.dice.pick(&self.underway).map(|cycle| cycle.device) else { return Ok(()) };
        self.finish(device)
    }

    /// Lets the cycles of a device come to their end.
    pub(super) fn finish(&mut self, device: usize) -> Result<(), String> {
        while let Some(at) = self.underway.iter().position(|cycle| cycle.device == device) {
            self.poll(at)?;
        }
        Ok(())
    }

    /// Polls a cycle once; where nothing else can go on, time passes until something can.
    pub(super) fn poll(&mut self, at: usize) -> Result<(), String> {
        let cycle = &mut self.underway[at];
        let (index, device) = (cycle.device, &self.devices[cycle.device]);
        self.on_devices[index] = None;
        cycle.polls += 1;
        if cycle.until.is_some_and(|until| cycle.polls > until) {
            drop(self.underway.remove(at));
            self.tell_of(index, "stops its syncer");
            return Ok(());
        }
        if cycle.polls > POLLS_MAX {
            return Err(format!("{} syncs in circles", device.name));
        }
        device.tasks.run_until_stalled();
        let waker = if self.house.takes_time { Waker::from(Arc::clone(&self.alarm)) } else { noop_waker() };
        let polled = cycle.future.as_mut().poll(&mut Context::from_waker(&waker));
        if polled.is_pending() {
            device.tasks.run_until_stalled();
            if self.house.takes_time {
                self.alarm.wait(PATIENCE);
            }
            if let Some(next) = device.clock.next_wake().filter(|_| cycle.polls.is_multiple_of(8)) {
                let passes = next.saturating_sub(device.clock.elapsed());
                device.clock.advance(passes);
                self.house.clock.advance(passes);
            }
        }
        for passage in self.devices[index].network.take_passages() {
            self.tell_of(index, &format!("  {passage}"));
        }
        self.tell_the_story();
        // Where drafts go by themselves, who has met whom before is what tells whether they may.
        if self.keys.is_some() && !self.departures.erased().is_empty() {
            self.see()?;
        }
        if let Poll::Ready(result) = polled {
            drop(self.underway.remove(at));
            let what = match &result {
                Ok(report) => {
                    self.tally.synced(report);
                    if report.blocked > 0 {
                        self.count_waiting(index)?;
                    }
                    format!("has synced: {report:?}")
                }
                Err(error) => {
                    self.tally.did("syncs that failed");
                    format!("has not synced: {:?}", error.kind())
                }
            };
            self.tell_of(index, &what);
        }
        Ok(())
    }

    /// Tells what happened where everybody meets.
    pub(super) fn tell_the_story(&mut self) {
        for what in self.house.story() {
            self.tell("", &format!("    {what}"));
        }
    }

    /// Syncs now, from beginning to end.
    pub(super) fn sync(&mut self, device: usize) -> Result<(), String> {
        self.finish(device)?;
        self.begin_sync(device)?;
        self.finish(device)
    }

    pub(super) fn give_up_cycles_of(&mut self, device: usize) {
        self.underway.retain(|cycle| cycle.device != device);
    }
}
