//! What can go wrong on the way to a server, by name, and how often it should.

use super::dice::Dice;
use std::fmt;

/// A thing that goes wrong with one request.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Trouble {
    /// Nobody listens: the system refuses the connection.
    Refused,
    /// The connection ends when the request has come, which goes no further.
    ClosedBefore,
    /// The server hears a beginning of the request, and then both connections end.
    CutRequest,
    /// The server has answered, and the connection ends before the answer.
    ClosedAfter,
    /// The answer ends early, at any byte.
    CutAnswer,
    /// The answer comes late, and in time.
    Delayed,
    /// The request is swallowed; the connection stays as if nothing were wrong.
    SwallowedRequest,
    /// The server answers, and the answer is swallowed.
    SwallowedAnswer,
    /// The request arrives when the device has given it up.
    Late,
    /// The request comes in small pieces.
    DrippedRequest,
    /// The answer comes in small pieces.
    DrippedAnswer,
    /// One bit of the request is another one.
    FlippedRequest,
    /// One bit of the answer is another one.
    FlippedAnswer,
    /// A page that wants somebody to sign in.
    Portal,
    /// The same by way of a redirect.
    Elsewhere,
    /// Said without a look at the token, by the hub or by somebody before it.
    Unauthorized,
    Forbidden,
    /// With a wish to be left alone for a while.
    Busy,
    /// The same, where the hub may have heard the request all the same.
    Unavailable,
    /// The request arrives twice at the same time, over two connections; one of the answers is thrown away.
    Twice,
    /// An earlier request arrives once more; its answer is thrown away.
    Again,
    /// The answer to an earlier request comes instead.
    Stale,
    /// The server is killed while it has the request, and started again.
    Killed,
}

impl Trouble {
    /// All of them, with the thousandths of requests that each befalls where most goes wrong. Those that take the device's
    /// whole patience are rare.
    pub(crate) const ALL: [(Self, usize); 23] = [
        (Self::Refused, 25),
        (Self::ClosedBefore, 20),
        (Self::CutRequest, 20),
        (Self::ClosedAfter, 25),
        (Self::CutAnswer, 25),
        (Self::Delayed, 20),
        (Self::SwallowedRequest, 10),
        (Self::SwallowedAnswer, 10),
        (Self::Late, 12),
        (Self::DrippedRequest, 15),
        (Self::DrippedAnswer, 15),
        (Self::FlippedRequest, 20),
        (Self::FlippedAnswer, 25),
        (Self::Portal, 15),
        (Self::Elsewhere, 20),
        (Self::Unauthorized, 15),
        (Self::Forbidden, 15),
        (Self::Busy, 15),
        (Self::Unavailable, 20),
        (Self::Twice, 25),
        (Self::Again, 25),
        (Self::Stale, 20),
        (Self::Killed, 35),
    ];

    pub(crate) const fn name(self) -> &'static str {
        match self {
            Self::Refused => "connection refused",
            Self::ClosedBefore => "closed before the request",
            Self::CutRequest => "request cut",
            Self::ClosedAfter => "closed after the request",
            Self::CutAnswer => "answer cut",
            Self::Delayed => "delayed",
            Self::SwallowedRequest => "request swallowed",
            Self::SwallowedAnswer => "answer swallowed",
            Self::Late => "late request",
            Self::DrippedRequest => "request in drops",
            Self::DrippedAnswer => "answer in drops",
            Self::FlippedRequest => "bit of a request flipped",
            Self::FlippedAnswer => "bit of an answer flipped",
            Self::Portal => "portal",
            Self::Elsewhere => "redirected",
            Self::Unauthorized => "unauthorized",
            Self::Forbidden => "forbidden",
            Self::Busy => "busy",
            Self::Unavailable => "unavailable",
            Self::Twice => "sent twice",
            Self::Again => "sent again",
            Self::Stale => "stale answer",
            Self::Killed => "server killed at work",
        }
    }

    /// What befalls the next request where so many hundredths of what can go wrong goes wrong.
    pub(crate) fn draw(hundredths: usize, dice: &mut Dice) -> Option<Self> {
        let mut place = dice.below(1_000 * 100);
        Self::ALL.into_iter().find_map(|(trouble, thousandths)| {
            let rate = thousandths * hundredths;
            let is_struck = place < rate;
            place = place.saturating_sub(rate);
            is_struck.then_some(trouble)
        })
    }
}

impl fmt::Display for Trouble {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}
