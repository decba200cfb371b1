//! Patches that others send: JSON Patch (RFC 6902) and JSON Merge Patch (RFC 7396).
//!
//! | file | what it holds |
//! |---|---|
//! | `operation` | a patch and its operations |
//! | `form` | a patch as JSON, read and written |
//! | `apply` | a document and a patch to the patched document, within the limits |
//! | `place` | where a pointer leads, and where it stops |
//! | `size` | what a value takes of the limits, counted and not written |
//! | `between` | a patch from two documents |
//! | `merge` | merge patches, applied and made |
//! | `error`, `found` | what is told of a patch that does not fit |

mod apply;
mod between;
mod error;
mod form;
mod found;
mod merge;
mod operation;
mod place;
mod size;

pub use error::{PatchError, PatchErrorKind};
pub use found::Found;
pub use merge::{merge_patch, merge_patch_between, merge_patch_with};
pub use operation::{Operation, Patch};
