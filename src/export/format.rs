//! The lines of an export. `docs::format` has them as a table.
//!
//! A line is one JSON object. Where it has a document, that is its first member, in its canonical bytes; everything else is small.

use crate::value::{self, ValueError};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// What the first line calls itself, and the version of the format.
pub(super) const FORMAT: &str = "draftkeep export";
pub(super) const VERSION: u64 = 1;

/// The longest line: the longest document, and room for what stands beside it.
pub(super) const LINE_MAX: usize = (16 << 20) + (4 << 20);

/// The names of lines.
pub(super) const OPENING: &str = "export";
pub(super) const DRAFT: &str = "draft";
pub(super) const TEXT: &str = "version";
pub(super) const LOST: &str = "lost";
pub(super) const END: &str = "end";

/// What a line is called.
#[derive(Debug, Deserialize)]
pub(super) struct Named {
    pub(super) line: String,
}

/// The first line.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Opening {
    pub(super) line: String,
    pub(super) format: String,
    pub(super) version: u64,
    pub(super) space: String,
    /// Names the space's secret, where it has one of its own: ids of another secret's are others.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) secret: Option<String>,
    /// When it was made, ms.
    pub(super) at: u64,
    pub(super) history: bool,
}

/// A draft with its head, whose document the line has. Its other versions follow, oldest first.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct DraftLine {
    pub(super) line: String,
    pub(super) draft: String,
    pub(super) kind: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) slot: Option<SlotName>,
    pub(super) created_at: u64,
    /// How many lines of it follow.
    pub(super) others: u64,
    /// The versions that stand in an open conflict with the head.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub(super) sides: Vec<u64>,
    pub(super) head: Said,
}

/// A slot: its key as text, or as digits where it is none.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct SlotName {
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) key: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) bytes: Option<String>,
    pub(super) generation: u32,
}

/// Another version of the draft before.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct TextLine {
    pub(super) line: String,
    #[serde(rename = "is")]
    pub(super) said: Said,
}

/// A version that could not be read when it was exported.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct LostLine {
    pub(super) line: String,
    pub(super) number: u64,
}

/// The last line.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct End {
    pub(super) line: String,
    pub(super) drafts: u64,
    pub(super) versions: u64,
    /// BLAKE3 over all bytes before this line.
    pub(super) blake3: String,
}

/// What a version says beside its document. All of it is in the revision's hash.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Said {
    pub(super) number: u64,
    pub(super) revision: String,
    pub(super) phase: String,
    pub(super) schema: u32,
    /// When it was saved, ms, by the writer's clock; 0 for a slot's first version and for merges, which every device makes alike.
    pub(super) time: u64,
    /// It was not the head when it was written.
    #[serde(default, skip_serializing_if = "is_false")]
    pub(super) aside: bool,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) label: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) checkpoint: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) outcome: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) device: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) promoted: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) discarded_from: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) author: Option<String>,
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub(super) vector: BTreeMap<String, u64>,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub(super) parents: Vec<String>,
    #[serde(default, skip_serializing_if = "is_zero")]
    pub(super) flags: u64,
    pub(super) policy: String,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub(super) blobs: Vec<String>,
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde calls it so")]
fn is_false(is: &bool) -> bool {
    !*is
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde calls it so")]
fn is_zero(number: &u64) -> bool {
    *number == 0
}

/// The bytes of a line, with its end.
pub(super) fn line<L: Serialize>(line: &L, document: Option<&[u8]>) -> Result<Vec<u8>, ValueError> {
    let members = value::to_canonical(line)?;
    let Some(document) = document else { return Ok([&members, &b"\n"[..]].concat()) };
    let rest = members.get(1..).unwrap_or_default();
    Ok([DOCUMENT_FIRST, document, b",", rest, b"\n"].concat())
}

const DOCUMENT_FIRST: &[u8] = br#"{"doc":"#;

/// A line without its end, taken apart: the document's bytes, and the object of all other members. None where a document does not end.
pub(super) fn apart(line: &[u8]) -> Option<(Option<&[u8]>, Vec<u8>)> {
    let Some(rest) = line.strip_prefix(DOCUMENT_FIRST) else { return Some((None, line.to_vec())) };
    let end = end_of_value(rest)?;
    let (document, members) = rest.split_at(end);
    let members = members.strip_prefix(b",")?;
    Some((Some(document), [b"{", members].concat()))
}

/// Where the JSON value ends that the bytes begin with: at the first comma outside of it. What it is, is for the reader to say.
fn end_of_value(bytes: &[u8]) -> Option<usize> {
    let (mut depth, mut is_text, mut is_escaped) = (0_usize, false, false);
    for (at, byte) in bytes.iter().enumerate() {
        match byte {
            _ if is_escaped => is_escaped = false,
            b'\\' if is_text => is_escaped = true,
            b'"' => is_text = !is_text,
            _ if is_text => {}
            b'{' | b'[' => depth += 1,
            b'}' | b']' => depth = depth.checked_sub(1)?,
            b',' if depth == 0 => return Some(at),
            _ => {}
        }
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_comes_apart_into_what_it_was_made_of() {
        let lost = LostLine { line: LOST.to_owned(), number: 7 };
        let deep = format!("{}{}", "[".repeat(64), "]".repeat(64));
        for document in ["null", "7", r#""a,b\"}],""#, r#"{"a":[1,{"b":"\\"}],"c":","}"#, &deep] {
            let bytes = line(&lost, Some(document.as_bytes())).unwrap();
            let (found, members) = apart(bytes.strip_suffix(b"\n").unwrap()).unwrap();
            assert_eq!(found, Some(document.as_bytes()));
            assert_eq!(value::from_slice::<LostLine>(&members).unwrap(), lost);
        }
        let bytes = line(&lost, None).unwrap();
        assert_eq!(apart(bytes.strip_suffix(b"\n").unwrap()).unwrap().0, None);
        for broken in [r#"{"doc":"#, r#"{"doc":1}"#, r#"{"doc":]],"#, r#"{"doc":"a,"#] {
            assert!(apart(broken.as_bytes()).is_none(), "{broken}");
        }
    }
}
