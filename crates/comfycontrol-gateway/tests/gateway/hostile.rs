use crate::support::Emulated;

const HEAD: &str = "GET /v1/user HTTP/1.1\r\nhost: localhost\r\nconnection: close\r\n";

fn status(response: &str) -> &str {
    response.get(9..12).unwrap_or("none")
}

#[tokio::test]
async fn strange_heads_are_refused_and_reach_nobody() {
    let house = Emulated::new().await;
    let many: String = (0..200)
        .map(|number| format!("x-{number}: 1\r\n"))
        .collect();
    let long = format!("x-long: {}\r\n", "a".repeat(100_000));
    for (what, head) in [
        ("two lengths", "POST / HTTP/1.1\r\nhost: localhost\r\ncontent-length: 1\r\ncontent-length: 2\r\n\r\nab".to_owned()),
        ("a signed length", "POST / HTTP/1.1\r\nhost: localhost\r\ncontent-length: +1\r\n\r\na".to_owned()),
        ("chunks not last", "POST / HTTP/1.1\r\nhost: localhost\r\ntransfer-encoding: chunked, gzip\r\n\r\n0\r\n\r\n".to_owned()),
        ("chunks over 1.0", "POST / HTTP/1.0\r\nhost: localhost\r\ntransfer-encoding: chunked\r\n\r\n0\r\n\r\n".to_owned()),
        ("space before the colon", "GET / HTTP/1.1\r\nhost : localhost\r\n\r\n".to_owned()),
        ("a folded line", "GET / HTTP/1.1\r\nhost: localhost\r\nx: 1\r\n 2\r\n\r\n".to_owned()),
        ("no host", "GET / HTTP/1.1\r\nconnection: close\r\n\r\n".to_owned()),
        ("two hosts", format!("{HEAD}host: localhost\r\n\r\n")),
        ("another site", "GET / HTTP/1.1\r\nhost: evil.example\r\nconnection: close\r\n\r\n".to_owned()),
        ("another target", "GET http://evil.example/ HTTP/1.1\r\nhost: localhost\r\nconnection: close\r\n\r\n".to_owned()),
        ("a tunnel", "CONNECT evil.example:443 HTTP/1.1\r\nhost: evil.example:443\r\nconnection: close\r\n\r\n".to_owned()),
        ("a trace", "TRACE / HTTP/1.1\r\nhost: localhost\r\nconnection: close\r\n\r\n".to_owned()),
        ("a star", "OPTIONS * HTTP/1.1\r\nhost: localhost\r\nconnection: close\r\n\r\n".to_owned()),
        ("steps", "GET /v1/../_/ HTTP/1.1\r\nhost: localhost\r\nconnection: close\r\n\r\n".to_owned()),
        ("encoded steps", "GET /v1/%2e%2e/user HTTP/1.1\r\nhost: localhost\r\nconnection: close\r\n\r\n".to_owned()),
        ("a list of lengths", "POST / HTTP/1.1\r\nhost: localhost\r\ncontent-length: 1, 2\r\n\r\nab".to_owned()),
        ("a negative length", "POST / HTTP/1.1\r\nhost: localhost\r\ncontent-length: -1\r\n\r\na".to_owned()),
        ("an unknown coding", "POST / HTTP/1.1\r\nhost: localhost\r\ntransfer-encoding: xchunked\r\n\r\n0\r\n\r\n".to_owned()),
        ("a sign in a chunk's size", "POST / HTTP/1.1\r\nhost: localhost\r\ntransfer-encoding: chunked\r\nconnection: close\r\n\r\n+1\r\na\r\n0\r\n\r\n".to_owned()),
        ("a chunk of no size", "POST / HTTP/1.1\r\nhost: localhost\r\ntransfer-encoding: chunked\r\nconnection: close\r\n\r\n0x1\r\na\r\n0\r\n\r\n".to_owned()),
        ("a chunk above all sizes", "POST / HTTP/1.1\r\nhost: localhost\r\ntransfer-encoding: chunked\r\nconnection: close\r\n\r\nfffffffffffffffff\r\na\r\n0\r\n\r\n".to_owned()),
        ("a chunk longer than said", "POST / HTTP/1.1\r\nhost: localhost\r\ntransfer-encoding: chunked\r\nconnection: close\r\n\r\n1\r\nabc\r\n0\r\n\r\n".to_owned()),
        ("a zero in a field", format!("{HEAD}x: a\0b\r\n\r\n")),
        ("half a line end in a field", format!("{HEAD}x: a\rhost: b\r\n\r\n")),
        ("a host with a user", "GET / HTTP/1.1\r\nhost: evil@localhost\r\nconnection: close\r\n\r\n".to_owned()),
        ("a host that ends otherwise", "GET / HTTP/1.1\r\nhost: localhost.evil.example\r\nconnection: close\r\n\r\n".to_owned()),
        ("an address that goes on", "GET / HTTP/1.1\r\nhost: 127.0.0.1.evil.example\r\nconnection: close\r\n\r\n".to_owned()),
        ("a host with a path", "GET / HTTP/1.1\r\nhost: localhost/evil.example\r\nconnection: close\r\n\r\n".to_owned()),
        ("an empty host", "GET / HTTP/1.1\r\nhost:\r\nconnection: close\r\n\r\n".to_owned()),
        ("a target with a user", "GET http://localhost@evil.example/ HTTP/1.1\r\nhost: localhost\r\nconnection: close\r\n\r\n".to_owned()),
        ("a target elsewhere that its host agrees with", "GET http://evil.example/ HTTP/1.1\r\nhost: evil.example\r\nconnection: close\r\n\r\n".to_owned()),
        ("a target of another port", "GET http://localhost:1/ HTTP/1.1\r\nhost: localhost\r\nconnection: close\r\n\r\n".to_owned()),
        ("a target without a path's slash", "GET v1/user HTTP/1.1\r\nhost: localhost\r\nconnection: close\r\n\r\n".to_owned()),
        ("many fields", format!("{HEAD}{many}\r\n")),
        ("a long field", format!("{HEAD}{long}\r\n")),
    ] {
        let response = house.running.say(head).await;
        assert!(matches!(status(&response), "400" | "403" | "405" | "421" | "431"), "{what}: {response}");
        assert!(!response.contains(&house.token), "{what}");
        assert_eq!(house.emulator.edge().requests(), 0, "{what}");
        let other = house.running.get("/_/", "").await;
        assert_eq!(status(&other), "404", "{what}: others are served");
    }
    let response = house.running.get("/v1/user", "").await;
    assert_eq!(status(&response), "200");
}

#[tokio::test]
async fn a_target_in_full_is_the_gateways_own_path_if_it_names_the_gateway() {
    let house = Emulated::new().await;
    let call =
        "GET http://localhost/v1/user?a=b HTTP/1.1\r\nhost: localhost\r\nconnection: close\r\n\r\n";
    let response = house.running.say(call).await;
    assert_eq!(status(&response), "200");
    let captured = house.emulator.captured_requests();
    assert_eq!(captured[0].uri().path_and_query().unwrap(), "/v1/user?a=b");
}

#[tokio::test]
async fn nothing_below_the_underscore_is_sent_on() {
    let house = Emulated::new().await;
    for path in ["/_", "/_/", "/_/x", "/%5f/x", "/%5F", "//_/x"] {
        let response = house.running.get(path, "").await;
        assert_eq!(status(&response), "404", "{path}");
    }
    assert_eq!(house.emulator.edge().requests(), 0);
}

#[tokio::test]
async fn an_upgrade_is_an_ordinary_call() {
    let house = Emulated::new().await;
    let response = house
        .running
        .say("GET /v1/user HTTP/1.1\r\nhost: localhost\r\nconnection: close, upgrade\r\nupgrade: websocket\r\n\r\n")
        .await;
    assert_eq!(status(&response), "200");
    let captured = house.emulator.captured_requests();
    assert!(!captured[0].headers().contains_key("upgrade"));
}

/// Chunks count (RFC 9112 §6.3), and what a peer that goes by the length would take for a call is
/// none.
#[tokio::test]
async fn chunks_and_a_length_end_the_connection() {
    let house = Emulated::new().await;
    let smuggled = "GET /v1/runner HTTP/1.1\r\nhost: localhost\r\n\r\n";
    let response = house
        .running
        .say(format!(
            "POST /v1/nothing HTTP/1.1\r\nhost: localhost\r\ncontent-length: 60\r\n\
             transfer-encoding: chunked\r\n\r\n0\r\n\r\n{smuggled}"
        ))
        .await;
    assert_eq!(response.matches("HTTP/1.1 ").count(), 1, "{response}");
    let captured = house.emulator.captured_requests();
    assert!(
        captured
            .iter()
            .all(|request| request.uri().path() == "/v1/nothing")
    );
}
