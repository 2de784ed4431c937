//! The client as a service among others.

use std::time::Duration;

use comfycontrol::{Body, Error, ErrorKind, Sent};
use http::{Request, StatusCode};
use tower::{Service, ServiceExt, service_fn};

use super::support::{builder, client_of, status};

#[test]
fn a_client_is_built_and_dropped_outside_a_runtime() {
    let (client, _) = client_of(|_| status(200));
    drop(client.get("/x"));
}

#[tokio::test(start_paused = true)]
async fn a_client_is_a_service_for_paths_and_urls_of_its_origin() {
    let (mut client, seen) = client_of(|_| status(200));
    let mut send = async |uri: &str| {
        let request = Request::get(uri).body(Body::empty()).unwrap();
        client.ready().await.unwrap().call(request).await
    };
    send("/v1/user").await.unwrap();
    send("https://api.comfycontrol.app/v1/user").await.unwrap();
    let invalid = send("https://evil.example/v1/user").await.unwrap_err();
    assert_eq!(
        (invalid.kind(), invalid.sent()),
        (ErrorKind::Request, Sent::No)
    );
    assert_eq!(seen.count(), 2);
}

#[test]
fn an_error_is_one_word_wide() {
    assert_eq!(size_of::<Error>(), size_of::<usize>());
    fn check<T: std::error::Error + Send + Sync + 'static>() {}
    check::<Error>();
}

/// A compile-time test: what a caller may rely on.
#[test]
fn clients_and_stacks_keep_the_error_type_and_the_auto_traits() {
    fn check<S>(_: &S)
    where
        S: Service<Request<Body>, Error = Error> + Clone + Send + Sync + 'static,
        S::Future: Send,
    {
    }
    check(&client_of(|_| status(200)).0);
    let own = service_fn(|_: Request<Body>| async { status(200) });
    check(&builder().layers().unwrap().stack(own));
}

#[tokio::test(start_paused = true)]
async fn layers_of_tower_stand_outside() {
    let (client, seen) = client_of(|_| status(200));
    let mut outside = tower::ServiceBuilder::new()
        .load_shed()
        .concurrency_limit(2)
        .timeout(Duration::from_secs(5))
        .service(client);
    let request = Request::get("/x").body(Body::empty()).unwrap();
    let response = outside.ready().await.unwrap().call(request).await.unwrap();
    assert_eq!((response.status(), seen.count()), (StatusCode::OK, 1));
}
