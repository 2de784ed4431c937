//! Time: for the whole call, for an attempt, and until the head of a response.

use std::sync::{Mutex, mpsc};
use std::time::Duration;

use comfycontrol::rate_limit::Quota;
use comfycontrol::retry::RetryPolicy;
use comfycontrol::token::{SourceError, SourceErrorKind, Token, TokenProvider, TokenSource};
use comfycontrol::{Body, Client, Error, ErrorKind, Multipart, Sent, TimedOut, Timeouts};
use comfycontrol_test::{SECOND, now};
use http::{Method, Request};
use http_body_util::BodyExt;
use tokio::time::advance;
use tokio_test::{assert_pending, assert_ready_err, task};
use tower::{Layer, Service, ServiceExt, service_fn};

use super::support::{Outcome, builder, client_of, client_over, status, transport};

#[tokio::test(start_paused = true)]
async fn a_call_whose_deadline_is_shorter_than_the_queue_is_rejected_at_once() {
    let quota = Quota::new(1, Duration::from_secs(10)).unwrap();
    let (transport, seen) = transport(|_| status(200));
    let client = builder()
        .rate_limit(quota)
        .transport(transport)
        .build()
        .unwrap();
    client.get("/first").send().await.unwrap();

    let began = now();
    let mut call = task::spawn(client.get("/second").timeout(Duration::from_secs(5)).send());
    let rejected = assert_ready_err!(call.poll());
    assert_eq!(
        (rejected.kind(), rejected.sent()),
        (ErrorKind::Rejected, Sent::No)
    );
    assert!(rejected.retry_after().unwrap() >= Duration::from_secs(5));
    assert_eq!((seen.count(), began.elapsed()), (1, Duration::ZERO));
}

#[tokio::test(start_paused = true)]
async fn the_deadline_covers_all_attempts() {
    let (client, seen) = client_of(|_| status(429));
    let began = now();
    client
        .get("/x")
        .timeout(Duration::from_secs(15))
        .send()
        .await
        .unwrap_err();
    assert!(began.elapsed() <= Duration::from_secs(15));
    assert!(seen.count() <= 2);
}

#[tokio::test(start_paused = true)]
async fn a_silent_server_ends_the_attempt_with_an_error() {
    let client = client_over(service_fn(|_: Request<Body>| {
        std::future::pending::<Outcome>()
    }));
    let mut call = task::spawn(client.post("/x").send());
    assert_pending!(call.poll());
    advance(Duration::from_secs(29)).await;
    assert_pending!(call.poll());
    advance(Duration::from_secs(2)).await;
    let failed = assert_ready_err!(call.poll());
    assert_eq!(
        (failed.kind(), failed.sent()),
        (ErrorKind::TimedOut, Sent::Maybe)
    );
    assert_eq!(failed.to_string(), "no response within 30s");
}

#[tokio::test(start_paused = true)]
async fn the_whole_call_has_a_deadline_too() {
    let client = client_over(service_fn(|_: Request<Body>| {
        std::future::pending::<Outcome>()
    }));
    let mut call = task::spawn(client.get("/x").timeout(Duration::from_secs(3)).send());
    assert_pending!(call.poll());
    advance(Duration::from_secs(4)).await;
    let failed = assert_ready_err!(call.poll());
    assert!(failed.as_cause::<TimedOut>().unwrap().is_total() && failed.is_timeout());
    assert_eq!(failed.call(), Some((&Method::GET, "/x")));
}

#[tokio::test(start_paused = true)]
async fn an_upload_that_moves_is_not_timed_out() {
    let slow = service_fn(|req: Request<Body>| async move {
        let mut body = req.into_body();
        while body.frame().await.is_some() {
            tokio::time::sleep(Duration::from_secs(20)).await;
        }
        status(200)
    });
    let client = client_over(slow);
    let parts = Body::concat((0..10).map(|_| Body::from("x")));
    client.post("/x").body(parts).send().await.unwrap();
}

#[tokio::test(start_paused = true)]
async fn profiles_give_way_to_what_the_caller_has_set() {
    let timeouts_of = |request: Result<Request<Body>, Error>| {
        request.unwrap().extensions().get::<Timeouts>().copied()
    };
    let (plain, _) = client_of(|_| status(200));
    assert_eq!(timeouts_of(plain.get("/x").build()), None);
    let minute = Duration::from_secs(60);
    let upload = || plain.post("/x").multipart(Multipart::new());
    for request in [
        upload().timeout(minute),
        plain.post("/x").timeout(minute).multipart(Multipart::new()),
    ] {
        assert_eq!(
            timeouts_of(request.build()),
            Some(Timeouts::upload().total(minute))
        );
    }
    let own = upload().timeouts(Timeouts::none());
    assert_eq!(timeouts_of(own.build()), Some(Timeouts::none()));

    let (transport, _) = transport(|_| status(200));
    let patient = builder()
        .attempt_timeout(10 * minute)
        .transport(transport)
        .build()
        .unwrap();
    let request = patient.post("/x").multipart(Multipart::new());
    assert_eq!(timeouts_of(request.build()), None);

    // What was set stays, though it is the usual.
    let half = Duration::from_secs(30);
    let own = upload().timeouts(Timeouts::new().attempt(half)).build();
    let own = timeouts_of(own).unwrap_or(Timeouts::call());
    assert_eq!(own.attempt_limit(), Some(half));
    let (transport, _) = super::support::transport(|_| status(200));
    let usual = builder()
        .attempt_timeout(half)
        .transport(transport)
        .build()
        .unwrap();
    let request = usual.post("/x").multipart(Multipart::new());
    let timeouts = timeouts_of(request.build()).unwrap_or(Timeouts::call());
    assert_eq!(timeouts.attempt_limit(), Some(half));
}

#[tokio::test(start_paused = true)]
async fn the_default_timeouts_of_a_request_stand_where_nobody_has_set_any() {
    let silent = || service_fn(|_: Request<Body>| std::future::pending::<Outcome>());
    let defaults = Timeouts::new().attempt(2 * SECOND).total(5 * SECOND);
    let once = || builder().retry(RetryPolicy::none()).transport(silent());
    let client = once().build().unwrap();
    let patient = once().attempt_timeout(4 * SECOND).build().unwrap();
    let get = |client: &Client| client.get("/x").default_timeouts(defaults);
    for (request, seconds) in [
        (get(&client), 2),
        (get(&client).timeout(SECOND), 1),
        (
            get(&client).timeouts(Timeouts::new().attempt(3 * SECOND)),
            3,
        ),
        (get(&client).timeouts(Timeouts::new().without_attempt()), 5),
        // The client's own come before the defaults, and the rest of those stands.
        (get(&patient), 4),
        (get(&patient).timeouts(Timeouts::new().without_attempt()), 5),
        // The last defaults count.
        (
            get(&client).default_timeouts(Timeouts::new().attempt(SECOND)),
            1,
        ),
        (client.get("/x"), 30),
    ] {
        let began = now();
        let failed = request.send().await.unwrap_err();
        assert!(failed.is_timeout());
        assert_eq!(began.elapsed().as_secs(), seconds);
    }
}

#[tokio::test(start_paused = true)]
async fn what_waits_for_its_token_was_never_sent() {
    struct Silent(Mutex<mpsc::Receiver<()>>);

    impl TokenSource for Silent {
        fn read(&self) -> Result<Token, SourceError> {
            self.0.lock().unwrap().recv().unwrap_err();
            Err(SourceError::new("silent", SourceErrorKind::NotFound))
        }
    }

    for limit in [
        Timeouts::none().total(SECOND),
        Timeouts::none().attempt(SECOND),
    ] {
        let (until_dropped, silent) = mpsc::channel();
        let (transport, seen) = transport(|_| status(200));
        let client = Client::builder()
            .token_provider(TokenProvider::new(Silent(Mutex::new(silent))))
            .retry(RetryPolicy::none())
            .timeouts(limit)
            .transport(transport)
            .build()
            .unwrap();
        let mut call = task::spawn(client.post("/x").send());
        assert_pending!(call.poll());
        advance(SECOND).await;
        let failed = assert_ready_err!(call.poll());
        assert!(failed.is_timeout() && failed.is_retryable(), "{failed}");
        assert_eq!((failed.sent(), seen.count()), (Sent::No, 0));
        drop(until_dropped);
    }
}

#[tokio::test(start_paused = true)]
async fn what_has_left_may_have_been_received() {
    for limit in [
        Timeouts::none().total(SECOND),
        Timeouts::none().attempt(SECOND),
    ] {
        let silent = service_fn(|_: Request<Body>| std::future::pending::<Outcome>());
        let client = builder().timeouts(limit).transport(silent).build().unwrap();
        let mut call = task::spawn(client.post("/x").send());
        assert_pending!(call.poll());
        advance(SECOND).await;
        let failed = assert_ready_err!(call.poll());
        assert!(failed.is_timeout() && !failed.is_retryable(), "{failed}");
        assert_eq!(failed.sent(), Sent::Maybe);
    }
}

#[tokio::test(start_paused = true)]
async fn a_timeout_that_stands_alone_does_not_claim_that_nothing_was_sent() {
    use comfycontrol::timeout::{AttemptTimeoutLayer, ProgressBody, TotalTimeoutLayer};

    let limit = Timeouts::none().total(SECOND).attempt(SECOND);
    let request = || Request::new(Body::empty());
    let silent = service_fn(|_: Request<Body>| std::future::pending::<Outcome>());
    let mut total = task::spawn(
        TotalTimeoutLayer::new(limit)
            .layer(silent)
            .oneshot(request()),
    );
    let silent = service_fn(|_: Request<ProgressBody<Body>>| std::future::pending::<Outcome>());
    let mut attempt = AttemptTimeoutLayer::new(limit).layer(silent);
    let mut attempt = task::spawn(attempt.call(request()));
    assert_pending!(total.poll());
    assert_pending!(attempt.poll());
    advance(SECOND).await;
    for failed in [
        assert_ready_err!(total.poll()),
        assert_ready_err!(attempt.poll()),
    ] {
        assert_eq!(failed.sent(), Sent::Maybe);
    }
}
