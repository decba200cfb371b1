//! The parameters of an address: few, known by name, and numbers. Addresses are logged on the way, so that nothing else may be in
//! one: a token has no place in it.

use super::problem::Problem;
use crate::fault;
use draftkeep::transport::PAGE_MAX;

/// The longest query that is looked at, in bytes: all parameters that there are, with the longest numbers.
const QUERY_MAX: usize = 256;

/// The parameters of a request, in the order in which they stand.
#[derive(Debug, Default)]
pub(super) struct Query(Vec<(&'static str, u64)>);

impl Query {
    /// Reads those of an address that takes these, each once and as decimal digits. Nothing of what is refused is repeated: it may
    /// be a token.
    pub(super) fn read(query: Option<&str>, known: &[&'static str]) -> Result<Self, Problem> {
        let query = query.unwrap_or_default();
        if query.is_empty() {
            return Ok(Self::default());
        }
        let takes = match known {
            [] => "this address takes no query".to_owned(),
            known => format!("this address takes a query of nothing but {}, each once, as a number", known.join(", ")),
        };
        let refused =
            || Problem::malformed(format!("{takes}; a token belongs into the header authorization, as Bearer"));
        if query.len() > QUERY_MAX {
            return Err(refused());
        }
        let mut read = Self::default();
        for pair in query.split('&') {
            let (name, digits) = pair.split_once('=').ok_or_else(refused)?;
            let name = known.iter().copied().find(|known| *known == name);
            if name.is_none() && fault::on("http-any-parameter-taken") {
                continue;
            }
            let name = name.ok_or_else(refused)?;
            let is_number = !digits.is_empty() && digits.bytes().all(|digit| digit.is_ascii_digit());
            let number = digits.parse().ok().filter(|_| is_number && read.get(name).is_none()).ok_or_else(refused)?;
            read.0.push((name, number));
        }
        Ok(read)
    }

    pub(super) fn get(&self, name: &str) -> Option<u64> {
        self.0.iter().find(|(known, _)| *known == name).map(|(_, number)| *number)
    }

    /// How many rows are wanted at most.
    pub(super) fn limit(&self, usual: usize) -> Result<usize, Problem> {
        let Some(wanted) = self.get("limit") else { return Ok(usual) };
        let limit = usize::try_from(wanted).ok().filter(|limit| (1..=PAGE_MAX).contains(limit));
        limit.ok_or_else(|| Problem::malformed(format!("limit is 1 to {PAGE_MAX}, not {wanted}; ask page by page")))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_query_is_known_numbers_or_nothing() {
        const KNOWN: &[&str] = &["at", "limit"];
        let read = |query| Query::read(Some(query), KNOWN).map(|query| query.0).ok();
        assert_eq!(read(""), Some(vec![]));
        assert_eq!(read("limit=5&at=18446744073709551615"), Some(vec![("limit", 5), ("at", u64::MAX)]));
        let long = format!("at={}", "0".repeat(QUERY_MAX));
        for wrong in [
            "token=secret",
            "at",
            "at=",
            "at=x",
            "at=-1",
            "at=+1",
            "at=1.0",
            "at=18446744073709551616",
            "at=1&at=1",
            "at=1&",
            "&at=1",
            "AT=1",
            "at=1;limit=2",
            "at=%31",
            "at=1&token=secret",
            &long,
        ] {
            assert_eq!(read(wrong), None, "{wrong}");
        }
        assert!(Query::read(Some("at=1"), &[]).is_err());
        assert!(Query::read(None, &[]).is_ok());
    }

    #[test]
    fn a_page_has_rows_and_not_too_many() {
        let limit = |query| Query::read(Some(query), &["limit"]).unwrap().limit(100).ok();
        assert_eq!((limit(""), limit("limit=1"), limit("limit=1000")), (Some(100), Some(1), Some(1_000)));
        assert_eq!((limit("limit=0"), limit("limit=1001"), limit("limit=18446744073709551615")), (None, None, None));
    }
}
