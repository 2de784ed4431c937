//! The storage of outputs: signed URLs, on an origin of their own.

use http::header::AUTHORIZATION;
use http::request::Parts;
use http::{Method, Response, StatusCode};

use super::account::Account;
use super::faults::ApiFaults;
use super::file;
use super::outputs;
use super::pagination::parameter;
use crate::Body;
use crate::clock::Now;
use crate::responses::{Exchange, denied};

/// The storage's response; it wants no part of the API's token.
pub(crate) fn respond(
    account: &Account,
    now: Now,
    head: &Parts,
    exchange: &Exchange,
    faults: &ApiFaults,
) -> Response<Body> {
    let deny = |status, code, message| denied(status, code, message, exchange);
    if head.headers.contains_key(AUTHORIZATION) {
        return deny(
            StatusCode::BAD_REQUEST,
            "AuthorizationNotAllowed",
            "The URL is signed: no other credentials are allowed",
        );
    }
    if head.method != Method::GET && head.method != Method::HEAD {
        return deny(
            StatusCode::METHOD_NOT_ALLOWED,
            "MethodNotAllowed",
            "The method is not allowed",
        );
    }
    let expires = parameter(head, "expires").and_then(|text| text.parse().ok());
    let expires: u64 = expires.unwrap_or_default();
    let expected = outputs::sign(account.secret(), head.uri.path(), expires);
    if parameter(head, "signature") != Some(expected) {
        return deny(
            StatusCode::FORBIDDEN,
            "SignatureDoesNotMatch",
            "The signature does not match the URL",
        );
    }
    if expires <= outputs::seconds(now.wall_clock) {
        return deny(StatusCode::FORBIDDEN, "ExpiredToken", "Request has expired");
    }
    let length = account.scenario().min_output_bytes;
    file::respond(head, length, &faults.files, exchange)
}
