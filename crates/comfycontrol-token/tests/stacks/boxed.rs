//! A stack whose errors are boxes: each cause can be had back by its type.

use std::io;

use comfycontrol_test::{Req, Res, SECOND, get, response, within};
use comfycontrol_token::{SourceErrorKind, TokenProvider, TokenWithheld, WithheldReason, env};
use http::header::AUTHORIZATION;
use tokio::task::JoinSet;
use tokio_test::{assert_ready_err, task};
use tower::util::BoxCloneSyncService;
use tower::{BoxError, Service, ServiceBuilder, ServiceExt, service_fn};

use super::support::{SECRET, handle, layer, token};

#[test]
fn each_cause_is_found_by_its_type() {
    let mut api = ServiceBuilder::new()
        .layer(layer(handle()))
        .map_err(BoxError::from)
        .service(service_fn(async |_: Req| {
            Err::<Res, _>(io::Error::other("reset"))
        }));
    let error = assert_ready_err!(task::spawn(api.call(get("https://api.example/"))).poll());
    assert_eq!(error.downcast::<io::Error>().unwrap().to_string(), "reset");
    let error = assert_ready_err!(task::spawn(api.call(get("/"))).poll());
    let error = error.downcast::<TokenWithheld>().unwrap();
    assert_eq!(error.reason(), WithheldReason::UriNotAbsolute);
}

#[tokio::test(start_paused = true)]
async fn a_source_without_a_token_is_the_boxed_errors_source() {
    // People do put the token where the variable's name belongs.
    let tokens = TokenProvider::from(env(format!("cfc_{SECRET}")));
    let api = ServiceBuilder::new()
        .layer(layer(tokens))
        .service(service_fn(async |_: Req| {
            Ok::<_, BoxError>(response(200, ""))
        }));
    let call = api.oneshot(get("https://api.example/"));
    let error = within(60 * SECOND, call).await.unwrap_err();
    let error = error.downcast::<TokenWithheld>().unwrap();
    assert_eq!(error.reason(), WithheldReason::NoToken);
    let problem = error.source_error().unwrap().kind();
    assert!(matches!(problem, SourceErrorKind::NotFound), "{problem:?}");
    let shown = format!("{error} {error:?} {}", error.source_error().unwrap());
    assert!(!shown.contains(SECRET), "{shown}");
}

#[tokio::test(start_paused = true)]
async fn a_stack_that_hides_its_type_gives_many_tasks_the_token_of_their_moment() {
    let handle = handle();
    let api: BoxCloneSyncService<Req, String, BoxError> = ServiceBuilder::new()
        .layer(BoxCloneSyncService::layer())
        .map_response(|response: http::Response<String>| response.into_body())
        .layer(layer(handle.clone()))
        .service(service_fn(async |request: Req| {
            let value = request.headers()[AUTHORIZATION].to_str()?;
            Ok::<_, BoxError>(http::Response::new(value.to_owned()))
        }));
    for number in 1..=2 {
        handle.rotate(token(number));
        let mut calls = JoinSet::new();
        for _ in 0..10 {
            calls.spawn(api.clone().oneshot(get("https://api.example/")));
        }
        for seen in within(60 * SECOND, calls.join_all()).await {
            assert_eq!(seen.unwrap(), format!("Bearer cfc_{SECRET}{number}"));
        }
    }
}
