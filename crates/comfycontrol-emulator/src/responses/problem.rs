//! Problem documents as Cloudflare writes them (RFC 9457 and extensions).

use http::header::RETRY_AFTER;
use http::{Response, StatusCode};
use serde_json::{Value, json};

use super::body::Body;
use super::exchange::Exchange;
use crate::timestamp::timestamp;

/// A 5xx as problem document, with its `Retry-After` where it has one.
pub(super) fn structured(status: StatusCode, exchange: &Exchange) -> Response<Body> {
    let media = exchange.json_type().unwrap_or(PROBLEM);
    let mut response = exchange.response(status, media, problem_5xx(status, exchange));
    if let Some(seconds) = origin_retry_after(status) {
        response.headers_mut().insert(RETRY_AFTER, seconds.into());
    }
    response
}

/// The problem document of a Cloudflare 1xxx error (RFC 9457 and extensions).
pub(super) fn problem_1xxx(
    code: u16,
    status: StatusCode,
    name: &str,
    category: &str,
    title: &str,
    retry_after: Option<u64>,
    exchange: &Exchange,
) -> String {
    let kind = format!(
        "https://developers.cloudflare.com/support/troubleshooting/http-status-codes/cloudflare-1xxx-errors/error-{code}/"
    );
    let mut problem = problem(status, name, category, title, retry_after, exchange);
    problem["type"] = kind.into();
    problem["error_code"] = code.into();
    problem.to_string()
}

/// The problem document of a status Cloudflare gives for the origin.
fn problem_5xx(status: StatusCode, exchange: &Exchange) -> String {
    let (name, title) = match status.as_u16() {
        500 => ("internal_error", "Internal server error"),
        502 => ("bad_gateway", "Bad gateway"),
        504 => ("gateway_timeout", "Gateway time-out"),
        520 => ("unknown_error", "Web server returned an unknown error"),
        521 => ("web_server_down", "Web server is down"),
        522 => ("connection_timed_out", "Connection timed out"),
        523 => ("origin_unreachable", "Origin is unreachable"),
        524 => ("timeout_occurred", "A timeout occurred"),
        525 => ("ssl_handshake_failed", "SSL handshake failed"),
        526 => ("invalid_ssl_certificate", "Invalid SSL certificate"),
        _ => ("origin_error", "Origin error"),
    };
    let wait = origin_retry_after(status);
    let mut problem = problem(status, name, "origin", title, wait, exchange);
    problem["error_code"] = status.as_u16().into();
    problem.to_string()
}

/// The wait Cloudflare announces with a structured 5xx, in seconds.
fn origin_retry_after(status: StatusCode) -> Option<u64> {
    match status.as_u16() {
        500 => Some(30),
        502 | 520 => Some(60),
        504 | 521..=524 => Some(120),
        _ => None,
    }
}

fn problem(
    status: StatusCode,
    name: &str,
    category: &str,
    title: &str,
    retry_after: Option<u64>,
    exchange: &Exchange,
) -> Value {
    let (ray, _) = exchange.ray.split_once('-').unwrap_or((&exchange.ray, ""));
    let mut problem = json!({
        "type": "about:blank",
        "title": format!("Error {}: {title}", status.as_u16()),
        "status": status.as_u16(),
        "detail": title,
        "instance": ray,
        "error_name": name,
        "error_category": category,
        "ray_id": ray,
        "timestamp": timestamp(exchange.wall_clock),
        "zone": exchange.host,
        "cloudflare_error": true,
        "retryable": retry_after.is_some(),
        "owner_action_required": false,
        "what_you_should_do": match retry_after {
            Some(_) => "Wait, then try again.",
            None => "Do not try again; ask the owner of the site.",
        },
        "footer": "This error was made by an emulated Cloudflare edge.",
    });
    if let Some(seconds) = retry_after {
        problem["retry_after"] = seconds.into();
    }
    problem
}

pub(super) const PROBLEM: &str = "application/problem+json";
