//! Arbitrary bytes as deltas, anchors and packs, and arbitrary histories written and read again.

#![no_main]

use draftkeep::fuzzing::history;
use libfuzzer_sys::fuzz_target;

fuzz_target!(|data: &[u8]| {
    let Some((choice, data)) = data.split_first() else { return };
    match choice % 5 {
        0 => history::anchor(data),
        1 => history::delta(data),
        2 => history::delta_round_trip(data),
        3 => history::pack(data),
        _ => history::pack_round_trip(data),
    }
});
