//! When to save: decided from what happened and when, without doing anything.
//!
//! Invariants, for any order of inputs:
//!
//! - `saved <= changed`, and everything is saved only where they are equal;
//! - `saved` grows only to a number that `changed` had reached when the successful save started;
//! - `first` is there if and only if there are changes in no save, neither a durable one nor one under way;
//! - decisions read the monotonic time only, so that a jump of the wall clock decides nothing.

use super::backoff::wait_after;
use super::cadence::Cadence;
use crate::clock::Timestamp;
use std::time::Duration;

/// Saving is to take at most one part in so many of the time.
const SHARE_OF_TIME: u32 = 10;

/// A point in time, by both clocks: the monotonic one decides, the other is shown to people.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Moment {
    pub(super) elapsed: Duration,
    pub(super) wall: Timestamp,
}

/// What happened.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Input {
    Changed,
    SaveStarted,
    /// `took` is the time that says how slow saves are, where it does.
    SaveSucceeded {
        took: Option<Duration>,
    },
    /// `blame` says whether the same document can be expected to succeed later.
    SaveFailed {
        blame: Blame,
        random: u32,
    },
    /// The save under way was given up before it was tried.
    SaveReleased,
    Paused,
    Resumed,
    CadenceChanged(Cadence),
    Flush,
    Attached,
    /// The editor is gone: pauses hold nothing any more, and what is unsaved is saved as soon as possible.
    Closing,
}

/// What a failed save failed at.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Blame {
    /// The disk, or what is around it.
    Surroundings,
    /// The document: another one may succeed at once.
    Document,
    /// The draft is gone for good: no document will succeed in it.
    Draft,
}

/// What to do now.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Next {
    /// Wait for an input.
    Idle,
    /// Wait for an input, or until this elapsed time.
    WaitUntil(Duration),
    /// Start a save of the newest document.
    Save,
}

/// Decides when to save.
#[derive(Debug, Clone)]
pub(super) struct Pacer {
    cadence: Cadence,
    /// The number of changes.
    changed: u64,
    /// The number of changes in the last durable save.
    saved: u64,
    saving: Option<Saving>,
    first: Option<Moment>,
    last: Duration,
    flush: Option<Duration>,
    failures: u32,
    blame: Blame,
    retry_at: Option<Moment>,
    /// How long a save takes, smoothed.
    usual: Duration,
    pauses: u32,
    attached: bool,
    closing: bool,
}

/// A save under way: what it contains, and since when that had been unsaved.
#[derive(Debug, Clone, Copy)]
struct Saving {
    changed: u64,
    first: Option<Moment>,
    flush: Option<Duration>,
}

impl Pacer {
    pub(super) fn new(cadence: Cadence, attached: bool) -> Self {
        Self {
            cadence,
            changed: 0,
            saved: 0,
            saving: None,
            first: None,
            last: Duration::ZERO,
            flush: None,
            failures: 0,
            blame: Blame::Surroundings,
            retry_at: None,
            usual: Duration::ZERO,
            pauses: 0,
            attached,
            closing: false,
        }
    }

    pub(super) fn apply(&mut self, now: Moment, input: Input) {
        match input {
            Input::Changed => self.change(now),
            Input::SaveStarted => {
                let (first, flush) = (self.first.take(), self.flush.take());
                self.saving = Some(Saving { changed: self.changed, first, flush });
            }
            Input::SaveSucceeded { took } => self.succeed(took),
            Input::SaveFailed { blame, random } => self.fail(now, blame, random),
            Input::SaveReleased => {
                let flush = self.saving.and_then(|saving| saving.flush);
                self.put_back();
                self.flush = flush.or(self.flush);
            }
            Input::Paused => self.pauses = self.pauses.saturating_add(1),
            Input::Resumed => self.pauses = self.pauses.saturating_sub(1),
            Input::CadenceChanged(cadence) => self.cadence = cadence,
            Input::Flush => self.ask_for_flush(now),
            Input::Attached => {
                self.attached = true;
                // It may be another draft.
                if self.blame == Blame::Draft {
                    self.blame = Blame::Surroundings;
                }
            }
            Input::Closing => {
                self.closing = true;
                self.ask_for_flush(now);
            }
        }
    }

    fn change(&mut self, now: Moment) {
        self.changed = self.changed.saturating_add(1);
        self.first.get_or_insert(now);
        self.last = now.elapsed;
        if self.blame == Blame::Document
            && let Some(retry_at) = &mut self.retry_at
        {
            // The new document may be fine, so it need not wait as long as the refused one; but neither is it tried at
            // every keystroke.
            let share = self.usual.saturating_mul(SHARE_OF_TIME);
            let wait = self.cadence.wait_after_last(share).unwrap_or_else(|| self.cadence.wait_after_first(share));
            *retry_at = (*retry_at).min_by_elapsed(now.after(wait));
        }
    }

    fn succeed(&mut self, took: Option<Duration>) {
        let Some(saving) = self.saving.take() else { return };
        // Not `self.changed`: what changed while the save was under way is not in it.
        self.saved = if crate::fault::on("autosave-marks-later-changes-saved") { self.changed } else { saving.changed };
        self.failures = 0;
        self.retry_at = None;
        self.usual = took.map_or(self.usual, |took| self.usual.saturating_mul(3).saturating_add(took) / 4);
        if self.saved == self.changed {
            self.first = None;
            self.flush = None;
        }
    }

    fn fail(&mut self, now: Moment, blame: Blame, random: u32) {
        self.put_back();
        self.failures = self.failures.saturating_add(1);
        self.blame = blame;
        self.retry_at = (blame != Blame::Draft).then(|| now.after(wait_after(self.failures, random)));
        if crate::fault::on("autosave-gives-up-after-a-failure") {
            self.saved = self.changed;
        }
    }

    fn put_back(&mut self) {
        if let Some(saving) = self.saving.take() {
            self.first = saving.first.or(self.first);
        }
    }

    fn ask_for_flush(&mut self, now: Moment) {
        if self.is_unsaved() {
            self.flush.get_or_insert(now.elapsed);
        }
    }

    /// What to do at `now`.
    pub(super) fn next(&self, now: Duration) -> Next {
        match self.due() {
            None => Next::Idle,
            Some(due) if due <= now => Next::Save,
            Some(due) => Next::WaitUntil(due),
        }
    }

    /// The elapsed time at which a save is to start; `None` while nothing is to be saved or nothing can be.
    pub(super) fn due(&self) -> Option<Duration> {
        if !self.attached || self.saving.is_some() || !self.is_unsaved() {
            return None;
        }
        if self.flush.is_some() {
            return self.flush;
        }
        if self.is_paused() || self.has_given_up() {
            return None;
        }
        if let Some(retry_at) = self.retry_at {
            return Some(retry_at.elapsed);
        }
        let share = self.usual.saturating_mul(SHARE_OF_TIME);
        let by_first = self.first?.elapsed.saturating_add(self.cadence.wait_after_first(share));
        let by_last = self.cadence.wait_after_last(share).map(|wait| self.last.saturating_add(wait));
        Some(by_last.map_or(by_first, |by_last| by_last.min(by_first)))
    }

    /// The number of changes that are durable.
    pub(super) fn saved(&self) -> u64 {
        self.saved
    }

    pub(super) fn is_unsaved(&self) -> bool {
        self.saved < self.changed
    }

    /// Since when there has been something unsaved, in a save under way or not.
    pub(super) fn unsaved_since(&self) -> Option<Moment> {
        self.saving.and_then(|saving| saving.first).or(self.first)
    }

    /// Whether nothing is tried any more unless somebody asks for it: the last save found the draft gone.
    pub(super) fn has_given_up(&self) -> bool {
        self.blame == Blame::Draft && self.failures > 0 && self.saving.is_none() && self.flush.is_none()
    }

    pub(super) fn is_saving(&self) -> bool {
        self.saving.is_some()
    }

    /// Whether someone asked for a save that has not started.
    pub(super) fn is_flushing(&self) -> bool {
        self.flush.is_some()
    }

    pub(super) fn is_attached(&self) -> bool {
        self.attached
    }

    pub(super) fn is_closing(&self) -> bool {
        self.closing
    }

    pub(super) fn is_paused(&self) -> bool {
        self.pauses > 0 && !self.closing
    }

    pub(super) fn pauses(&self) -> u32 {
        self.pauses
    }

    pub(super) fn failures(&self) -> u32 {
        self.failures
    }

    pub(super) fn retry_at(&self) -> Option<Moment> {
        self.retry_at
    }

    pub(super) fn cadence(&self) -> Cadence {
        self.cadence
    }

    /// The number of changes so far: names the newest document.
    pub(super) fn generation(&self) -> u64 {
        self.changed
    }
}

impl Moment {
    fn after(self, wait: Duration) -> Self {
        let millis = u64::try_from(wait.as_millis()).unwrap_or(u64::MAX);
        let wall = Timestamp::from_millis(self.wall.as_millis().saturating_add(millis));
        Self { elapsed: self.elapsed.saturating_add(wait), wall }
    }

    fn min_by_elapsed(self, other: Self) -> Self {
        if other.elapsed < self.elapsed { other } else { self }
    }
}
