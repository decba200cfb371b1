//! The order of named things that two sides moved, added and removed.
//!
//! What only the earlier side moved or added is taken out of the later side's order and put behind the neighbour that it
//! has in the earlier one. So moves of different things are all kept, and of what both added at one place the earlier
//! side's comes first.

/// The three orders. What stands in them are numbers, each once.
pub(super) struct Orders<'o> {
    pub(super) base: &'o [usize],
    pub(super) earlier: &'o [usize],
    pub(super) later: &'o [usize],
}

/// The merged order.
pub(super) struct Ordered {
    pub(super) names: Vec<usize>,
    /// Whether the earlier side moved something that the later one moved elsewhere.
    pub(super) is_overruled: bool,
}

/// Merges the orders of names below `count`.
pub(super) fn merge(orders: &Orders<'_>, count: usize, is_there: impl Fn(usize) -> bool) -> Ordered {
    let moved_earlier = moved(orders.base, orders.earlier, count);
    let moved_later = moved(orders.base, orders.later, count);
    let mut is_later = vec![false; count];
    orders.later.iter().for_each(|name| is_later[*name] = true);
    // What the earlier side places, in its order: the first run of it comes before all, each other one behind a neighbour.
    let mut placed = Vec::new();
    let mut is_placed = vec![false; count];
    let mut begin_behind = vec![0; count];
    let mut end_behind = vec![0; count];
    let mut first = 0;
    let mut neighbour = None;
    for name in orders.earlier.iter().copied().filter(|name| is_there(*name)) {
        if !is_later[name] || (moved_earlier[name] && !moved_later[name]) {
            placed.push(name);
            is_placed[name] = true;
            *neighbour.map_or(&mut first, |neighbour: usize| &mut end_behind[neighbour]) = placed.len();
        } else {
            (begin_behind[name], end_behind[name]) = (placed.len(), placed.len());
            neighbour = Some(name);
        }
    }
    let mut names = Vec::with_capacity(count);
    names.extend_from_slice(&placed[..first]);
    for name in orders.later.iter().copied().filter(|name| is_there(*name) && !is_placed[*name]) {
        names.push(name);
        names.extend_from_slice(&placed[begin_behind[name]..end_behind[name]]);
    }
    let is_overruled = is_overruled(orders, &names, count, |name| moved_earlier[name] && moved_later[name]);
    Ordered { names, is_overruled }
}

/// Whether both moved one thing, and the earlier side's order is not the one that came out.
fn is_overruled(orders: &Orders<'_>, names: &[usize], count: usize, is_shared: impl Fn(usize) -> bool) -> bool {
    // Without a base, both orders are as good as made from nothing.
    if !orders.base.is_empty() && !orders.earlier.iter().any(|name| is_shared(*name)) {
        return false;
    }
    let (mut is_kept, mut is_earlier) = (vec![false; count], vec![false; count]);
    names.iter().for_each(|name| is_kept[*name] = true);
    orders.earlier.iter().for_each(|name| is_earlier[*name] = true);
    let mine = orders.earlier.iter().filter(|name| is_kept[**name]);
    !names.iter().filter(|name| is_earlier[**name]).eq(mine)
}

/// What is not where it was: everything in both orders but a longest part that kept its order.
fn moved(base: &[usize], side: &[usize], count: usize) -> Vec<bool> {
    let mut places = vec![None; count];
    base.iter().enumerate().for_each(|(place, name)| places[*name] = Some(place));
    let common: Vec<(usize, usize)> = side.iter().filter_map(|name| Some((*name, places[*name]?))).collect();
    // The longest rising row of places (patience sorting): `ends[k]` ends the row of length k + 1 that ends lowest, and
    // stands at `lowest[k]` in the base.
    let (mut ends, mut lowest): (Vec<usize>, Vec<usize>) = (Vec::new(), Vec::new());
    let mut before: Vec<Option<usize>> = Vec::with_capacity(common.len());
    for (at, (_, place)) in common.iter().enumerate() {
        // Mostly nothing moved, and the row goes on.
        let is_next = lowest.last().is_none_or(|last| last < place);
        let length = if is_next { ends.len() } else { lowest.partition_point(|end| end < place) };
        before.push(length.checked_sub(1).map(|shorter| ends[shorter]));
        if length == ends.len() {
            ends.push(at);
            lowest.push(*place);
        } else {
            (ends[length], lowest[length]) = (at, *place);
        }
    }
    let mut moved = vec![false; count];
    common.iter().for_each(|(name, _)| moved[*name] = true);
    let mut stays = ends.last().copied();
    while let Some(at) = stays {
        moved[common[at].0] = false;
        stays = before[at];
    }
    moved
}

#[cfg(test)]
mod tests {
    use super::*;

    fn merged(base: &str, earlier: &str, later: &str) -> (String, bool) {
        let numbers = |text: &str| text.bytes().map(usize::from).collect::<Vec<_>>();
        let (base, earlier, later) = (numbers(base), numbers(earlier), numbers(later));
        let orders = Orders { base: &base, earlier: &earlier, later: &later };
        let removed = |name: usize| base.contains(&name) && !(earlier.contains(&name) && later.contains(&name));
        let ordered = merge(&orders, 128, |name| !removed(name));
        let letter = |name: usize| u8::try_from(name).map_or('?', char::from);
        (ordered.names.into_iter().map(letter).collect(), ordered.is_overruled)
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
