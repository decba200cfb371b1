//! What the simulated people write: a document with a place for each rule of merging, and what they do to it.

use super::words::{Word, sentence, words_in};
use crate::dice::Dice;
use draftkeep::merge::{Policy, PolicyError, Rule};
use draftkeep::{Kind, Schema};
use serde::{Deserialize, Serialize};
use std::collections::BTreeSet;

pub(crate) const ESSAY: Kind<Essay> = Kind::new("essay");

/// A document with a place for each rule of merging.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Essay {
    /// What nobody touches: it makes the text so long that a change of it is worth being sent alone.
    pub(crate) preface: String,
    /// Prose in which overlapping changes conflict.
    pub(crate) body: String,
    /// Any change of both sides is a conflict.
    pub(crate) motto: String,
    /// Short, and the later one is taken: no words stand here.
    pub(crate) mood: String,
    pub(crate) scenes: Vec<Scene>,
    pub(crate) tags: BTreeSet<String>,
    /// The words of all increments of `count`, so that it can be checked from the document alone.
    pub(crate) counted: BTreeSet<String>,
    pub(crate) count: i64,
}

/// A part with a name of its own.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Scene {
    pub(crate) id: String,
    pub(crate) text: String,
}

pub(crate) fn schema() -> Result<Schema<Essay>, PolicyError> {
    let policy = Policy::builder()
        .rule("/body", Rule::prose())
        .rule("/motto", Rule::Manual)
        .rule("/mood", Rule::Latest)
        .rule("/scenes", Rule::keyed("id"))
        .rule("/scenes/*/text", Rule::prose())
        .rule("/tags", Rule::Set)
        .rule("/counted", Rule::Set)
        .rule("/count", Rule::Counter)
        .build()?;
    Ok(Schema::of(ESSAY).policy(policy).label(|essay| essay.mood.clone()))
}

/// One thing that a person does to a document.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Stroke {
    /// Adds a sentence somewhere in the body.
    Write,
    /// Adds a word inside a sentence of the body.
    Insert,
    /// Puts other words in place of a sentence of the body.
    Rewrite,
    /// Removes a sentence of the body.
    Cut,
    Motto,
    Mood,
    AddScene,
    EditScene,
    MoveScene,
    RemoveScene,
    Tag,
    Untag,
    Count,
}

impl Stroke {
    /// Those that are drawn, the usual ones more often.
    pub(crate) const DRAWN: &[Self] = &[
        Self::Write,
        Self::Write,
        Self::Write,
        Self::Insert,
        Self::Insert,
        Self::Rewrite,
        Self::Cut,
        Self::Motto,
        Self::Mood,
        Self::AddScene,
        Self::EditScene,
        Self::EditScene,
        Self::MoveScene,
        Self::RemoveScene,
        Self::Tag,
        Self::Tag,
        Self::Untag,
        Self::Count,
        Self::Count,
        Self::Count,
    ];
}

/// Does it, with a new word where it adds something.
pub(crate) fn stroke(essay: &mut Essay, stroke: Stroke, word: Word, dice: &mut Dice) {
    match stroke {
        Stroke::Write => write(&mut essay.body, word, dice),
        Stroke::Insert => insert(&mut essay.body, word, dice),
        Stroke::Rewrite => replace(&mut essay.body, Some(word), dice),
        Stroke::Cut => replace(&mut essay.body, None, dice),
        Stroke::Motto => essay.motto = format!("{} {word}", essay.motto),
        Stroke::Mood => sentence(dice).trim_end().clone_into(&mut essay.mood),
        Stroke::AddScene => {
            let at = dice.below(essay.scenes.len() + 1);
            let text = format!("{}{word}. {}.", sentence(dice), sentence(dice));
            essay.scenes.insert(at, Scene { id: format!("scene {word}"), text });
        }
        Stroke::EditScene => {
            let at = dice.below(essay.scenes.len());
            if let Some(scene) = essay.scenes.get_mut(at) {
                let how = [write, insert, |text: &mut String, word, dice: &mut Dice| replace(text, Some(word), dice)];
                if let Some(how) = dice.pick(&how).copied() {
                    how(&mut scene.text, word, dice);
                }
            }
        }
        Stroke::MoveScene => {
            if !essay.scenes.is_empty() {
                let scene = essay.scenes.remove(dice.below(essay.scenes.len()));
                essay.scenes.insert(dice.below(essay.scenes.len() + 1), scene);
            }
        }
        Stroke::RemoveScene => {
            if essay.scenes.len() > 1 {
                essay.scenes.remove(dice.below(essay.scenes.len()));
            }
        }
        Stroke::Tag => {
            essay.tags.insert(word.to_string());
        }
        Stroke::Untag => {
            if let Some(tag) = essay.tags.iter().nth(dice.below(essay.tags.len())).cloned() {
                essay.tags.remove(&tag);
            }
        }
        Stroke::Count => {
            essay.counted.insert(word.to_string());
            essay.count += 1;
        }
    }
}

/// The sentences of a text, each with what ends it; a text without any has none.
fn sentences(text: &str) -> Vec<&str> {
    text.split_inclusive(". ").collect()
}

fn write(text: &mut String, word: Word, dice: &mut Dice) {
    let mut parts: Vec<String> = sentences(text).into_iter().map(str::to_owned).collect();
    let ends = if dice.chance(150) { ".\n\n" } else { ". " };
    let sentence = format!("{}{word}{ends}", sentence(dice));
    parts.insert(dice.below(parts.len() + 1), sentence);
    *text = parts.concat();
}

fn insert(text: &mut String, word: Word, dice: &mut Dice) {
    let spaces: Vec<usize> = text.match_indices(' ').map(|(at, _)| at).collect();
    let at = dice.pick(&spaces).copied().unwrap_or(text.len());
    text.insert_str(at, &format!(" {word}"));
}

fn replace(text: &mut String, word: Option<Word>, dice: &mut Dice) {
    let mut parts: Vec<String> = sentences(text).into_iter().map(str::to_owned).collect();
    if parts.is_empty() {
        return;
    }
    let at = dice.below(parts.len());
    match word {
        Some(word) => {
            // What the sentence said of interest stays: it is the fillers that are put differently.
            let kept: Vec<String> = words_in(parts[at].as_bytes()).iter().map(Word::to_string).collect();
            parts[at] = format!("{}{} {word}. ", sentence(dice), kept.join(" "));
        }
        None => drop(parts.remove(at)),
    }
    *text = parts.concat();
}

const PREFACE: &str = "To whom it may concern. These pages were kept in a tin box beneath the stairs of number 14, with a \
    key, two tickets for a ferry, and a photograph of somebody's garden. I have left the spelling alone. Dates are given as \
    far as the ink allows; a comma is mine, a blot is hers. Readers who look for an ending may begin at the back, like my \
    uncle did, and will be equally disappointed. Thanks are due to the library for its lamp and for not asking questions.";

impl Essay {
    /// What a text begins as.
    pub(crate) fn new() -> Self {
        Self { preface: PREFACE.to_owned(), mood: "hopeful".to_owned(), ..Self::default() }
    }

    /// All words that stand in it.
    pub(crate) fn words(&self) -> BTreeSet<Word> {
        let scenes = self.scenes.iter().flat_map(|scene| [&scene.id, &scene.text]);
        let texts = [&self.body, &self.motto, &self.mood].into_iter().chain(scenes);
        texts.chain(&self.tags).chain(&self.counted).flat_map(|text| words_in(text.as_bytes())).collect()
    }

    /// What somebody makes of this text and others who wants to lose nothing: this one, and behind it what it lacks.
    pub(crate) fn with_all_of(mut self, others: &[Self]) -> Self {
        let append = |text: &mut String, other: &str| {
            for word in words_in(other.as_bytes()).difference(&words_in(text.as_bytes())) {
                text.push_str(&format!(" {word}."));
            }
        };
        for other in others {
            append(&mut self.body, &other.body);
            append(&mut self.motto, &other.motto);
            for scene in &other.scenes {
                match self.scenes.iter_mut().find(|own| own.id == scene.id) {
                    Some(own) => append(&mut own.text, &scene.text),
                    None => self.scenes.push(scene.clone()),
                }
            }
            self.tags.extend(other.tags.iter().cloned());
            self.counted.extend(other.counted.iter().cloned());
        }
        self.count = self.honest_count();
        self
    }

    /// What the counter has to say.
    pub(crate) fn honest_count(&self) -> i64 {
        i64::try_from(self.counted.len()).unwrap_or(i64::MAX)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_stroke_that_adds_a_word_removes_none_and_all_of_several_texts_has_every_word() {
        let mut dice = Dice::new(11);
        let (mut one, mut two) = (Essay::default(), Essay::default());
        for number in 0..2_000 {
            let essay = if dice.chance(500) { &mut one } else { &mut two };
            let (before, how) = (essay.words(), *dice.pick(Stroke::DRAWN).unwrap());
            stroke(essay, how, Word(number), &mut dice);
            let after = essay.words();
            match how {
                Stroke::Cut | Stroke::RemoveScene | Stroke::Untag => assert!(after.is_subset(&before)),
                Stroke::Mood | Stroke::MoveScene => assert_eq!(after, before),
                _ => assert!(before.is_subset(&after), "{how:?}"),
            }
            assert_eq!(essay.count, essay.honest_count());
        }
        let both = one.clone().with_all_of(std::slice::from_ref(&two));
        assert_eq!(both.words(), &one.words() | &two.words());
    }
}
