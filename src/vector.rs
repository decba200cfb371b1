//! Version vectors: which edits a revision contains.

use crate::codec::{CodecError, put_varint, take, take_varint};
use crate::fault;
use crate::id::ReplicaId;
use std::collections::BTreeMap;

/// The most writers that one vector may name.
pub const MAX_WRITERS: usize = 16_384;

/// The most writers of a vector that is stored: it fits into one record with all that goes with it.
pub(crate) const WRITERS_STORED: usize = 1_024;

/// How two vectors relate.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Causality {
    /// Both contain the same edits.
    Equal,
    /// The other contains everything that this one does, and more.
    Before,
    /// This one contains everything that the other does, and more.
    After,
    /// Each contains an edit that the other does not.
    Concurrent,
}

/// For each writer the number of its last edit that is contained.
///
/// It has one form per value: there is no counter of zero, and writers are ordered by id. Vectors order and explain;
/// what proves that two states are the same is the [`RevisionId`](crate::RevisionId).
#[derive(Debug, Clone, PartialEq, Eq, Hash, Default)]
pub struct VersionVector(BTreeMap<ReplicaId, u64>);

impl VersionVector {
    /// The vector that contains no edit.
    #[must_use]
    pub const fn new() -> Self {
        Self(BTreeMap::new())
    }

    /// The number of the writer's last contained edit; 0 where there is none.
    #[must_use]
    pub fn get(&self, writer: ReplicaId) -> u64 {
        self.0.get(&writer).copied().unwrap_or_default()
    }

    /// The writers and their counters, by id.
    pub fn iter(&self) -> impl Iterator<Item = (ReplicaId, u64)> {
        self.0.iter().map(|(writer, counter)| (*writer, *counter))
    }

    /// How many writers it names.
    #[must_use]
    pub fn len(&self) -> usize {
        self.0.len()
    }

    /// Whether it contains no edit.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// This vector with the writer's counter raised to `counter`; it never lowers one.
    #[must_use]
    pub fn with(mut self, writer: ReplicaId, counter: u64) -> Self {
        if counter > self.get(writer) {
            self.0.insert(writer, counter);
        }
        self
    }

    /// The smallest vector that contains both.
    #[must_use]
    pub fn join(&self, other: &Self) -> Self {
        other.iter().fold(self.clone(), |joined, (writer, counter)| joined.with(writer, counter))
    }

    /// The same, as far as it can be stored: where both name too many writers together, this one alone. Vectors explain and ids
    /// prove, so that what is left out makes a person decide, and loses nothing.
    pub(crate) fn joined(&self, other: &Self) -> Self {
        let joined = self.join(other);
        if joined.len() <= WRITERS_STORED || fault::on("vectors-grow-without-limit") { joined } else { self.clone() }
    }

    /// This vector with one more edit of a writer; that one alone where there are too many writers to be stored. What was left out is
    /// not known to be contained any more, so that a person decides.
    pub(crate) fn edited_by(&self, writer: ReplicaId, counter: u64) -> Self {
        let edited = self.clone().with(writer, counter);
        if edited.len() <= WRITERS_STORED { edited } else { Self::new().with(writer, counter) }
    }

    /// How this vector relates to the other.
    #[must_use]
    pub fn compare(&self, other: &Self) -> Causality {
        match (self.is_within(other), other.is_within(self)) {
            (true, true) => Causality::Equal,
            (true, false) => Causality::Before,
            (false, true) => Causality::After,
            (false, false) => Causality::Concurrent,
        }
    }

    /// What both have seen.
    pub(crate) fn meet(&self, other: &Self) -> Self {
        let both = self.iter().map(|(writer, counter)| (writer, counter.min(other.get(writer))));
        Self(both.filter(|(_, counter)| *counter > 0).collect())
    }

    /// Whether the other contains everything that this one does.
    pub(crate) fn is_within(&self, other: &Self) -> bool {
        self.iter().all(|(writer, counter)| counter <= other.get(writer))
    }

    pub(crate) fn encode(&self) -> Vec<u8> {
        let mut bytes = Vec::with_capacity(self.len() * 20);
        for (writer, counter) in self.iter() {
            bytes.extend_from_slice(writer.as_bytes());
            put_varint(&mut bytes, counter);
        }
        bytes
    }

    /// Reads what `encode` wrote, and nothing else: a zero counter, or writers repeated or out of order, are refused.
    pub(crate) fn decode(tag: u64, mut bytes: &[u8]) -> Result<Self, CodecError> {
        let mut counters: BTreeMap<ReplicaId, u64> = BTreeMap::new();
        while !bytes.is_empty() {
            let writer = take(&mut bytes, ReplicaId::LEN)?;
            let writer = ReplicaId::from_bytes(writer.try_into().map_err(|_| CodecError::Malformed(tag))?);
            let counter = take_varint(&mut bytes)?;
            let in_order = counters.last_key_value().is_none_or(|(last, _)| *last < writer);
            if counter == 0 || !in_order || counters.len() == MAX_WRITERS {
                return Err(CodecError::Malformed(tag));
            }
            counters.insert(writer, counter);
        }
        Ok(Self(counters))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    /// Few writers and small counters, so that equal and ordered pairs are common.
    fn vector() -> impl Strategy<Value = VersionVector> {
        prop::collection::vec((0_u8..4, 0_u64..4), 0..6).prop_map(|pairs| {
            pairs.into_iter().fold(VersionVector::new(), |vector, (writer, counter)| {
                vector.with(ReplicaId::from_bytes([writer; 16]), counter)
            })
        })
    }

    proptest! {
        #[test]
        fn join_is_the_least_upper_bound(a in vector(), b in vector(), c in vector()) {
            let join = a.join(&b);
            prop_assert!(a.is_within(&join) && b.is_within(&join));
            if a.is_within(&c) && b.is_within(&c) {
                prop_assert!(join.is_within(&c));
            }
            prop_assert_eq!(&join, &b.join(&a));
            prop_assert_eq!(join.join(&c), a.join(&b.join(&c)));
            prop_assert_eq!(a.join(&a), a);
        }

        #[test]
        fn meet_is_the_greatest_lower_bound(a in vector(), b in vector(), c in vector()) {
            let meet = a.meet(&b);
            prop_assert!(meet.is_within(&a) && meet.is_within(&b));
            if c.is_within(&a) && c.is_within(&b) {
                prop_assert!(c.is_within(&meet));
            }
            prop_assert_eq!(a.join(&b.meet(&a)), a);
        }

        #[test]
        fn compare_is_a_partial_order(a in vector(), b in vector(), c in vector()) {
            prop_assert_eq!(a.compare(&b) == Causality::Equal, a == b);
            prop_assert_eq!(a.compare(&b) == Causality::Before, b.compare(&a) == Causality::After);
            if a.compare(&b) == Causality::Before && b.compare(&c) == Causality::Before {
                prop_assert_eq!(a.compare(&c), Causality::Before);
            }
        }

        #[test]
        fn a_vector_survives_its_bytes(a in vector()) {
            prop_assert_eq!(VersionVector::decode(1, &a.encode()), Ok(a));
        }

        #[test]
        fn only_one_form_is_read(bytes in prop::collection::vec(0_u8..3, 0..60)) {
            if let Ok(vector) = VersionVector::decode(1, &bytes) {
                prop_assert_eq!(vector.encode(), bytes);
            }
        }
    }

    #[test]
    fn what_is_stored_never_names_too_many_writers() {
        let of = |writers: std::ops::Range<u128>| {
            let writers = writers.map(|writer| ReplicaId::from_bytes(writer.to_be_bytes()));
            writers.fold(VersionVector::new(), |vector, writer| vector.with(writer, 1))
        };
        let most = WRITERS_STORED as u128;
        let (full, one) = (of(0..most), of(most..most + 1));
        assert_eq!(of(0..most - 1).joined(&one).len(), WRITERS_STORED);
        assert_eq!(full.joined(&one), full);
        assert_eq!(full.edited_by(ReplicaId::from_bytes([0; 16]), 9).len(), WRITERS_STORED);
        assert_eq!(full.edited_by(ReplicaId::from_bytes([9; 16]), 9).len(), 1);
    }
}
