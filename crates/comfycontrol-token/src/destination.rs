use http::header::HOST;
use http::{Extensions, HeaderMap, Uri};

use crate::{Origin, WithheldReason, WithoutToken};

/// Where a request goes, as its head says: a look without I/O.
#[derive(Debug, Eq, PartialEq)]
pub(crate) enum Destination {
    /// Anywhere: it is marked to go without a token.
    Exempt,
    /// To another server, and our token must not be on it.
    OtherOrigin,
    /// To the server that the token is for.
    OwnOrigin,
    /// Unknown, so it is not sent at all.
    Unclear(WithheldReason),
}

impl Destination {
    pub(crate) fn of(
        origin: &Origin,
        uri: &Uri,
        headers: &HeaderMap,
        extensions: &Extensions,
    ) -> Self {
        if extensions.get::<WithoutToken>().is_some() {
            return Self::Exempt;
        }
        if uri.scheme().is_none() || uri.authority().is_none() {
            return Self::Unclear(WithheldReason::UriNotAbsolute);
        }
        if !origin.allows(uri) {
            return Self::OtherOrigin;
        }
        let Some(host) = headers.get(HOST) else {
            return Self::OwnOrigin;
        };
        let is_alone = headers.get_all(HOST).iter().nth(1).is_none();
        if is_alone && host.to_str().is_ok_and(|host| origin.is_at(host)) {
            Self::OwnOrigin
        } else {
            Self::Unclear(WithheldReason::HostMismatch)
        }
    }
}
