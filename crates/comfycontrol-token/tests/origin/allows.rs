//! Which requests an origin allows to carry the token.

use comfycontrol_token::Origin;
use http::Uri;

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
        // What `Uri` does not take cannot be sent at all.
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
