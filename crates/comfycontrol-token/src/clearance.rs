//! Which request may have the token: a look at its head, without I/O.

use http::header::HOST;
use http::{Extensions, HeaderMap, Uri};

use crate::{Origin, WithheldReason, WithoutToken};

#[derive(Debug, Eq, PartialEq)]
pub(crate) enum Clearance {
    /// It goes to another server, and our token must not be on it.
    Elsewhere,
    /// It gets the token.
    Granted,
    /// It is none of our business.
    Untouched,
    /// It is not sent at all.
    Withheld(WithheldReason),
}

impl Clearance {
    pub(crate) fn of(
        origin: &Origin,
        uri: &Uri,
        headers: &HeaderMap,
        extensions: &Extensions,
    ) -> Self {
        if extensions.get::<WithoutToken>().is_some() {
            return Self::Untouched;
        }
        if uri.scheme().is_none() || uri.authority().is_none() {
            return Self::Withheld(WithheldReason::UriNotAbsolute);
        }
        if !origin.allows(uri) {
            return Self::Elsewhere;
        }
        let mut hosts = headers.get_all(HOST).iter();
        match (hosts.next(), hosts.next()) {
            (None, _) => Self::Granted,
            (Some(host), None) if host.to_str().is_ok_and(|host| origin.is_at(host)) => {
                Self::Granted
            }
            _ => Self::Withheld(WithheldReason::HostDiffers),
        }
    }
}
