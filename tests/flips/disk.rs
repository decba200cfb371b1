//! An image that many disks share, each with pages of its own where it was written to.

use draftkeep::storage::Disk;
use std::collections::{BTreeMap, BTreeSet};
use std::io;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

pub(crate) const PAGE: u64 = 4_096;

#[derive(Debug)]
pub(crate) struct SharedImage {
    image: Arc<Vec<u8>>,
    own: Mutex<Own>,
}

#[derive(Debug, Default)]
struct Own {
    pages: BTreeMap<u64, Vec<u8>>,
    len: u64,
    /// The pages that were read.
    read: BTreeSet<u64>,
}

impl SharedImage {
    pub(crate) fn new(image: &Arc<Vec<u8>>) -> Self {
        let own = Own { len: image.len() as u64, ..Own::default() };
        Self { image: Arc::clone(image), own: Mutex::new(own) }
    }

    pub(crate) fn with_bit_turned(image: &Arc<Vec<u8>>, byte: usize, bit: u8) -> Self {
        let disk = Self::new(image);
        disk.write(byte as u64, &[image[byte] ^ 1 << bit]).expect("it is within the image");
        disk
    }

    pub(crate) fn pages_read(&self) -> BTreeSet<u64> {
        self.own().read.clone()
    }

    fn own(&self) -> MutexGuard<'_, Own> {
        self.own.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn shared(&self, page: u64) -> Vec<u8> {
        let start = usize::try_from(page * PAGE).expect("an image fits memory").min(self.image.len());
        let mut bytes = self.image[start..(start + PAGE as usize).min(self.image.len())].to_vec();
        bytes.resize(PAGE as usize, 0);
        bytes
    }
}

/// The parts of pages that a span consists of: page, offset in it, length.
fn parts(offset: u64, len: usize) -> impl Iterator<Item = (u64, usize, usize)> {
    let end = offset + len as u64;
    (offset / PAGE..end.div_ceil(PAGE)).map(move |page| {
        let (from, to) = ((page * PAGE).max(offset), ((page + 1) * PAGE).min(end));
        (page, (from - page * PAGE) as usize, (to - from) as usize)
    })
}

impl Disk for SharedImage {
    fn len(&self) -> io::Result<u64> {
        Ok(self.own().len)
    }

    fn read(&self, offset: u64, out: &mut [u8]) -> io::Result<()> {
        let mut own = self.own();
        if offset.checked_add(out.len() as u64).is_none_or(|end| end > own.len) {
            return Err(io::ErrorKind::UnexpectedEof.into());
        }
        let mut done = 0;
        for (page, at, len) in parts(offset, out.len()) {
            own.read.insert(page);
            let to = &mut out[done..done + len];
            if let Some(bytes) = own.pages.get(&page) {
                to.copy_from_slice(&bytes[at..at + len]);
            } else {
                let start = (page * PAGE) as usize + at;
                let there = self.image.get(start..self.image.len().min(start + len)).unwrap_or_default();
                to[..there.len()].copy_from_slice(there);
                to[there.len()..].fill(0);
            }
            done += len;
        }
        Ok(())
    }

    fn write(&self, offset: u64, bytes: &[u8]) -> io::Result<()> {
        let mut own = self.own();
        let end =
            offset.checked_add(bytes.len() as u64).filter(|end| *end < 1 << 32).ok_or(io::ErrorKind::StorageFull)?;
        let mut done = 0;
        for (page, at, len) in parts(offset, bytes.len()) {
            let own_page = own.pages.entry(page).or_insert_with(|| self.shared(page));
            own_page[at..at + len].copy_from_slice(&bytes[done..done + len]);
            done += len;
        }
        own.len = own.len.max(end);
        Ok(())
    }

    fn set_len(&self, len: u64) -> io::Result<()> {
        if len >= 1 << 32 {
            return Err(io::ErrorKind::StorageFull.into());
        }
        let mut own = self.own();
        // What is cut off is zero when the disk grows again.
        for page in len / PAGE..own.len.div_ceil(PAGE) {
            let keep = len.saturating_sub(page * PAGE).min(PAGE) as usize;
            own.pages.entry(page).or_insert_with(|| self.shared(page))[keep..].fill(0);
        }
        own.len = len;
        Ok(())
    }

    fn sync(&self) -> io::Result<()> {
        Ok(())
    }
}
