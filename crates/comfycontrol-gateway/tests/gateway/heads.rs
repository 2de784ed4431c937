use comfycontrol_emulator::Emulator;

use crate::support::{Emulated, Scripted, unchunked};

#[tokio::test]
async fn a_call_without_a_token_is_responded_to_and_told_what_is_left() {
    let house = Emulated::of(Emulator::builder(), |gateway| gateway).await;
    let response = house
        .running
        .get("/v1/user?a=b", "authorization: Bearer of-the-caller\r\n")
        .await;
    assert!(response.starts_with("HTTP/1.1 200 OK\r\n"), "{response}");
    assert!(
        response.contains("ratelimit-policy: \"gateway\";q=40;w=10\r\n"),
        "{response}"
    );
    assert!(
        response.contains("ratelimit: \"gateway\";r=39\r\n"),
        "{response}"
    );
    assert!(!response.contains(&house.token));
    let captured = house.emulator.captured_requests();
    assert_eq!(captured[0].uri().path_and_query().unwrap(), "/v1/user?a=b");
}

#[tokio::test]
async fn an_upstream_of_http_1_0_leaves_the_callers_connection_as_it_is() {
    let upstream = Scripted::new("HTTP/1.0 200 OK\r\ncontent-type: text/plain\r\n\r\nwhole").await;
    let running = upstream.running();
    let call = "GET / HTTP/1.1\r\nhost: localhost\r\n";
    let response = running
        .say(format!("{call}\r\n{call}connection: close\r\n\r\n"))
        .await;
    // Both calls over one connection, in chunks: an end that is seen.
    assert_eq!(
        response.matches("HTTP/1.1 200 OK\r\n").count(),
        2,
        "{response}"
    );
    let first = response.split("HTTP/1.1").nth(1).unwrap();
    assert_eq!(unchunked(first), ("whole".to_owned(), true));
}

#[tokio::test]
async fn a_cut_body_is_cut_and_not_whole() {
    let chunks = "HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n5\r\nhello\r\n5\r\nwo";
    let upstream = Scripted::new(chunks).await;
    let response = upstream.running().get("/", "").await;
    let (body, is_whole) = unchunked(&response);
    assert!(body.starts_with("hello") && !is_whole, "{response}");

    let length = "HTTP/1.1 200 OK\r\ncontent-length: 10\r\n\r\nhello";
    let upstream = Scripted::new(length).await;
    let response = upstream.running().get("/", "").await;
    assert!(response.contains("content-length: 10\r\n"), "{response}");
    assert!(response.ends_with("\r\n\r\nhello"), "{response}");

    // That of an error too.
    let length = "HTTP/1.1 404 Not Found\r\ncontent-length: 10\r\n\r\nhello";
    let upstream = Scripted::new(length).await;
    let response = upstream.running().get("/", "").await;
    assert!(response.starts_with("HTTP/1.1 404"), "{response}");
    assert!(response.contains("content-length: 10\r\n"), "{response}");
    assert!(response.ends_with("\r\n\r\nhello"), "{response}");
}

#[tokio::test]
async fn headers_of_a_connection_stop_both_ways() {
    let upstream = Scripted::new(
        "HTTP/1.1 200 OK\r\nconnection: close, x-hop\r\nx-hop: 1\r\nkeep-alive: timeout=5\r\n\
         set-cookie: a=b\r\naccess-control-allow-origin: *\r\nstrict-transport-security: max-age=9\r\n\
         cf-ray: 8f2d1c0b5a7e9d31-FRA\r\nx-request-id: up\r\ncontent-length: 2\r\n\r\nok",
    )
    .await;
    let running = upstream.running();
    let fields = "connection: x-mine\r\nx-mine: of-theirs\r\ncookie: c=d\r\nte: trailers\r\n\
                  forwarded: for=10.1.2.3\r\nx-forwarded-for: 10.1.2.3\r\norigin: http://localhost\r\n\
                  x-request-id: of-the-caller\r\nx-caller: ann\r\nuser-agent: theirs\r\n";
    let response = running.get("/v1/x", fields).await;
    for gone in [
        "x-hop",
        "keep-alive",
        "set-cookie",
        "access-control",
        "strict-transport",
    ] {
        assert!(!response.contains(gone), "{gone} in {response}");
    }
    for kept in [
        "cf-ray: 8f2d1c0b5a7e9d31-FRA",
        "x-request-id: up",
        "\r\n\r\nok",
    ] {
        assert!(response.contains(kept), "{kept} not in {response}");
    }
    let head = upstream.last_head();
    for gone in [
        "x-mine",
        "of-theirs",
        "cookie",
        "trailers",
        "10.1.2.3",
        "origin",
        "x-caller",
    ] {
        assert!(!head.contains(gone), "{gone} in {head}");
    }
    for kept in [
        "x-request-id: of-the-caller",
        "user-agent: theirs",
        "via: 1.1 comfycontrol-gateway",
    ] {
        assert!(head.contains(kept), "{kept} not in {head}");
    }
}

#[tokio::test]
async fn a_range_is_passed_on_with_its_condition() {
    let upstream = Scripted::new("HTTP/1.1 200 OK\r\ncontent-length: 5\r\n\r\nwhole").await;
    let running = upstream.running();
    let fields = "range: bytes=2-\r\nif-range: \"v1\"\r\n";
    let response = running.get("/file", fields).await;
    assert!(
        response.starts_with("HTTP/1.1 200") && response.ends_with("whole"),
        "{response}"
    );
    let head = upstream.last_head();
    assert!(
        head.contains("range: bytes=2-\r\n") && head.contains("if-range: \"v1\"\r\n"),
        "{head}"
    );

    // What is named by `Connection` stops, and takes with it what it is the condition of.
    running
        .say(format!(
            "GET /file HTTP/1.1\r\nhost: localhost\r\nconnection: close, if-range\r\n{fields}\r\n"
        ))
        .await;
    assert!(
        !upstream.last_head().contains("range"),
        "{}",
        upstream.last_head()
    );
}

#[tokio::test]
async fn statuses_bodies_and_the_time_to_come_back_pass_unchanged() {
    let upstream = Scripted::new(
        "HTTP/1.1 429 Too Many Requests\r\nretry-after: 7\r\ncontent-type: application/json\r\n\
         content-length: 26\r\n\r\n{\"status\":429, \"more\":[1]}",
    )
    .await;
    let response = upstream.running().get("/", "").await;
    assert!(
        response.starts_with("HTTP/1.1 429 Too Many Requests\r\n"),
        "{response}"
    );
    assert!(response.contains("retry-after: 7\r\n"), "{response}");
    assert!(
        response.ends_with("\r\n\r\n{\"status\":429, \"more\":[1]}"),
        "{response}"
    );

    // A response to HEAD says how long the other would be.
    let upstream = Scripted::new("HTTP/1.1 404 Not Found\r\ncontent-length: 26\r\n\r\n").await;
    let running = upstream.running();
    let response = running
        .say("HEAD / HTTP/1.1\r\nhost: localhost\r\nconnection: close\r\n\r\n")
        .await;
    assert!(response.contains("content-length: 26\r\n"), "{response}");

    let upstream = Scripted::new("HTTP/1.1 304 Not Modified\r\netag: \"v1\"\r\n\r\n").await;
    let response = upstream
        .running()
        .get("/", "if-none-match: \"v1\"\r\n")
        .await;
    assert!(
        response.starts_with("HTTP/1.1 304 Not Modified\r\n"),
        "{response}"
    );
    assert!(response.contains("etag: \"v1\"\r\n"), "{response}");
}

#[tokio::test]
async fn a_429_without_a_time_gets_that_of_the_cooldown() {
    let upstream =
        Scripted::new("HTTP/1.1 429 Too Many Requests\r\ncontent-length: 2\r\n\r\n{}").await;
    let response = upstream.running().get("/", "").await;
    assert!(response.starts_with("HTTP/1.1 429"), "{response}");
    assert!(response.contains("retry-after: 11\r\n"), "{response}");
}

#[tokio::test]
async fn no_usable_response_is_a_502_in_the_words_of_the_api() {
    let upstream = Scripted::new("nonsense").await;
    let response = upstream.running().get("/", "").await;
    assert!(
        response.starts_with("HTTP/1.1 502 Bad Gateway\r\n"),
        "{response}"
    );
    assert!(
        response.contains("content-type: application/json\r\n"),
        "{response}"
    );
    assert!(response.contains("\"status\":502"), "{response}");
}
