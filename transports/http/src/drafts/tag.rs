//! Entity tags, and what a request says of the version that it is about.
//!
//! A tag is the version's number and its revision: `"12-<64 digits>"`. The revision proves, the number says where to look. Tags are
//! strong: a revision is a hash over what stands in it.

use super::problem::Problem;
use crate::fault;
use axum::http::HeaderMap;
use axum::http::header::{HeaderName, IF_MATCH, IF_NONE_MATCH};
use draftkeep::RevisionId;
use std::fmt;

/// The most tags that a header may list.
const TAGS_MAX: usize = 32;

/// The state of a draft that an answer shows.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Tag {
    pub(super) version: u64,
    pub(super) revision: RevisionId,
}

impl fmt::Display for Tag {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "\"{}-{}\"", self.version, self.revision)
    }
}

impl Tag {
    fn parse(opaque: &str) -> Option<Self> {
        let (version, revision) = opaque.split_once('-')?;
        Some(Self { version: version.parse().ok()?, revision: revision.parse().ok()? })
    }
}

/// One of the tags of a header.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Listed {
    /// `None` where it was never one of ours, and matches nothing.
    pub(super) tag: Option<Tag>,
    is_weak: bool,
}

/// What `If-Match` or `If-None-Match` says.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Condition {
    /// The header is not there.
    Absent,
    /// `*`: whatever is there.
    Any,
    /// These.
    Tags(Vec<Listed>),
}

impl Condition {
    /// Reads the header; several of one name are one list (RFC 9110, 5.3).
    fn read(headers: &HeaderMap, name: &HeaderName) -> Result<Self, Problem> {
        let mut tags = Vec::new();
        let mut is_there = false;
        for value in headers.get_all(name) {
            let text = value.to_str().map_err(|_| Problem::header(name, "it is not plain ASCII"))?;
            if !is_there && text.trim() == "*" {
                return Ok(Self::Any);
            }
            is_there = true;
            list(text, &mut tags).map_err(|why| Problem::header(name, why))?;
        }
        Ok(if is_there { Self::Tags(tags) } else { Self::Absent })
    }

    /// Whether one of the tags is this one, both being strong.
    pub(super) fn names(&self, revision: RevisionId) -> bool {
        let Self::Tags(tags) = self else { return false };
        tags.iter().any(|listed| {
            (!listed.is_weak || fault::on("drafts-weak-tags-match"))
                && listed.tag.is_some_and(|tag| tag.revision == revision)
        })
    }

    /// Whether one of the tags is this one, weak ones too.
    pub(super) fn names_weakly(&self, revision: RevisionId) -> bool {
        match self {
            Self::Absent => false,
            Self::Any => true,
            Self::Tags(tags) => tags.iter().any(|listed| listed.tag.is_some_and(|tag| tag.revision == revision)),
        }
    }

    /// The first tag that is one of ours.
    pub(super) fn first(&self) -> Option<Tag> {
        let Self::Tags(tags) = self else { return None };
        tags.iter().filter(|listed| !listed.is_weak).find_map(|listed| listed.tag)
    }
}

/// What a request says of the version that it is about.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Conditions {
    pub(super) if_match: Condition,
    pub(super) if_none_match: Condition,
}

impl Conditions {
    pub(super) fn read(headers: &HeaderMap) -> Result<Self, Problem> {
        let if_match = Condition::read(headers, &IF_MATCH)?;
        Ok(Self { if_match, if_none_match: Condition::read(headers, &IF_NONE_MATCH)? })
    }

    /// Whether the request is to make something where nothing is.
    pub(super) fn is_creating(&self) -> bool {
        self.if_none_match == Condition::Any
    }
}

/// Reads a list of entity tags (RFC 9110, 8.8.3).
fn list(text: &str, tags: &mut Vec<Listed>) -> Result<(), &'static str> {
    let mut rest = text.trim();
    while !rest.is_empty() {
        // Empty elements are allowed in any list.
        if let Some(after) = rest.strip_prefix(',') {
            rest = after.trim_start();
            continue;
        }
        let (is_weak, opaque) = rest.strip_prefix("W/").map_or((false, rest), |opaque| (true, opaque));
        let opaque = opaque.strip_prefix('"').ok_or("a tag stands in double quotes, as in \"12-…\"")?;
        let (opaque, after) = opaque.split_once('"').ok_or("a tag lacks its closing quote")?;
        if tags.len() == TAGS_MAX {
            return Err("it lists more than 32 tags");
        }
        tags.push(Listed { tag: Tag::parse(opaque), is_weak });
        rest = after.trim_start();
        if !rest.is_empty() && !rest.starts_with(',') {
            return Err("tags are separated by commas");
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use axum::http::HeaderValue;

    fn condition(values: &[&str]) -> Result<Condition, Problem> {
        let mut headers = HeaderMap::new();
        for value in values {
            headers.append(IF_MATCH, HeaderValue::from_str(value).expect("it is a header's value"));
        }
        Condition::read(&headers, &IF_MATCH)
    }

    fn tag(version: u64, byte: u8) -> Tag {
        Tag { version, revision: RevisionId::from_bytes([byte; 32]) }
    }

    #[test]
    fn a_tag_reads_back_and_only_strong_ones_match() {
        let (one, two) = (tag(1, 1), tag(22, 2));
        let listed = condition(&[&format!("{one} , W/{two},,\"of somebody else\"")]).expect("a list");
        assert!(listed.names(one.revision) && !listed.names(two.revision));
        assert!(listed.names_weakly(one.revision) && listed.names_weakly(two.revision));
        assert_eq!(listed.first(), Some(one));
        assert!(condition(&[&one.to_string(), &two.to_string()]).expect("two lines").names(two.revision));
        assert_eq!(condition(&[]).expect("nothing"), Condition::Absent);
        assert_eq!(condition(&["*"]).expect("a star"), Condition::Any);
        assert!(!condition(&["\"12-\""]).expect("not ours").names(one.revision));
    }

    #[test]
    fn what_is_no_list_of_tags_is_refused() {
        let many = vec!["\"a\""; 33].join(",");
        for wrong in ["12", "\"12", "\"a\" \"b\"", "*, \"a\"", "W/a", many.as_str()] {
            assert!(condition(&[wrong]).is_err(), "{wrong}");
        }
    }
}
