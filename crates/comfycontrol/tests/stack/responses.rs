//! What comes back.

use comfycontrol::{Body, ErrorKind};
use http::{Request, Response, StatusCode};
use tower::service_fn;

use super::support::{builder, client_of, client_over, transport};

#[tokio::test(start_paused = true)]
async fn a_redirect_is_an_error_and_followed_by_nobody() {
    let (client, seen) = client_of(|_| {
        let to = "https://evil.example/?signature=secret";
        Ok(Response::builder()
            .status(302)
            .header("location", to)
            .body(Body::empty())
            .unwrap())
    });
    let failed = client.get("/x").send().await.unwrap_err();
    assert_eq!(
        (failed.status(), seen.count()),
        (Some(StatusCode::FOUND), 1)
    );
    assert!(!format!("{failed:#} {failed:?}").contains("secret"));
}

#[tokio::test(start_paused = true)]
async fn a_wrong_field_is_named_by_its_path() {
    let (client, _) = client_of(|_| {
        Ok(Response::new(Body::from(
            r#"{"runners":[{"id":"a"},{"id":7}]}"#,
        )))
    });
    #[derive(Debug, serde::Deserialize)]
    #[allow(dead_code)]
    struct Runner {
        id: String,
    }
    #[derive(Debug, serde::Deserialize)]
    #[allow(dead_code)]
    struct Page {
        runners: Vec<Runner>,
    }
    let failed = client
        .get("/x")
        .send()
        .await
        .unwrap()
        .json::<Page>()
        .await
        .unwrap_err();
    assert_eq!(failed.kind(), ErrorKind::Decode);
    assert_eq!(failed.status(), Some(StatusCode::OK));
    assert!(failed.to_string().contains("`runners[1].id`"), "{failed}");
}

#[tokio::test(start_paused = true)]
async fn html_in_place_of_json_is_an_error_that_shows_it() {
    let (client, _) = client_of(|_| {
        let page = "<html>cfc_secret0secret</html>";
        Ok(Response::builder()
            .header("content-type", "text/html")
            .body(Body::from(page))
            .unwrap())
    });
    let failed = client
        .get("/x")
        .send()
        .await
        .unwrap()
        .json::<u8>()
        .await
        .unwrap_err();
    assert_eq!(
        format!("{failed:#}"),
        "200 response is not the expected JSON at `.` (content type text/html): not JSON at line 1 column 1"
    );
    assert!(!format!("{failed:?}").contains("secret0"), "{failed:?}");
}

#[tokio::test(start_paused = true)]
async fn a_large_body_is_cut_off() {
    let (client, _) = client_of(|_| Ok(Response::new(Body::from(vec![b'x'; 1_000]))));
    let failed = client
        .get("/x")
        .send()
        .await
        .unwrap()
        .with_max_body(999)
        .bytes()
        .await
        .unwrap_err();
    assert_eq!(failed.kind(), ErrorKind::BodyTooLarge);
    assert_eq!(
        client
            .get("/x")
            .send()
            .await
            .unwrap()
            .with_max_body(1_000)
            .bytes()
            .await
            .unwrap()
            .len(),
        1_000
    );
}

#[tokio::test(start_paused = true)]
async fn the_client_s_bound_holds_where_the_response_has_none_of_its_own() {
    let (transport, _) = transport(|_| Ok(Response::new(Body::from(vec![b'x'; 1_000]))));
    for (bound, is_whole) in [(999, false), (1_000, true)] {
        let client = builder().max_response_body(bound);
        let client = client.transport(transport.clone()).build().unwrap();
        let get = async || client.get("/x").send().await.unwrap();
        assert_eq!(get().await.max_body(), bound);
        match get().await.bytes().await {
            Ok(body) => assert!(is_whole && body.len() == 1_000),
            Err(e) => assert!(!is_whole && e.kind() == ErrorKind::BodyTooLarge, "{e}"),
        }
        let larger = get().await.with_max_body(1_000);
        assert_eq!(larger.text().await.unwrap().len(), 1_000);
    }
}

#[tokio::test(start_paused = true)]
async fn what_a_transport_attaches_to_a_response_is_there() {
    #[derive(Clone, Debug, PartialEq)]
    struct Route(&'static str);

    let (client, _) = client_of(|_| {
        let response = Response::builder().extension(Route("by the south"));
        Ok(response.body(Body::empty()).unwrap())
    });
    let response = client.get("/x").send().await.unwrap();
    assert_eq!(response.extensions().get(), Some(&Route("by the south")));
    assert_eq!(response.extensions().get::<u8>(), None);
}

#[tokio::test(start_paused = true)]
async fn a_compressed_body_is_unpacked() {
    let client = client_over(service_fn(|req: Request<Body>| async move {
        assert_eq!(req.headers()["accept-encoding"], "gzip");
        let response = Response::builder().header("content-encoding", "gzip");
        Ok(response.body(Body::from(PACKED)).unwrap())
    }));
    let text: String = client.get("/x").send().await.unwrap().json().await.unwrap();
    assert_eq!(text, "unpacked");
}

/// `"unpacked"`, by gzip.
const PACKED: &[u8] = b"\x1f\x8b\x08\x00\x00\x00\x00\x00\x02\x03\x53\x2a\xcd\x2b\x48\x4c\xce\x4e\x4d\x51\x02\x00\x4f\x18\xef\x50\x0a\x00\x00\x00";
