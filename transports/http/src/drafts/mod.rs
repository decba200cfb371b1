//! placeholder

mod answer;
mod api;
mod authenticate;
mod call;
mod conflicts;
mod content;
mod errors;
mod history;
mod json;
mod kinds;
mod lists;
mod moved;
mod openapi;
mod params;
mod phases;
mod problem;
mod routes;
mod saving;
mod schemas;
mod serve;
mod shown;
mod slots;
mod tag;

pub use api::DraftsApi;
pub use authenticate::{Authenticate, Authenticating, Denied, Owner, OwnerError};
pub use kinds::{DocumentKind, Invalid};
