//! An edge without an API, and requests to it.

use comfycontrol_emulator::{Algorithm, Body, EdgeService, Emulator, Limit, ResponseFuture};
use comfycontrol_test::SECOND;
use http::Request;
use tower::Service;

pub(crate) fn bare(n: u32) -> EdgeService {
    let limit = Limit::new(n, 10 * SECOND).unwrap();
    let limit = limit.algorithm(Algorithm::SlidingLog);
    Emulator::builder().limit(limit).without_api().service()
}

pub(crate) fn send(service: &mut EdgeService) -> ResponseFuture<Body> {
    service.call(Request::new(Body::empty()))
}
