//! What a system made of a case, and what follows from it.

use crate::cases::Case;
use draftkeep::Value;
use draftkeep::value::{Path, Segment};
use std::fmt;

/// What a system made of a case.
#[derive(Debug)]
pub(crate) struct Outcome {
    /// The merged document; `None` where there is none that could be read.
    pub(crate) value: Option<Value>,
    /// What the page shows in place of the document.
    pub(crate) told: Option<String>,
    /// Whether the system says that somebody has to decide.
    pub(crate) conflicts: bool,
    /// Documents that can be made of what the merge reports beside its own.
    pub(crate) reported: Vec<Value>,
    /// Documents that stay readable in a history.
    pub(crate) history: Vec<Value>,
}

/// What became of the two changes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Verdict {
    BothIn,
    Conflict,
    Listed,
    History,
    Lost,
    Wrong,
}

impl fmt::Display for Verdict {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::BothIn => "both in",
            Self::Conflict => "conflict",
            Self::Listed => "one lost, listed",
            Self::History => "one lost, in history",
            Self::Lost => "one lost",
            Self::Wrong => "wrong",
        })
    }
}

impl Outcome {
    /// Nothing but a document.
    pub(crate) const fn only(value: Value) -> Self {
        Self { value: Some(value), told: None, conflicts: false, reported: Vec::new(), history: Vec::new() }
    }

    pub(crate) fn verdict(&self, case: &Case) -> Verdict {
        let sides = [case.ours.is_in, case.theirs.is_in];
        let is_among = |values: &[Value], is_in: fn(&Value) -> bool| values.iter().any(is_in);
        let merged = self.value.as_slice();
        if self.conflicts {
            // A conflict keeps both, or it is none.
            let is_kept = |is_in| is_among(merged, is_in) || is_among(&self.reported, is_in);
            return if sides.into_iter().all(is_kept) { Verdict::Conflict } else { Verdict::Wrong };
        }
        if !merged.iter().any(case.is_sane) {
            return Verdict::Wrong;
        }
        let lost: Vec<_> = sides.into_iter().filter(|is_in| !is_among(merged, *is_in)).collect();
        match lost[..] {
            [] => Verdict::BothIn,
            [lost] if is_among(&self.reported, lost) => Verdict::Listed,
            [lost] if is_among(&self.history, lost) => Verdict::History,
            [_] => Verdict::Lost,
            _ => Verdict::Wrong,
        }
    }

    /// What the page shows of it.
    pub(crate) fn shown(&self, case: &Case) -> String {
        let path: Path = case.shown.parse().expect("a case's path is one");
        match (&self.told, &self.value) {
            (Some(told), _) => told.clone(),
            (None, Some(value)) => value.get(&path).map_or_else(|| "nothing".to_owned(), |part| code(&compact(part))),
            (None, None) => "nothing that is JSON".to_owned(),
        }
    }
}

pub(crate) fn code(text: &str) -> String {
    format!("`{text}`")
}

pub(crate) fn compact(value: &Value) -> String {
    String::from_utf8(value.to_canonical().expect("it is small")).expect("canonical JSON is UTF-8")
}

/// A copy of a document with something else at one place, or with nothing there.
pub(crate) fn with(document: &Value, path: &Path, part: Option<&Value>) -> Value {
    let mut changed = document.clone();
    let mut parent = path.clone();
    let Some(last) = parent.pop() else { return part.cloned().unwrap_or_default() };
    match (changed.get_mut(&parent), part) {
        (Some(Value::Object(object)), Some(part)) => drop(object.insert(last.to_string(), part.clone())),
        (Some(Value::Object(object)), None) => drop(object.remove(&last.to_string())),
        (Some(Value::Array(array)), part) => {
            let Segment::Index(place) = last else { panic!("an element has a number") };
            if place < array.len() {
                array.remove(place);
            }
            if let Some(part) = part {
                array.insert(place, part.clone());
            }
        }
        _ => panic!("there is nothing at {parent}"),
    }
    changed
}

#[test]
fn the_word_follows_from_where_the_two_changes_are() {
    use crate::cases::{Changed, PLAIN};
    let case = Case {
        ours: Changed { is_in: |value| compact(value).contains('x'), ..PLAIN.ours },
        theirs: Changed { is_in: |value| compact(value).contains('y'), ..PLAIN.theirs },
        is_sane: |value| !compact(value).contains('z'),
        ..PLAIN
    };
    let [both, only, other, mixed] = ["xy", "y", "x", "xyz"].map(Value::from);
    let word = |outcome: Outcome| outcome.verdict(&case);
    assert_eq!(word(Outcome::only(both)), Verdict::BothIn);
    assert_eq!(word(Outcome::only(only.clone())), Verdict::Lost);
    let history = vec![other.clone()];
    assert_eq!(word(Outcome { history: history.clone(), ..Outcome::only(only.clone()) }), Verdict::History);
    let reported = vec![other];
    assert_eq!(word(Outcome { reported: reported.clone(), history, ..Outcome::only(only.clone()) }), Verdict::Listed);
    assert_eq!(word(Outcome { reported, conflicts: true, ..Outcome::only(only.clone()) }), Verdict::Conflict);
    assert_eq!(word(Outcome { conflicts: true, ..Outcome::only(only) }), Verdict::Wrong);
    assert_eq!(word(Outcome::only(mixed)), Verdict::Wrong);
    assert_eq!(word(Outcome { value: None, ..Outcome::only(Value::Null) }), Verdict::Wrong);
}
