//! Requests as bytes.
//!
//! ```text
//! record: 1 space, 2 device, 3 trace, 4 hub, 5 and 6 position seen: number and chain, 7 ask, and by ask
//!   1 hello
//!   2 pull        10 after, 11 limit
//!   3 push        12 list of pushes
//!   4 contained   13 draft, 14 ids
//!   5 revisions   13 draft, 14 ids
//!   6 wait        15 milliseconds
//!   7 erase       16 list of markers
//! push := record: 1 revision, 2 ids contained, 3 target (1 main, 2 fork), 4 the main expected,
//!         5 base: the revision whose document the body is a delta of
//! ```

use super::WireError;
use super::fields::{
    ids, list, marker, read_ids, read_list, read_marker, read_position, read_revision, read_text, read_u32, revision,
};
use super::frame::{self, Kind, fields, writer};
use crate::codec::Fields;
use crate::id::{DraftId, HubId, RevisionId, TraceId};
use crate::transport::{Ask, CONTAINS_MAX, DEVICE_MAX, IDS_MAX, PUSHES_MAX, Push, Request, SPACE_MAX, Target};
use std::time::Duration;

impl Request {
    /// This request as bytes. A time to wait is rounded down to milliseconds.
    ///
    /// # Errors
    ///
    /// [`WireError::Limit`]: it is longer than [`MESSAGE_MAX`](crate::transport::MESSAGE_MAX).
    ///
    /// ```
    /// use draftkeep::TraceId;
    /// use draftkeep::transport::{Ask, Request};
    ///
    /// let trace = TraceId::from_bytes([1; 16]);
    /// let request = Request { space: "alice".into(), device: None, trace, hub: None, seen: None, ask: Ask::Hello };
    /// assert_eq!(Request::from_bytes(&request.to_bytes()?)?, request);
    /// # Ok::<(), draftkeep::transport::WireError>(())
    /// ```
    pub fn to_bytes(&self) -> Result<Vec<u8>, WireError> {
        let mut writer = writer();
        writer.bytes(1, self.space.as_bytes());
        if let Some(device) = &self.device {
            writer.bytes(2, device.as_bytes());
        }
        writer.bytes(3, self.trace.as_bytes());
        if let Some(hub) = &self.hub {
            writer.bytes(4, hub.as_bytes());
        }
        if let Some(seen) = &self.seen {
            writer.number(5, seen.seq);
            writer.bytes(6, &seen.chain);
        }
        writer.number(7, number(&self.ask));
        match &self.ask {
            Ask::Hello => {}
            Ask::Pull { after, limit } => {
                writer.number_unless_zero(10, *after);
                writer.number_unless_zero(11, (*limit).into());
            }
            Ask::Push { pushes } => writer.bytes_unless_empty(12, &list(pushes.iter().map(push))),
            Ask::Contained { draft, ids: asked } | Ask::Revisions { draft, ids: asked } => {
                writer.bytes(13, draft.as_bytes());
                writer.bytes_unless_empty(14, &ids(asked));
            }
            Ask::Erase { markers } => writer.bytes_unless_empty(16, &list(markers.iter().map(marker))),
            Ask::Wait { timeout } => {
                writer.number_unless_zero(15, u64::try_from(timeout.as_millis()).unwrap_or(u64::MAX));
            }
        }
        frame::close(Kind::Request, &writer.finish())
    }

    /// Reads a request. Fields that are not known are passed over.
    ///
    /// # Errors
    ///
    /// They are not a request, whole and unaltered, or it is beyond the limits: as [`WireError`] says. Nothing larger than the
    /// bytes given is taken into memory.
    pub fn from_bytes(bytes: &[u8]) -> Result<Self, WireError> {
        let fields = fields(frame::open(Kind::Request, bytes)?)?;
        Ok(Self {
            space: read_text(&fields, 1, SPACE_MAX)?.ok_or(WireError::Malformed { what: "no space" })?,
            device: read_text(&fields, 2, DEVICE_MAX)?,
            trace: TraceId::from_bytes(fields.array(3)?),
            hub: fields.optional_array(4)?.map(HubId::from_bytes),
            seen: read_position(&fields, 5, 6)?,
            ask: read_ask(&fields)?,
        })
    }
}

const fn number(ask: &Ask) -> u64 {
    match ask {
        Ask::Hello => 1,
        Ask::Pull { .. } => 2,
        Ask::Push { .. } => 3,
        Ask::Contained { .. } => 4,
        Ask::Revisions { .. } => 5,
        Ask::Wait { .. } => 6,
        Ask::Erase { .. } => 7,
    }
}

fn read_ask(fields: &Fields<'_>) -> Result<Ask, WireError> {
    let draft = || Ok::<_, WireError>(DraftId::from_bytes(fields.array(13)?));
    let ids = || read_ids(fields.bytes(14), IDS_MAX);
    match fields.number(7)? {
        1 => Ok(Ask::Hello),
        2 => Ok(Ask::Pull { after: fields.number(10)?, limit: read_u32(fields, 11)? }),
        3 => Ok(Ask::Push { pushes: read_list(fields.bytes(12), PUSHES_MAX, read_push)? }),
        4 => Ok(Ask::Contained { draft: draft()?, ids: ids()? }),
        5 => Ok(Ask::Revisions { draft: draft()?, ids: ids()? }),
        6 => Ok(Ask::Wait { timeout: Duration::from_millis(fields.number(15)?) }),
        7 => Ok(Ask::Erase { markers: read_list(fields.bytes(16), PUSHES_MAX, read_marker)? }),
        number => Err(WireError::Unknown { what: "ask", number }),
    }
}

fn push(push: &Push) -> Vec<u8> {
    let mut writer = writer();
    writer.bytes(1, &revision(&push.revision));
    writer.bytes_unless_empty(2, &ids(&push.contains));
    match &push.target {
        Target::Main { expects } => {
            writer.number(3, 1);
            if let Some(expects) = expects {
                writer.bytes(4, expects.as_bytes());
            }
        }
        Target::Fork => writer.number(3, 2),
    }
    if let Some(base) = &push.base {
        writer.bytes(5, base.as_bytes());
    }
    writer.finish()
}

fn read_push(bytes: &[u8]) -> Result<Push, WireError> {
    let fields = fields(bytes)?;
    let expects = fields.optional_array(4)?.map(RevisionId::from_bytes);
    let target = match (fields.number(3)?, expects) {
        (1, expects) => Target::Main { expects },
        (2, None) => Target::Fork,
        (2, Some(_)) => return Err(WireError::Malformed { what: "a fork that expects a main" }),
        (number, _) => return Err(WireError::Unknown { what: "target", number }),
    };
    Ok(Push {
        revision: read_revision(fields.required(1)?)?,
        base: fields.optional_array(5)?.map(RevisionId::from_bytes),
        contains: read_ids(fields.bytes(2), CONTAINS_MAX)?,
        target,
    })
}
