//! Entry points for a fuzzer: each takes arbitrary bytes and panics where a promise of this room does not hold.
//!
//! What can be decoded is the same after it was encoded again: no release rewrites a row into another one.

#![allow(missing_docs, unreachable_pub, clippy::missing_panics_doc)]

use super::audit::AuditEntry;
use super::audit::state::AuditRow;
use super::erase::marker::ErasedRow;
use super::points::PointRow;
use super::record;
use super::remote::rows::{OwedRow, RemoteRow};
use super::rows::{HeadRow, ListRow, Local, MetaRow, SlotRow, SpaceRow, VersionRow, decode_space_no, encode_space_no};
use super::sealing::row::KeysRow;
use crate::revision::{Header, Meta};
use crate::storage::Table;
use crate::vector::VersionVector;

/// Decodes, and where that works encodes and decodes again.
macro_rules! survives {
    ($data:expr, $row:ty) => {
        if let Ok(row) = <$row>::decode($data) {
            assert_eq!(<$row>::decode(&row.encode()).as_ref(), Ok(&row));
        }
    };
}

pub fn rows(data: &[u8]) {
    survives!(data, MetaRow);
    survives!(data, SpaceRow);
    survives!(data, VersionRow);
    survives!(data, HeadRow);
    survives!(data, SlotRow);
    survives!(data, ListRow);
    survives!(data, PointRow);
    survives!(data, AuditRow);
    survives!(data, OwedRow);
    survives!(data, RemoteRow);
    survives!(data, ErasedRow);
    survives!(data, KeysRow);
    survives!(data, Local);
    survives!(data, Header);
    survives!(data, Meta);
    #[cfg(feature = "redb")]
    survives!(data, super::identity::Claim);
    // It is never written anew, so that nothing has to survive but the reader.
    let _ = AuditEntry::decode(1, data);
    if let Ok(space) = decode_space_no(data) {
        assert_eq!(decode_space_no(&encode_space_no(space)), Ok(space));
    }
    if let Ok(vector) = VersionVector::decode(1, data) {
        assert_eq!(vector.encode(), data, "a vector has one form");
    }
}

pub fn record(data: &[u8]) {
    let Some((&[table, split], rest)) = data.split_first_chunk::<2>() else { return };
    let (key, value) = rest.split_at(usize::from(split).min(rest.len()));
    let table = Table::new(table);
    // May well succeed: a fuzzer that watches comparisons learns the hash.
    let _ = record::open(table, key, value.to_vec());
    let sealed = record::seal(table, key, value.to_vec());
    assert!(record::open(table, key, sealed).is_ok_and(|opened| opened == value));
}
