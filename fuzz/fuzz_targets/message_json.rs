//! Arbitrary text as a message in JSON: no panic, and what can be read survives being written again, as JSON and as bytes.

#![no_main]

use draftkeep::fuzzing;
use libfuzzer_sys::fuzz_target;

fuzz_target!(|data: &[u8]| fuzzing::json(data));
