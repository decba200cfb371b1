//! Issuing, listing and revoking tokens.

use crate::args::Wish;
use crate::settings::Settings;
use crate::{Outcome, say};
use draftkeep::clock::{Clock as _, SystemClock, Timestamp};
use draftkeep_http::{Rights, Spaces, TokenFile, TokenInfo, TokenWish};

pub(crate) fn new(settings: &Settings, wish: &Wish) -> Outcome {
    let mut asked = TokenWish::new(&wish.name, wish.spaces.clone()).rights(wish.rights);
    if wish.shows_metrics {
        asked = asked.with_metrics();
    }
    if let Some(time) = wish.expires_in {
        let millis = u64::try_from(time.as_millis()).unwrap_or(u64::MAX);
        asked = asked.expires(Timestamp::from_millis(SystemClock.now().as_millis().saturating_add(millis)));
    }
    let issued = TokenFile::issue(&settings.tokens, &asked)?;
    // The token alone on the standard output, for a script; the words beside it.
    eprintln!("{}", line(&issued.info));
    eprintln!("in {}; the token is shown this once:", settings.tokens.display());
    say(&issued.token)
}

pub(crate) fn list(settings: &Settings) -> Outcome {
    TokenFile::list(&settings.tokens)?.iter().try_for_each(|token| say(&line(token)))
}

pub(crate) fn revoke(settings: &Settings, id: &str) -> Outcome {
    let revoked = TokenFile::revoke(&settings.tokens, id)?;
    say(&line(&revoked))
}

fn line(token: &TokenInfo) -> String {
    let spaces = match token.grant.spaces() {
        Spaces::All => "all spaces".to_owned(),
        Spaces::These(names) => names.iter().map(|name| format!("{name:?}")).collect::<Vec<_>>().join(" "),
    };
    let rights = match token.grant.rights() {
        Rights::Read => "reads",
        Rights::Write => "writes",
    };
    let metrics = if token.grant.sees_metrics() { ", shows metrics" } else { "" };
    let now = SystemClock.now();
    let expires = token.expires.map(|at| if at <= now { format!(", ran out {at}") } else { format!(", until {at}") });
    let expires = expires.unwrap_or_default();
    let revoked = token.revoked.map(|at| format!(", revoked {at}")).unwrap_or_default();
    format!("{}  {}  {rights} {spaces}{metrics}, issued {}{expires}{revoked}", token.id, token.grant.name(), token.made)
}
