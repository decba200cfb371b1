//! What may be tuned.

/// What may be tuned in a [`RedbStorage`](super::RedbStorage). Nothing here changes what is stored.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Tuning {
    cache: usize,
}

impl Tuning {
    /// The cache's size unless told otherwise: 16 MiB.
    pub const DEFAULT_CACHE: usize = 16 << 20;

    /// Begins with the defaults.
    #[must_use]
    pub const fn new() -> Self {
        Self { cache: Self::DEFAULT_CACHE }
    }

    /// Sets how many bytes of pages are kept in memory. Half of it is open to the pages of a commit under way; a larger
    /// commit writes earlier, which costs nothing in safety.
    #[must_use]
    pub const fn cache(self, bytes: usize) -> Self {
        Self { cache: bytes }
    }

    pub(super) const fn cache_bytes(self) -> usize {
        self.cache
    }
}

impl Default for Tuning {
    fn default() -> Self {
        Self::new()
    }
}
