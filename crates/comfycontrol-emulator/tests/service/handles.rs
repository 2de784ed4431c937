//! What is shared by clones and handles, and by threads.

use comfycontrol_emulator::{Body, EdgeService, Emulator, Fault, FaultRule, Lost, ResponseFuture};
use comfycontrol_test::MILLISECOND;
use http::Response;
use tokio::time::advance;
use tokio_test::{assert_pending, assert_ready, assert_ready_err, assert_ready_ok, task};

use crate::client::{bare, send};

#[tokio::test(start_paused = true)]
async fn clones_share_the_edge_and_addresses_do_not_share_a_limit() {
    let mut one = bare(1);
    let mut other = one.clone().ip([10, 0, 0, 1]);
    assert_eq!(respond(&mut one.clone()).status(), 200);
    assert_eq!(respond(&mut one).status(), 429);
    assert_eq!(respond(&mut other).status(), 200);
    assert_eq!(one.edge().requests(), 3);
}

#[tokio::test(start_paused = true)]
async fn faults_befall_the_service_too() {
    let mut service = bare(10);
    service.faults().add(FaultRule::next(1, Fault::Reset));
    service
        .faults()
        .add(FaultRule::next(1, Fault::Delay(50 * MILLISECOND)));
    let mut reset = task::spawn(send(&mut service));
    assert!(assert_ready_err!(reset.poll()).is::<Lost>());
    let mut late = task::spawn(send(&mut service));
    assert_pending!(late.poll());
    advance(51 * MILLISECOND).await;
    assert_ready_ok!(late.poll());
}

#[test]
fn services_and_futures_are_send_and_sync() {
    fn check<T: Send + Sync>() {}
    check::<EdgeService>();
    check::<Emulator>();
    check::<Body>();
    check::<ResponseFuture<Body>>();
}

// === support ===

fn respond(service: &mut EdgeService) -> Response<Body> {
    let mut future = task::spawn(send(service));
    assert_ready!(future.poll()).unwrap()
}
