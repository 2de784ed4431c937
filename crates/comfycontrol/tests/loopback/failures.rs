//! What goes wrong, and what is said of it.

use std::net::Ipv4Addr;
use std::time::Duration;

use comfycontrol::api_error::ApiErrorKind;
use comfycontrol::{Client, ErrorKind, InvalidConfig, Sent, TransportError, TransportErrorKind};
use comfycontrol_emulator::{Emulator, Fault, FaultRule, Garbage, Shape};
use comfycontrol_test::Unserved;
use http::StatusCode;
use serde_json::Value;
use tokio::net::TcpListener;

use super::support::builder;

#[tokio::test]
async fn wrong_settings_say_what_to_do() {
    for (url, says) in [
        ("https://api.comfycontrol.app/v1", "path"),
        ("https://api.comfycontrol.app?key=1", "query"),
        (
            "https://user:password@api.comfycontrol.app",
            "user name or password",
        ),
        ("http://api.comfycontrol.app", "use https"),
        ("ftp://api.comfycontrol.app", "https"),
        ("api.comfycontrol.app", "https://host"),
        ("", "https://host"),
    ] {
        let refused = Client::builder()
            .token("cfc_test0000000")
            .base_url(url)
            .build()
            .unwrap_err();
        assert_eq!(refused.kind(), ErrorKind::Config, "{url}");
        assert_eq!(
            refused.as_cause::<InvalidConfig>().unwrap().setting(),
            "base_url"
        );
        let text = refused.to_string();
        assert!(
            text.starts_with("base URL is not valid: ") && text.contains(says),
            "{url}: {text}"
        );
        assert!(!format!("{refused:?}{refused:#}").contains("password@"));
    }
    for token in [
        "",
        "abc",
        "cfc_",
        "Bearer cfc_abc0000",
        "cfc_with space",
        "${TOKEN}",
    ] {
        let refused = Client::builder().token(token).build().unwrap_err();
        assert_eq!(
            refused.as_cause::<InvalidConfig>().unwrap().setting(),
            "token",
            "{token}"
        );
        assert_eq!(refused.sent(), Sent::No);
    }
    let refused = Client::builder()
        .without_token()
        .root_certificate(b"no".to_vec())
        .build()
        .unwrap_err();
    assert_eq!(
        refused.as_cause::<InvalidConfig>().unwrap().setting(),
        "root_certificate"
    );
    for proxy in ["", "socks4://127.0.0.1", "ftp://127.0.0.1"] {
        let refused = Client::builder()
            .without_token()
            .proxy(proxy)
            .build()
            .unwrap_err();
        assert_eq!(
            refused.as_cause::<InvalidConfig>().unwrap().setting(),
            "proxy",
            "{proxy}"
        );
    }
}

#[tokio::test]
async fn a_refused_connection_was_never_sent_and_says_so() {
    let unserved = Unserved::new();
    let emulator = Emulator::builder().start().await.unwrap();
    let client = builder(&emulator).base_url(unserved.url()).build().unwrap();
    let failed = client.post("/v1/user").send().await.unwrap_err();
    assert_eq!(
        failed.as_cause::<TransportError>().unwrap().kind(),
        TransportErrorKind::ConnectionRefused
    );
    assert_eq!(failed.sent(), Sent::No);
    assert!(failed.is_retryable());
    assert!(
        failed
            .to_string()
            .starts_with("connection refused: check that a server listens")
    );
}

#[tokio::test]
async fn a_stranger_s_certificate_is_refused() {
    let (ours, other) = (
        Emulator::builder().start().await.unwrap(),
        Emulator::builder().start().await.unwrap(),
    );
    let client = builder(&ours).base_url(other.https_url()).build().unwrap();
    let failed = client.get("/v1/user").send().await.unwrap_err();
    assert_eq!(
        failed.as_cause::<TransportError>().unwrap().kind(),
        TransportErrorKind::Tls
    );
    assert_eq!((failed.sent(), failed.is_retryable()), (Sent::No, false));
    assert!(other.captured_requests().is_empty());
}

#[tokio::test]
async fn an_unknown_host_and_a_silent_one_are_told_apart() {
    let emulator = Emulator::builder().start().await.unwrap();
    let unknown = builder(&emulator)
        .base_url("https://nobody.invalid")
        .no_proxy()
        .build()
        .unwrap();
    let failed = unknown.get("/").send().await.unwrap_err();
    assert_eq!(
        failed.as_cause::<TransportError>().unwrap().kind(),
        TransportErrorKind::Dns
    );

    // Takes connections, and never says a word.
    let silent = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await.unwrap();
    let url = format!("https://localhost:{}", silent.local_addr().unwrap().port());
    let client = builder(&emulator)
        .base_url(url)
        .connect_timeout(Duration::from_millis(200))
        .build()
        .unwrap();
    let failed = client.post("/").send().await.unwrap_err();
    assert_eq!(
        failed.as_cause::<TransportError>().unwrap().kind(),
        TransportErrorKind::ConnectTimedOut
    );
    assert!(failed.is_timeout());
}

#[tokio::test]
async fn what_the_server_gets_wrong_becomes_an_error_that_keeps_the_status() {
    let emulator = Emulator::builder().start().await.unwrap();
    let client = builder(&emulator).build().unwrap();
    let faults = emulator.faults();

    faults.add(FaultRule::next(
        1,
        Fault::Respond(Shape::Garbage(Garbage::PageWithSuccess)),
    ));
    let failed = client
        .post("/v1/x")
        .send()
        .await
        .unwrap()
        .json::<Value>()
        .await
        .unwrap_err();
    assert_eq!(
        (failed.kind(), failed.status()),
        (ErrorKind::Decode, Some(StatusCode::OK))
    );

    faults.add(FaultRule::next(
        1,
        Fault::Respond(Shape::Garbage(Garbage::GzipBomb)),
    ));
    let failed = client.post("/v1/x").send().await.unwrap_err();
    let api = failed.as_api().unwrap();
    assert!(api.is_body_truncated() && api.body().len() <= 64 * 1024);

    faults.add(FaultRule::next(3, Fault::ResetInBody));
    let failed = client
        .get("/v1/runner")
        .send()
        .await
        .unwrap()
        .bytes()
        .await
        .unwrap_err();
    assert_eq!((failed.kind(), failed.sent()), (ErrorKind::Body, Sent::Yes));

    faults.add(FaultRule::next(1, Fault::Reset));
    let failed = client.post("/v1/x").send().await.unwrap_err();
    assert_eq!(
        (failed.kind(), failed.sent()),
        (ErrorKind::Transport, Sent::Maybe)
    );

    faults.clear();
    let failed = client
        .get("/v1/user")
        .without_token()
        .send()
        .await
        .unwrap_err();
    assert_eq!(failed.as_api().unwrap().kind(), ApiErrorKind::MissingToken);
}
