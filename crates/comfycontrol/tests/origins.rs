//! The token goes to the configured origin and nowhere else, whatever callers, servers and layers outside do.

#[path = "wire_errors/raw.rs"]
mod raw;

use std::net::Ipv4Addr;
use std::sync::Arc;
use std::time::Duration;

use comfycontrol::api_error::ApiErrorKind;
use comfycontrol::retry::RetryPolicy;
use comfycontrol::token::{TokenWithheld, WithheldReason};
use comfycontrol::transport::Transport;
use comfycontrol::{Body, Client, ClientBuilder, Error, ErrorKind, Sent};
use comfycontrol_emulator::{CapturedRequest, Emulator, Listener};
use futures_util::TryStreamExt;
use http::header::{AUTHORIZATION, HOST};
use http::{Method, Request, Uri};
use tokio::net::TcpListener;
use tower::{Layer, ServiceBuilder, ServiceExt};
use tower_http::follow_redirect::FollowRedirectLayer;
use tower_http::follow_redirect::policy::Limited;

use self::raw::Raw;

const TOKEN: &str = "cfc_origins0origins0origins";

// === the whole client ===

#[tokio::test]
async fn what_leads_elsewhere_is_refused_before_anything_is_sent() {
    within(async {
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
            let pages = client.paginate(given, "runners").items::<u8>();
            refused(given, pages.try_collect::<Vec<_>>().await.err());
        }
        assert!(home.captured_requests().is_empty() && other.captured_requests().is_empty());
    })
    .await;
}

#[tokio::test]
async fn spellings_of_an_ipv6_address_are_other_hosts() {
    let client = Client::builder()
        .token(TOKEN)
        .base_url("http://[::1]:9")
        .no_proxy()
        .build()
        .unwrap();
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
    within(async {
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
    within(async {
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
    within(async {
        let abroad = Raw::start(|_| raw::response(200, &[], "")).await;
        let to = format!("{}/", abroad.url());
        let home = Raw::start(move |_| raw::response(307, &[("location", &to)], "")).await;
        let client = Client::builder()
            .token(TOKEN)
            .base_url(home.url())
            .no_proxy()
            .build()
            .unwrap();
        let failed = client.get("/v1/user").send().await.unwrap_err();
        assert_eq!(failed.as_api().unwrap().kind(), ApiErrorKind::Redirect);
        assert_eq!((home.heads().len(), abroad.heads().len()), (1, 0));
    })
    .await;
}

#[tokio::test]
async fn downloads_take_no_token_along_not_even_home() {
    within(async {
        let (home, other) = (start().await, start().await);
        let client = builder(&home).build().unwrap();
        let urls = [
            home.https_url(),
            home.http_url(),
            home.storage_url(),
            other.http_url(),
            other.storage_url(),
        ];
        for url in urls {
            let url = format!("{url}/v1/user");
            client.downloader().get(url).send().await.unwrap_err();
        }
        let seen = [home.captured_requests(), other.captured_requests()].concat();
        assert_eq!(seen.len(), 5);
        assert!(!seen.iter().any(carries_token));
        assert!(!seen.iter().any(|s| s.headers().contains_key(AUTHORIZATION)));
    })
    .await;
}

/// The environment's proxies are tried by a program of its own, in `loopback.rs`.
#[tokio::test]
async fn a_proxy_is_never_asked_to_carry_plain_http() {
    within(async {
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
            client.downloader().get(stored).send().await.unwrap_err();
        }
        assert_eq!(home.captured_requests().len(), 6);
        let connected = tokio::time::timeout(Duration::from_millis(50), trap.accept()).await;
        assert!(connected.is_err(), "the proxy was asked");
    })
    .await;
}

// === the layer alone, which lets other origins pass ===

#[tokio::test]
async fn other_origins_are_asked_without_the_token_even_if_it_came_along() {
    within(async {
        let (home, other) = (start().await, start().await);
        let layer = builder(&home).layers().unwrap().add_token.unwrap();
        let stack = layer.layer(transport(&[&home, &other]));
        let (here, plain) = (port(&home.https_url()), port(&home.http_url()));
        let (there, theirs) = (port(&other.https_url()), port(&other.http_url()));
        let abroad = [
            format!("https://localhost:{there}/v1/user"),
            format!("http://127.0.0.1:{theirs}/v1/user"),
            format!("http://localhost:{theirs}/v1/user"),
            format!("http://localhost:{here}@127.0.0.1:{theirs}/v1/user"),
            format!("http://user:password@127.0.0.1:{theirs}/v1/user"),
            format!("{}/outputs/x", other.storage_url()),
            // The same machine, and all but the same origin.
            format!("http://127.0.0.1:{plain}/v1/user"),
            format!("http://localhost:{plain}/v1/user"),
            format!("{}/outputs/x", home.storage_url()),
        ];
        for uri in &abroad {
            for copied in [None, Some(format!("Bearer {TOKEN}"))] {
                let mut request = get(uri);
                for value in copied.iter().map(|value| value.parse().unwrap()) {
                    request.headers_mut().insert(AUTHORIZATION, value);
                }
                stack.clone().oneshot(request).await.unwrap();
            }
        }
        // No server answers to these; if one did, it would see no token.
        for uri in [
            format!("https://127.0.0.1:{here}/v1/user"),
            format!("https://localhost.:{here}/v1/user"),
            format!("https://[::1]:{here}/v1/user"),
            format!("https://localhost:{there}@localhost:{here}/v1/user"),
        ] {
            let _ = stack.clone().oneshot(get(&uri)).await;
        }
        let seen = [home.captured_requests(), other.captured_requests()].concat();
        assert!(seen.len() >= 2 * abroad.len());
        assert!(!seen.iter().any(carries_token), "{seen:?}");
        home.clear_captured_requests();

        let url = format!("https://localhost:{here}/v1/user");
        stack.clone().oneshot(get(&url)).await.unwrap();
        assert!(
            carries_token(&home.captured_requests()[0]),
            "at home it does"
        );

        for (uri, reason) in [
            ("/v1/user", WithheldReason::UriNotAbsolute),
            ("localhost:443", WithheldReason::UriNotAbsolute),
        ] {
            let error = stack.clone().oneshot(get(uri)).await.err().unwrap();
            assert_eq!(error.as_token_withheld().unwrap().reason(), reason);
        }
    })
    .await;
}

#[tokio::test]
async fn two_hops_under_a_layer_that_follows_them_show_the_token_at_home_only() {
    within(async {
        // Where to, from here; then what the next host says.
        let hops: [(&str, &str, [usize; 3]); 7] = [
            ("http://THERE/1", "http://BEYOND/2", [1, 1, 1]),
            ("http://THERE/1", "http://THERE/2", [1, 2, 0]),
            ("http://THERE/1", "http://HOME/2", [2, 1, 0]),
            ("//THERE/1", "//BEYOND/2", [1, 1, 1]),
            ("http://HOME@THERE/1", "//BEYOND/2", [1, 1, 1]),
            ("/1", "http://THERE/2", [2, 1, 0]),
            ("http://there@HOME/1", "http://BEYOND/2", [2, 0, 1]),
        ];
        for status in [302, 303, 307, 308] {
            for (first, second, visits) in hops {
                let trip = Trip::start(status, first, second).await;
                let layers = Client::builder().token(TOKEN).base_url(trip.home.url());
                // A policy that keeps every header, unlike the usual one.
                let stack = ServiceBuilder::new()
                    .layer(FollowRedirectLayer::with_policy(Limited::new(5)))
                    .layer(layers.layers().unwrap().add_token.unwrap())
                    .service(transport(&[]));
                let mut request = get(&format!("{}/0", trip.home.url()));
                let copied = format!("Bearer {TOKEN}").parse().unwrap();
                request.headers_mut().insert(AUTHORIZATION, copied);
                let response = stack.oneshot(request).await.unwrap();
                assert_eq!(response.status(), 200, "{first} {second}");

                let heads = [&trip.home, &trip.there, &trip.beyond].map(Raw::heads);
                let visited = [0, 1, 2].map(|host| heads[host].len());
                assert_eq!(visited, visits, "{first} {second}");
                let [home, there, beyond] = heads;
                assert!(home[0].contains(TOKEN));
                let abroad = there
                    .iter()
                    .chain(&beyond)
                    .filter(|head| head.contains(TOKEN));
                assert_eq!(abroad.count(), 0, "{status} {first} {second}");
            }
        }
    })
    .await;
}

// === support ===

/// Fails instead of hanging.
async fn within<F: Future>(test: F) -> F::Output {
    let limit = Duration::from_secs(30);
    tokio::time::timeout(limit, test).await.expect("hangs")
}

async fn start() -> Emulator {
    let emulator = Emulator::builder().limit(None).start().await.unwrap();
    emulator.tokens().insert("test", TOKEN, None);
    emulator
}

fn builder(home: &Emulator) -> ClientBuilder {
    Client::builder()
        .token(TOKEN)
        .base_url(home.https_url())
        .root_certificate(home.ca_der())
        .no_proxy()
        .no_limit()
        .retry(RetryPolicy::none())
}

fn port(url: &str) -> u16 {
    url.rsplit(':').next().unwrap().parse().unwrap()
}

fn get(uri: &str) -> Request<Body> {
    Request::get(uri).body(Body::empty()).unwrap()
}

fn carries_token(seen: &CapturedRequest) -> bool {
    let mut values = seen.headers().values();
    let in_header = values.any(|value| String::from_utf8_lossy(value.as_bytes()).contains(TOKEN));
    in_header || seen.uri().to_string().contains(TOKEN)
}

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
    let reason = error.as_token_withheld().map(TokenWithheld::reason);
    assert_eq!(reason, Some(WithheldReason::HostDiffers), "{host}");
    assert_eq!(error.sent(), Sent::No, "{host}");
}

/// Three servers; the first two send a visitor on.
struct Trip {
    home: Raw,
    there: Raw,
    beyond: Raw,
}

impl Trip {
    async fn start(status: u16, first: &'static str, second: &'static str) -> Self {
        let authorities = Arc::new(std::sync::OnceLock::<[String; 3]>::new());
        let server = async || {
            let authorities = authorities.clone();
            Raw::start(move |target| {
                let location = match target {
                    "/0" => first,
                    "/1" => second,
                    _ => return raw::response(200, &[], ""),
                };
                let [home, there, beyond] = authorities.get().unwrap();
                let location = location.replace("HOME", home).replace("THERE", there);
                let location = location.replace("BEYOND", beyond);
                raw::response(status, &[("location", &location)], "")
            })
            .await
        };
        let trip = Self {
            home: server().await,
            there: server().await,
            beyond: server().await,
        };
        let authority = |raw: &Raw| raw.url()["http://".len()..].to_owned();
        let known = [&trip.home, &trip.there, &trip.beyond].map(authority);
        authorities.set(known).unwrap();
        trip
    }
}

/// Connections that trust each of the emulators.
fn transport(trusted: &[&Emulator]) -> Transport {
    let mut roots = rustls::RootCertStore::empty();
    for emulator in trusted {
        roots.add(emulator.ca_der().to_vec().into()).unwrap();
    }
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let tls = rustls::ClientConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_root_certificates(roots)
        .with_no_client_auth();
    let connector = hyper_rustls::HttpsConnectorBuilder::new()
        .with_tls_config(tls)
        .https_or_http()
        .enable_all_versions()
        .build();
    Transport::from_connector(connector)
}
