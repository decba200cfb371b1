//! Why bytes are not a message.

use crate::codec::CodecError;
use crate::transport::RevisionError;

/// Why bytes are not the message that they should be, split by what the receiver does about it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum WireError {
    /// They do not begin as a message does: something else answered. A device treats it as
    /// [`NotAHub`](crate::transport::TransportErrorKind::NotAHub).
    #[error("these bytes are not a message of draftkeep")]
    NotAMessage,
    /// The message is of another version of the protocol. A device treats it as
    /// [`Upgrade`](crate::transport::TransportErrorKind::Upgrade).
    #[error("the message is of version {found} of the protocol; {newest} is the newest that is known here")]
    Version {
        /// Its version.
        found: u8,
        /// The newest version that is known here.
        newest: u8,
    },
    /// They are not whole, or not as they were sent. Try again.
    #[error("the message was cut short or altered on its way")]
    Checksum,
    /// It is no JSON. Somebody wrote it by hand, or it was cut short.
    #[error("the message is no JSON: something else has to stand at byte {at}")]
    Syntax {
        /// Where, in bytes from the start.
        at: usize,
    },
    /// There is a request where an answer should be, or the other way round.
    #[error("the message goes the other way")]
    OtherWay,
    /// It holds more than a message may.
    #[error("a message with {got} {what}; at most {limit} are allowed")]
    Limit {
        /// What there is too much of.
        what: &'static str,
        /// How much is allowed.
        limit: usize,
        /// How much there is, or is said to be.
        got: usize,
    },
    /// A number that stands for something that this release does not know.
    #[error("{what} {number} is of a newer release")]
    Unknown {
        /// What it is the number of.
        what: &'static str,
        /// The number.
        number: u64,
    },
    /// It arrived as it was sent, and is wrong: a mistake of the program that sent it.
    #[error("the message is wrong: {what}")]
    Malformed {
        /// What is wrong, for people.
        what: &'static str,
    },
    /// A revision in it is none.
    #[error("the message has something else in the place of a revision")]
    Revision(#[from] RevisionError),
}

impl From<CodecError> for WireError {
    fn from(error: CodecError) -> Self {
        Self::Malformed {
            what: match error {
                CodecError::Truncated => "a record in it ends too early",
                CodecError::Varint => "a number in it is not in its shortest form",
                CodecError::Order(_) => "its fields are out of order",
                CodecError::Missing(_) => "a field is missing",
                CodecError::Malformed(_) => "a field has a wrong size or content",
                CodecError::TooMany(_) => "it has too many fields",
                CodecError::TooNew { .. } => "a record in it has another version",
            },
        }
    }
}
