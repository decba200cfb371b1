//! Finds the edits that lead from one document to another.
//!
//! The equal ends are trimmed first, which settles one edit in one place. Between them, blocks of the base are put in a
//! table and looked up from the target; of the matches found, the heaviest that keep their order are chosen, so that a
//! phrase that also stands elsewhere does not cost the rest of the document. Each gap that remains is searched once
//! more with small blocks. The result depends on nothing but the two documents.
//!
//! The time is linear in both documents (and `n log n` in the number of matches), whatever they hold: a lookup tries at
//! most [`TRIES`] places, and of the matches that it follows, it takes the longest.

use super::script::{EDITS_MAX, Edit};
use std::ops::Range;

/// How many places of the base are tried for one block of the target.
const TRIES: usize = 8;
/// The shortest stretch between two edits that is worth being copied: describing it costs about as much.
const COPY_MIN: usize = 6;
/// The block length of the first search.
const COARSE: usize = 32;
/// The block length of the search within gaps.
const FINE: usize = 8;
/// The longest gap of the base in which every position is put into the table.
const FINE_GAP_MAX: usize = 1 << 18;

/// Finds edits that make `target` of `base`, at most [`EDITS_MAX`].
pub(super) fn edits(base: &[u8], target: &[u8]) -> Vec<Edit> {
    let prefix = common_prefix(base, target);
    let suffix = common_suffix(&base[prefix..], &target[prefix..]);
    let gap = Gap { base: prefix..base.len() - suffix, target: prefix..target.len() - suffix };
    let mut gaps = Vec::new();
    for gap in split::<COARSE>(base, target, &gap, COARSE) {
        if gap.base.len() <= FINE_GAP_MAX {
            gaps.extend(split::<FINE>(base, target, &gap, 1));
        } else {
            gaps.push(gap);
        }
    }
    while gaps.len() > EDITS_MAX {
        gaps = gaps.chunks(2).map(Gap::around).collect();
    }
    let mut at = 0;
    gaps.iter()
        .map(|gap| {
            let edit = Edit { copy: gap.base.start - at, delete: gap.base.len(), insert: gap.target.len() };
            at = gap.base.end;
            edit
        })
        .collect()
}

/// A stretch of the base that becomes a stretch of the target.
#[derive(Debug, Clone)]
struct Gap {
    base: Range<usize>,
    target: Range<usize>,
}

impl Gap {
    /// The gap from the first to the last of neighbours, with all that is between them.
    fn around(gaps: &[Self]) -> Self {
        let (first, last) = (&gaps[0], &gaps[gaps.len() - 1]);
        Self { base: first.base.start..last.base.end, target: first.target.start..last.target.end }
    }
}

/// A stretch that both have: `base` and `target` are where it begins.
#[derive(Debug, Clone, Copy)]
struct Match {
    base: usize,
    target: usize,
    len: usize,
}

/// Splits a gap at what its two sides have in common.
fn split<const BLOCK: usize>(base: &[u8], target: &[u8], gap: &Gap, stride: usize) -> Vec<Gap> {
    if gap.base.is_empty() && gap.target.is_empty() {
        return Vec::new();
    }
    let mut gaps = Vec::new();
    let (mut base_at, mut target_at) = (gap.base.start, gap.target.start);
    if gap.base.len() >= BLOCK && gap.target.len() >= BLOCK && u32::try_from(gap.base.len()).is_ok() {
        let matches = find::<BLOCK>(&base[gap.base.clone()], &target[gap.target.clone()], stride);
        for found in heaviest_chain(matches) {
            let (mut start, mut partner) = (gap.base.start + found.base, gap.target.start + found.target);
            let overlap = base_at.saturating_sub(start).max(target_at.saturating_sub(partner));
            start += overlap;
            partner += overlap;
            if overlap + COPY_MIN > found.len {
                continue;
            }
            if start > base_at || partner > target_at {
                gaps.push(Gap { base: base_at..start, target: target_at..partner });
            }
            base_at = start + (found.len - overlap);
            target_at = partner + (found.len - overlap);
        }
    }
    if base_at < gap.base.end || target_at < gap.target.end {
        gaps.push(Gap { base: base_at..gap.base.end, target: target_at..gap.target.end });
    }
    gaps
}

/// Finds matches of at least `BLOCK` bytes, ascending and apart in the target, anywhere in the base.
fn find<const BLOCK: usize>(base: &[u8], target: &[u8], stride: usize) -> Vec<Match> {
    let table = Table::<BLOCK>::new(base, stride);
    let mut matches = Vec::new();
    // Where the last match ended: the next is expected right behind it.
    let (mut base_at, mut target_at) = (0, 0);
    let (mut at, mut misses) = (0, 0_usize);
    while let Some(block) = target.get(at..).and_then(|rest| rest.first_chunk::<BLOCK>()) {
        let longest = table
            .near(block, base_at)
            .filter(|&start| base[start..].starts_with(block))
            .map(|start| {
                let ahead = BLOCK + common_prefix(&base[start + BLOCK..], &target[at + BLOCK..]);
                let behind = common_suffix(&base[..start], &target[target_at..at]);
                Match { base: start - behind, target: at - behind, len: behind + ahead }
            })
            .reduce(|best, other| if other.len > best.len { other } else { best });
        if let Some(found) = longest {
            (base_at, target_at) = (found.base + found.len, found.target + found.len);
            (at, misses) = (target_at, 0);
            matches.push(found);
        } else {
            // Where nothing has matched for long, look more rarely; an odd step meets every alignment of the blocks.
            at += 1 + 2 * (misses >> 11).min(7);
            misses += 1;
        }
    }
    matches
}

/// Chooses of matches, ascending in the target, those of the greatest weight that ascend in the base too.
///
/// Neighbours may overlap a little in the base, as a match that runs on by chance does; the caller trims.
fn heaviest_chain(matches: Vec<Match>) -> Vec<Match> {
    let ascending = matches.windows(2).all(|pair| pair[0].base + pair[0].len <= pair[1].base);
    if ascending {
        return matches;
    }
    let tail = |found: &Match| found.base + found.len - (found.len / 2).min(64);
    let mut tails: Vec<usize> = matches.iter().map(tail).collect();
    tails.sort_unstable();
    tails.dedup();
    // A Fenwick tree over the tails: the heaviest chain that ends at or before one.
    let mut heaviest: Vec<(usize, usize)> = vec![(0, usize::MAX); tails.len() + 1];
    let mut previous = Vec::with_capacity(matches.len());
    let mut best = (0, usize::MAX);
    for (index, found) in matches.iter().enumerate() {
        let mut rank = tails.partition_point(|&tail| tail <= found.base);
        let mut chain = (0, usize::MAX);
        while rank > 0 {
            if heaviest[rank].0 > chain.0 {
                chain = heaviest[rank];
            }
            rank &= rank - 1;
        }
        previous.push(chain.1);
        let weight = (chain.0 + found.len, index);
        if weight.0 > best.0 {
            best = weight;
        }
        let mut rank = tails.partition_point(|&other| other < tail(found)) + 1;
        while rank < heaviest.len() {
            if weight.0 > heaviest[rank].0 {
                heaviest[rank] = weight;
            }
            rank += rank & rank.wrapping_neg();
        }
    }
    let mut chain = Vec::new();
    let mut index = best.1;
    while let Some(&found) = matches.get(index) {
        chain.push(found);
        index = previous[index];
    }
    chain.reverse();
    chain
}

/// Where the blocks of a base stand: positions grouped by the hash of what stands there, ascending in each group.
struct Table<const BLOCK: usize> {
    /// Where each group begins in `positions`, and at last where the last one ends.
    starts: Vec<u32>,
    positions: Vec<u32>,
    shift: u32,
}

impl<const BLOCK: usize> Table<BLOCK> {
    /// Groups the blocks at every multiple of `stride`. The base is shorter than 4 GiB.
    fn new(base: &[u8], stride: usize) -> Self {
        let blocks = || (0_u32..).step_by(stride).zip(base.windows(BLOCK).step_by(stride));
        let count = base.windows(BLOCK).step_by(stride).len();
        let bits = count.next_power_of_two().trailing_zeros().clamp(4, 22);
        let shift = 64 - bits;
        let mut starts = vec![0_u32; (1 << bits) + 1];
        for (_, block) in blocks() {
            starts[group(block, shift) + 1] += 1;
        }
        let mut sum = 0;
        for start in &mut starts {
            sum += *start;
            *start = sum;
        }
        let mut next = starts.clone();
        let mut positions = vec![0; count];
        for (at, block) in blocks() {
            let slot = &mut next[group(block, shift)];
            positions[*slot as usize] = at;
            *slot += 1;
        }
        Self { starts, positions, shift }
    }

    /// The places of a block's group nearest to `expected`, half of [`TRIES`] on each side of it.
    fn near(&self, block: &[u8; BLOCK], expected: usize) -> impl Iterator<Item = usize> {
        let group = group(block, self.shift);
        let places = &self.positions[self.starts[group] as usize..self.starts[group + 1] as usize];
        let middle = if places.len() <= TRIES {
            places.len() / 2
        } else {
            places.partition_point(|&place| (place as usize) < expected)
        };
        let from = middle.saturating_sub(TRIES / 2);
        let to = (middle + TRIES / 2).min(places.len());
        places[from..to].iter().map(|&place| place as usize)
    }
}

/// The group that a block belongs to: the top bits of a multiplicative hash.
fn group(block: &[u8], shift: u32) -> usize {
    let mut hash = 0_u64;
    for word in block.as_chunks::<8>().0 {
        hash = (hash ^ u64::from_le_bytes(*word)).wrapping_mul(0x9e37_79b9_7f4a_7c15);
        hash ^= hash >> 29;
    }
    usize::try_from(hash.wrapping_mul(0xd6e8_feb8_6659_fd93) >> shift).unwrap_or(0)
}

/// How many bytes two slices have in common from their beginning.
fn common_prefix(a: &[u8], b: &[u8]) -> usize {
    let len = a.len().min(b.len());
    let (a, b) = (&a[..len], &b[..len]);
    let mut at = 0;
    // Large pieces compare at the speed of memory; the smaller ones find the place.
    for piece in [1024, 64, 8, 1] {
        while at + piece <= len && a[at..at + piece] == b[at..at + piece] {
            at += piece;
        }
    }
    at
}

/// How many bytes two slices have in common from their end.
fn common_suffix(a: &[u8], b: &[u8]) -> usize {
    let len = a.len().min(b.len());
    let (a, b) = (&a[a.len() - len..], &b[b.len() - len..]);
    let mut end = len;
    for piece in [1024, 64, 8, 1] {
        while end >= piece && a[end - piece..end] == b[end - piece..end] {
            end -= piece;
        }
    }
    len - end
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Bytes of which no two stretches are equal.
    fn noise(len: usize) -> Vec<u8> {
        let mut bytes = vec![0; len];
        blake3::Hasher::new().update(b"noise").finalize_xof().fill(&mut bytes);
        bytes
    }

    #[test]
    fn equal_documents_need_no_edit() {
        assert_eq!(edits(b"", b""), []);
        assert_eq!(edits(b"the same", b"the same"), []);
    }

    #[test]
    fn edits_close_to_each_other_are_found_apart() {
        let base = b"The quick brown fox jumps over the lazy dog and runs away.";
        let target = b"The slow brown fox jumps over the lazy cat and runs away.";
        let expected = [Edit { copy: 4, delete: 5, insert: 4 }, Edit { copy: 31, delete: 3, insert: 3 }];
        assert_eq!(edits(base, target), expected);
    }

    #[test]
    fn a_phrase_that_also_stands_far_ahead_does_not_cost_what_is_between() {
        let mut base = noise(1 << 20);
        let phrase = b"a phrase of sixty-four bytes that someone pastes from further on";
        base.splice(1_000_000..1_000_000, *phrase);
        let mut target = base.clone();
        target[1_040_000] ^= 1;
        target.splice(100..100, *phrase);
        target[50] ^= 1;
        let edits = edits(&base, &target);
        assert!(edits.iter().map(|edit| edit.insert).sum::<usize>() < 100, "{edits:?}");
        assert!(edits.len() <= 3, "{edits:?}");
    }

    #[test]
    fn more_edits_than_a_script_holds_are_joined() {
        let base = noise(80 * (EDITS_MAX + 5000));
        let mut target = base.clone();
        for byte in target.iter_mut().step_by(80) {
            *byte ^= 1;
        }
        let edits = edits(&base, &target);
        assert!((EDITS_MAX / 4..=EDITS_MAX).contains(&edits.len()), "{} edits", edits.len());
        assert!(edits.iter().map(|edit| edit.insert).sum::<usize>() < base.len());
    }

    #[test]
    fn common_ends_are_counted_to_the_byte() {
        let noise = noise(5000);
        for at in (0..300).chain([1023, 1024, 1025, 4095, 4999]) {
            let mut other = noise.clone();
            other[at] ^= 1;
            assert_eq!(common_prefix(&noise, &other), at);
            assert_eq!(common_suffix(&noise, &other), noise.len() - at - 1);
            assert_eq!(common_prefix(&noise, &noise[..at]), at);
            assert_eq!(common_suffix(&noise, &noise[at..]), noise.len() - at);
        }
    }
}
