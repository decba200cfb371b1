//! Arbitrary text as a file of tokens, and a token held against it: no panic, no right that no line spells out, and what can be read
//! survives being written again.

#![no_main]

use draftkeep_http::fuzzing;
use libfuzzer_sys::fuzz_target;

fuzz_target!(|data: &[u8]| {
    let text = String::from_utf8_lossy(data);
    let (token, file) = text.split_once('\u{0}').unwrap_or(("", &text));
    fuzzing::tokens(file, token);
    // The same token, and a file that has it.
    let id = "0011223344556677";
    let token = format!("dk_{id}_{}", "9f".repeat(32));
    let hash = blake3::hash(token.as_bytes()).to_hex();
    let line = format!(r#"{{"id":"{id}","hash":"{hash}","name":"a","made_ms":1,{file}}}"#);
    fuzzing::tokens(&line, &token);
    fuzzing::tokens(&line, &token.replacen("9f", "9e", 1));
});
