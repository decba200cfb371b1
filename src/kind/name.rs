//! The name of a kind.

use std::fmt;
use std::marker::PhantomData;

/// The longest name of a kind, in bytes.
pub(crate) const KIND_MAX: usize = 64;

/// Names a type of documents within the application. Two kinds may share one Rust type.
///
/// ```
/// use draftkeep::{Kind, Value};
///
/// const POST: Kind<String> = Kind::new("post");
/// const PAGE: Kind<String> = Kind::new("page");
/// const ANYTHING: Kind<Value> = Kind::new("anything");
/// assert_eq!(POST.name(), "post");
/// ```
pub struct Kind<T> {
    name: &'static str,
    document: PhantomData<fn() -> T>,
}

impl<T> Kind<T> {
    /// The kind with this name, of 1 to 64 bytes. The name is stored with every draft; it cannot change later.
    #[must_use]
    pub const fn new(name: &'static str) -> Self {
        Self { name, document: PhantomData }
    }

    /// Its name.
    #[must_use]
    pub const fn name(&self) -> &'static str {
        self.name
    }
}

impl<T> Clone for Kind<T> {
    fn clone(&self) -> Self {
        *self
    }
}

impl<T> Copy for Kind<T> {}

impl<T> fmt::Debug for Kind<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Kind").field(&self.name).finish()
    }
}
