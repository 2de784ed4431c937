//! What a hostile error body costs in memory, with sockets, TLS and decompression, counted by the
//! allocator.

#[path = "support/emulated.rs"]
mod emulated;

use std::hint::black_box;

use allocation_counter::{AllocationInfo, measure};
use comfycontrol::retry::RetryPolicy;
use comfycontrol::transport::TransportBuilder;
use comfycontrol::{Body, Client, ClientBuilder, Error, RateLimitMode};
use comfycontrol_emulator::{Emulator, Fault, FaultRule, Garbage, Shape};
use comfycontrol_test::SECOND;
use tokio::runtime::{Builder, Runtime};

const CAP: usize = 64 * 1024;
const MIB: u64 = 1024 * 1024;

#[test]
fn a_bomb_costs_little_more_than_the_cap() {
    let edge = Edge::start();
    for url in [edge.emulator.https_url(), edge.emulator.http_url()] {
        let client = builder(&edge.emulator).base_url(&url).build().unwrap();
        // 200 MiB, 10 MiB and 200 KB. In addition to what is kept there is what hyper has read
        // ahead, which is all of a small body, and at most HTTP/2's window of 2 MiB.
        for (garbage, most) in [
            (Garbage::GzipBomb, MIB),
            (Garbage::Huge, 3 * MIB),
            (Garbage::Nested, MIB),
        ] {
            let (cost, error) = edge.cost(garbage, client.clone());
            let api = error.as_api().unwrap();
            assert_eq!(api.status(), garbage.status());
            assert!(api.is_body_truncated());
            assert_eq!(api.body().len(), CAP);
            assert!(cost.bytes_max < most, "{garbage:?} {url}: {cost:?}");
        }
    }
}

#[test]
fn without_a_cap_it_costs_what_was_sent_which_shows_that_it_is_counted() {
    let edge = Edge::start();
    let builder = builder(&edge.emulator).base_url(edge.emulator.http_url());
    let mut layers = builder.layers().unwrap();
    layers.error_decoder = layers.error_decoder.max_error_body(usize::MAX);
    let transport = TransportBuilder::new()
        .root_certificate(edge.emulator.ca_der())
        .no_proxy();
    let stack = layers.stack(transport.build::<Body>().unwrap());
    let client = Client::builder()
        .without_token()
        .base_url(edge.emulator.http_url())
        .rate_limit(RateLimitMode::Off)
        .retry(RetryPolicy::none())
        .transport(stack)
        .build()
        .unwrap();
    let (cost, error) = edge.cost(Garbage::Huge, client);
    let api = error.as_api().unwrap();
    assert!(!api.is_body_truncated());
    assert!(api.body().len() as u64 > 10 * MIB);
    assert!(cost.bytes_max > 10 * MIB, "{cost:?}");
}

// === support ===

/// The emulator on threads of its own, which are not counted.
struct Edge {
    emulator: Emulator,
    ours: Runtime,
    _theirs: Runtime,
}

impl Edge {
    fn start() -> Self {
        let theirs = Builder::new_multi_thread()
            .worker_threads(1)
            .enable_all()
            .build()
            .unwrap();
        let emulator = Emulator::builder().limit(None).start();
        let emulator = theirs.block_on(emulator).unwrap();
        Self {
            emulator,
            ours: Builder::new_current_thread().enable_all().build().unwrap(),
            _theirs: theirs,
        }
    }

    /// What the call costs over a connection that has been made.
    fn cost(&self, garbage: Garbage, client: Client) -> (AllocationInfo, Error) {
        let ask = || self.ours.block_on(client.get("/v1/user").send());
        ask().unwrap();
        let fault = Fault::Respond(Shape::Garbage(garbage));
        self.emulator.faults().add(FaultRule::next(1, fault));
        let mut error = None;
        let cost = measure(|| {
            let failed = ask().unwrap_err();
            black_box(format!("{failed} {failed:?}"));
            error = Some(failed);
        });
        (cost, error.unwrap())
    }
}

fn builder(emulator: &Emulator) -> ClientBuilder {
    emulated::builder(emulator)
        .rate_limit(RateLimitMode::Off)
        .retry(RetryPolicy::none())
        .timeout(30 * SECOND)
}
