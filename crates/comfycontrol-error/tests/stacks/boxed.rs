//! A stack whose errors are boxes: each cause can be had back by its type.

use std::io;

use comfycontrol_error::{ApiError, ApiErrorKind, BodyIncomplete, ErrorDecoderLayer};
use comfycontrol_test::{MILLISECOND, Req, Res, SECOND, find, head, request, response, within};
use tokio::sync::oneshot::error::RecvError;
use tokio::task::JoinSet;
use tokio_test::{assert_ready_err, task};
use tower::util::BoxCloneSyncService;
use tower::{BoxError, Service, ServiceBuilder, ServiceExt, service_fn};

#[test]
fn each_cause_is_found_by_its_type() {
    let mut api = ServiceBuilder::new()
        .layer(ErrorDecoderLayer::new())
        .map_err(BoxError::from)
        .service(service_fn(async |_: Req| {
            Err::<Res, _>(io::Error::other("reset"))
        }));
    let error = assert_ready_err!(task::spawn(api.call(request())).poll());
    assert_eq!(error.downcast::<io::Error>().unwrap().to_string(), "reset");

    let mut api = ServiceBuilder::new()
        .layer(ErrorDecoderLayer::new())
        .service(service_fn(async |_: Req| {
            Ok::<_, BoxError>(response(404, ""))
        }));
    let error = assert_ready_err!(task::spawn(api.call(request())).poll());
    assert_eq!(
        error.downcast::<ApiError>().unwrap().kind(),
        ApiErrorKind::NotFound
    );
}

#[test]
fn what_broke_the_body_is_in_the_chain_and_the_status_in_front_of_it() {
    let mut api = ServiceBuilder::new()
        .layer(ErrorDecoderLayer::new())
        .service(service_fn(async |_: Req| {
            let (response, body) = head(503);
            drop(body);
            Ok::<_, BoxError>(response)
        }));
    let error = assert_ready_err!(task::spawn(api.call(request())).poll());
    assert_eq!(error.downcast_ref::<ApiError>().unwrap().status(), 503);
    assert!(!find::<BodyIncomplete>(&error).unwrap().is_timeout());
    assert!(find::<RecvError>(&error).is_some());
}

#[tokio::test(start_paused = true)]
async fn a_stack_that_hides_its_type_serves_many_tasks_and_mixes_nothing_up() {
    let api: BoxCloneSyncService<u16, Res, BoxError> = ServiceBuilder::new()
        .layer(BoxCloneSyncService::layer())
        .map_request(|status: u16| http::Request::new(status))
        .layer(ErrorDecoderLayer::new())
        .service(service_fn(async |request: http::Request<u16>| {
            let status = request.into_body();
            let (response, body) = head(status);
            let pause = u32::from(600 - status) * MILLISECOND;
            tokio::spawn(async move {
                tokio::time::sleep(pause).await;
                body.send(format!(r#"{{"message":"{status}"}}"#).into())
            });
            Ok::<_, BoxError>(response)
        }));
    let mut calls = JoinSet::new();
    for status in 400..420 {
        let call = api.clone().oneshot(status);
        calls.spawn(async move { (status, call.await) });
    }
    for (status, outcome) in within(60 * SECOND, calls.join_all()).await {
        let error = outcome
            .expect_err("no success")
            .downcast::<ApiError>()
            .unwrap();
        assert_eq!(
            (error.status().as_u16(), error.message()),
            (status, &*status.to_string())
        );
    }
}
