//! A version becomes what a line says of it, and a line becomes a revision again, with the id that it had.

use super::error::{ImportErrorKind, malformed};
use super::format::{DraftLine, Said, SlotName};
use crate::clock::Timestamp;
use crate::fault;
use crate::id::{DraftId, ReplicaId, RevisionId};
use crate::phase::Phase;
use crate::revision::{Header, Meta, body_digest, revision_id};
use crate::store::cache::Body;
use crate::store::keys::SpaceKeys;
use crate::store::slots::{GENERATIONS_MAX, KEY_MAX};
use crate::value::Value;
use crate::vector::{MAX_WRITERS, VersionVector};
use std::collections::BTreeMap;
use std::str::FromStr;
use std::sync::Arc;

/// The longest name of a kind, a label, a checkpoint, an outcome and a device.
const NAME_MAX: usize = 256;

/// The most parents and blobs of a revision.
const IDS_MAX: usize = 1_024;

/// What a line says of a version.
pub(super) fn said(number: u64, id: RevisionId, header: &Header, meta: &Meta, aside: bool) -> Said {
    let meta = meta.clone();
    Said {
        number,
        revision: id.to_string(),
        phase: header.phase.to_string(),
        schema: header.schema,
        time: header.time.as_millis(),
        aside,
        label: meta.label,
        checkpoint: meta.checkpoint,
        outcome: meta.outcome,
        device: meta.device,
        promoted: header.promoted.map(|id| id.to_string()),
        discarded_from: meta.discarded_from.map(|phase| phase.to_string()),
        author: header.author.map(|author| author.to_string()),
        vector: header.vector.iter().map(|(writer, counter)| (writer.to_string(), counter)).collect(),
        parents: header.parents.iter().map(ToString::to_string).collect(),
        flags: header.flags,
        policy: RevisionId::from_bytes(header.policy).to_string(),
        blobs: header.blobs.iter().map(|id| RevisionId::from_bytes(*id).to_string()).collect(),
    }
}

/// What a line says of a slot.
pub(super) fn slot_name((key, generation): &(Vec<u8>, u32)) -> SlotName {
    let text = std::str::from_utf8(key).ok().map(str::to_owned);
    let bytes = if text.is_some() { None } else { Some(key.iter().map(|byte| format!("{byte:02x}")).collect()) };
    SlotName { key: text, bytes, generation: *generation }
}

/// The draft that lines are of, in the space that they go to.
#[derive(Debug)]
pub(super) struct Target {
    pub(super) draft: DraftId,
    pub(super) kind: String,
    slot: Option<(Vec<u8>, u32)>,
    secret: [u8; 32],
    /// The lines are of a space of the same name: then every id is as it was.
    is_same_space: bool,
    /// What revisions are called here, by what they were called there.
    renamed: BTreeMap<RevisionId, RevisionId>,
}

/// A version, ready to be written.
#[derive(Debug, Clone)]
pub(super) struct Revised {
    pub(super) aside: bool,
    pub(super) id: RevisionId,
    pub(super) header: Header,
    pub(super) meta: Meta,
    pub(super) body: Body,
}

impl Target {
    /// The draft of a line. A slot's draft has the id that its slot gives it in this space.
    pub(super) fn of(line: &DraftLine, keys: &SpaceKeys, is_same_space: bool) -> Result<Self, ImportErrorKind> {
        let said: DraftId = id(&line.draft, "draft")?;
        let kind = line.kind.clone();
        if kind.is_empty() || kind.len() > crate::kind::KIND_MAX {
            return Err(malformed(format!(
                "the name of a kind takes 1 to {} bytes, not {}",
                crate::kind::KIND_MAX,
                kind.len()
            )));
        }
        let slot = line.slot.as_ref().map(slot_key).transpose()?;
        let of_slot = slot.as_ref().map(|(key, generation)| keys.slot_draft(&kind, key, *generation));
        if is_same_space && of_slot.is_some_and(|of_slot| of_slot != said) {
            return Err(malformed("the draft does not belong to the slot that it names"));
        }
        let (draft, renamed) = (of_slot.unwrap_or(said), BTreeMap::new());
        Ok(Self { draft, kind, slot, secret: keys.digests(), is_same_space, renamed })
    }

    /// The revision that a line says. Its id has to follow from what it says.
    pub(super) fn revised(&mut self, said: &Said, document: &[u8]) -> Result<Revised, ImportErrorKind> {
        Value::parse_canonical(document)
            .map_err(|error| malformed(format!("its document cannot be stored: {error}")))?;
        let was: RevisionId = id(&said.revision, "revision")?;
        let promoted: Option<RevisionId> = said.promoted.as_deref().map(|text| id(text, "promoted")).transpose()?;
        let here = |was: RevisionId| if self.is_same_space { Some(was) } else { self.renamed.get(&was).copied() };
        let promoted = promoted.and_then(here);
        // In another space what the hub knew there says nothing.
        let parents = if self.is_same_space { ids(&said.parents, "parents")? } else { Vec::new() };
        let blobs: Vec<RevisionId> = ids(&said.blobs, "blobs")?;
        let mut header = Header {
            draft: self.draft,
            kind: self.kind.clone(),
            schema: said.schema,
            phase: phase(&said.phase)?,
            promoted,
            vector: vector(&said.vector)?,
            author: said.author.as_deref().map(|text| id::<ReplicaId>(text, "author")).transpose()?,
            parents,
            time: Timestamp::from_millis(said.time),
            flags: said.flags,
            policy: *id::<RevisionId>(&said.policy, "policy")?.as_bytes(),
            blobs: blobs.iter().map(|id| *id.as_bytes()).collect(),
            digest: [0; 32],
        };
        for (what, text) in [
            ("label", &said.label),
            ("checkpoint", &said.checkpoint),
            ("outcome", &said.outcome),
            ("device", &said.device),
        ] {
            if let Some(got) = text.as_ref().map(String::len).filter(|got| *got > NAME_MAX) {
                return Err(malformed(format!("{what} takes at most {NAME_MAX} bytes, not {got}")));
            }
        }
        let meta = Meta {
            slot: self.slot.clone(),
            label: said.label.clone(),
            checkpoint: said.checkpoint.clone(),
            outcome: said.outcome.clone(),
            device: said.device.clone(),
            discarded_from: said.discarded_from.as_deref().map(phase).transpose()?,
        };
        header.digest = body_digest(&self.secret, &meta.encode(), document);
        let id = revision_id(&header.encode());
        if self.is_same_space && id != was && !fault::on("imported-lines-not-proven") {
            return Err(malformed("what it says is not what its revision stands for: the line was altered"));
        }
        if !self.is_same_space {
            self.renamed.insert(was, id);
        }
        Ok(Revised { aside: said.aside, id, header, meta, body: Arc::new(document.to_vec()) })
    }
}

fn slot_key(name: &SlotName) -> Result<(Vec<u8>, u32), ImportErrorKind> {
    let key = match (&name.key, &name.bytes) {
        (Some(text), None) => text.as_bytes().to_vec(),
        (None, Some(digits)) => {
            bytes(digits).ok_or_else(|| malformed("the slot's bytes are not hexadecimal digits"))?
        }
        _ => return Err(malformed("a slot has a key, or bytes")),
    };
    if key.is_empty() || key.len() > KEY_MAX {
        return Err(malformed(format!("the key of a slot takes 1 to {KEY_MAX} bytes, not {}", key.len())));
    }
    if !(1..=GENERATIONS_MAX).contains(&name.generation) {
        return Err(malformed(format!("a slot has the generations 1 to {GENERATIONS_MAX}, not {}", name.generation)));
    }
    Ok((key, name.generation))
}

fn bytes(digits: &str) -> Option<Vec<u8>> {
    let (pairs, rest) = digits.as_bytes().as_chunks::<2>();
    let digit = |byte: u8| char::from(byte).to_digit(16).and_then(|digit| u8::try_from(digit).ok());
    let pair = |[high, low]: &[u8; 2]| Some(digit(*high)? << 4 | digit(*low)?);
    if rest.is_empty() { pairs.iter().map(pair).collect() } else { None }
}

fn id<I: FromStr>(text: &str, what: &str) -> Result<I, ImportErrorKind> {
    text.parse().map_err(|_| malformed(format!("{what} is not an id")))
}

fn ids(texts: &[String], what: &str) -> Result<Vec<RevisionId>, ImportErrorKind> {
    if texts.len() > IDS_MAX {
        return Err(malformed(format!("it has at most {IDS_MAX} {what}, not {}", texts.len())));
    }
    texts.iter().map(|text| id(text, what)).collect()
}

fn phase(text: &str) -> Result<Phase, ImportErrorKind> {
    let found = Phase::ALL.into_iter().find(|phase| phase.to_string() == text);
    found.ok_or_else(|| malformed("there is no such phase"))
}

fn vector(counters: &BTreeMap<String, u64>) -> Result<VersionVector, ImportErrorKind> {
    if counters.len() > MAX_WRITERS {
        return Err(malformed(format!("a vector has at most {MAX_WRITERS} writers, not {}", counters.len())));
    }
    let mut vector = VersionVector::new();
    for (writer, counter) in counters {
        if *counter == 0 {
            return Err(malformed("a vector counts from 1"));
        }
        vector = vector.with(id(writer, "a writer")?, *counter);
    }
    Ok(vector)
}
