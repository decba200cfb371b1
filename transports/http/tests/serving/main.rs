//! A server among clients: who is let in, how much of everything, what is said of what is refused, and how it ends. Everything goes
//! over real sockets, as bytes that this test writes and reads itself where the client would be too polite.

#[path = "../common/mod.rs"]
mod common;

mod earlier;
mod ending;
mod entering;
mod events;
mod held;
mod json;
mod limits;
mod messages;
mod raw;
mod shapes;
mod stores;
mod tenants;
