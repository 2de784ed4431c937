//! A token that is revoked while it is in use.

use std::fs;
use std::sync::atomic::Ordering;
use std::time::Duration;

use comfycontrol::api_error::ApiErrorKind;
use comfycontrol::token::TokenProvider;
use comfycontrol::{Body, Error};
use comfycontrol_emulator::{Fault, FaultRule};
use comfycontrol_test::within;
use futures_util::future::join_all;
use futures_util::stream;

use super::{Counted, Stage, replace};
use crate::support::LIMIT;

#[tokio::test]
async fn fifty_unauthorized_calls_at_once_cost_one_reading_and_fifty_slots() {
    within(LIMIT, async {
        // A file that may be torn is looked at twice before it is believed.
        for (may_be_torn, looks) in [(false, 1), (true, 2)] {
            let stage = Stage::start().await;
            fs::write(&stage.path, &stage.old).unwrap();
            let source = Counted {
                may_be_torn,
                ..Counted::new(&stage.path).seldom()
            };
            let reads = source.reads.clone();
            let client = stage.client(TokenProvider::new(source));
            client.get("/v1/user").send().await.unwrap();
            assert_eq!(reads.load(Ordering::SeqCst), 1);

            replace(&stage.path, &stage.new);
            stage.emulator.tokens().revoke("old");
            // So that all are on their way before the first is unauthorized.
            let late = Fault::Delay(Duration::from_millis(300));
            stage.emulator.faults().add(FaultRule::next(50, late));
            let calls = (0..50).map(|_| tokio::spawn(client.get("/v1/user").send()));
            for call in join_all(calls).await {
                call.unwrap().unwrap();
            }

            assert_eq!(reads.load(Ordering::SeqCst), 1 + looks);
            assert_eq!(stage.token("new").uses(), 50);
            let order = stage.tokens_in_order();
            assert_eq!(order.len(), 1 + 50 + 50);
            assert!(order[..51].iter().all(|token| *token == "old"));
            let limiter = client.limiter().unwrap().snapshot();
            assert_eq!(limiter.granted(), 101, "each resend paid for a slot");
        }
    })
    .await;
}

#[tokio::test]
async fn a_body_that_is_gone_is_not_sent_again_and_the_next_call_is_right() {
    within(LIMIT, async {
        let stage = Stage::start().await;
        fs::write(&stage.path, &stage.old).unwrap();
        let client = stage.client(TokenProvider::new(Counted::new(&stage.path).seldom()));
        client.get("/v1/user").send().await.unwrap();
        replace(&stage.path, &stage.new);
        stage.emulator.tokens().revoke("old");
        stage.emulator.clear_captured_requests();

        let create = || {
            let json = r#"{"name":"streamed","endpoint":"https://a.example"}"#;
            let body = Body::from_stream(stream::iter([Ok::<_, Error>(json)]));
            client.post("/v1/runner").body(body).send()
        };
        let failed = create().await.unwrap_err();
        let kind = failed.as_api().unwrap().kind();
        assert_eq!(kind, ApiErrorKind::InvalidToken);
        assert_eq!(stage.tokens_in_order(), ["old"], "sent once");

        let runner: serde_json::Value = create().await.unwrap().json().await.unwrap();
        assert_eq!(runner["name"], "streamed");
        assert_eq!(stage.tokens_in_order(), ["old", "new"]);
        assert_eq!(client.limiter().unwrap().snapshot().granted(), 3);
    })
    .await;
}
