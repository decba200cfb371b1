//! Arbitrary bytes as a request that a hub gets: no panic, and what can be read survives being written again.

#![no_main]

use draftkeep::fuzzing;
use libfuzzer_sys::fuzz_target;

fuzz_target!(|data: &[u8]| fuzzing::request(data));
