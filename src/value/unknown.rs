//! placeholder until merged
use super::Value;
#[derive(Debug, Clone, Default)]
pub(crate) struct Unknown(bool);
impl Unknown {
    pub(crate) fn between(_stored: &Value, _known: &Value) -> Self {
        Self(false)
    }
    pub(crate) fn graft(&self, _before: &Value, _now: &mut Value) {}
    pub(crate) fn is_empty(&self) -> bool {
        !self.0
    }
}
