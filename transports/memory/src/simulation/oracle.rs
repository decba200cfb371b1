//! What has to be there, kept without a look at how it is merged or synced.

use super::words::Word;
use std::collections::{BTreeMap, BTreeSet};
use std::fmt;

/// What drafts are about: a slot by its key, or a draft without one by its id. All generations of a slot are one subject.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Subject(pub(crate) String);

impl fmt::Display for Subject {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// The words that stand somewhere, by subject.
pub(crate) type Held = BTreeMap<Subject, BTreeSet<Word>>;

/// Knows every word that was acknowledged and that nobody took out since.
#[derive(Debug, Default)]
pub(crate) struct Oracle {
    expected: BTreeMap<Word, Subject>,
    /// Words that somebody took out, whether or not that took effect everywhere: they may be there or not.
    free: BTreeSet<Word>,
    /// Subjects whose counters may be wrong, because something went back in time.
    inexact: BTreeSet<Subject>,
    is_inexact: bool,
}

impl Oracle {
    /// A save was acknowledged: these words are there from now on.
    pub(crate) fn acknowledge(&mut self, subject: &Subject, words: impl IntoIterator<Item = Word>) {
        for word in words {
            if !self.free.contains(&word) {
                self.expected.insert(word, subject.clone());
            }
        }
    }

    /// Somebody takes words out, or tries to.
    pub(crate) fn release(&mut self, words: impl IntoIterator<Item = Word>) {
        for word in words {
            self.expected.remove(&word);
            self.free.insert(word);
        }
    }

    /// A machine is gone: what was only there is gone with it.
    pub(crate) fn forgive(&mut self, held: &Held) -> Vec<Word> {
        let gone = self.missing(held);
        gone.iter().for_each(|word| drop(self.expected.remove(word)));
        gone
    }

    /// Something went back in time, or there are two of it: counters may be wrong from now on.
    pub(crate) fn count_no_more(&mut self) {
        self.is_inexact = true;
    }

    pub(crate) fn count_no_more_of(&mut self, subject: &Subject) {
        self.inexact.insert(subject.clone());
    }

    pub(crate) fn counts(&self, subject: &Subject) -> bool {
        !self.is_inexact && !self.inexact.contains(subject)
    }

    /// Expected words that stand nowhere. A word that stands in another subject's drafts is missing in its own.
    pub(crate) fn missing(&self, held: &Held) -> Vec<Word> {
        let is_held = |subject: &Subject, word: &Word| held.get(subject).is_some_and(|words| words.contains(word));
        self.expected.iter().filter(|(word, subject)| !is_held(subject, word)).map(|(word, _)| *word).collect()
    }

    pub(crate) fn len(&self) -> usize {
        self.expected.len()
    }
}
