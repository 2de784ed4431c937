//! Whose page a browser calls for. Of other sites' pages none may: what they send without asking,
//! such as the form of a page, arrives as a call of the user's, and would be paid with the user's
//! token (cross-site request forgery).

use http::header::{HOST, ORIGIN};
use http::request::Parts;
use http::uri::Authority;
use http::{HeaderName, HeaderValue, Method, StatusCode};

use crate::pages;
use crate::refusal::Refusal;

/// Refuses what a browser sends for a page that is not the gateway's own, by the first of these
/// that it says: `Sec-Fetch-Site` ([Fetch Metadata]), `Origin` ([RFC 6454 §7]). Other programs send
/// neither.
///
/// [Fetch Metadata]: https://www.w3.org/TR/fetch-metadata/#sec-fetch-site-header
/// [RFC 6454 §7]: https://www.rfc-editor.org/rfc/rfc6454#section-7
pub(crate) fn check(head: &Parts) -> Result<(), Refusal> {
    // A link leads to a page that the user then sees, and changes nothing.
    let is_link = head
        .headers
        .get(SEC_FETCH_MODE)
        .is_some_and(|mode| mode == "navigate");
    if is_link && head.method == Method::GET && pages::are_at(head.uri.path()) {
        return Ok(());
    }
    let own = match head.headers.get(SEC_FETCH_SITE) {
        // `none`: the user has typed the address.
        Some(site) => site == "same-origin" || site == "none",
        None => head
            .headers
            .get(ORIGIN)
            .is_none_or(|origin| is_own(origin, head)),
    };
    if own {
        return Ok(());
    }
    Err(Refusal::new(
        StatusCode::FORBIDDEN,
        "the gateway takes no calls from the pages of other sites",
    ))
}

fn is_own(origin: &HeaderValue, head: &Parts) -> bool {
    let authority = origin.to_str().ok().and_then(|origin| {
        let (_, authority) = origin.split_once("://")?;
        authority.parse::<Authority>().ok()
    });
    let host = head.headers.get(HOST).and_then(|host| host.to_str().ok());
    let host = match head.uri.authority() {
        Some(target) => Some(target.clone()),
        None => host.and_then(|host| host.parse().ok()),
    };
    authority.is_some() && authority == host
}

const SEC_FETCH_MODE: HeaderName = HeaderName::from_static("sec-fetch-mode");
const SEC_FETCH_SITE: HeaderName = HeaderName::from_static("sec-fetch-site");

#[cfg(test)]
mod tests {
    use http::Request;

    use super::*;

    fn is_let_in(target: &str, fields: &[(&str, &str)]) -> bool {
        let mut request = Request::post(target);
        for (name, value) in fields {
            request = request.header(*name, *value);
        }
        check(&request.body(()).expect("a request").into_parts().0).is_ok()
    }

    #[test]
    fn a_program_that_is_no_browser_is_let_in() {
        assert!(is_let_in("/v1/user", &[("host", "127.0.0.1:8099")]));
    }

    #[test]
    fn of_browsers_only_the_gateway_s_own_pages() {
        for (site, let_in) in [
            ("same-origin", true),
            ("none", true),
            ("cross-site", false),
            ("same-site", false),
            ("", false),
        ] {
            let fields = [("host", "localhost:8099"), ("sec-fetch-site", site)];
            assert_eq!(is_let_in("/", &fields), let_in, "{site}");
        }
    }

    #[test]
    fn a_link_leads_to_a_page_and_to_no_call() {
        let fields = [
            ("host", "localhost:8099"),
            ("sec-fetch-site", "cross-site"),
            ("sec-fetch-mode", "navigate"),
        ];
        for (target, let_in) in [("/_/", true), ("/v1/user", false)] {
            let mut request = Request::get(target);
            for (name, value) in fields {
                request = request.header(name, value);
            }
            let head = request.body(()).expect("a request").into_parts().0;
            assert_eq!(check(&head).is_ok(), let_in, "{target}");
        }
        // That of a form.
        assert!(!is_let_in("/_/", &fields));
    }

    #[test]
    fn where_a_browser_says_no_site_its_origin_counts() {
        for (origin, let_in) in [
            ("http://localhost:8099", true),
            ("http://LOCALHOST:8099", true),
            ("http://localhost:3000", false),
            ("http://localhost", false),
            ("https://evil.example", false),
            ("null", false),
            ("", false),
        ] {
            let fields = [("host", "localhost:8099"), ("origin", origin)];
            assert_eq!(is_let_in("/", &fields), let_in, "{origin}");
            let target = "http://localhost:8099/";
            assert_eq!(is_let_in(target, &[("origin", origin)]), let_in, "{origin}");
        }
    }
}
