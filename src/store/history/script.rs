//! Edits in the order of the document, and their application.

use super::gap::GapBuffer;

/// The most edits of one script: more are joined, at the price of bytes, so that a reader's memory is bounded.
pub(super) const EDITS_MAX: usize = 1 << 16;

/// One edit: keep `copy` bytes of the base, leave `delete` bytes out, put `insert` bytes in.
///
/// What the base has behind the last edit is kept.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Edit {
    pub(super) copy: usize,
    pub(super) delete: usize,
    pub(super) insert: usize,
}

/// What a list of edits makes of a base: known before a byte is moved.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Outline {
    /// The length of the result.
    pub(super) target_len: usize,
    /// How many bytes the edits insert.
    pub(super) inserted: usize,
    /// How far into the base the edits reach.
    reach: usize,
    /// How many bytes of the base the edits keep before that.
    copied: usize,
    /// Where the first edit is.
    first: usize,
}

impl Outline {
    /// Checks the edits against the length of their base; `None` where they leave it.
    pub(super) fn of(edits: &[Edit], base_len: usize) -> Option<Self> {
        let (mut reach, mut copied, mut inserted) = (0_usize, 0_usize, 0_usize);
        for edit in edits {
            reach = reach.checked_add(edit.copy)?.checked_add(edit.delete)?;
            copied += edit.copy;
            inserted = inserted.checked_add(edit.insert)?;
        }
        let target_len = base_len.checked_sub(reach)?.checked_add(copied)?.checked_add(inserted)?;
        let first = edits.first().map_or(0, |edit| edit.copy);
        Some(Self { target_len, inserted, reach, copied, first })
    }

    /// Whether applying from the last edit to the first moves fewer bytes, with the gap where it is.
    const fn is_backward(&self, gap: usize) -> bool {
        gap.abs_diff(self.reach) < gap.abs_diff(self.first)
    }

    /// How many bytes the gap passes at most, and where it is afterwards.
    pub(super) fn travel(&self, edits: &[Edit], gap: usize) -> (usize, usize) {
        let Some(first) = edits.first() else { return (0, gap) };
        if self.is_backward(gap) {
            (gap.abs_diff(self.reach) + (self.reach - self.first), self.first + first.insert)
        } else {
            (gap.abs_diff(self.first) + (self.reach - self.first), self.copied + self.inserted)
        }
    }
}

/// Writes what the edits make of the base. The outline must be theirs and `inserted` as long as it says.
pub(super) fn apply(base: &[u8], edits: &[Edit], outline: &Outline, inserted: &[u8]) -> Option<Vec<u8>> {
    let (mut base, mut inserted) = (base, inserted);
    let mut target = Vec::with_capacity(outline.target_len);
    for edit in edits {
        let (copied, rest) = base.split_at_checked(edit.copy)?;
        target.extend_from_slice(copied);
        base = rest.get(edit.delete..)?;
        let (put, rest) = inserted.split_at_checked(edit.insert)?;
        target.extend_from_slice(put);
        inserted = rest;
    }
    target.extend_from_slice(base);
    Some(target)
}

/// Applies the edits in place, from the end that is nearer to the gap. The outline must be theirs, for this buffer.
pub(super) fn apply_in_place(
    buffer: &mut GapBuffer,
    edits: &[Edit],
    outline: &Outline,
    mut inserted: &[u8],
) -> Option<()> {
    if outline.is_backward(buffer.gap()) {
        let mut end = outline.reach;
        for edit in edits.iter().rev() {
            let (rest, put) = inserted.split_at_checked(inserted.len().checked_sub(edit.insert)?)?;
            end -= edit.delete;
            buffer.splice(end, edit.delete, put).then_some(())?;
            end -= edit.copy;
            inserted = rest;
        }
    } else {
        let mut at = 0;
        for edit in edits {
            let (put, rest) = inserted.split_at_checked(edit.insert)?;
            at += edit.copy;
            buffer.splice(at, edit.delete, put).then_some(())?;
            at += edit.insert;
            inserted = rest;
        }
    }
    Some(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    /// A base, edits that fit it, and what they insert.
    fn fitting() -> impl Strategy<Value = (Vec<u8>, Vec<Edit>, Vec<u8>)> {
        let edit =
            (0..30_usize, 0..10_usize, 0..10_usize).prop_map(|(copy, delete, insert)| Edit { copy, delete, insert });
        (prop::collection::vec(edit, 0..12), 0..30_usize).prop_map(|(edits, behind)| {
            let reach: usize = edits.iter().map(|edit| edit.copy + edit.delete).sum();
            let inserted: usize = edits.iter().map(|edit| edit.insert).sum();
            let base = (b'a'..=b'z').cycle().take(reach + behind).collect();
            let inserted = (b'0'..=b'9').cycle().take(inserted).collect();
            (base, edits, inserted)
        })
    }

    proptest! {
        #[test]
        fn edits_give_the_same_in_place_from_wherever_the_gap_is(
            (base, edits, inserted) in fitting(), gap in any::<prop::sample::Index>(),
        ) {
            let outline = Outline::of(&edits, base.len()).expect("they fit");
            let target = apply(&base, &edits, &outline, &inserted).expect("they fit");
            prop_assert_eq!(target.len(), outline.target_len);
            let mut buffer = GapBuffer::new(base.clone());
            let gap = gap.index(base.len() + 1);
            prop_assert!(buffer.splice(gap, 0, b""));
            let (_, gap_after) = outline.travel(&edits, gap);
            prop_assert_eq!(apply_in_place(&mut buffer, &edits, &outline, &inserted), Some(()));
            prop_assert_eq!(buffer.gap(), gap_after);
            prop_assert_eq!(buffer.into_vec(), target);
        }

        #[test]
        fn edits_that_leave_their_base_have_no_outline((base, edits, _) in fitting(), at in any::<prop::sample::Index>()) {
            prop_assume!(!edits.is_empty());
            for too_far in [base.len() + 1, usize::MAX] {
                let mut edits = edits.clone();
                let at = at.index(edits.len());
                edits[at].copy = too_far;
                prop_assert_eq!(Outline::of(&edits, base.len()), None);
                edits[at] = Edit { copy: 0, delete: too_far, insert: 0 };
                prop_assert_eq!(Outline::of(&edits, base.len()), None);
            }
            let mut edits = edits;
            edits.push(Edit { copy: 0, delete: 0, insert: usize::MAX });
            edits.push(Edit { copy: 0, delete: 0, insert: 1 });
            prop_assert_eq!(Outline::of(&edits, base.len()), None);
        }
    }
}
