//! The order of named things that two sides moved, added and removed.
//!
//! What only the earlier side moved or added is taken out of the later side's order and put behind the neighbour that it
//! has in the earlier one. So moves of different things are all kept, and of what both added at one place the earlier
//! side's comes first.

use std::collections::{HashMap, HashSet};
use std::hash::Hash;

/// The three orders.
pub(super) struct Orders<'o, N> {
    pub(super) base: &'o [N],
    pub(super) earlier: &'o [N],
    pub(super) later: &'o [N],
}

/// The merged order.
pub(super) struct Ordered<N> {
    pub(super) names: Vec<N>,
    /// Whether the earlier side moved something that the later one moved elsewhere.
    pub(super) is_overruled: bool,
}

pub(super) fn merge<N: Copy + Eq + Hash>(orders: &Orders<'_, N>, is_there: impl Fn(&N) -> bool) -> Ordered<N> {
    let moved_earlier = moved(orders.base, orders.earlier);
    let moved_later = moved(orders.base, orders.later);
    let later: HashSet<N> = orders.later.iter().copied().collect();
    let is_placed_by_earlier =
        |name: &N| !later.contains(name) || (moved_earlier.contains(name) && !moved_later.contains(name));
    let mut behind: HashMap<Option<N>, Vec<N>> = HashMap::new();
    let mut placed_by_earlier: HashSet<N> = HashSet::new();
    let mut neighbour = None;
    for name in orders.earlier.iter().copied().filter(|name| is_there(name)) {
        if is_placed_by_earlier(&name) {
            behind.entry(neighbour).or_default().push(name);
            placed_by_earlier.insert(name);
        } else {
            neighbour = Some(name);
        }
    }
    let mut names = behind.remove(&None).unwrap_or_default();
    for name in orders.later.iter().copied().filter(|name| is_there(name) && !placed_by_earlier.contains(name)) {
        names.push(name);
        names.extend(behind.remove(&Some(name)).unwrap_or_default());
    }
    let is_overruled = is_overruled(orders, &names, &moved_earlier, &moved_later);
    Ordered { names, is_overruled }
}

/// Whether both moved one thing, and the earlier side's order is not the one that came out.
fn is_overruled<N: Copy + Eq + Hash>(
    orders: &Orders<'_, N>,
    names: &[N],
    moved_earlier: &HashSet<N>,
    moved_later: &HashSet<N>,
) -> bool {
    let is_shared = |name: &&N| moved_earlier.contains(name) && moved_later.contains(name);
    // Without a base, both orders are as good as made from nothing.
    let without_base = orders.base.is_empty();
    if !without_base && !orders.earlier.iter().any(|name| is_shared(&name)) {
        return false;
    }
    let (kept, of_earlier): (HashSet<N>, HashSet<N>) =
        (names.iter().copied().collect(), orders.earlier.iter().copied().collect());
    let mine = orders.earlier.iter().filter(|name| kept.contains(name));
    !names.iter().filter(|name| of_earlier.contains(name)).eq(mine)
}

/// What is not where it was: everything in both orders but a longest part that kept its order.
fn moved<N: Copy + Eq + Hash>(base: &[N], side: &[N]) -> HashSet<N> {
    let place: HashMap<N, usize> = base.iter().copied().zip(0..).collect();
    let common: Vec<(N, usize)> = side.iter().filter_map(|name| Some((*name, *place.get(name)?))).collect();
    // The longest rising row of places (patience sorting): `ends[k]` ends the row of length k + 1 that ends lowest.
    let mut ends: Vec<usize> = Vec::new();
    let mut before: Vec<Option<usize>> = Vec::with_capacity(common.len());
    for (at, (_, place)) in common.iter().enumerate() {
        let length = ends.partition_point(|end| common[*end].1 < *place);
        before.push(length.checked_sub(1).map(|shorter| ends[shorter]));
        if length == ends.len() {
            ends.push(at);
        } else {
            ends[length] = at;
        }
    }
    let mut moved: HashSet<N> = common.iter().map(|(name, _)| *name).collect();
    let mut stays = ends.last().copied();
    while let Some(at) = stays {
        moved.remove(&common[at].0);
        stays = before[at];
    }
    moved
}

#[cfg(test)]
mod tests {
    use super::*;

    fn merged(base: &str, earlier: &str, later: &str) -> (String, bool) {
        let chars = |text: &str| text.chars().collect::<Vec<_>>();
        let (base, earlier, later) = (chars(base), chars(earlier), chars(later));
        let orders = Orders { base: &base, earlier: &earlier, later: &later };
        let removed = |name: &char| base.contains(name) && !(earlier.contains(name) && later.contains(name));
        let ordered = merge(&orders, |name| !removed(name));
        (ordered.names.into_iter().collect(), ordered.is_overruled)
    }

    #[test]
    fn moves_additions_and_removals_of_both_are_kept() {
        for (base, earlier, later, expected, is_overruled) in [
            ("abcd", "abcd", "dabc", "dabc", false),
            ("abcd", "dabc", "abcd", "dabc", false),
            ("abcdef", "bacdef", "abcdfe", "bacdfe", false),
            ("abc", "abXc", "abYc", "abXYc", false),
            ("abc", "Xabc", "Yabc", "XYabc", false),
            ("abc", "abcX", "abcY", "abcXY", false),
            ("abcd", "acd", "abdc", "adc", false),
            ("abcd", "bcda", "bacd", "bcda", false),
            ("abcde", "bcdea", "bcade", "bcade", true),
            ("abcde", "bXcdea", "bcade", "bXcade", true),
            ("", "ab", "ba", "ba", true),
            ("", "ab", "bc", "abc", false),
        ] {
            assert_eq!(merged(base, earlier, later), (expected.to_owned(), is_overruled), "{base} {earlier} {later}");
        }
    }
}
