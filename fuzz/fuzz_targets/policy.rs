//! Arbitrary bytes as a policy: no panic; what is accepted is written as it was read, and has one digest.

#![no_main]

use draftkeep::merge::Policy;
use libfuzzer_sys::fuzz_target;

fuzz_target!(|json: &[u8]| {
    match Policy::from_json(json, &[]) {
        Ok(policy) => {
            let written = policy.to_json();
            let read = Policy::from_json(&written, &[]).expect("what was written can be read");
            assert_eq!((read.to_json(), read.digest()), (written, policy.digest()));
        }
        Err(error) => drop(error.to_string()),
    }
});
