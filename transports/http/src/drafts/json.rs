//! Writing answers: JSON around documents that are canonical JSON already.
//!
//! An answer holds a document that may be as deep as documents can be, so it cannot be a document itself.

use draftkeep::Value;

/// An object that is being written, member by member.
#[derive(Debug)]
pub(super) struct Members(Vec<u8>);

impl Members {
    pub(super) fn new() -> Self {
        Self(b"{".to_vec())
    }

    /// A member that is JSON already.
    pub(super) fn raw(mut self, key: &str, json: &[u8]) -> Self {
        if self.0.len() > 1 {
            self.0.push(b',');
        }
        self.0.extend(quoted(key));
        self.0.push(b':');
        self.0.extend(json);
        self
    }

    pub(super) fn text(self, key: &str, text: &str) -> Self {
        let text = quoted(text);
        self.raw(key, &text)
    }

    pub(super) fn number(self, key: &str, number: u64) -> Self {
        self.raw(key, number.to_string().as_bytes())
    }

    pub(super) fn flag(self, key: &str, flag: bool) -> Self {
        self.raw(key, flag.to_string().as_bytes())
    }

    /// A member that is null where there is none.
    pub(super) fn text_or_null(self, key: &str, text: Option<&str>) -> Self {
        match text {
            Some(text) => self.text(key, text),
            None => self.raw(key, b"null"),
        }
    }

    /// A member that is null where there is none.
    pub(super) fn number_or_null(self, key: &str, number: Option<u64>) -> Self {
        match number {
            Some(number) => self.number(key, number),
            None => self.raw(key, b"null"),
        }
    }

    /// A document that was stored, or was read within the limits, and can be written again.
    pub(super) fn document(self, key: &str, document: Option<&Value>) -> Self {
        let text = document.and_then(|document| document.to_canonical().ok());
        self.raw(key, text.as_deref().unwrap_or(b"null"))
    }

    /// An array of values that are JSON already.
    pub(super) fn list(self, key: &str, items: impl IntoIterator<Item = Vec<u8>>) -> Self {
        let items: Vec<Vec<u8>> = items.into_iter().collect();
        let list = [&b"["[..], &items.join(&b','), b"]"].concat();
        self.raw(key, &list)
    }

    pub(super) fn finish(mut self) -> Vec<u8> {
        self.0.push(b'}');
        self.0
    }
}

/// Text as a JSON string.
pub(super) fn quoted(text: &str) -> Vec<u8> {
    // Only text of more than 16 MiB is refused, and nothing here is as long.
    Value::from(text).to_canonical().unwrap_or_else(|_| b"\"\"".to_vec())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_written_reads_back() -> Result<(), Box<dyn std::error::Error>> {
        let document = Value::parse(br#"{"b":[1,2.5],"a":"\u0001\""}"#)?;
        let written = Members::new()
            .text("te\"xt", "line\nbreak")
            .number("number", u64::MAX)
            .flag("flag", true)
            .text_or_null("nothing", None)
            .document("document", Some(&document))
            .list("list", [b"1".to_vec(), b"[]".to_vec()])
            .finish();
        let read = Value::parse(&written)?;
        let object = read.as_object().ok_or("it is an object")?;
        assert_eq!(object.get("te\"xt").and_then(Value::as_str), Some("line\nbreak"));
        assert_eq!(object.get("document"), Some(&document));
        assert_eq!(object.get("list"), Some(&Value::parse(b"[1,[]]")?));
        assert_eq!(object.len(), 6);
        Ok(())
    }
}
