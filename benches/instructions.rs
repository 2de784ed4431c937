//! The hot paths in instructions, against the ceilings of `ceilings.rs`: for machines too noisy for
//! times. Needs valgrind and `gungraun-runner`, and says so where they are missing.

mod ceilings;

use std::env::args;

use comfycontrol_benches::process::is_installed;

fn main() {
    if args().any(|arg| arg == "--test") {
        return counted::once_each();
    }
    if args().nth(1).is_none_or(|arg| arg != "--gungraun-run") {
        for (program, source) in [
            ("valgrind", "it is a package of most systems"),
            (
                "gungraun-runner",
                "cargo install gungraun-runner --version 0.20.0 --locked",
            ),
        ] {
            if !is_installed(program) {
                println!("instructions: skipped, as {program} is missing ({source})");
                return;
            }
        }
    }
    counted::run();
}

/// One operation each, on what was prepared and used before.
#[expect(unused_qualifications, reason = "in what the macros write")]
mod counted {
    use std::hint::black_box;

    use bytes::Bytes;
    use comfycontrol::Body;
    use comfycontrol_benches::measure::{at_once, tokio_now};
    use comfycontrol_benches::subjects::http::{Contest, Sender, Wire};
    use comfycontrol_benches::subjects::layers::{
        Bare, Three, Whole, add_token, facade_request, rate_limit, request, three, whole,
    };
    use comfycontrol_benches::subjects::limiter::{attempt, new, pass, responses_due, used_up};
    use comfycontrol_benches::subjects::responses::{Canned, ResponseKind};
    use comfycontrol_error::{ErrorDecoder, ErrorDecoderLayer};
    use comfycontrol_rate_limit::{Algorithm, InFlight, Limiter, RateLimit};
    use comfycontrol_token::AddToken;
    use gungraun::prelude::*;
    use gungraun::{Callgrind, EventKind};
    use http::{HeaderMap, Request, Response, StatusCode};
    use http_body_util::Empty;
    use tower::{BoxError, Layer, Service};

    use super::ceilings;

    pub(super) fn run() {
        main();
    }

    /// The same without counting: to prepare an operation is to have done it.
    pub(super) fn once_each() {
        half_used(Algorithm::Strict);
        half_used(Algorithm::SlidingLog);
        used_up(Algorithm::Strict, 40);
        drop(one_response_due(Algorithm::Strict, 40));
        used(Bare::<BoxError>::new()).call();
        used(add_token().layer(Bare::<BoxError>::new())).call();
        used(rate_limit().layer(Bare::<BoxError>::new())).call();
        used(ErrorDecoderLayer::new().layer(Bare::<BoxError>::new())).call();
        used(three(&add_token())).call();
        responding(ResponseKind::Json);
        used_whole();
        for sender in Sender::ALL {
            connected(sender, Wire::Http1);
            connected(sender, Wire::Http2Tls);
        }
    }

    #[library_benchmark]
    #[bench::tokio(())]
    fn clock_read((): ()) {
        black_box(tokio_now());
    }

    #[library_benchmark]
    #[bench::strict(args = (Algorithm::Strict), setup = half_used, config = within(ceilings::GRANT_STRICT))]
    #[bench::sliding(args = (Algorithm::SlidingLog), setup = half_used, config = within(ceilings::GRANT_SLIDING_LOG))]
    fn grant_and_settle(limiter: Limiter) -> Limiter {
        pass(black_box(&limiter));
        limiter
    }

    #[library_benchmark]
    #[bench::strict(args = (Algorithm::Strict, 40), setup = used_up, config = within(ceilings::ATTEMPT_WHEN_FULL))]
    fn attempt_when_full(limiter: Limiter) -> Limiter {
        assert!(attempt(black_box(&limiter)).is_some(), "the log is full");
        limiter
    }

    #[library_benchmark]
    #[bench::strict(args = (Algorithm::Strict, 40), setup = one_response_due, config = within(ceilings::ATTEMPT_AFTER_A_RESPONSE))]
    fn attempt_after_a_response((limiter, responded): (Limiter, InFlight)) -> Limiter {
        responded.settle_parts(StatusCode::OK, &HeaderMap::new());
        assert!(attempt(black_box(&limiter)).is_some(), "the log is full");
        limiter
    }

    #[library_benchmark]
    #[bench::service(args = (Bare::new()), setup = used)]
    fn bare(prepared: Prepared<Bare>) -> Called<Bare> {
        prepared.call()
    }

    #[library_benchmark]
    #[bench::layer(args = (add_token().layer(Bare::new())), setup = used, config = within(ceilings::ADD_TOKEN))]
    fn token(prepared: Prepared<AddToken<Bare>>) -> Called<AddToken<Bare>> {
        prepared.call()
    }

    #[library_benchmark]
    #[bench::layer(args = (rate_limit().layer(Bare::new())), setup = used, config = within(ceilings::RATE_LIMIT))]
    fn limit(prepared: Prepared<RateLimit<Bare>>) -> Called<RateLimit<Bare>> {
        prepared.call()
    }

    #[library_benchmark]
    #[bench::layer(args = (ErrorDecoderLayer::new().layer(Bare::new())), setup = used, config = within(ceilings::DECODE_SUCCESS))]
    fn success(prepared: Prepared<ErrorDecoder<Bare>>) -> Called<ErrorDecoder<Bare>> {
        prepared.call()
    }

    #[library_benchmark]
    #[bench::error(args = (ResponseKind::Json), setup = responding, config = within(ceilings::DECODE_JSON))]
    fn json(mut service: ErrorDecoder<Canned>) -> ErrorDecoder<Canned> {
        ResponseKind::Json.decode(black_box(&mut service));
        service
    }

    #[library_benchmark]
    #[bench::three(args = (three(&add_token())), setup = used, config = within(ceilings::THREE_LAYERS))]
    fn layers(prepared: Prepared<Three>) -> Called<Three> {
        prepared.call()
    }

    #[library_benchmark]
    #[bench::whole(setup = used_whole, config = within(ceilings::WHOLE_STACK))]
    fn stack((mut service, request): (Whole, Request<Body>)) -> Whole {
        let response = at_once(black_box(&mut service).call(request));
        black_box(response.expect("a success"));
        service
    }

    #[library_benchmark]
    #[bench::bare(args = (Sender::Bare, Wire::Http1), setup = connected)]
    #[bench::comfycontrol(args = (Sender::Facade, Wire::Http1), setup = connected, config = within(ceilings::TEN_REQUESTS))]
    #[bench::reqwest(args = (Sender::Reqwest, Wire::Http1), setup = connected)]
    #[bench::bare_http2(args = (Sender::Bare, Wire::Http2Tls), setup = connected)]
    #[bench::comfycontrol_http2(args = (Sender::Facade, Wire::Http2Tls), setup = connected, config = within(ceilings::TEN_REQUESTS_HTTP2))]
    #[bench::reqwest_http2(args = (Sender::Reqwest, Wire::Http2Tls), setup = connected)]
    fn ten_requests((contest, sender, wire): (Contest, Sender, Wire)) -> Contest {
        black_box(contest.lap(sender, wire, 1, 10));
        contest
    }

    library_benchmark_group!(
        name = hot_paths;
        benchmarks = clock_read, grant_and_settle, attempt_when_full, attempt_after_a_response, bare, token, limit, success, json, layers, stack, ten_requests
    );

    main!(library_benchmark_groups = hot_paths);

    fn within(ceiling: u64) -> LibraryBenchmarkConfig {
        let mut callgrind = Callgrind::default();
        callgrind.hard_limits([(EventKind::Ir, ceiling)]);
        let mut config = LibraryBenchmarkConfig::default();
        config.tool(callgrind);
        config
    }

    fn half_used(window: Algorithm) -> Limiter {
        let limiter = new(window, 40);
        (0..20).for_each(|_| pass(&limiter));
        limiter
    }

    fn one_response_due(window: Algorithm, quota: u32) -> (Limiter, InFlight) {
        let (limiter, mut under_way) = responses_due(window, quota, 1);
        (limiter, under_way.pop().expect("one is under way"))
    }

    fn responding(kind: ResponseKind) -> ErrorDecoder<Canned> {
        let mut service = kind.service();
        kind.decode(&mut service);
        service
    }

    /// A service that has been called before, and its next request.
    struct Prepared<S> {
        service: S,
        request: Request<Empty<Bytes>>,
    }

    /// What is left of it; dropped when the count is over.
    type Called<S> = (S, Response<Empty<Bytes>>);

    fn used<S: Simple>(mut service: S) -> Prepared<S> {
        for _ in 0..3 {
            let response = at_once(service.call(request(true)));
            drop(response.ok().expect("a success"));
        }
        let request = request(true);
        Prepared { service, request }
    }

    fn connected(sender: Sender, wire: Wire) -> (Contest, Sender, Wire) {
        let contest = Contest::new();
        contest.lap(sender, wire, 1, 10);
        (contest, sender, wire)
    }

    fn used_whole() -> (Whole, Request<Body>) {
        let mut service = whole();
        for _ in 0..3 {
            let response = at_once(service.call(facade_request(true)));
            drop(response.expect("a success"));
        }
        (service, facade_request(true))
    }

    impl<S: Simple> Prepared<S> {
        #[inline]
        fn call(mut self) -> Called<S> {
            let response = at_once(black_box(&mut self.service).call(self.request));
            (self.service, response.ok().expect("a success"))
        }
    }

    /// A service of empty requests and empty responses.
    trait Simple: Service<Request<Empty<Bytes>>, Response = Response<Empty<Bytes>>> {}

    impl<S: Service<Request<Empty<Bytes>>, Response = Response<Empty<Bytes>>>> Simple for S {}
}
