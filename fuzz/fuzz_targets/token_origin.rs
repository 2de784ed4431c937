//! A token goes only where scheme, host and port are the origin's, letter by letter: a plain
//! reading of the texts agrees, and so does a browser's.
//!
//! An input is an origin, the URI of a request, and perhaps the value of its `Host` header, one a
//! line.

#![cfg_attr(fuzzing, no_main)]

use comfycontrol_fuzz::{Authority, fuzz_target, ready};
use comfycontrol_token::{AddTokenLayer, Origin, Token};
use http::header::{AUTHORIZATION, HOST};
use http::{HeaderMap, HeaderValue, Request, Response, Uri};
use tower::{BoxError, Layer, Service, service_fn};
use url::{Host, Url};

fuzz_target!(|bytes: &[u8]| {
    let Ok(text) = std::str::from_utf8(bytes) else {
        return;
    };
    let mut lines = text.split('\n');
    let (Some(at), Some(to), host) = (lines.next(), lines.next(), lines.next()) else {
        return;
    };
    let (Ok(origin), Ok(uri)) = (Origin::parse(at), to.parse::<Uri>()) else {
        return;
    };
    let ours = Authority::of(at).expect("an origin has a scheme, a host and a port");
    let here = Authority::of(to).as_ref() == Some(&ours);

    assert_eq!(origin.allows(&uri), here);
    assert_eq!(Origin::parse(origin.to_string()), Ok(origin.clone()));
    check_parts(&origin, at, &ours);
    if here {
        check_browser(at, to);
    }
    check_request(origin, uri, host, &ours, here);
});

/// The parts make the whole, and a browser agrees on what is this machine.
fn check_parts(origin: &Origin, at: &str, ours: &Authority) {
    let (scheme, host, port) = (origin.scheme(), origin.host(), origin.port());
    let whole = format!("{scheme}://{host}:{port}");
    assert_eq!(Authority::of(&whole).as_ref(), Some(ours));
    assert!(scheme == "https" || origin.is_loopback());
    if let Ok(url) = Url::parse(at) {
        let local = match url.host() {
            Some(Host::Domain(name)) => name == "localhost",
            Some(Host::Ipv4(ip)) => ip.is_loopback(),
            Some(Host::Ipv6(ip)) => ip.is_loopback(),
            None => false,
        };
        assert_eq!(origin.is_loopback(), local);
    }
}

/// A browser would send it to the same place.
fn check_browser(at: &str, to: &str) {
    if let (Ok(at), Ok(to)) = (Url::parse(at), Url::parse(to)) {
        assert_eq!(at.origin(), to.origin());
        assert!(to.username().is_empty() && to.password().is_none());
    }
}

/// The layer sends the token if and only if it may, and never twice.
fn check_request(origin: Origin, uri: Uri, host: Option<&str>, ours: &Authority, here: bool) {
    let absolute = uri.scheme().is_some() && uri.authority().is_some();
    let mut request = Request::new(());
    *request.uri_mut() = uri;
    if let Some(host) = host {
        let Ok(value) = HeaderValue::from_str(host) else {
            return;
        };
        request.headers_mut().insert(HOST, value);
    }
    // As if a layer outside had followed a redirect and kept what it sent before.
    request.headers_mut().insert(AUTHORIZATION, BEARER);

    let same_host = host.is_none_or(|host| ours.of_host(host).as_ref() == Some(ours));
    match send(origin, request) {
        None => assert!(!absolute || here && !same_host, "withheld without need"),
        Some(sent) => {
            let tokens: Vec<_> = sent.get_all(AUTHORIZATION).iter().collect();
            if here {
                assert!(absolute && same_host);
                assert_eq!(tokens, [BEARER]);
            } else {
                assert!(tokens.is_empty(), "the token has left its origin");
            }
        }
    }
}

/// The headers that reach the service beneath, if the request was sent.
fn send(origin: Origin, request: Request<()>) -> Option<HeaderMap> {
    let token = Token::parse(TOKEN).expect("the token has the documented format");
    let echo = service_fn(|request: Request<()>| {
        let mut response = Response::new(());
        *response.headers_mut() = request.headers().clone();
        std::future::ready(Ok::<_, BoxError>(response))
    });
    let response = ready(AddTokenLayer::new(origin, token).layer(echo).call(request));
    Some(response.ok()?.headers().clone())
}

const TOKEN: &str = "cfc_fuzz0fuzz0fuzz0";
const BEARER: HeaderValue = HeaderValue::from_static("Bearer cfc_fuzz0fuzz0fuzz0");
