//! Where a value stands in a document.

use std::cmp::Ordering;
use std::fmt;
use std::hash::{Hash, Hasher};
use std::str::FromStr;

use super::error::{KEY_SHOWN, shortened};
use super::limits::DEPTH_MAX;
use super::tree::Value;

/// One step from a container to a value in it.
///
/// The index 0 and the key `"0"` are one step of a pointer, and equal.
#[derive(Debug, Clone)]
pub enum Segment {
    /// The member of an object with this key.
    Key(String),
    /// The element of an array at this place, from 0.
    Index(usize),
}

/// Where a value stands in a document: a JSON pointer (RFC 6901).
///
/// A pointer's text does not tell the index `0` from the key `"0"`; a parsed path reads a plain number as an index, and
/// both lead to the same value in [`Value::get`]. Two paths are equal if their texts are.
///
/// ```
/// use draftkeep::value::{Path, Value};
///
/// let document = Value::parse(br#"{"scenes":[{"title":"The inn"}]}"#)?;
/// let path: Path = "/scenes/0/title".parse()?;
/// assert_eq!(document.get(&path).and_then(Value::as_str), Some("The inn"));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug, Clone, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Path {
    segments: Vec<Segment>,
}

/// Why a text is not a path or a pattern.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum ParsePathError {
    /// A path that is not the root's begins with a slash.
    #[error("a path is empty (the root) or begins with '/'")]
    NoSlash,
    /// A tilde is written `~0`, a slash inside a key `~1`.
    #[error("'~' must be followed by 0 (for '~') or 1 (for '/')")]
    BadEscape,
}

impl Path {
    /// The path of the document itself.
    #[must_use]
    pub const fn root() -> Self {
        Self { segments: Vec::new() }
    }

    /// The steps, from the root on.
    #[must_use]
    pub fn segments(&self) -> &[Segment] {
        &self.segments
    }

    /// Whether it is the document itself.
    #[must_use]
    pub fn is_root(&self) -> bool {
        self.segments.is_empty()
    }

    /// Steps into a container.
    pub fn push(&mut self, segment: impl Into<Segment>) {
        self.segments.push(segment.into());
    }

    /// Steps back to the container; `None` at the root.
    pub fn pop(&mut self) -> Option<Segment> {
        self.segments.pop()
    }

    /// The path one step further.
    #[must_use]
    pub fn join(&self, segment: impl Into<Segment>) -> Self {
        let mut path = self.clone();
        path.push(segment);
        path
    }

    /// The path as a message shows it: no more steps than a document has levels, and each key cut.
    pub(super) fn shown(&self) -> Self {
        let shown = |segment: &Segment| match segment {
            Segment::Key(key) => Segment::Key(shortened(key, KEY_SHOWN).into_owned()),
            Segment::Index(index) => Segment::Index(*index),
        };
        self.segments.iter().take(DEPTH_MAX + 1).map(shown).collect()
    }

    /// Whether the other path leads to this value or into it.
    #[must_use]
    pub fn contains(&self, other: &Self) -> bool {
        other.segments.starts_with(&self.segments)
    }
}

impl Segment {
    /// What the step's text tells: an index, else a key.
    fn told(&self) -> (Option<usize>, &str) {
        match self {
            Self::Index(index) => (Some(*index), ""),
            Self::Key(key) => parse_index(key).map_or((None, key), |index| (Some(index), "")),
        }
    }

    /// The place in an array that the step leads to, if it can be one.
    pub(crate) fn index(&self) -> Option<usize> {
        self.told().0
    }

    /// The key of an object that the step leads to.
    pub(crate) fn to_key(&self) -> String {
        match self {
            Self::Index(index) => index.to_string(),
            Self::Key(key) => key.clone(),
        }
    }

    pub(super) fn parse(text: &str) -> Result<Self, ParsePathError> {
        if let Some(index) = parse_index(text) {
            return Ok(Self::Index(index));
        }
        let mut key = String::with_capacity(text.len());
        let mut rest = text;
        while let Some((plain, escape)) = rest.split_once('~') {
            key.push_str(plain);
            rest = if let Some(after) = escape.strip_prefix('0') {
                key.push('~');
                after
            } else {
                key.push('/');
                escape.strip_prefix('1').ok_or(ParsePathError::BadEscape)?
            };
        }
        key.push_str(rest);
        Ok(Self::Key(key))
    }
}

/// Reads an array index: digits without a leading zero.
fn parse_index(text: &str) -> Option<usize> {
    let plain = text == "0" || (!text.starts_with('0') && text.bytes().all(|byte| byte.is_ascii_digit()));
    if plain { text.parse().ok() } else { None }
}

impl fmt::Display for Segment {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Index(index) => index.fmt(f),
            Self::Key(key) => key.split_inclusive(['~', '/']).try_for_each(|part| match part.as_bytes().last() {
                Some(b'~') => write!(f, "{part}0"),
                Some(b'/') => write!(f, "{}~1", &part[..part.len() - 1]),
                _ => f.write_str(part),
            }),
        }
    }
}

impl fmt::Display for Path {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.segments.iter().try_for_each(|segment| write!(f, "/{segment}"))
    }
}

impl FromStr for Path {
    type Err = ParsePathError;

    fn from_str(text: &str) -> Result<Self, ParsePathError> {
        split(text)?.map(Segment::parse).collect::<Result<_, _>>().map(|segments| Self { segments })
    }
}

/// Splits a pointer's text at its slashes.
pub(super) fn split(text: &str) -> Result<impl Iterator<Item = &str>, ParsePathError> {
    let steps = match text.strip_prefix('/') {
        Some(steps) => Some(steps.split('/')),
        None if text.is_empty() => None,
        None => return Err(ParsePathError::NoSlash),
    };
    Ok(steps.into_iter().flatten())
}

impl FromIterator<Segment> for Path {
    fn from_iter<I: IntoIterator<Item = Segment>>(segments: I) -> Self {
        Self { segments: segments.into_iter().collect() }
    }
}

impl From<usize> for Segment {
    fn from(index: usize) -> Self {
        Self::Index(index)
    }
}

impl From<&str> for Segment {
    fn from(key: &str) -> Self {
        Self::Key(key.to_owned())
    }
}

impl From<String> for Segment {
    fn from(key: String) -> Self {
        Self::Key(key)
    }
}

impl PartialEq for Segment {
    fn eq(&self, other: &Self) -> bool {
        self.told() == other.told()
    }
}

impl Eq for Segment {}

impl PartialOrd for Segment {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl Ord for Segment {
    fn cmp(&self, other: &Self) -> Ordering {
        self.told().cmp(&other.told())
    }
}

impl Hash for Segment {
    fn hash<H: Hasher>(&self, state: &mut H) {
        self.told().hash(state);
    }
}

impl Value {
    /// Follows a path; `None` where it leads nowhere.
    #[must_use]
    pub fn get(&self, path: &Path) -> Option<&Self> {
        path.segments.iter().try_fold(self, |value, segment| match value {
            Self::Object(object) => match segment {
                Segment::Key(key) => object.get(key),
                Segment::Index(index) => object.get(itoa::Buffer::new().format(*index)),
            },
            Self::Array(array) => array.get(segment.index()?),
            _ => None,
        })
    }

    /// Follows a path to change what is there; `None` where it leads nowhere.
    pub fn get_mut(&mut self, path: &Path) -> Option<&mut Self> {
        self.follow_mut(&path.segments)
    }

    pub(super) fn follow_mut(&mut self, steps: &[Segment]) -> Option<&mut Self> {
        steps.iter().try_fold(self, |value, segment| match value {
            Self::Object(object) => match segment {
                Segment::Key(key) => object.get_mut(key),
                Segment::Index(index) => object.get_mut(itoa::Buffer::new().format(*index)),
            },
            Self::Array(array) => array.get_mut(segment.index()?),
            _ => None,
        })
    }
}
