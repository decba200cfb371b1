//! Objects: members in canonical order, each key once.

use super::order::compare_keys;
use super::tree::{Value, drop_deep};

/// An object: members with unique keys, always in canonical order (by UTF-16 code units).
///
/// Reading a member costs a binary search; inserting and removing one cost a move of those behind it.
#[derive(Clone, Default, PartialEq, Eq, Hash)]
pub struct Object {
    members: Vec<(Box<str>, Value)>,
}

impl Object {
    /// An object without members.
    #[must_use]
    pub const fn new() -> Self {
        Self { members: Vec::new() }
    }

    /// Takes members in any order; the error is a key that stands twice.
    pub(super) fn try_from_members(mut members: Vec<(Box<str>, Value)>) -> Result<Self, String> {
        let order = |a: &(Box<str>, Value), b: &(Box<str>, Value)| compare_keys(a.0.as_bytes(), b.0.as_bytes());
        if !members.is_sorted_by(|a, b| order(a, b).is_lt()) {
            members.sort_by(order);
            let twice = members.windows(2).find(|pair| pair[0].0 == pair[1].0).map(|pair| pair[0].0.to_string());
            if let Some(key) = twice
                && !crate::fault::on("value.duplicate")
            {
                return Err(key);
            }
        }
        Ok(Self { members })
    }

    /// Takes members that are in canonical order with unique keys.
    pub(super) const fn from_sorted(members: Vec<(Box<str>, Value)>) -> Self {
        Self { members }
    }

    /// The number of members.
    #[must_use]
    pub fn len(&self) -> usize {
        self.members.len()
    }

    /// Whether it has no members.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.members.is_empty()
    }

    fn find(&self, key: &str) -> Result<usize, usize> {
        self.members.binary_search_by(|(other, _)| compare_keys(other.as_bytes(), key.as_bytes()))
    }

    /// How many members come before this key.
    pub(super) fn rank(&self, key: &str) -> usize {
        self.find(key).unwrap_or_else(|at| at)
    }

    /// The value of the member with this key.
    #[must_use]
    pub fn get(&self, key: &str) -> Option<&Value> {
        self.find(key).ok().map(|at| &self.members[at].1)
    }

    /// The value of the member with this key, to change it.
    pub fn get_mut(&mut self, key: &str) -> Option<&mut Value> {
        self.find(key).ok().map(|at| &mut self.members[at].1)
    }

    /// Whether there is a member with this key.
    #[must_use]
    pub fn contains_key(&self, key: &str) -> bool {
        self.find(key).is_ok()
    }

    /// Sets a member and gives back the value that it had.
    pub fn insert(&mut self, key: impl Into<Box<str>>, value: Value) -> Option<Value> {
        let key = key.into();
        match self.find(&key) {
            Ok(at) => Some(std::mem::replace(&mut self.members[at].1, value)),
            Err(at) => {
                self.members.insert(at, (key, value));
                None
            }
        }
    }

    /// Removes a member and gives back its value.
    pub fn remove(&mut self, key: &str) -> Option<Value> {
        self.find(key).ok().map(|at| self.members.remove(at).1)
    }

    /// The members in canonical order.
    pub fn iter(&self) -> impl DoubleEndedIterator<Item = (&str, &Value)> + ExactSizeIterator + Clone {
        self.members.iter().map(|(key, value)| (&**key, value))
    }

    /// The members in canonical order, with values that can be changed.
    pub fn iter_mut(&mut self) -> impl DoubleEndedIterator<Item = (&str, &mut Value)> + ExactSizeIterator {
        self.members.iter_mut().map(|(key, value)| (&**key, value))
    }

    /// The keys in canonical order.
    pub fn keys(&self) -> impl DoubleEndedIterator<Item = &str> + ExactSizeIterator + Clone {
        self.members.iter().map(|(key, _)| &**key)
    }

    /// The values in the order of their keys.
    pub fn values(&self) -> impl DoubleEndedIterator<Item = &Value> + ExactSizeIterator + Clone {
        self.members.iter().map(|(_, value)| value)
    }

    pub(super) fn take(&mut self) -> Vec<(Box<str>, Value)> {
        std::mem::take(&mut self.members)
    }
}

impl Drop for Object {
    fn drop(&mut self) {
        if self.members.iter().any(|(_, value)| value.is_container()) {
            drop_deep(self.take().into_iter().map(|(_, value)| value).collect());
        }
    }
}

impl std::fmt::Debug for Object {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_map().entries(self.iter()).finish()
    }
}

/// Of members with one key the last is kept, as in every map of the standard library.
impl<K: Into<Box<str>>> FromIterator<(K, Value)> for Object {
    fn from_iter<I: IntoIterator<Item = (K, Value)>>(members: I) -> Self {
        let mut members: Vec<_> = members.into_iter().map(|(key, value)| (key.into(), value)).collect();
        // Stable, and reversed, so that of equal keys the last stands first and `dedup` keeps it.
        members.reverse();
        members.sort_by(|a: &(Box<str>, Value), b| compare_keys(a.0.as_bytes(), b.0.as_bytes()));
        members.dedup_by(|a, b| a.0 == b.0);
        Self { members }
    }
}

impl IntoIterator for Object {
    type Item = (Box<str>, Value);
    type IntoIter = std::vec::IntoIter<(Box<str>, Value)>;

    fn into_iter(mut self) -> Self::IntoIter {
        self.take().into_iter()
    }
}
