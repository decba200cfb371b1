//! A client among strangers: whatever is at the hub's address or in between, a device takes nothing for the hub's answer that is
//! not, waits for nobody for ever, and its transport stays usable. Every peer here is a real socket.

#[path = "../common/mod.rs"]
mod common;

mod altered;
mod late;
mod stranger;
mod table;
mod tokens;
