//! A document under edit: bytes with a gap where the last edit was.

/// Holds a document so that an edit costs its distance from the last edit, not the length of the document.
///
/// People type where they typed before, so a walk through a thousand versions moves few bytes for each.
#[derive(Debug, Clone)]
pub(crate) struct GapBuffer {
    bytes: Vec<u8>,
    gap_start: usize,
    gap_end: usize,
}

impl GapBuffer {
    /// Takes the document; the gap is empty and at its end.
    pub(crate) const fn new(document: Vec<u8>) -> Self {
        let len = document.len();
        Self { bytes: document, gap_start: len, gap_end: len }
    }

    /// The number of bytes of the document.
    pub(crate) const fn len(&self) -> usize {
        self.bytes.len() - (self.gap_end - self.gap_start)
    }

    /// Where the gap is: the cheapest place to edit.
    pub(crate) const fn gap(&self) -> usize {
        self.gap_start
    }

    /// Copies the document out.
    pub(crate) fn to_vec(&self) -> Vec<u8> {
        let mut document = Vec::with_capacity(self.len());
        document.extend_from_slice(&self.bytes[..self.gap_start]);
        document.extend_from_slice(&self.bytes[self.gap_end..]);
        document
    }

    /// Takes the document out.
    pub(crate) fn into_vec(mut self) -> Vec<u8> {
        self.bytes.drain(self.gap_start..self.gap_end);
        self.bytes
    }

    /// Replaces `delete` bytes at `at` and leaves the gap behind what it inserted.
    ///
    /// Says `false` and changes nothing where the range lies outside the document.
    #[must_use]
    pub(super) fn splice(&mut self, at: usize, delete: usize, insert: &[u8]) -> bool {
        let Some(end) = at.checked_add(delete).filter(|&end| end <= self.len()) else { return false };
        // The gap moves to the nearer side of what is deleted, then swallows it.
        if at >= self.gap_start || end > self.gap_start {
            self.move_gap(at);
            self.gap_end += delete;
        } else {
            self.move_gap(end);
            self.gap_start -= delete;
        }
        self.widen(insert.len());
        let inserted = self.gap_start + insert.len();
        self.bytes[self.gap_start..inserted].copy_from_slice(insert);
        self.gap_start = inserted;
        true
    }

    fn move_gap(&mut self, to: usize) {
        let width = self.gap_end - self.gap_start;
        if to < self.gap_start {
            self.bytes.copy_within(to..self.gap_start, to + width);
        } else if to > self.gap_start {
            self.bytes.copy_within(self.gap_end..to + width, self.gap_start);
        }
        self.gap_start = to;
        self.gap_end = to + width;
    }

    /// Makes the gap at least `len` wide. What is added grows with the document, so that typing widens it rarely.
    fn widen(&mut self, len: usize) {
        if self.gap_end - self.gap_start >= len {
            return;
        }
        let old_len = self.bytes.len();
        let added = len + old_len / 16 + 64;
        self.bytes.resize(old_len + added, 0);
        self.bytes.copy_within(self.gap_end..old_len, self.gap_end + added);
        self.gap_end += added;
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn a_gap_buffer_does_what_a_plain_vector_does(
            start in prop::collection::vec(any::<u8>(), 0..64),
            edits in prop::collection::vec((0..80_usize, 0..20_usize, prop::collection::vec(any::<u8>(), 0..200)), 0..40),
        ) {
            let mut plain = start.clone();
            let mut buffer = GapBuffer::new(start);
            for (at, delete, insert) in edits {
                let fits = at + delete <= plain.len();
                prop_assert_eq!(buffer.splice(at, delete, &insert), fits);
                if fits {
                    plain.splice(at..at + delete, insert.iter().copied());
                    prop_assert_eq!(buffer.gap(), at + insert.len());
                }
                prop_assert_eq!(buffer.len(), plain.len());
                prop_assert_eq!(buffer.to_vec(), plain.clone());
            }
            prop_assert_eq!(buffer.into_vec(), plain);
        }
    }
}
