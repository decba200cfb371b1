//! A space as lines of JSON, and back: for keeping elsewhere, for moving, and for what an older application left.
//!
//! | file | what it holds |
//! |---|---|
//! | `format` | the lines: what stands in each, and their bytes |
//! | `options` | what is exported |
//! | `write` | a space becomes lines |
//! | `lines` | lines are read one by one, within bounds, and held against their end |
//! | `revised` | a line becomes a revision again |
//! | `import` | a draft's lines become versions, upon what is here |
//! | `legacy` | documents of an older application become drafts |
//! | `error`, `done` | what a user is told |
//!
//! Nothing here decides what a version is: they are appended as every other one. Knows neither hubs nor how a document is edited.

mod done;
mod error;
mod format;
mod import;
mod legacy;
mod lines;
mod options;
mod revised;
mod write;

pub use done::{Exported, Imported, TakenOver};
pub use error::{ExportError, ImportError, ImportErrorKind};
pub use legacy::Legacy;
pub use options::Export;
