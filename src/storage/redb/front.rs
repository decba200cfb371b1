//! The first page of a store, which is ours.
//!
//! It lies before everything that the engine sees, so that a file can be told to be a store, and one that this release
//! understands, by looking at it: before the engine, which may write when it opens, gets to see it.
//!
//! | bytes | what |
//! |---|---|
//! | 0..16 | magic |
//! | 16..20 | format number, little-endian; this release writes and reads 1 |
//! | 20..32 | zero |
//! | 32..64 | BLAKE3 of the 32 bytes before |
//! | 64..2048 | zero |
//! | 2048..2112 | the same 64 bytes again, so that one bad sector does not make a store unrecognisable |
//! | 2112..4096 | zero |
//!
//! It is written once, last of all at creation, after the engine's part is durable.

use crate::fault;
use crate::storage::{Disk, StorageError, StorageErrorKind};

/// The length of the front page: the engine's pages keep their alignment behind it.
pub(super) const LEN: u64 = 4096;

const MAGIC: &[u8; 16] = b"draftkeep\x1a\r\n\xf4\x9d\x00\n";
const FORMAT: u32 = 1;
const STAMP: usize = 64;
const COPIES: [u64; 2] = [0, 2048];

/// Recognises a store without writing.
///
/// # Errors
///
/// [`NotAStore`](StorageErrorKind::NotAStore) without our magic, [`TooNew`](StorageErrorKind::TooNew) with a larger
/// format number, [`Corrupt`](StorageErrorKind::Corrupt) where there is magic but no whole stamp.
pub(super) fn recognise(disk: &dyn Disk) -> Result<(), StorageError> {
    let len = disk.len().map_err(super::convert::from_io)?;
    if len < LEN {
        let what = if len == 0 { "empty".to_owned() } else { format!("{len} bytes without a store's beginning") };
        return Err(StorageErrorKind::NotAStore { what }.into());
    }
    let mut damaged = false;
    for offset in COPIES {
        let mut stamp = [0; STAMP];
        disk.read(offset, &mut stamp).map_err(super::convert::from_io)?;
        match format_of(&stamp) {
            Stamp::Format(FORMAT) => return Ok(()),
            Stamp::Format(_) if fault::on("newer-format-taken") => return Ok(()),
            Stamp::Format(found) => return Err(StorageErrorKind::TooNew { found, supported: FORMAT }.into()),
            Stamp::Damaged => damaged = true,
            Stamp::Foreign => {}
        }
    }
    Err(if damaged {
        StorageErrorKind::Corrupt { what: "the store's first page".to_owned() }.into()
    } else {
        StorageErrorKind::NotAStore { what: "other data".to_owned() }.into()
    })
}

/// Writes the stamp; durable with the next sync.
pub(super) fn write(disk: &dyn Disk) -> Result<(), StorageError> {
    let stamp = stamp(FORMAT);
    COPIES.iter().try_for_each(|offset| disk.write(*offset, &stamp).map_err(super::convert::from_io))
}

/// Whether this may be what an interrupted creation left: nothing, no first page yet, or a whole store that did not get
/// its name. Only such a file may be begun anew.
pub(super) fn could_be_half_made(disk: &dyn Disk) -> Result<bool, StorageError> {
    let len = disk.len().map_err(super::convert::from_io)?;
    if recognise(disk).is_ok() || len == 0 {
        return Ok(true);
    }
    let mut page = vec![0; usize::try_from(len.min(LEN)).unwrap_or_default()];
    disk.read(0, &mut page).map_err(super::convert::from_io)?;
    // After a power cut the first copy of the stamp may be there without the second, or a part of it.
    let stamp = stamp(FORMAT);
    Ok(page.chunks(2048).all(|half| {
        let (head, tail) = half.split_at(half.len().min(STAMP));
        head.iter().zip(&stamp).all(|(byte, ours)| *byte == 0 || byte == ours) && tail.iter().all(|byte| *byte == 0)
    }))
}

enum Stamp {
    Format(u32),
    Damaged,
    Foreign,
}

fn format_of(bytes: &[u8; STAMP]) -> Stamp {
    if !bytes.starts_with(MAGIC) {
        return Stamp::Foreign;
    }
    let found = u32::from_le_bytes([bytes[16], bytes[17], bytes[18], bytes[19]]);
    // A newer format may use the bytes that are zero now, but it keeps magic, number and hash where they are.
    if blake3::hash(&bytes[..32]).as_bytes() == &bytes[32..] && found > 0 {
        Stamp::Format(found)
    } else {
        Stamp::Damaged
    }
}

fn stamp(format: u32) -> [u8; STAMP] {
    let mut bytes = [0; STAMP];
    bytes[..16].copy_from_slice(MAGIC);
    bytes[16..20].copy_from_slice(&format.to_le_bytes());
    let hash = blake3::hash(&bytes[..32]);
    bytes[32..].copy_from_slice(hash.as_bytes());
    bytes
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::storage::MemoryDisk;

    fn stamped(format: u32) -> Vec<u8> {
        let mut image = vec![0; 4096];
        for at in [0, 2048] {
            image[at..at + STAMP].copy_from_slice(&stamp(format));
        }
        image
    }

    #[test]
    fn a_store_is_recognised_by_either_copy() {
        for damaged in [0, 2048] {
            let mut image = stamped(FORMAT);
            image[damaged..damaged + 512].fill(0xff);
            assert!(recognise(&MemoryDisk::from_image(image)).is_ok());
        }
    }

    #[test]
    fn a_newer_format_is_named() {
        let error = recognise(&MemoryDisk::from_image(stamped(7))).unwrap_err();
        assert_eq!(error.kind(), &StorageErrorKind::TooNew { found: 7, supported: 1 });
    }

    #[test]
    fn a_damaged_stamp_is_damage_and_not_a_foreign_file() {
        let mut image = stamped(FORMAT);
        image[16] ^= 1;
        image[2048 + 40] ^= 1;
        let error = recognise(&MemoryDisk::from_image(image)).unwrap_err();
        assert!(matches!(error.kind(), StorageErrorKind::Corrupt { .. }));
    }
}
