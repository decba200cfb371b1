//! The keys of a space in memory.

use super::row::DataKeys;
use crate::clock::Entropy;
use crate::codec::{put_varint, take_varint};
use crate::error::Failure;
use crate::fault;
use crate::records::coat::COAT_MAX;
use crate::seal::{Key, aead};
use crate::storage::Table;

/// The number of a data key, of which there are at most a thousand, and what the cipher adds.
const ADDED: usize = 2 + aead::ADDED;
const _: () = assert!(ADDED <= COAT_MAX, "there is room for it in every record");

/// The keys of a space that was opened.
#[derive(Debug)]
pub(crate) struct Opened {
    pub(crate) name: String,
    /// The ring's key that the data keys are sealed with, and what is pushed.
    pub(crate) current: Key,
    pub(crate) data: DataKeys,
}

impl Opened {
    pub(super) fn new(name: &str, current: Key, data: DataKeys) -> Self {
        Self { name: name.to_owned(), current, data }
    }

    /// A record's payload, sealed for its table and key: the number of the data key, then what the cipher makes.
    pub(super) fn seal(&self, entropy: &dyn Entropy, table: Table, key: &[u8], payload: &[u8]) -> Vec<u8> {
        let (number, data) = (self.data.0.len() - 1, &self.data.0[self.data.0.len() - 1]);
        let mut sealed = Vec::with_capacity(ADDED + payload.len());
        put_varint(&mut sealed, number as u64);
        aead::seal(data, entropy, &associated(table, key), payload, &mut sealed);
        sealed
    }

    /// Whether a record names a data key that is not among these.
    pub(super) fn lacks_key_of(&self, mut sealed: &[u8]) -> bool {
        take_varint(&mut sealed).is_ok_and(|number| number >= self.data.0.len() as u64)
    }

    pub(super) fn open(&self, table: Table, key: &[u8], mut sealed: &[u8]) -> Result<Vec<u8>, Failure> {
        let altered = || Failure::corrupt(None, format!("a record of table {} is not what was sealed", table.number()));
        let number = take_varint(&mut sealed).map_err(|_| altered())?;
        let data = usize::try_from(number).ok().and_then(|number| self.data.0.get(number)).ok_or_else(altered)?;
        aead::open(data, &associated(table, key), sealed).ok_or_else(altered)
    }
}

/// A record is sealed for its place in the store, as its hash is.
fn associated(table: Table, key: &[u8]) -> Vec<u8> {
    let key = if fault::on("record-sealed-for-any-key") { &[][..] } else { key };
    [b"draftkeep 1 record\0", &[table.number()][..], key].concat()
}
