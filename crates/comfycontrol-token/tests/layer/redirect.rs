//! A redirect layer outside: the token reaches the configured origin only, however many hops there
//! are.

use std::sync::{Arc, Mutex};

use bytes::Bytes;
use comfycontrol_token::{AddTokenLayer, Origin, Token};
use http::header::{AUTHORIZATION, LOCATION};
use http::{HeaderValue, Request, Response, StatusCode, Uri};
use http_body_util::Empty;
use tower::{BoxError, ServiceBuilder, ServiceExt, service_fn};
use tower_http::follow_redirect::FollowRedirectLayer;

#[tokio::test]
async fn two_hops_abroad_see_no_token() {
    let hops = [
        ("https://api.example/start", Some("https://evil.example/1")),
        ("https://evil.example/1", Some("https://evil.example/2")),
        ("https://evil.example/2", None),
    ];
    assert_eq!(tokens_seen(&hops, None).await, [true, false, false]);
}

#[tokio::test]
async fn a_way_abroad_and_back_sees_it_at_home_only() {
    let hops = [
        ("https://api.example/start", Some("//evil.example/1")),
        ("https://evil.example/1", Some("/2")),
        ("https://evil.example/2", Some("http://api.example/3")),
        ("http://api.example/3", Some("https://api.example:444/4")),
        ("https://api.example:444/4", Some("https://api.example./5")),
        ("https://api.example./5", Some("https://api.example/6")),
        ("https://api.example/6", None),
    ];
    assert_eq!(
        tokens_seen(&hops, None).await,
        [true, false, false, false, false, false, true]
    );
}

/// As when a layer further out put the header on, and the redirect layer copies it along.
#[tokio::test]
async fn a_copy_made_outside_does_not_get_through() {
    let hops = [
        (
            "https://storage.example/start",
            Some("https://storage.example/1"),
        ),
        ("https://storage.example/1", Some("https://evil.example/2")),
        ("https://evil.example/2", None),
    ];
    let copy = Some(HeaderValue::from_static("Bearer cfc_abc"));
    assert_eq!(tokens_seen(&hops, copy).await, [false, false, false]);
}

// === support ===

/// Follows the hops from the first on; whether each saw an `Authorization` header.
async fn tokens_seen(hops: &[(&str, Option<&str>)], header: Option<HeaderValue>) -> Vec<bool> {
    let seen = Arc::new(Mutex::new(Vec::new()));
    let server = {
        let seen = seen.clone();
        let hops: Vec<(Uri, Option<HeaderValue>)> = hops
            .iter()
            .map(|(from, to)| (from.parse().unwrap(), to.map(|to| to.parse().unwrap())))
            .collect();
        service_fn(move |request: Request<Empty<Bytes>>| {
            let (uri, location) = hops[seen.lock().unwrap().len()].clone();
            assert_eq!(*request.uri(), uri);
            seen.lock()
                .unwrap()
                .push(request.headers().contains_key(AUTHORIZATION));
            let mut response = Response::new(());
            if let Some(location) = location {
                *response.status_mut() = StatusCode::TEMPORARY_REDIRECT;
                response.headers_mut().insert(LOCATION, location);
            }
            async move { Ok::<_, BoxError>(response) }
        })
    };
    let client = ServiceBuilder::new()
        .layer(FollowRedirectLayer::new())
        .layer(AddTokenLayer::new(
            Origin::parse("https://api.example").unwrap(),
            Token::parse("cfc_abc").unwrap(),
        ))
        .service(server);
    let mut request = Request::get(hops[0].0).body(Empty::new()).unwrap();
    request
        .headers_mut()
        .extend(header.map(|value| (AUTHORIZATION, value)));
    client.oneshot(request).await.unwrap();
    seen.lock().unwrap().clone()
}
