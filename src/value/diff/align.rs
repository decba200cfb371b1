//! Which tokens of two sequences are the same ones: the greedy algorithm of E. W. Myers, "An O(ND) Difference Algorithm and
//! Its Variations" (1986), within a budget.

use std::collections::HashMap;
use std::hash::Hash;

use super::budget::Budget;
use crate::value::Value;

/// Beyond so many differences an alignment would cost more memory (4 bytes times their square, halved) than it is worth.
const DIFFERENCES_MAX: usize = 1_500;

/// What hashing takes for each unit of an item's weight, in steps.
const HASHING: usize = 10;

/// Something that sequences are made of.
pub(crate) trait Item: Eq + Hash {
    /// How much there is to be hashed: 1 for what is small.
    fn weight(&self) -> usize;
}

impl Item for Value {
    fn weight(&self) -> usize {
        1 + match self {
            Self::Null | Self::Bool(_) | Self::Number(_) => 0,
            Self::String(text) => text.len() / 8,
            Self::Array(array) => array.iter().map(Self::weight).sum(),
            Self::Object(object) => object.iter().map(|(key, value)| key.len() / 8 + value.weight()).sum(),
        }
    }
}

/// Parts of a text: whoever cut it has taken steps for its bytes.
impl Item for &str {
    fn weight(&self) -> usize {
        0
    }
}

/// Pairs equal items in order, as many as possible; `None` if that costs too much.
pub(crate) fn align<T: Item>(before: &[T], after: &[T], budget: &mut Budget) -> Option<Vec<(usize, usize)>> {
    let front = before.iter().zip(after).take_while(|(a, b)| a == b).count();
    let (a, b) = (&before[front..], &after[front..]);
    let back = a.iter().rev().zip(b.iter().rev()).take_while(|(a, b)| a == b).count();
    let (a, b) = (&a[..a.len() - back], &b[..b.len() - back]);
    let mut pairs: Vec<_> = (0..front).map(|at| (at, at)).collect();
    // Two single ones differ here.
    if !a.is_empty() && !b.is_empty() && a.len() + b.len() > 2 {
        let weight: usize = a.iter().chain(b).map(Item::weight).sum();
        if !budget.take(weight.saturating_mul(HASHING)) {
            return None;
        }
        // All the room at once: growing hashes every item anew.
        let mut numbers = HashMap::with_capacity(a.len().max(b.len()));
        let a: Vec<usize> = number(a, &mut numbers);
        let b: Vec<usize> = number(b, &mut numbers);
        pairs.extend(Search { a: &a, b: &b }.run(budget)?.into_iter().map(|(a, b)| (a + front, b + front)));
    }
    pairs.extend((0..back).rev().map(|at| (before.len() - 1 - at, after.len() - 1 - at)));
    Some(pairs)
}

/// Replaces each item by a number, equal ones by the same.
fn number<'a, T: Item>(items: &'a [T], numbers: &mut HashMap<&'a T, usize>) -> Vec<usize> {
    let mut numbered = Vec::with_capacity(items.len());
    for item in items {
        let next = numbers.len();
        numbered.push(*numbers.entry(item).or_insert(next));
    }
    numbered
}

/// For d differences, row d holds how far along `a` each diagonal gets: entry j is the diagonal k = 2j − d, and a position x
/// on it means y = x − k. `None` has left the grid.
type Row = Vec<Option<u32>>;

struct Search<'a> {
    a: &'a [usize],
    b: &'a [usize],
}

impl Search<'_> {
    fn run(&self, budget: &mut Budget) -> Option<Vec<(usize, usize)>> {
        let mut rows: Vec<Row> = Vec::new();
        for differences in 0..=DIFFERENCES_MAX {
            let mut row = Row::with_capacity(differences + 1);
            for j in 0..=differences {
                let end = self.start(rows.last(), differences, j).map(|(x, y, _)| (self.slide(x, y), y, x));
                let steps = end.map_or(1, |(end, _, x)| end - x + 1);
                if !budget.take(steps) {
                    return None;
                }
                row.push(end.and_then(|(end, _, _)| u32::try_from(end).ok()));
                if let Some((end, y, x)) = end
                    && end == self.a.len()
                    && y + (end - x) == self.b.len()
                {
                    rows.push(row);
                    return Some(self.walk_back(&rows, j));
                }
            }
            rows.push(row);
        }
        None
    }

    /// Where a diagonal is entered after one more difference: the place, and the entry of the row before.
    fn start(&self, previous: Option<&Row>, differences: usize, j: usize) -> Option<(usize, usize, usize)> {
        let Some(previous) = previous else { return Some((0, 0, 0)) };
        let at = |j: usize| previous.get(j).copied().flatten().and_then(|x| usize::try_from(x).ok());
        let y = |x: usize| (x + differences).checked_sub(2 * j).filter(|y| *y <= self.b.len());
        let added = at(j).and_then(|x| y(x).map(|y| (x, y, j)));
        let removed = j.checked_sub(1).and_then(|from| {
            let x = at(from)? + 1;
            y(x).filter(|_| x <= self.a.len()).map(|y| (x, y, from))
        });
        match (added, removed) {
            (Some(added), Some(removed)) => Some(if added.0 > removed.0 { added } else { removed }),
            (added, removed) => added.or(removed),
        }
    }

    fn slide(&self, x: usize, y: usize) -> usize {
        x + self.a[x..].iter().zip(&self.b[y..]).take_while(|(a, b)| a == b).count()
    }

    fn walk_back(&self, rows: &[Row], mut j: usize) -> Vec<(usize, usize)> {
        let mut pairs = Vec::new();
        for differences in (0..rows.len()).rev() {
            let previous = differences.checked_sub(1).and_then(|row| rows.get(row));
            let Some((x, y, from)) = self.start(previous, differences, j) else { break };
            let slid = self.slide(x, y) - x;
            pairs.extend((0..slid).rev().map(|step| (x + step, y + step)));
            j = from;
        }
        pairs.reverse();
        pairs
    }
}
