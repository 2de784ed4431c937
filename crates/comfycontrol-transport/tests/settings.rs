//! Settings that no transport can be built from: which one it is, what to do, and no secret.

use bytes::Bytes;
use comfycontrol_transport::{InvalidTransport, TransportBuilder};
use http_body_util::Empty;

#[test]
#[cfg(any(feature = "ring", feature = "aws-lc-rs"))]
fn a_transport_is_built_outside_a_runtime() {
    let transport = builder_with_roots().build::<Empty<Bytes>>().unwrap();
    assert_eq!(format!("{transport:?}"), r#"Transport("pool")"#);
}

#[test]
#[cfg(feature = "proxy")]
fn a_proxy_must_be_a_url_with_a_scheme_that_is_known() {
    for (url, why) in [
        ("", "URL is not valid"),
        (" ", "URL is not valid"),
        ("http://", "URL is not valid"),
        ("http//proxy.example", "URL is not valid"),
        ("http://user:hid den@proxy.example", "URL is not valid"),
        ("ftp://user:hidden@proxy.example", "scheme is not supported"),
        (
            "http://user:hidden@proxy.example:0",
            "port is not one from 1 to 65535",
        ),
        (
            "http://user:hidden@proxy.example:65536",
            "port is not one from 1 to 65535",
        ),
        (
            "socks4://user:hidden@proxy.example",
            "scheme is not supported",
        ),
    ] {
        let invalid = refused(TransportBuilder::new().proxy(url));
        let expected = format!(
            "proxy {why}: give http://, https://, socks5:// or socks5h:// with host and port"
        );
        assert_eq!(
            (invalid.setting(), invalid.to_string()),
            ("proxy", expected)
        );
        let shown = format!("{invalid:?} {:?}", TransportBuilder::new().proxy(url));
        assert!(
            !shown.contains("hid") && !shown.contains("example"),
            "{shown}"
        );
    }
}

#[test]
#[cfg(feature = "proxy")]
fn the_first_wrong_setting_is_told_and_one_that_is_right_does_not_mend_it() {
    let builder = TransportBuilder::new()
        .proxy("socks4://proxy.example")
        .proxy("http//proxy.example")
        .proxy("http://proxy.example:1")
        .no_proxy();
    assert!(refused(builder).to_string().contains("scheme"));
}

#[test]
#[cfg(feature = "proxy")]
fn what_is_set_shows_no_password() {
    let builder = TransportBuilder::new()
        .proxy("http://user:hidden@proxy.example:8080")
        .root_certificate(*b"certificate");
    let shown = format!("{builder:?}");
    assert!(
        !shown.contains("hidden") && !shown.contains("user"),
        "{shown}"
    );
}

#[test]
#[cfg(any(feature = "ring", feature = "aws-lc-rs"))]
fn a_root_certificate_must_be_one_in_der() {
    for der in [&b""[..], b"no certificate", b"-----BEGIN CERTIFICATE-----"] {
        let invalid = refused(TransportBuilder::new().no_proxy().root_certificate(der));
        assert_eq!(invalid.setting(), "root_certificate");
        assert_eq!(
            invalid.to_string(),
            "root certificate is not usable: give one X.509 certificate in DER"
        );
        assert!(std::error::Error::source(&invalid).is_some());
        assert!(!format!("{invalid:?}").contains("no certificate"));
    }
}

#[test]
#[cfg(feature = "ring")]
fn a_provider_must_be_able_to_encrypt() {
    let mut provider = rustls::crypto::ring::default_provider();
    provider.cipher_suites.clear();
    let invalid = refused(TransportBuilder::new().no_proxy().crypto_provider(provider));
    assert_eq!(invalid.setting(), "crypto_provider");
    assert!(invalid.to_string().starts_with("no usable TLS provider: "));
    assert!(std::error::Error::source(&invalid).is_some());
}

#[test]
#[cfg(not(any(feature = "ring", feature = "aws-lc-rs")))]
fn without_a_provider_there_is_no_tls() {
    let invalid = refused(TransportBuilder::new().no_proxy());
    assert_eq!(invalid.setting(), "crypto_provider");
    assert!(invalid.to_string().starts_with("no usable TLS provider: "));
}

#[test]
#[cfg(all(
    any(feature = "ring", feature = "aws-lc-rs"),
    not(any(feature = "platform-verifier", feature = "webpki-roots"))
))]
fn without_certificates_nobody_is_trusted() {
    let invalid = refused(TransportBuilder::new().no_proxy());
    assert_eq!(invalid.setting(), "root_certificate");
    assert!(invalid.to_string().starts_with("no trusted certificates: "));
}

// === support ===

fn refused(builder: TransportBuilder) -> InvalidTransport {
    builder.build::<Empty<Bytes>>().unwrap_err()
}

/// Trusts somebody, whatever the features are.
#[cfg(any(feature = "ring", feature = "aws-lc-rs"))]
fn builder_with_roots() -> TransportBuilder {
    let authority = rcgen::generate_simple_self_signed(["localhost".to_owned()]).unwrap();
    TransportBuilder::new()
        .no_proxy()
        .root_certificate(authority.cert.der().to_vec())
}
