//! Requests as JSON.
//!
//! ```text
//! {"space", "device", "trace", "hub", "seen": position, "ask": {"kind": …}}
//!   hello
//!   pull        after, limit
//!   push        pushes: [{"revision", "contains": [id…], "target": "main" or "fork", "expects": id, "base": id}…]
//!   contained   draft, ids
//!   revisions   draft, ids
//!   wait        ms
//!   erase       markers: [marker…]
//! ```

use super::fields::{ids, marker, object, position, read_marker, read_position, read_revision, revision, set, text};
use super::frame::{self, Kind};
use super::members::Members;
use crate::transport::{
    Ask, CONTAINS_MAX, DEVICE_MAX, IDS_MAX, PUSHES_MAX, Push, Request, SPACE_MAX, Target, WireError,
};
use crate::value::{Object, Value};
use std::time::Duration;

impl Request {
    /// This request as JSON, for people and tools: what [`to_bytes`](Self::to_bytes) says, in canonical form and with a hash over it.
    ///
    /// # Errors
    ///
    /// [`WireError::Limit`]: it is longer than [`MESSAGE_MAX`](crate::transport::MESSAGE_MAX) as bytes.
    ///
    /// ```
    /// use draftkeep::TraceId;
    /// use draftkeep::transport::{Ask, Request};
    ///
    /// let trace = TraceId::from_bytes([1; 16]);
    /// let request = Request { space: "alice".into(), device: None, trace, hub: None, seen: None, ask: Ask::Hello };
    /// assert_eq!(Request::from_json(&request.to_json()?)?, request);
    /// // By hand, without a hash.
    /// let text = r#"{"draftkeep": 1, "request": {
    ///     "space": "alice", "trace": "01010101010101010101010101010101", "ask": {"kind": "hello"}}}"#;
    /// assert_eq!(Request::from_json(text.as_bytes())?, request);
    /// # Ok::<(), draftkeep::transport::WireError>(())
    /// ```
    pub fn to_json(&self) -> Result<Vec<u8>, WireError> {
        // What is too long as bytes is no message.
        self.to_bytes()?;
        let mut request = object([
            ("space", self.space.as_str().into()),
            ("trace", text(&self.trace)),
            ("ask", ask(&self.ask).into()),
        ]);
        set(&mut request, "device", self.device.as_deref());
        set(&mut request, "hub", self.hub.as_ref().map(text));
        set(&mut request, "seen", self.seen.as_ref().map(position));
        frame::close(Kind::Request, request)
    }

    /// Reads a request from any JSON text that says it; members that are not known are passed over. One that changes nothing may be
    /// without a hash, as somebody writes it by hand; a push and an erasure may not.
    ///
    /// # Errors
    ///
    /// It is not a request, whole and unaltered, or it is beyond the limits, as JSON or as bytes: as [`WireError`] says. It is not read
    /// where it is longer than [`JSON_MAX`](crate::transport::JSON_MAX), and takes memory in proportion to its length.
    pub fn from_json(json: &[u8]) -> Result<Self, WireError> {
        let (request, is_vouched_for) = frame::open(Kind::Request, json)?;
        let mut members = Members::new(request);
        let request = Self {
            space: members.text("space", SPACE_MAX)?.ok_or(WireError::Malformed { what: "no space" })?,
            device: members.text("device", DEVICE_MAX)?,
            trace: members.id("trace")?,
            hub: members.optional_id("hub")?,
            seen: members.optional_object("seen")?.map(read_position).transpose()?,
            ask: read_ask(members.object("ask")?)?,
        };
        if matches!(request.ask, Ask::Push { .. } | Ask::Erase { .. }) && !is_vouched_for {
            return Err(WireError::Malformed { what: "a push or an erasure without a hash over it" });
        }
        request.to_bytes()?;
        Ok(request)
    }
}

fn ask(ask: &Ask) -> Object {
    match ask {
        Ask::Hello => object([("kind", "hello".into())]),
        Ask::Pull { after, limit } => {
            object([("kind", "pull".into()), ("after", (*after).into()), ("limit", (*limit).into())])
        }
        Ask::Push { pushes } => {
            let pushes: Vec<Value> = pushes.iter().map(push).collect();
            object([("kind", "push".into()), ("pushes", pushes.into())])
        }
        Ask::Contained { draft, ids: asked } => {
            object([("kind", "contained".into()), ("draft", text(draft)), ("ids", ids(asked))])
        }
        Ask::Revisions { draft, ids: asked } => {
            object([("kind", "revisions".into()), ("draft", text(draft)), ("ids", ids(asked))])
        }
        Ask::Erase { markers } => {
            let markers: Vec<Value> = markers.iter().map(marker).collect();
            object([("kind", "erase".into()), ("markers", markers.into())])
        }
        Ask::Wait { timeout } => {
            let millis = u64::try_from(timeout.as_millis()).unwrap_or(u64::MAX);
            object([("kind", "wait".into()), ("ms", millis.into())])
        }
    }
}

fn read_ask(mut members: Members) -> Result<Ask, WireError> {
    match members.word("kind")?.as_str() {
        "hello" => Ok(Ask::Hello),
        "pull" => Ok(Ask::Pull { after: members.optional_number("after")?.unwrap_or(0), limit: members.u32("limit")? }),
        "push" => Ok(Ask::Push { pushes: members.list("pushes", PUSHES_MAX, read_push)? }),
        "contained" => Ok(Ask::Contained { draft: members.id("draft")?, ids: members.ids("ids", IDS_MAX)? }),
        "revisions" => Ok(Ask::Revisions { draft: members.id("draft")?, ids: members.ids("ids", IDS_MAX)? }),
        "wait" => Ok(Ask::Wait { timeout: Duration::from_millis(members.optional_number("ms")?.unwrap_or(0)) }),
        "erase" => Ok(Ask::Erase { markers: members.list("markers", PUSHES_MAX, read_marker)? }),
        _ => Err(WireError::Malformed { what: "what is asked is not known here" }),
    }
}

fn push(push: &Push) -> Value {
    let (target, expects) = match &push.target {
        Target::Main { expects } => ("main", expects.as_ref()),
        Target::Fork => ("fork", None),
    };
    let mut object =
        object([("revision", revision(&push.revision)), ("contains", ids(&push.contains)), ("target", target.into())]);
    set(&mut object, "expects", expects.map(text));
    set(&mut object, "base", push.base.as_ref().map(text));
    object.into()
}

fn read_push(mut members: Members) -> Result<Push, WireError> {
    let expects = members.optional_id("expects")?;
    let target = match (members.word("target")?.as_str(), expects) {
        ("main", expects) => Target::Main { expects },
        ("fork", None) => Target::Fork,
        ("fork", Some(_)) => return Err(WireError::Malformed { what: "a fork that expects a main" }),
        _ => return Err(WireError::Malformed { what: "a target that is not known here" }),
    };
    Ok(Push {
        revision: read_revision(members.object("revision")?)?,
        base: members.optional_id("base")?,
        contains: members.ids("contains", CONTAINS_MAX)?,
        target,
    })
}
