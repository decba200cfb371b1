//! A hub for many devices, behind an address.
//!
//! | file | what it holds |
//! |---|---|
//! | `service` | [`HubService`]: what is put behind an address, and the routes |
//! | `limits` | how much of everything is let in |
//! | `shared` | what all requests have in common |
//! | `front` | what every request goes through: trace, marks, problems, counting |
//! | `door` | who is asking, and may they: rates, token, right |
//! | `grant`, `authenticate`, `token_file` | what a token gives, who says so, and a file that does |
//! | `body` | a request's bytes, with limits and deadlines |
//! | `disk` | asking a hub without holding up the runtime |
//! | `query` | the parameters of an address: known numbers, and never a token |
//! | `sync`, `status`, `earlier`, `events`, `observe` | the routes |
//! | `problem` | what went wrong, as RFC 9457 writes it |
//! | `bucket` | how often somebody may ask |
//! | `metrics` | what is counted |
//! | `tasks`, `listen`, `connections`, `head`, `stream`, `tls` | sockets, their limits, what they refuse, and an end that loses nothing |

mod authenticate;
mod body;
mod bucket;
mod connections;
mod disk;
mod door;
mod earlier;
mod events;
mod front;
mod grant;
mod head;
mod limits;
mod listen;
mod metrics;
mod observe;
mod problem;
mod query;
mod service;
mod shared;
mod status;
mod stream;
mod sync;
mod tasks;
mod tls;
#[cfg(not(fuzzing))]
mod token_file;
#[cfg(fuzzing)]
pub mod token_file;

pub use authenticate::{Authenticate, Denied, Everybody};
pub use bucket::Rate;
pub use grant::{Grant, Rights, Spaces};
pub use limits::Limits;
pub use listen::{Listener, ListenerOptions, Served};
pub use service::HubService;
pub use tls::{CertificateError, Tls};
pub use token_file::{Issued, TokenFile, TokenFileError, TokenInfo, TokenWish};
