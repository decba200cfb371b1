//! What the tests share: hubs behind real sockets.

#![allow(dead_code, unused_imports, reason = "each test uses a part of it")]

mod server;

pub(crate) use server::*;
