//! The client's own origin and all others.

use std::time::Duration;

use comfycontrol::rate_limit::{Limiter, Quota};
use comfycontrol::{ErrorKind, RateLimitMode};
use comfycontrol_test::{SECOND, now, responding};
use http::header::AUTHORIZATION;

use super::support::{builder, client_of, status, transport};

const STORED: &str = "https://storage.example/x?signature=secret";

#[test]
fn only_urls_of_the_base_url_are_of_the_origin() {
    let (client, _) = client_of(|_| status(200));
    for url in [
        "https://api.comfycontrol.app/v1/user",
        "https://api.comfycontrol.app",
        "HTTPS://API.ComfyControl.app:443/?a=b",
    ] {
        assert!(client.is_origin_of(url), "{url}");
        assert!(!client.for_other_origins().is_origin_of(url), "{url}");
    }
    for url in [
        "",
        "/v1/user",
        "api.comfycontrol.app",
        "http://api.comfycontrol.app/",
        "https://api.comfycontrol.app:444/",
        "https://api.comfycontrol.app.evil.example/",
        "https://api.comfycontrol.app@evil.example/",
        "https://evil.example/https://api.comfycontrol.app/",
        "https://a b/",
    ] {
        assert!(!client.is_origin_of(url), "{url}");
    }
}

#[tokio::test(start_paused = true)]
async fn other_origins_get_neither_token_nor_default_headers_and_no_limiter_holds_them_up() {
    let (transport, heads) = responding(|_| status(200));
    let limiter = Limiter::new(Quota::new(1, 10 * SECOND).unwrap());
    let client = builder()
        .default_header("x-team", "blue")
        .rate_limit(limiter.clone())
        .transport(transport)
        .build()
        .unwrap();
    let others = client.for_other_origins();
    assert!(others.limiter().is_none() && others.base_url().is_none());

    let began = now();
    // Its own origin is none of the others, but gets no more.
    for url in [STORED, STORED, "https://api.comfycontrol.app/v1/user"] {
        others.get(url).send().await.unwrap();
    }
    // What is made of it is as it is.
    others.for_other_origins().get(STORED).send().await.unwrap();
    assert_eq!(
        (began.elapsed(), limiter.snapshot().free()),
        (Duration::ZERO, 1)
    );
    for head in heads.all().iter() {
        assert!(!head.headers.contains_key(AUTHORIZATION), "{head:?}");
        assert!(!head.headers.contains_key("x-team"), "{head:?}");
        assert!(head.headers.contains_key("x-request-id"), "{head:?}");
    }

    client.get("/v1/user").send().await.unwrap();
    let heads = heads.all();
    assert_eq!(heads.len(), 5);
    assert!(heads[4].headers.contains_key(AUTHORIZATION));
    assert!(heads[4].headers.contains_key("x-team"));
}

#[tokio::test(start_paused = true)]
async fn for_other_origins_a_url_must_be_absolute_and_safe() {
    let (client, seen) = client_of(|_| status(200));
    let others = client.for_other_origins();
    for url in [
        "/v1/user",
        "http://storage.example/x",
        "ftp://storage.example/x",
        "http://127.0.0.1:8080/x",
        "https://169.254.169.254/latest",
    ] {
        let invalid = others.get(url).send().await.unwrap_err();
        assert_eq!(invalid.kind(), ErrorKind::Request, "{url}");
    }
    let named = client.for_other_origins_allowing(vec!["127.0.0.1".to_owned()]);
    named.get("http://127.0.0.1:8080/x").send().await.unwrap();
    assert_eq!(seen.count(), 1);
}

#[tokio::test(start_paused = true)]
async fn other_origins_draw_on_the_same_retry_budget() {
    for home_spends_it in [true, false] {
        // Without the limiter, since the budget comes back while calls wait for slots.
        let (transport, seen) = transport(|_| status(503));
        let home = builder()
            .rate_limit(RateLimitMode::Off)
            .transport(transport)
            .build()
            .unwrap();
        let at_home = async || home.get("/x").send().await.unwrap_err();
        let elsewhere = async || {
            home.for_other_origins()
                .get(STORED)
                .send()
                .await
                .unwrap_err()
        };
        let call = async |at_home_now: bool| {
            let before = seen.count();
            match at_home_now {
                true => at_home().await,
                false => elsewhere().await,
            };
            seen.count() - before
        };
        assert_eq!(call(!home_spends_it).await, 3, "sent again, to begin with");
        for _ in 0..100 {
            call(home_spends_it).await;
        }
        assert_eq!(call(!home_spends_it).await, 1, "{home_spends_it}");
    }
}

#[tokio::test(start_paused = true)]
async fn a_throttled_call_to_another_origin_waits_for_the_cooldown_by_itself() {
    let (client, seen) = client_of(|n| status(if n == 0 { 429 } else { 200 }));
    let began = now();
    client.for_other_origins().get(STORED).send().await.unwrap();
    assert_eq!(seen.count(), 2);
    assert!(began.elapsed() >= 10 * SECOND);
    // And closes no gate but its own.
    assert!(
        client
            .limiter()
            .unwrap()
            .snapshot()
            .paused_until()
            .is_none()
    );
}
