//! The proxy that the environment names. An environment of its own has only another process.

use bytes::Bytes;
use comfycontrol_test::once_more;
use comfycontrol_transport::TransportBuilder;
use http::Uri;
use http_body_util::Empty;

use crate::proxy::{Kind, Proxy};
use crate::server::Identity;
use crate::support::{edge, get, post, send};

const VARIABLES: [&str; 8] = [
    "HTTP_PROXY",
    "http_proxy",
    "HTTPS_PROXY",
    "https_proxy",
    "ALL_PROXY",
    "all_proxy",
    "NO_PROXY",
    "no_proxy",
];

#[test]
fn the_proxy_is_the_first_that_a_variable_names() {
    for (variables, told) in [
        (&[][..], "None"),
        (&[("HTTP_PROXY", "http://a.example:1")], "None"),
        (
            &[
                ("HTTPS_PROXY", "http://user:hidden@a.example:1"),
                ("ALL_PROXY", "http://b.example:1"),
            ],
            r#"Some("http://a.example:1/")"#,
        ),
        (
            &[("HTTPS_PROXY", ""), ("all_proxy", "socks5://b.example:1")],
            r#"Some("socks5://b.example:1/")"#,
        ),
        (
            &[
                ("ALL_PROXY", "http://b.example:1"),
                ("NO_PROXY", "a.example, *.example:443"),
            ],
            "None",
        ),
    ] {
        let told_by_child = child("environment::child_tells_its_proxy", variables);
        let line = format!("api: {told}, local: None, no proxy: None");
        assert!(
            told_by_child.contains(&line),
            "{variables:?}: {told_by_child}"
        );
    }
}

#[test]
#[ignore = "run by the test above, with an environment of its own"]
fn child_tells_its_proxy() {
    let builder = TransportBuilder::new();
    let api = builder.proxy_for(&Uri::from_static("https://api.example/"));
    let local = builder.proxy_for(&Uri::from_static("https://localhost:1/"));
    let none = builder.no_proxy();
    let none = none.proxy_for(&Uri::from_static("https://api.example/"));
    println!("api: {api:?}, local: {local:?}, no proxy: {none:?}");
}

#[test]
fn a_variable_that_names_no_proxy_is_no_direct_connection() {
    for variable in ["HTTPS_PROXY", "https_proxy", "ALL_PROXY", "all_proxy"] {
        for value in [
            "http://user:hidden pass@proxy.example:1",
            "ftp://user:hidden@proxy.example",
            "http//proxy.example",
        ] {
            let told = child(
                "environment::child_builds_a_transport",
                &[(variable, value)],
            );
            let expected = format!(
                "proxy: {variable} does not hold a proxy: give http://, https://, socks5:// or \
                 socks5h:// with host and port, or call no_proxy()"
            );
            assert!(told.contains(&expected), "{told}");
            assert!(
                !told.contains("hidden") && !told.contains("example"),
                "{told}"
            );
        }
    }
}

#[test]
fn an_exception_that_cannot_be_read_is_told() {
    let told = child(
        "environment::child_builds_a_transport",
        &[
            ("HTTPS_PROXY", "http://proxy.example:1"),
            ("NO_PROXY", "localhost, a*.example"),
        ],
    );
    assert!(
        told.contains("proxy: entry 2 of NO_PROXY cannot be read: "),
        "{told}"
    );
}

#[test]
#[ignore = "run by the tests above, with an environment of its own"]
fn child_builds_a_transport() {
    let invalid = TransportBuilder::new().build::<Empty<Bytes>>().unwrap_err();
    println!("{}: {invalid} {invalid:?}", invalid.setting());
    // One that says so is connected directly, or by a proxy that is one.
    let builder = || TransportBuilder::new();
    builder().no_proxy().build::<Empty<Bytes>>().unwrap();
    let proxy = builder().proxy("http://127.0.0.1:1");
    proxy.build::<Empty<Bytes>>().unwrap();
}

#[tokio::test]
async fn the_world_is_reached_through_the_proxy_and_this_machine_is_not() {
    let identity = Identity::new("localhost", &[]);
    let emulator = edge().await;
    let proxy = Proxy::start(Kind::Https(identity.clone()), 1).await;
    let folder = std::env::temp_dir();
    let authority = folder.join(format!("comfycontrol-transport-{}", std::process::id()));
    std::fs::write(&authority, emulator.ca_der()).unwrap();
    let (https, http) = (emulator.https_url(), emulator.http_url());
    let variables = [
        ("HTTPS_PROXY", format!("https://localhost:{}", proxy.port())),
        ("CHILD_AUTHORITY", authority.to_str().unwrap().to_owned()),
        ("CHILD_HTTPS", https),
        ("CHILD_HTTP", http),
    ];
    let told = tokio::task::spawn_blocking(move || {
        let variables = variables.each_ref().map(|(name, value)| (*name, &**value));
        child("environment::child_sends_requests", &variables)
    });
    let told = told.await.unwrap();
    std::fs::remove_file(authority).unwrap();
    // Asked for, though not trusted.
    assert!(told.contains("api: Proxy"), "{told}");
    assert_eq!(proxy.connections(), 1);
    assert_eq!(emulator.captured_requests().len(), 2);
}

#[tokio::test]
#[ignore = "run by the test above, with an environment of its own"]
async fn child_sends_requests() {
    let variable = |name| std::env::var(name).unwrap();
    let authority = std::fs::read(variable("CHILD_AUTHORITY")).unwrap();
    let transport = TransportBuilder::new().root_certificate(authority);
    let transport = transport.build().unwrap();
    for url in ["CHILD_HTTP", "CHILD_HTTPS"] {
        send(&transport, get(variable(url))).await.unwrap();
    }
    let error = send(&transport, post("https://api.example/"))
        .await
        .unwrap_err();
    println!("api: {:?}", error.kind());
}

// === support ===

/// What this program prints, started once more to run one test with these variables.
fn child(test: &str, variables: &[(&str, &str)]) -> String {
    let mut child = once_more(test);
    for variable in VARIABLES {
        child.env_remove(variable);
    }
    let output = child.envs(variables.iter().copied()).output().unwrap();
    let told = String::from_utf8(output.stdout).unwrap();
    assert!(output.status.success(), "{told}");
    told
}
