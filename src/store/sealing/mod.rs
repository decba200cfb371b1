//! A store whose records are sealed.
//!
//! | file | what it holds |
//! |---|---|
//! | `row` | the keys of a space as they are stored: sealed themselves |
//! | `opened` | the keys of a space in memory |
//! | `seals` | who asks the key ring, and lies between records and their hashes |
//! | `copy` | a plain store's records, sealed into another file |
//! | `mend` | keys of which one copy is damaged |
//! | `rotate` | another key for a space |
//!
//! Every record of a space is sealed with a random *data key*, which lies in the space's keys, sealed with a key of the application's
//! [`KeyRing`](crate::seal::KeyRing). Another key of the ring is a new wrapping and a further data key, in one commit, and no record
//! has to be written anew.

#[cfg(feature = "redb")]
pub(crate) mod copy;
pub(crate) mod mend;
pub(crate) mod opened;
pub(crate) mod rotate;
pub(crate) mod row;
pub(crate) mod seals;
#[cfg(test)]
mod tests;
