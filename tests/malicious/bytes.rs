//! Answers as bytes that are none, or of another version. What carries them says so, as a device would be told over a network.

use crate::behaviour::Behaviour;
use crate::liar::{Told, Turn};
use draftkeep::transport::{Answer, TransportError, TransportErrorKind};

pub(crate) const BYTES: &[Behaviour] = &[
    Behaviour::says("speaks a later version", |turn| carried(turn, |bytes| bytes[12] = 2), "cannot be reached"),
    Behaviour::says(
        "cuts its answers",
        |turn| carried(turn, |bytes| bytes.truncate(bytes.len() / 2)),
        "cannot be reached",
    ),
    Behaviour::says("answers with nothing", |turn| carried(turn, Vec::clear), "cannot be reached"),
    Behaviour::says("gives the request back", request_back, "cannot be reached"),
    Behaviour::says(
        "changes a byte under an old hash",
        |turn| carried(turn, |bytes| bytes[40] ^= 1),
        "cannot be reached",
    ),
    Behaviour::says("repeats a field", |turn| carried(turn, repeated), "cannot be reached"),
    Behaviour::says("claims a field longer than its message", |turn| carried(turn, too_long), "cannot be reached"),
    Behaviour::unseen("adds fields that nobody knows", |turn| carried(turn, unknown_field)),
];

const HASH: usize = 32;

fn carried(turn: &mut Turn<'_>, change: fn(&mut Vec<u8>)) -> Told {
    let truth = turn.truth().to_bytes().expect("what a hub says can be sent");
    let mut bytes = truth.clone();
    change(&mut bytes);
    turn.has_other_bytes = bytes != truth;
    arrived(&bytes)
}

fn arrived(bytes: &[u8]) -> Told {
    Answer::from_bytes(bytes).map_err(|error| {
        let kind = TransportErrorKind::NotAHub { what: "it is no message".to_owned() };
        TransportError::new(kind).because(error)
    })
}

fn request_back(turn: &mut Turn<'_>) -> Told {
    arrived(&turn.request.to_bytes().expect("it was sent"))
}

/// Another record under a right hash.
fn behind(bytes: &mut Vec<u8>, field: &[u8]) {
    bytes.truncate(bytes.len() - HASH);
    bytes.extend(field);
    let hash = blake3::hash(bytes);
    bytes.extend(hash.as_bytes());
}

fn repeated(bytes: &mut Vec<u8>) {
    behind(bytes, &[1, 1, 0]);
}

fn too_long(bytes: &mut Vec<u8>) {
    behind(bytes, &[100, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 1]);
}

fn unknown_field(bytes: &mut Vec<u8>) {
    behind(bytes, &[100, 3, b'n', b'e', b'w']);
}
