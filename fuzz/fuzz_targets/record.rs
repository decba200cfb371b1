//! Arbitrary bytes as every row, header and record: no panic, and what can be read survives being written again.

#![no_main]

use draftkeep::fuzzing;
use libfuzzer_sys::fuzz_target;

fuzz_target!(|data: &[u8]| {
    fuzzing::rows(data);
    fuzzing::hub_rows(data);
    fuzzing::record(data);
});
