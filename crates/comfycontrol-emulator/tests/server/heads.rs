//! Heads that are large, and heads that come before the head.

use std::time::Duration;

use comfycontrol_emulator::{Emulator, Fault, FaultRule, Limit, Shape, Throttled};

use crate::client::Account;
use crate::h2::{H2, get};
use crate::raw;

#[tokio::test]
async fn a_429_has_a_head_of_100_kb_over_both_protocols() {
    let account = Account::open().await;
    let rule = FaultRule::next(2, Fault::Respond(Shape::Throttled(Throttled::json())));
    let rule = rule
        .and(Fault::Head {
            bytes: 100_001,
            fields: 20,
        })
        .and(Fault::GoAway);
    account.emulator.faults().add(rule);

    let raw = raw::get(&account, "/v1/user").await;
    let (head, _) = raw.parts();
    assert!(head.starts_with("http/1.1 429"));
    let added: Vec<_> = head
        .lines()
        .filter(|line| line.starts_with("x-padding-"))
        .collect();
    assert_eq!(added.len(), 20);
    assert_eq!(
        added.iter().map(|line| line.len() + 2).sum::<usize>(),
        100_001
    );

    let mut h2 = H2::connect(&account).await;
    let stream = h2.fetch(get(&account, "/v1/user")).await.unwrap();
    assert_eq!(stream.status, 429);
    let added = stream
        .headers
        .iter()
        .filter(|(name, _)| name.as_str().starts_with("x-padding-"));
    let bytes = added.map(|(name, value)| name.as_str().len() + value.len() + 4);
    assert_eq!(bytes.sum::<usize>(), 100_001);
}

#[tokio::test]
async fn a_head_has_as_many_fields_as_asked_for() {
    let account = Account::open().await;
    for (fields, bytes) in [(150, 6_000), (1_000, 0)] {
        account
            .emulator
            .faults()
            .add(FaultRule::next(1, Fault::Head { bytes, fields }));
        let mut h2 = H2::connect(&account).await;
        let stream = h2.fetch(get(&account, "/v1/user")).await.unwrap();
        let added = stream
            .headers
            .keys()
            .filter(|name| name.as_str().starts_with("x-padding-"));
        assert_eq!((stream.status, added.count()), (200, fields));
    }
}

#[tokio::test]
async fn early_hints_come_before_the_response_over_http_1_only() {
    let account = Account::open().await;
    for hints in [1, 1_000] {
        let rule = FaultRule::next(1, Fault::EarlyHints(hints)).and(Fault::GoAway);
        account.emulator.faults().add(rule);
        let raw = raw::get(&account, "/v1/user").await;
        let text = String::from_utf8(raw.bytes).unwrap();
        let (before, response) = text.split_once("HTTP/1.1 200").unwrap();
        let hint = "HTTP/1.1 103 Early Hints\r\nlink: </style.css>; rel=preload\r\n\r\n";
        assert_eq!(before, hint.repeat(hints as usize));
        assert!(response.ends_with('}') && !response.contains("103 Early Hints"));
    }
    // A client that knows the standard passes them by, and the connection goes on.
    account
        .emulator
        .faults()
        .add(FaultRule::next(1, Fault::EarlyHints(3)));
    assert_eq!(account.get("/v1/user").await.status, 200);

    account
        .emulator
        .faults()
        .add(FaultRule::next(1, Fault::EarlyHints(3)));
    let mut h2 = H2::connect(&account).await;
    assert_eq!(
        h2.fetch(get(&account, "/v1/user")).await.unwrap().status,
        200
    );
}

#[tokio::test]
async fn early_hints_are_bounded() {
    let account = Account::open().await;
    let rule = FaultRule::next(1, Fault::EarlyHints(u32::MAX)).and(Fault::GoAway);
    account.emulator.faults().add(rule);
    let raw = raw::get(&account, "/v1/user").await;
    let hint = "HTTP/1.1 103 Early Hints\r\nlink: </style.css>; rel=preload\r\n\r\n";
    let hints = 100_000 * hint.len();
    assert!(raw.bytes.len() > hints && raw.bytes[hints..].starts_with(b"HTTP/1.1 200"));
}

#[tokio::test]
async fn the_limits_own_429_has_no_faults() {
    let limit = Limit::new(1, Duration::from_secs(10)).unwrap();
    let account = Account::of(Emulator::builder().limit(limit).start().await.unwrap());
    account.get("/v1/user").await;
    account.emulator.faults().add(FaultRule::next(
        1,
        Fault::Head {
            bytes: 9_000,
            fields: 1,
        },
    ));
    assert!(
        !account
            .get("/v1/user")
            .await
            .headers
            .contains_key("x-padding-0000")
    );
}
