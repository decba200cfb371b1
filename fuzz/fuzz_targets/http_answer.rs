//! An arbitrary answer that a device gets over HTTP: no panic, nobody but a hub decides anything, and what is said of it is short and
//! harmless.

#![no_main]

use draftkeep_http::fuzzing;
use libfuzzer_sys::fuzz_target;

const NAMES: &[&str] = &[
    "content-type",
    "date",
    "draftkeep-proof",
    "draftkeep-protocol",
    "draftkeep-request",
    "location",
    "retry-after",
    "x-other",
];

/// What decides something, and everything else.
const STATUSES: &[u16] = &[200, 204, 300, 301, 302, 307, 308, 401, 403, 408, 413, 425, 426, 429, 500, 503];

fuzz_target!(|data: &[u8]| {
    let [flags, status, rest @ ..] = data else { return };
    let status = STATUSES.get(usize::from(*status)).copied().unwrap_or(100 + u16::from(*status) * 3);
    let mut parts = rest.split(|byte| *byte == 0);
    let body = parts.next().unwrap_or_default();
    let headers: Vec<(&str, &[u8])> = parts
        .filter_map(|part| part.split_first())
        .map(|(name, value)| (NAMES[usize::from(*name) % NAMES.len()], value))
        .take(20)
        .collect();
    let body = (flags & 4 == 0).then_some(body);
    fuzzing::verdict(status, &headers, body, flags & 1 == 1, flags & 2 == 2);
    // A body may have zeros in it.
    fuzzing::verdict(status, &[], Some(rest), flags & 1 == 1, flags & 2 == 2);
});
