//! Where the hub is.

use crate::fault;
use crate::wire::segment;
use std::net::{Ipv4Addr, Ipv6Addr};
use url::{Host, Url};

/// Why an address cannot be a hub's.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum AddressError {
    /// It cannot be read.
    #[error("the hub's address is not one; write it like https://hub.example")]
    Malformed,
    /// It has more than scheme, host, port and path.
    #[error("the hub's address has a name, a password, a query or a fragment in it; who is asking is said by a token")]
    TooMuch,
    /// It is neither `https` nor `http`.
    #[error("the hub's address is neither https nor http")]
    Scheme,
    /// Everybody on the way could read the token and the texts.
    #[error(
        "the hub's address is http and leads off this machine, where everybody on the way could read along; \
         use https, or allow it with HttpOptions::over_plain_http"
    )]
    Plain,
}

/// Where a hub is: `https://host:port/path`, below which the routes are.
#[derive(Debug, Clone)]
pub(super) struct Address(Url);

impl Address {
    pub(super) fn parse(text: &str, may_be_plain: bool) -> Result<Self, AddressError> {
        let mut url = Url::parse(text).map_err(|_| AddressError::Malformed)?;
        if !url.username().is_empty() || url.password().is_some() || url.query().is_some() || url.fragment().is_some() {
            return Err(AddressError::TooMuch);
        }
        match url.scheme() {
            "https" => {}
            "http" if may_be_plain || is_this_machine(&url) || fault::on("http-plain-off-this-machine") => {}
            "http" => return Err(AddressError::Plain),
            _ => return Err(AddressError::Scheme),
        }
        if !url.path().ends_with('/') {
            let path = format!("{}/", url.path());
            url.set_path(&path);
        }
        Ok(Self(url))
    }

    pub(super) fn is_encrypted(&self) -> bool {
        self.0.scheme() == "https"
    }

    /// Where a space syncs.
    pub(super) fn sync(&self, space: &str) -> Url {
        self.below(space, "sync")
    }

    /// Something of a space.
    pub(super) fn below(&self, space: &str, path: &str) -> Url {
        let mut url = self.0.clone();
        let path = format!("{}v1/spaces/{}/{path}", url.path(), segment(space));
        url.set_path(&path);
        url
    }
}

fn is_this_machine(url: &Url) -> bool {
    match url.host() {
        Some(Host::Domain(name)) => name == "localhost",
        Some(Host::Ipv4(address)) => address == Ipv4Addr::LOCALHOST,
        Some(Host::Ipv6(address)) => address == Ipv6Addr::LOCALHOST,
        None => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_address_is_a_place_and_nothing_more() {
        let parse = |text| Address::parse(text, false).map(|address| address.sync("a b").to_string());
        let table = [
            ("https://hub.example", Ok("https://hub.example/v1/spaces/a%20b/sync")),
            ("https://hub.example:8443/sync/", Ok("https://hub.example:8443/sync/v1/spaces/a%20b/sync")),
            ("https://hub.example/sync", Ok("https://hub.example/sync/v1/spaces/a%20b/sync")),
            ("http://127.0.0.1:7373", Ok("http://127.0.0.1:7373/v1/spaces/a%20b/sync")),
            ("http://localhost:7373", Ok("http://localhost:7373/v1/spaces/a%20b/sync")),
            ("http://[::1]:7373", Ok("http://[::1]:7373/v1/spaces/a%20b/sync")),
            ("http://hub.example", Err(AddressError::Plain)),
            ("http://127.0.0.1.example", Err(AddressError::Plain)),
            ("ftp://hub.example", Err(AddressError::Scheme)),
            ("hub.example", Err(AddressError::Malformed)),
            ("", Err(AddressError::Malformed)),
            ("https://me@hub.example", Err(AddressError::TooMuch)),
            ("https://me:secret@hub.example", Err(AddressError::TooMuch)),
            ("https://hub.example/?token=secret", Err(AddressError::TooMuch)),
            ("https://hub.example/#top", Err(AddressError::TooMuch)),
        ];
        for (text, expected) in table {
            assert_eq!(parse(text).as_deref(), expected.as_deref(), "{text}");
        }
        assert!(Address::parse("http://hub.example", true).is_ok());
    }
}
