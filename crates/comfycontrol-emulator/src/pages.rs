//! The texts of answers that the edge makes itself.

use http::StatusCode;
use serde_json::{Value, json};

use crate::exchange::Exchange;
use crate::timestamp::timestamp;

/// An HTML error page of about `size` bytes.
pub(crate) fn page(title: &str, text: &str, exchange: &Exchange, size: usize) -> String {
    let mut page = format!(
        "<!DOCTYPE html>\n<html lang=\"en-US\">\n<head>\n<title>{title}</title>\n\
         <meta charset=\"UTF-8\">\n<meta name=\"robots\" content=\"noindex, nofollow\">\n<style>\n"
    );
    while page.len() < size {
        page.push_str(".cf-error-details{margin:0;padding:0;font-size:16px;line-height:1.5}\n");
    }
    page.push_str(&format!(
        "</style>\n</head>\n<body>\n<h1>{title}</h1>\n<p>{text}</p>\n\
         <p>Ray ID: {} &bull; {}</p>\n</body>\n</html>\n",
        exchange.ray, exchange.host,
    ));
    page
}

/// The problem document of a Cloudflare 1xxx error (RFC 9457 and extensions).
pub(crate) fn problem_1xxx(
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
pub(crate) fn problem_5xx(status: StatusCode, exchange: &Exchange) -> String {
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
pub(crate) fn origin_retry_after(status: StatusCode) -> Option<u64> {
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
        "timestamp": timestamp(exchange.wall),
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
