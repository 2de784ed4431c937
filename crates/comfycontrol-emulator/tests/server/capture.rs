//! What is kept of requests, and what is shown of it.

use comfycontrol_emulator::{Emulator, Fault, FaultRule, Listener};
use http_body_util::Full;

use crate::client::{Account, fetch};

#[tokio::test]
async fn the_capture_keeps_the_last_heads_in_order() {
    let emulator = Emulator::builder()
        .limit(None)
        .max_captured(2)
        .start()
        .await
        .unwrap();
    let account = Account::of(emulator);
    for path in ["/a", "/b", "/c"] {
        account.get(path).await;
    }
    let paths = |account: &Account| {
        let seen = account.emulator.captured_requests();
        seen.iter()
            .map(|seen| seen.uri().path().to_owned())
            .collect::<Vec<_>>()
    };
    assert_eq!(paths(&account), ["/b", "/c"]);
    account.emulator.clear_captured_requests();
    assert!(paths(&account).is_empty());
}

#[tokio::test]
async fn the_log_tells_each_response_and_what_was_cut_off() {
    let cut = FaultRule::next(1, Fault::Reset).path("/v1/template");
    let account = Account::of(Emulator::builder().fault(cut).start().await.unwrap());
    account.get("/v1/before").await;
    let mut log = account.emulator.edge().log();
    account.get("/v1/user?secret=1").await;
    let seen = log.next().await.unwrap();
    assert_eq!(seen.path, "/v1/user");
    assert_eq!(seen.status.map(|status| status.as_u16()), Some(200));
    assert_eq!(
        (seen.listener, seen.method.as_str()),
        (Listener::Http, "GET")
    );

    let request = account.request("GET", "/v1/template").body(Full::default());
    assert!(fetch(request.unwrap()).await.is_err());
    assert_eq!(log.next().await.unwrap().status, None);
    account.emulator.shutdown().await;
    assert_eq!(log.next().await, None);
}

#[tokio::test]
async fn debug_shows_no_token() {
    let account = Account::open().await;
    account.get("/v1/user").await;
    let (emulator, seen) = (&account.emulator, account.emulator.captured_requests());
    assert_eq!(seen.len(), 1);
    let all = (
        emulator,
        emulator.edge(),
        emulator.tokens(),
        emulator.faults(),
        seen,
    );
    let stats = (emulator.edge().stats(), emulator.tokens().find("test"));
    let settings = (Emulator::builder(), Emulator::builder().service());
    let shown = format!("{all:?} {stats:?} {settings:?}");
    assert!(shown.contains("Sensitive"));
    assert!(
        !shown.contains(&account.token) && !shown.contains("FAKE"),
        "{shown}"
    );
}
