//! Tokens on their way: they are asked for before each request, renewed after one was refused, and shown nowhere.

use super::common::request;
use super::stranger::{Stranger, answer};
use draftkeep::transport::{Ask, Transport, TransportErrorKind};
use draftkeep_http::{HttpOptions, HttpTransport, Token, TokenError};
use futures_executor::block_on;
use std::sync::{Arc, Mutex};

fn kind(transport: &HttpTransport) -> TransportErrorKind {
    let error = block_on(transport.send(request("alice", Ask::Hello))).expect_err("no answer here is a hub's");
    error.kind().clone()
}

#[test]
fn whoever_gives_tokens_is_told_which_one_was_refused() {
    let stranger = Stranger::saying(|asked| match asked.header("authorization") {
        Some("Bearer old") => answer(401, &asked.marks(), ""),
        _ => answer(503, &asked.marks(), ""),
    });
    let told: Arc<Mutex<Vec<Option<Token>>>> = Arc::default();
    let telling = Arc::clone(&told);
    let options = HttpOptions::new().tokens(move |refused| {
        telling.lock().unwrap().push(refused.clone());
        async move { Token::new(if refused.is_some() { "new" } else { "old" }) }
    });
    let transport = HttpTransport::open(&stranger.url(), options).unwrap();
    assert_eq!(kind(&transport), TransportErrorKind::Unauthorized);
    assert_eq!(stranger.requests(), 1, "the new one is not tried behind the device's back");
    assert_eq!(kind(&transport), TransportErrorKind::Unreachable { retry_after: None }, "with the new one");
    assert_eq!(*told.lock().unwrap(), [None, Some(Token::new("old").unwrap())]);
}

#[test]
fn a_stranger_who_refuses_a_token_has_refused_nothing() {
    let stranger = Stranger::saying(|_| answer(401, "www-authenticate: Basic\r\n", ""));
    let told: Arc<Mutex<Vec<Option<Token>>>> = Arc::default();
    let telling = Arc::clone(&told);
    let options = HttpOptions::new().tokens(move |refused| {
        telling.lock().unwrap().push(refused);
        async { Token::new("mine") }
    });
    let transport = HttpTransport::open(&stranger.url(), options).unwrap();
    for _ in 0..2 {
        assert!(matches!(kind(&transport), TransportErrorKind::NotAHub { .. }));
    }
    assert_eq!(*told.lock().unwrap(), [None, None]);
}

#[test]
fn where_there_is_no_token_nothing_is_sent() {
    let stranger = Stranger::saying(|_| answer(200, "", ""));
    for (error, expected) in [
        (|| TokenError::SignIn("the session is over".into()), TransportErrorKind::Unauthorized),
        (
            || TokenError::Unavailable("the account server is away".into()),
            TransportErrorKind::Unreachable { retry_after: None },
        ),
    ] as [(fn() -> TokenError, TransportErrorKind); 2]
    {
        let options = HttpOptions::new().tokens(move |_| async move { Err(error()) });
        assert_eq!(kind(&HttpTransport::open(&stranger.url(), options).unwrap()), expected);
    }
    assert_eq!(stranger.requests(), 0);
}

#[test]
fn a_token_is_visible_letters_and_is_not_shown() {
    for text in ["", "two words", "line\nbreak", "ä", "\u{7f}", &"x".repeat(4_097)] {
        assert!(matches!(Token::new(text), Err(TokenError::Malformed)), "{text:?}");
    }
    let secret = "canary-5b7c";
    let token = Token::new(secret).unwrap();
    let options = HttpOptions::new().token(token.clone());
    let transport = HttpTransport::open("http://127.0.0.1:1", options.clone()).unwrap();
    let error = block_on(transport.send(request("alice", Ask::Hello))).expect_err("nobody is there");
    let mut shown = format!("{token:?} {options:?} {transport:?} {error:?} {error}");
    let mut cause = std::error::Error::source(&error);
    while let Some(error) = cause {
        shown.push_str(&format!(" {error:?} {error}"));
        cause = error.source();
    }
    assert!(!shown.contains(secret), "{shown}");
    assert!(!shown.contains("alice"), "the space is people's, too: {shown}");
}
