//! What the hub keeps of earlier states, and fetching one.

use super::transport::{HttpTransport, random};
use draftkeep::clock::Timestamp;
use draftkeep::hub::{DraftThen, KeptMain, MainThen, Moment};
use draftkeep::transport::{
    Ask, Refusal, Reply, Request, Revision, Transport as _, TransportError, TransportErrorKind,
};
use draftkeep::{DraftId, RevisionId, TraceId};
use serde_json::Value;
use std::str::FromStr;

/// The hub answered as a hub, and not what was asked.
#[derive(Debug, thiserror::Error)]
#[error("the hub's answer is none to what was asked: {0}")]
struct BesideThePoint(&'static str);

impl HttpTransport {
    /// The mains of a draft that the hub keeps, the newest first; none where it has nothing of the draft.
    ///
    /// [`revision`](Self::revision) fetches one, [`earlier_of`](draftkeep::sync::earlier_of) reads it, and
    /// [`Draft::bring_back`](draftkeep::Draft::bring_back) makes it the head again, as a new version of this device:
    ///
    /// ```no_run
    /// use draftkeep::sync::earlier_of;
    /// use draftkeep::{Draft, Space};
    /// use draftkeep_http::HttpTransport;
    ///
    /// # async fn back(hub: &HttpTransport, space: &Space, draft: &Draft<String>) -> Result<(), Box<dyn std::error::Error>> {
    /// for main in hub.mains("alice", draft.id()).await? {
    ///     println!("{} {:?} {}", main.at, main.device, main.revision);
    /// }
    /// let Some(before) = hub.mains("alice", draft.id()).await?.into_iter().nth(1) else { return Ok(()) };
    /// let Some(given) = hub.revision("alice", draft.id(), before.revision).await? else { return Ok(()) };
    /// let earlier = earlier_of(space, &given)?;
    /// println!("{}", draft.read_earlier(&earlier)?); // shown before it counts
    /// draft.bring_back(&earlier)?; // goes to the other devices with the next cycle
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Errors
    ///
    /// As for [`send`](draftkeep::transport::Transport::send); `Unreachable` also where the server has no such list, as its source says.
    pub async fn mains(&self, space: &str, draft: DraftId) -> Result<Vec<KeptMain>, TransportError> {
        let body = self.list(space, &format!("drafts/{draft}/mains"), None).await?;
        if body["draft"].as_str() != Some(&draft.to_string()) {
            return Err(beside("it is about another draft"));
        }
        let rows = body["mains"].as_array().ok_or_else(|| beside("there are no mains in it"))?;
        rows.iter().map(|row| kept(row).ok_or_else(|| beside("a main in it cannot be read"))).collect()
    }

    /// The drafts of a space as they were at a moment, in the order of their last changes up to now: at most `limit` (1 to
    /// [`PAGE_MAX`](draftkeep::transport::PAGE_MAX)) behind the number `after`, 0 for the first. There may be more behind the last one where there are `limit` of them.
    ///
    /// # Errors
    ///
    /// As for [`mains`](Self::mains); `Unreachable` also where the limit is none of these, as the source says.
    pub async fn drafts(
        &self,
        space: &str,
        moment: Moment,
        after: u64,
        limit: u32,
    ) -> Result<Vec<DraftThen>, TransportError> {
        let (name, at) = match moment {
            Moment::Position(seq) => ("at", Some(seq)),
            Moment::Time(time) => ("time", Some(time.as_millis())),
            _ => ("at", None),
        };
        let moment = at.map(|at| format!("&{name}={at}")).unwrap_or_default();
        let body = self.list(space, "drafts", Some(&format!("after={after}&limit={limit}{moment}"))).await?;
        if body["after"].as_u64() != Some(after) || body[name].as_u64() != at {
            return Err(beside("it is about another moment"));
        }
        let most = usize::try_from(limit).unwrap_or(usize::MAX);
        let rows = body["drafts"].as_array().filter(|rows| rows.len() <= most);
        let rows = rows.ok_or_else(|| beside("there are no drafts in it, or too many"))?;
        rows.iter().map(|row| then(row).ok_or_else(|| beside("a draft in it cannot be read"))).collect()
    }

    /// A revision whole, with all that its body builds on, where the hub keeps it; none where it does not.
    ///
    /// # Errors
    ///
    /// As for [`send`](draftkeep::transport::Transport::send).
    pub async fn revision(
        &self,
        space: &str,
        draft: DraftId,
        revision: RevisionId,
    ) -> Result<Option<Revision>, TransportError> {
        let request = Request {
            space: space.to_owned(),
            device: None,
            trace: TraceId::from_bytes(random()),
            hub: None,
            seen: None,
            ask: Ask::Revisions { draft, ids: vec![revision] },
        };
        match self.send(request).await?.reply {
            Reply::Revisions { revisions, .. } => match revisions.into_iter().next() {
                Some(given) if given.id() != revision || given.draft() != draft => {
                    Err(beside("it is another revision"))
                }
                given => Ok(given),
            },
            Reply::Refused(Refusal::Invalid { .. }) => Err(beside("it takes the request for a wrong one")),
            _ => Err(beside("it says something else")),
        }
    }

    async fn list(&self, space: &str, path: &str, query: Option<&str>) -> Result<Value, TransportError> {
        let mut url = self.address().below(space, path);
        url.set_query(query);
        let text = self.get(url).await?;
        let body: Value = serde_json::from_slice(&text).map_err(|_| beside("it is no JSON"))?;
        if body["space"].as_str() == Some(space) { Ok(body) } else { Err(beside("it is about another space")) }
    }
}

fn beside(what: &'static str) -> TransportError {
    TransportError::new(TransportErrorKind::Unreachable { retry_after: None }).because(BesideThePoint(what))
}

fn id<I: FromStr>(value: &Value) -> Option<I> {
    value.as_str()?.parse().ok()
}

fn kept(row: &Value) -> Option<KeptMain> {
    let device = match &row["device"] {
        Value::Null => None,
        device => Some(device.as_str()?.to_owned()),
    };
    let at = Timestamp::from_millis(row["at"].as_u64()?);
    Some(KeptMain::new(id(&row["revision"])?, row["seq"].as_u64()?, at, device, row["bytes"].as_u64()?))
}

fn then(row: &Value) -> Option<DraftThen> {
    let main = match row["then"].as_str()? {
        "kept" => MainThen::Kept(kept(&row["main"])?),
        "not-yet" => MainThen::NotYet,
        "erased" => MainThen::Erased,
        // Also whatever a later release tells: nothing can be fetched of it.
        _ => MainThen::NotKept,
    };
    Some(DraftThen::new(id(&row["draft"])?, row["seq"].as_u64()?, row["forks"].as_u64()?, main))
}
