//! What one guess at a passphrase costs.

use super::error::KeyFileError;
use super::header::Header;
use crate::fault;

/// What one try of a passphrase costs, whoever makes it: memory, and how often all of it is written anew, by Argon2id.
///
/// Whoever has a key file can try passphrases on machines of their own; what protects a passphrase that could be guessed is that each try
/// takes this much. The cost is stored in the file and read from there.
///
/// ```
/// use draftkeep::seal::{Cost, KeyFileError};
///
/// assert_eq!(Cost::default(), Cost::recommended());
/// assert_eq!(Cost::new(65_536, 3, 4), Ok(Cost::recommended()));
/// assert!(matches!(Cost::new(1_024, 1, 1), Err(KeyFileError::TooCheap { .. })));
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Cost {
    memory_kib: u32,
    passes: u32,
    lanes: u8,
}

/// With one pass, and with more: the smallest of what OWASP calls equal with one and with two passes.
const MEMORY_KIB_MIN: (u32, u32) = (47_104, 19_456);

/// So much may be asked for at all: 4 GiB, and four passes over them.
const MOST: Cost = Cost { memory_kib: 1 << 22, passes: 4, lanes: 1 };

impl Cost {
    /// What a file may ask for where nothing else was allowed: four passes over 256 MiB.
    pub(super) const UNASKED: Self = Self { memory_kib: 1 << 18, passes: 4, lanes: 1 };

    /// Three passes over 64 MiB in four lanes: what RFC 9106 (section 4) recommends where the memory of a server cannot be had. The default.
    #[must_use]
    pub const fn recommended() -> Self {
        Self { memory_kib: 1 << 16, passes: 3, lanes: 4 }
    }

    /// Two passes over 19 MiB in one lane: the least that the OWASP Password Storage Cheat Sheet accepts, for the smallest of devices. It is also
    /// the least that is accepted here.
    #[must_use]
    pub const fn least() -> Self {
        Self { memory_kib: MEMORY_KIB_MIN.1, passes: 2, lanes: 1 }
    }

    /// One pass over 2 GiB in four lanes: what RFC 9106 (section 4) recommends first. All devices that are to open the file need that much
    /// memory, and have to [allow it](super::super::MemoryKeyRing::unlock_up_to).
    #[must_use]
    pub const fn high() -> Self {
        Self { memory_kib: 1 << 21, passes: 1, lanes: 4 }
    }

    /// So many passes over so much memory, in so many lanes that somebody with as many processors can fill at once. Here they are filled one after
    /// the other.
    ///
    /// # Errors
    ///
    /// [`TooCheap`](KeyFileError::TooCheap) below 19 MiB (46 MiB with a single pass), with no pass or no lane.
    /// [`TooCostly`](KeyFileError::TooCostly) above 4 GiB, or above four times that for all passes together.
    pub fn new(memory_kib: u32, passes: u32, lanes: u8) -> Result<Self, KeyFileError> {
        let cost = Self { memory_kib, passes, lanes };
        let memory_kib_min = if passes == 1 { MEMORY_KIB_MIN.0 } else { MEMORY_KIB_MIN.1 };
        let is_too_cheap = memory_kib < memory_kib_min || passes == 0 || lanes == 0;
        if is_too_cheap && !fault::on("key-file-cost-floor-unchecked") {
            return Err(KeyFileError::TooCheap { memory_kib, passes });
        }
        cost.within(MOST)
    }

    /// The cost that a key file has, for applications that lock it anew where it is less than they would take today. Opens nothing, and believes the
    /// file: who can write it can write this.
    ///
    /// ```
    /// use draftkeep::clock::SystemEntropy;
    /// use draftkeep::seal::{Cost, Key, MemoryKeyRing};
    ///
    /// let ring = MemoryKeyRing::new(Key::random(&SystemEntropy), Key::random(&SystemEntropy));
    /// let file = ring.lock(b"a horse and a battery", Cost::least(), &SystemEntropy)?;
    /// assert_eq!(Cost::of(&file)?, Cost::least());
    /// # Ok::<(), draftkeep::seal::KeyFileError>(())
    /// ```
    ///
    /// # Errors
    ///
    /// As [`unlock`](super::super::MemoryKeyRing::unlock), for all that can be seen without the passphrase.
    pub fn of(key_file: &[u8]) -> Result<Self, KeyFileError> {
        Header::parse(key_file).map(|header| header.cost)
    }

    /// The memory, in KiB.
    #[must_use]
    pub const fn memory_kib(self) -> u32 {
        self.memory_kib
    }

    /// How often the memory is filled.
    #[must_use]
    pub const fn passes(self) -> u32 {
        self.passes
    }

    /// How many parts of the memory can be filled at once.
    #[must_use]
    pub const fn lanes(self) -> u8 {
        self.lanes
    }

    /// The same, unless it takes more memory than `most`, or more time.
    pub(super) fn within(self, most: Self) -> Result<Self, KeyFileError> {
        let work = |cost: Self| u64::from(cost.memory_kib) * u64::from(cost.passes);
        let is_too_costly = self.memory_kib > most.memory_kib || work(self) > work(most);
        if is_too_costly && !fault::on("key-file-cost-ceiling-unchecked") {
            return Err(KeyFileError::TooCostly { memory_kib: self.memory_kib, passes: self.passes, most });
        }
        Ok(self)
    }
}

/// [`Cost::recommended`].
impl Default for Cost {
    fn default() -> Self {
        Self::recommended()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_has_a_name_is_within_the_bounds_and_what_is_beyond_them_is_refused() {
        for cost in [Cost::recommended(), Cost::least(), Cost::high(), Cost::UNASKED, MOST] {
            assert_eq!(Cost::new(cost.memory_kib, cost.passes, cost.lanes), Ok(cost));
        }
        let refused = |memory_kib, passes, lanes| Cost::new(memory_kib, passes, lanes).unwrap_err();
        for (memory_kib, passes, lanes) in [(19_455, 2, 1), (47_103, 1, 1), (65_536, 0, 1), (65_536, 3, 0), (0, 9, 1)] {
            assert_eq!(refused(memory_kib, passes, lanes), KeyFileError::TooCheap { memory_kib, passes });
        }
        for (memory_kib, passes) in [(u32::MAX, u32::MAX), (1 << 22, 5), ((1 << 22) + 1, 1), (19_456, 900)] {
            assert_eq!(refused(memory_kib, passes, 1), KeyFileError::TooCostly { memory_kib, passes, most: MOST });
        }
    }

    #[test]
    fn neither_more_memory_nor_more_time_is_within() {
        let most = Cost::new(65_536, 3, 4).unwrap();
        for (memory_kib, passes, is_within) in
            [(65_536, 3, true), (65_536, 4, false), (65_537, 1, false), (49_152, 4, true), (49_152, 5, false)]
        {
            let cost = Cost::new(memory_kib, passes, 200).unwrap();
            assert_eq!(cost.within(most).is_ok(), is_within, "{cost:?}");
        }
    }
}
