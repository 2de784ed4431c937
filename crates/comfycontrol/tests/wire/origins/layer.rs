//! The layer alone, which lets other origins pass, without the token.

use std::sync::{Arc, OnceLock};

use comfycontrol::token::WithheldReason;
use comfycontrol_test::within;
use http::header::AUTHORIZATION;
use tower::{Layer, ServiceBuilder, ServiceExt};
use tower_http::follow_redirect::FollowRedirectLayer;
use tower_http::follow_redirect::policy::Limited;

use super::{TOKEN, builder, builder_for, carries_token, get, port, start};
use crate::raw::{self, Raw};
use crate::support::{LIMIT, transport};

#[tokio::test]
async fn other_origins_are_asked_without_the_token_even_if_it_came_along() {
    within(LIMIT, async {
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
            assert_eq!(
                error
                    .as_cause::<comfycontrol::token::TokenWithheld>()
                    .unwrap()
                    .reason(),
                reason
            );
        }
    })
    .await;
}

#[tokio::test]
async fn two_hops_under_a_layer_that_follows_them_show_the_token_at_home_only() {
    within(LIMIT, async {
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
                let layers = builder_for(trip.home.url());
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

/// Three servers; the first two send a visitor on.
struct Trip {
    home: Raw,
    there: Raw,
    beyond: Raw,
}

impl Trip {
    async fn start(status: u16, first: &'static str, second: &'static str) -> Self {
        let authorities = Arc::new(OnceLock::<[String; 3]>::new());
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
