use std::time::Duration;

use comfycontrol_rate_limit::{InFlight, Limiter, LimiterBuilder, Quota, Window};
use http::{Request, Response, StatusCode};
use tokio::time::Instant;
use tokio_test::{assert_ready_ok, task};
use tower::BoxError;

pub(crate) const SECOND: Duration = Duration::from_secs(1);
pub(crate) const MILLISECOND: Duration = Duration::from_millis(1);
/// Ten seconds, as the server counts them.
pub(crate) const TEN: Duration = Duration::from_secs(10);
/// As we count them: a thousandth longer, for clocks that do not agree.
pub(crate) const WINDOW: Duration = Duration::from_millis(10_010);
/// What is added to a cooldown.
pub(crate) const MARGIN: Duration = Duration::from_millis(500);
/// A cooldown with its margin.
pub(crate) const PAUSE: Duration = Duration::from_millis(10_500);

pub(crate) fn quota(requests: u32) -> Quota {
    Quota::new(requests, TEN).unwrap()
}

pub(crate) fn builder(requests: u32) -> LimiterBuilder {
    Limiter::builder(quota(requests)).window(Window::Sliding)
}

pub(crate) fn sliding(requests: u32) -> Limiter {
    builder(requests).build()
}

#[expect(clippy::disallowed_methods, reason = "the paused clock")]
pub(crate) fn now() -> Instant {
    Instant::now()
}

/// A request that leaves at once.
pub(crate) fn send(limiter: &Limiter) -> InFlight {
    assert_ready_ok!(task::spawn(limiter.acquire()).poll()).dispatch()
}

pub(crate) fn answer(flight: InFlight) {
    flight.settle(&Response::new(()));
}

/// So many requests, sent and answered.
pub(crate) fn spend(limiter: &Limiter, requests: usize) {
    (0..requests).for_each(|_| answer(send(limiter)));
}

pub(crate) fn refuse(flight: InFlight, headers: &[(&str, &str)]) {
    flight.settle(&too_many(headers));
}

pub(crate) fn too_many(headers: &[(&str, &str)]) -> Response<()> {
    let response = Response::builder().status(StatusCode::TOO_MANY_REQUESTS);
    let add = |response: http::response::Builder, (name, value): &(&str, &str)| {
        response.header(*name, *value)
    };
    headers.iter().fold(response, add).body(()).unwrap()
}

pub(crate) fn closed_for(limiter: &Limiter) -> Duration {
    let until = limiter.snapshot().closed_until();
    until.map_or(Duration::ZERO, |until| until - now())
}

/// Answers everything.
pub(crate) async fn ok(_: Request<()>) -> Result<Response<()>, BoxError> {
    Ok(Response::new(()))
}

/// The output of a future, which fails the test if it never comes.
pub(crate) async fn finish<F: Future>(future: F) -> F::Output {
    let year = Duration::from_secs(365 * 86_400);
    tokio::time::timeout(year, future)
        .await
        .expect("waits for ever")
}
