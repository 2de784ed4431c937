//! What is known already is not sent again.

#[path = "support/emulated.rs"]
mod emulated;

use comfycontrol::{Client, ErrorKind, Sent};
use comfycontrol_api::{Conditional, Validators};
use comfycontrol_emulator::Emulator;
use comfycontrol_test::{Log, SECOND};
use http::StatusCode;
use http::header::IF_NONE_MATCH;
use serde_json::json;

#[tokio::test]
async fn what_has_not_changed_is_told_and_not_sent() {
    let api = Emulator::builder().runners(1).start().await.unwrap();
    let client = client(&api);
    for path in ["/v1/user", "/v1/runner"] {
        let first = client.get(path).send().await.unwrap();
        let known = Validators::of(first.headers());
        assert!(known.etag().is_some());
        let text = first.text().await.unwrap();
        // Nothing is known of no version.
        let none = Validators::default();
        let asked = Conditional::send(client.get(path), &none);
        let Conditional::Modified(same) = asked.await.unwrap() else {
            panic!("304 to a plain request");
        };
        assert_eq!(same.text().await.unwrap(), text);
        let again = Conditional::send(client.get(path), &known).await.unwrap();
        let Conditional::NotModified(still) = again else {
            panic!("sent again: {again:?}");
        };
        assert_eq!(still, known);
        let head = client.request(http::Method::HEAD, path);
        let again = Conditional::send(head, &known).await.unwrap();
        assert!(matches!(again, Conditional::NotModified(_)));
    }

    let first = client.get("/v1/runner").send().await.unwrap();
    let known = Validators::of(first.headers());
    let new = json!({"name": "desk", "endpoint": "https://comfy.example.com"});
    client.post("/v1/runner").json(&new).send().await.unwrap();
    let again = Conditional::send(client.get("/v1/runner"), &known)
        .await
        .unwrap();
    let Conditional::Modified(list) = again else {
        panic!("it has changed");
    };
    assert!(list.text().await.unwrap().contains("desk"));
}

#[tokio::test]
async fn a_304_that_nobody_asked_for_is_an_error_that_names_the_call() {
    let api = Emulator::builder().start().await.unwrap();
    let client = client(&api);
    // Its caller could not tell it from an empty list.
    let request = client.get("/v1/user").header(IF_NONE_MATCH, "*");
    let error = request.send().await.unwrap_err();
    assert_eq!((error.kind(), error.sent()), (ErrorKind::Api, Sent::Yes));
    assert_eq!(error.status(), Some(StatusCode::NOT_MODIFIED));
    assert_eq!(error.call(), Some((&http::Method::GET, "/v1/user")));
    let request = client.get("/v1/user").header(IF_NONE_MATCH, "*");
    let error = Conditional::send(request, &Validators::default())
        .await
        .unwrap_err();
    assert_eq!(error.status(), Some(StatusCode::NOT_MODIFIED));
}

#[tokio::test]
async fn an_error_stays_an_error() {
    let api = Emulator::builder().start().await.unwrap();
    let client = client(&api);
    let first = client.get("/v1/user").send().await.unwrap();
    let known = Validators::of(first.headers());
    let error = Conditional::send(client.get("/v1/nothing"), &known)
        .await
        .unwrap_err();
    assert_eq!(error.status(), Some(StatusCode::NOT_FOUND));
}

#[tokio::test]
async fn what_has_not_changed_is_logged_as_no_failure() {
    let api = Emulator::builder().start().await.unwrap();
    let client = client(&api);
    let first = client.get("/v1/user").send().await.unwrap();
    let known = Validators::of(first.headers());
    let log = Log::default();
    let capture = log.capture();
    Conditional::send(client.get("/v1/user"), &known)
        .await
        .unwrap();
    drop(capture);
    let text = log.text();
    assert!(text.contains("comfycontrol.call"), "{text}");
    assert!(
        !text.contains("error.type") && !text.contains(": failed "),
        "{text}"
    );
}

// === support ===

fn client(api: &Emulator) -> Client {
    let builder = emulated::builder(api, "cfc_conditional00conditional00");
    builder.timeout(30 * SECOND).build().unwrap()
}
