//! What goes out.

use comfycontrol::{Body, Client, Error};
use http::{Request, Response, StatusCode};
use tower::{ServiceExt, service_fn};

use super::support::{Heads, builder};

#[tokio::test(start_paused = true)]
async fn fixed_headers_are_set_unless_the_request_has_them() {
    let heads = Heads::default();
    let client = Client::builder()
        .without_token()
        .default_header("x-team", "blue")
        .transport(heads.transport())
        .build()
        .unwrap();
    client.get("/a").send().await.unwrap();
    client
        .get("/b")
        .header("accept", "text/plain")
        .header("x-team", "red")
        .send()
        .await
        .unwrap();
    let heads = heads.0.lock().unwrap();
    assert_eq!(heads[0]["accept"], "application/json");
    assert!(
        heads[0]["user-agent"]
            .to_str()
            .unwrap()
            .starts_with("comfycontrol-rust/")
    );
    assert_eq!(heads[0]["x-team"], "blue");
    assert_eq!(heads[1]["accept"], "text/plain");
    assert_eq!(heads[1]["x-team"], "red");
    assert_ne!(heads[0]["x-request-id"], heads[1]["x-request-id"]);
}

#[tokio::test(start_paused = true)]
async fn two_hops_of_a_redirect_layer_outside_never_take_the_token_along() {
    use tower_http::follow_redirect::FollowRedirectLayer;

    let heads = Heads::default();
    let seen = heads.clone();
    let hops = service_fn(move |req: Request<Body>| {
        seen.0.lock().unwrap().push(req.headers().clone());
        let next = match (req.uri().host(), req.uri().path()) {
            (Some("api.comfycontrol.app"), _) => Some("https://evil.example/1"),
            (_, "/1") => Some("https://evil.example/2"),
            _ => None,
        };
        async move {
            let response = Response::builder().status(if next.is_some() { 307 } else { 200 });
            let response = next
                .into_iter()
                .fold(response, |r, to| r.header("location", to));
            Ok::<_, Error>(response.body(Body::empty()).unwrap())
        }
    });
    let layers = builder().layers().unwrap();
    let follows = tower::ServiceBuilder::new()
        .layer(FollowRedirectLayer::new())
        .option_layer(layers.add_token)
        .service(hops);
    let request = Request::get("https://api.comfycontrol.app/v1/user").body(Body::empty());
    assert_eq!(
        follows.oneshot(request.unwrap()).await.unwrap().status(),
        StatusCode::OK
    );
    let tokens: Vec<_> = heads
        .0
        .lock()
        .unwrap()
        .iter()
        .map(|h| h.contains_key("authorization"))
        .collect();
    assert_eq!(tokens, [true, false, false]);
}
