//! Any text at all, against a naive oracle.

use comfycontrol_token::Origin;
use http::Uri;
use proptest::prelude::*;

proptest! {
    /// The oracle: cut the text at `://`, at the next `/` or `?`, and at the last `:`; compare the
    /// three pieces.
    #[test]
    fn agrees_with_the_naive_oracle((origin, uri) in (origin(), url())) {
        let (Ok(parsed_origin), Ok(parsed_uri)) = (Origin::parse(&origin), uri.parse::<Uri>()) else {
            return Ok(());
        };
        prop_assert_eq!(parsed_origin.allows(&parsed_uri), naive(&origin) == naive(&uri), "{} {}", origin, uri);
    }

    #[test]
    fn an_origin_allows_itself_and_reads_itself(text in origin()) {
        if let Ok(origin) = Origin::parse(&text) {
            prop_assert!(origin.allows(&text.parse().unwrap()));
            prop_assert_eq!(&Origin::parse(origin.to_string()).unwrap(), &origin);
            let parts = format!("{}://{}:{}", origin.scheme(), origin.host(), origin.port());
            prop_assert_eq!(Origin::parse(parts).unwrap(), origin);
        }
    }

    #[test]
    fn anything_at_all_neither_panics_nor_goes_out_in_the_clear(text in "\\PC{0,40}|http://[0-9a-fx.:\\[\\]]{1,20}") {
        if let Ok(origin) = Origin::parse(&text) {
            let shown = origin.to_string();
            prop_assert!(origin.scheme() == "https" || origin.is_loopback());
            prop_assert!(shown.starts_with("https://")
                || shown.starts_with("http://127.")
                || shown.starts_with("http://localhost")
                || shown.starts_with("http://["));
        }
    }
}

// === support ===

fn naive(url: &str) -> Option<(String, String, u32)> {
    let url = url.to_ascii_lowercase();
    let (scheme, rest) = url.split_once("://")?;
    let authority = rest.split(['/', '?']).next()?;
    let bracket = authority.rfind(']').unwrap_or(0);
    let (host, port) = match authority.rfind(':').filter(|colon| *colon > bracket) {
        Some(colon) => (&authority[..colon], authority[colon + 1..].parse().ok()?),
        None => (authority, if scheme == "https" { 443 } else { 80 }),
    };
    (!authority.contains('@')).then(|| (scheme.into(), host.into(), port))
}

fn origin() -> impl Strategy<Value = String> {
    (scheme(), host(), port()).prop_map(|(scheme, host, port)| format!("{scheme}://{host}{port}"))
}

fn url() -> impl Strategy<Value = String> {
    let path = prop::sample::select(vec![
        "",
        "/",
        "/v1",
        "?q",
        "//api.example",
        "/@api.example",
        "/:443",
    ]);
    let user = prop::sample::select(vec![
        "",
        "",
        "",
        "",
        "u@",
        "u:p@",
        "api.example@",
        "api.example:443@",
        "@",
    ]);
    (scheme(), user, host(), port(), path)
        .prop_map(|(scheme, user, host, port, path)| format!("{scheme}://{user}{host}{port}{path}"))
}

fn scheme() -> impl Strategy<Value = &'static str> {
    prop::sample::select(vec!["https", "https", "https", "HTTPS", "http", "wss"])
}

fn host() -> impl Strategy<Value = &'static str> {
    prop::sample::select(vec![
        "api.example",
        "api.example",
        "API.example",
        "api.example.",
        "api.example.evil",
        "xapi.example",
        "pi.example",
        "xn--pi-7ka.example",
        "localhost",
        "127.0.0.1",
        "127.1",
        "[::1]",
        "[0::1]",
        "[::]",
        "evil",
    ])
}

fn port() -> impl Strategy<Value = &'static str> {
    prop::sample::select(vec![
        "", "", ":443", ":443", ":0443", ":80", ":444", ":8443", ":65979",
    ])
}
