//! Goal: a certificate is renewed while the server serves. Method: files that are written anew under a listener and under the real
//! program; connections by hand say which certificate they were given, and go on across the change.
#![cfg_attr(not(unix), allow(dead_code, unused_imports, reason = "the program is told by a signal"))]

mod common;

use common::{Server, hub, unlimited};
use draftkeep_http::{CertificateError, Everybody, ListenerOptions, Tls};
use rustls::crypto::ring;
use rustls::pki_types::pem::PemObject as _;
use rustls::pki_types::{CertificateDer, ServerName};
use rustls::{ClientConfig, ClientConnection, RootCertStore, StreamOwned};
use std::fs;
use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::net::{SocketAddr, TcpStream};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::Arc;
use std::time::{Duration, Instant};

/// Whether an error is the right one.
type Check = fn(&CertificateError) -> bool;

/// A certificate and its key, as PEM.
struct Made {
    certificate: String,
    key: String,
}

fn made() -> Made {
    let made = rcgen::generate_simple_self_signed(["localhost".to_owned()]).unwrap();
    Made { certificate: made.cert.pem(), key: made.signing_key.serialize_pem() }
}

fn der(made: &Made) -> CertificateDer<'static> {
    CertificateDer::from_pem_slice(made.certificate.as_bytes()).unwrap()
}

struct Files {
    folder: tempfile::TempDir,
}

impl Files {
    fn of(made: &Made) -> Self {
        let files = Self { folder: tempfile::tempdir().unwrap() };
        files.write(&made.certificate, &made.key);
        files
    }

    fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    fn write(&self, certificate: &str, key: &str) {
        fs::write(self.path("chain.pem"), certificate).unwrap();
        fs::write(self.path("key.pem"), key).unwrap();
    }

    fn tls(&self) -> Tls {
        Tls::from_files(self.path("chain.pem"), self.path("key.pem")).unwrap()
    }
}

/// An encrypted connection that stays open.
struct Connection(StreamOwned<ClientConnection, TcpStream>);

impl Connection {
    /// To whoever has one of these certificates.
    fn to(address: SocketAddr, believed: &[&Made]) -> Self {
        let mut roots = RootCertStore::empty();
        for made in believed {
            roots.add(der(made)).unwrap();
        }
        let config = ClientConfig::builder_with_provider(Arc::new(ring::default_provider()))
            .with_safe_default_protocol_versions()
            .unwrap()
            .with_root_certificates(roots)
            .with_no_client_auth();
        let name = ServerName::try_from("localhost").unwrap();
        let tcp = TcpStream::connect(address).unwrap();
        tcp.set_read_timeout(Some(Duration::from_secs(30))).unwrap();
        let mut connection = Self(StreamOwned::new(ClientConnection::new(Arc::new(config), name).unwrap(), tcp));
        connection.asks();
        connection
    }

    /// One request and its answer.
    fn asks(&mut self) {
        self.0.write_all(b"GET /healthz HTTP/1.1\r\nhost: localhost\r\n\r\n").unwrap();
        let mut answer = Vec::new();
        while !answer.ends_with(b"\r\n\r\nok\n") {
            let mut bytes = [0; 1_024];
            let length = self.0.read(&mut bytes).unwrap();
            assert!(length > 0, "it was closed after {}", String::from_utf8_lossy(&answer));
            answer.extend_from_slice(&bytes[..length]);
        }
        assert!(answer.starts_with(b"HTTP/1.1 200 "));
    }

    fn was_given(&self) -> CertificateDer<'static> {
        self.0.conn.peer_certificates().unwrap()[0].clone().into_owned()
    }
}

#[test]
fn new_connections_get_the_renewed_certificate_and_old_ones_go_on() {
    let (old, new) = (made(), made());
    let files = Files::of(&old);
    let tls = files.tls();
    let server = Server::start(hub(), Everybody, unlimited(), ListenerOptions::new().tls(tls.clone()));
    let mut before = Connection::to(server.address, &[&old, &new]);
    assert_eq!(before.was_given(), der(&old));
    assert!(!tls.reload().unwrap(), "nothing was renewed");

    files.write(&new.certificate, &new.key);
    assert_eq!(Connection::to(server.address, &[&old]).was_given(), der(&old), "nothing happens by itself");
    assert!(tls.reload().unwrap());
    let mut after = Connection::to(server.address, &[&old, &new]);
    assert_eq!(after.was_given(), der(&new));
    before.asks();
    after.asks();
    assert!(!tls.reload().unwrap());
    // From memory, too.
    tls.replace(old.certificate.as_bytes(), old.key.as_bytes()).unwrap();
    assert_eq!(Connection::to(server.address, &[&old]).was_given(), der(&old));
    before.asks();
}

#[test]
fn what_cannot_be_used_changes_nothing_and_is_named() {
    let (old, new) = (made(), made());
    let files = Files::of(&old);
    let tls = files.tls();
    let server = Server::start(hub(), Everybody, unlimited(), ListenerOptions::new().tls(tls.clone()));
    let table: [(&str, &str, Check); 6] = [
        ("", &new.key, |error| matches!(error, CertificateError::Certificates)),
        ("nonsense", &new.key, |error| matches!(error, CertificateError::Certificates)),
        (&new.certificate[..200], &new.key, |error| matches!(error, CertificateError::Certificates)),
        (&new.certificate, "", |error| matches!(error, CertificateError::Key)),
        // Only the certificate was renewed yet.
        (&new.certificate, &old.key, |error| matches!(error, CertificateError::Unfit(_))),
        (
            &"x".repeat((1 << 20) + 1),
            &new.key,
            |error| matches!(error, CertificateError::File { path, .. } if path.ends_with("chain.pem")),
        ),
    ];
    for (certificate, key, is_right) in table {
        files.write(certificate, key);
        let error = tls.reload().unwrap_err();
        assert!(is_right(&error), "{error:?}");
        assert_eq!(Connection::to(server.address, &[&old]).was_given(), der(&old));
    }
    fs::remove_file(files.path("key.pem")).unwrap();
    let error = tls.reload().unwrap_err();
    assert!(error.to_string().contains("chain.pem") || error.to_string().contains("key.pem"), "{error}");
    files.write(&new.certificate, &new.key);
    assert!(tls.reload().unwrap());
    assert_eq!(Connection::to(server.address, &[&new]).was_given(), der(&new));
}

/// The program, until it is dropped.
struct Program(Child);

impl Drop for Program {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

/// Starts the program with TLS; gives where it listens, and what it logs line by line.
fn start(data: &Path, files: &Files) -> (Program, SocketAddr, impl Iterator<Item = String> + use<>) {
    let mut command = Command::new(env!("CARGO_BIN_EXE_draftkeep-hub"));
    for (name, _) in std::env::vars_os().filter(|(name, _)| name.to_string_lossy().starts_with("DRAFTKEEP_HUB_")) {
        command.env_remove(name);
    }
    let mut child = command
        .args(["serve", "--log", "info", "--listen", "127.0.0.1:0", "--data"])
        .arg(data)
        .arg("--tls-certificate")
        .arg(files.path("chain.pem"))
        .arg("--tls-key")
        .arg(files.path("key.pem"))
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    let logged = BufReader::new(child.stderr.take().unwrap()).lines().map_while(Result::ok);
    let mut said = BufReader::new(child.stdout.take().unwrap()).lines().map_while(Result::ok);
    let program = Program(child);
    let line = said.next().expect("it says where it listens");
    let address = line.strip_prefix("draftkeep-hub listens on https://").unwrap_or_else(|| panic!("{line}"));
    let address = address.parse().unwrap();
    // What else it says nobody reads.
    std::thread::spawn(move || said.for_each(drop));
    (program, address, logged)
}

#[cfg(unix)]
#[test]
fn the_program_takes_a_renewed_certificate_over_when_it_is_told_to() {
    let (old, new) = (made(), made());
    let files = Files::of(&old);
    let (program, address, mut logged) = start(&files.path("hub.redb"), &files);
    let hang_up = || {
        let sent = Command::new("kill").args(["-HUP", &program.0.id().to_string()]).status().unwrap();
        assert!(sent.success());
    };
    let mut logs = |what: &str| {
        let began = Instant::now();
        let line = logged.find(|line| line.contains(what)).unwrap_or_else(|| panic!("it ended without {what:?}"));
        assert!(began.elapsed() < Duration::from_secs(50), "by the signal, not by the clock");
        line
    };
    let mut before = Connection::to(address, &[&old]);
    files.write("nonsense", &new.key);
    hang_up();
    assert!(logs("the certificate of before is used on").contains("ERROR"));
    assert_eq!(Connection::to(address, &[&old]).was_given(), der(&old));

    files.write(&new.certificate, &new.key);
    hang_up();
    logs("the certificate was renewed");
    assert_eq!(Connection::to(address, &[&new]).was_given(), der(&new));
    before.asks();
}
