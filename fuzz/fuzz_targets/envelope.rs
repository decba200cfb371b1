//! Arbitrary bytes as an envelope, and a text sealed and changed: it opens for its place where nothing was changed, and else not.

#![no_main]

use draftkeep::fuzzing;
use libfuzzer_sys::fuzz_target;

fuzz_target!(|data: &[u8]| fuzzing::envelope(data));
