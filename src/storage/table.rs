//! The name of a table.

/// The number of a table, one of 256.
///
/// Tables are separate key spaces: a key in one says nothing about the same key in another. A table needs no creation;
/// one that was never written is empty.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Table(u8);

impl Table {
    /// Names the table with this number.
    #[must_use]
    pub const fn new(number: u8) -> Self {
        Self(number)
    }

    /// Returns its number.
    #[must_use]
    pub const fn number(self) -> u8 {
        self.0
    }
}
