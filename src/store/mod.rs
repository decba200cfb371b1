//! The store: what a space keeps on a storage.

mod history;
