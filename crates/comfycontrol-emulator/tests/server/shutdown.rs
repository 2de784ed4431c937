//! The end of an emulator.

use std::time::Duration;

use comfycontrol_emulator::{Emulator, Fault, FaultRule};
use http::Request;
use http_body_util::{BodyExt, Full};
use tokio::time::timeout;

use crate::client::{Account, bare, fetch};

#[tokio::test]
async fn nothing_listens_after_the_shutdown_or_the_drop() {
    for gracefully in [true, false] {
        let emulator = Emulator::builder().start().await.unwrap();
        let url = format!("{}/v1/user", emulator.http_url());
        assert_eq!(fetch(bare(url.clone())).await.unwrap().status, 401);
        if gracefully {
            emulator.shutdown().await;
        } else {
            drop(emulator);
            // The listener's task ends when it is next scheduled.
            tokio::task::yield_now().await;
        }
        assert!(fetch(bare(url)).await.is_err());
    }
}

#[tokio::test]
async fn dropping_the_emulator_ends_responses_under_way() {
    let account = Account::open().await;
    let mut response = account.meet(Fault::Stall).await;
    assert!(response.frame().await.unwrap().is_ok());
    drop(account);
    assert!(
        timeout(AT_ONCE, response.frame())
            .await
            .unwrap()
            .unwrap()
            .is_err()
    );
}

#[tokio::test]
async fn a_shutdown_lets_a_response_under_way_finish() {
    let Account { emulator, token } = Account::open().await;
    let delay = Duration::from_millis(150);
    emulator
        .faults()
        .add(FaultRule::next(1, Fault::Delay(delay)));
    let request = Request::get(format!("{}/v1/user", emulator.http_url()))
        .header("authorization", format!("Bearer {token}"))
        .body(Full::default())
        .unwrap();
    let (edge, response) = (emulator.edge(), tokio::spawn(fetch(request)));
    while edge.requests() == 0 {
        tokio::task::yield_now().await;
    }
    timeout(AT_ONCE, emulator.shutdown()).await.unwrap();
    assert_eq!(response.await.unwrap().unwrap().status, 200);
}

#[tokio::test]
async fn a_shutdown_ends_a_response_that_does_not_finish() {
    let account = Account::open().await;
    let mut response = account.meet(Fault::Stall).await;
    assert!(response.frame().await.unwrap().is_ok());
    timeout(GRACE + AT_ONCE, account.emulator.shutdown())
        .await
        .unwrap();
    assert!(response.frame().await.unwrap().is_err());
}

/// What a shutdown gives to responses under way.
const GRACE: Duration = Duration::from_secs(1);
/// Less than the grace that a shutdown gives.
const AT_ONCE: Duration = Duration::from_millis(500);
