//! One token as a line of JSON.
//!
//! ```text
//! {"id":"…16 digits","hash":"…64 digits","name":"alice's phone","spaces":["alice"],"rights":"write","made_ms":…}
//! ```
//!
//! `spaces` is a list, or `"*"` for all; `rights` is `read` or `write`. `expires_ms`, `revoked_ms` (milliseconds since 1970) and
//! `metrics` may be absent. What is not known is an error: a word that is misspelt must not be a right that nobody meant.

use crate::fault;
use crate::server::{Denied, Grant, Rights, Spaces};
use draftkeep::clock::Timestamp;
use serde::{Deserialize, Serialize};
use std::collections::BTreeSet;

/// The first letters of every token, so that one that lies about is recognised.
const PREFIX: &str = "dk_";

/// The digits of its id, which is no secret, and of the secret.
const ID_LEN: usize = 16;
const SECRET_LEN: usize = 64;

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Entry {
    pub(super) id: String,
    pub(super) hash: String,
    pub(super) name: String,
    pub(super) spaces: Reach,
    pub(super) rights: Right,
    #[serde(default, skip_serializing_if = "is_false")]
    pub(super) metrics: bool,
    pub(super) made_ms: u64,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) expires_ms: Option<u64>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) revoked_ms: Option<u64>,
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "as serde calls it")]
fn is_false(value: &bool) -> bool {
    !*value
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(untagged)]
pub(super) enum Reach {
    All(Star),
    These(BTreeSet<String>),
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub(super) enum Star {
    #[serde(rename = "*")]
    Star,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub(super) enum Right {
    Read,
    Write,
}

/// A token as it may be shown: everything but the token.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct TokenInfo {
    /// Names it for revoking.
    pub id: String,
    /// What it gives.
    pub grant: Grant,
    /// When it was issued.
    pub made: Timestamp,
    /// When its time is over, if ever.
    pub expires: Option<Timestamp>,
    /// When it was revoked, if it was.
    pub revoked: Option<Timestamp>,
}

impl Entry {
    pub(super) fn info(&self) -> TokenInfo {
        TokenInfo {
            id: self.id.clone(),
            grant: self.grant(),
            made: Timestamp::from_millis(self.made_ms),
            expires: self.expires_ms.map(Timestamp::from_millis),
            revoked: self.revoked_ms.map(Timestamp::from_millis),
        }
    }

    fn grant(&self) -> Grant {
        let spaces = match &self.spaces {
            Reach::All(Star::Star) => Spaces::All,
            Reach::These(names) => Spaces::These(names.clone()),
        };
        let rights = match self.rights {
            Right::Read => Rights::Read,
            Right::Write => Rights::Write,
        };
        let grant = Grant::new(format!("{} ({})", self.name, self.id), spaces, rights);
        if self.metrics { grant.with_metrics() } else { grant }
    }

    /// What this token gives, if it is this one and good now.
    pub(super) fn check(&self, token: &str, now: Timestamp) -> Result<Grant, Denied> {
        // Equality of these hashes takes the same time wherever they differ.
        let is_same = blake3::Hash::from_hex(&self.hash).is_ok_and(|hash| hash == blake3::hash(token.as_bytes()));
        let is_same = is_same || fault::on("http-token-uncompared");
        if !is_same || self.revoked_ms.is_some() && !fault::on("http-revoked-token-taken") {
            return Err(Denied::Unknown);
        }
        let is_over = self.expires_ms.is_some_and(|expires| expires <= now.as_millis());
        if is_over && !fault::on("http-expired-token-taken") {
            return Err(Denied::Expired);
        }
        Ok(self.grant())
    }

    /// Whether an entry can be one.
    pub(super) fn is_sound(&self) -> bool {
        is_hex(&self.id, ID_LEN) && is_hex(&self.hash, SECRET_LEN)
    }
}

/// Makes a token of random bytes: the token, its id, its hash.
pub(super) fn token(id: [u8; ID_LEN / 2], secret: [u8; SECRET_LEN / 2]) -> (String, String, String) {
    let hex = |bytes: &[u8]| bytes.iter().map(|byte| format!("{byte:02x}")).collect::<String>();
    let id = hex(&id);
    let token = format!("{PREFIX}{id}_{}", hex(&secret));
    let hash = blake3::hash(token.as_bytes()).to_hex().to_string();
    let hash = if fault::on("http-token-kept-in-its-file") { hex(&secret) } else { hash };
    (token, id, hash)
}

/// The id in a token, if it can be one.
pub(super) fn id(token: &str) -> Option<&str> {
    let (id, secret) = token.strip_prefix(PREFIX)?.split_once('_')?;
    (is_hex(id, ID_LEN) && is_hex(secret, SECRET_LEN)).then_some(id)
}

fn is_hex(text: &str, length: usize) -> bool {
    text.len() == length && text.bytes().all(|digit| matches!(digit, b'0'..=b'9' | b'a'..=b'f'))
}
