use std::collections::HashMap;

use serde::Deserialize;

use super::*;

#[derive(Debug, Deserialize)]
enum Nothing {}

#[derive(Debug, Deserialize)]
enum Kind {
    A,
    B,
}

fn wrong<T: DeserializeOwned + fmt::Debug>(body: &str) -> InvalidJson {
    InvalidJson::read::<T>(StatusCode::OK, None, body.as_bytes()).unwrap_err()
}

#[test]
fn what_stands_in_the_body_is_shown_by_the_snippet_alone() {
    let body = r#"["https://a.example/?sig=\"secret`, expected \"secret"]"#;
    for error in [
        wrong::<[u8; 1]>(body),
        wrong::<[Kind; 1]>(body),
        wrong::<[Nothing; 1]>(body),
    ] {
        let shown = format!("{error} {error:?} {} {:?}", error.problem, error.source());
        assert!(!shown.contains("secret"), "{shown}");
        let says = "wrong type, unknown value or missing field at line 1 column";
        assert!(
            error.problem.to_string().starts_with(says),
            "{}",
            error.problem
        );
        assert_eq!(error.path(), "[0]");
        assert_eq!(error.snippet(), body);
    }
}

#[test]
fn an_error_keeps_status_and_content_type_and_its_debug_shows_where_it_is() {
    let content_type = HeaderValue::from_static("text/html; cfc_secret\t");
    let read = InvalidJson::read::<[u8; 1]>;
    let error = read(StatusCode::CREATED, Some(&content_type), b"[\"a\"]").unwrap_err();
    assert_eq!(error.status(), 201);
    assert_eq!(error.content_type(), Some("text/html; cfc_***"));
    let shown = format!("{error:?}");
    for part in ["201", "text/html; cfc_***", "[0]", "wrong type"] {
        assert!(shown.contains(part), "{shown}");
    }
    let error = read(StatusCode::OK, None, b"[").unwrap_err();
    assert_eq!(error.content_type(), None);
}

#[test]
fn a_body_of_nothing_is_said_to_be_none() {
    for body in ["", " \r\n", "\u{feff}"] {
        let error = wrong::<Vec<u8>>(body);
        assert_eq!(
            error.to_string(),
            "200 response has no body, but JSON was expected (no content type)"
        );
        assert!(error.source().is_none());
    }
}

#[test]
fn a_byte_order_mark_is_skipped() {
    let body = "\u{feff}[1]".as_bytes();
    let read: Vec<u8> = InvalidJson::read(StatusCode::OK, None, body).unwrap();
    assert_eq!(read, [1]);
}

#[test]
fn what_kind_of_mistake_it_is_and_where_is_told() {
    for (body, says) in [
        ("", "body ends in the middle of a value at line 1 column 0"),
        (
            "[1,",
            "body ends in the middle of a value at line 1 column 3",
        ),
        ("[1,\n x]", "not JSON at line 2 column 2"),
        ("[1] 2", "not JSON at line 1 column 5"),
        (
            "{}",
            "wrong type, unknown value or missing field at line 1 column 0",
        ),
    ] {
        assert_eq!(wrong::<Vec<u8>>(body).problem.to_string(), says, "{body}");
    }
}

#[test]
fn a_part_is_named_by_where_it_stood() {
    let read = |part: &str| {
        InvalidJson::read_part::<HashMap<String, Vec<u8>>>(
            StatusCode::OK,
            "runners[3]",
            part.as_bytes(),
        )
    };
    for (part, path) in [
        (r#"{"name":1}"#, "runners[3].name"),
        (r#"{"name":[1,"a"]}"#, "runners[3].name[1]"),
        ("7", "runners[3]"),
    ] {
        assert_eq!(read(part).unwrap_err().path(), path);
    }
    let error = InvalidJson::read_part::<[u8; 1]>(StatusCode::OK, "runners", b"[true]");
    assert_eq!(error.unwrap_err().path(), "runners[0]");
}

#[test]
fn a_body_that_was_read_in_pieces_has_errors_of_the_same_form() {
    let (ok, begins) = (StatusCode::OK, b"{\"runners\":[1,");
    let cut = InvalidJson::incomplete(ok, None, "runners[1]", begins);
    assert_eq!(
        format!("{cut}: {}", cut.source().unwrap()),
        "200 response is not the expected JSON at `runners[1]` (no content type): \
         body ends in the middle of a value"
    );
    let wrong = InvalidJson::not_json(ok, None, "runners[1]", begins);
    assert_eq!(wrong.problem.to_string(), "not JSON");
    assert_eq!(wrong.snippet(), r#"{"runners":[1,"#);
    let none = InvalidJson::incomplete(ok, None, ".", b"");
    assert!(none.to_string().contains("has no body"));
}

#[test]
fn the_snippet_is_short_and_harmless() {
    let long = format!("  {}", "ä".repeat(1_000));
    assert_eq!(
        wrong::<u8>(&long).snippet(),
        format!("{}…", "ä".repeat(200))
    );
    let token = format!("{}cfc_{}", "x".repeat(190), "s".repeat(640));
    assert_eq!(
        wrong::<u8>(&token).snippet(),
        format!("{}cfc_***", "x".repeat(190))
    );
    assert_eq!(wrong::<u8>("a\x1b[31m").snippet(), "a\\u{1b}[31m");
}
