//! Revisions that nobody wrote. What they are made of is public, as the protocol's page says; nothing here is the library's.

use draftkeep::transport::{Revision, RevisionError};
use std::collections::BTreeMap;

/// What is said in every text of the hub's invention.
pub(crate) const INVENTED: &str = "INVENTED";

pub(crate) const DRAFT: u64 = 1;
pub(crate) const KIND: u64 = 2;
pub(crate) const SCHEMA: u64 = 3;
pub(crate) const PHASE: u64 = 4;
pub(crate) const VECTOR: u64 = 6;
pub(crate) const AUTHOR: u64 = 7;
pub(crate) const PARENTS: u64 = 8;
pub(crate) const TIME: u64 = 9;
pub(crate) const FLAGS: u64 = 10;
pub(crate) const POLICY: u64 = 11;
const DIGEST: u64 = 127;

/// Of the names in a body.
pub(crate) const SLOT: u64 = 1;
pub(crate) const GENERATION: u64 = 2;
pub(crate) const LABEL: u64 = 3;
pub(crate) const OUTCOME: u64 = 5;
pub(crate) const DEVICE: u64 = 6;

/// A record's fields by tag.
#[derive(Debug, Clone, Default)]
pub(crate) struct Fields(pub(crate) BTreeMap<u64, Vec<u8>>);

pub(crate) fn varint(mut number: u64) -> Vec<u8> {
    let mut bytes = Vec::new();
    while number > 127 {
        bytes.push(u8::try_from(number & 127).unwrap() | 128);
        number >>= 7;
    }
    bytes.push(u8::try_from(number).unwrap());
    bytes
}

fn take_varint(bytes: &mut &[u8]) -> u64 {
    let (mut number, mut shift) = (0, 0);
    loop {
        let (first, rest) = bytes.split_first().expect("what a device wrote is whole");
        *bytes = rest;
        number |= u64::from(first & 127) << shift;
        shift += 7;
        if first & 128 == 0 {
            return number;
        }
    }
}

impl Fields {
    fn of(record: &[u8]) -> Self {
        let (mut rest, mut fields) = (&record[1..], BTreeMap::new());
        while !rest.is_empty() {
            let tag = take_varint(&mut rest);
            let length = usize::try_from(take_varint(&mut rest)).unwrap();
            let (field, behind) = rest.split_at(length);
            fields.insert(tag, field.to_vec());
            rest = behind;
        }
        Self(fields)
    }

    fn record(&self) -> Vec<u8> {
        let mut bytes = vec![1];
        for (tag, field) in &self.0 {
            bytes.extend(varint(*tag));
            bytes.extend(varint(field.len() as u64));
            bytes.extend(field);
        }
        bytes
    }

    pub(crate) fn set(&mut self, tag: u64, field: impl Into<Vec<u8>>) {
        self.0.insert(tag, field.into());
    }

    /// What is left out where it is zero.
    pub(crate) fn number(&mut self, tag: u64, number: u64) {
        self.0.remove(&tag);
        if number > 0 {
            self.set(tag, varint(number));
        }
    }
}

/// A revision as it is made up: everything in it can be changed before it is closed.
#[derive(Debug, Clone)]
pub(crate) struct Forged {
    pub(crate) header: Fields,
    pub(crate) names: Fields,
    pub(crate) document: Vec<u8>,
}

impl Forged {
    /// Another text under the header and the names of a revision that a device wrote.
    pub(crate) fn like(revision: &Revision) -> Self {
        let body = revision.body();
        let length = usize::try_from(u32::from_le_bytes(body[1..5].try_into().unwrap())).unwrap();
        let names = Fields::of(&body[5..5 + length]);
        let mut forged = Self { header: Fields::of(revision.header()), names, document: Vec::new() };
        forged.says("a text of nobody");
        forged
    }

    pub(crate) fn says(&mut self, text: &str) {
        let document = format!(r#"{{"body":"{INVENTED}: {text}","tags":[],"title":"{INVENTED}","views":0}}"#);
        self.document = document.into_bytes();
    }

    /// Closes it with a digest under the secret of a space that has no key, which follows from the space's name.
    pub(crate) fn close(self) -> Revision {
        self.try_close().expect("it is one that can travel")
    }

    pub(crate) fn try_close(mut self) -> Result<Revision, RevisionError> {
        let secret = blake3::derive_key("draftkeep 1 secret of a plain space", b"alice");
        let key = blake3::derive_key("draftkeep 1 digests of bodies", &secret);
        let names = self.names.record();
        let length = u32::try_from(names.len()).unwrap().to_le_bytes();
        let mut digest = blake3::Hasher::new_keyed(&key);
        digest.update(&length).update(&names).update(&self.document);
        self.header.set(DIGEST, digest.finalize().as_bytes());
        let body = [&[0][..], &length, &names, &self.document].concat();
        Revision::new(self.header.record(), body)
    }
}

/// A version vector of so many writers that nobody ever heard of.
pub(crate) fn writers(count: u64, counter: u64) -> Vec<u8> {
    (1..=count).flat_map(|writer| [&u128::from(writer).to_be_bytes()[..], &varint(counter)].concat()).collect()
}

/// The id of a slot's draft, which follows from the space's name, too.
pub(crate) fn slot_draft(kind: &str, slot: &[u8], generation: u32) -> [u8; 16] {
    let secret = blake3::derive_key("draftkeep 1 secret of a plain space", b"alice");
    let key = blake3::derive_key("draftkeep 1 ids of drafts in slots", &secret);
    let mut id = blake3::Hasher::new_keyed(&key);
    for part in [kind.as_bytes(), slot] {
        id.update(&(part.len() as u64).to_le_bytes()).update(part);
    }
    id.update(&generation.to_le_bytes());
    let mut bytes = [0; 16];
    id.finalize_xof().fill(&mut bytes);
    bytes
}
