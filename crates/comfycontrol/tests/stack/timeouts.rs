//! Time.

use std::io;
use std::sync::{Mutex, mpsc};
use std::time::Duration;

use comfycontrol::rate_limit::Quota;
use comfycontrol::retry::RetryPolicy;
use comfycontrol::token::{SourceError, SourceProblem, Token, TokenSource, Tokens};
use comfycontrol::{Body, Client, Error, ErrorKind, Multipart, Sent, Timeouts};
use futures_util::stream;
use http::{Method, Request, Response, StatusCode};
use http_body_util::BodyExt;
use tokio::time::advance;
use tokio_test::{assert_pending, assert_ready, assert_ready_err, assert_ready_ok, task};
use tower::{Layer, Service, ServiceExt, service_fn};

use super::support::{Answer, answering, builder, client_over, now, status, transport};

#[tokio::test(start_paused = true)]
async fn a_deadline_shorter_than_the_queue_is_refused_at_once() {
    let quota = Quota::new(1, Duration::from_secs(10)).unwrap();
    let (transport, seen) = transport(|_| status(200));
    let client = builder().quota(quota).transport(transport).build().unwrap();
    client.get("/first").send().await.unwrap();

    let began = now();
    let mut call = task::spawn(client.get("/second").timeout(Duration::from_secs(5)).send());
    let refused = assert_ready_err!(call.poll());
    assert_eq!(
        (refused.kind(), refused.sent()),
        (ErrorKind::NotAdmitted, Sent::No)
    );
    assert!(refused.retry_after().unwrap() >= Duration::from_secs(5));
    assert_eq!((seen.count(), began.elapsed()), (1, Duration::ZERO));
}

#[tokio::test(start_paused = true)]
async fn the_deadline_covers_all_attempts() {
    let (client, seen) = answering(|_| status(429));
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
        std::future::pending::<Answer>()
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
    assert_eq!(failed.to_string(), "no answer within 30s");
}

#[tokio::test(start_paused = true)]
async fn the_whole_call_has_a_deadline_too() {
    let client = client_over(service_fn(|_: Request<Body>| {
        std::future::pending::<Answer>()
    }));
    let mut call = task::spawn(client.get("/x").timeout(Duration::from_secs(3)).send());
    assert_pending!(call.poll());
    advance(Duration::from_secs(4)).await;
    let failed = assert_ready_err!(call.poll());
    assert!(failed.as_timed_out().unwrap().is_total() && failed.is_timeout());
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
async fn a_stalled_body_ends_with_an_error() {
    let (client, _) = answering(|_| {
        let first = stream::iter([Ok::<_, io::Error>("[1,")]);
        let body = Body::from_stream(stream::StreamExt::chain(first, stream::pending()));
        Ok(Response::new(body))
    });
    let mut call = task::spawn(async { client.get("/x").send().await?.bytes().await });
    assert_pending!(call.poll());
    advance(Duration::from_secs(31)).await;
    let failed = assert_ready_err!(call.poll());
    assert_eq!(failed.to_string(), "response body stalled for 30s");
}

#[tokio::test(start_paused = true)]
async fn the_deadline_covers_a_body_that_drips() {
    let (client, _) = answering(|_| {
        let drip = stream::unfold((), |()| async {
            tokio::time::sleep(Duration::from_secs(1)).await;
            Some((Ok::<_, io::Error>("x"), ()))
        });
        Ok(Response::new(Body::from_stream(drip)))
    });
    let timeouts = Timeouts::call().total(Duration::from_secs(10));
    let began = now();
    let failed = client
        .get("/x")
        .timeouts(timeouts)
        .send()
        .await
        .unwrap()
        .bytes()
        .await
        .unwrap_err();
    assert!(failed.is_timeout());
    assert_eq!(began.elapsed().as_secs(), 10);
}

#[tokio::test(start_paused = true)]
async fn profiles_give_way_to_what_the_caller_has_set() {
    let timeouts_of = |request: Result<Request<Body>, Error>| {
        request.unwrap().extensions().get::<Timeouts>().copied()
    };
    let (plain, _) = answering(|_| status(200));
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
}

#[tokio::test(start_paused = true)]
async fn the_deadline_covers_a_body_that_is_always_ready() {
    let (client, _) = answering(|_| {
        let endless = stream::repeat_with(|| Ok::<_, io::Error>("x"));
        Ok(Response::new(Body::from_stream(endless)))
    });
    let call = client.get("/x").timeout(Duration::from_secs(10));
    let mut pieces = task::spawn(call.send().await.unwrap().into_stream());
    assert_ready_ok!(pieces.poll_next().map(Option::unwrap));
    advance(Duration::from_secs(9)).await;
    assert_ready_ok!(pieces.poll_next().map(Option::unwrap));
    advance(Duration::from_secs(1)).await;
    let failed = assert_ready_err!(pieces.poll_next().map(Option::unwrap));
    assert_eq!(failed.to_string(), "call not finished within 10s");
    assert_eq!(failed.status(), Some(StatusCode::OK));
    assert!(assert_ready!(pieces.poll_next()).is_none());
}

/// A stream of gzip that is kept alive with blocks of nothing.
#[cfg(feature = "gzip")]
#[tokio::test(start_paused = true)]
async fn a_body_that_brings_nothing_but_compression_stalls() {
    let (client, _) = answering(|_| {
        let head = stream::iter([Ok::<_, io::Error>(&b"\x1f\x8b\x08\0\0\0\0\0\0\xff"[..])]);
        let nothing = stream::unfold(0, |sent| async move {
            tokio::time::sleep(Duration::from_secs(1)).await;
            (sent < 100).then_some((Ok(&b"\0\0\0\xff\xff"[..]), sent + 1))
        });
        let body = Body::from_stream(stream::StreamExt::chain(head, nothing));
        let response = Response::builder().header("content-encoding", "gzip");
        Ok(response.body(body).unwrap())
    });
    let began = now();
    let response = client.get("/x").send().await.unwrap();
    let failed = response.bytes().await.unwrap_err();
    assert_eq!(failed.to_string(), "response body stalled for 30s");
    assert_eq!(began.elapsed().as_secs(), 30);
}

#[tokio::test(start_paused = true)]
async fn parts_that_come_in_time_never_stall() {
    let (client, _) = answering(|_| {
        let drip = stream::unfold(0, |sent| async move {
            tokio::time::sleep(Duration::from_secs(29)).await;
            (sent < 10).then_some((Ok::<_, io::Error>("x"), sent + 1))
        });
        Ok(Response::new(Body::from_stream(drip)))
    });
    let response = client.get("/x").send().await.unwrap();
    assert_eq!(response.text().await.unwrap(), "xxxxxxxxxx");
}

#[tokio::test(start_paused = true)]
async fn what_waits_for_its_token_was_never_sent() {
    struct Silent(Mutex<mpsc::Receiver<()>>);

    impl TokenSource for Silent {
        fn read(&self) -> Result<Token, SourceError> {
            self.0.lock().unwrap().recv().unwrap_err();
            Err(SourceError::new("silent", SourceProblem::Absent))
        }
    }

    for limit in [
        Timeouts::none().total(SECOND),
        Timeouts::none().attempt(SECOND),
    ] {
        let (until_dropped, silent) = mpsc::channel();
        let (transport, seen) = transport(|_| status(200));
        let client = Client::builder()
            .tokens(Tokens::new(Silent(Mutex::new(silent))))
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
        let silent = service_fn(|_: Request<Body>| std::future::pending::<Answer>());
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
    use comfycontrol::stack::{AttemptTimeoutLayer, DeadlineLayer};

    let limit = Timeouts::none().total(SECOND).attempt(SECOND);
    let request = || Request::new(Body::empty());
    let silent = || service_fn(|_: Request<Body>| std::future::pending::<Answer>());
    let mut total = task::spawn(DeadlineLayer::new(limit).layer(silent()).oneshot(request()));
    let mut attempt = AttemptTimeoutLayer::new(limit).layer(silent());
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

const SECOND: Duration = Duration::from_secs(1);
