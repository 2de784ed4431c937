//! What each shape of response looks like to a client.

use std::time::Duration;

use comfycontrol_emulator::{Emulator, Fault, FaultRule, Garbage, RetryAfter, Shape, Throttled};
use http_body_util::{BodyExt, Full};
use tokio::time::timeout;

use crate::client::{Account, TestResponse, fetch, send};

#[tokio::test]
async fn every_shape_comes_over_the_wire_with_its_status() {
    let account = Account::open().await;
    for shape in Shape::all() {
        account
            .emulator
            .faults()
            .add(FaultRule::next(1, Fault::Respond(shape.clone())));
        let request = account
            .request("GET", "/v1/user")
            .body(Full::default())
            .unwrap();
        let response = send(request).await.unwrap();
        assert_eq!(response.status(), shape.response().status(), "{shape:?}");
        assert_eq!(response.headers()["server"], "cloudflare");
        assert!(response.headers().contains_key("cf-ray"));
    }
}

#[tokio::test]
async fn a_problem_is_sent_to_those_who_accept_json_and_a_page_to_others() {
    for (accept, media) in [
        ("application/json", "application/json"),
        ("application/problem+json", "application/problem+json"),
        ("*/*", "text/html; charset=UTF-8"),
    ] {
        let response = shaped(Shape::Throttled(Throttled::problem()), accept).await;
        assert_eq!(response.status, 429);
        assert_eq!(response.headers["content-type"], media);
        assert_eq!(response.headers["retry-after"], "10");
        if accept != "*/*" {
            let problem = response.json();
            assert_eq!(problem["error_code"], 1015);
            assert_eq!(problem["error_name"], "rate_limited");
            assert_eq!(problem["retry_after"], 10);
            assert_eq!(problem["cloudflare_error"], true);
        }
    }
}

#[tokio::test]
async fn the_other_429s_are_as_captured() {
    let text = shaped(Shape::Throttled(Throttled::text()), "*/*").await;
    assert_eq!(
        (text.text().as_str(), text.body.len()),
        ("error code: 1015\n", 17)
    );
    assert_eq!(text.headers["content-type"], "text/plain; charset=UTF-8");
    let page = shaped(Shape::Throttled(Throttled::page()), "application/json").await;
    assert!(
        page.text()
            .contains("used Cloudflare to restrict access</title>")
    );
    assert!(page.body.len() > 45_000);
    let empty = shaped(Shape::Throttled(Throttled::empty()), "*/*").await;
    assert!(empty.body.is_empty() && !empty.headers.contains_key("content-type"));
    let json = Throttled::json().retry_after(RetryAfter::Value("soon".parse().unwrap()));
    let json = shaped(Shape::Throttled(json), "*/*").await;
    json.assert_error(429, "Rate limit exceeded");
    assert_eq!(json.headers["retry-after"], "soon");
}

#[tokio::test]
async fn a_retry_date_is_relative_to_the_date_of_the_response() {
    let throttled = Throttled::json().retry_after(RetryAfter::Date);
    let response = shaped(Shape::Throttled(throttled), "*/*").await;
    let date = |name: &str| httpdate::parse_http_date(response.headers[name].to_str().unwrap());
    let wait = date("retry-after")
        .unwrap()
        .duration_since(date("date").unwrap())
        .unwrap();
    assert!((10..=11).contains(&wait.as_secs()), "{wait:?}");
}

#[tokio::test]
async fn challenge_and_firewall_look_as_documented() {
    let challenge = shaped(Shape::Challenge, "application/json").await;
    assert_eq!(challenge.status, 403);
    assert_eq!(challenge.headers["cf-mitigated"], "challenge");
    assert!(
        challenge.headers["content-type"]
            .to_str()
            .unwrap()
            .starts_with("text/html")
    );
    let blocked = shaped(Shape::WafBlock, "application/json").await.json();
    assert_eq!(blocked["error_code"], 1020);
    assert_eq!(blocked["error_name"], "firewall_rule_blocked");
    assert_eq!(blocked["retryable"], false);
    assert!(blocked.get("retry_after").is_none());
}

#[tokio::test]
async fn garbage_is_as_bad_as_it_says() {
    let get = async |garbage| shaped(Shape::Garbage(garbage), "application/json").await;
    assert!(get(Garbage::Empty).await.body.is_empty());
    assert!(get(Garbage::Huge).await.body.len() > 10 << 20);
    assert!(
        get(Garbage::ByteOrderMark)
            .await
            .body
            .starts_with(b"\xef\xbb\xbf{")
    );
    assert!(String::from_utf8(get(Garbage::InvalidUtf8).await.body.into()).is_err());
    assert!(get(Garbage::Array).await.json().is_array());
    assert_eq!(get(Garbage::StatusDiffers).await.json()["status"], 404);
    assert_eq!(get(Garbage::NumbersAsStrings).await.json()["status"], "404");
    assert_eq!(
        get(Garbage::DuplicateKeys)
            .await
            .text()
            .matches("status")
            .count(),
        2
    );
    assert_eq!(
        get(Garbage::WrongContentType).await.headers["content-type"],
        "text/html; charset=UTF-8"
    );
    assert_eq!(get(Garbage::PageWithSuccess).await.status, 200);
    for broken in [Garbage::Truncated, Garbage::Nested] {
        let body = get(broken).await.body;
        assert!(
            serde_json::from_slice::<serde_json::Value>(&body).is_err(),
            "{broken:?}"
        );
    }
}

#[tokio::test]
async fn the_bomb_is_small_on_the_wire() {
    use sha2::{Digest, Sha256};
    let bomb = shaped(Shape::Garbage(Garbage::GzipBomb), "*/*").await;
    assert_eq!(bomb.headers["content-encoding"], "gzip");
    // The file that `gunzip` was seen to accept and to expand to 200 MiB of zeros.
    let digest = Sha256::digest(&bomb.body);
    let digest: String = digest.iter().map(|byte| format!("{byte:02x}")).collect();
    assert_eq!(
        digest,
        "321016c570878533f9c528281bb2798501c5e5d68b013a311846ab230b9dc476"
    );
}

#[tokio::test]
async fn a_body_drips_or_breaks_off() {
    let account = Account::open().await;
    let open = async |garbage| {
        let rule = FaultRule::next(1, Fault::Respond(Shape::Garbage(garbage)));
        account.emulator.faults().add(rule);
        send(
            account
                .request("GET", "/v1/user")
                .body(Full::default())
                .unwrap(),
        )
        .await
        .unwrap()
    };
    let mut drip = open(Garbage::SlowDrip).await;
    assert_eq!(
        drip.frame().await.unwrap().unwrap().into_data().unwrap(),
        "{"
    );
    assert!(
        timeout(Duration::from_millis(100), drip.frame())
            .await
            .is_err()
    );

    let mut reset = open(Garbage::Reset).await;
    assert_eq!(
        reset
            .frame()
            .await
            .unwrap()
            .unwrap()
            .into_data()
            .unwrap()
            .len(),
        20
    );
    assert!(reset.frame().await.unwrap().is_err());
}

// === support ===

async fn shaped(shape: Shape, accept: &str) -> TestResponse {
    let rule = FaultRule::next(1, Fault::Respond(shape));
    let account = Account::of(Emulator::builder().fault(rule).start().await.unwrap());
    let request = account.request("GET", "/v1/user").header("accept", accept);
    fetch(request.body(Full::default()).unwrap()).await.unwrap()
}
