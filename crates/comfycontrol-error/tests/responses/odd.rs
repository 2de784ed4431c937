//! Bodies that no server sends on purpose: status and headers survive.

use bytes::Bytes;
use comfycontrol_error::{ApiError, ApiErrorKind as Kind, ServedBy};
use http::Response;

use crate::support::decode;

const JSON: &str = "application/json";
const TEXT: &str = "text/plain";
const HTML: &str = "text/html";

#[test]
fn empty() {
    for body in ["", " \r\n\t", "\u{feff}"] {
        let error = decode_as(401, JSON, body);
        assert_eq!(error.to_string(), "401 Unauthorized");
        assert_eq!(error.kind(), Kind::Unauthorized);
        assert_eq!(error.served_by(), ServedBy::Unknown);
    }
    assert_eq!(decode_as(599, JSON, "").to_string(), "599 Unknown Status");
}

#[test]
fn json_that_breaks_off() {
    let error = decode_as(401, JSON, r#"{"status":401,"message":"Token has exp"#);
    assert_eq!(error.kind(), Kind::Unauthorized);
    assert_eq!(error.body_status(), Some(401));
    assert_eq!(error.message(), r#"{"status":401,"message":"Token has exp"#);

    let error = decode_as(401, JSON, r#"{"message":"Token has expired","status":4"#);
    assert_eq!(error.kind(), Kind::TokenExpired);
}

#[test]
fn a_content_type_that_is_not_so() {
    let json = r#"{"status":404,"message":"requested entity not found"}"#;
    for claimed in [
        HTML,
        TEXT,
        "image/png",
        "",
        "\"",
        "application/json; charset=utf-16",
    ] {
        let error = decode_as(404, claimed, json);
        assert_eq!(error.message(), "requested entity not found");
        assert_eq!(error.content_type(), Some(claimed));
    }
    assert_eq!(decode_as(404, JSON, "<title>Oh</title>").message(), "Oh");
    assert_eq!(decode_as(404, HTML, "plain").message(), "plain");
}

#[test]
fn a_status_that_differs() {
    for (body, kept) in [
        (r#"{"status":200,"message":"fine"}"#, Some(200)),
        (r#"{"status":"401","message":"Invalid token"}"#, Some(401)),
        (r#"{"status":-9,"message":"m"}"#, Some(-9)),
        (r#"{"status":null,"message":"m"}"#, None),
        (r#"{"status":1e99,"message":"m"}"#, None),
    ] {
        let error = decode_as(404, JSON, body);
        assert_eq!(error.status(), 404);
        assert_eq!(error.kind(), Kind::NotFound);
        assert_eq!(error.body_status(), kept, "{body}");
    }
}

#[test]
fn json_of_another_form() {
    for body in [
        r#"["Invalid token"]"#,
        r#"[{"status":401,"message":"Invalid token"}]"#,
        r#"{"status":401,"message":["Invalid token"]}"#,
        r#"{"status":401,"message":{"message":"Invalid token"}}"#,
        r#"{"status":401,"message":42}"#,
        r#"{"error":"Invalid token"}"#,
        r#""Invalid token""#,
        "null",
        "true",
        "0",
    ] {
        let error = decode_as(401, JSON, body);
        assert_eq!(error.kind(), Kind::Unauthorized, "{body}");
        assert_eq!(error.served_by(), ServedBy::Unknown, "{body}");
        assert_eq!(error.message(), body);
    }
}

#[test]
fn nesting_without_end() {
    for (open, close) in [("[", "]"), ("{\"a\":", "}"), ("[{\"message\":", "}]")] {
        let deep = open.repeat(100_000);
        decode_as(500, JSON, &deep);
        decode_as(500, JSON, format!("{deep}1{}", close.repeat(100_000)));
        for name in ["message", "unknown"] {
            let body = format!(
                r#"{{"{name}":{deep}1{},"status":"4"}}"#,
                close.repeat(100_000)
            );
            let error = whole(500, JSON, body.as_bytes());
            assert_eq!(error.body_status(), Some(4));
            assert_eq!(error.kind(), Kind::Internal);
        }
    }
}

#[test]
fn bytes_that_are_not_utf_8() {
    let error = decode_as(400, JSON, b"{\"message\":\"n\xffme cannot be empty\"}");
    assert_eq!(error.message(), "n\u{fffd}me cannot be empty");
    let error = decode_as(400, TEXT, b"\xc3\x28 caf\xe9");
    assert_eq!(error.message(), "\u{fffd}( caf\u{fffd}");
    // UTF-16, which JSON must not be sent in.
    let utf16: Vec<_> = "{}".encode_utf16().flat_map(u16::to_le_bytes).collect();
    assert_eq!(decode_as(400, JSON, utf16).message(), "{\\u{0}}\\u{0}");
}

#[test]
fn a_byte_order_mark() {
    let error = decode_as(
        401,
        JSON,
        "\u{feff}{\"status\":401,\"message\":\"Invalid token\"}",
    );
    assert_eq!(error.kind(), Kind::InvalidToken);
    assert_eq!(
        decode_as(429, TEXT, "\u{feff}error code: 1015").edge_code(),
        Some(1015)
    );
}

#[test]
fn names_that_come_twice() {
    let body =
        r#"{"message":"Invalid token","status":1,"message":"Token has expired","status":401}"#;
    let error = decode_as(401, JSON, body);
    assert_eq!(error.kind(), Kind::TokenExpired);
    assert_eq!(error.body_status(), Some(401));
}

#[test]
fn names_and_texts_in_escapes() {
    let body = r#"{"\u006dessage":"\u0054oken \u001b[31mcfc\u005fabc123\u001b[0m\u202e\u2028!"}"#;
    let error = decode_as(401, JSON, body);
    assert_eq!(
        error.message(),
        r"Token \u{1b}[31mcfc_***\u{1b}[0m\u{202e}\u{2028}!"
    );
    // Half a surrogate pair is no text.
    assert_eq!(
        decode_as(400, JSON, r#"{"message":"\ud800"}"#).served_by(),
        ServedBy::Unknown
    );
}

#[test]
fn more_text_than_anybody_reads() {
    let long = "word ".repeat(10_000);
    for body in [
        format!(r#"{{"message":"{long}"}}"#),
        format!(r#"{{"detail":"{long}"}}"#),
        format!("<title>{long}</title>"),
        long,
    ] {
        let error = decode_as(400, JSON, &body);
        assert_eq!(error.message().chars().count(), 1_001);
        assert!(error.message().ends_with('…'));
        let shown = error.to_string();
        assert_eq!(shown.chars().count(), "400 Bad Request: ".len() + 201);
        assert_eq!(error.body(), body.as_bytes());
    }
}

#[test]
fn compressed_bytes_are_not_shown_as_text() {
    let mut response = Response::new(Bytes::from_static(b"\x1f\x8b\x08\x00abc"));
    *response.status_mut() = http::StatusCode::BAD_GATEWAY;
    response
        .headers_mut()
        .insert("content-encoding", "gzip".parse().unwrap());
    assert_eq!(
        ApiError::from_response(response.clone()).to_string(),
        "502 Bad Gateway"
    );
    // A list: its first line is nothing and its second is something.
    let mut listed = response.clone();
    let headers = listed.headers_mut();
    headers.insert("content-encoding", "identity".parse().unwrap());
    headers.append("content-encoding", "br".parse().unwrap());
    assert_eq!(
        ApiError::from_response(listed).to_string(),
        "502 Bad Gateway"
    );
    response
        .headers_mut()
        .insert("content-encoding", "Identity".parse().unwrap());
    assert_ne!(
        ApiError::from_response(response).to_string(),
        "502 Bad Gateway"
    );
}

#[test]
fn a_title_that_is_the_status_is_not_shown_twice() {
    for title in [
        "502 Bad Gateway",
        "Bad Gateway",
        "502: bad gateway",
        " 502 ",
    ] {
        let error = decode_as(502, "text/html", format!("<html><title>{title}</title>x"));
        assert_eq!(error.to_string(), "502 Bad Gateway", "{title}");
    }
    let error = decode_as(502, "text/html", "<html><title>a 502 Bad Gateway</title>x");
    assert_eq!(error.to_string(), "502 Bad Gateway: a 502 Bad Gateway");
}

#[test]
fn a_store_s_words_for_an_expired_url_are_shown_and_what_to_do() {
    let ask = "the time of the URL is over, ask for the outputs again";
    // S3, R2, GCS and Azure.
    for (status, body, said) in [
        (
            403,
            "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<Error><Code>AccessDenied</Code>\
             <Message>Request has expired</Message><X-Amz-Expires>60</X-Amz-Expires></Error>",
            "403 Forbidden: AccessDenied: Request has expired",
        ),
        (
            403,
            "<Error><Code>ExpiredRequest</Code><Message>Request &lt;1&gt; is over</Message></Error>",
            "403 Forbidden: ExpiredRequest: Request <1> is over",
        ),
        (
            400,
            "<?xml version='1.0' encoding='UTF-8'?><Error><Code>ExpiredToken</Code><Message>Invalid \
             argument.</Message><Details>The provided token has expired.</Details></Error>",
            "400 Bad Request: ExpiredToken: Invalid argument.",
        ),
        (
            403,
            "\u{feff}<?xml version=\"1.0\" encoding=\"utf-8\"?><Error><Code>AuthenticationFailed</Code>\
             <Message>Server failed to authenticate the request.\nRequestId:1</Message>\
             <AuthenticationErrorDetail>Signature not valid in the specified time frame: Start [x]\
             </AuthenticationErrorDetail></Error>",
            "403 Forbidden: AuthenticationFailed: Server failed to authenticate the request. RequestId:1",
        ),
    ] {
        let error = decode_as(status, "application/xml", body);
        assert_eq!(error.to_string(), format!("{said}: {ask}"));
        assert!(!error.message().contains(ask));
    }
    let denied = "<Error><Code>SignatureDoesNotMatch</Code><Message>no</Message>\
                  <StringToSign>secret</StringToSign></Error>";
    assert_eq!(
        decode_as(403, "application/xml", denied).to_string(),
        "403 Forbidden: SignatureDoesNotMatch: no"
    );
}

#[test]
fn a_ray_that_is_none() {
    for ray in ["", "a ray", "cfc_abc123", "a\u{e9}", &"a".repeat(65)] {
        let response = Response::builder().status(500).header("cf-ray", ray);
        let error = ApiError::from_response(response.body(Bytes::new()).unwrap());
        assert_eq!(error.cf_ray(), None, "{ray}");
        assert!(error.headers().contains_key("cf-ray"));
    }
}

// === support ===

fn decode_as(status: u16, content_type: &str, body: impl AsRef<[u8]>) -> ApiError {
    let error = decode(
        status,
        &[("content-type", content_type), ("x-kept", "yes")],
        body,
    );
    assert_eq!(error.status(), status);
    assert_eq!(error.headers()["x-kept"], "yes");
    error
}

/// The error that a body makes that no cap has cut.
fn whole(status: u16, content_type: &str, body: &[u8]) -> ApiError {
    let response = Response::builder()
        .status(status)
        .header("content-type", content_type);
    ApiError::from_response(response.body(Bytes::copy_from_slice(body)).unwrap())
}
