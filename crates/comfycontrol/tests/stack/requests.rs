//! What goes out.

use comfycontrol::{Body, Client, Error};
use comfycontrol_test::responding;
use http::header::{AUTHORIZATION, HeaderName, HeaderValue};
use http::{Method, Request, Response, StatusCode};
use tower::ServiceExt;

use super::support::{builder, status};

#[tokio::test(start_paused = true)]
async fn fixed_headers_are_set_unless_the_request_has_them() {
    let (transport, heads) = responding(|_| status(200));
    let client = Client::builder()
        .without_token()
        .default_header("x-team", "blue")
        .transport(transport)
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
    let heads: Vec<_> = heads
        .all()
        .iter()
        .map(|head| head.headers.clone())
        .collect();
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
async fn each_method_of_the_client_sends_its_own() {
    let (transport, heads) = responding(|_| status(200));
    let client = builder().transport(transport).build().unwrap();
    for (request, method) in [
        (client.get("/x"), Method::GET),
        (client.head("/x"), Method::HEAD),
        (client.post("/x"), Method::POST),
        (client.put("/x"), Method::PUT),
        (client.patch("/x"), Method::PATCH),
        (client.delete("/x"), Method::DELETE),
        (client.request(Method::OPTIONS, "/x"), Method::OPTIONS),
    ] {
        request.send().await.unwrap();
        assert_eq!(heads.all().last().unwrap().method, method);
    }
}

#[tokio::test(start_paused = true)]
async fn a_default_header_of_a_request_gives_way_to_its_own_and_not_to_the_client_s() {
    const TEAM: HeaderName = HeaderName::from_static("x-team");
    const RED: HeaderValue = HeaderValue::from_static("red");

    let (transport, heads) = responding(|_| status(200));
    let client = builder().default_header("x-team", "blue");
    let client = client.transport(transport).build().unwrap();
    let get = || client.get("/x");
    for (request, team) in [
        (get(), "blue"),
        (get().default_header(TEAM, RED), "red"),
        (
            get().header("x-team", "green").default_header(TEAM, RED),
            "green",
        ),
        (
            get().default_header(TEAM, RED).header("x-team", "green"),
            "green",
        ),
    ] {
        request.send().await.unwrap();
        let heads = heads.all();
        let sent: Vec<_> = heads.last().unwrap().headers.get_all(TEAM).iter().collect();
        assert_eq!(sent, [team]);
    }
}

#[tokio::test(start_paused = true)]
async fn a_request_can_do_without_the_client_s_default_headers_and_keeps_all_others() {
    let (transport, heads) = responding(|_| status(200));
    let client = builder().default_header("x-team", "blue");
    let client = client.transport(transport).build().unwrap();
    let without = client.get("/x").without_default_headers();
    without.header("x-own", "1").send().await.unwrap();
    client.get("/x").send().await.unwrap();
    let heads = heads.all();
    let has = |n: usize, name: &str| heads[n].headers.contains_key(name);
    assert_eq!((has(0, "x-team"), has(1, "x-team")), (false, true));
    for name in [
        "accept",
        "authorization",
        "user-agent",
        "x-own",
        "x-request-id",
    ] {
        assert!(has(0, name), "{name}");
    }
}

#[tokio::test(start_paused = true)]
async fn two_hops_of_a_redirect_layer_outside_never_take_the_token_along() {
    use tower_http::follow_redirect::FollowRedirectLayer;

    let (hops, heads) = responding(|n| {
        let next = ["https://evil.example/1", "https://evil.example/2"].get(n);
        let response = Response::builder().status(if next.is_some() { 307 } else { 200 });
        let response = next
            .iter()
            .fold(response, |r, to| r.header("location", **to));
        Ok::<_, Error>(response.body(Body::empty()).unwrap())
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
    let seen: Vec<_> = heads
        .all()
        .iter()
        .map(|head| {
            (
                head.uri.path().to_owned(),
                head.headers.contains_key(AUTHORIZATION),
            )
        })
        .collect();
    assert_eq!(
        seen,
        [
            ("/v1/user".to_owned(), true),
            ("/1".to_owned(), false),
            ("/2".to_owned(), false)
        ]
    );
}
