//! How much room a space may take.

use super::options::HubOptions;
use super::rows::SpaceRow;
use crate::fault;

/// What a push changes about the room that its space takes.
#[derive(Debug, Clone, Copy)]
pub(super) struct Change {
    /// Whether it is the first one of its draft.
    pub(super) begins: bool,
    /// The bytes of its revision, where that is not here yet.
    pub(super) comes: u64,
    /// The bytes of revisions that are not kept any more after it.
    pub(super) goes: u64,
}

/// Why there is no room for it, with the way out. What makes a space smaller is taken however full it is.
pub(super) fn refusal(options: &HubOptions, space: &SpaceRow, change: Change) -> Option<String> {
    if fault::on("hub-ignores-room") {
        return None;
    }
    let way_out = "ask whoever runs the hub for more room, then retry";
    // What is erased takes no room of the limit: it is freed for good by erasing, and not held by what was there once.
    let erased = if fault::on("hub-counts-what-is-erased") { 0 } else { space.erased };
    let (has, most) = (space.drafts.saturating_sub(erased), options.space_drafts);
    if change.begins && has >= most {
        return Some(format!("the space has {has} drafts, and this hub takes {most}; {way_out}"));
    }
    let after = space.bytes.saturating_add(change.comes).saturating_sub(change.goes);
    if after > options.space_bytes && after > space.bytes {
        let most = options.space_bytes;
        return Some(format!("the space would take {after} bytes, and this hub gives it {most}; {way_out}"));
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::clock::{ManualClock, SeededEntropy};
    use crate::id::HubId;
    use std::sync::Arc;

    /// Every small space and change, against the words of the documentation.
    #[test]
    fn what_makes_a_space_larger_than_it_may_be_is_refused_and_nothing_else() {
        let options = HubOptions::with_runtime(Arc::new(ManualClock::new()), Arc::new(SeededEntropy::new(1)));
        let options = options.space_drafts(2).space_bytes(3);
        let empty = SpaceRow::new(HubId::from_bytes([1; 16]), "alice");
        let mut refused = 0;
        for (drafts, bytes, comes, goes) in (0..6).flat_map(|drafts| {
            (0..6).flat_map(move |bytes| {
                (0..6).flat_map(move |comes| (0..6).map(move |goes| (drafts, bytes, comes, goes)))
            })
        }) {
            for (begins, erased) in [(false, 0), (true, 0), (false, drafts / 2), (true, drafts / 2)] {
                let space = SpaceRow { drafts, bytes, erased, ..empty.clone() };
                let reason = refusal(&options, &space, Change { begins, comes, goes });
                let after = (bytes + comes).saturating_sub(goes);
                let is_too_many = begins && drafts - erased + 1 > 2;
                let is_too_large = after > 3 && after > bytes;
                assert_eq!(reason.is_some(), is_too_many || is_too_large, "{space:?} {begins} {comes} {goes}");
                assert!(reason.is_none_or(|reason| reason.contains(if is_too_many {
                    "takes 2"
                } else {
                    "gives it 3"
                })));
                refused += u32::from(is_too_many || is_too_large);
            }
        }
        assert!(refused > 100, "{refused}");
        let huge = Change { begins: true, comes: u64::MAX, goes: 0 };
        let full = SpaceRow { bytes: u64::MAX, ..empty };
        assert!(refusal(&options, &full, huge).is_none(), "it does not grow");
    }
}
