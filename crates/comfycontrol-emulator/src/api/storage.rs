//! The storage of outputs: signed URLs, on an origin of their own.

use bytes::Bytes;
use http::header::AUTHORIZATION;
use http::request::Parts;
use http::{Method, Response, StatusCode};

use super::account::Account;
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
    exchange.response(
        StatusCode::OK,
        "image/png",
        image(account.scenario().min_output_bytes),
    )
}

/// A picture of one pixel, followed by zeros up to the length asked for.
fn image(length: usize) -> Bytes {
    let mut image = PNG.to_vec();
    image.resize(length.max(PNG.len()), 0);
    image.into()
}

const PNG: &[u8; 67] = b"\x89PNG\x0d\x0a\x1a\x0a\x00\x00\x00\x0dIHDR\x00\x00\x00\x01\x00\x00\
    \x00\x01\x08\x00\x00\x00\x00:~\x9bU\x00\x00\x00\x0aIDATx\xdach\x00\x00\
    \x00\x82\x00\x81\xdaE\x08;\x00\x00\x00\x00IEND\xaeB`\x82";
