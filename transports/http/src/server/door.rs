//! Who is asking, and may they: everything that is decided before anything of a request's body is read.

use super::authenticate::Denied;
use super::grant::{Grant, Rights};
use super::problem::Problem;
use super::query::Query;
use super::shared::Shared;
use crate::fault;
use crate::wire;
use axum::extract::ConnectInfo;
use http::header::AUTHORIZATION;
use http::request::Parts;
use http::{HeaderMap, HeaderName};
use std::net::{IpAddr, Ipv6Addr, SocketAddr};
use std::sync::Arc;
use std::time::{Duration, Instant};
use tokio::sync::OwnedSemaphorePermit;

/// How long the check of a token may take.
const CHECK: Duration = Duration::from_secs(10);

/// What a token that is not good counts as: guessing is slow.
const BAD_TOKEN: u32 = 20;

/// The longest header that is looked at as a token, in bytes.
const TOKEN_MAX: usize = 4_096 + "Bearer ".len();

const FORWARDED: HeaderName = HeaderName::from_static("x-forwarded-for");

impl Shared {
    /// Lets in who may ask: the rate of the address, the token, the rate of the grant, in this order.
    pub(super) async fn recognise(&self, parts: &Parts) -> Result<Grant, Problem> {
        self.recognise_asking(parts, &[]).await.map(|(grant, _)| grant)
    }

    /// The same at an address that takes parameters.
    async fn recognise_asking(&self, parts: &Parts, known: &[&'static str]) -> Result<(Grant, Query), Problem> {
        let address = self.address(parts);
        let now = Instant::now();
        self.of_address.take(address, 1, now).map_err(|wait| Problem::too_often("this address", wait))?;
        let query = match Query::read(parts.uri.query(), known) {
            Err(_) if fault::on("http-token-in-an-address-taken") => Query::default(),
            query => query?,
        };
        let grant = match self.check(&parts.headers).await {
            Ok(grant) => grant,
            Err(problem) => {
                if problem.status == http::StatusCode::UNAUTHORIZED && !fault::on("http-guessing-is-cheap") {
                    // Whether or not there is room for it: it is owed.
                    self.of_address.charge(&address, BAD_TOKEN - 1, now);
                }
                return Err(problem);
            }
        };
        self.of_grant.take(grant.name().to_owned(), 1, now).map_err(|wait| Problem::too_often("this token", wait))?;
        tracing::debug!(grant = grant.name(), "recognised");
        Ok((grant, query))
    }

    /// The same, for something in a space.
    pub(super) async fn admit(&self, parts: &Parts, space: &str, right: Rights) -> Result<Grant, Problem> {
        let grant = self.recognise(parts).await?;
        may(&grant, space, right)?;
        Ok(grant)
    }

    /// Lets in who may read this space, at an address that takes these parameters.
    pub(super) async fn admit_reader(
        &self,
        parts: &Parts,
        space: &str,
        known: &[&'static str],
    ) -> Result<Query, Problem> {
        let (grant, query) = self.recognise_asking(parts, known).await?;
        if !fault::on("http-lists-of-any-space") {
            may(&grant, space, Rights::Read)?;
        }
        Ok(query)
    }

    /// A place among those that wait for news, as long as it is held.
    pub(super) fn place(&self) -> Result<OwnedSemaphorePermit, Problem> {
        let full = |_| Problem::busy("as many devices wait for news as may at once; ask again later");
        Arc::clone(&self.waiting).try_acquire_owned().map_err(full)
    }

    /// What the token of a request gives now. Nothing is counted.
    pub(super) async fn check(&self, headers: &HeaderMap) -> Result<Grant, Problem> {
        let token = bearer(headers)?;
        let checked = tokio::time::timeout(CHECK, self.authenticate.authenticate(token)).await;
        match checked.unwrap_or(Err(Denied::Unavailable { retry_after: None })) {
            Ok(grant) => Ok(grant),
            Err(Denied::Unknown) => Err(Problem::unauthorized("this token is not known here; ask for another one")),
            Err(Denied::Expired) => Err(Problem::unauthorized("the time of this token is over; ask for another one")),
            Err(Denied::Unavailable { retry_after }) => {
                let problem = Problem::busy("whether this token is good cannot be said now; ask again later");
                Err(retry_after.map_or(problem.clone(), |wait| problem.after(wait)))
            }
        }
    }

    /// Where a request comes from, as far as that is counted.
    fn address(&self, parts: &Parts) -> Option<IpAddr> {
        let peer = parts.extensions.get::<ConnectInfo<SocketAddr>>().map(|peer| peer.0.ip());
        let is_trusted = self.limits.trusts_forwarded || fault::on("http-any-forwarded-believed");
        let forwarded = is_trusted.then(|| parts.headers.get_all(FORWARDED).into_iter().next_back());
        // The last one is what the proxy wrote; those before it are what anybody says.
        let forwarded =
            forwarded.flatten().and_then(|value| value.to_str().ok()?.rsplit(',').next()?.trim().parse().ok());
        forwarded.or(peer).map(neighbourhood)
    }
}

/// Whether this grant is good for that, with a problem that names what is missing.
pub(super) fn may(grant: &Grant, space: &str, right: Rights) -> Result<(), Problem> {
    if grant.allows(space, right) || fault::on("http-space-of-a-token-unchecked") {
        return Ok(());
    }
    // The same for spaces that are there and for those that are not.
    Err(Problem::forbidden(if grant.reaches(space) {
        "this token may read this space and not write to it; ask for one that may"
    } else {
        "this token gives no right to this space; ask for one that does"
    }))
}

/// The space of a path, as its name is.
pub(super) fn space(
    segment: &Result<axum::extract::Path<String>, axum::extract::rejection::PathRejection>,
) -> Result<&str, Problem> {
    let segment = segment.as_ref().map_err(|_| Problem::malformed("the space in the address is not UTF-8"))?;
    Ok(wire::space(segment))
}

/// An id of a path.
pub(super) fn id<I: std::str::FromStr>(what: &str, digits: usize, segment: &str) -> Result<I, Problem> {
    let wrong =
        |_| Problem::malformed(format!("the {what} in the address is not {digits} lower-case hexadecimal digits"));
    segment.parse().map_err(wrong)
}

fn bearer(headers: &HeaderMap) -> Result<&str, Problem> {
    let mut values = headers.get_all(AUTHORIZATION).into_iter();
    let missing = || Problem::unauthorized("this address asks for a token in the header authorization, as Bearer");
    let value = values.next().ok_or_else(missing)?;
    if values.next().is_some() {
        return Err(Problem::malformed("a request has one header authorization, not several"));
    }
    let text = value.to_str().ok().filter(|text| text.len() <= TOKEN_MAX).ok_or_else(missing)?;
    let (scheme, token) = text.split_once(' ').ok_or_else(missing)?;
    let token = token.trim_start_matches(' ');
    if !scheme.eq_ignore_ascii_case("bearer") || token.is_empty() || !token.bytes().all(|byte| byte.is_ascii_graphic())
    {
        return Err(missing());
    }
    Ok(token)
}

/// Who has one IPv6 address mostly has 2^64 of them.
fn neighbourhood(address: IpAddr) -> IpAddr {
    match address {
        IpAddr::V4(_) => address,
        IpAddr::V6(six) => six.to_ipv4_mapped().map_or_else(
            || {
                let [a, b, c, d, ..] = six.segments();
                IpAddr::V6(Ipv6Addr::new(a, b, c, d, 0, 0, 0, 0))
            },
            IpAddr::V4,
        ),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_neighbourhood_is_an_address_or_the_first_half_of_one() {
        let of = |text: &str| neighbourhood(text.parse().unwrap()).to_string();
        assert_eq!(of("192.0.2.7"), "192.0.2.7");
        assert_eq!(of("2001:db8:1:2:3:4:5:6"), "2001:db8:1:2::");
        assert_eq!(of("::ffff:192.0.2.7"), "192.0.2.7");
    }
}
