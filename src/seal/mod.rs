//! Sealing: keys, who has them, and the envelope that texts travel and lie in.
//!
//! | file | what it holds |
//! |---|---|
//! | `key` | a key that is wiped when it is let go, and its name |
//! | `ring` | the contract with whoever keeps the application's keys |
//! | `memory` | a key ring in memory |
//! | `aead` | the cipher, in one place |
//! | `envelope` | bytes sealed for a space: which key, what commits to it, and the text |
//! | `key_file/` | the keys of a ring as bytes behind a passphrase |
//!
//! Nothing here knows a draft or a store; what is sealed and where it belongs is said by the callers. The ciphers are those of the
//! `RustCrypto` project: XChaCha20-Poly1305 (draft-irtf-cfrg-xchacha-03) for sealing, BLAKE3's key derivation for what follows from a key,
//! and Argon2id (RFC 9106) for what follows from a passphrase.

pub(crate) mod aead;
pub(crate) mod envelope;
#[cfg(fuzzing)]
pub(crate) mod fuzzing;
mod key;
#[cfg(feature = "passphrase")]
mod key_file;
mod memory;
mod ring;

pub use key::Key;
#[cfg(feature = "passphrase")]
pub use key_file::{Cost, KeyFileError};
pub use memory::MemoryKeyRing;
pub use ring::{KeyRing, KeyRingError};
