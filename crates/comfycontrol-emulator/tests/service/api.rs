//! The API behind the edge.

use comfycontrol_emulator::{Body, EdgeService, Emulator, Fault, FaultRule, Lost};
use comfycontrol_test::SECOND;
use http::{Request, Response};
use http_body_util::{BodyExt, Full};
use tokio::time::advance;
use tokio_test::{assert_ready_ok, task};
use tower::Service;

#[tokio::test(start_paused = true)]
async fn the_api_responds_behind_the_edge_and_bodies_are_read() {
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
    let token = service.tokens().create("short", Some(60 * SECOND));
    let call = |service: &mut EdgeService| {
        let request = Request::get("/v1/user").header("authorization", format!("Bearer {token}"));
        let mut future = task::spawn(service.call(request.body(Body::empty()).unwrap()));
        assert_ready_ok!(future.poll())
    };
    assert_eq!(call(&mut service).status(), 200);
    advance(60 * SECOND).await;
    let denied = call(&mut service);
    assert_eq!(denied.status(), 401);
    assert_eq!(
        text(denied).await,
        r#"{"status":401,"message":"Token has expired"}"#
    );
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

// === support ===

async fn text(response: Response<Body>) -> String {
    let bytes = response.into_body().collect().await.unwrap().to_bytes();
    String::from_utf8(bytes.to_vec()).unwrap()
}
