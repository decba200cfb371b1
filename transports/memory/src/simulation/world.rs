//! Everybody at work: devices, a hub, and what befalls them, step by step.

use super::device::{Afterwards, Device, Tending, Written, subject_of};
use super::essay::{Essay, Stroke};
use super::house::House;
use super::oracle::{Held, Oracle, Subject};
use super::setting::{Setting, Weather};
use super::shelf::Medium;
use super::tally::Tally;
use super::trace::Trace;
use super::words::Word;
use crate::dice::Dice;
use crate::network::{Faults, Network};
use draftkeep::clock::{Clock, ManualClock, Timestamp};
use draftkeep::storage::MemoryStorage;
use draftkeep::sync::{Report, SyncError};
use draftkeep::{DraftId, DraftInfo};
use futures_core::future::BoxFuture;
use futures_util::task::noop_waker;
use std::collections::BTreeMap;
use std::sync::Arc;
use std::task::{Context, Poll};
use std::time::Duration;

/// Things that several devices write about without having met.
const SLOTS: &[&str] = &["novel", "letter"];

/// The most devices, clones included.
const DEVICES_MAX: usize = 5;

/// A cycle that was polled so often goes in circles.
const POLLS_MAX: usize = 20_000;

pub(crate) struct World {
    pub(crate) dice: Dice,
    pub(crate) weather: Weather,
    pub(crate) house: House,
    pub(crate) devices: Vec<Device>,
    pub(crate) oracle: Oracle,
    pub(crate) tally: Tally,
    pub(crate) trace: Trace,
    /// Every draft that any device has had, and what it is about.
    pub(crate) subjects: BTreeMap<DraftId, Subject>,
    /// What stands on each device, as of its last look; none where something happened there since.
    on_devices: Vec<Option<Held>>,
    /// Cycles that began and did not end.
    underway: Vec<Cycle>,
    /// A copy of the store of the device with this number.
    device_backup: Option<(usize, MemoryStorage)>,
    medium: Medium,
    words: u32,
    step: usize,
    seed: u64,
    born: u64,
}

struct Cycle {
    device: usize,
    polls: usize,
    future: BoxFuture<'static, Result<Report, SyncError>>,
}

impl World {
    pub(crate) fn new(seed: u64, setting: &Setting) -> Result<Self, String> {
        let mut dice = Dice::new(seed);
        let weather = Weather::draw(&mut dice);
        let house = House::new(seed, &setting.hub)?;
        let mut world = Self {
            dice,
            weather,
            house,
            devices: Vec::new(),
            oracle: Oracle::default(),
            tally: Tally::default(),
            trace: Trace::default(),
            subjects: BTreeMap::new(),
            on_devices: Vec::new(),
            underway: Vec::new(),
            device_backup: None,
            medium: setting.medium,
            words: 0,
            step: 0,
            seed,
            born: 0,
        };
        for name in ["Ada", "Ben", "Cem", "Dot"].iter().take(3 + world.dice.below(2)) {
            world.add_device(name, None)?;
        }
        Ok(world)
    }

    fn add_device(&mut self, name: &str, copy: Option<&MemoryStorage>) -> Result<(), String> {
        self.born += 1;
        let seed = self.seed.wrapping_mul(100).wrapping_add(self.born);
        let clock = ManualClock::at(Timestamp::from_millis(1_767_225_600_000 + self.born * 977));
        let network = Network::new(Arc::new(self.house.address.clone()), Arc::new(clock.clone()), seed);
        network.set_faults(self.weather.network.clone());
        let device = match copy {
            Some(held) => Device::from_copy(name, self.medium, held, network, clock, seed)?,
            None => Device::new(name, self.medium, network, clock, seed)?,
        };
        self.devices.push(device);
        self.on_devices.push(None);
        Ok(())
    }

    pub(crate) fn tell(&mut self, who: &str, what: &str) {
        self.trace.tell(format!("{:>4} {who:<5} {what}", self.step));
    }

    /// Tells what happened on a device, which has to be looked at again.
    pub(crate) fn tell_of(&mut self, device: usize, what: &str) {
        self.on_devices[device] = None;
        let name = self.devices[device].name.clone();
        self.tell(&name, what);
    }

    fn word(&mut self) -> Word {
        self.words += 1;
        Word(self.words)
    }

    /// Everybody does something, one after the other, as chance has it.
    pub(crate) fn live(&mut self, steps_max: usize) -> Result<(), String> {
        let steps = 10 + self.dice.below(steps_max.saturating_sub(9));
        for step in 1..=steps {
            self.step = step;
            let device = self.dice.below(self.devices.len());
            match self.dice.below(100) {
                0..27 => self.write(device)?,
                27..30 => self.begin(device)?,
                30..33 => self.tend(device)?,
                33..35 => self.settle(device)?,
                35..37 => self.restore_version(device)?,
                37..52 => self.begin_sync(device)?,
                52..60 => self.begin_sync(device).and_then(|()| self.finish(device))?,
                60..74 => self.go_on()?,
                74..79 => self.finish_one()?,
                79..85 => self.be_careless(device)?,
                85..90 => self.storm(device)?,
                _ => self.travel_in_time(device)?,
            }
            self.check()?;
        }
        Ok(())
    }

    // What people do.

    fn any_draft(&mut self, device: usize) -> Result<Option<DraftInfo>, String> {
        let infos = self.devices[device].infos()?;
        Ok(self.dice.pick(&infos).cloned())
    }

    fn write(&mut self, device: usize) -> Result<(), String> {
        let Some(info) = self.any_draft(device)? else { return self.begin(device) };
        let shown = self.devices[device].shows(info.id);
        if !self.devices[device].has_windows() || !shown && self.dice.chance(700) {
            if !info.phase.takes_saves() {
                return self.tend(device);
            }
            let what = self.devices[device].open_window(&info)?;
            self.tell_of(device, &what);
        }
        let count = 1 + self.dice.below(2);
        let strokes: Vec<(Stroke, Word)> = (0..count)
            .map(|_| (self.dice.pick(Stroke::DRAWN).copied().unwrap_or(Stroke::Write), self.word()))
            .collect();
        let afterwards = if self.dice.chance(500) { Afterwards::KeepOpen } else { Afterwards::Close };
        if self.weather.storms && self.dice.chance(60) {
            return self.crash_while_writing(device, &strokes);
        }
        if let Some(written) = self.devices[device].type_and_save(&strokes, afterwards, &mut self.dice) {
            self.tally.did("edits");
            self.take_in(device, written);
        }
        Ok(())
    }

    /// What a person wrote, and whether the device said that it has it.
    fn take_in(&mut self, device: usize, written: Written) {
        self.tell_of(device, &written.what);
        self.oracle.release(written.removed);
        if written.is_acknowledged {
            self.tally.did("saves");
            self.oracle.acknowledge(&written.subject, written.added);
        } else {
            self.tally.did("saves not acknowledged");
        }
    }

    fn begin(&mut self, device: usize) -> Result<(), String> {
        let mut essay = Essay { mood: "hopeful".to_owned(), ..Essay::default() };
        if self.dice.chance(300) {
            essay.motto = self.word().to_string();
        }
        let slot = self.dice.pick(SLOTS).copied().filter(|_| self.dice.chance(800));
        let over = slot.is_some() && self.dice.chance(100);
        match self.devices[device].start(slot, &essay, over)? {
            Some(written) => {
                self.tally.did("drafts begun");
                self.take_in(device, written);
                Ok(())
            }
            None => Ok(()),
        }
    }

    fn tend(&mut self, device: usize) -> Result<(), String> {
        let Some(info) = self.any_draft(device)? else { return Ok(()) };
        let how = Tending::drawn(info.phase, &mut self.dice);
        let what = self.devices[device].tend(&info, how)?;
        self.tally.did("phases and checkpoints");
        self.tell_of(device, &what);
        Ok(())
    }

    fn settle(&mut self, device: usize) -> Result<(), String> {
        let infos = self.devices[device].infos()?;
        for info in infos.iter().filter(|info| info.conflicts > 0) {
            let at_once = self.dice.chance(500);
            if let Some(what) = self.devices[device].settle(info, at_once)? {
                self.tally.did("settled");
                self.tell_of(device, &what);
            }
        }
        Ok(())
    }

    fn restore_version(&mut self, device: usize) -> Result<(), String> {
        if !self.weather.restoring {
            return Ok(());
        }
        let Some(info) = self.any_draft(device)? else { return Ok(()) };
        let written = self.devices[device].restore_version(&info, &mut self.dice)?;
        // Two that both take the same increment back take it back twice.
        self.oracle.count_no_more_of(&written.subject);
        self.tally.did("versions restored");
        self.take_in(device, written);
        Ok(())
    }

    // Syncing.

    fn begin_sync(&mut self, device: usize) -> Result<(), String> {
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
        let syncer = self.devices[device].syncer()?;
        let future = Box::pin(async move { syncer.once().await });
        self.underway.push(Cycle { device, polls: 0, future });
        self.tell_of(device, "begins to sync");
        Ok(())
    }

    /// Polls any cycle a few times.
    fn go_on(&mut self) -> Result<(), String> {
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
    fn finish_one(&mut self) -> Result<(), String> {
        let Some(device) = self.dice.pick(&self.underway).map(|cycle| cycle.device) else { return Ok(()) };
        self.finish(device)
    }

    /// Lets the cycles of a device come to their end.
    pub(crate) fn finish(&mut self, device: usize) -> Result<(), String> {
        while let Some(at) = self.underway.iter().position(|cycle| cycle.device == device) {
            self.poll(at)?;
        }
        Ok(())
    }

    /// Polls a cycle once; where nothing else can go on, time passes until something can.
    fn poll(&mut self, at: usize) -> Result<(), String> {
        let cycle = &mut self.underway[at];
        let (index, device) = (cycle.device, &self.devices[cycle.device]);
        self.on_devices[index] = None;
        cycle.polls += 1;
        if cycle.polls > POLLS_MAX {
            return Err(format!("{} syncs in circles", device.name));
        }
        device.tasks.run_until_stalled();
        let waker = noop_waker();
        let polled = cycle.future.as_mut().poll(&mut Context::from_waker(&waker));
        if polled.is_pending() {
            device.tasks.run_until_stalled();
            if let Some(next) = device.clock.next_wake().filter(|_| cycle.polls.is_multiple_of(8)) {
                device.clock.advance(next.saturating_sub(device.clock.elapsed()));
            }
        }
        for passage in self.devices[index].network.take_passages() {
            self.tell_of(index, &format!("  {passage}"));
        }
        if let Poll::Ready(result) = polled {
            drop(self.underway.remove(at));
            let what = match &result {
                Ok(report) => {
                    self.tally.synced(report);
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

    /// Syncs now, from beginning to end.
    pub(crate) fn sync(&mut self, device: usize) -> Result<(), String> {
        self.finish(device)?;
        self.begin_sync(device)?;
        self.finish(device)
    }

    fn give_up_cycles_of(&mut self, device: usize) {
        self.underway.retain(|cycle| cycle.device != device);
    }

    // What goes wrong.

    fn be_careless(&mut self, device: usize) -> Result<(), String> {
        if !self.weather.carelessness {
            return Ok(());
        }
        match self.dice.below(8) {
            0..4 => {
                if self.underway.is_empty() {
                    self.begin_sync(device)?;
                }
                let at = self.dice.below(self.underway.len());
                let (count, polls) = (self.underway.len(), 1 + self.dice.below(6));
                for _ in 0..polls {
                    self.poll(at)?;
                    if self.underway.len() < count {
                        return Ok(());
                    }
                }
                let cycle = self.underway.remove(at);
                self.tally.befell("future dropped");
                self.tell_of(cycle.device, &format!("drops a sync after {} polls", cycle.polls));
            }
            4 => {
                let years = self.dice.below(60);
                let now = Timestamp::from_millis(u64::try_from(years).unwrap_or_default() * 31_557_600_000);
                self.devices[device].clock.set_now(now);
                self.tally.befell("clock jumped");
                self.tell_of(device, &format!("has a clock that says {now}"));
            }
            5 => {
                self.devices[device].network.set_online(false);
                self.tell_of(device, "goes offline");
            }
            6 => {
                self.devices[device].network.set_online(true);
                self.tell_of(device, "goes online");
            }
            _ => {
                self.devices[device].clock.advance(Duration::from_secs(3_600));
                self.devices[device].tasks.run_until_stalled();
                self.tell_of(device, "lets an hour pass");
            }
        }
        Ok(())
    }

    fn storm(&mut self, device: usize) -> Result<(), String> {
        if !self.weather.storms {
            return Ok(());
        }
        match self.dice.below(6) {
            0 | 1 => {
                self.devices[device].fail_a_commit(&mut self.dice);
                self.tell_of(device, "has a disk that is about to fail");
            }
            2 => self.crash(device, None)?,
            _ => {
                if self.dice.chance(700) {
                    self.house.fail_next_commit(self.dice.chance(500));
                    self.tell("hub", "has a disk that is about to fail");
                } else {
                    self.house.reopen()?;
                    self.tally.befell("hub reopened");
                    self.tell("hub", "ends and begins again");
                }
            }
        }
        Ok(())
    }

    fn crash(&mut self, device: usize, since: Option<usize>) -> Result<(), String> {
        self.give_up_cycles_of(device);
        self.tally.befell("device crashed");
        self.tell_of(device, "crashes and starts again");
        self.devices[device].crash(since, &mut self.dice)
    }

    /// A save under way when the power goes: it may be there or not, and nobody was told that it is.
    fn crash_while_writing(&mut self, device: usize, strokes: &[(Stroke, Word)]) -> Result<(), String> {
        let since = self.devices[device].moment();
        if self.dice.chance(500) {
            self.devices[device].fail_a_commit(&mut self.dice);
        }
        if let Some(mut written) = self.devices[device].type_and_save(strokes, Afterwards::Close, &mut self.dice) {
            written.is_acknowledged = false;
            self.take_in(device, written);
        }
        self.crash(device, Some(since))
    }

    fn travel_in_time(&mut self, device: usize) -> Result<(), String> {
        if !self.weather.time_travel {
            return Ok(());
        }
        match self.dice.below(12) {
            0..4 => {
                // Sometimes nobody made a copy in time.
                if self.dice.chance(250) || !self.house.restore()? {
                    self.house.back_up()?;
                    self.tell("hub", "is copied");
                    return Ok(());
                }
                self.tally.befell("hub restored");
                self.tell("hub", "is restored from its copy");
            }
            4 | 5 => {
                self.house.empty()?;
                self.tally.befell("hub emptied");
                self.tell("hub", "is another one, and empty");
            }
            6 | 7 if self.devices.len() < DEVICES_MAX => {
                let copy = self.devices[device].copy()?;
                let name = format!("{}'", self.devices[device].name);
                self.add_device(&name, Some(&copy))?;
                let clone = self.devices.len() - 1;
                let is_noticed = self.dice.chance(500) && self.devices[clone].take_new_replica();
                self.tally.befell("device cloned");
                self.tell_of(clone, &format!("is a copy of another device, noticed: {is_noticed}"));
            }
            6..10 => {
                let Some((device, copy)) = self.device_backup.clone().filter(|_| self.dice.chance(750)) else {
                    self.device_backup = Some((device, self.devices[device].copy()?));
                    self.tell_of(device, "is copied");
                    return Ok(());
                };
                self.give_up_cycles_of(device);
                self.devices[device].restore(&copy)?;
                let is_noticed = self.dice.chance(500) && self.devices[device].take_new_replica();
                self.tally.befell("device restored");
                self.tell_of(device, &format!("is restored from its copy, noticed: {is_noticed}"));
            }
            _ => return self.accept_hub(device),
        }
        self.oracle.count_no_more();
        let held = self.look()?;
        let gone = self.oracle.forgive(&held);
        if !gone.is_empty() {
            self.tally.did_times("words gone with a machine", gone.len() as u64);
            let gone: String = gone.iter().map(|word| format!(" {word}")).collect();
            self.tell("", &format!("gone with it, as nobody else had them:{gone}"));
        }
        Ok(())
    }

    pub(crate) fn accept_hub(&mut self, device: usize) -> Result<(), String> {
        self.finish(device)?;
        let accepted = self.devices[device].syncer()?.accept_hub();
        let what =
            accepted.map_or_else(|error| format!("cannot accept the hub: {error}"), |()| "accepts the hub".to_owned());
        self.tell_of(device, &what);
        Ok(())
    }

    // What is there.

    /// The words that stand anywhere now.
    fn look(&mut self) -> Result<Held, String> {
        let mut all = Held::new();
        for (at, device) in self.devices.iter_mut().enumerate() {
            let place = &mut self.on_devices[at];
            if place.is_none() {
                for info in device.infos()? {
                    self.subjects.entry(info.id).or_insert_with(|| subject_of(&info));
                }
                let (held, changed) = device.look()?;
                *place = Some(held);
                for what in changed {
                    self.trace.tell(format!("{:>4} {:<5} {what}", self.step, device.name));
                }
            }
            for (subject, words) in place.iter().flatten() {
                all.entry(subject.clone()).or_default().extend(words);
            }
        }
        for (subject, words) in self.house.look(&self.subjects)?.1 {
            all.entry(subject.clone()).or_default().extend(words);
        }
        Ok(all)
    }

    /// Every word that was acknowledged is somewhere.
    pub(crate) fn check(&mut self) -> Result<(), String> {
        let held = self.look()?;
        let missing = self.oracle.missing(&held);
        if missing.is_empty() {
            return Ok(());
        }
        let missing: String = missing.iter().map(|word| format!(" {word}")).collect();
        Err(format!("lost:{missing}"))
    }

    /// Nothing goes wrong from now on, and everybody is there.
    pub(crate) fn end_of_faults(&mut self) -> Result<(), String> {
        self.step += 1;
        self.house.heal();
        for device in 0..self.devices.len() {
            self.devices[device].network.set_online(true);
            self.devices[device].network.set_faults(Faults::none());
            self.devices[device].heal();
            self.finish(device)?;
        }
        for device in &self.devices {
            futures_util::FutureExt::now_or_never(device.network.deliver());
        }
        self.check()
    }
}
