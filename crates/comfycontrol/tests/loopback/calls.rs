//! The main job.

use std::time::Duration;

use comfycontrol::token::{Token, TokenHandle};
use comfycontrol_emulator::{Emulator, Listener};
use http::{StatusCode, Version};
use serde_json::{Value, json};

use super::support::builder;

#[tokio::test]
async fn sixty_at_once_travel_over_http2_without_a_429() {
    let emulator = Emulator::builder().start().await.unwrap();
    let client = builder(&emulator).build().unwrap();

    let calls: Vec<_> = (0..60)
        .map(|_| {
            let client = client.clone();
            tokio::spawn(async move { client.get("/v1/user").send().await })
        })
        .collect();
    for call in calls {
        let response = call.await.unwrap().unwrap();
        assert_eq!(response.version(), Version::HTTP_2);
        let user: Value = response.json().await.unwrap();
        assert!(user["id"].is_string());
    }
    assert_eq!(
        (emulator.edge().requests(), emulator.edge().throttled()),
        (60, 0)
    );
}

#[tokio::test]
async fn the_token_travels_in_one_header_to_one_origin() {
    let emulator = Emulator::builder()
        .run_time(Duration::from_millis(200))
        .start()
        .await
        .unwrap();
    let token = emulator.tokens().create("canary", None);
    let client = builder(&emulator).token(&token).build().unwrap();

    client
        .get("/v1/user")
        .query("page", 1)
        .send()
        .await
        .unwrap();
    client
        .post("/v1/runner")
        .json(&json!({"name": "a", "endpoint": "https://a.example"}))
        .send()
        .await
        .unwrap();
    client
        .get("/v1/user")
        .without_token()
        .send()
        .await
        .unwrap_err();
    let storage = format!("{}/outputs/x?signature=secret", emulator.storage_url());
    client
        .for_other_origins()
        .get(&storage)
        .send()
        .await
        .unwrap_err();
    client.get(&storage).send().await.unwrap_err();

    let seen = emulator.captured_requests();
    assert_eq!(seen.len(), 4);
    let mut with_token = 0;
    for seen in &seen {
        let https = seen.listener() == Listener::Https;
        assert_eq!(seen.alpn().is_some(), https);
        if https {
            assert_eq!(seen.version(), Version::HTTP_2);
        }
        assert!(!seen.uri().to_string().contains(&token));
        for (name, value) in seen.headers() {
            if value
                .as_bytes()
                .windows(token.len())
                .any(|part| part == token.as_bytes())
            {
                assert!(https, "the token went to {:?}", seen.listener());
                assert_eq!(
                    (name.as_str(), value.to_str().unwrap()),
                    ("authorization", &*format!("Bearer {token}"))
                );
                with_token += 1;
            }
        }
    }
    assert_eq!(with_token, 2);
}

#[tokio::test]
async fn fifty_calls_survive_a_revoked_token_and_pay_for_it() {
    let emulator = Emulator::builder().limit(None).start().await.unwrap();
    let tokens = emulator.tokens();
    let old = tokens.create("old", None);
    let new = tokens.create("new", None);
    let source = TokenHandle::new(Token::parse(&old).unwrap());
    let quota = comfycontrol::rate_limit::Quota::new(1_000, Duration::from_secs(10)).unwrap();
    let client = builder(&emulator)
        .token_provider(source.clone())
        .rate_limit(quota)
        .build()
        .unwrap();
    client.get("/v1/user").send().await.unwrap();

    tokens.revoke("old");
    source.rotate(Token::parse(&new).unwrap());
    let calls: Vec<_> = (0..50)
        .map(|_| tokio::spawn(client.get("/v1/user").send()))
        .collect();
    for call in calls {
        call.await.unwrap().unwrap();
    }
    let used = 1_000 - client.limiter().unwrap().snapshot().free();
    assert_eq!(used, emulator.edge().requests());
    assert!(tokens.find("new").unwrap().uses() >= 50);
}

#[test]
fn a_client_is_built_outside_a_runtime_and_used_in_several() {
    let runtime = || {
        tokio::runtime::Builder::new_current_thread()
            .enable_all()
            .build()
            .unwrap()
    };
    let served = tokio::runtime::Runtime::new().unwrap();
    let emulator = served.block_on(Emulator::builder().start()).unwrap();
    let client = builder(&emulator).build().unwrap();
    for _ in 0..2 {
        let response = runtime().block_on(client.get("/v1/user").send()).unwrap();
        assert_eq!(response.status(), StatusCode::OK);
    }
}

#[tokio::test]
async fn clients_of_one_origin_share_the_limiter_unless_told_otherwise() {
    let emulator = Emulator::builder().start().await.unwrap();
    let real = || {
        builder(&emulator)
            .base_url("https://registry.comfycontrol.test")
            .no_proxy()
    };
    let first = real().build().unwrap();
    let limiter = first.limiter().unwrap();
    assert!(limiter.same_limiter(real().without_token().build().unwrap().limiter().unwrap()));
    for other in [
        real().rate_limit(comfycontrol::rate_limit::Quota::COMFYCONTROL),
        real().base_url("https://other.comfycontrol.test"),
    ] {
        assert!(!limiter.same_limiter(other.build().unwrap().limiter().unwrap()));
    }
    let proxied = real().proxy("http://127.0.0.1:1").build().unwrap();
    assert!(!limiter.same_limiter(proxied.limiter().unwrap()));
    // Two emulators are two edges, even if one takes the other's port.
    let local = || builder(&emulator).build().unwrap();
    assert!(
        !local()
            .limiter()
            .unwrap()
            .same_limiter(local().limiter().unwrap())
    );
}
