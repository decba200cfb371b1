//! Bodies that travel sealed.
//!
//! ```text
//! sealed body := 4:u8 envelope       an envelope of seal/envelope.rs around a body of body.rs
//! ```
//!
//! Each body is sealed for its space, draft and revision, and those that it builds on are sealed one by one: the hub cannot put one into another's place. A
//! store that is sealed takes no body that is not, and one that is not takes none that is.

use super::body::Travelling;
use crate::error::Failure;
use crate::fault;
use crate::id::{DraftId, KeyId, RevisionId};
use crate::records::queue::lock;
use crate::revision::revision_id;
use crate::seal::Key;
use crate::seal::envelope::{self, EnvelopeError};
use crate::store::change::Place;
use crate::store::sealing::opened::Opened;
use crate::store::sealing::seals::Seals;
use crate::store::tables::SpaceNo;
use std::borrow::Cow;
use std::collections::BTreeMap;
use std::fmt;
use std::sync::{Arc, Mutex};

/// The form of a body that is sealed; those of `body.rs` are below.
const SEALED: u8 = 4;

/// What seals the bodies of a space.
#[derive(Debug, Clone)]
pub(crate) struct BodySeal {
    seals: Arc<Seals>,
    space: SpaceNo,
    /// Keys that the ring did not give: it is asked once for each by whoever has this, however many bodies name it.
    refused: Arc<Mutex<BTreeMap<KeyId, Failure>>>,
}

/// Why a sealed body is not opened.
#[derive(Debug, Clone)]
pub(crate) enum Unopened {
    /// For a reason that does not change.
    Says(&'static str),
    /// Its key is not here, or cannot be had now.
    Key(Failure),
    /// For a reason that has nothing to do with it.
    Failed(Failure),
}

impl fmt::Display for Unopened {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Says(why) => f.write_str(why),
            Self::Key(failure) | Self::Failed(failure) => failure.kind.fmt(f),
        }
    }
}

impl From<Failure> for Unopened {
    fn from(failure: Failure) -> Self {
        if failure.is_about_a_key() { Self::Key(failure) } else { Self::Failed(failure) }
    }
}

impl BodySeal {
    pub(crate) fn new(seals: Arc<Seals>, space: SpaceNo) -> Self {
        Self { seals, space, refused: Arc::default() }
    }

    /// The key of a body.
    fn key(&self, id: KeyId) -> Result<Key, Failure> {
        if let Some(refused) = lock(&self.refused).get(&id).filter(|_| !fault::on("ring-asked-for-every-body")) {
            return Err(refused.clone());
        }
        self.seals.key(&self.opened()?.name, id).inspect_err(|failure| {
            if failure.is_about_a_key() {
                lock(&self.refused).insert(id, failure.clone());
            }
        })
    }

    fn opened(&self) -> Result<Arc<Opened>, Failure> {
        self.seals.of(self.space)
    }

    /// The key that bodies are sealed with now.
    pub(crate) fn key_id(&self) -> Result<KeyId, Failure> {
        Ok(self.opened()?.current.id())
    }
}

/// The key that a body is sealed with; none where it is not sealed.
pub(crate) fn key_id(body: &[u8]) -> Option<KeyId> {
    envelope::key_id(body.strip_prefix(&[SEALED])?).ok()
}

/// The body as it leaves, and the key that it is sealed with, in a space that has one.
pub(crate) fn seal(
    place: &Place,
    draft: DraftId,
    id: RevisionId,
    body: &[u8],
) -> Result<(Vec<u8>, Option<KeyId>), Failure> {
    let Some(seal) = place.seal.as_ref().filter(|_| !fault::on("bodies-leave-in-the-open")) else {
        return Ok((body.to_vec(), None));
    };
    let opened = seal.opened()?;
    let envelope = seal.seals.seal_text(&opened, &sealed_for(place, draft, id), body);
    Ok(([&[SEALED], &envelope[..]].concat(), Some(opened.current.id())))
}

/// The same revision with bodies that are not sealed.
pub(crate) fn open<'t>(
    place: &Place,
    draft: DraftId,
    travelling: &'t Travelling,
) -> Result<Cow<'t, Travelling>, Unopened> {
    let Some(seal) = &place.seal else {
        let mut bodies = travelling.chain.iter().map(|(_, body)| body).chain([&travelling.body]);
        if bodies.any(|body| body.first() == Some(&SEALED)) {
            return Err(Unopened::Says("it is sealed, and this store has no keys"));
        }
        return Ok(Cow::Borrowed(travelling));
    };
    let open = |id, body: &[u8]| open_body(place, seal, draft, id, body);
    let body = open(revision_id(&travelling.header), &travelling.body)?;
    let below = |(id, body): &(RevisionId, Vec<u8>)| Ok((*id, open(*id, body)?));
    let chain = travelling.chain.iter().map(below).collect::<Result<_, Unopened>>()?;
    Ok(Cow::Owned(Travelling { header: travelling.header.clone(), body, chain }))
}

fn open_body(place: &Place, seal: &BodySeal, draft: DraftId, id: RevisionId, body: &[u8]) -> Result<Vec<u8>, Unopened> {
    let Some(envelope) = body.strip_prefix(&[SEALED]) else {
        if fault::on("plain-bodies-believed") {
            return Ok(body.to_vec());
        }
        return Err(Unopened::Says("it is not sealed, and everything of this space has to be"));
    };
    let unreadable = |error| {
        Unopened::Says(match error {
            EnvelopeError::Suite(_) => "it is sealed in a way that this release does not know",
            EnvelopeError::Short | EnvelopeError::OtherKey(_) | EnvelopeError::Altered => {
                "its seal is broken: it was altered, or sealed for another revision"
            }
        })
    };
    let key = envelope::key_id(envelope).map_err(unreadable)?;
    envelope::open(&seal.key(key)?, &sealed_for(place, draft, id), envelope).map_err(unreadable)
}

/// What a body's envelope is sealed for.
fn sealed_for(place: &Place, draft: DraftId, id: RevisionId) -> Vec<u8> {
    [b"draftkeep 1 body of a revision\0", &place.keys.seals()[..], draft.as_bytes(), id.as_bytes()].concat()
}
