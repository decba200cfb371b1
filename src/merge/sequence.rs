//! Arrays whose elements have no names.

use super::hunks::{Piece, three_way};
use super::outcome::Why;
use super::passage::Passage;
use super::policy::Rules;
use super::tree::{Base, Walk};
use crate::value::{Array, Value};

pub(super) fn merge(walk: &mut Walk<'_>, rules: &Rules<'_>, base: Base<'_>, earlier: &Array, later: &Array) -> Value {
    // Copies both arrays, so only where there is a conflict to tell of.
    let conflict = |walk: &mut Walk<'_>, why| {
        walk.tell(base, Some(Value::Array(earlier.clone())), Some(Value::Array(later.clone())), why);
    };
    // Two arrays that were made apart have no places in common.
    let Some(before) = base.value().and_then(Value::as_array) else {
        if earlier == later {
            return Value::Array(later.clone());
        }
        conflict(walk, Why::NoBase);
        return Value::Array(later.clone());
    };
    let Some(pieces) = three_way(before, earlier, later, &mut walk.budget) else {
        conflict(walk, Why::TooMuchWork);
        return Value::Array(later.clone());
    };
    let mut merged: Vec<Value> = Vec::with_capacity(earlier.len().max(later.len()));
    // Ours is the earlier side's.
    let mut passages = Vec::new();
    for piece in pieces {
        match piece {
            Piece::Kept(range) => merged.extend_from_slice(&before[range]),
            Piece::Earlier { earlier: range, .. } => merged.extend_from_slice(&earlier[range]),
            Piece::Later { later: range, .. } => merged.extend_from_slice(&later[range]),
            Piece::Inserted { earlier: first, later: second } => {
                merged.extend_from_slice(&earlier[first]);
                merged.extend_from_slice(&later[second]);
            }
            // Each element became another one: they are merged one by one.
            Piece::Both { base: range, earlier: a, later: b } | Piece::Same { base: range, earlier: a, later: b }
                if range.len() == a.len() && range.len() == b.len() =>
            {
                for ((before, a), b) in before[range].iter().zip(&earlier[a]).zip(&later[b]) {
                    let place = merged.len();
                    let rules = rules.element();
                    let value = walk.at(place, |walk| walk.node(&rules, Base::Known(Some(before)), Some(a), Some(b)));
                    merged.extend(value);
                }
            }
            Piece::Same { later: range, .. } => merged.extend_from_slice(&later[range]),
            Piece::Both { base: range, earlier: a, later: b } => {
                let start = merged.len();
                merged.extend_from_slice(&later[b.clone()]);
                let [base, ours, theirs] = [&before[range], &earlier[a], &later[b]].map(|part| part.to_vec().into());
                passages.push(Passage { place: start..merged.len(), base, ours, theirs });
            }
        }
    }
    if !passages.is_empty() {
        walk.overlapping(base, Value::Array(earlier.clone()), Value::Array(later.clone()), passages);
    }
    Value::Array(merged.into())
}
