//! What the tests share: hubs behind real sockets.

#![allow(dead_code, unused_imports, reason = "each test uses a part of it")]

mod heads;
mod server;

pub(crate) use heads::*;
pub(crate) use server::*;
