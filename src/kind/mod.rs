//! Kinds: named types of documents, and what the application says about them.
//!
//! | file | what it holds |
//! |---|---|
//! | `name` | [`Kind`]: the name and the Rust type |
//! | `schema` | [`Schema`]: version, migrations, policy, label and validators, as the application gives them |
//! | `any` | the same checked, whatever its type |
//! | `checks` | documents held against the application's validators |
//! | `secret` | kinds whose documents are secrets |
//! | `json_schema` | a validator made of a JSON Schema |

mod any;
mod checks;
#[cfg(feature = "jsonschema")]
mod json_schema;
mod name;
mod schema;
mod secret;

pub(crate) use any::AnySchema;
pub(crate) use name::KIND_MAX;
pub use name::Kind;
pub use schema::{MigrationResult, Schema};
pub use secret::SecretSync;
