//! What stands in a request's address.

use super::problem::Problem;
use std::collections::BTreeMap;

/// The most bytes of an address's query.
const QUERY_MAX: usize = 4_096;

/// The parts of the path and of the query, by name.
#[derive(Debug, Clone, Default)]
pub(super) struct Params {
    pub(super) path: BTreeMap<String, String>,
    query: BTreeMap<String, String>,
}

impl Params {
    /// Reads the query; only these names may stand in it, each once.
    pub(super) fn new(path: BTreeMap<String, String>, query: Option<&str>, known: &[&str]) -> Result<Self, Problem> {
        let query = query.unwrap_or_default();
        if query.len() > QUERY_MAX {
            return Err(Problem::parameter("query", format!("it has {} bytes", query.len())).limit(QUERY_MAX));
        }
        let mut read = BTreeMap::new();
        for pair in query.split('&').filter(|pair| !pair.is_empty()) {
            let (name, value) = pair.split_once('=').unwrap_or((pair, ""));
            let (name, value) = (decoded(name)?, decoded(value)?);
            if !known.contains(&name.as_str()) {
                return Err(Problem::parameter("query", format!("{name:?} is not one of {known:?}")));
            }
            if read.insert(name.clone(), value).is_some() {
                return Err(Problem::parameter(&name, "it stands twice"));
            }
        }
        Ok(Self { path, query: read })
    }

    /// A part of the path. The route names it, so it is there.
    pub(super) fn part(&self, name: &str) -> &str {
        self.path.get(name).map_or("", String::as_str)
    }

    /// A part of the query.
    pub(super) fn query(&self, name: &str) -> Option<&str> {
        self.query.get(name).map(String::as_str)
    }

    /// A part of the query that is a number within these bounds.
    pub(super) fn number(&self, name: &str, least: u64, most: u64) -> Result<Option<u64>, Problem> {
        let Some(text) = self.query(name) else { return Ok(None) };
        match text.parse() {
            Ok(number) if (least..=most).contains(&number) => Ok(Some(number)),
            _ => Err(Problem::parameter(name, format!("it is a number from {least} to {most}"))),
        }
    }
}

/// Undoes what `application/x-www-form-urlencoded` does to text.
fn decoded(text: &str) -> Result<String, Problem> {
    let wrong = || Problem::parameter("query", "it is not percent-encoded UTF-8");
    let mut bytes = Vec::with_capacity(text.len());
    let mut rest = text.bytes();
    while let Some(byte) = rest.next() {
        bytes.push(match byte {
            b'+' => b' ',
            b'%' => {
                let digits = [rest.next().ok_or_else(wrong)?, rest.next().ok_or_else(wrong)?];
                let digits = digits.map(|digit| char::from(digit).to_digit(16));
                let byte = digits[0].zip(digits[1]).map(|(high, low)| high * 16 + low);
                byte.and_then(|byte| u8::try_from(byte).ok()).ok_or_else(wrong)?
            }
            byte => byte,
        });
    }
    String::from_utf8(bytes).map_err(|_| wrong())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn params(query: &str) -> Result<Params, Problem> {
        Params::new(BTreeMap::new(), Some(query), &["limit", "slot_prefix"])
    }

    #[test]
    fn a_query_is_decoded() {
        let read = params("slot_prefix=a%2Fb+c%C3%A4&&limit=7").expect("it is fine");
        assert_eq!(read.query("slot_prefix"), Some("a/b cä"));
        assert_eq!(read.number("limit", 1, 7).ok(), Some(Some(7)));
        assert!(read.number("limit", 1, 6).is_err());
        assert_eq!(params("").expect("nothing").query("limit"), None);
    }

    #[test]
    fn a_query_that_says_something_else_is_refused() {
        let long = format!("slot_prefix={}", "a".repeat(QUERY_MAX));
        for wrong in
            ["other=1", "limit=1&limit=1", "slot_prefix=%", "slot_prefix=%f", "slot_prefix=%FF", "%zz=1", &long]
        {
            assert!(params(wrong).is_err(), "{wrong}");
        }
    }
}
