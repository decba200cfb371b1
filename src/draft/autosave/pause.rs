//! Holding autosaving while the application is busy with something else.

use super::core::Core;
use super::pacer::Input;
use std::fmt;
use std::sync::Arc;

/// Holds autosaving until it is dropped, for instance during an export.
///
/// Guards nest: saving goes on when the last one is gone, at once where a save is overdue by then. Changes are held in
/// memory meanwhile, as the status says. A flush saves all the same, and so does the end of autosaving. A save that was
/// under way when the guard was made runs to its end.
#[must_use = "saving goes on as soon as the guard is dropped"]
pub struct PauseGuard {
    held: Arc<dyn Resume>,
}

/// What a guard knows of whom it holds.
trait Resume: Send + Sync {
    fn resume(&self);
}

impl<T: Send + Sync> Resume for Core<T> {
    fn resume(&self) {
        self.apply(Input::Resumed);
    }
}

impl PauseGuard {
    pub(super) fn hold<T: Send + Sync + 'static>(core: &Arc<Core<T>>) -> Self {
        core.apply(Input::Paused);
        Self { held: Arc::clone(core) as Arc<dyn Resume> }
    }
}

impl Drop for PauseGuard {
    fn drop(&mut self) {
        self.held.resume();
    }
}

impl fmt::Debug for PauseGuard {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("PauseGuard")
    }
}
