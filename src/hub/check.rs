//! What a hub refuses before it looks at what it has: requests beyond the limits of the protocol.

use crate::id::RevisionId;
use crate::transport::{
    Ask, CONTAINS_MAX, DEVICE_MAX, IDS_MAX, MESSAGE_MAX, PAGE_MAX, PUSHES_MAX, Push, Request, SPACE_MAX,
};

/// What a push adds to a message beside its revision and the ids that it contains.
const PUSH_BYTES: usize = 128;

/// Says what is wrong with the request, with the limit and the way out.
pub(super) fn refusal(request: &Request) -> Option<String> {
    let space = request.space.len();
    if space == 0 || space > SPACE_MAX {
        return Some(format!("the name of a space takes 1 to {SPACE_MAX} bytes, not {space}; choose another name"));
    }
    let device = request.device.as_ref().map_or(0, String::len);
    if device > DEVICE_MAX {
        return Some(format!(
            "the name of a device takes at most {DEVICE_MAX} bytes, not {device}; choose a shorter one"
        ));
    }
    match &request.ask {
        Ask::Hello | Ask::Wait { .. } => None,
        Ask::Pull { limit, .. } if *limit == 0 || *limit as usize > PAGE_MAX => {
            Some(format!("a page has 1 to {PAGE_MAX} rows, not {limit}; ask for the next page with the next request"))
        }
        Ask::Pull { .. } => None,
        Ask::Push { pushes } => pushes_refusal(pushes),
        Ask::Erase { markers } if markers.len() > PUSHES_MAX => {
            Some(format!("a request erases at most {PUSHES_MAX} drafts, not {}; split it", markers.len()))
        }
        Ask::Erase { .. } => None,
        Ask::Contained { ids, .. } | Ask::Revisions { ids, .. } if ids.len() > IDS_MAX => {
            Some(format!("a request asks about at most {IDS_MAX} ids, not {}; split it", ids.len()))
        }
        Ask::Contained { .. } | Ask::Revisions { .. } => None,
    }
}

fn pushes_refusal(pushes: &[Push]) -> Option<String> {
    if pushes.len() > PUSHES_MAX {
        return Some(format!("a request has at most {PUSHES_MAX} pushes, not {}; split it", pushes.len()));
    }
    if let Some(push) = pushes.iter().find(|push| push.contains.len() > CONTAINS_MAX) {
        let got = push.contains.len();
        return Some(format!(
            "a revision says of at most {CONTAINS_MAX} ids that it contains them, not {got}; push in between"
        ));
    }
    if let Some(push) = pushes.iter().find(|push| !push.revision.chain().is_empty()) {
        let got = push.revision.chain().len();
        return Some(format!(
            "a push brings 1 body, not the {got} that it builds on; name the last of them as its base"
        ));
    }
    let bytes: usize =
        pushes.iter().map(|push| PUSH_BYTES + push.revision.bytes() + push.contains.len() * RevisionId::LEN).sum();
    (bytes > MESSAGE_MAX).then(|| format!("a request has at most {MESSAGE_MAX} bytes, not {bytes}; split it"))
}
