//! A transport outlives the runtimes that it is used on, as a static one does in tests.

use std::sync::{Arc, LazyLock};
use std::task::{Context, Waker};

use comfycontrol_emulator::{Emulator, Fault, FaultRule};
use comfycontrol_test::{SECOND, real_time, until, within};
use comfycontrol_transport::{Transport, TransportErrorKind};
use http_body_util::BodyExt;
use tokio::runtime::{Builder, Runtime};
use tower::ServiceExt;

use crate::support::{Body, builder, edge, get, post, send};

#[test]
fn a_static_transport_is_used_by_one_runtime_after_another() {
    static EDGE: LazyLock<(Runtime, Emulator)> = LazyLock::new(|| {
        let mut runtime = Builder::new_multi_thread();
        let runtime = runtime.worker_threads(1).enable_all().build().unwrap();
        let emulator = runtime.block_on(edge());
        (runtime, emulator)
    });
    static TRANSPORT: LazyLock<Transport<Body>> =
        LazyLock::new(|| builder(&EDGE.1).build().unwrap());

    for _ in 0..3 {
        for url in [EDGE.1.http_url(), EDGE.1.https_url()] {
            // Its connections end with it.
            real_time().block_on(async {
                for _ in 0..2 {
                    let response = send(&TRANSPORT, post(&url)).await.unwrap();
                    response.into_body().collect().await.unwrap();
                }
            });
        }
    }
    assert_eq!(EDGE.1.captured_requests().len(), 12);
}

#[tokio::test]
async fn a_request_whose_connection_ends_with_another_runtime_is_reset() {
    let emulator = Arc::new(edge().await);
    let transport = builder(&emulator).build().unwrap();
    for url in [emulator.http_url(), emulator.https_url()] {
        emulator.clear_captured_requests();
        let silence = Fault::Delay(60 * SECOND);
        emulator.faults().add(FaultRule::next(1, silence));
        let asked = tokio::task::spawn_blocking({
            let (emulator, transport, url) = (emulator.clone(), transport.clone(), url.clone());
            move || {
                let first = real_time();
                let mut asking = Box::pin(transport.oneshot(get(url)));
                first.block_on(async {
                    tokio::select! {
                        _ = &mut asking => unreachable!("the server is silent"),
                        () = until(|| !emulator.captured_requests().is_empty()) => {}
                    }
                });
                drop(first);
                real_time().block_on(asking)
            }
        });
        let error = asked.await.unwrap().unwrap_err();
        assert_eq!(error.kind(), TransportErrorKind::Reset, "{url}: {error:?}");
        assert!(error.is_transient() && !error.is_unprocessed(), "{error:?}");
    }
}

#[tokio::test]
async fn a_call_whose_runtime_ends_before_its_connection_was_begun_is_reset() {
    let emulator = Arc::new(edge().await);
    let transport = builder(&emulator).build().unwrap();
    for url in [emulator.http_url(), emulator.https_url()] {
        let transport = transport.clone();
        let asked = tokio::task::spawn_blocking(move || {
            let first = real_time();
            let mut asking = Box::pin(transport.oneshot(get(url)));
            // Polled once, and what it has spawned never runs.
            let entered = first.enter();
            assert!(
                asking
                    .as_mut()
                    .poll(&mut Context::from_waker(Waker::noop()))
                    .is_pending()
            );
            drop(entered);
            drop(first);
            real_time().block_on(async { within(10 * SECOND, asking).await })
        });
        let error = asked.await.unwrap().unwrap_err();
        assert_eq!(error.kind(), TransportErrorKind::Reset, "{error:?}");
        assert!(error.is_unprocessed(), "{error:?}");
    }
}
