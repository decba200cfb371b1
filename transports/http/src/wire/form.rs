//! How a message lies in a body: as bytes, or as JSON for people and tools.

use super::names::{JSON, MESSAGE};
use super::nonce::{HASH_LEN, hash_of_message, hash_of_text};
use draftkeep::transport::{JSON_MAX, MESSAGE_MAX};

/// The form of a message.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Form {
    /// The bytes of the protocol.
    Bytes,
    /// The same as JSON.
    Json,
}

impl Form {
    pub(crate) const fn media(self) -> &'static str {
        match self {
            Self::Bytes => MESSAGE,
            Self::Json => JSON,
        }
    }

    /// The longest body that a message of so many bytes can have.
    pub(crate) fn most(self, bytes: usize) -> usize {
        match self {
            Self::Bytes => bytes,
            // What stands around a short message is longer than the message.
            Self::Json => (bytes.div_ceil(MESSAGE_MAX / JSON_SHARE) * (JSON_MAX / JSON_SHARE)).clamp(4 << 10, JSON_MAX),
        }
    }

    /// The hash of a body, for the proof; none where it is too short to be a message.
    pub(crate) fn hash(self, body: &[u8]) -> Option<[u8; HASH_LEN]> {
        match self {
            Self::Bytes => hash_of_message(body),
            Self::Json => Some(hash_of_text(body)),
        }
    }
}

/// In how many parts the limits of both forms are held against each other.
const JSON_SHARE: usize = 1 << 20;

#[cfg(feature = "server")]
impl Form {
    /// The form of a body of this type; none where it is no message.
    pub(crate) fn of_media(media: &str) -> Option<Self> {
        let (kind, parameter) = media.split_once(';').unwrap_or((media, "charset=utf-8"));
        let is_text = parameter.trim().eq_ignore_ascii_case("charset=utf-8");
        match kind.trim() {
            MESSAGE if media == MESSAGE => Some(Self::Bytes),
            kind if kind.eq_ignore_ascii_case(JSON) && is_text => Some(Self::Json),
            _ => None,
        }
    }

    /// The form that whoever sends this wants back: the only one that `accept` names, else that of the request.
    pub(crate) fn wanted(self, headers: &http::HeaderMap) -> Self {
        let named = |media: &str| {
            let lists = headers.get_all(http::header::ACCEPT).into_iter().filter_map(|list| list.to_str().ok());
            lists
                .flat_map(|list| list.split(','))
                .any(|range| range.split(';').next().is_some_and(|range| range.trim().eq_ignore_ascii_case(media)))
        };
        match (named(MESSAGE), named(JSON)) {
            (true, false) => Self::Bytes,
            (false, true) => Self::Json,
            _ => self,
        }
    }

    /// How many times its own length a body takes in memory while it is read: a message as JSON is there as text, as values, as a
    /// message and as bytes.
    pub(crate) const fn weight(self) -> usize {
        match self {
            Self::Bytes => 1,
            Self::Json => 4,
        }
    }
}

#[cfg(all(test, feature = "server"))]
mod tests {
    use super::*;
    use http::header::ACCEPT;
    use http::{HeaderMap, HeaderValue};

    #[test]
    fn a_media_type_is_one_form_or_none() {
        for (media, form) in [
            (MESSAGE, Some(Form::Bytes)),
            ("application/json", Some(Form::Json)),
            ("Application/JSON; charset=UTF-8", Some(Form::Json)),
            ("application/json; charset=latin1", None),
            ("application/vnd.draftkeep.message; charset=utf-8", None),
            ("application/jsonl", None),
            ("text/html", None),
            ("", None),
        ] {
            assert_eq!(Form::of_media(media), form, "{media}");
        }
    }

    #[test]
    fn the_answer_has_the_only_form_that_is_named_or_that_of_the_request() {
        let json = "text/html, application/json;q=0.9";
        let both = format!("{JSON}, {MESSAGE}");
        for (accept, of_bytes, of_json) in [
            (None, Form::Bytes, Form::Json),
            (Some("*/*"), Form::Bytes, Form::Json),
            (Some(MESSAGE), Form::Bytes, Form::Bytes),
            (Some(json), Form::Json, Form::Json),
            (Some(both.as_str()), Form::Bytes, Form::Json),
        ] {
            let headers: HeaderMap =
                accept.map(|accept| (ACCEPT, HeaderValue::from_str(accept).unwrap())).into_iter().collect();
            assert_eq!((Form::Bytes.wanted(&headers), Form::Json.wanted(&headers)), (of_bytes, of_json), "{accept:?}");
        }
    }

    #[test]
    fn the_longest_message_fits_in_both_forms() {
        assert_eq!((Form::Bytes.most(MESSAGE_MAX), Form::Json.most(MESSAGE_MAX)), (MESSAGE_MAX, JSON_MAX));
        assert!(Form::Json.most(1) >= 4 << 10 && Form::Json.most(3 << 20) >= 8 << 20);
    }
}
