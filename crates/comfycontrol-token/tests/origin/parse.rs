//! What is an origin, and what it tells of itself.

use comfycontrol_token::{InvalidOrigin, Origin};

#[test]
fn rejects_what_is_not_an_origin_and_says_what_to_change() {
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
fn the_error_does_not_show_the_password() {
    let error = Origin::parse("https://user:canary@api.example").unwrap_err();
    assert!(!format!("{error} {error:?}").contains("canary"));
}
