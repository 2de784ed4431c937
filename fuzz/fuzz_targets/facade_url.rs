//! Whatever path and query a caller gives, the request stays at the client's origin, no step leads
//! upwards, and both arrive as a browser sends them; a download goes over TLS or to this machine.
//!
//! An input is a path or URL, the name of a query parameter, and its value, one a line.

#![cfg_attr(fuzzing, no_main)]

use std::sync::LazyLock;

use comfycontrol::{Body, Client, Error};
use comfycontrol_fuzz::{Authority, fuzz_target};
use http::uri::Scheme;
use http::{Request, Response, Uri};
use tower::service_fn;
use url::{Host, Url};

fuzz_target!(|bytes: &[u8]| {
    let Ok(text) = std::str::from_utf8(bytes) else {
        return;
    };
    let mut lines = text.splitn(3, '\n');
    let path = lines.next().unwrap_or_default();
    let pair = lines.next().zip(lines.next());

    check_request(&API, "https://api.comfycontrol.app", path, pair);
    check_request(&LOOPBACK, "http://127.0.0.1:8188", path, pair);
    check_download(path);
});

static API: LazyLock<Client> = LazyLock::new(|| client("https://api.comfycontrol.app"));
static LOOPBACK: LazyLock<Client> = LazyLock::new(|| client("http://127.0.0.1:8188"));

fn client(base: &str) -> Client {
    Client::builder()
        .base_url(base)
        .without_token()
        .transport(service_fn(|_: Request<Body>| {
            std::future::ready(Ok::<_, Error>(Response::new(Body::empty())))
        }))
        .build()
        .expect("the settings are sound")
}

fn check_request(client: &Client, base: &str, path: &str, pair: Option<(&str, &str)>) {
    let mut request = client.get(path);
    if let Some((name, value)) = pair {
        request = request.query(name, value);
    }
    let Ok(request) = request.build() else {
        return;
    };
    let sent = request.uri().to_string();
    assert_eq!(Authority::of(&sent), Authority::of(base), "{sent}");

    let seen = Url::parse(&sent).expect("a browser can read it");
    let base = Url::parse(base).expect("a browser can read the base");
    assert_eq!(seen.origin(), base.origin(), "{sent}");
    assert!(seen.username().is_empty() && seen.password().is_none());
    assert_eq!(
        segments(seen.path()),
        segments(request.uri().path()),
        "{sent}"
    );
    if let Some((name, value)) = pair {
        let last = seen.query_pairs().last().expect("there is a query");
        assert_eq!(last, (name.into(), value.into()), "{sent}");
    }
    check_as_browsers(path, request.uri(), &base);
    check_no_steps(request.uri().path());
}

/// A path and a query are neither rewritten nor shortened, except for what must be encoded.
fn check_as_browsers(given: &str, sent: &Uri, base: &Url) {
    // Browsers cut off blanks at the end.
    if given.starts_with('/') && !given.ends_with(' ') {
        let seen = base.join(given).expect("a browser can read it");
        // The crate does not encode it yet; the standard has it in its set for paths.
        assert_eq!(sent.path(), seen.path().replace('^', "%5E"));
        let query = sent.query().unwrap_or_default();
        assert!(
            query.starts_with(seen.query().unwrap_or_default()),
            "{query}"
        );
    }
}

/// No step leads upwards, even for a reader that decodes the path before following it.
fn check_no_steps(path: &str) {
    let decoded = path.to_ascii_lowercase().replace("%2e", ".");
    let decoded = decoded.replace("%2f", "/").replace("%5c", "/");
    assert!(
        decoded.split('/').all(|s| !matches!(s, "." | "..")),
        "{path}"
    );
}

fn check_download(url: &str) {
    let Ok(request) = API.for_other_origins().get(url).build() else {
        return;
    };
    let Ok(seen) = Url::parse(&request.uri().to_string()) else {
        // A browser is stricter with names that no resolver knows.
        assert_eq!(request.uri().scheme(), Some(&Scheme::HTTPS));
        return;
    };
    assert!(seen.username().is_empty() && seen.password().is_none());
    let loopback = match seen.host() {
        Some(Host::Domain(name)) => name == "localhost",
        Some(Host::Ipv4(address)) => address.is_loopback(),
        Some(Host::Ipv6(address)) => address.is_loopback(),
        None => false,
    };
    assert!(
        seen.scheme() == "https" || seen.scheme() == "http" && loopback,
        "{seen}"
    );
}

/// How deep a path is; a step upwards that some reader obeys makes it shorter.
fn segments(path: &str) -> usize {
    path.split('/').count()
}
