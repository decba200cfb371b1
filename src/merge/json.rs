//! Merging documents that are bytes, to bytes.

use super::base::MergeBase;
use super::merging::{self, STEPS_DEFAULT, in_order};
use super::outcome::{Merged, Side};
use super::policy::Policy;
use super::rule::Rule;
use super::splice;
use super::tree::{Base, BaseOf, Walk};
use crate::value::{Limits, Outline, Path, Value, ValueError};

/// Why documents that are bytes were not merged.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum JsonError {
    /// The base cannot be read.
    #[error("the base: {0}")]
    Base(#[source] ValueError),
    /// The first side cannot be read.
    #[error("our side: {0}")]
    Ours(#[source] ValueError),
    /// The second side cannot be read.
    #[error("their side: {0}")]
    Theirs(#[source] ValueError),
    /// Both sides together are more than a document may be.
    #[error("the merged document: {0}")]
    Merged(#[source] ValueError),
}

/// Merges two documents that came from one, from bytes to bytes: what [`Value::parse`], [`merge`](super::merge) and
/// [`Value::to_canonical`] give, at a fraction of the cost where the bytes are canonical.
///
/// What equals in all three, or was changed by one side only, is copied as it is written; only what both sides changed is
/// read. All three are looked through to the end, so that nothing comes out that [`Value::parse`] would not accept.
///
/// ```
/// use draftkeep::merge::{Place, Policy, Side, merge_json};
///
/// let base = br#"{"tags":["dark"],"title":"Inn"}"#;
/// let ours = Side { value: &br#"{"tags":["dark"],"title":"The inn"}"#[..], place: Place::Local(1) };
/// let theirs = Side { value: &br#"{"tags":["dark","cold"],"title":"Inn"}"#[..], place: Place::Local(2) };
/// let merged = merge_json(&Policy::default(), Some(base), ours, theirs)?;
/// assert_eq!(merged.value, br#"{"tags":["dark","cold"],"title":"The inn"}"#);
/// # Ok::<(), draftkeep::merge::JsonError>(())
/// ```
///
/// # Errors
///
/// Those of [`Value::parse`] for the first of base, ours and theirs that has one, and the limits of
/// [`Value::to_canonical`] for the merged document.
pub fn merge_json(
    policy: &Policy,
    base: Option<&[u8]>,
    ours: Side<'_, [u8]>,
    theirs: Side<'_, [u8]>,
) -> Result<Merged<Vec<u8>>, JsonError> {
    if let Some(merged) = splice(policy, base, &[], ours, theirs) {
        return Ok(merged);
    }
    let base = base.map(Value::parse).transpose().map_err(JsonError::Base)?;
    by_value(policy, base.as_ref(), &[], ours, theirs)
}

/// Merges documents that are bytes over a base that [`merge_bases`](super::merge_bases) made of several: what
/// [`merge_over`](super::merge_over) gives.
///
/// # Errors
///
/// As for [`merge_json`].
pub fn merge_json_over(
    policy: &Policy,
    base: &MergeBase,
    ours: Side<'_, [u8]>,
    theirs: Side<'_, [u8]>,
) -> Result<Merged<Vec<u8>>, JsonError> {
    // A base that is too large to be written can still be merged over.
    let json = base.value.as_ref().map(Value::to_canonical).transpose();
    if let Ok(json) = json
        && let Some(merged) = splice(policy, json.as_deref(), &base.unclear, ours, theirs)
    {
        return Ok(merged);
    }
    by_value(policy, base.value.as_ref(), &base.unclear, ours, theirs)
}

fn by_value(
    policy: &Policy,
    base: Option<&Value>,
    unclear: &[Path],
    ours: Side<'_, [u8]>,
    theirs: Side<'_, [u8]>,
) -> Result<Merged<Vec<u8>>, JsonError> {
    let of_ours = Value::parse(ours.value).map_err(JsonError::Ours)?;
    let of_theirs = Value::parse(theirs.value).map_err(JsonError::Theirs)?;
    let base = base.map_or(Base::Unknown, |base| Base::Known(Some(base)));
    let [ours, theirs] =
        [(&of_ours, ours.place), (&of_theirs, theirs.place)].map(|(value, place)| Side { value, place });
    let merged = merging::run(policy, base, unclear, ours, theirs, STEPS_DEFAULT);
    let json = merged.value.to_canonical().map_err(JsonError::Merged)?;
    Ok(merged.with(json))
}

/// Merges canonical bytes; `None` where any of them are not, or where what came out has to be held against the limits by
/// those who say what is wrong with it.
fn splice(
    policy: &Policy,
    base: Option<&[u8]>,
    unclear: &[Path],
    ours: Side<'_, [u8]>,
    theirs: Side<'_, [u8]>,
) -> Option<Merged<Vec<u8>>> {
    let limits = Limits::default();
    let base = match base {
        Some(base) => Some(Outline::of(base, &limits)?),
        None => None,
    };
    let (earlier, later, whose_earlier) = in_order(ours, theirs, |ours, theirs| ours.value.cmp(theirs.value));
    let (earlier, later) = (Outline::of(earlier.value, &limits)?, Outline::of(later.value, &limits)?);
    let base = base.as_ref().map_or(BaseOf::Unknown, |base| BaseOf::Known(Some(base.root())));
    let mut walk = Walk::new(unclear, whose_earlier, STEPS_DEFAULT);
    let mut out = Vec::with_capacity(earlier.root().text().len().max(later.root().text().len()) + 64);
    if !splice::node(&mut walk, &mut out, &policy.root(), base, Some(earlier.root()), Some(later.root())).ok()? {
        out.extend_from_slice(b"null");
    }
    // A text has two bytes for each of its values but one. Only a rule of the application's own makes anything deeper.
    let is_small = out.len() <= limits.bytes.min(2 * limits.nodes);
    let is_ours = policy.rules().all(|(_, rule)| !matches!(rule, Rule::Custom(_)));
    if (is_small && is_ours) || Outline::of(&out, &limits).is_some() {
        return Some(walk.finish(Value::Null).with(out));
    }
    None
}
