//! Which names the gateway answers to, so that a page of another site cannot reach it by a name of
//! its own that it has led here (DNS rebinding).

use http::header::HOST;
use http::request::Parts;
use http::uri::Authority;
use http::{Method, StatusCode, Version};

use crate::refusal::Refusal;

/// The names that a call may give as its host.
#[derive(Clone, Debug, Default)]
pub(crate) struct Hosts {
    any: bool,
    names: Vec<String>,
}

impl Hosts {
    pub(crate) fn add(&mut self, name: &str) {
        self.names.push(bare(name).to_ascii_lowercase());
    }

    pub(crate) fn allow_any(&mut self) {
        self.any = true;
    }

    /// Refuses a call whose target is not for this gateway, or is not said in one way.
    pub(crate) fn check(&self, head: &Parts) -> Result<(), Refusal> {
        if matches!(head.method, Method::CONNECT | Method::TRACE) {
            return Err(Refusal::new(
                StatusCode::METHOD_NOT_ALLOWED,
                "this method ends at the gateway",
            )
            .with_allow("DELETE, GET, HEAD, OPTIONS, PATCH, POST, PUT"));
        }
        // As `OPTIONS *` has it.
        if !head.uri.path().starts_with('/') {
            return Err(bad("the target of the request has no path"));
        }
        let Some(host) = host(head)? else {
            return Ok(());
        };
        if self.any || self.is_ours(&host) {
            return Ok(());
        }
        Err(Refusal::new(
            StatusCode::MISDIRECTED_REQUEST,
            "the gateway does not answer to this host: it takes its own names only",
        ))
    }

    fn is_ours(&self, host: &Authority) -> bool {
        let name = bare(host.host()).to_ascii_lowercase();
        let loopback = name == "localhost"
            || name
                .parse()
                .is_ok_and(|address: std::net::IpAddr| address.is_loopback());
        loopback || self.names.contains(&name)
    }
}

/// The one host that a call names; none over HTTP/1.0, which needs none. That of the target counts,
/// and `Host` must not say another ([RFC 9112 §3.2], [RFC 9113 §8.3.1]).
///
/// [RFC 9112 §3.2]: https://www.rfc-editor.org/rfc/rfc9112#section-3.2
/// [RFC 9113 §8.3.1]: https://www.rfc-editor.org/rfc/rfc9113#section-8.3.1
fn host(head: &Parts) -> Result<Option<Authority>, Refusal> {
    let mut said = head.headers.get_all(HOST).iter();
    let (first, more) = (said.next(), said.next());
    if more.is_some() {
        return Err(bad("the request has more than one Host"));
    }
    let field = match first {
        None => None,
        Some(value) => {
            let parsed = value
                .to_str()
                .ok()
                .and_then(|text| text.parse::<Authority>().ok());
            Some(parsed.ok_or_else(|| bad("the Host of the request cannot be read"))?)
        }
    };
    let host = match (head.uri.authority(), field) {
        (Some(target), Some(field)) if *target != field => {
            return Err(bad(
                "the target of the request and its Host are not the same",
            ));
        }
        (Some(target), _) => Some(target.clone()),
        (None, field) => field,
    };
    match host {
        Some(host) if host.as_str().contains('@') => Err(bad("the host of the request has a user")),
        None if head.version >= Version::HTTP_11 => Err(bad("the request has no Host")),
        host => Ok(host),
    }
}

/// Without the brackets of an IPv6 address and the dot at the end of a full name.
fn bare(host: &str) -> &str {
    let host = host.strip_suffix('.').unwrap_or(host);
    host.strip_prefix('[')
        .and_then(|host| host.strip_suffix(']'))
        .unwrap_or(host)
}

fn bad(message: &'static str) -> Refusal {
    Refusal::new(StatusCode::BAD_REQUEST, message)
}

#[cfg(test)]
mod tests {
    use http::Request;

    use super::*;

    fn status(hosts: &Hosts, target: &str, fields: &[&str], version: Version) -> u16 {
        let mut request = Request::builder().uri(target).version(version);
        for value in fields {
            request = request.header(HOST, *value);
        }
        let (head, ()) = request.body(()).expect("a request").into_parts();
        hosts
            .check(&head)
            .map_or_else(|refusal| refusal.status().as_u16(), |()| 200)
    }

    #[test]
    fn only_its_own_names_reach_the_gateway() {
        let mut hosts = Hosts::default();
        hosts.add("Gateway.internal");
        for (host, expected) in [
            ("127.0.0.1:8099", 200),
            ("127.9.9.9", 200),
            ("localhost", 200),
            ("LOCALHOST.:1", 200),
            ("[::1]:8099", 200),
            ("gateway.INTERNAL:443", 200),
            ("evil.example", 421),
            ("localhost.evil.example", 421),
            ("127.0.0.1.evil.example", 421),
            ("10.0.0.7", 421),
            ("0.0.0.0", 421),
            ("evil@localhost", 400),
            ("", 400),
            ("a b", 400),
        ] {
            assert_eq!(
                status(&hosts, "/v1/user", &[host], Version::HTTP_11),
                expected,
                "{host}"
            );
        }
        hosts.allow_any();
        assert_eq!(
            status(&hosts, "/", &["evil.example"], Version::HTTP_11),
            200
        );
    }

    #[test]
    fn a_call_says_one_host_in_one_way() {
        let hosts = Hosts::default();
        let check = |target, fields: &[&str]| status(&hosts, target, fields, Version::HTTP_11);
        assert_eq!(check("/", &[]), 400);
        assert_eq!(check("/", &["localhost", "localhost"]), 400);
        assert_eq!(check("http://localhost/", &["localhost"]), 200);
        assert_eq!(check("http://evil.example/", &["localhost"]), 400);
        assert_eq!(check("http://evil.example/", &["evil.example"]), 421);
        assert_eq!(status(&hosts, "/", &[], Version::HTTP_10), 200);
        assert_eq!(
            status(&hosts, "http://localhost/", &[], Version::HTTP_2),
            200
        );
        assert_eq!(check("*", &["localhost"]), 400);
    }
}
