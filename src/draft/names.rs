//! Names that an application gives, checked before anything is written.

use crate::error::{ErrorKind, Failure};

/// The longest name of a checkpoint or an outcome, in bytes.
pub(crate) const NAME_MAX: usize = 256;

pub(crate) fn check(what: &'static str, name: &[u8], limit: usize) -> Result<(), Failure> {
    if name.is_empty() || name.len() > limit {
        return Err(ErrorKind::Name { what, limit, got: name.len() }.into());
    }
    Ok(())
}
