//! The outputs of runs, behind signed URLs on an origin of their own.

use std::time::{Duration, SystemTime};

use bytes::Bytes;
use http::header::AUTHORIZATION;
use http::request::Parts;
use http::{Method, Response, StatusCode};
use serde_json::{Value, json};
use sha2::{Digest, Sha256};

use super::pagination::parameter;
use super::{Api, Scenario};
use crate::Body;
use crate::exchange::Exchange;
use crate::shared::Now;

/// The outputs of a completed workflow, with links that are good for a while.
pub(super) fn outputs(api: &Api, now: Now, workflow_id: &str) -> Value {
    let Scenario {
        storage, link_life, ..
    } = api.scenario();
    let expires = seconds(now.wall) + link_life.as_secs();
    let outputs = (1..=OUTPUTS).map(|number| {
        let path = format!("/outputs/{workflow_id}/image{number:03}.png");
        let signature = sign(api.secret(), &path, expires);
        json!({
            "id": format!("output-{number}-{workflow_id}"),
            "workflow_id": workflow_id,
            "src": format!("{storage}{path}?expires={expires}&signature={signature}"),
        })
    });
    outputs.collect()
}

/// The storage's answer; it wants no part of the API's token.
pub(crate) fn answer(api: &Api, now: Now, head: &Parts, exchange: &Exchange) -> Response<Body> {
    let refuse = |status, code| {
        let body = format!(
            "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<Error><Code>{code}</Code></Error>\n"
        );
        exchange.response(status, "application/xml", body)
    };
    if head.headers.contains_key(AUTHORIZATION) {
        return refuse(StatusCode::BAD_REQUEST, "AuthorizationNotAllowed");
    }
    if head.method != Method::GET && head.method != Method::HEAD {
        return refuse(StatusCode::METHOD_NOT_ALLOWED, "MethodNotAllowed");
    }
    let expires = parameter(head, "expires").and_then(|text| text.parse().ok());
    let expires: u64 = expires.unwrap_or_default();
    let expected = sign(api.secret(), head.uri.path(), expires);
    if parameter(head, "signature") != Some(expected) {
        return refuse(StatusCode::FORBIDDEN, "SignatureDoesNotMatch");
    }
    if expires <= seconds(now.wall) {
        return refuse(StatusCode::FORBIDDEN, "ExpiredToken");
    }
    exchange.response(
        StatusCode::OK,
        "image/png",
        image(api.scenario().output_bytes),
    )
}

/// A picture of one pixel, followed by zeros up to the length asked for.
fn image(length: usize) -> Bytes {
    let mut image = PNG.to_vec();
    image.resize(length.max(PNG.len()), 0);
    image.into()
}

fn sign(secret: u64, path: &str, expires: u64) -> String {
    let digest = Sha256::digest(format!("{secret:x} {path} {expires}"));
    digest
        .iter()
        .take(16)
        .map(|byte| format!("{byte:02x}"))
        .collect()
}

fn seconds(wall: SystemTime) -> u64 {
    let since = wall.duration_since(SystemTime::UNIX_EPOCH);
    since.unwrap_or(Duration::ZERO).as_secs()
}

const OUTPUTS: usize = 2;
const PNG: &[u8; 67] = b"\x89PNG\x0d\x0a\x1a\x0a\x00\x00\x00\x0dIHDR\x00\x00\x00\x01\x00\x00\
    \x00\x01\x08\x00\x00\x00\x00:~\x9bU\x00\x00\x00\x0aIDATx\xdach\x00\x00\
    \x00\x82\x00\x81\xdaE\x08;\x00\x00\x00\x00IEND\xaeB`\x82";
