//! Lists: what an owner has, newest first.

use super::answer::Answer;
use super::call::Call;
use super::json::Members;
use super::problem::Problem;
use super::shown;
use draftkeep::{Filter, Phase};

/// The most drafts on a page.
pub(super) const PAGE_MAX: u64 = 200;

/// The drafts of a kind, newest first.
pub(super) fn list(call: &Call) -> Result<Answer, Problem> {
    let params = &call.params;
    let served = || call.service.kinds.keys().copied().collect::<Vec<_>>();
    let name = match (params.query("kind"), &served()[..]) {
        (Some(name), served) if served.contains(&name) => name,
        (None, [only]) => only,
        (_, served) => return Err(Problem::parameter("kind", format!("it has to be one of {served:?}"))),
    };
    let mut filter = match params.query("phase") {
        None => Filter::open(),
        Some(names) => Filter::phases(phases(names)?),
    };
    if let Some(prefix) = params.query("slot_prefix") {
        filter = filter.slots_beginning_with(prefix);
    }
    if let Some(limit) = params.number("limit", 1, PAGE_MAX)? {
        filter = filter.limit(usize::try_from(limit).unwrap_or(1));
    }
    if let Some(after) = params.query("after") {
        let cursor = after.parse();
        filter = filter.after(cursor.map_err(|_| Problem::parameter("after", "it is not what next said"))?);
    }
    let (_, drafts) = call.drafts_of(name)?;
    let page = drafts.list(&filter)?;
    let drafts = page.drafts.iter().map(|info| shown::members(info).finish());
    let next = page.next.map(|next| next.to_string());
    Ok(Answer::json(Members::new().list("drafts", drafts).text_or_null("next", next.as_deref()).finish()))
}

/// Phases by name, with commas between.
fn phases(names: &str) -> Result<Vec<Phase>, Problem> {
    let phase = |name: &str| Phase::ALL.into_iter().find(|phase| phase.to_string() == name);
    let all = Phase::ALL.map(|phase| phase.to_string()).join(", ");
    let unknown = || Problem::parameter("phase", format!("it is some of {all}, with commas between"));
    names.split(',').map(|name| phase(name).ok_or_else(unknown)).collect()
}
