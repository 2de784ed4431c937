//! Event streams, byte by byte.

use std::time::Duration;

use comfycontrol_emulator::{
    Coding, Emulator, Ending, EventFault, Fault, FaultRule, KeepAlive, Shape, Throttled,
};
use http::StatusCode;
use http_body_util::{BodyExt, Full};
use tokio::time::timeout;

use crate::client::{Account, fetch, send};

#[tokio::test]
async fn everything_that_keeps_alive_comes_before_each_event() {
    let (account, path) = run().await;
    let plain = stream(&account, &path, &[]).await;
    for keep_alive in KeepAlive::ALL {
        let kept = stream(&account, &path, &[EventFault::KeepAlive(keep_alive)]).await;
        let lines = keep_alive.lines();
        assert!(kept.starts_with(&format!("{lines}data: {{")), "{kept}");
        let events = plain.matches("data: {\"cause\"").count();
        assert_eq!(
            kept.matches(&format!("{lines}data: {{\"cause\"")).count(),
            events
        );
        assert!(kept.ends_with("}\n\n"));
    }
}

#[tokio::test]
async fn a_stream_carries_the_apis_error_and_ends() {
    let (account, path) = run_of(Duration::from_secs(60)).await;
    let error = EventFault::Error {
        after: 2,
        status: StatusCode::INTERNAL_SERVER_ERROR,
        message: "runner lost".to_owned(),
    };
    let text = stream(&account, &path, &[error]).await;
    let events: Vec<_> = text.split_terminator("\n\n").collect();
    assert_eq!(events.len(), 3);
    assert!(
        events[..2].iter().all(|event| event.contains("accepted")),
        "{text}"
    );
    assert_eq!(events[2], r#"data: {"status":500,"message":"runner lost"}"#);

    let error = EventFault::Error {
        after: 0,
        status: StatusCode::INTERNAL_SERVER_ERROR,
        message: "runner lost".to_owned(),
    };
    let text = stream(&account, &path, &[error]).await;
    assert_eq!(
        text,
        "data: {\"status\":500,\"message\":\"runner lost\"}\n\n"
    );
}

#[tokio::test]
async fn a_stream_ends_in_the_middle_of_an_event() {
    let (account, path) = run().await;
    let whole = stream(&account, &path, &[]).await;
    let cut = stream(&account, &path, &[EventFault::Unfinished { after: 0 }]).await;
    assert!(cut.starts_with("data: {") && cut.ends_with("}\n") && !cut.ends_with("\n\n"));
    assert_eq!(cut.len() + 1, whole.len());
    let huge = stream(
        &account,
        &path,
        &[EventFault::Huge {
            after: 0,
            bytes: 70_000,
        }],
    )
    .await;
    assert_eq!(huge, format!("data: {}", "x".repeat(70_000)));
}

#[tokio::test]
async fn lines_end_with_carriage_returns() {
    let (account, path) = run().await;
    let text = stream(&account, &path, &[EventFault::CarriageReturns]).await;
    assert!(text.ends_with("\r\n\r\n"));
    assert_eq!(text.matches('\n').count(), text.matches("\r\n").count());
}

#[tokio::test]
async fn a_silent_stream_is_open_and_says_nothing() {
    let (account, path) = run().await;
    let silent = EventFault::Silent { after: 0 };
    account
        .emulator
        .faults()
        .add(FaultRule::next(1, Fault::Events(silent)));
    let request = account.request("GET", &path).body(Full::default()).unwrap();
    let mut response = send(request).await.unwrap();
    assert_eq!(response.headers()["content-type"], "text/event-stream");
    let nothing = timeout(Duration::from_millis(100), response.frame()).await;
    assert!(nothing.is_err());
}

#[tokio::test]
async fn a_stream_refuses_to_open_as_often_as_asked_for() {
    let (account, path) = run().await;
    let missing = Shape::Api(
        StatusCode::NOT_FOUND,
        "requested entity not found".to_owned(),
    );
    let faults = account.emulator.faults();
    for fault in [
        Fault::Respond(Shape::Unavailable),
        Fault::Respond(Shape::Throttled(Throttled::json())),
        Fault::Respond(missing),
    ] {
        faults.add(FaultRule::next(2, fault).path_end("/subscribe"));
    }
    faults.add(FaultRule::next(1, Fault::End(Ending::Close)).path_end("/subscribe"));
    for status in [503, 503, 429, 429, 404, 404] {
        assert_eq!(account.get(&path).await.status, status);
        // Everything else is as it was.
        assert_eq!(account.get("/v1/user").await.status, 200);
    }
    let request = account.request("GET", &path).body(Full::default()).unwrap();
    assert!(fetch(request).await.is_err());
    assert_eq!(account.get(&path).await.status, 200);
}

#[tokio::test]
async fn a_stream_can_be_coded_and_begin_with_a_mark() {
    let (account, path) = run().await;
    let plain = stream(&account, &path, &[]).await;
    let rule = FaultRule::next(1, Fault::ByteOrderMark).and(Fault::Encode(Coding::Gzip));
    account.emulator.faults().add(rule);
    let coded = account.get(&path).await;
    assert_eq!(coded.headers["content-encoding"], "gzip");
    let mut text = String::new();
    let mut decoder = flate2::read::GzDecoder::new(&coded.body[..]);
    std::io::Read::read_to_string(&mut decoder, &mut text).unwrap();
    // Links may have been signed a second later.
    assert!(text.starts_with("\u{feff}data: {"), "{text}");
    assert_eq!(text.len(), plain.len() + "\u{feff}".len());
}

// === support ===

/// An account with a run that has ended, and where its events are.
async fn run() -> (Account, String) {
    run_of(Duration::ZERO).await
}

/// An account with a run that takes so long, and where its events are.
async fn run_of(run_time: Duration) -> (Account, String) {
    let builder = Emulator::builder().limit(None).run_time(run_time);
    let builder = builder.sse_interval(Duration::from_millis(1));
    let account = Account::of(builder.start().await.unwrap());
    let parts = [("name", "", "one"), ("workflow_json", "g.json", "{}")];
    let made = account.post_form("/v1/workflow", &parts).await.json();
    let path = format!("/v1/workflow/{}/subscribe", made["id"].as_str().unwrap());
    (account, path)
}

/// All of a stream that has these faults.
async fn stream(account: &Account, path: &str, faults: &[EventFault]) -> String {
    if let Some((first, others)) = faults.split_first() {
        let mut rule = FaultRule::next(1, Fault::Events(first.clone()));
        for fault in others {
            rule = rule.and(Fault::Events(fault.clone()));
        }
        account.emulator.faults().add(rule);
    }
    account.get(path).await.text()
}
