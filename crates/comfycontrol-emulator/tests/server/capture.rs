//! What is kept of requests, and what is shown of it.

use comfycontrol_emulator::Emulator;

use crate::client::Account;

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
        !shown.contains(&account.token) && !shown.contains("EMULATED"),
        "{shown}"
    );
}
