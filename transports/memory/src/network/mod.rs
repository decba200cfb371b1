//! The way between one device and its hub, on which things go wrong as a seed says.
//!
//! | file | what it holds |
//! |---|---|
//! | `fault` | what can go wrong, by name, and how often it should |
//! | `link` | [`Network`]: the way itself |
//! | `course` | what is to happen to one request, drawn before it leaves |
//! | `damage` | bytes that are cut short or altered |
//! | `diary` | what happened, counted and told |

mod course;
mod damage;
mod diary;
mod fault;
mod link;

pub use diary::{Diary, Passage};
pub use fault::{Fault, Faults};
pub use link::Network;
