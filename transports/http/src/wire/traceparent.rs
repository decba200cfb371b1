//! The trace that whoever asks has given a request.

use http::HeaderName;
#[cfg(any(feature = "drafts", feature = "server"))]
use {draftkeep::TraceId, http::HeaderMap};

/// Ties together what is logged on both sides: <https://www.w3.org/TR/trace-context/>.
pub(crate) const TRACEPARENT: HeaderName = HeaderName::from_static("traceparent");

/// The trace of a request, where it says one: <https://www.w3.org/TR/trace-context/#traceparent-header>. A later version may have
/// more behind what is known; what is not one, and what stands there twice, is as if it were not there.
#[cfg(any(feature = "drafts", feature = "server"))]
pub(crate) fn traceparent(headers: &HeaderMap) -> Option<TraceId> {
    let mut values = headers.get_all(TRACEPARENT).into_iter();
    let text = values.next()?.to_str().ok()?;
    if values.next().is_some() {
        return None;
    }
    let mut parts = text.split('-');
    let (version, trace, span, flags) = (parts.next()?, parts.next()?, parts.next()?, parts.next()?);
    let is_hex = |part: &str, length| {
        part.len() == length && part.bytes().all(|digit| matches!(digit, b'0'..=b'9' | b'a'..=b'f'))
    };
    let is_known = version == "00" && parts.next().is_none() || version != "00" && version != "ff";
    let is_zero = |part: &str| part.bytes().all(|digit| digit == b'0');
    if !is_known || !is_hex(version, 2) || !is_hex(span, 16) || !is_hex(flags, 2) || is_zero(span) {
        return None;
    }
    let trace: TraceId = trace.parse().ok()?;
    (*trace.as_bytes() != [0; TraceId::LEN]).then_some(trace)
}

#[cfg(all(test, any(feature = "drafts", feature = "server")))]
mod tests {
    use super::*;
    use http::HeaderValue;

    #[test]
    fn a_trace_is_taken_over_where_it_is_one() {
        let trace = "4bf92f3577b34da6a3ce929d0e0e4736";
        let span = "00f067aa0ba902b7";
        let table = [
            (format!("00-{trace}-{span}-01"), true),
            (format!("00-{trace}-{span}-00"), true),
            (format!("cc-{trace}-{span}-01-what-comes-later"), true),
            (format!("00-{trace}-{span}-01-more"), false),
            (format!("ff-{trace}-{span}-01"), false),
            (format!("00-{}-{span}-01", "0".repeat(32)), false),
            (format!("00-{trace}-{}-01", "0".repeat(16)), false),
            (format!("00-{}-{span}-01", trace.to_uppercase()), false),
            (format!("00-{trace}-{span}"), false),
            (format!("00-{}-{span}-01", &trace[1..]), false),
            (String::new(), false),
            ("-".repeat(100), false),
        ];
        for (text, expected) in table {
            let headers = HeaderMap::from_iter([(TRACEPARENT, HeaderValue::from_str(&text).unwrap())]);
            let found = traceparent(&headers);
            assert_eq!(found.map(|found| found.to_string()), expected.then(|| trace.to_owned()), "{text}");
        }
        assert!(traceparent(&HeaderMap::new()).is_none());
        let good = HeaderValue::from_str(&format!("00-{trace}-{span}-01")).unwrap();
        let mut twice = HeaderMap::from_iter([(TRACEPARENT, good.clone())]);
        twice.append(TRACEPARENT, good);
        assert!(traceparent(&twice).is_none());
    }
}
