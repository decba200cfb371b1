//! Arbitrary bytes as a key file, and a ring locked and changed, with a sum that fits: no panic, no cost out of bounds, no keys that were not locked.

#![no_main]

use draftkeep::fuzzing;
use libfuzzer_sys::fuzz_target;

fuzz_target!(|data: &[u8]| fuzzing::key_file(data));
