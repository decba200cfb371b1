//! Every status, marked as a hub's and not, comes to the device as the table of answers says.

use super::common::{client, request, token};
use super::stranger::{Stranger, answer};
use draftkeep::transport::{Ask, Transport, TransportError, TransportErrorKind};
use draftkeep_http::{ClockSkew, HttpOptions, HttpTransport, Said};
use futures_executor::block_on;
use std::error::Error as _;
use std::time::Duration;

fn fails(transport: &HttpTransport) -> TransportError {
    block_on(transport.send(request("alice", Ask::Hello))).expect_err("nothing here is an answer")
}

const AWAY: TransportErrorKind = TransportErrorKind::Unreachable { retry_after: None };

fn is_a_stranger(kind: &TransportErrorKind) -> bool {
    matches!(kind, TransportErrorKind::NotAHub { .. })
}

/// The table, over plain HTTP.
fn expected(status: u16, is_marked: bool) -> &'static str {
    match (status, is_marked) {
        (301 | 308, _) | (300 | 302 | 303 | 307, true) => "redirected",
        (408 | 425 | 429, _) => "unreachable",
        (_, _) if status >= 500 => "unreachable",
        (401, true) => "unauthorized",
        (403, true) => "forbidden",
        (413, true) => "too large",
        (426, true) => "upgrade",
        (_, true) => "unreachable",
        (_, false) => "not a hub",
    }
}

fn name(kind: &TransportErrorKind) -> &'static str {
    match kind {
        TransportErrorKind::Unreachable { .. } => "unreachable",
        TransportErrorKind::NotAHub { .. } => "not a hub",
        TransportErrorKind::Unauthorized => "unauthorized",
        TransportErrorKind::Forbidden => "forbidden",
        TransportErrorKind::TooLarge => "too large",
        TransportErrorKind::Upgrade { .. } => "upgrade",
        TransportErrorKind::Redirected => "redirected",
        _ => "something new",
    }
}

#[test]
fn every_status_means_what_the_table_says() {
    for is_marked in [true, false] {
        let statuses: Vec<u16> = (200..600).collect();
        let told = statuses.clone();
        let stranger = Stranger::saying(move |asked| {
            let marks = if is_marked { asked.marks() } else { String::new() };
            answer(told[asked.number], &marks, if [204, 304].contains(&told[asked.number]) { "" } else { "{}" })
        });
        let transport = client(&stranger.url());
        for (number, status) in statuses.iter().enumerate() {
            let error = fails(&transport);
            assert_eq!(name(error.kind()), expected(*status, is_marked), "{status}, marked: {is_marked}: {error:?}");
            assert_eq!(stranger.requests(), number + 1, "{status}: one request, one answer, and no second try");
        }
    }
}

#[test]
fn marks_of_another_request_are_none() {
    for marks in [
        "draftkeep-protocol: 1\r\n".to_owned(),
        format!("draftkeep-protocol: 1\r\ndraftkeep-request: {}\r\n", "0".repeat(32)),
        format!("draftkeep-request: {}\r\n", "0".repeat(32)),
    ] {
        let stranger = Stranger::saying(move |_| answer(401, &marks, ""));
        let error = fails(&client(&stranger.url()));
        assert!(is_a_stranger(error.kind()), "{error:?}");
    }
}

#[test]
fn a_page_that_wants_somebody_to_sign_in_is_not_a_hub() {
    let page = "<html><body>Welcome to the hotel. <a href=/login>Sign in</a></body></html>";
    let stranger = Stranger::saying(move |_| answer(200, "content-type: text/html\r\n", page));
    let error = fails(&client(&stranger.url()));
    let TransportErrorKind::NotAHub { what } = error.kind() else { panic!("{error:?}") };
    assert!(what.contains("200") && what.contains("text/html") && what.contains("sign in"), "{what}");

    let elsewhere = "location: http://portal.example/login\r\n";
    let stranger = Stranger::saying(move |_| answer(302, elsewhere, page));
    let error = fails(&client(&stranger.url()));
    let TransportErrorKind::NotAHub { what } = error.kind() else { panic!("{error:?}") };
    assert!(what.contains("302"), "{what}");
}

#[test]
fn no_redirect_is_followed_and_no_token_goes_anywhere_else() {
    let other = Stranger::saying(|_| answer(200, "", ""));
    for status in [300, 301, 302, 303, 307, 308] {
        // To another place, and to another path of the same.
        for to in [other.url(), String::new()] {
            let stranger = Stranger::saying(move |asked| {
                let marks = asked.marks();
                answer(status, &format!("location: {to}/elsewhere\r\n{marks}"), "")
            });
            let error = fails(&client(&stranger.url()));
            assert_eq!(*error.kind(), TransportErrorKind::Redirected, "{status}");
            assert!(error.source().unwrap().to_string().contains("/elsewhere"), "it says where to: {error:?}");
            assert_eq!(stranger.requests(), 1);
        }
    }
    assert_eq!(other.requests(), 0);
}

#[test]
fn a_hub_may_ask_to_be_left_alone_for_an_hour_at_most() {
    let soon = httpdate_in(Duration::from_secs(120));
    let long = httpdate_in(Duration::from_secs(7 * 24 * 60 * 60));
    let past = "Sun, 06 Nov 1994 08:49:37 GMT".to_owned();
    let table: [(String, std::ops::RangeInclusive<u64>); 6] = [
        ("30".to_owned(), 30..=30),
        ("3600".to_owned(), 3_600..=3_600),
        ("99999999".to_owned(), 3_600..=3_600),
        (soon, 60..=121),
        (long, 3_600..=3_600),
        (past, 0..=0),
    ];
    for (asked, expected) in table {
        let header = format!("retry-after: {asked}\r\n");
        let stranger = Stranger::saying(move |_| answer(503, &header, ""));
        match fails(&client(&stranger.url())).kind() {
            TransportErrorKind::Unreachable { retry_after: Some(wait) } => {
                assert!(expected.contains(&wait.as_secs()), "{asked}: {wait:?}");
            }
            other => panic!("{asked}: {other:?}"),
        }
    }
    for nonsense in ["soon", "-1", "", "1.5"] {
        let header = format!("retry-after: {nonsense}\r\n");
        let stranger = Stranger::saying(move |_| answer(503, &header, ""));
        assert_eq!(*fails(&client(&stranger.url())).kind(), AWAY, "{nonsense}");
    }
}

/// A date so long from now, as HTTP writes it.
fn httpdate_in(time: Duration) -> String {
    // The system's own `date` writes the same digits; here they are computed by the crate that the client reads them with.
    httpdate::fmt_http_date(std::time::SystemTime::now() + time)
}

#[test]
fn a_clock_that_is_wrong_is_said_where_the_credentials_are_refused() {
    for (date, is_ahead) in [("Sun, 06 Nov 1994 08:49:37 GMT", true), ("Fri, 01 Jan 2100 00:00:00 GMT", false)] {
        let stranger = Stranger::saying(move |asked| answer(401, &format!("date: {date}\r\n{}", asked.marks()), ""));
        let error = fails(&client(&stranger.url()));
        assert_eq!(*error.kind(), TransportErrorKind::Unauthorized);
        let skew = error.source().and_then(|source| source.downcast_ref::<ClockSkew>()).expect("it says so");
        assert_eq!(skew.ahead_secs > 0, is_ahead, "{skew}");
        assert!(skew.ahead_secs.unsigned_abs() > 365 * 24 * 60 * 60, "{skew}");
    }
    let now = httpdate_in(Duration::ZERO);
    let problem = "{\"detail\":\"the time of this token is over\\u001b[31m; ask for another one\"}";
    let stranger = Stranger::saying(move |asked| answer(401, &format!("date: {now}\r\n{}", asked.marks()), problem));
    let error = fails(&client(&stranger.url()));
    let said = error.source().and_then(|source| source.downcast_ref::<Said>()).expect("what it said");
    let detail = "the time of this token is over[31m; ask for another one".to_owned();
    assert_eq!(*said, Said { status: 401, detail: Some(detail) }, "in its words, without what a terminal obeys");
}

#[test]
fn an_older_hub_says_which_version_it_speaks() {
    let stranger = Stranger::saying(|asked| answer(426, &asked.marks().replace("protocol: 1", "protocol: 7"), ""));
    assert_eq!(*fails(&client(&stranger.url())).kind(), TransportErrorKind::Upgrade { newest: 7 });
}

#[test]
fn nobody_there_is_unreachable() {
    let port = {
        let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
        listener.local_addr().unwrap().port()
    };
    let error = fails(&client(&format!("http://127.0.0.1:{port}")));
    assert_eq!(*error.kind(), AWAY);
    let no_tls = Stranger::saying(|_| answer(200, "", ""));
    let url = no_tls.url().replace("http:", "https:");
    let options = HttpOptions::new().token(token()).deadline_to_connect(Duration::from_secs(2));
    match HttpTransport::open(&url, options) {
        Ok(transport) => assert_eq!(*fails(&transport).kind(), AWAY, "plain text where TLS should be"),
        // A machine without any certificates says so before anything is sent.
        Err(error) => assert!(error.to_string().contains("HttpOptions::roots"), "{error}"),
    }
}
