use comfycontrol_emulator::Emulator;

use super::running::{Gateway, gateway};
use crate::support::Account;

/// What callers are told, the log, what the program complains of, and the page.
#[tokio::test(flavor = "multi_thread")]
async fn whatever_comes_the_token_is_nowhere() {
    let account = Account::of(Emulator::builder().limit(None)).await;
    let mut running = Gateway::of(gateway(&account, &[]));
    let many: String = (0..200)
        .map(|number| format!("x-{number}: 1\r\n"))
        .collect();
    let mut shown = String::new();
    for (method, target, fields) in [
        (
            "GET",
            "/v1/user",
            "authorization: Bearer cfc_FAKE0of0a0caller\r\n",
        ),
        (
            "GET",
            "/v1/cfc_FAKE0in0a0path?token=cfc_FAKE0in0a0query",
            "",
        ),
        ("GET", "/v1/user", "x-caller: cfc_FAKE0in0a0name\r\n"),
        ("GET", "/v1/user", "host: evil.example\r\n"),
        ("GET", "http://evil.example/v1/user", ""),
        ("GET", "/v1/../_/state", ""),
        ("CONNECT", "evil.example:443", ""),
        ("TRACE", "/v1/user", ""),
        ("OPTIONS", "*", ""),
        (
            "POST",
            "/v1/user",
            "content-length: 1\r\ncontent-length: 2\r\n",
        ),
        ("POST", "/v1/user", "transfer-encoding: chunked\r\n"),
        ("GET", "/v1/user", &many),
        ("\u{0}", "/v1/user", ""),
    ] {
        let head =
            format!("{method} {target} HTTP/1.1\r\nhost: localhost\r\nconnection: close\r\n");
        shown += &running.say(&format!("{head}{fields}\r\nzz\r\n"));
    }
    for path in ["/_/", "/_/state", "/_/metrics", "/_/ready", "/_/health"] {
        shown += &running.get(path, "");
    }
    assert!(shown.contains("HTTP/1.1 200 OK\r\n"), "{shown}");
    running.terminate();
    let rest = running.rest();
    assert!(rest.contains("cfc_***"), "masked in {rest}");
    shown += &rest;
    for secret in [&*account.token, "cfc_FAKE0"] {
        assert!(!shown.contains(secret), "{secret} in {shown}");
    }
}
