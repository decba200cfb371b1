//! What changed between two documents, by path, for people and for programs.

mod align;
mod apply;
mod budget;
mod change;
mod compare;
mod display;
mod moves;
mod pairs;
mod text;

pub use apply::apply;
pub use change::{Change, Edit, Span};
pub use compare::{diff, diff_with};

pub(crate) use align::{Item, align};
pub(crate) use budget::Budget;
pub(super) use pairs::pair_elements;
