//! A family of paths.

use std::fmt;
use std::str::FromStr;

use super::path::{ParsePathError, Path, Segment, split};

/// A family of paths: a JSON pointer in which `*` stands for any one segment.
///
/// A key that is a lone `*` cannot be named by a pattern.
///
/// ```
/// use draftkeep::value::{Path, Pattern};
///
/// let titles: Pattern = "/scenes/*/title".parse()?;
/// assert!(titles.matches(&"/scenes/3/title".parse()?));
/// assert!(!titles.matches(&"/scenes/3".parse()?));
/// # Ok::<(), draftkeep::value::ParsePathError>(())
/// ```
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Pattern {
    steps: Vec<Step>,
}

/// One step of a pattern.
#[derive(Debug, Clone, PartialEq, Eq)]
enum Step {
    Any,
    One(Segment),
}

impl Pattern {
    /// The pattern that only the document itself matches.
    #[must_use]
    pub const fn root() -> Self {
        Self { steps: Vec::new() }
    }

    /// The number of segments that a matching path has.
    #[must_use]
    pub fn len(&self) -> usize {
        self.steps.len()
    }

    /// Whether only the root matches.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.steps.is_empty()
    }

    /// Whether the step at this depth is `*`.
    #[must_use]
    pub fn is_wild(&self, depth: usize) -> bool {
        matches!(self.steps.get(depth), Some(Step::Any))
    }

    /// Whether the step at this depth lets this segment pass; `false` beyond the pattern's end.
    #[must_use]
    pub fn step_matches(&self, depth: usize, segment: &Segment) -> bool {
        match self.steps.get(depth) {
            Some(Step::Any) => true,
            Some(Step::One(one)) => one == segment,
            None => false,
        }
    }

    /// The keys that a path of the family passes; `None` stands for any.
    pub(crate) fn keys(&self) -> impl Iterator<Item = Option<String>> {
        self.steps.iter().map(|step| match step {
            Step::Any => None,
            Step::One(segment) => Some(segment.to_key()),
        })
    }

    /// Whether the path belongs to the family.
    #[must_use]
    pub fn matches(&self, path: &Path) -> bool {
        self.steps.len() == path.segments().len()
            && path.segments().iter().enumerate().all(|(depth, segment)| self.step_matches(depth, segment))
    }
}

impl fmt::Display for Pattern {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.steps.iter().try_for_each(|step| match step {
            Step::Any => f.write_str("/*"),
            Step::One(segment) => write!(f, "/{segment}"),
        })
    }
}

impl FromStr for Pattern {
    type Err = ParsePathError;

    fn from_str(text: &str) -> Result<Self, ParsePathError> {
        let steps =
            split(text)?.map(|step| if step == "*" { Ok(Step::Any) } else { Segment::parse(step).map(Step::One) });
        steps.collect::<Result<_, _>>().map(|steps| Self { steps })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_star_matches_exactly_one_segment() {
        let pattern: Pattern = "/a/*/0".parse().unwrap();
        assert_eq!(pattern.to_string(), "/a/*/0");
        for (path, matches) in
            [("/a/b/0", true), ("/a/7/0", true), ("/a/0", false), ("/a/b/c/0", false), ("/a/b/1", false)]
        {
            assert_eq!(pattern.matches(&path.parse().unwrap()), matches, "{path}");
        }
        assert!(Pattern::root().matches(&Path::root()));
    }
}
