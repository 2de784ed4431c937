//! From a path to a URL that cannot leave the client's origin.

use comfycontrol_core::{check_path, encoded_url};
use comfycontrol_token::{InvalidOrigin, Origin};
use http::Uri;
use http::uri::{Authority, Parts, PathAndQuery, Scheme};

use crate::error::{InvalidConfig, InvalidRequest, Reason, Setting};

/// Where a client may send requests to.
#[derive(Clone, Debug)]
pub(crate) enum Target {
    /// Any `https` URL, and `http` to this machine: for a client that has no token.
    Anywhere,
    /// One origin.
    Base {
        scheme: Scheme,
        authority: Authority,
        origin: Origin,
    },
}

impl Target {
    pub(crate) fn base(url: &str) -> Result<(Self, Origin), InvalidConfig> {
        let refused = |e| InvalidConfig::new(Setting::BaseUrl(e));
        let origin = Origin::parse(url).map_err(refused)?;
        let parts = origin
            .to_string()
            .parse()
            .map(Uri::into_parts)
            .unwrap_or_default();
        let (Some(scheme), Some(authority)) = (parts.scheme, parts.authority) else {
            return Err(refused(InvalidOrigin::NotAnOrigin));
        };
        Ok((
            Self::Base {
                scheme,
                authority,
                origin: origin.clone(),
            },
            origin,
        ))
    }

    /// The origin, as a URL.
    pub(crate) fn uri(&self) -> Option<Uri> {
        match self {
            Self::Anywhere => None,
            Self::Base { origin, .. } => origin.to_string().parse().ok(),
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
            (
                Self::Base {
                    scheme, authority, ..
                },
                None,
            ) => {
                if uri.scheme().is_some() || !uri.path().starts_with('/') {
                    return Err(path("does not begin with /"));
                }
                let mut parts = Parts::default();
                parts.scheme = Some(scheme.clone());
                parts.authority = Some(authority.clone());
                parts.path_and_query = uri.into_parts().path_and_query;
                Uri::from_parts(parts).map_err(unreadable)
            }
            (Self::Base { origin, .. }, Some(_)) if origin.allows(&uri) => Ok(uri),
            (Self::Base { .. }, Some(_)) => Err(InvalidRequest::new(Reason::Origin)),
            (Self::Anywhere, None) => Err(InvalidRequest::new(Reason::Url("has no host"))),
            (Self::Anywhere, Some(authority)) => {
                let scheme = uri.scheme_str().unwrap_or_default();
                // The same rule as for a token: https, or http to this machine.
                match Origin::parse(format!("{scheme}://{authority}")) {
                    Ok(_) => Ok(uri),
                    Err(e) => Err(InvalidRequest::because(
                        Reason::Url("has a scheme or host that is not allowed"),
                        e,
                    )),
                }
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
mod tests {
    use super::*;

    fn target() -> Target {
        Target::base("https://api.comfycontrol.app").unwrap().0
    }

    #[test]
    fn a_path_is_joined_to_the_origin() {
        for (given, joined) in [
            ("/v1/user", "https://api.comfycontrol.app/v1/user"),
            (
                "/v1/user?page=2",
                "https://api.comfycontrol.app/v1/user?page=2",
            ),
            ("/v1/a@b:c", "https://api.comfycontrol.app/v1/a@b:c"),
            (
                "https://API.comfycontrol.app:443/x",
                "https://API.comfycontrol.app:443/x",
            ),
            ("/", "https://api.comfycontrol.app/"),
        ] {
            assert_eq!(target().resolve(given).unwrap(), joined, "{given}");
        }
    }

    #[test]
    fn nothing_leaves_the_origin() {
        for given in [
            "https://api.comfycontrol.app.evil.example/v1",
            "https://evil.example/",
            "http://api.comfycontrol.app/",
            "https://api.comfycontrol.app:444/",
            "https://api.comfycontrol.app@evil.example/",
            "https://cfc_x@api.comfycontrol.app/",
            "https://api.comfycontrol.app./",
        ] {
            let refused = target().resolve(given).unwrap_err();
            assert!(refused.is_other_origin(), "{given}: {refused}");
        }
        for given in [
            "",
            "v1/user",
            "@evil.example",
            "//evil.example/v1",
            "/\\evil.example",
            "\\\\evil.example",
            "*",
            "/v1/../x",
            "/v1/..;/x",
            "/v1/%252e%252e/x",
            "/v1/%c0%ae%c0%ae/x",
            "/v1/a%00",
            "/v1/%2e%2E/x",
            "/v1/..%2fx",
            "/v1/..%5c..%5cx",
            "/v1/workflow/%2e%2e%2fuser",
            "/v1/workflow/%2E.%2Fuser",
            "/v1/.%2e%5cx",
            "/v1/x%2f..",
            "/v1/%2e",
            "/.",
            "/v1/.?page=2",
            "/v1/\0",
            "/v1/a\nb",
            "/v1#x",
            "https://ü.example/v1",
            "ftp://x/",
            "evil.example:443",
        ] {
            assert!(target().resolve(given).is_err(), "{given}");
        }
        let long = format!("/{}", "a".repeat(70_000));
        assert!(target().resolve(&long).is_err());
    }

    #[test]
    fn dots_and_codes_that_lead_nowhere_are_left_alone() {
        for given in [
            "/v1/a.json",
            "/v1/..a/.b/c..",
            "/v1/a%20b%2Fc",
            "/v1/%2e%2e%2e",
            "/v1/%c3%bc%ff",
            "/v1/x?next=../../y&z=%2e%2e%2f",
        ] {
            let uri = target().resolve(given).unwrap();
            assert_eq!(uri.path_and_query().unwrap(), given);
        }
    }

    #[test]
    fn what_a_url_cannot_have_is_encoded_as_the_url_standard_says() {
        let odd = "/a b\"<>^`{}|'ü\u{7f}%20+%zz?q=a b\"<>^`{}|'ü\u{7f}%20+%zz&a=/?&a=&b";
        let sent = "/a%20b%22%3C%3E%5E%60%7B%7D|'%C3%BC%7F%20+%zz\
                    ?q=a%20b%22%3C%3E^`{}|%27%C3%BC%7F%20+%zz&a=/?&a=&b";
        assert_eq!(
            target().resolve(odd).unwrap().path_and_query().unwrap(),
            sent
        );
        for host in ["https://storage.example", "http://127.0.0.1:8080"] {
            let uri = Target::Anywhere.resolve(&format!("{host}{odd}")).unwrap();
            assert_eq!(uri.to_string(), format!("{host}{sent}"));
        }
        let query = Target::Anywhere.resolve("https://a.example?a b://c d");
        assert_eq!(query.unwrap(), "https://a.example/?a%20b://c%20d");
        assert!(target().is_origin_of("https://api.comfycontrol.app/a b"));
    }

    #[test]
    fn pairs_follow_the_query_that_is_there() {
        for (given, joined) in [
            ("/x", "/x?a=1"),
            ("/x?", "/x?a=1"),
            ("/x?b=2", "/x?b=2&a=1"),
        ] {
            let uri = with_query(target().resolve(given).unwrap(), "a=1").unwrap();
            assert_eq!(uri.path_and_query().unwrap(), joined);
        }
    }

    #[test]
    fn anywhere_means_https_or_this_machine() {
        for given in [
            "https://storage.comfycontrol.app/a?signature=x",
            "http://127.0.0.1:8080/a",
        ] {
            assert!(Target::Anywhere.resolve(given).is_ok(), "{given}");
        }
        for given in [
            "http://storage.comfycontrol.app/a",
            "/a",
            "https://u:p@h/a",
            "ftp://h/",
        ] {
            assert!(Target::Anywhere.resolve(given).is_err(), "{given}");
        }
    }
}
