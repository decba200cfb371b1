//! Names of things: 128-bit and 256-bit ids, each a type of its own so that no two can be mixed up.

use std::fmt;
use std::str::FromStr;

/// Why a text is not an id.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("an id is {expected} lower-case hexadecimal digits")]
pub struct ParseIdError {
    expected: usize,
}

macro_rules! id {
    ($(#[$meta:meta])* $name:ident, $bytes:literal) => {
        $(#[$meta])*
        #[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub struct $name([u8; $bytes]);

        impl $name {
            /// The number of bytes of every such id.
            pub const LEN: usize = $bytes;

            /// Takes the bytes as they are.
            #[must_use]
            pub const fn from_bytes(bytes: [u8; $bytes]) -> Self {
                Self(bytes)
            }

            /// Borrows the bytes.
            #[must_use]
            pub const fn as_bytes(&self) -> &[u8; $bytes] {
                &self.0
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                self.0.iter().try_for_each(|byte| write!(f, "{byte:02x}"))
            }
        }

        impl fmt::Debug for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                write!(f, concat!(stringify!($name), "({})"), self)
            }
        }

        impl FromStr for $name {
            type Err = ParseIdError;

            fn from_str(text: &str) -> Result<Self, ParseIdError> {
                parse_hex(text).map(Self)
            }
        }
    };
}

fn parse_hex<const N: usize>(text: &str) -> Result<[u8; N], ParseIdError> {
    let error = ParseIdError { expected: 2 * N };
    let digits = text.as_bytes();
    if digits.len() != 2 * N {
        return Err(error);
    }
    let mut bytes = [0; N];
    for (byte, pair) in bytes.iter_mut().zip(digits.chunks_exact(2)) {
        *byte = nibble(pair[0]).zip(nibble(pair[1])).map(|(high, low)| high << 4 | low).ok_or(error)?;
    }
    Ok(bytes)
}

const fn nibble(digit: u8) -> Option<u8> {
    match digit {
        b'0'..=b'9' => Some(digit - b'0'),
        b'a'..=b'f' => Some(digit - b'a' + 10),
        _ => None,
    }
}

id! {
    /// Names a draft within its space.
    ///
    /// Random for a draft without a slot; for a draft of a slot it is a keyed hash of the slot and the
    /// generation, so that two devices that open the same slot offline mean the same draft.
    DraftId, 16
}

id! {
    /// Names one saved state: a BLAKE3 hash over its header, which holds the digest of its body.
    RevisionId, 32
}

id! {
    /// Names a writer. Replaced whenever a store may have been cloned; the device's name is only a label.
    ReplicaId, 16
}

id! {
    /// Names a store for its whole life, copies included.
    StoreId, 16
}

id! {
    /// Names a hub. It lives with the hub's data: restored data has the same one, emptied data another.
    HubId, 16
}

id! {
    /// Ties together the log lines, the events and the error of one call.
    TraceId, 16
}

id! {
    /// Names an entry of an audit, wherever it is copied to.
    EventId, 16
}

id! {
    /// Names a key: a hash of it that says nothing about it.
    KeyId, 16
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_id_survives_its_text() {
        let id = DraftId::from_bytes(*b"\x00\x01\x02\xff0123456789ab");
        assert_eq!(id.to_string(), "000102ff303132333435363738396162");
        assert_eq!(id.to_string().parse(), Ok(id));
    }

    #[test]
    fn a_wrong_text_is_refused() {
        for text in ["", "00", "000102FF303132333435363738396162", "g00102ff303132333435363738396162", "€€€€€€€€€€32"]
        {
            assert!(text.parse::<DraftId>().is_err(), "{text}");
        }
    }
}
