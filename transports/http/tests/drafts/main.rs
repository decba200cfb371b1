//! The REST drafts API over a real socket, with a real client; one file per subject.

#[path = "../common/mod.rs"]
mod common;
mod describing;
mod failing;
mod phases;
mod program;
mod racing;
mod reading;
mod refusing;
mod restarting;
mod saving;
mod slots;
mod sockets;
mod tenants;
mod world;
