//! Messages of HTTP/1.1 as they come out of a socket, byte for byte.

use super::dice::Dice;
use tokio::io::{AsyncRead, AsyncReadExt as _};

/// The longest head that is read.
const HEAD_MAX: usize = 64 << 10;

/// A request or an answer, whole.
#[derive(Debug, Clone)]
pub(crate) struct Message {
    pub(crate) bytes: Vec<u8>,
    /// Where the body begins.
    body: usize,
}

impl Message {
    /// The next message of a connection; none where it ends, or is none whose length is said.
    ///
    /// What stands behind it is lost: nobody here sends a second message before the first one is answered.
    pub(crate) async fn read(stream: &mut (impl AsyncRead + Unpin)) -> Option<Self> {
        let mut bytes = Vec::new();
        let body = loop {
            if let Some(end) = bytes.windows(4).position(|four| four == b"\r\n\r\n") {
                break end + 4;
            }
            if bytes.len() > HEAD_MAX || stream.read_buf(&mut bytes).await.ok()? == 0 {
                return None;
            }
        };
        let end = body + length(&bytes[..body])?;
        while bytes.len() < end {
            if stream.read_buf(&mut bytes).await.ok()? == 0 {
                return None;
            }
        }
        bytes.truncate(end);
        Some(Self { bytes, body })
    }

    pub(crate) fn header(&self, name: &str) -> Option<&str> {
        header(&self.bytes[..self.body], name)
    }

    /// The same with one bit another one, mostly in its body.
    pub(crate) fn flipped(mut self, dice: &mut Dice) -> Self {
        let (from, to) = if dice.chance(800) && self.body < self.bytes.len() {
            (self.body, self.bytes.len())
        } else {
            (0, self.body)
        };
        self.bytes[from + dice.below(to - from)] ^= 1 << dice.below(8);
        self
    }

    /// A beginning of it that is not all of it.
    pub(crate) fn cut(mut self, dice: &mut Dice) -> Self {
        self.bytes.truncate(1 + dice.below(self.bytes.len() - 1));
        self
    }
}

fn header<'h>(head: &'h [u8], name: &str) -> Option<&'h str> {
    let lines = std::str::from_utf8(head).ok()?.split("\r\n").filter_map(|line| line.split_once(": "));
    lines.filter(|(found, _)| found.eq_ignore_ascii_case(name)).map(|(_, value)| value).next()
}

fn length(head: &[u8]) -> Option<usize> {
    header(head, "content-length")?.parse().ok()
}
