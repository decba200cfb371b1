//! What the test of flipped bits is made of.
//!
//! | file | what it holds |
//! |---|---|
//! | `library` | a store with some of everything, and what is known to be in it |
//! | `disk` | an image of which one bit is turned around, without copying it |
//! | `reading` | reads everything, and tells right answers, errors and wrong answers apart |

pub(crate) mod disk;
pub(crate) mod library;
pub(crate) mod reading;
