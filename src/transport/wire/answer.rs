//! Answers as bytes.
//!
//! ```text
//! record: 1 hub, 2 and 3 position: number and chain, 4 reply, and by reply
//!   1 welcome     10 confirmed
//!   2 page        11 after, 12 list of rows, 13 more, 21 list of erased
//!   3 pushed      14 list of outcomes
//!   4 contained   15 ids, 20 the main
//!   5 revisions   16 list of revisions, 17 looked up
//!   6 news
//!   8 erased      22 list of what became of each
//!   7 refused     18 refusal (1 unconfirmed, 2 other hub, 3 invalid), 19 reason
//! what became of an erasure := record: 1 kind (1 erased, 3 rejected), 4 code, 5 reason
//! outcome := record: 1 kind (1 accepted, 2 conflict, 3 rejected), 2 standing (1 main, 2 fork), 3 row, 4 code, 5 reason
//! ```

use super::WireError;
use super::fields::{
    erased, ids, list, read_bool, read_erased, read_ids, read_list, read_position, read_revision, read_row, read_text,
    read_u32, revision, row,
};
use super::frame::{self, Kind, fields, writer};
use crate::codec::Fields;
use crate::id::{HubId, RevisionId};
use crate::transport::{
    Answer, EraseOutcome, IDS_MAX, Outcome, PAGE_MAX, PUSHES_MAX, Page, REASON_MAX, Refusal, Rejection, Reply, Standing,
};

impl Answer {
    /// This answer as bytes.
    ///
    /// # Errors
    ///
    /// [`WireError::Limit`]: it is longer than [`MESSAGE_MAX`](crate::transport::MESSAGE_MAX).
    pub fn to_bytes(&self) -> Result<Vec<u8>, WireError> {
        let mut writer = writer();
        writer.bytes(1, self.hub.as_bytes());
        writer.number(2, self.position.seq);
        writer.bytes(3, &self.position.chain);
        writer.number(4, number(&self.reply));
        match &self.reply {
            Reply::Welcome { confirmed } => writer.number(10, (*confirmed).into()),
            Reply::Page(page) => {
                writer.number_unless_zero(11, page.after);
                writer.bytes_unless_empty(12, &list(page.rows.iter().map(row)));
                writer.number(13, page.more.into());
                writer.bytes_unless_empty(21, &list(page.erased.iter().map(erased)));
            }
            Reply::Pushed(outcomes) => writer.bytes_unless_empty(14, &list(outcomes.iter().map(outcome))),
            Reply::Contained { main, contained } => {
                writer.bytes_unless_empty(15, &ids(contained));
                writer.bytes_unless_empty(20, main.as_ref().map_or(&[], |main| &main.as_bytes()[..]));
            }
            Reply::Revisions { revisions, looked_up } => {
                writer.bytes_unless_empty(16, &list(revisions.iter().map(revision)));
                writer.number_unless_zero(17, (*looked_up).into());
            }
            Reply::News => {}
            Reply::Erased(outcomes) => writer.bytes_unless_empty(22, &list(outcomes.iter().map(erase_outcome))),
            Reply::Refused(refusal) => {
                let (number, reason) = match refusal {
                    Refusal::Unconfirmed => (1, ""),
                    Refusal::OtherHub => (2, ""),
                    Refusal::Invalid { reason } => (3, reason.as_str()),
                };
                writer.number(18, number);
                writer.bytes_unless_empty(19, reason.as_bytes());
            }
        }
        frame::close(Kind::Answer, &writer.finish())
    }

    /// Reads an answer. Fields that are not known are passed over.
    ///
    /// # Errors
    ///
    /// They are not an answer, whole and unaltered, or it is beyond the limits: as [`WireError`] says. Nothing larger than the
    /// bytes given is taken into memory.
    pub fn from_bytes(bytes: &[u8]) -> Result<Self, WireError> {
        let fields = fields(frame::open(Kind::Answer, bytes)?)?;
        Ok(Self {
            hub: HubId::from_bytes(fields.array(1)?),
            position: read_position(&fields, 2, 3)?.ok_or(WireError::Malformed { what: "no position" })?,
            reply: read_reply(&fields)?,
        })
    }
}

const fn number(reply: &Reply) -> u64 {
    match reply {
        Reply::Welcome { .. } => 1,
        Reply::Page(_) => 2,
        Reply::Pushed(_) => 3,
        Reply::Contained { .. } => 4,
        Reply::Revisions { .. } => 5,
        Reply::News => 6,
        Reply::Refused(_) => 7,
        Reply::Erased(_) => 8,
    }
}

fn read_reply(fields: &Fields<'_>) -> Result<Reply, WireError> {
    match fields.number(4)? {
        1 => {
            // Where it is absent, nothing was confirmed.
            Ok(Reply::Welcome { confirmed: read_bool(fields, 10)? })
        }
        2 => {
            let rows = read_list(fields.bytes(12), PAGE_MAX, read_row)?;
            fields.required(13)?;
            let erased = read_list(fields.bytes(21), PAGE_MAX, read_erased)?;
            if rows.len() + erased.len() > PAGE_MAX {
                let got = rows.len() + erased.len();
                return Err(WireError::Limit { what: "items in a list", limit: PAGE_MAX, got });
            }
            Ok(Reply::Page(Page { after: fields.number(11)?, rows, erased, more: read_bool(fields, 13)? }))
        }
        3 => Ok(Reply::Pushed(read_list(fields.bytes(14), PUSHES_MAX, read_outcome)?)),
        4 => {
            let contained = read_ids(fields.bytes(15), IDS_MAX)?;
            Ok(Reply::Contained { main: fields.optional_array(20)?.map(RevisionId::from_bytes), contained })
        }
        5 => {
            let revisions = read_list(fields.bytes(16), IDS_MAX, read_revision)?;
            Ok(Reply::Revisions { revisions, looked_up: read_u32(fields, 17)? })
        }
        6 => Ok(Reply::News),
        7 => read_refusal(fields).map(Reply::Refused),
        8 => Ok(Reply::Erased(read_list(fields.bytes(22), PUSHES_MAX, read_erase_outcome)?)),
        number => Err(WireError::Unknown { what: "reply", number }),
    }
}

fn read_refusal(fields: &Fields<'_>) -> Result<Refusal, WireError> {
    match fields.number(18)? {
        1 => Ok(Refusal::Unconfirmed),
        2 => Ok(Refusal::OtherHub),
        3 => Ok(Refusal::Invalid { reason: read_text(fields, 19, REASON_MAX)?.unwrap_or_default() }),
        number => Err(WireError::Unknown { what: "refusal", number }),
    }
}

fn outcome(outcome: &Outcome) -> Vec<u8> {
    let mut writer = writer();
    match outcome {
        Outcome::Accepted { standing } => {
            writer.number(1, 1);
            writer.number(2, if *standing == Standing::Main { 1 } else { 2 });
        }
        Outcome::Conflict { row: found } => {
            writer.number(1, 2);
            if let Some(found) = found {
                writer.bytes(3, &row(found));
            }
        }
        Outcome::Rejected { code, reason } => {
            writer.number(1, 3);
            writer.number(4, code.number().into());
            writer.bytes_unless_empty(5, reason.as_bytes());
        }
    }
    writer.finish()
}

fn read_outcome(bytes: &[u8]) -> Result<Outcome, WireError> {
    let fields = fields(bytes)?;
    match fields.number(1)? {
        1 => match fields.number(2)? {
            1 => Ok(Outcome::Accepted { standing: Standing::Main }),
            2 => Ok(Outcome::Accepted { standing: Standing::Fork }),
            number => Err(WireError::Unknown { what: "standing", number }),
        },
        2 => Ok(Outcome::Conflict { row: fields.get(3).map(read_row).transpose()? }),
        3 => {
            let code = Rejection::from_number(read_u32(&fields, 4)?);
            Ok(Outcome::Rejected { code, reason: read_text(&fields, 5, REASON_MAX)?.unwrap_or_default() })
        }
        number => Err(WireError::Unknown { what: "outcome", number }),
    }
}

fn erase_outcome(outcome: &EraseOutcome) -> Vec<u8> {
    let mut writer = writer();
    match outcome {
        EraseOutcome::Erased => writer.number(1, 1),
        EraseOutcome::Rejected { code, reason } => {
            writer.number(1, 3);
            writer.number(4, code.number().into());
            writer.bytes_unless_empty(5, reason.as_bytes());
        }
    }
    writer.finish()
}

fn read_erase_outcome(bytes: &[u8]) -> Result<EraseOutcome, WireError> {
    let fields = fields(bytes)?;
    match fields.number(1)? {
        1 => Ok(EraseOutcome::Erased),
        3 => {
            let code = Rejection::from_number(read_u32(&fields, 4)?);
            Ok(EraseOutcome::Rejected { code, reason: read_text(&fields, 5, REASON_MAX)?.unwrap_or_default() })
        }
        number => Err(WireError::Unknown { what: "outcome of an erasure", number }),
    }
}
