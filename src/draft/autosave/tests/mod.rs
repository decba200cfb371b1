//! Autosaving in virtual time: nothing here waits.

mod bench;
mod saving;

use bench::{Bench, secs};
