//! Which elements of an array have to move so that the others need not.

use super::budget::Budget;

/// A step that takes the element at one index out and puts it in at another.
pub(super) struct Move {
    pub(super) from: usize,
    pub(super) to: usize,
}

/// The fewest moves, to be made one after another, that put `order` (the place after of each element, as they stand
/// before) in order; `None` if that costs too much.
pub(super) fn moves(order: &[usize], budget: &mut Budget) -> Option<Vec<Move>> {
    if order.is_sorted() {
        return Some(Vec::new());
    }
    let stays = longest_increasing(order);
    let mut moving: Vec<usize> = order.iter().copied().filter(|place| stays.binary_search(place).is_err()).collect();
    moving.sort_unstable();
    if !budget.take(moving.len().saturating_mul(order.len()).saturating_mul(2)) {
        return None;
    }
    let mut settled = stays;
    let mut current = order.to_vec();
    let mut steps = Vec::with_capacity(moving.len());
    for place in moving {
        let from = current.iter().position(|other| *other == place)?;
        current.remove(from);
        // Behind the settled one that comes just before it in the end.
        let rank = settled.partition_point(|other| *other < place);
        let to = match rank.checked_sub(1).map(|before| settled[before]) {
            Some(before) => current.iter().position(|other| *other == before)? + 1,
            None => 0,
        };
        current.insert(to, place);
        settled.insert(rank, place);
        if from != to {
            steps.push(Move { from, to });
        }
    }
    Some(steps)
}

/// A longest increasing subsequence, by patience sorting.
fn longest_increasing(order: &[usize]) -> Vec<usize> {
    // For each length the index of the smallest end, and for each index the one before it.
    let mut ends: Vec<usize> = Vec::new();
    let mut before: Vec<Option<usize>> = Vec::with_capacity(order.len());
    for (at, place) in order.iter().enumerate() {
        let length = ends.partition_point(|end| order[*end] < *place);
        before.push(length.checked_sub(1).map(|shorter| ends[shorter]));
        match ends.get_mut(length) {
            Some(end) => *end = at,
            None => ends.push(at),
        }
    }
    let mut chain: Vec<usize> =
        std::iter::successors(ends.last().copied(), |at| before[*at]).map(|at| order[at]).collect();
    chain.reverse();
    chain
}
