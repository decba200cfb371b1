//! What several messages have in common.
//!
//! ```text
//! position := {"seq": number, "chain": 64 digits}
//! revision := {"id", "draft": to be read, and right where they are there; "header": base64, "body": base64, "chain": [base…]}
//! base     := {"id", "body": base64}
//! marker   := {"draft", "at": ms, "mac": 64 digits}
//! erased   := {"seq", "marker": marker}
//! row      := {"draft", "seq", "main": {"id", "revision": revision (where it fits)}, "forks": [id…]}
//! ```

use super::base64;
use super::members::Members;
use crate::clock::Timestamp;
use crate::id::{DraftId, RevisionId};
use crate::transport::{
    BODY_MAX, Base, CHAIN_MAX, ErasedRow, FORKS_MAX, HEADER_MAX, Main, Marker, Position, Revision, Row, WireError,
};
use crate::value::{Object, Value};
use std::fmt::Display;

pub(super) fn object<const N: usize>(members: [(&'static str, Value); N]) -> Object {
    members.into_iter().collect()
}

/// Sets a member where there is something.
pub(super) fn set(object: &mut Object, name: &'static str, value: Option<impl Into<Value>>) {
    if let Some(value) = value {
        object.insert(name, value.into());
    }
}

pub(super) fn text(id: &impl Display) -> Value {
    id.to_string().into()
}

pub(super) fn ids(ids: &[RevisionId]) -> Value {
    ids.iter().map(text).collect::<Vec<_>>().into()
}

pub(super) fn position(position: &Position) -> Value {
    // Written as an id of the same length is.
    let chain = RevisionId::from_bytes(position.chain);
    object([("seq", position.seq.into()), ("chain", text(&chain))]).into()
}

pub(super) fn read_position(mut members: Members) -> Result<Position, WireError> {
    let chain: RevisionId = members.id("chain")?;
    Ok(Position { seq: members.number("seq")?, chain: *chain.as_bytes() })
}

pub(super) fn revision(revision: &Revision) -> Value {
    let chain = revision
        .chain()
        .iter()
        .map(|base| Value::from(object([("id", text(&base.id)), ("body", base64::encode(&base.body).into())])));
    object([
        ("id", text(&revision.id())),
        ("draft", text(&revision.draft())),
        ("header", base64::encode(revision.header()).into()),
        ("body", base64::encode(revision.body()).into()),
        ("chain", chain.collect::<Vec<_>>().into()),
    ])
    .into()
}

pub(super) fn read_revision(mut members: Members) -> Result<Revision, WireError> {
    let (header, body) = (members.bytes("header", HEADER_MAX)?, members.bytes("body", BODY_MAX)?);
    let revision = Revision::new(header, body)?.with_chain(members.list("chain", CHAIN_MAX, read_base)?)?;
    let is_another = members.optional_id("id")?.is_some_and(|id: RevisionId| id != revision.id())
        || members.optional_id("draft")?.is_some_and(|draft: DraftId| draft != revision.draft());
    if is_another {
        return Err(WireError::Malformed { what: "a revision that is another one than it says" });
    }
    Ok(revision)
}

fn read_base(mut members: Members) -> Result<Base, WireError> {
    Ok(Base { id: members.id("id")?, body: members.bytes("body", BODY_MAX)? })
}

pub(super) fn row(row: &Row) -> Value {
    let mut main = object([("id", text(&row.main.id))]);
    set(&mut main, "revision", row.main.revision.as_ref().map(revision));
    object([("draft", text(&row.draft)), ("seq", row.seq.into()), ("main", main.into()), ("forks", ids(&row.forks))])
        .into()
}

pub(super) fn read_row(mut members: Members) -> Result<Row, WireError> {
    let (draft, mut main) = (members.id("draft")?, members.object("main")?);
    let id = main.id("id")?;
    let revision = main.optional_object("revision")?.map(read_revision).transpose()?;
    if revision.as_ref().is_some_and(|revision: &Revision| revision.id() != id || revision.draft() != draft) {
        return Err(WireError::Malformed { what: "a row with another revision in the place of its main" });
    }
    let forks = members.ids("forks", FORKS_MAX)?;
    Ok(Row { draft, seq: members.number("seq")?, main: Main { id, revision }, forks })
}

pub(super) fn marker(marker: &Marker) -> Value {
    // Written as an id of the same length is.
    let (draft, mac) = (text(&marker.draft), text(&RevisionId::from_bytes(marker.mac)));
    object([("draft", draft), ("at", marker.at.as_millis().into()), ("mac", mac)]).into()
}

pub(super) fn read_marker(mut members: Members) -> Result<Marker, WireError> {
    let mac: RevisionId = members.id("mac")?;
    let at = Timestamp::from_millis(members.number("at")?);
    Ok(Marker { draft: members.id("draft")?, at, mac: *mac.as_bytes() })
}

pub(super) fn erased(row: &ErasedRow) -> Value {
    object([("seq", row.seq.into()), ("marker", marker(&row.marker))]).into()
}

pub(super) fn read_erased(mut members: Members) -> Result<ErasedRow, WireError> {
    Ok(ErasedRow { seq: members.number("seq")?, marker: read_marker(members.object("marker")?)? })
}
