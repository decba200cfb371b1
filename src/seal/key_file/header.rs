//! What stands in the open before the keys.
//!
//! ```text
//! key file := header envelope sum[32]
//! header   := "draftkeep keys\0" version:u8=1 function:u8=1 lanes:u8 memory KiB:u32 passes:u32 salt[16]      big-endian
//! ```
//!
//! The sum is there to tell damage from a wrong passphrase, before anything is computed. It protects from nobody: all of the header is
//! associated with the envelope, and makes the key that opens it.

use super::cost::Cost;
use super::error::KeyFileError;
use crate::fault;

const MAGIC: &[u8; 15] = b"draftkeep keys\0";
const VERSION: u8 = 1;

/// Argon2id, version 1.3.
const FUNCTION: u8 = 1;

pub(super) const SALT_LEN: usize = 16;
const COST_AT: usize = MAGIC.len() + 2;
const SALT_AT: usize = COST_AT + 1 + 4 + 4;
pub(super) const HEADER_LEN: usize = SALT_AT + SALT_LEN;
pub(super) const SUM_LEN: usize = 32;

/// The most bytes that a key file has.
pub(super) const LEN_MAX: usize = 16 << 20;

/// The parts of a key file whose cost is not below the floor.
#[derive(Debug)]
pub(super) struct Header<'a> {
    pub(super) cost: Cost,
    pub(super) salt: [u8; SALT_LEN],
    /// All of it, as it is associated.
    pub(super) bytes: &'a [u8],
    pub(super) envelope: &'a [u8],
}

impl<'a> Header<'a> {
    pub(super) fn parse(file: &'a [u8]) -> Result<Self, KeyFileError> {
        if file.len() > LEN_MAX {
            return Err(KeyFileError::TooLong { len: file.len() });
        }
        let rest = file.strip_prefix(MAGIC).ok_or(KeyFileError::NotAKeyFile)?;
        let cut = KeyFileError::Damaged { reason: "it is cut off" };
        // What comes after the version is another release's business.
        if *rest.first().ok_or_else(|| cut.clone())? != VERSION {
            return Err(KeyFileError::TooNew);
        }
        let (summed, sum) = file.split_last_chunk::<SUM_LEN>().ok_or_else(|| cut.clone())?;
        let (bytes, envelope) = summed.split_at_checked(HEADER_LEN).ok_or(cut)?;
        if blake3::hash(summed) != *sum {
            return Err(KeyFileError::Damaged { reason: "its bytes are not those that were stored" });
        }
        if bytes[MAGIC.len() + 1] != FUNCTION {
            return Err(KeyFileError::TooNew);
        }
        let number = |at: usize| bytes[at..at + 4].iter().fold(0, |number, byte| number << 8 | u32::from(*byte));
        let cost = Cost::new(number(COST_AT + 1), number(COST_AT + 5), bytes[COST_AT])?;
        let mut salt = [0; SALT_LEN];
        salt.copy_from_slice(&bytes[SALT_AT..]);
        Ok(Self { cost, salt, bytes, envelope })
    }

    /// What the envelope is sealed for.
    pub(super) fn place(&self) -> Vec<u8> {
        place(self.bytes)
    }
}

pub(super) fn place(header: &[u8]) -> Vec<u8> {
    let header = if fault::on("key-file-header-not-associated") { &[][..] } else { header };
    [b"draftkeep 1 key file\0", header].concat()
}

pub(super) fn encode(cost: Cost, salt: [u8; SALT_LEN]) -> Vec<u8> {
    let mut bytes = Vec::with_capacity(HEADER_LEN);
    bytes.extend_from_slice(MAGIC);
    bytes.extend_from_slice(&[VERSION, FUNCTION, cost.lanes()]);
    bytes.extend_from_slice(&cost.memory_kib().to_be_bytes());
    bytes.extend_from_slice(&cost.passes().to_be_bytes());
    bytes.extend_from_slice(&salt);
    bytes
}

/// The same with its sum.
pub(super) fn summed(mut file: Vec<u8>) -> Vec<u8> {
    let sum = blake3::hash(&file);
    file.extend_from_slice(sum.as_bytes());
    file
}
