//! A transport of one's own: messages as bytes with their length before them, one connection each, over TCP. It passes the
//! test kit, two devices sync over it, and the simulator plays whole lives of devices on it.
//!
//! A real one would keep connections open, encrypt, and say who is asking. What stays the same is the contract: one answer to
//! one request, whatever is not whole is an error, and no second try by itself.

use draftkeep::clock::SystemClock;
use draftkeep::hub::{Hub, HubOptions};
use draftkeep::storage::MemoryStorage;
use draftkeep::sync::Syncer;
use draftkeep::transport::{
    Answer, Ask, MESSAGE_MAX, Request, Transport, TransportError, TransportErrorKind, WireError, conformance,
};
use draftkeep::{Kind, Options, Store};
use draftkeep_memory::{Setting, simulate};
use futures_channel::oneshot;
use futures_core::future::BoxFuture;
use futures_executor::block_on;
use std::io::{self, Read, Write};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::sync::Arc;
use std::thread;
use std::time::Duration;

/// The longest wait for a connection, and for an answer beside what the request itself asks for.
const PATIENCE: Duration = Duration::from_secs(10);

const NOTE: Kind<String> = Kind::new("note");

/// The way to a hub that listens somewhere.
#[derive(Debug)]
struct Tcp {
    hub: SocketAddr,
}

impl Transport for Tcp {
    fn send(&self, request: Request) -> BoxFuture<'_, Result<Answer, TransportError>> {
        let (sender, receiver) = oneshot::channel();
        let hub = self.hub;
        // Blocking is a thread's business. Nobody minds where the future was dropped meanwhile.
        thread::spawn(move || drop(sender.send(exchange(hub, &request))));
        Box::pin(
            async move { receiver.await.unwrap_or_else(|error| Err(TransportError::unreachable().because(error))) },
        )
    }
}

/// One request there, one answer back.
fn exchange(hub: SocketAddr, request: &Request) -> Result<Answer, TransportError> {
    let away = |error: io::Error| TransportError::unreachable().because(error);
    let patience = match request.ask {
        Ask::Wait { timeout } => PATIENCE.saturating_add(timeout),
        _ => PATIENCE,
    };
    let bytes = request.to_bytes().map_err(not_a_message)?;
    let mut stream = TcpStream::connect_timeout(&hub, PATIENCE).map_err(away)?;
    stream.set_read_timeout(Some(patience)).and_then(|()| stream.set_write_timeout(Some(PATIENCE))).map_err(away)?;
    write_frame(&mut stream, &bytes).map_err(away)?;
    let bytes = read_frame(&mut stream).map_err(away)?;
    Answer::from_bytes(&bytes).map_err(not_a_message)
}

/// What a device is told where bytes are no message: something else is there, or the message would be too long.
fn not_a_message(error: WireError) -> TransportError {
    let kind = match error {
        WireError::Limit { .. } => TransportErrorKind::TooLarge,
        WireError::NotAMessage => TransportErrorKind::NotAHub { what: "bytes of something else".to_owned() },
        _ => TransportErrorKind::Unreachable { retry_after: None },
    };
    TransportError::new(kind).because(error)
}

fn write_frame(stream: &mut TcpStream, bytes: &[u8]) -> io::Result<()> {
    let length = u32::try_from(bytes.len()).map_err(io::Error::other)?;
    stream.write_all(&length.to_be_bytes())?;
    stream.write_all(bytes)
}

/// Takes no more into memory than a message may have, whatever the length before it says.
fn read_frame(stream: &mut TcpStream) -> io::Result<Vec<u8>> {
    let mut length = [0; 4];
    stream.read_exact(&mut length)?;
    let length = u32::from_be_bytes(length);
    if usize::try_from(length).is_ok_and(|length| length > MESSAGE_MAX) {
        return Err(io::Error::other("a frame that is longer than any message"));
    }
    let mut bytes = Vec::new();
    stream.take(length.into()).read_to_end(&mut bytes)?;
    Ok(bytes)
}

/// Lets a hub listen; gives its address. It does so until the process ends.
fn serve(hub: Arc<dyn Transport>) -> io::Result<SocketAddr> {
    let listener = TcpListener::bind(("127.0.0.1", 0))?;
    let address = listener.local_addr()?;
    thread::spawn(move || {
        for stream in listener.incoming().flatten() {
            let hub = Arc::clone(&hub);
            // What goes wrong with one connection is told by its end.
            thread::spawn(move || drop(answer(&*hub, stream)));
        }
    });
    Ok(address)
}

fn answer(hub: &dyn Transport, mut stream: TcpStream) -> Result<(), Box<dyn std::error::Error>> {
    stream.set_read_timeout(Some(PATIENCE))?;
    let request = Request::from_bytes(&read_frame(&mut stream)?)?;
    let answer = block_on(hub.send(request))?;
    write_frame(&mut stream, &answer.to_bytes()?)?;
    Ok(())
}

fn hub() -> Arc<dyn Transport> {
    Arc::new(Hub::open(Arc::new(MemoryStorage::new()), HubOptions::new()).expect("memory"))
}

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let report = block_on(conformance::run(&SystemClock, &mut || {
        let address = serve(hub());
        Box::pin(async move {
            let hub = address.map_err(|error| TransportError::unreachable().because(error))?;
            Ok(Arc::new(Tcp { hub }) as Arc<dyn Transport>)
        })
    }));
    report.assert();
    println!("the test kit: {} checks, all passed", report.checks().len());

    let address = serve(hub())?;
    let (laptop, phone) = (Store::in_memory(Options::new())?, Store::in_memory(Options::new())?);
    let (here, there) = (laptop.space("alice")?, phone.space("alice")?);
    here.drafts(NOTE)?.slot("diary").start(&"It rained.".to_owned())?;
    for space in [&here, &there] {
        block_on(Syncer::new(space, Tcp { hub: address }).once())?;
    }
    let draft = there.drafts(NOTE)?.slot("diary").resume()?.ok_or("it is on the phone by now")?;
    println!("on the phone: {:?}", draft.load()?);
    assert_eq!(draft.load()?, "It rained.");

    // Devices crash, disks fail, hubs end, are put back and emptied; the way between them is this one.
    let setting = Setting::default().transport(|hub| Ok(Arc::new(Tcp { hub: serve(hub)? })));
    for seed in 0..3 {
        let simulated = simulate(seed, &setting)?;
        println!("life {seed}: {} requests, nothing lost", simulated.tally.count("requests"));
    }
    Ok(())
}
