//! Nothing that is secret gets into a log, however much is logged: no token, no text of a draft, no name of a space.

mod common;

use common::{Server, hub, unlimited};
use draftkeep::sync::Syncer;
use draftkeep::{Kind, Options, Store};
use draftkeep_http::{HttpOptions, HttpTransport, ListenerOptions, Spaces, Token, TokenFile, TokenWish};
use futures_executor::block_on;
use std::io::Write;
use std::sync::{Arc, Mutex};
use tracing_subscriber::fmt::MakeWriter;

const NOTE: Kind<String> = Kind::new("note");

/// Everything that was logged.
#[derive(Debug, Clone, Default)]
struct Log(Arc<Mutex<Vec<u8>>>);

impl Write for Log {
    fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
        self.0.lock().unwrap().extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> std::io::Result<()> {
        Ok(())
    }
}

impl<'a> MakeWriter<'a> for Log {
    type Writer = Self;

    fn make_writer(&'a self) -> Self {
        self.clone()
    }
}

#[test]
fn no_log_has_a_token_a_text_or_a_space_in_it() {
    let log = Log::default();
    tracing_subscriber::fmt().with_max_level(tracing::Level::TRACE).with_writer(log.clone()).init();
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("tokens");
    let spaces = Spaces::These(["canary-space".to_owned()].into());
    let issued = TokenFile::issue(&path, &TokenWish::new("phone", spaces)).unwrap();
    let server = Server::start(hub(), TokenFile::open(&path).unwrap(), unlimited(), ListenerOptions::new());
    let wrong = "dk_0011223344556677_ca9a51".to_owned() + &"0".repeat(58);
    for token in [&issued.token, &wrong] {
        let space = Store::in_memory(Options::new()).unwrap().space("canary-space").unwrap();
        space.drafts(NOTE).unwrap().start(&"canary-text: dear diary".to_owned()).unwrap();
        let options = HttpOptions::new().token(Token::new(token).unwrap());
        let transport = HttpTransport::open(&server.url(), options).unwrap();
        let synced = block_on(Syncer::new(&space, transport).once());
        assert_eq!(synced.is_ok(), *token == issued.token, "{synced:?}");
    }
    drop(server);
    let text = String::from_utf8(log.0.lock().unwrap().clone()).unwrap();
    assert!(text.contains("answered") && text.contains("unauthorized"), "it logs what happens:\n{text}");
    assert!(text.contains(&issued.info.id), "and whose token it was:\n{text}");
    let secret = issued.token.rsplit('_').next().unwrap();
    for canary in [secret, "ca9a51", "canary-text", "canary-space", "dear diary"] {
        assert!(!text.contains(canary), "{canary} in the log:\n{text}");
    }
}
