//! The emulator as a tower service under a paused clock.

use std::time::Duration;

use comfycontrol_emulator::{
    Algorithm, Body, EdgeService, Emulator, Fault, FaultRule, Limit, Lost, Refusal, RetryAfter,
    Transit, Trip,
};
use http::{Request, Response};
use http_body_util::{BodyExt, Full};
use tokio::time::advance;
use tokio_test::{assert_pending, assert_ready, assert_ready_err, assert_ready_ok, task};
use tower::Service;

#[tokio::test(start_paused = true)]
async fn a_dropped_request_arrives_all_the_same() {
    let mut service = bare(1).transit(Transit::fixed(ms(1000), ms(500)));
    drop(send(&mut service));
    assert_eq!(service.edge().requests(), 0);
    advance(ms(999)).await;
    assert_eq!(service.edge().requests(), 0);
    advance(ms(1)).await;
    assert_eq!(service.edge().requests(), 1);
    assert_eq!(service.edge().stats().counted(), 1);
}

#[tokio::test(start_paused = true)]
async fn an_answer_takes_the_way_up_and_the_way_down() {
    let mut service = bare(1).transit(Transit::fixed(ms(300), ms(200)));
    let mut first = task::spawn(send(&mut service));
    assert_pending!(first.poll());
    advance(ms(499)).await;
    assert_pending!(first.poll());
    advance(ms(2)).await;
    assert!(first.is_woken());
    assert_eq!(assert_ready_ok!(first.poll()).status(), 200);
}

#[tokio::test(start_paused = true)]
async fn decisions_are_made_in_the_order_of_arrivals_as_of_the_arrival() {
    // The second request overtakes the first; nobody looks until both have long arrived.
    let transit = Transit::from_fn(|n| Trip::new(ms([900, 100][n as usize]), ms(0)));
    let mut service = bare(1).transit(transit);
    let mut slow = task::spawn(send(&mut service));
    let mut fast = task::spawn(send(&mut service));
    advance(ms(5000)).await;
    assert_eq!(assert_ready_ok!(slow.poll()).status(), 429);
    assert_eq!(assert_ready_ok!(fast.poll()).status(), 200);
}

#[tokio::test(start_paused = true)]
async fn the_block_lasts_from_the_arrival_not_from_the_look() {
    let limit = Limit::new(1, ms(1000))
        .unwrap()
        .algorithm(Algorithm::SlidingLog);
    let refusal = Refusal::json().retry_after(RetryAfter::Seconds);
    let service = Emulator::builder()
        .limit(limit)
        .refusal(refusal)
        .without_api();
    let mut service = service.service().transit(Transit::fixed(ms(100), ms(100)));
    drop(send(&mut service));
    drop(send(&mut service));
    advance(ms(9000)).await;
    let mut third = task::spawn(send(&mut service));
    advance(ms(500)).await;
    let response = assert_ready_ok!(third.poll());
    // Blocked at 0.1 s until 10.1 s; arrived at 9.1 s.
    assert_eq!(response.headers()["retry-after"], "1");
}

#[tokio::test(start_paused = true)]
async fn a_lost_answer_fails_after_its_time_though_the_request_counts() {
    let transit = Transit::fixed(ms(100), ms(100)).losing(1.0, ms(700), 1);
    let mut service = bare(1).transit(transit);
    let mut future = task::spawn(send(&mut service));
    assert_pending!(future.poll());
    advance(ms(300)).await;
    assert_pending!(future.poll());
    advance(ms(401)).await;
    assert!(assert_ready_err!(future.poll()).is::<Lost>());
    assert_eq!(service.edge().requests(), 1);
}

#[tokio::test(start_paused = true)]
async fn a_loss_can_be_seen_before_the_arrival() {
    let transit = Transit::from_fn(|_| Trip::new(ms(1000), ms(0)).lost_after(ms(10)));
    let mut service = bare(1).transit(transit);
    let mut future = task::spawn(send(&mut service));
    advance(ms(11)).await;
    assert!(assert_ready_err!(future.poll()).is::<Lost>());
    drop(future);
    assert_eq!(service.edge().requests(), 0);
    advance(ms(1000)).await;
    assert_eq!(service.edge().requests(), 1);
}

#[tokio::test(start_paused = true)]
async fn tickets_are_used_again_but_never_mixed_up() {
    let transit = Transit::between(ms(0)..ms(1000), ms(0)..ms(1000), 3);
    let mut service = bare(1_000_000).transit(transit);
    for round in 0..50 {
        let mut futures: Vec<_> = (0..20).map(|_| task::spawn(send(&mut service))).collect();
        futures.truncate(round % 20);
        advance(ms(2100)).await;
        for future in &mut futures {
            assert_eq!(assert_ready_ok!(future.poll()).status(), 200);
        }
    }
    assert_eq!(service.edge().requests(), 1000);
}

#[tokio::test(start_paused = true)]
async fn requests_that_arrive_together_are_decided_in_the_order_of_dispatch() {
    let mut service = bare(3).transit(Transit::fixed(ms(10), ms(0)));
    // The second pair takes the places of the first in reverse.
    for expected in [[200, 200], [200, 429]] {
        let mut futures = [(); 2].map(|()| task::spawn(send(&mut service)));
        advance(ms(11)).await;
        let statuses = futures
            .each_mut()
            .map(|f| assert_ready_ok!(f.poll()).status());
        assert_eq!(statuses.map(|status| status.as_u16()), expected);
    }
}

#[tokio::test(start_paused = true)]
async fn clones_share_the_edge_and_addresses_do_not_share_a_limit() {
    let mut one = bare(1);
    let mut other = one.clone().ip([10, 0, 0, 1]);
    assert_eq!(answer(&mut one.clone()).status(), 200);
    assert_eq!(answer(&mut one).status(), 429);
    assert_eq!(answer(&mut other).status(), 200);
    assert_eq!(one.edge().requests(), 3);
}

#[tokio::test(start_paused = true)]
async fn the_api_answers_behind_the_edge_and_bodies_are_read() {
    let mut service = Emulator::builder().limit(None).service();
    let token = service.tokens().create("test", None);
    let request = |method: &str, path: &str, body: &'static str| {
        Request::builder()
            .method(method)
            .uri(path)
            .header("authorization", format!("Bearer {token}"))
            .body(Full::<bytes::Bytes>::from(body))
            .unwrap()
    };
    let user = service.call(request("GET", "/v1/user", "")).await.unwrap();
    assert_eq!(user.status(), 200);
    let runner = r#"{"name":"mine","endpoint":"http://192.168.1.100:8188"}"#;
    let created = service
        .call(request("POST", "/v1/runner", runner))
        .await
        .unwrap();
    assert_eq!(created.status(), 201);
    assert!(text(created).await.contains(r#""name":"mine""#));
}

#[tokio::test(start_paused = true)]
async fn tokens_expire_under_the_paused_clock() {
    let mut service = Emulator::builder().limit(None).service();
    let token = service.tokens().create("short", Some(ms(60_000)));
    let call = |service: &mut EdgeService| {
        let request = Request::get("/v1/user").header("authorization", format!("Bearer {token}"));
        let mut future = task::spawn(service.call(request.body(Body::empty()).unwrap()));
        assert_ready_ok!(future.poll())
    };
    assert_eq!(call(&mut service).status(), 200);
    advance(ms(60_000)).await;
    let refused = call(&mut service);
    assert_eq!(refused.status(), 401);
    assert_eq!(
        text(refused).await,
        r#"{"status":401,"message":"Token has expired"}"#
    );
}

#[tokio::test(start_paused = true)]
async fn faults_befall_the_service_too() {
    let mut service = bare(10);
    service.faults().add(FaultRule::next(1, Fault::Reset));
    service
        .faults()
        .add(FaultRule::next(1, Fault::Delay(ms(50))));
    let mut reset = task::spawn(send(&mut service));
    assert!(assert_ready_err!(reset.poll()).is::<Lost>());
    let mut late = task::spawn(send(&mut service));
    assert_pending!(late.poll());
    advance(ms(51)).await;
    assert_ready_ok!(late.poll());
}

#[tokio::test(start_paused = true)]
async fn a_body_that_breaks_off_never_reaches_the_api() {
    let mut service = Emulator::builder().limit(None).service();
    let token = service.tokens().create("test", None);
    service.faults().add(FaultRule::next(1, Fault::ResetInBody));
    // The emulator's own broken body serves as the request's.
    let request = Request::get("/v1/user").header("authorization", format!("Bearer {token}"));
    let broken = service
        .call(request.body(Body::empty()).unwrap())
        .await
        .unwrap()
        .into_body();
    let request = Request::post("/v1/runner").header("authorization", format!("Bearer {token}"));
    let result = service.call(request.body(broken).unwrap()).await;
    assert!(result.unwrap_err().is::<Lost>());
    let request = Request::get("/v1/runner").header("authorization", format!("Bearer {token}"));
    let list = service
        .call(request.body(Body::empty()).unwrap())
        .await
        .unwrap();
    assert!(text(list).await.contains(r#""total":137"#));
}

#[test]
fn services_and_futures_are_send_and_sync() {
    fn check<T: Send + Sync>() {}
    check::<EdgeService>();
    check::<Emulator>();
    check::<Body>();
    check::<comfycontrol_emulator::ResponseFuture<Body>>();
}

// === support ===

fn bare(n: u32) -> EdgeService {
    let limit = Limit::new(n, ms(10_000)).unwrap();
    let limit = limit.algorithm(Algorithm::SlidingLog);
    Emulator::builder().limit(limit).without_api().service()
}

fn send(service: &mut EdgeService) -> comfycontrol_emulator::ResponseFuture<Body> {
    service.call(Request::new(Body::empty()))
}

fn answer(service: &mut EdgeService) -> Response<Body> {
    let mut future = task::spawn(send(service));
    assert_ready!(future.poll()).unwrap()
}

async fn text(response: Response<Body>) -> String {
    let bytes = response.into_body().collect().await.unwrap().to_bytes();
    String::from_utf8(bytes.to_vec()).unwrap()
}

fn ms(ms: u64) -> Duration {
    Duration::from_millis(ms)
}
