//! Who may have the token, against a naive oracle.

use comfycontrol_token::{InvalidOrigin, Origin};
use http::Uri;
use proptest::prelude::*;

#[test]
fn refuses_what_is_not_an_origin_and_says_what_to_change() {
    use InvalidOrigin::*;
    for (text, error) in [
        ("", NotAnOrigin),
        ("api.example", NotAnOrigin),
        ("/v1", NotAnOrigin),
        ("//api.example", NotAnOrigin),
        ("https://", NotAnOrigin),
        ("https:api.example", NotAnOrigin),
        ("https://api.example /", NotAnOrigin),
        ("https://api.example\n", NotAnOrigin),
        ("https://api.example/v1", PathIncluded),
        ("https://api.example//", PathIncluded),
        ("https://api.example?x=1", QueryIncluded),
        ("https://api.example/?", QueryIncluded),
        ("https://api.example/#top", FragmentIncluded),
        ("https://api.example#", FragmentIncluded),
        ("https://user@api.example", UserinfoIncluded),
        ("https://user:password@api.example", UserinfoIncluded),
        ("https://@api.example", UserinfoIncluded),
        ("https://bücher.example", NotAscii),
        ("ftp://api.example", SchemeUnknown),
        ("http://api.example", NotEncrypted),
        ("http://192.168.0.1", NotEncrypted),
        ("http://0.0.0.0:80", NotEncrypted),
        ("http://[::]", NotEncrypted),
        ("http://[::ffff:127.0.0.1]", NotEncrypted),
        ("http://[fe80::1]", NotEncrypted),
        ("http://localhost.", NotEncrypted),
        ("http://localhost.example", NotEncrypted),
        ("http://sub.localhost", NotEncrypted),
        ("http://127.0.0.1.example", NotEncrypted),
        ("http://127.1", HostInvalid),
        ("http://2130706433", HostInvalid),
        ("http://0x7f.0.0.1", HostInvalid),
        ("http://0x7f000001", HostInvalid),
        ("http://0177.0.0.1", HostInvalid),
        ("http://127.0.0.01", HostInvalid),
        ("http://127.0.0.1.", HostInvalid),
        ("http://127.0.0.256", HostInvalid),
        ("https://127.1", HostInvalid),
        ("https://ex%61mple.com", NotAnOrigin),
        ("https://.example", HostInvalid),
        ("https://[::1", NotAnOrigin),
        ("https://[::1%25lo]", HostInvalid),
        ("https://[v1.x]", HostInvalid),
        ("https://api.example:0", PortInvalid),
        ("https://api.example:", PortInvalid),
        ("https://api.example:65536", PortInvalid),
        ("https://api.example:+443", PortInvalid),
    ] {
        assert_eq!(Origin::parse(text), Err(error), "{text:?}");
    }
}

#[test]
fn accepts_https_anywhere_and_http_on_loopback() {
    for (text, shown) in [
        (
            "https://api.comfycontrol.app",
            "https://api.comfycontrol.app",
        ),
        (
            "https://api.comfycontrol.app/",
            "https://api.comfycontrol.app",
        ),
        ("HTTPS://API.Example:443", "https://api.example"),
        ("https://api.example:0443", "https://api.example"),
        ("https://api.example:8443", "https://api.example:8443"),
        (
            "https://xn--bcher-kva.example",
            "https://xn--bcher-kva.example",
        ),
        ("https://192.168.0.1", "https://192.168.0.1"),
        ("https://[2001:DB8::1]:8443", "https://[2001:db8::1]:8443"),
        ("http://localhost:8188", "http://localhost:8188"),
        ("http://LOCALHOST", "http://localhost"),
        ("http://127.0.0.1:80", "http://127.0.0.1"),
        ("http://127.255.3.4:1", "http://127.255.3.4:1"),
        ("http://[::1]:8188", "http://[::1]:8188"),
    ] {
        assert_eq!(Origin::parse(text).unwrap().to_string(), shown);
    }
}

#[test]
fn tells_its_parts_and_whether_it_is_of_this_machine() {
    for (text, scheme, host, port, loopback) in [
        ("https://API.Example", "https", "api.example", 443, false),
        ("https://api.example:80", "https", "api.example", 80, false),
        ("https://10.0.0.1:8443", "https", "10.0.0.1", 8443, false),
        (
            "https://[2001:DB8::1]",
            "https",
            "[2001:db8::1]",
            443,
            false,
        ),
        (
            "https://localhost.example",
            "https",
            "localhost.example",
            443,
            false,
        ),
        ("https://localhost.", "https", "localhost.", 443, false),
        (
            "https://[::ffff:127.0.0.1]",
            "https",
            "[::ffff:127.0.0.1]",
            443,
            false,
        ),
        ("https://LocalHost:1", "https", "localhost", 1, true),
        ("http://localhost", "http", "localhost", 80, true),
        ("http://127.255.3.4:443", "http", "127.255.3.4", 443, true),
        ("http://[::1]:65535", "http", "[::1]", 65_535, true),
    ] {
        let origin = Origin::parse(text).unwrap();
        assert_eq!(origin.scheme(), scheme, "{text}");
        assert_eq!(origin.host(), host, "{text}");
        assert_eq!(origin.port(), port, "{text}");
        assert_eq!(origin.is_loopback(), loopback, "{text}");
    }
}

#[test]
fn only_the_same_scheme_host_and_port_get_the_token() {
    let origin: Origin = "https://api.example".parse().unwrap();
    for (uri, allowed) in [
        ("https://api.example", true),
        ("https://api.example/v1/user?a=b", true),
        ("https://API.EXAMPLE/", true),
        ("HTTPS://api.example/", true),
        ("https://api.example:443/", true),
        ("https://api.example:0443/", true),
        ("http://api.example/", false),
        ("http://api.example:443/", false),
        ("https://api.example:444/", false),
        ("https://api.example:80/", false),
        ("https://api.example:65979/", false), // 443 + 65536
        ("https://api.example:/", false),
        ("https://api.example:+443/", false),
        ("https://api.example./", false),
        ("https://api.example.evil.example/", false),
        ("https://evil-api.example/", false),
        ("https://x.api.example/", false),
        ("https://api.exampl/", false),
        ("https://evil.example/https://api.example", false),
        ("https://api.example@evil.example/", false),
        ("https://api.example:443@evil.example/", false),
        ("https://evil.example@api.example/", false),
        ("https://@api.example/", false),
        ("https://api.example:pw@api.example/", false),
        ("https://xn--pi-7ka.example/", false),
        ("wss://api.example/", false),
        ("//api.example/v1", false),
        ("/v1/user", false),
        ("api.example", false),
        ("api.example:443", false),
        ("*", false),
    ] {
        // What `Uri` refuses cannot be sent at all.
        if let Ok(parsed) = uri.parse::<Uri>() {
            assert_eq!(origin.allows(&parsed), allowed, "{uri}");
        }
    }
}

#[test]
fn addresses_are_compared_as_they_are_written() {
    let origin = Origin::parse("http://[::1]:8188").unwrap();
    for (uri, allowed) in [
        ("http://[::1]:8188/", true),
        ("http://[0:0:0:0:0:0:0:1]:8188/", false),
        ("http://[::1]/", false),
        ("http://[::1]8188/", false),
        ("http://[::1]:8188@evil.example/", false),
        ("http://127.0.0.1:8188/", false),
        ("http://localhost:8188/", false),
    ] {
        if let Ok(parsed) = uri.parse::<Uri>() {
            assert_eq!(origin.allows(&parsed), allowed, "{uri}");
        }
    }
}

#[test]
fn the_error_does_not_show_the_password() {
    let error = Origin::parse("https://user:canary@api.example").unwrap_err();
    assert!(!format!("{error} {error:?}").contains("canary"));
}

proptest! {
    /// The oracle: cut the text at `://`, at the next `/` or `?`, and at the last `:`; compare the three pieces.
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
