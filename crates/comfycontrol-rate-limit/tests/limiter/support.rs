#[path = "../support/quota.rs"]
mod quota;

use std::time::Duration;

use comfycontrol_rate_limit::{InFlight, Limiter};
use http::{Request, Response, StatusCode};
use tokio_test::{assert_ready_ok, task};
use tower::BoxError;

pub(crate) use comfycontrol_test::{MILLISECOND, SECOND, YEAR, now, within};

pub(crate) use quota::{PAUSE, TEN, WINDOW, builder, quota};

/// What is added to a cooldown.
pub(crate) const MARGIN: Duration = Duration::from_millis(500);

pub(crate) fn sliding(requests: u32) -> Limiter {
    builder(requests).build()
}

/// A request that leaves at once.
pub(crate) fn send(limiter: &Limiter) -> InFlight {
    assert_ready_ok!(task::spawn(limiter.acquire()).poll()).dispatch()
}

pub(crate) fn respond(flight: InFlight) {
    flight.settle(&Response::new(()));
}

/// So many requests and their responses.
pub(crate) fn spend(limiter: &Limiter, requests: usize) {
    (0..requests).for_each(|_| respond(send(limiter)));
}

pub(crate) fn throttle(flight: InFlight, headers: &[(&str, &str)]) {
    flight.settle(&too_many_requests(headers));
}

pub(crate) fn too_many_requests(headers: &[(&str, &str)]) -> Response<()> {
    let response = Response::builder().status(StatusCode::TOO_MANY_REQUESTS);
    let add = |response: http::response::Builder, (name, value): &(&str, &str)| {
        response.header(*name, *value)
    };
    headers.iter().fold(response, add).body(()).unwrap()
}

pub(crate) fn paused_for(limiter: &Limiter) -> Duration {
    let until = limiter.snapshot().paused_until();
    until.map_or(Duration::ZERO, |until| until - now())
}

/// Responds to everything.
pub(crate) async fn ok(_: Request<()>) -> Result<Response<()>, BoxError> {
    Ok(Response::new(()))
}
