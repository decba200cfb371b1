//! What one way remembers: its dice, what went wrong, and the last messages.

use super::dice::Dice;
use super::trouble::Trouble;
use std::collections::{BTreeMap, VecDeque};

/// As many of the last messages of each direction are remembered.
const REMEMBERED: usize = 8;

/// What one way remembers.
#[derive(Debug)]
pub(crate) struct State {
    /// Of all that can go wrong, so many hundredths do.
    hundredths: usize,
    dice: Dice,
    counts: BTreeMap<Trouble, u64>,
    story: Vec<String>,
    requests: VecDeque<Vec<u8>>,
    answers: VecDeque<Vec<u8>>,
    drawn: u64,
}

impl State {
    pub(crate) fn new(hundredths: usize, seed: u64) -> Self {
        Self {
            hundredths,
            dice: Dice::new(seed),
            counts: BTreeMap::new(),
            story: Vec::new(),
            requests: VecDeque::new(),
            answers: VecDeque::new(),
            drawn: 0,
        }
    }

    /// What is to happen next, with its number, and the dice for what else has to be drawn.
    pub(crate) fn draw(&mut self) -> (u64, Option<Trouble>, Dice) {
        self.drawn += 1;
        let mut dice = self.dice.fork();
        let trouble = Trouble::draw(self.hundredths, &mut dice);
        (self.drawn, trouble, dice)
    }

    /// It made a difference.
    pub(crate) fn happened(&mut self, trouble: Trouble) {
        *self.counts.entry(trouble).or_default() += 1;
    }

    pub(crate) fn count(&self, trouble: Trouble) -> u64 {
        self.counts.get(&trouble).copied().unwrap_or_default()
    }

    pub(crate) fn tell(&mut self, line: String) {
        self.story.push(line);
    }

    /// What happened since this was asked last.
    pub(crate) fn story(&mut self) -> Vec<String> {
        std::mem::take(&mut self.story)
    }

    pub(crate) fn remember(&mut self, request: &[u8], answer: &[u8]) {
        for (remembered, bytes) in [(&mut self.requests, request), (&mut self.answers, answer)] {
            if remembered.len() == REMEMBERED {
                remembered.pop_front();
            }
            remembered.push_back(bytes.to_vec());
        }
    }

    pub(crate) fn earlier_request(&self, dice: &mut Dice) -> Option<Vec<u8>> {
        self.requests.get(dice.below(self.requests.len())).cloned()
    }

    pub(crate) fn earlier_answer(&self, dice: &mut Dice) -> Option<Vec<u8>> {
        self.answers.get(dice.below(self.answers.len())).cloned()
    }
}
