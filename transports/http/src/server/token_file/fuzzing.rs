//! Entry point for a fuzzer: arbitrary bytes as a file of tokens, and a token that is held against it.

#![allow(missing_docs, unreachable_pub, clippy::missing_panics_doc)]

use super::{entry, list};
use crate::server::Denied;
use draftkeep::clock::Timestamp;

/// Half of the bytes are the file, the rest is a token: no file gives a right that its lines do not spell out, and what was read is
/// the same after it was written again.
pub fn tokens(file: &str, token: &str) {
    let Ok(entries) = list::parse(file) else { return };
    for (line, value) in file.lines().filter(|line| !line.trim().is_empty()).map(|line| (line, line.parse())) {
        let value: serde_json::Value = value.expect("what was read is JSON");
        let object = value.as_object().expect("a line is an object");
        let known = ["id", "hash", "name", "spaces", "rights", "metrics", "made_ms", "expires_ms", "revoked_ms"];
        assert!(object.keys().all(|key| known.contains(&key.as_str())), "{line}");
        let info = entries[object["id"].as_str().expect("an id")].info();
        assert_eq!(object["rights"] == "write", info.grant.rights() == crate::Rights::Write, "{line}");
        assert_eq!(object["spaces"] == "*", *info.grant.spaces() == crate::Spaces::All, "{line}");
        assert_eq!(object.get("metrics").is_some_and(|metrics| *metrics == true), info.grant.sees_metrics(), "{line}");
    }
    let written = list::print(&entries).expect("what was read can be written");
    assert_eq!(list::parse(&written).expect("what was written can be read"), entries);

    let found = entry::id(token).and_then(|id| entries.get(id));
    if let Some(entry) = found {
        let is_it = blake3::hash(token.as_bytes()).to_hex().as_str() == entry.hash;
        let checked = entry.check(token, Timestamp::from_millis(1_000));
        assert_eq!(
            checked.is_ok(),
            is_it && entry.revoked_ms.is_none() && entry.expires_ms.is_none_or(|end| end > 1_000)
        );
        assert!(is_it || checked == Err(Denied::Unknown));
    }
}
