//! Small records of which each resembles the one before: revision headers, labels.
//!
//! Layout: for every record a number (0 like the one before, 1 as long as the one before and changed byte by byte,
//! n + 2 new and of n bytes), then the new records, then the changes. A change is the difference of each byte to the
//! one before it, modulo 256, so that a counter that grows by one is a row of ones; the changes between two new records
//! are written byte position by byte position, so that those rows lie together and compress to almost nothing.

use super::wire::{Reader, put_size};

/// A list of byte strings in one allocation.
#[derive(Debug, Clone, Default)]
pub(super) struct Records {
    bytes: Vec<u8>,
    ends: Vec<usize>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Mode {
    Same,
    Changed,
    New,
}

impl Records {
    pub(super) fn push(&mut self, record: &[u8]) {
        self.bytes.extend_from_slice(record);
        self.ends.push(self.bytes.len());
    }

    /// The number of bytes of all records.
    pub(super) const fn total(&self) -> usize {
        self.bytes.len()
    }

    pub(super) fn get(&self, index: usize) -> Option<&[u8]> {
        let end = *self.ends.get(index)?;
        self.bytes.get(self.before(index)..end)
    }

    fn before(&self, index: usize) -> usize {
        index.checked_sub(1).map_or(0, |previous| self.ends[previous])
    }

    fn iter(&self) -> impl Iterator<Item = &[u8]> {
        self.ends.iter().enumerate().map(|(index, &end)| &self.bytes[self.before(index)..end])
    }

    /// Each record with the one before it, which is empty for the first.
    fn pairs(&self) -> impl Iterator<Item = (&[u8], &[u8])> {
        std::iter::once(&[][..]).chain(self.iter()).zip(self.iter())
    }

    /// Appends the records; their number is not written.
    pub(super) fn write(&self, out: &mut Vec<u8>) {
        let modes: Vec<Mode> = self.pairs().map(|(before, record)| mode(before, record)).collect();
        for (mode, record) in modes.iter().zip(self.iter()) {
            match mode {
                Mode::Same => put_size(out, 0),
                Mode::Changed => put_size(out, 1),
                Mode::New => put_size(out, record.len() + 2),
            }
        }
        for (_, record) in modes.iter().zip(self.iter()).filter(|(mode, _)| **mode == Mode::New) {
            out.extend_from_slice(record);
        }
        let mut changed: Vec<(&[u8], &[u8])> = Vec::new();
        for (mode, pair) in modes.iter().zip(self.pairs()) {
            match mode {
                Mode::Same => {}
                Mode::Changed => changed.push(pair),
                Mode::New => write_changes(out, &std::mem::take(&mut changed)),
            }
        }
        write_changes(out, &changed);
    }

    /// Reads `count` records of together at most `total_max` bytes; `None` where the bytes are not what
    /// [`Records::write`] writes.
    pub(super) fn read(reader: &mut Reader<'_>, count: usize, total_max: usize) -> Option<Self> {
        if count > reader.rest().len() {
            return None;
        }
        let codes: Vec<usize> = (0..count).map(|_| reader.size()).collect::<Option<_>>()?;
        let mut new_len = 0_usize;
        for code in &codes {
            new_len = new_len.checked_add(code.saturating_sub(2))?;
        }
        let mut new = Reader::new(reader.take(new_len)?);
        let mut records = Self { bytes: Vec::new(), ends: Vec::with_capacity(count) };
        let mut last = 0..0;
        // The changes since the last new record: `height` of them, of which `row` have been read.
        let (mut changes, mut height, mut row) = (&[][..], 0, 0);
        for (index, &code) in codes.iter().enumerate() {
            let start = records.bytes.len();
            let len = if code >= 2 { code - 2 } else { last.len() };
            if len > total_max.checked_sub(start)? {
                return None;
            }
            match code {
                0 => records.bytes.extend_from_within(last.clone()),
                1 => {
                    for column in 0..len {
                        let change = *changes.get(column * height + row)?;
                        records.bytes.push(records.bytes[last.start + column].wrapping_add(change));
                    }
                    row += 1;
                }
                _ => {
                    records.bytes.extend_from_slice(new.take(len)?);
                    let group = codes[index + 1..].iter().take_while(|&&code| code < 2);
                    (height, row) = (group.filter(|&&code| code == 1).count(), 0);
                    changes = reader.take(len.checked_mul(height)?)?;
                }
            }
            last = start..records.bytes.len();
            records.ends.push(last.end);
        }
        Some(records)
    }
}

fn mode(before: &[u8], record: &[u8]) -> Mode {
    if before == record {
        return Mode::Same;
    }
    let changed = before.iter().zip(record).filter(|(a, b)| a != b).count();
    if before.len() == record.len() && changed <= record.len() / 2 { Mode::Changed } else { Mode::New }
}

fn write_changes(out: &mut Vec<u8>, changed: &[(&[u8], &[u8])]) {
    let len = changed.first().map_or(0, |(_, record)| record.len());
    for column in 0..len {
        out.extend(changed.iter().map(|(before, record)| record[column].wrapping_sub(before[column])));
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn of(records: &[Vec<u8>]) -> Records {
        let mut all = Records::default();
        for record in records {
            all.push(record);
        }
        all
    }

    /// Records of which many repeat or resemble the one before.
    fn resembling() -> impl Strategy<Value = Vec<Vec<u8>>> {
        let step = (0..4_u8, prop::collection::vec(any::<u8>(), 0..12), any::<prop::sample::Index>(), any::<u8>());
        prop::collection::vec(step, 0..30).prop_map(|steps| {
            let mut records: Vec<Vec<u8>> = Vec::new();
            for (kind, fresh, at, byte) in steps {
                let mut record = records.last().cloned().unwrap_or_default();
                match kind {
                    0 => {}
                    1 | 2 if !record.is_empty() => {
                        let at = at.index(record.len());
                        record[at] = byte;
                    }
                    _ => record = fresh,
                }
                records.push(record);
            }
            records
        })
    }

    proptest! {
        #[test]
        fn records_survive_their_bytes(records in resembling()) {
            let all = of(&records);
            let mut bytes = Vec::new();
            all.write(&mut bytes);
            let mut reader = Reader::new(&bytes);
            let read = Records::read(&mut reader, records.len(), all.total()).expect("what was written");
            prop_assert!(reader.is_empty());
            prop_assert_eq!(read.iter().map(<[u8]>::to_vec).collect::<Vec<_>>(), records.clone());
            prop_assert_eq!(read.get(records.len()), None);
            if let Some(less) = all.total().checked_sub(1) {
                prop_assert!(Records::read(&mut Reader::new(&bytes), records.len(), less).is_none());
            }
        }

        #[test]
        fn arbitrary_bytes_give_no_more_than_the_limit(
            bytes in prop::collection::vec(prop_oneof![0..5_u8, any::<u8>()], 0..100), count in 0..60_usize, limit in 0..50_usize,
        ) {
            if let Some(records) = Records::read(&mut Reader::new(&bytes), count, limit) {
                prop_assert!(records.total() <= limit);
                prop_assert_eq!(records.ends.len(), count);
            }
        }
    }
}
