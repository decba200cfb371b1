//! What an opening writes, held back until the opening has succeeded.
//!
//! The engine repairs while it opens. Where it gives up half-way, on a truncated or damaged file, the file must be as it
//! was. So the engine's writes are kept here in order, with the syncs between them, shown to its reads, and carried out
//! in the same order once it has opened: to the disk, and to a power cut, it looks as if they had come directly.
//!
//! The engine writes a handful of pages here, so looking through all of them on each read is cheap.

use crate::storage::Disk;
use std::io;

#[derive(Debug)]
enum Step {
    Write(u64, Vec<u8>),
    SetLen(u64),
    Sync,
}

/// Steps not carried out yet.
#[derive(Debug)]
pub(super) struct Probation {
    len: u64,
    steps: Vec<Step>,
}

impl Probation {
    pub(super) fn over(disk: &dyn Disk) -> io::Result<Self> {
        Ok(Self { len: disk.len()?, steps: Vec::new() })
    }

    pub(super) const fn len(&self) -> u64 {
        self.len
    }

    pub(super) fn write(&mut self, offset: u64, bytes: &[u8]) -> io::Result<()> {
        self.len = self.len.max(end(offset, bytes.len())?);
        self.steps.push(Step::Write(offset, bytes.to_vec()));
        Ok(())
    }

    pub(super) fn set_len(&mut self, len: u64) {
        self.len = len;
        self.steps.push(Step::SetLen(len));
    }

    pub(super) fn sync(&mut self) {
        self.steps.push(Step::Sync);
    }

    /// Reads what the disk would hold had the steps been carried out.
    pub(super) fn read(&self, disk: &dyn Disk, offset: u64, out: &mut [u8]) -> io::Result<()> {
        if end(offset, out.len())? > self.len {
            return Err(io::ErrorKind::UnexpectedEof.into());
        }
        out.fill(0);
        let stored = disk.len()?.saturating_sub(offset);
        let there = usize::try_from(stored).unwrap_or(usize::MAX).min(out.len());
        if there > 0 {
            disk.read(offset, &mut out[..there])?;
        }
        for step in &self.steps {
            match step {
                Step::Write(at, bytes) => lay_over(out, offset, bytes, *at),
                Step::SetLen(len) => {
                    let kept = usize::try_from(len.saturating_sub(offset)).unwrap_or(usize::MAX).min(out.len());
                    out[kept..].fill(0);
                }
                Step::Sync => {}
            }
        }
        Ok(())
    }

    /// Carries the steps out.
    pub(super) fn carry_out(self, disk: &dyn Disk) -> io::Result<()> {
        self.steps.into_iter().try_for_each(|step| match step {
            Step::Write(offset, bytes) => disk.write(offset, &bytes),
            Step::SetLen(len) => disk.set_len(len),
            Step::Sync => disk.sync(),
        })
    }
}

fn end(offset: u64, len: usize) -> io::Result<u64> {
    u64::try_from(len).ok().and_then(|len| offset.checked_add(len)).ok_or_else(|| io::ErrorKind::FileTooLarge.into())
}

/// Copies the part of `bytes`, which lie at `at`, that `out`, which lies at `offset`, covers.
fn lay_over(out: &mut [u8], offset: u64, bytes: &[u8], at: u64) {
    let skip_out = usize::try_from(at.saturating_sub(offset)).unwrap_or(usize::MAX);
    let skip_bytes = usize::try_from(offset.saturating_sub(at)).unwrap_or(usize::MAX);
    let (Some(out), Some(bytes)) = (out.get_mut(skip_out..), bytes.get(skip_bytes..)) else {
        return;
    };
    let both = out.len().min(bytes.len());
    out[..both].copy_from_slice(&bytes[..both]);
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::storage::MemoryDisk;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn reads_show_what_the_disk_will_hold_and_the_disk_is_untouched_until_then(
            image in prop::collection::vec(1_u8.., 0..40),
            steps in prop::collection::vec((0_u64..50, prop::collection::vec(any::<u8>(), 0..20), any::<bool>()), 0..12),
        ) {
            let disk = MemoryDisk::from_image(image.clone());
            let mirror = MemoryDisk::from_image(image.clone());
            let mut probation = Probation::over(&disk).unwrap();
            for (offset, bytes, shrinks) in &steps {
                if *shrinks {
                    probation.set_len(*offset);
                    mirror.set_len(*offset).unwrap();
                } else if !bytes.is_empty() {
                    probation.write(*offset, bytes).unwrap();
                    mirror.write(*offset, bytes).unwrap();
                }
                let expected = mirror.image();
                prop_assert_eq!(probation.len(), expected.len() as u64);
                for from in [0, expected.len() / 2] {
                    let mut out = vec![7; expected.len() - from];
                    probation.read(&disk, from as u64, &mut out).unwrap();
                    prop_assert_eq!(&out[..], &expected[from..]);
                }
            }
            prop_assert_eq!(disk.image(), image);
            probation.carry_out(&disk).unwrap();
            prop_assert_eq!(disk.image(), mirror.image());
        }
    }
}
