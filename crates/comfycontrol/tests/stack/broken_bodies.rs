//! The times of a response whose body breaks off and is asked for again.

use std::io;
use std::time::Duration;

use comfycontrol::rate_limit::{Limiter, Quota};
use comfycontrol::{Body, Timeouts};
use comfycontrol_test::now;
use futures_util::stream::{self, StreamExt};
use http::Response;

use super::support::{Outcome, Seen, builder, transport};

#[tokio::test(start_paused = true)]
async fn what_waits_for_the_limiter_does_not_stall() {
    let (client, seen, limiter) = limited(|n| match n {
        0 => broken(),
        _ => Ok(Response::new(Body::from("whole"))),
    });
    let response = client.get("/x").send().await.unwrap();
    limiter.pause_for(Duration::from_secs(600));
    let began = now();
    assert_eq!(response.text().await.unwrap(), "whole");
    assert!(began.elapsed() >= Duration::from_secs(600));
    assert_eq!(seen.count(), 2);
}

#[tokio::test(start_paused = true)]
async fn the_new_body_may_stall_as_little_as_the_first() {
    let (client, seen, limiter) = limited(|n| match n {
        0 => broken(),
        _ => Ok(Response::new(Body::from_stream(stream::pending::<
            io::Result<&str>,
        >()))),
    });
    // Even where the end of the call was waited for before.
    for total in [None, Some(Duration::from_secs(3_600))] {
        let mut call = client.get("/x");
        if let Some(total) = total {
            call = call.timeout(total);
        }
        let before = seen.count();
        let response = call.send().await.unwrap();
        limiter.pause_for(Duration::from_secs(600));
        let began = now();
        let error = response.bytes().await.unwrap_err();
        assert_eq!(error.to_string(), "response body stalled for 30s");
        let least = if before == 0 { 630 } else { 30 };
        assert!(began.elapsed() >= Duration::from_secs(least));
        assert!(began.elapsed() < Duration::from_secs(least + 20));
    }
}

#[tokio::test(start_paused = true)]
async fn the_time_of_the_call_ends_the_wait_for_another_attempt() {
    let (client, seen, limiter) = limited(|_| broken());
    let timeouts = Timeouts::call().total(Duration::from_secs(10));
    let response = client.get("/x").timeouts(timeouts).send().await.unwrap();
    limiter.pause_for(Duration::from_secs(9));
    let began = now();
    response.bytes().await.unwrap_err();
    assert!(began.elapsed() <= Duration::from_secs(10));
    assert!(seen.count() > 1);

    // One that would certainly come too late is not waited for.
    let response = client.get("/x").timeouts(timeouts).send().await.unwrap();
    let before = seen.count();
    limiter.pause_for(Duration::from_secs(60));
    let error = response.bytes().await.unwrap_err();
    assert!(format!("{error:#}").contains("broke off"), "{error:#}");
    assert_eq!(seen.count(), before);
}

// === support ===

fn limited(
    respond: impl Fn(usize) -> Outcome + Clone + Send + Sync + 'static,
) -> (comfycontrol::Client, Seen, Limiter) {
    let limiter = Limiter::new(Quota::new(40, Duration::from_secs(10)).unwrap());
    let (transport, seen) = transport(respond);
    let client = builder().rate_limit(limiter.clone()).transport(transport);
    (client.build().unwrap(), seen, limiter)
}

/// Half a body, and an error.
fn broken() -> Outcome {
    let half = stream::iter([Ok("wh")]);
    let reset = stream::iter([Err(io::Error::from(io::ErrorKind::ConnectionReset))]);
    Ok(Response::new(Body::from_stream(half.chain(reset))))
}
