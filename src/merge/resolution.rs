//! Deciding conflicts, one by one or all at once, until none is left.

use super::both::{both, is_possible};
use super::outcome::{Conflict, Merged};
use super::patch::Patch;
use crate::fault;
use crate::value::{Path, Value, ValueError};

/// What becomes of a conflict.
///
/// Where a conflict has [passages](Conflict::passages) each of them is replaced, and all that was merged around them stays;
/// else, and with [`Value`](Self::Value) in any case, it is the whole value at the conflict's path.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum Choice {
    /// What the first side has; where it removed the value, nothing.
    Ours,
    /// What the second side has; where it removed the value, nothing.
    Theirs,
    /// Both texts, or the elements of both arrays: ours first.
    ///
    /// Two texts are set apart by a space, or by a line's end where one of them has several lines, unless there is white
    /// space already or the script has none. Of theirs, elements that are equal to one of ours are left out.
    Both,
    /// This, in place of the whole value.
    Value(Value),
    /// Neither: what is contested is taken out.
    Nothing,
}

/// Why a conflict cannot be decided so. Nothing has changed then, and another choice can be made.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ChoiceError {
    /// No conflict has this path. [`Resolution::conflicts`] has those that there are.
    #[error("nothing is in conflict at \"{path}\"")]
    Unknown {
        /// The path that was given.
        path: Path,
    },
    /// There are fewer conflicts.
    #[error("there is no conflict {index}, there are only {count}")]
    OutOfRange {
        /// The index that was given.
        index: usize,
        /// How many conflicts there are.
        count: usize,
    },
    /// Only two texts and two arrays can stand one behind the other. Choose a side, or a value that says both.
    #[error("both cannot be taken at \"{path}\": that takes two texts or two arrays")]
    NotBoth {
        /// The conflict's path.
        path: Path,
    },
    /// The document itself cannot be taken out. Discard the draft instead.
    #[error("the whole document is in conflict, and something has to be in its place")]
    NoDocument,
    /// The value is beyond the limits of a document by itself already.
    #[error("the value for \"{path}\": {source}")]
    TooLarge {
        /// The conflict's path.
        path: Path,
        /// Which limit, and where in the value.
        source: ValueError,
    },
}

/// Why there is no document yet. The choices are kept.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Unresolved {
    /// These conflicts are still to be decided.
    #[error("not decided yet: {}", listed(paths))]
    Undecided {
        /// Where they are, in the order of [`Resolution::conflicts`]; at least one.
        paths: Vec<Path>,
    },
    /// With these choices the document is deeper or larger than a document may be. Choose otherwise.
    #[error("the document with these choices: {0}")]
    TooLarge(#[from] ValueError),
    /// The merged document is not the one that the conflicts are about: it or they were changed since the merge.
    #[error("the merged document has no place for what was chosen at or below \"{path}\"")]
    Misplaced {
        /// The value in which something has no place.
        path: Path,
    },
}

/// The decisions about a merge's conflicts: made one by one or all at once, in any order, and changed as often as wanted.
///
/// No document comes out while something is undecided, so that no conflict is forgotten.
///
/// ```
/// use draftkeep::Value;
/// use draftkeep::merge::{Choice, Place, Policy, Side, Unresolved, merge};
///
/// let base = Value::parse(br#"{"age":7,"text":"It rained.\nAll slept.\nHe came.\n"}"#)?;
/// let ours = Value::parse(br#"{"age":7,"text":"It snowed.\nAll slept.\nHe came late.\n"}"#)?;
/// let theirs = Value::parse(br#"{"age":8,"text":"It rained.\nAll slept.\nHe came early.\n"}"#)?;
/// let side = |value, version| Side { value, place: Place::Local(version) };
/// let merged = merge(&Policy::default(), Some(&base), side(&ours, 1), side(&theirs, 2));
///
/// let mut resolution = merged.resolution();
/// let passage = &resolution.conflicts()[0].passages[0];
/// assert_eq!((passage.ours.as_str(), passage.theirs.as_str()), (Some("He came late.\n"), Some("He came early.\n")));
/// assert!(matches!(resolution.finish(), Err(Unresolved::Undecided { paths }) if paths.len() == 1));
///
/// // What only one side changed is in either way.
/// resolution.choose(&"/text".parse()?, Choice::Ours)?;
/// let expected = br#"{"age":8,"text":"It snowed.\nAll slept.\nHe came late.\n"}"#;
/// assert_eq!(resolution.finish()?.to_canonical()?, expected);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Resolution {
    merged: Merged,
    /// One for each conflict.
    choices: Vec<Option<Choice>>,
}

impl Merged {
    /// Begins to decide the conflicts. Where there are none the document is finished at once.
    #[must_use]
    pub fn resolution(self) -> Resolution {
        let choices = vec![None; self.conflicts.len()];
        Resolution { merged: self, choices }
    }
}

impl Resolution {
    /// The merge that is decided about.
    #[must_use]
    pub const fn merged(&self) -> &Merged {
        &self.merged
    }

    /// The conflicts, in the order in which [`choose_at`](Self::choose_at) counts them.
    #[must_use]
    pub fn conflicts(&self) -> &[Conflict] {
        &self.merged.conflicts
    }

    /// What was chosen for the conflict at this path; `None` where nothing was, or where none is.
    #[must_use]
    pub fn choice(&self, path: &Path) -> Option<&Choice> {
        self.find(path).and_then(|index| self.choices.get(index)?.as_ref())
    }

    /// Decides the conflict at a path, or decides it anew. Looks through the conflicts for it;
    /// [`choose_at`](Self::choose_at) does not.
    ///
    /// # Errors
    ///
    /// [`ChoiceError`]: no conflict has this path, or it cannot be decided so.
    pub fn choose(&mut self, path: &Path, choice: Choice) -> Result<&mut Self, ChoiceError> {
        let index = self.find(path).ok_or_else(|| ChoiceError::Unknown { path: path.clone() })?;
        self.choose_at(index, choice)
    }

    /// Decides the conflict at an index of [`conflicts`](Self::conflicts), or decides it anew.
    ///
    /// # Errors
    ///
    /// [`ChoiceError`]: there are fewer conflicts, or this one cannot be decided so.
    pub fn choose_at(&mut self, index: usize, choice: Choice) -> Result<&mut Self, ChoiceError> {
        let count = self.choices.len();
        let (Some(conflict), Some(chosen)) = (self.merged.conflicts.get(index), self.choices.get_mut(index)) else {
            return Err(ChoiceError::OutOfRange { index, count });
        };
        check_value(conflict, &choice)?;
        check(conflict, &choice)?;
        *chosen = Some(choice);
        Ok(self)
    }

    /// Decides all conflicts alike, also those that are decided already; single ones can be decided otherwise afterwards.
    ///
    /// # Errors
    ///
    /// [`ChoiceError`] with the first conflict that cannot be decided so; none is decided then.
    pub fn choose_all(&mut self, choice: &Choice) -> Result<&mut Self, ChoiceError> {
        self.merged.conflicts.first().map_or(Ok(()), |conflict| check_value(conflict, choice))?;
        self.merged.conflicts.iter().try_for_each(|conflict| check(conflict, choice))?;
        self.choices.fill(Some(choice.clone()));
        Ok(self)
    }

    /// The conflicts that are left to decide.
    ///
    /// An array in conflict may have elements that are in conflict, too. Once it is replaced by a [`Choice::Value`] these
    /// are decided with it, whatever was chosen for them.
    pub fn undecided(&self) -> impl Iterator<Item = &Conflict> {
        // All other conflicts that are about a whole value have none below them.
        let is_replaced = |choice: Option<&Choice>| matches!(choice, Some(Choice::Value(_)));
        let arrays = self.decisions().filter(|(conflict, _)| !conflict.passages.is_empty());
        let replaced: Vec<&Path> =
            arrays.filter(|(_, choice)| is_replaced(*choice)).map(|(conflict, _)| &conflict.path).collect();
        let open = self.decisions().filter(|(_, choice)| choice.is_none()).map(|(conflict, _)| conflict);
        open.filter(move |conflict| !replaced.iter().any(|above| above.contains(&conflict.path)))
    }

    /// The document with all decisions in it. What is not in conflict is as in the merged document.
    ///
    /// Costs a copy of the document and writing it once, to hold it against the limits.
    ///
    /// # Errors
    ///
    /// [`Unresolved`]; the choices stay, and it can be called again.
    pub fn finish(&self) -> Result<Value, Unresolved> {
        let paths: Vec<Path> = self.undecided().map(|conflict| conflict.path.clone()).collect();
        if !paths.is_empty() && !fault::on("resolution-forgets-a-conflict") {
            return Err(Unresolved::Undecided { paths });
        }
        let mut patch = Patch::default();
        for (conflict, choice) in self.decisions() {
            if let Some(choice) = choice {
                decide(&mut patch, conflict, choice);
            }
        }
        let document = patch.apply(&self.merged.value).map_err(|path| Unresolved::Misplaced { path })?;
        document.to_canonical()?;
        Ok(document)
    }

    fn find(&self, path: &Path) -> Option<usize> {
        self.merged.conflicts.iter().position(|conflict| conflict.path == *path)
    }

    fn decisions(&self) -> impl Iterator<Item = (&Conflict, Option<&Choice>)> {
        self.merged.conflicts.iter().zip(self.choices.iter().map(Option::as_ref))
    }
}

/// The first of the paths, and how many more there are.
fn listed(paths: &[Path]) -> String {
    const SHOWN: usize = 3;
    let shown: Vec<String> = paths.iter().take(SHOWN).map(|path| format!("\"{path}\"")).collect();
    let more = paths.len().saturating_sub(SHOWN);
    shown.join(", ") + &if more > 0 { format!(" and {more} more") } else { String::new() }
}

/// Whether a choice replaces the whole value.
fn is_whole(conflict: &Conflict, choice: &Choice) -> bool {
    conflict.passages.is_empty() || matches!(choice, Choice::Value(_))
}

/// Whether a value is within the limits: before anything copies it, as one without end would take the stack with it.
fn check_value(conflict: &Conflict, choice: &Choice) -> Result<(), ChoiceError> {
    let Choice::Value(value) = choice else { return Ok(()) };
    match value.to_canonical() {
        Ok(_) => Ok(()),
        Err(source) => Err(ChoiceError::TooLarge { path: conflict.path.clone(), source }),
    }
}

/// Whether a conflict can be decided so.
fn check(conflict: &Conflict, choice: &Choice) -> Result<(), ChoiceError> {
    let path = || conflict.path.clone();
    match choice {
        Choice::Both => match (&conflict.ours, &conflict.theirs) {
            (Some(ours), Some(theirs)) if is_possible(ours, theirs) => Ok(()),
            _ => Err(ChoiceError::NotBoth { path: path() }),
        },
        Choice::Nothing if conflict.path.is_root() && is_whole(conflict, choice) => Err(ChoiceError::NoDocument),
        _ => Ok(()),
    }
}

fn decide(patch: &mut Patch, conflict: &Conflict, choice: &Choice) {
    if is_whole(conflict, choice) {
        patch.whole(&conflict.path, chosen(choice, conflict.ours.as_ref(), conflict.theirs.as_ref()));
        return;
    }
    for passage in &conflict.passages {
        // Nothing of a text is an empty text, and of an array no elements.
        let nothing = || if matches!(passage.ours, Value::Array(_)) { Vec::new().into() } else { Value::from("") };
        let value = chosen(choice, Some(&passage.ours), Some(&passage.theirs)).unwrap_or_else(nothing);
        patch.part(&conflict.path, passage, value);
    }
}

/// What comes of a choice; `None` is nothing.
fn chosen(choice: &Choice, ours: Option<&Value>, theirs: Option<&Value>) -> Option<Value> {
    match choice {
        Choice::Ours => ours.cloned(),
        Choice::Theirs => theirs.cloned(),
        Choice::Both => both(ours?, theirs?),
        Choice::Value(value) => Some(value.clone()),
        Choice::Nothing => None,
    }
}
