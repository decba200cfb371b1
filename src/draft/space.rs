//! Spaces as a user holds them.

use crate::store::space::SpaceCore;
use std::sync::Arc;

/// What one owner syncs as a unit.
#[derive(Debug, Clone)]
pub struct Space {
    core: Arc<SpaceCore>,
}

impl Space {
    pub(crate) fn new(core: Arc<SpaceCore>) -> Self {
        Self { core }
    }
}
