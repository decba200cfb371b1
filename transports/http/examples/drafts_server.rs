//! A server of drafts.
fn main() {}
