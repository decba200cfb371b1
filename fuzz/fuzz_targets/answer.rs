//! Arbitrary bytes as an answer that a device gets: no panic, and what can be read survives being written again.

#![no_main]

use draftkeep::fuzzing;
use libfuzzer_sys::fuzz_target;

fuzz_target!(|data: &[u8]| fuzzing::answer(data));
