//! A disk that counts, below redb as it is.

use draftkeep::storage::Disk as _;
use draftkeep::storage::faults::CountingDisk;
use std::io;

#[derive(Debug)]
pub(crate) struct Counted(pub(crate) CountingDisk);

impl redb::StorageBackend for Counted {
    fn len(&self) -> io::Result<u64> {
        self.0.len()
    }

    fn read(&self, offset: u64, out: &mut [u8]) -> io::Result<()> {
        self.0.read(offset, out)
    }

    fn set_len(&self, len: u64) -> io::Result<()> {
        self.0.set_len(len)
    }

    fn sync_data(&self) -> io::Result<()> {
        self.0.sync()
    }

    fn write(&self, offset: u64, bytes: &[u8]) -> io::Result<()> {
        self.0.write(offset, bytes)
    }
}
