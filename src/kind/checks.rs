//! Documents held against what the application says that they have to be like.

use crate::fault;
use crate::invalid::Invalid;
use crate::value::Value;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;

type Check = Arc<dyn Fn(&Value) -> Result<(), Invalid> + Send + Sync>;

/// The validators of a kind. All of them apply.
#[derive(Clone, Default)]
pub(super) struct Checks(Vec<Check>);

impl Checks {
    pub(super) fn add(&mut self, check: impl Fn(&Value) -> Result<(), Invalid> + Send + Sync + 'static) {
        self.0.push(Arc::new(check));
    }

    pub(super) fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// What is wrong with a document, bounded. Where reading it or a validator panics, that is what is wrong.
    pub(super) fn flaws(&self, document: impl FnOnce() -> Result<Value, Invalid>) -> Option<Invalid> {
        let asked = || {
            let document = document()?;
            let found = self.0.iter().filter_map(|check| check(&document).err()).map(Invalid::bounded);
            found.reduce(Invalid::and).map_or(Ok(()), |invalid| Err(invalid.bounded()))
        };
        let answer =
            if fault::on("validator-panics-through") { Ok(asked()) } else { catch_unwind(AssertUnwindSafe(asked)) };
        answer
            .unwrap_or_else(|_told_by_the_panic_hook| Err(Invalid::new("the application's validator failed on it")))
            .err()
    }
}
