//! What is asked for, and what becomes of responses in codings of all kinds.

use std::future::ready;

use allocation_counter::measure;
use comfycontrol_encoding::{DecompressionLayer, UnexpectedContentEncoding};
use comfycontrol_test::at_once;
use http::{Request, Response, StatusCode};
use http_body_util::{BodyExt, Full};
use proptest::prelude::*;
use tower::{BoxError, Layer, Service, ServiceExt, service_fn};

#[test]
fn a_coding_that_nobody_asked_for_is_an_error_that_names_it() {
    for (coding, named) in [
        ("br", "br"),
        ("ZSTD", "ZSTD"),
        ("deflate", "deflate"),
        ("gzip, identity, br,,", "gzip, br"),
        ("gzip,gzip", "gzip, gzip"),
        ("caf\u{e9}\tcfc_abc123", "caf\u{e9}\\tcfc_***"),
    ] {
        let error = get(Request::get("/"), 200, &[coding]).unwrap_err();
        assert_eq!(error.status(), 200);
        assert_eq!(error.content_encoding(), named);
        assert_eq!(
            error.to_string(),
            format!("200 response is encoded as {named}, which was not asked for")
        );
    }
}

#[test]
fn of_a_list_without_end_the_error_names_the_beginning() {
    let long = "br, ".repeat(10_000);
    let error = get(Request::get("/"), 200, &[&long]).unwrap_err();
    assert!(error.content_encoding().chars().count() <= 101);
    assert!(error.content_encoding().starts_with("br, br, "));
}

#[test]
fn codings_on_several_lines_are_one_list() {
    let error = get(Request::get("/"), 200, &["gzip", "br"]).unwrap_err();
    assert_eq!(error.content_encoding(), "gzip, br");
}

#[test]
fn a_failure_keeps_its_status_and_its_bytes() {
    for status in [301, 403, 429, 500] {
        let response = get(Request::get("/"), status, &["br"]).unwrap();
        assert_eq!(response.status(), status);
        assert_eq!(response.headers()["content-encoding"], "br");
        assert_eq!(response.body(), "as sent");
    }
}

#[test]
fn who_asks_for_a_coding_gets_it_as_it_is() {
    for (asked, coding) in [("gzip", "x-gzip"), ("br, zstd", "zstd"), ("*", "br, gzip")] {
        let response = get(asking(asked), 200, &[coding]).unwrap();
        assert_eq!(response.headers()["content-encoding"], coding);
        assert_eq!(response.headers()["content-length"], "7");
        assert_eq!(response.body(), "as sent");
    }
    let error = get(asking("identity"), 200, &["gzip"]).unwrap_err();
    assert_eq!(error.content_encoding(), "gzip");
}

#[test]
fn a_part_of_an_encoded_body_is_never_decoded() {
    let ranged = || Request::get("/").header("range", "bytes=100-");
    let error = get(ranged(), 206, &["gzip"]).unwrap_err();
    assert_eq!(
        error.to_string(),
        "206 response is encoded as gzip, which was not asked for"
    );
    let raw = ranged().header("accept-encoding", "gzip");
    assert_eq!(get(raw, 206, &["gzip"]).unwrap().body(), "as sent");
}

#[test]
fn a_head_without_a_body_keeps_its_headers() {
    for (request, status) in [(Request::head("/"), 200), (Request::delete("/"), 204)] {
        let response = get(request, status, &["br"]).unwrap();
        assert_eq!(response.headers()["content-length"], "7");
    }
}

#[test]
fn a_body_that_is_not_encoded_costs_nothing() {
    let response = || Response::new(Full::<bytes::Bytes>::from("as sent"));
    let transport = service_fn(move |_: Request<()>| ready(Ok::<_, BoxError>(response())));
    let mut client = DecompressionLayer::new().layer(transport);
    let mut request = Request::new(());
    request.headers_mut().reserve(8);
    let used = measure(|| {
        let body = at_once(client.call(request)).unwrap().into_body();
        let mut body = std::pin::pin!(body);
        assert_eq!(
            at_once(body.frame()).unwrap().unwrap().into_data().unwrap(),
            "as sent"
        );
    });
    assert_eq!(used.count_total, 0);
}

#[test]
fn the_inner_service_can_be_reached() {
    let mut service = DecompressionLayer::new().layer(1);
    *service.get_mut() += 1;
    assert_eq!(*service.get_ref(), 2);
    assert_eq!(service.into_inner(), 2);
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]

    /// Whatever the server writes there, its bytes are those of the body or the response is
    /// refused.
    #[test]
    fn no_coding_is_passed_off_as_text(lines in prop::collection::vec("[ -~\u{80}-\u{ff}]{0,20}|[ ,]{0,3}|(identity|IDENTITY)?,?", 0..3)) {
        let lines: Vec<&str> = lines.iter().map(String::as_str).collect();
        let mut codings = lines.iter().flat_map(|line| line.split(','));
        let plain = codings.all(|coding| {
            let coding = coding.trim_matches([' ', '\t']);
            coding.is_empty() || coding.eq_ignore_ascii_case("identity")
        });
        prop_assert_eq!(get(asking("identity"), 200, &lines).is_ok(), plain);
    }
}

fn asking(accepted: &str) -> http::request::Builder {
    Request::get("/").header("accept-encoding", accepted)
}

/// Sends a request to a server that responds `as sent` in these codings.
fn get(
    request: http::request::Builder,
    status: u16,
    codings: &[&str],
) -> Result<Response<bytes::Bytes>, UnexpectedContentEncoding> {
    let mut response = Response::builder().header("content-length", "7");
    for coding in codings {
        response = response.header("content-encoding", coding.as_bytes());
    }
    let mut response = Some(
        response
            .body(Full::<bytes::Bytes>::from("as sent"))
            .unwrap(),
    );
    *response.as_mut().unwrap().status_mut() = StatusCode::from_u16(status).unwrap();
    let transport = service_fn(move |_| ready(Ok::<_, BoxError>(response.take().unwrap())));
    let client = DecompressionLayer::new().layer(transport);
    match at_once(client.oneshot(request.body(()).unwrap())) {
        Ok(response) => {
            let (head, body) = response.into_parts();
            let body = at_once(body.collect()).unwrap().to_bytes();
            Ok(Response::from_parts(head, body))
        }
        Err(error) => Err(*error.downcast().unwrap()),
    }
}
