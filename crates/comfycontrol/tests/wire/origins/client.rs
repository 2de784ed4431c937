//! The whole client, which refuses what leads elsewhere.

use std::net::Ipv4Addr;
use std::time::Duration;

use comfycontrol::api_error::ApiErrorKind;
use comfycontrol::token::{TokenWithheld, WithheldReason};
use comfycontrol::{Body, Error, ErrorKind, Sent};
use comfycontrol_emulator::Listener;
use comfycontrol_test::within;
use http::header::HOST;
use http::{Method, Request, Uri};
use tokio::net::TcpListener;
use tower::ServiceExt;

use super::{TOKEN, builder, builder_for, carries_token, port, start};
use crate::raw::{self, Raw};
use crate::support::LIMIT;

#[tokio::test]
async fn what_leads_elsewhere_is_refused_before_anything_is_sent() {
    within(LIMIT, async {
        let (home, other) = (start().await, start().await);
        let client = builder(&home).build().unwrap();
        let (here, there) = (port(&home.https_url()), port(&other.https_url()));
        let plain = port(&home.http_url());
        let given = [
            // Without a scheme.
            format!("//localhost:{there}/v1/user"),
            format!("///localhost:{there}/v1/user"),
            format!("\\\\localhost:{there}\\v1\\user"),
            format!("/\\localhost:{there}/v1/user"),
            format!("@localhost:{there}/v1/user"),
            format!(":{there}/v1/user"),
            format!("localhost:{there}"),
            ".evil.example/v1/user".into(),
            "v1/user".into(),
            String::new(),
            // Another port.
            format!("https://localhost:{there}/v1/user"),
            "https://localhost/v1/user".into(),
            format!("https://localhost:{here}0/v1/user"),
            format!("https://localhost:{here}:{there}/v1/user"),
            "https://localhost:99999/v1/user".into(),
            // Another scheme.
            format!("http://localhost:{here}/v1/user"),
            format!("http://localhost:{plain}/v1/user"),
            format!("ftp://localhost:{here}/v1/user"),
            format!("https+x://localhost:{here}/v1/user"),
            "file:///etc/passwd".into(),
            // Suffixes, prefixes.
            format!("https://localhost.evil.example:{here}/v1/user"),
            format!("https://evil.example.localhost:{here}/v1/user"),
            format!("https://notlocalhost:{here}/v1/user"),
            format!("https://localhost-evil.example:{here}/v1/user"),
            format!("https://localhos:{here}/v1/user"),
            format!("https://localhost.:{here}/v1/user"),
            format!("https://localhost..:{here}/v1/user"),
            format!("https://.localhost:{here}/v1/user"),
            format!("https://localhost%00.evil.example:{here}/v1/user"),
            format!("https://localhost%2eevil.example:{here}/v1/user"),
            // Userinfo.
            format!("https://localhost:{here}@localhost:{there}/v1/user"),
            format!("https://localhost:{here}@evil.example/v1/user"),
            format!("https://user@localhost:{here}/v1/user"),
            format!("https://{TOKEN}@localhost:{here}/v1/user"),
            format!("https://user:password@localhost:{there}/v1/user"),
            format!("https://@localhost:{here}/v1/user"),
            format!("https://localhost:{there}\\@localhost:{here}/v1/user"),
            format!("https://localhost:{there}#@localhost:{here}/v1/user"),
            format!("https://localhost:{there}?@localhost:{here}/v1/user"),
            // Other letters.
            format!("https://\u{ff4c}ocalhost:{here}/v1/user"),
            format!("https://loca\u{ad}lhost:{here}/v1/user"),
            format!("https://loc\u{430}lhost:{here}/v1/user"),
            format!("https://localhost\u{3002}evil.example:{here}/v1/user"),
            format!("https://xn--loclhost-5fg:{here}/v1/user"),
            format!("https://l%6fcalhost:{here}/v1/user"),
            // The same machine by another name.
            format!("https://127.0.0.1:{here}/v1/user"),
            format!("https://127.1:{here}/v1/user"),
            format!("https://0x7f.0.0.1:{here}/v1/user"),
            format!("https://2130706433:{here}/v1/user"),
            format!("https://[::1]:{here}/v1/user"),
            format!("https://[::ffff:127.0.0.1]:{here}/v1/user"),
            format!("https://::1:{here}/v1/user"),
            format!("https://[::1%25lo]:{here}/v1/user"),
            // Steps out of the path.
            "/v1/../../user".into(),
            "/v1/%2e%2E/user".into(),
            // Storage.
            format!("{}/outputs/x", home.storage_url()),
            other.http_url(),
        ];
        for given in &given {
            for method in [Method::GET, Method::POST] {
                refused(given, client.request(method, given).send().await.err());
            }
            // The same as a service, as far as it is a URI.
            if let Ok(uri) = given.parse::<Uri>() {
                let request = Request::get(uri).body(Body::empty()).unwrap();
                refused(given, client.clone().oneshot(request).await.err());
            }
        }
        assert!(home.captured_requests().is_empty() && other.captured_requests().is_empty());
    })
    .await;
}

#[tokio::test]
async fn spellings_of_an_ipv6_address_are_other_hosts() {
    let client = builder_for("http://[::1]:9").build().unwrap();
    for given in [
        "http://[0:0:0:0:0:0:0:1]:9/",
        "http://[::0:1]:9/",
        "http://[::1]:10/",
        "http://[::1]/",
        "http://[::2]:9/",
        "http://[::ffff:127.0.0.1]:9/",
        "http://[::1].evil.example:9/",
        "http://[::1]evil.example:9/",
        "http://[::1%25lo]:9/",
        "http://::1:9/",
        "http://127.0.0.1:9/",
        "http://localhost:9/",
        "http://[::1]:9@evil.example/",
        "https://[::1]:9/",
    ] {
        refused(given, client.get(given).send().await.err());
    }
}

#[tokio::test]
async fn another_spelling_of_the_same_origin_is_served() {
    within(LIMIT, async {
        let home = start().await;
        let client = builder(&home).build().unwrap();
        let here = port(&home.https_url());
        let given = [
            "/v1/user".to_owned(),
            format!("https://localhost:{here}/v1/user"),
            format!("HTTPS://LOCALHOST:{here}/v1/user"),
            "/v1/user?next=https://evil.example/@x".into(),
        ];
        for given in &given {
            client.get(given).send().await.unwrap();
        }
        let seen = home.captured_requests();
        assert_eq!(seen.len(), given.len());
        assert!(seen.iter().all(carries_token));
        assert!(seen.iter().all(|seen| seen.listener() == Listener::Https));
    })
    .await;
}

#[tokio::test]
async fn a_host_header_that_differs_is_refused() {
    within(LIMIT, async {
        let (home, other) = (start().await, start().await);
        for url in [home.https_url(), home.http_url()] {
            home.clear_captured_requests();
            let builder = || builder(&home).base_url(&url);
            let client = builder().build().unwrap();
            let authority = url.split("//").nth(1).unwrap();
            for host in [
                "evil.example".to_owned(),
                "localhost".into(),
                String::new(),
                format!("localhost:{}", port(&other.https_url())),
                format!("{authority}."),
                format!("{authority}0"),
                format!("{authority}@evil.example"),
                format!("evil.example@{authority}"),
                format!("{authority}, evil.example"),
                format!("{authority} evil.example"),
                format!("{authority}/"),
                format!("https://{authority}"),
            ] {
                for method in [Method::GET, Method::POST] {
                    let call = client.request(method, "/v1/user").header(HOST, &host);
                    differs(&host, call.send().await.err());
                }
                let default = builder().default_header(HOST, &host).build().unwrap();
                differs(&host, default.get("/v1/user").send().await.err());
            }
            let twice = Request::get("/v1/user")
                .header(HOST, authority)
                .header(HOST, authority)
                .body(Body::empty());
            differs("two", client.clone().oneshot(twice.unwrap()).await.err());
            assert!(home.captured_requests().is_empty() && other.captured_requests().is_empty());

            for host in [authority.to_owned(), authority.to_uppercase()] {
                let call = client.get("/v1/user").header(HOST, &host);
                call.send().await.unwrap();
            }
            assert_eq!(home.captured_requests().len(), 2);
            assert!(home.captured_requests().iter().all(carries_token));
        }
    })
    .await;
}

#[tokio::test]
async fn a_redirect_is_not_followed() {
    within(LIMIT, async {
        let abroad = Raw::start(|_| raw::response(200, &[], "")).await;
        let to = format!("{}/", abroad.url());
        let home = Raw::start(move |_| raw::response(307, &[("location", &to)], "")).await;
        let client = builder_for(home.url()).build().unwrap();
        let failed = client.get("/v1/user").send().await.unwrap_err();
        assert_eq!(failed.as_api().unwrap().kind(), ApiErrorKind::Redirect);
        assert_eq!((home.heads().len(), abroad.heads().len()), (1, 0));
    })
    .await;
}

/// The environment's proxies are tried by a program of its own, in `loopback.rs`.
#[tokio::test]
async fn a_proxy_is_never_asked_to_carry_plain_http() {
    within(LIMIT, async {
        let home = start().await;
        let trap = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await.unwrap();
        for scheme in ["http", "socks5", "socks5h"] {
            let client = builder(&home)
                .base_url(home.http_url())
                .proxy(format!("{scheme}://{}", trap.local_addr().unwrap()))
                .build()
                .unwrap();
            client.get("/v1/user").send().await.unwrap();
            let stored = format!("{}/x", home.storage_url());
            client
                .for_other_origins()
                .get(stored)
                .send()
                .await
                .unwrap_err();
        }
        assert_eq!(home.captured_requests().len(), 6);
        let connected = tokio::time::timeout(Duration::from_millis(50), trap.accept()).await;
        assert!(connected.is_err(), "the proxy was asked");
    })
    .await;
}

// === support ===

fn refused(given: &str, error: Option<Error>) {
    let error = error.unwrap_or_else(|| panic!("{given} was answered"));
    assert_eq!(error.kind(), ErrorKind::Request, "{given}: {error:#}");
    assert_eq!(error.sent(), Sent::No, "{given}");
    assert!(!error.is_retryable(), "{given}");
    let shown = format!("{error:#} {error:?}");
    assert!(
        !shown.contains("password") && !shown.contains(TOKEN),
        "{shown}"
    );
}

fn differs(host: &str, error: Option<Error>) {
    let error = error.unwrap_or_else(|| panic!("{host} was answered"));
    assert_eq!(error.kind(), ErrorKind::TokenWithheld, "{host}: {error:#}");
    let reason = error.as_cause::<TokenWithheld>().map(TokenWithheld::reason);
    assert_eq!(reason, Some(WithheldReason::HostMismatch), "{host}");
    assert_eq!(error.sent(), Sent::No, "{host}");
}
