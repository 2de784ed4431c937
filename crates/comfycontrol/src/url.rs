//! From a path to a URL that cannot leave the client's origin.

use comfycontrol_core::{InternalHosts, check_path, encoded_url};
use comfycontrol_token::{InvalidOrigin, Origin};
use http::Uri;
use http::uri::PathAndQuery;

use crate::error::{InvalidConfig, InvalidRequest, Reason, Setting};

/// Where a client may send requests to.
#[derive(Clone, Debug)]
pub(crate) enum Target {
    /// Other origins too: for a client that has no token.
    Anywhere(InternalHosts),
    /// One origin, and the URL of it.
    Base { origin: Origin, url: Uri },
}

impl Target {
    pub(crate) fn base(url: &str) -> Result<(Self, Origin), InvalidConfig> {
        let refused = |e| InvalidConfig::new(Setting::BaseUrl(e));
        let origin = Origin::parse(url).map_err(refused)?;
        let url = origin.to_string().parse();
        let url = url.map_err(|_| refused(InvalidOrigin::NotAnOrigin))?;
        let base = origin.clone();
        Ok((Self::Base { origin: base, url }, origin))
    }

    /// The origin, as a URL.
    pub(crate) fn uri(&self) -> Option<Uri> {
        match self {
            Self::Anywhere(_) => None,
            Self::Base { url, .. } => Some(url.clone()),
        }
    }

    /// The hosts of the internal network that other origins may have: these.
    pub(crate) fn internal_hosts(&self, named: Vec<String>) -> InternalHosts {
        match self {
            Self::Anywhere(internal) => internal.with_named(named),
            Self::Base { url, .. } => InternalHosts::new(url.host().unwrap_or_default(), named),
        }
    }

    /// Whether an absolute URL belongs to this one origin.
    pub(crate) fn is_origin_of(&self, given: &str) -> bool {
        match (self, encoded_url(given).parse::<Uri>()) {
            (Self::Base { origin, .. }, Ok(uri)) => origin.allows(&uri),
            _ => false,
        }
    }

    /// The URL for what the caller gave: a path, or an absolute URL of this target.
    pub(crate) fn resolve(&self, given: &str) -> Result<Uri, InvalidRequest> {
        let given = encoded_url(given);
        // `http::Uri` drops the first without a word, and takes some of the others in a host.
        if given.bytes().any(|b| b == b'#' || !b.is_ascii()) {
            return Err(path("has a character that must be percent-encoded"));
        }
        self.resolve_uri(given.parse().map_err(unreadable)?)
    }

    pub(crate) fn resolve_uri(&self, uri: Uri) -> Result<Uri, InvalidRequest> {
        check_path(uri.path())?;
        match (self, uri.authority()) {
            (Self::Base { url, .. }, None) => {
                if uri.scheme().is_some() || !uri.path().starts_with('/') {
                    return Err(path("does not begin with /"));
                }
                let mut parts = uri.into_parts();
                parts.scheme = url.scheme().cloned();
                parts.authority = url.authority().cloned();
                Uri::from_parts(parts).map_err(unreadable)
            }
            (Self::Base { origin, .. }, Some(_)) if origin.allows(&uri) => Ok(uri),
            (Self::Base { .. }, Some(_)) => Err(InvalidRequest::new(Reason::Origin)),
            (Self::Anywhere(_), None) => Err(InvalidRequest::new(Reason::Url("has no host"))),
            (Self::Anywhere(internal), Some(authority)) => {
                let scheme = uri.scheme_str().unwrap_or_default();
                // The same rule as for a token: https, or http to this machine.
                let wrong = Reason::Url("has a scheme or host that is not allowed");
                Origin::parse(format!("{scheme}://{authority}"))
                    .map_err(|e| InvalidRequest::because(wrong, e))?;
                if internal.allow(authority.host()) {
                    return Ok(uri);
                }
                Err(InvalidRequest::new(Reason::Url(
                    "leads into the internal network, to a host that is not allowed by name",
                )))
            }
        }
    }
}

/// Adds pairs to the query of a URL.
pub(crate) fn with_query(uri: Uri, pairs: &str) -> Result<Uri, InvalidRequest> {
    if pairs.is_empty() {
        return Ok(uri);
    }
    let joined = match uri.query() {
        None => format!("{}?{pairs}", uri.path()),
        Some("") => format!("{}?{pairs}", uri.path()),
        Some(query) => format!("{}?{query}&{pairs}", uri.path()),
    };
    let invalid = |e: http::Error| InvalidRequest::because(Reason::Query, e);
    let mut parts = uri.into_parts();
    parts.path_and_query = Some(PathAndQuery::try_from(joined).map_err(|e| invalid(e.into()))?);
    Uri::from_parts(parts).map_err(|e| invalid(e.into()))
}

fn unreadable(e: impl std::error::Error + Send + Sync + 'static) -> InvalidRequest {
    InvalidRequest::because(Reason::Path("is not valid in a URL"), e)
}

fn path(why: &'static str) -> InvalidRequest {
    InvalidRequest::new(Reason::Path(why))
}

#[cfg(test)]
mod tests;
