//! The way to a hub behind an address.
//!
//! | file | what it holds |
//! |---|---|
//! | `transport` | [`HttpTransport`]: what a [`Syncer`](draftkeep::sync::Syncer) is given |
//! | `earlier` | what the hub keeps of earlier states |
//! | `options` | how it behaves: token, deadlines, whom it trusts |
//! | `address` | where the hub is, checked |
//! | `token` | what says who is asking, and how it is renewed |
//! | `runner` | the thread that does the waiting |
//! | `exchange` | one request there and one answer back, with a deadline for each part of the way |
//! | `upload` | the body of a request, which tells how far it is |
//! | `verdict` | the table of answers: what each one means for a device |
//! | `tls` | whom to believe |

mod address;
mod earlier;
mod exchange;
#[cfg(fuzzing)]
pub mod fuzzing;
mod options;
mod runner;
mod tls;
mod token;
mod transport;
mod upload;
mod verdict;

pub use address::AddressError;
pub use exchange::Deadline;
pub use options::HttpOptions;
pub use tls::TrustError;
pub use token::{Token, TokenError};
pub use transport::{HttpTransport, OpenError};
pub use verdict::{ClockSkew, Said};
