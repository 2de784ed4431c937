//! What an error tells, whichever part of a call it comes from.

use std::io;
use std::time::Duration;

use bytes::Bytes;
use comfycontrol::{Body, Client, Error, ErrorKind, Sent, Timeouts};
use futures_util::{TryStreamExt, stream};
use http::{Method, Request, Response, StatusCode};
use serde_json::Value;
use tower::service_fn;

type Pieces = Vec<io::Result<&'static str>>;

#[tokio::test(start_paused = true)]
async fn a_body_that_fails_keeps_status_and_call() {
    for method in [Method::GET, Method::POST] {
        let broken = || {
            vec![
                Ok("{"),
                Err(io::Error::from(io::ErrorKind::ConnectionReset)),
            ]
        };
        let client = answering(move || Body::from_stream(stream::iter(broken())));
        let silent = answering(|| Body::from_stream(stream::pending::<io::Result<Bytes>>()));
        let within = Timeouts::call().total(Duration::from_secs(5));
        let request = |client: &Client| client.request(method.clone(), "/v1/user?secret=1");
        let failures = [
            (ErrorKind::Body, request(&client).send().await),
            (ErrorKind::TimedOut, request(&silent).send().await),
            (
                ErrorKind::TimedOut,
                request(&silent).timeouts(within).send().await,
            ),
        ];
        for (kind, response) in failures {
            let failed = response.unwrap().bytes().await.unwrap_err();
            assert_eq!((failed.kind(), failed.sent()), (kind, Sent::Yes));
            assert_eq!(failed.status(), Some(StatusCode::OK));
            assert_eq!(failed.call(), Some((&method, "/v1/user")));
            assert_eq!(failed.is_retryable(), method == Method::GET);
        }
        let pieces = request(&client).send().await.unwrap().into_stream();
        let failed = pieces.try_collect::<Vec<_>>().await.unwrap_err();
        assert_eq!(failed.call(), Some((&method, "/v1/user")));
    }
}

#[tokio::test(start_paused = true)]
async fn each_cause_can_be_asked_for_what_only_it_knows() {
    let page = answering(|| Body::from("<html>"));
    let json = page.get("/x").send().await.unwrap().json::<Value>();
    let json = json.await.unwrap_err();
    assert_eq!(json.as_bad_json().unwrap().snippet(), "<html>");
    assert_eq!(json.call().unwrap().1, "/x");

    let large = page.get("/x").send().await.unwrap().max_body(5).bytes();
    let large = large.await.unwrap_err();
    assert_eq!(large.as_body_too_large().unwrap().limit(), 5);
    assert_eq!(large.call().unwrap().1, "/x");

    let events = page.get("/x").events().await.unwrap_err();
    assert_eq!(events.as_not_events().unwrap().status(), StatusCode::OK);

    let elsewhere = page.get("https://evil.example/").send().await.unwrap_err();
    assert!(elsewhere.as_invalid_request().unwrap().is_other_origin());

    let broken: fn() -> Pieces = || vec![Err(io::ErrorKind::BrokenPipe.into())];
    let cut = answering(move || Body::from_stream(stream::iter(broken())));
    let cut = cut
        .get("/x")
        .send()
        .await
        .unwrap()
        .bytes()
        .await
        .unwrap_err();
    assert_eq!(cut.as_body_failed().unwrap().status(), StatusCode::OK);

    for error in [json, large, events, elsewhere, cut] {
        let found = [
            error.as_bad_json().is_some(),
            error.as_body_too_large().is_some(),
            error.as_not_events().is_some(),
            error.as_invalid_request().is_some(),
            error.as_body_failed().is_some(),
        ];
        assert_eq!(found.iter().filter(|found| **found).count(), 1, "{error}");
    }
}

#[test]
fn a_wrong_setting_is_called_by_the_name_of_its_method() {
    let agent = Client::builder().user_agent("a\nb").build().unwrap_err();
    assert_eq!(agent.as_config().unwrap().setting(), "user_agent");
    assert_eq!(agent.to_string(), "user agent is not valid in HTTP");
    let header = Client::builder().default_header("a", "b\n").build();
    let header = header.unwrap_err();
    assert_eq!(header.as_config().unwrap().setting(), "default_header");
}

fn answering(body: impl Fn() -> Body + Clone + Send + Sync + 'static) -> Client {
    let transport = service_fn(move |_: Request<Body>| {
        let response = Response::new(body());
        async { Ok::<_, Error>(response) }
    });
    let client = Client::builder().without_token().transport(transport);
    client.build().unwrap()
}
