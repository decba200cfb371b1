//! Entry points for a fuzzer: arbitrary bytes as the rows of a hub.

#![allow(missing_docs, unreachable_pub, clippy::missing_panics_doc)]

use super::body_row::BodyRow;
use super::rows::{DraftRow, FeedRow, HubRow, SpaceRow};

/// Decodes, and where that works encodes and decodes again.
macro_rules! survives {
    ($data:expr, $row:ty) => {
        if let Ok(row) = <$row>::decode($data) {
            assert_eq!(<$row>::decode(&row.encode()).as_ref(), Ok(&row));
        }
    };
}

pub fn hub_rows(data: &[u8]) {
    survives!(data, HubRow);
    survives!(data, SpaceRow);
    survives!(data, DraftRow);
    survives!(data, FeedRow);
    survives!(data, BodyRow);
}
