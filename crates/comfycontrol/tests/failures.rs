//! What an error tells, from any part of a call.

use std::io;
use std::time::Duration;

use bytes::Bytes;
use comfycontrol::api_error::ApiError;
use comfycontrol::rate_limit::{Limiter, Quota, Rejected};
use comfycontrol::timeout::TimeoutKind;
use comfycontrol::token::TokenWithheld;
use comfycontrol::{
    Body, BodyFailed, BodyTooLarge, Client, Error, ErrorKind, InvalidConfig, InvalidJson,
    InvalidRequest, Sent, TimedOut, Timeouts, TransportError, UnexpectedContentType,
};
use comfycontrol_test::responding;
use futures_util::{TryStreamExt, stream};
use http::{HeaderValue, Method, Response, StatusCode};
use serde_json::Value;

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
        let client = client_of(move || Body::from_stream(stream::iter(broken())));
        let silent = client_of(|| Body::from_stream(stream::pending::<io::Result<Bytes>>()));
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

#[test]
fn another_content_type_is_told_fit_to_be_shown() {
    for (header, told) in [
        (None, None),
        (Some("text/html; a=b"), Some("text/html; a=b")),
        (Some("a\tcfc_abc123"), Some("a\\tcfc_***")),
    ] {
        let header = header.map(HeaderValue::from_static);
        let ok = StatusCode::OK;
        let other = UnexpectedContentType::new(ok, "text/event-stream", header.as_ref());
        assert_eq!(other.content_type(), told);
    }
}

#[tokio::test(start_paused = true)]
async fn each_cause_can_be_asked_for_what_only_it_knows() {
    let page = client_of(|| Body::from("<html>"));
    let json = page.get("/x").send().await.unwrap().json::<Value>();
    let json = json.await.unwrap_err();
    assert_eq!(json.as_cause::<InvalidJson>().unwrap().snippet(), "<html>");
    assert_eq!(json.call().unwrap().1, "/x");

    let large = page
        .get("/x")
        .send()
        .await
        .unwrap()
        .with_max_body(5)
        .bytes();
    let large = large.await.unwrap_err();
    assert_eq!(large.as_cause::<BodyTooLarge>().unwrap().limit(), 5);
    assert_eq!(large.call().unwrap().1, "/x");

    let no_events = UnexpectedContentType::new(StatusCode::OK, "text/event-stream", None);
    let events = Error::from(no_events);
    assert_eq!(
        events.as_cause::<UnexpectedContentType>().unwrap().status(),
        StatusCode::OK
    );

    let elsewhere = page.get("https://evil.example/").send().await.unwrap_err();
    assert!(
        elsewhere
            .as_cause::<InvalidRequest>()
            .unwrap()
            .is_other_origin()
    );

    let broken: fn() -> Pieces = || vec![Err(io::ErrorKind::BrokenPipe.into())];
    let cut = client_of(move || Body::from_stream(stream::iter(broken())));
    let cut = cut
        .get("/x")
        .send()
        .await
        .unwrap()
        .bytes()
        .await
        .unwrap_err();
    assert_eq!(
        cut.as_cause::<BodyFailed>().unwrap().status(),
        StatusCode::OK
    );

    for error in [json, large, events, elsewhere, cut] {
        let found = [
            error.as_cause::<InvalidJson>().is_some(),
            error.as_cause::<BodyTooLarge>().is_some(),
            error.as_cause::<UnexpectedContentType>().is_some(),
            error.as_cause::<InvalidRequest>().is_some(),
            error.as_cause::<BodyFailed>().is_some(),
        ];
        assert_eq!(found.iter().filter(|found| **found).count(), 1, "{error}");
    }
}

#[tokio::test(start_paused = true)]
async fn a_cause_is_found_by_its_type_and_by_no_other() {
    let ok = StatusCode::OK;
    let not_found = responding(|_| {
        let response = Response::builder().status(404).body(Body::empty());
        Ok::<_, Error>(response.unwrap())
    });
    let limiter = Limiter::builder(Quota::new(2, Duration::from_secs(10)).unwrap());
    let client = Client::builder()
        .token("cfc_test0000000")
        .rate_limit(limiter.max_queued(0).build())
        .transport(not_found.0);
    let client = client.build().unwrap();
    let elsewhere = client.get("/x").header("host", "evil.example");
    let withheld = elsewhere.send().await.unwrap_err();
    let api = client.get("/x").send().await.unwrap_err();
    let rejected = client.get("/x").send().await.unwrap_err();

    let causes: [(Error, ErrorKind); 11] = [
        (api, ErrorKind::Api),
        (BodyFailed::new(ok, "cut".into()).into(), ErrorKind::Body),
        (
            Client::builder().token("").build().unwrap_err(),
            ErrorKind::Config,
        ),
        (
            UnexpectedContentType::new(ok, "text/plain", None).into(),
            ErrorKind::Decode,
        ),
        (
            InvalidJson::read::<u8>(ok, None, b"x").unwrap_err().into(),
            ErrorKind::Decode,
        ),
        (rejected, ErrorKind::Rejected),
        (
            client.get("//").send().await.unwrap_err(),
            ErrorKind::Request,
        ),
        (
            TimedOut::new(TimeoutKind::Stall, Duration::ZERO).into(),
            ErrorKind::TimedOut,
        ),
        (withheld, ErrorKind::TokenWithheld),
        (BodyTooLarge::new(ok, 5).into(), ErrorKind::BodyTooLarge),
        (
            TransportError::new(io::Error::other("reset")).into(),
            ErrorKind::Transport,
        ),
    ];
    for (n, (error, kind)) in causes.iter().enumerate() {
        assert_eq!(error.kind(), *kind);
        let found = [
            error.as_cause::<ApiError>().is_some(),
            error.as_cause::<BodyFailed>().is_some(),
            error.as_cause::<InvalidConfig>().is_some(),
            error.as_cause::<UnexpectedContentType>().is_some(),
            error.as_cause::<InvalidJson>().is_some(),
            error.as_cause::<Rejected>().is_some(),
            error.as_cause::<InvalidRequest>().is_some(),
            error.as_cause::<TimedOut>().is_some(),
            error.as_cause::<TokenWithheld>().is_some(),
            error.as_cause::<BodyTooLarge>().is_some(),
            error.as_cause::<TransportError>().is_some(),
        ];
        let expected: [bool; 11] = std::array::from_fn(|other| other == n);
        assert_eq!(found, expected, "{error}");
        assert_eq!(error.as_api().is_some(), *kind == ErrorKind::Api);
        // The cause itself, not what stands behind it.
        assert!(error.as_cause::<io::Error>().is_none());
    }
}

#[test]
fn a_wrong_setting_is_called_by_the_name_of_its_method() {
    let agent = Client::builder().user_agent("a\nb").build().unwrap_err();
    assert_eq!(
        agent.as_cause::<InvalidConfig>().unwrap().setting(),
        "user_agent"
    );
    assert_eq!(agent.to_string(), "user agent is not valid in HTTP");
    let header = Client::builder().default_header("a", "b\n").build();
    let header = header.unwrap_err();
    assert_eq!(
        header.as_cause::<InvalidConfig>().unwrap().setting(),
        "default_header"
    );
}

fn client_of(body: impl Fn() -> Body + Clone + Send + Sync + 'static) -> Client {
    let (transport, _) = responding(move |_| Ok::<_, Error>(Response::new(body())));
    let client = Client::builder().without_token().transport(transport);
    client.build().unwrap()
}
