//! One request of a device and its answer, as bytes.

use super::dice::Dice;
use super::message::Message;
use super::proxy::Proxy;
use std::time::Duration;
use tokio::io::AsyncWriteExt as _;
use tokio::net::TcpStream;
use tokio::time::sleep;

/// The longest pause between two drops, in microseconds.
const DROP_US_MAX: usize = 3_000;

/// As many drops there are at most, and two at least.
const DROPS_MAX: usize = 12;

/// The longest that somebody waits for an answer that is thrown away.
const NEWS: Duration = Duration::from_millis(200);

/// How it went.
pub(crate) enum Ended {
    /// The connection goes on.
    Answered,
    /// The connection ends, as it was to.
    Closed,
    /// Somebody else ended it before.
    Unchanged,
}

/// One request, and who waits for its answer.
pub(crate) struct Exchange<'e> {
    pub(crate) proxy: &'e Proxy,
    pub(crate) client: &'e mut TcpStream,
    pub(crate) upstream: &'e mut Option<TcpStream>,
    pub(crate) request: Message,
}

impl Exchange<'_> {
    /// Hands it on.
    pub(crate) async fn in_peace(&mut self) -> Ended {
        match self.ask().await {
            Some(answer) => self.say(&answer.bytes).await,
            None => Ended::Unchanged,
        }
    }

    /// Sends the request on and gives the answer; none where there is none, or the device does not wait for it any more.
    pub(crate) async fn ask(&mut self) -> Option<Message> {
        self.connect().await?;
        self.upstream.as_mut()?.write_all(&self.request.bytes).await.ok()?;
        self.hear().await
    }

    /// There is a connection to the server.
    pub(crate) async fn connect(&mut self) -> Option<()> {
        if self.upstream.is_none() {
            *self.upstream = Some(self.proxy.connect().await?);
        }
        Some(())
    }

    /// The same for an answer that something is to happen to; where nothing is to go wrong any more, it is said as it is.
    pub(crate) async fn ask_for_trouble(&mut self) -> Result<Message, Ended> {
        match self.ask().await {
            Some(answer) if self.proxy.is_calm() => Err(self.say(&answer.bytes).await.unchanged()),
            Some(answer) => Ok(answer),
            None => Err(Ended::Unchanged),
        }
    }

    /// The answer to what was sent on.
    pub(crate) async fn hear(&mut self) -> Option<Message> {
        let upstream = self.upstream.as_mut()?;
        let answer = tokio::select! {
            answer = Message::read(upstream) => answer,
            () = hung_up(self.client) => None,
        };
        match &answer {
            Some(answer) => self.proxy.lock().remember(&self.request.bytes, &answer.bytes),
            None => *self.upstream = None,
        }
        answer
    }

    /// Answers the device.
    pub(crate) async fn say(&mut self, bytes: &[u8]) -> Ended {
        match self.client.write_all(bytes).await {
            Ok(()) => Ended::Answered,
            Err(_) => Ended::Unchanged,
        }
    }

    /// Says no, as the hub does or as somebody before it.
    pub(crate) async fn refuse(&mut self, status: &str, header: &str, dice: &mut Dice) -> Ended {
        let name = self.request.header("draftkeep-request").unwrap_or_default();
        let marks = format!("draftkeep-protocol: 1\r\ndraftkeep-request: {name}\r\n{header}");
        let answer = stranger(status, if dice.chance(500) { &marks } else { header });
        self.say(&answer).await
    }

    /// Waits until the device has given it up.
    pub(crate) async fn given_up(&mut self) -> Ended {
        tokio::select! {
            () = hung_up(self.client) => Ended::Closed,
            () = self.proxy.calm() => Ended::Unchanged,
        }
    }
}

impl Ended {
    /// The connection ends after it.
    pub(crate) fn closed(self) -> Self {
        if matches!(self, Self::Answered) { Self::Closed } else { self }
    }

    /// It went well, but without the trouble that was meant: the connection ends, and nothing is counted.
    pub(crate) fn unchanged(self) -> Self {
        if matches!(self, Self::Unchanged) { self } else { Self::Unchanged }
    }
}

/// Sends a request over a connection of its own, and gives the answer.
pub(crate) async fn send(proxy: &Proxy, request: &[u8]) -> Option<Message> {
    let mut upstream = proxy.connect().await?;
    upstream.write_all(request).await.ok()?;
    let answer = tokio::select! {
        answer = Message::read(&mut upstream) => answer,
        // What waits for news is not waited for.
        () = sleep(NEWS) => None,
    };
    answer
}

/// Ends when the other side has ended the connection.
async fn hung_up(client: &TcpStream) {
    let mut byte = [0];
    match client.peek(&mut byte).await {
        Ok(0) | Err(_) => {}
        Ok(_) => std::future::pending().await,
    }
}

/// Writes in small pieces, with pauses; whether all of it was taken.
pub(crate) async fn drip(stream: &mut TcpStream, bytes: &[u8], dice: &mut Dice) -> bool {
    let length = bytes.len().div_ceil(2 + dice.below(DROPS_MAX - 1)).max(1);
    for part in bytes.chunks(length) {
        if stream.write_all(part).await.is_err() {
            return false;
        }
        sleep(Duration::from_micros(dice.below(DROP_US_MAX) as u64)).await;
    }
    true
}

/// An answer of somebody who is no hub.
pub(crate) fn stranger(status: &str, headers: &str) -> Vec<u8> {
    let body = "<title>Welcome aboard</title>";
    format!("HTTP/1.1 {status}\r\ncontent-length: {}\r\n{headers}\r\n{body}", body.len()).into_bytes()
}
