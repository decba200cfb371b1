//! Answers as JSON.
//!
//! ```text
//! {"hub", "position", "reply": {"kind": …}}
//!   welcome     confirmed: bool
//!   page        after, rows: [row…], erased: [erased…], more: bool
//!   pushed      outcomes: [outcome…]
//!   erased      outcomes: [{"kind": "erased"} or {"kind": "rejected", "code": number, "reason"}…]
//!   contained   contained: [id…], main: id
//!   revisions   revisions: [revision…], looked_up
//!   news
//!   refused     why: "unconfirmed", "other-hub" or "invalid"; reason
//! outcome := {"kind": "accepted", "standing": "main" or "fork"}, {"kind": "conflict", "row": row}
//!            or {"kind": "rejected", "code": number, "reason"}
//! ```

use super::fields::{
    erased, ids, object, position, read_erased, read_position, read_revision, read_row, revision, row, set, text,
};
use super::frame::{self, Kind};
use super::members::Members;
use crate::transport::{
    Answer, EraseOutcome, IDS_MAX, Outcome, PAGE_MAX, PUSHES_MAX, Page, REASON_MAX, Refusal, Rejection, Reply,
    Standing, WireError,
};
use crate::value::{Object, Value};

impl Answer {
    /// This answer as JSON, for people and tools: what [`to_bytes`](Self::to_bytes) says, in canonical form and with a hash over it.
    ///
    /// # Errors
    ///
    /// [`WireError::Limit`]: it is longer than [`MESSAGE_MAX`](crate::transport::MESSAGE_MAX) as bytes.
    pub fn to_json(&self) -> Result<Vec<u8>, WireError> {
        // What is too long as bytes is no message.
        self.to_bytes()?;
        let answer = object([
            ("hub", text(&self.hub)),
            ("position", position(&self.position)),
            ("reply", reply(&self.reply).into()),
        ]);
        frame::close(Kind::Answer, answer)
    }

    /// Reads an answer from any JSON text that says it, with its hash; members that are not known are passed over.
    ///
    /// # Errors
    ///
    /// It is not an answer, whole and unaltered, or it is beyond the limits, as JSON or as bytes: as [`WireError`] says. It is not read
    /// where it is longer than [`JSON_MAX`](crate::transport::JSON_MAX), and takes memory in proportion to its length.
    pub fn from_json(json: &[u8]) -> Result<Self, WireError> {
        let mut members = Members::new(frame::open_whole(Kind::Answer, json)?);
        let answer = Self {
            hub: members.id("hub")?,
            position: read_position(members.object("position")?)?,
            reply: read_reply(members.object("reply")?)?,
        };
        answer.to_bytes()?;
        Ok(answer)
    }
}

fn reply(reply: &Reply) -> Object {
    match reply {
        Reply::Welcome { confirmed } => object([("kind", "welcome".into()), ("confirmed", (*confirmed).into())]),
        Reply::Page(page) => {
            let rows: Vec<Value> = page.rows.iter().map(row).collect();
            let mut object = object([
                ("kind", "page".into()),
                ("after", page.after.into()),
                ("rows", rows.into()),
                ("more", page.more.into()),
            ]);
            let gone: Vec<Value> = page.erased.iter().map(erased).collect();
            set(&mut object, "erased", (!gone.is_empty()).then_some(gone));
            object
        }
        Reply::Pushed(outcomes) => {
            let outcomes: Vec<Value> = outcomes.iter().map(|became| outcome(became).into()).collect();
            object([("kind", "pushed".into()), ("outcomes", outcomes.into())])
        }
        Reply::Erased(outcomes) => {
            let outcomes: Vec<Value> = outcomes.iter().map(|became| erase_outcome(became).into()).collect();
            object([("kind", "erased".into()), ("outcomes", outcomes.into())])
        }
        Reply::Contained { main, contained } => {
            let mut object = object([("kind", "contained".into()), ("contained", ids(contained))]);
            set(&mut object, "main", main.as_ref().map(text));
            object
        }
        Reply::Revisions { revisions, looked_up } => {
            let revisions: Vec<Value> = revisions.iter().map(revision).collect();
            object([("kind", "revisions".into()), ("revisions", revisions.into()), ("looked_up", (*looked_up).into())])
        }
        Reply::News => object([("kind", "news".into())]),
        Reply::Refused(refusal) => {
            let (why, reason) = match refusal {
                Refusal::Unconfirmed => ("unconfirmed", None),
                Refusal::OtherHub => ("other-hub", None),
                Refusal::Invalid { reason } => ("invalid", Some(reason.as_str())),
            };
            let mut object = object([("kind", "refused".into()), ("why", why.into())]);
            set(&mut object, "reason", reason);
            object
        }
    }
}

fn read_reply(mut members: Members) -> Result<Reply, WireError> {
    match members.word("kind")?.as_str() {
        "welcome" => Ok(Reply::Welcome { confirmed: members.bool("confirmed")? }),
        "page" => Ok(Reply::Page(Page {
            after: members.optional_number("after")?.unwrap_or(0),
            rows: members.list("rows", PAGE_MAX, read_row)?,
            erased: members.list("erased", PAGE_MAX, read_erased)?,
            more: members.bool("more")?,
        })),
        "pushed" => Ok(Reply::Pushed(members.list("outcomes", PUSHES_MAX, read_outcome)?)),
        "erased" => Ok(Reply::Erased(members.list("outcomes", PUSHES_MAX, read_erase_outcome)?)),
        "contained" => {
            Ok(Reply::Contained { main: members.optional_id("main")?, contained: members.ids("contained", IDS_MAX)? })
        }
        "revisions" => Ok(Reply::Revisions {
            revisions: members.list("revisions", IDS_MAX, read_revision)?,
            looked_up: members.u32("looked_up")?,
        }),
        "news" => Ok(Reply::News),
        "refused" => read_refusal(&mut members).map(Reply::Refused),
        _ => Err(WireError::Malformed { what: "what is answered is not known here" }),
    }
}

fn read_refusal(members: &mut Members) -> Result<Refusal, WireError> {
    match members.word("why")?.as_str() {
        "unconfirmed" => Ok(Refusal::Unconfirmed),
        "other-hub" => Ok(Refusal::OtherHub),
        "invalid" => Ok(Refusal::Invalid { reason: members.text("reason", REASON_MAX)?.unwrap_or_default() }),
        _ => Err(WireError::Malformed { what: "why it is refused is not known here" }),
    }
}

fn outcome(outcome: &Outcome) -> Object {
    match outcome {
        Outcome::Accepted { standing } => {
            let standing = if *standing == Standing::Main { "main" } else { "fork" };
            object([("kind", "accepted".into()), ("standing", standing.into())])
        }
        Outcome::Conflict { row: found } => {
            let mut object = object([("kind", "conflict".into())]);
            set(&mut object, "row", found.as_ref().map(row));
            object
        }
        Outcome::Rejected { code, reason } => {
            object([("kind", "rejected".into()), ("code", code.number().into()), ("reason", reason.as_str().into())])
        }
    }
}

fn read_outcome(mut members: Members) -> Result<Outcome, WireError> {
    match members.word("kind")?.as_str() {
        "accepted" => match members.word("standing")?.as_str() {
            "main" => Ok(Outcome::Accepted { standing: Standing::Main }),
            "fork" => Ok(Outcome::Accepted { standing: Standing::Fork }),
            _ => Err(WireError::Malformed { what: "a standing that is not known here" }),
        },
        "conflict" => Ok(Outcome::Conflict { row: members.optional_object("row")?.map(read_row).transpose()? }),
        "rejected" => {
            let code = Rejection::from_number(members.u32("code")?);
            Ok(Outcome::Rejected { code, reason: members.text("reason", REASON_MAX)?.unwrap_or_default() })
        }
        _ => Err(WireError::Malformed { what: "an outcome that is not known here" }),
    }
}

fn erase_outcome(outcome: &EraseOutcome) -> Object {
    match outcome {
        EraseOutcome::Erased => object([("kind", "erased".into())]),
        EraseOutcome::Rejected { code, reason } => {
            object([("kind", "rejected".into()), ("code", code.number().into()), ("reason", reason.as_str().into())])
        }
    }
}

fn read_erase_outcome(mut members: Members) -> Result<EraseOutcome, WireError> {
    match members.word("kind")?.as_str() {
        "erased" => Ok(EraseOutcome::Erased),
        "rejected" => {
            let code = Rejection::from_number(members.u32("code")?);
            Ok(EraseOutcome::Rejected { code, reason: members.text("reason", REASON_MAX)?.unwrap_or_default() })
        }
        _ => Err(WireError::Malformed { what: "an outcome of an erasure that is not known here" }),
    }
}
