//! What each shape of response looks like to a client.

use std::time::Duration;

use comfycontrol_emulator::{
    Echo, Emulator, Fault, FaultRule, Garbage, RetryAfter, Shape, Throttled,
};
use http::StatusCode;
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
    let (first, second) = (
        0x3210_16c5_7087_8533_f9c5_2828_1bb2_7985_u128,
        0x01c5_e5d6_8b01_3a31_1846_ab23_0b9d_c476_u128,
    );
    assert_eq!(digest[..16], first.to_be_bytes());
    assert_eq!(digest[16..], second.to_be_bytes());
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

#[tokio::test]
async fn the_token_comes_back_in_a_message() {
    let account = Account::open().await;
    account
        .emulator
        .tokens()
        .insert("opaque", "0paque-t0ken", None);
    let echoed = async |echo, token: &str| {
        let rule = FaultRule::next(1, Fault::Respond(Shape::Echo(echo)));
        account.emulator.faults().add(rule);
        let request = http::Request::get(format!("{}/v1/user", account.emulator.http_url()));
        let request = request.header("authorization", format!("Bearer {token}"));
        let response = fetch(request.body(Full::default()).unwrap()).await.unwrap();
        assert_eq!(response.status, 401);
        response.json()["message"].as_str().unwrap().to_owned()
    };
    let whole = echoed(Echo::Whole, "0paque-t0ken").await;
    assert_eq!(whole, "the token 0paque-t0ken is not valid");
    let bare = echoed(Echo::WithoutPrefix, "cfc_abcdef").await;
    assert_eq!(bare, "the token abcdef is not valid");
    let split = echoed(Echo::ZeroWidth, "cfc_abcdef").await;
    assert_eq!(
        split,
        "the token cfc\u{200b}_ab\u{200c}cde\u{200d}f\u{2060} is not valid"
    );
}

#[tokio::test]
async fn the_storage_denies_by_xml_and_a_title_is_the_status() {
    let denied = shaped(Shape::StorageDenied, "*/*").await;
    assert_eq!(
        (
            denied.status,
            &denied.headers["content-type"] == "application/xml"
        ),
        (403, true)
    );
    let code = "<Error><Code>AccessDenied</Code><Message>Request has expired</Message>";
    assert!(denied.text().contains(code));
    let page = shaped(Shape::Unavailable, "*/*").await;
    assert!(
        page.text()
            .contains("<title>503 Service Unavailable</title>")
    );
    let empty = shaped(Shape::Garbage(Garbage::EmptySuccess), "*/*").await;
    assert_eq!((empty.status, empty.body.len()), (200, 0));
    assert_eq!(empty.headers["content-type"], "application/json");
    let bytes = Shape::Bytes(
        StatusCode::ACCEPTED,
        "text/x".parse().unwrap(),
        "own".into(),
    );
    let own = shaped(bytes, "*/*").await;
    assert_eq!((own.status, own.text().as_str()), (202, "own"));
    assert_eq!(own.headers["content-type"], "text/x");
}

#[tokio::test]
async fn a_success_can_begin_with_a_byte_order_mark() {
    let account = Account::open().await;
    let plain = account.get("/v1/user").await.text();
    let mark = FaultRule::next(1, Fault::ByteOrderMark);
    account.emulator.faults().add(mark);
    let marked = account.get("/v1/user").await;
    assert_eq!(
        (marked.status, marked.text()),
        (200, format!("\u{feff}{plain}"))
    );
}

// === support ===

async fn shaped(shape: Shape, accept: &str) -> TestResponse {
    let rule = FaultRule::next(1, Fault::Respond(shape));
    let account = Account::of(Emulator::builder().fault(rule).start().await.unwrap());
    let request = account.request("GET", "/v1/user").header("accept", accept);
    fetch(request.body(Full::default()).unwrap()).await.unwrap()
}
