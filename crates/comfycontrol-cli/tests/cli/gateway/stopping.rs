use std::io::Read;
use std::time::Duration;

use comfycontrol_emulator::{Emulator, Fault, FaultRule};

use super::running::{Gateway, gateway};
use crate::support::Account;

/// The first call takes that long at the API.
async fn account(delay: Duration) -> Account {
    let fault = FaultRule::next(1, Fault::Delay(delay));
    Account::of(Emulator::builder().limit(None).fault(fault)).await
}

async fn until_sent(account: &Account) {
    while account.emulator.edge().requests() == 0 {
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
}

fn until_it_stops(running: &Gateway) -> String {
    loop {
        let ready = running.get("/_/ready", "");
        if !ready.starts_with("HTTP/1.1 200") {
            return ready;
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_stop_is_seen_by_who_asks_whether_it_is_ready_and_by_who_calls() {
    let account = account(Duration::from_secs(3)).await;
    let running = Gateway::of(gateway(&account, &["--quiet"]));
    let call = running.begin("/v1/user", "");
    until_sent(&account).await;
    assert!(running.get("/_/ready", "").starts_with("HTTP/1.1 200"));
    running.terminate();
    let ready = until_it_stops(&running);
    assert!(ready.starts_with("HTTP/1.1 503"), "{ready}");
    assert!(ready.contains("\"stopping\""), "{ready}");
    let late = running.get("/v1/user", "");
    assert!(late.starts_with("HTTP/1.1 503"), "{late}");
    assert!(late.contains("retry-after: 2\r\n"), "{late}");
    assert!(running.get("/_/health", "").starts_with("HTTP/1.1 200"));
    let response = tokio::task::block_in_place(|| call.join()).unwrap();
    assert!(response.starts_with("HTTP/1.1 200 OK\r\n"), "{response}");
    assert_eq!(running.ended(), "2 calls, 0 of them cut off at the end");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_second_signal_ends_it_at_once() {
    let account = account(Duration::from_secs(600)).await;
    let mut running = Gateway::of(gateway(&account, &["--quiet", "--drain", "600"]));
    let call = running.begin("/v1/user", "");
    until_sent(&account).await;
    running.terminate();
    until_it_stops(&running);
    running.terminate();
    let mut told = String::new();
    let mut errors = running.child.stderr.take().unwrap();
    let status = tokio::task::block_in_place(|| {
        _ = errors.read_to_string(&mut told);
        running.child.wait()
    });
    assert_eq!(status.unwrap().code(), Some(130), "{told}");
    assert_eq!(told, "error: interrupted; calls under way were cut off\n");
    let response = tokio::task::block_in_place(|| call.join()).unwrap();
    assert_eq!(response, "");
}
