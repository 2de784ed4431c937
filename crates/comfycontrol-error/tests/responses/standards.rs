//! What the standards add.

use comfycontrol_error::{ApiErrorKind as Kind, ServedBy};

use crate::support::decode;

#[test]
fn a_problem_of_type_blank_and_wrong_types_is_read_as_far_as_it_goes() {
    let body = r#"{"title":["a"],"detail":"Out of credit","status":"soon","instance":7}"#;
    let error = decode(403, &[("content-type", "application/problem+json")], body);
    assert_eq!(error.message(), "Out of credit");
    assert_eq!(error.body_status(), None);
    assert_eq!(error.served_by(), ServedBy::Unknown);
    let problem = error.problem().unwrap();
    assert_eq!((problem.title(), problem.instance()), (None, None));
}

#[test]
fn a_bearer_challenge_is_kept_among_the_headers() {
    let challenge = r#"Bearer realm="example", error="invalid_token""#;
    let error = decode(401, &[("www-authenticate", challenge)], "");
    assert_eq!(error.kind(), Kind::Unauthorized);
    assert_eq!(error.headers()["www-authenticate"], challenge);
    assert_eq!(error.to_string(), "401 Unauthorized");
}

#[test]
fn a_redirect_is_an_error_that_shows_where_to_but_no_query() {
    let location = "https://user:pw@evil.example/v1?token=cfc_secret#x";
    let error = decode(302, &[("location", location)], "<title>Moved</title>");
    assert_eq!(error.kind(), Kind::Redirect);
    assert_eq!(
        error.to_string(),
        "302 Found: redirected to https://evil.example/v1"
    );
    assert_eq!(error.headers()["location"], location);
}
