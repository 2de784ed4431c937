//! What is responded to a request: the routes.

use std::sync::Arc;

use http::header::{
    ALLOW, CACHE_CONTROL, CONTENT_LENGTH, CONTENT_SECURITY_POLICY, CONTENT_TYPE, REFERRER_POLICY,
    RETRY_AFTER, X_CONTENT_TYPE_OPTIONS, X_FRAME_OPTIONS,
};
use http::{HeaderMap, HeaderName, HeaderValue, Method, Response, StatusCode};
use http_body::Body as _;
use serde::Serialize;

use crate::body::Body;
use crate::events::Events;
use crate::hub::Hub;
use crate::metrics;
use crate::page;

const JSON: &str = "application/json";
const EVENTS: &str = "text/event-stream";

/// The response to a request for that path, without the prefix where it is mounted.
pub(crate) fn respond(hub: &Arc<Hub>, method: &Method, path: &str) -> Response<Body> {
    let path = if path.is_empty() { "/" } else { path };
    let mut response = if method == Method::GET || method == Method::HEAD {
        get(hub, path, method == Method::HEAD)
    } else if is_known(path) {
        let mut response = plain(StatusCode::METHOD_NOT_ALLOWED, "only GET and HEAD\n");
        set(response.headers_mut(), ALLOW, "GET, HEAD");
        response
    } else {
        not_found()
    };
    let headers = response.headers_mut();
    set(
        headers,
        CONTENT_SECURITY_POLICY,
        page::CONTENT_SECURITY_POLICY,
    );
    set(headers, X_CONTENT_TYPE_OPTIONS, "nosniff");
    set(headers, X_FRAME_OPTIONS, "DENY");
    set(headers, REFERRER_POLICY, "no-referrer");
    set(
        headers,
        HeaderName::from_static("cross-origin-resource-policy"),
        "same-origin",
    );
    set(headers, CACHE_CONTROL, "no-store");
    if method == Method::HEAD {
        without_body(&mut response);
    }
    response
}

/// Leaves out the body, and says how long it would be.
fn without_body(response: &mut Response<Body>) {
    let body = std::mem::replace(response.body_mut(), Body::whole(""));
    let is_stream = response
        .headers()
        .get(CONTENT_TYPE)
        .is_some_and(|it| it == EVENTS);
    if let Some(length) = body.size_hint().exact().filter(|_| !is_stream) {
        response.headers_mut().insert(CONTENT_LENGTH, length.into());
    }
}

fn is_known(path: &str) -> bool {
    let routes = ["/events", "/state", "/metrics", "/health", "/ready"];
    routes.contains(&path) || page::file(path).is_some()
}

fn get(hub: &Arc<Hub>, path: &str, is_head: bool) -> Response<Body> {
    match path {
        "/events" if is_head => of_type(StatusCode::OK, EVENTS, ""),
        "/events" => events(hub),
        "/state" => json(StatusCode::OK, &hub.state(0)),
        "/metrics" => of_type(
            StatusCode::OK,
            metrics::CONTENT_TYPE,
            metrics::text(hub.scrape()),
        ),
        "/health" => json(StatusCode::OK, &Health { status: "ok" }),
        "/ready" => ready(hub),
        path => match page::file(path) {
            Some((content_type, text)) => of_type(StatusCode::OK, content_type, text),
            None => not_found(),
        },
    }
}

fn events(hub: &Arc<Hub>) -> Response<Body> {
    match Events::open(hub) {
        Some(events) => {
            let mut response = of_type(StatusCode::OK, EVENTS, "");
            *response.body_mut() = Body::events(events);
            // For proxies that would hold events back.
            set(
                response.headers_mut(),
                HeaderName::from_static("x-accel-buffering"),
                "no",
            );
            response
        }
        None => {
            let mut response = plain(StatusCode::SERVICE_UNAVAILABLE, "too many streams\n");
            set(response.headers_mut(), RETRY_AFTER, "10");
            response
        }
    }
}

#[derive(Serialize)]
struct Health {
    status: &'static str,
}

#[derive(Serialize)]
struct Ready {
    ready: bool,
    reasons: Vec<&'static str>,
}

fn ready(hub: &Hub) -> Response<Body> {
    let reasons = hub.reasons();
    let ready = reasons.is_empty();
    let status = if ready {
        StatusCode::OK
    } else {
        StatusCode::SERVICE_UNAVAILABLE
    };
    json(status, &Ready { ready, reasons })
}

fn json(status: StatusCode, value: &impl Serialize) -> Response<Body> {
    // None of ours has anything that JSON has not.
    let text = serde_json::to_string(value).unwrap_or_default();
    of_type(status, JSON, text)
}

fn not_found() -> Response<Body> {
    plain(StatusCode::NOT_FOUND, "there is no such page\n")
}

fn plain(status: StatusCode, text: &'static str) -> Response<Body> {
    of_type(status, "text/plain; charset=utf-8", text)
}

fn of_type(
    status: StatusCode,
    content_type: &'static str,
    text: impl Into<bytes::Bytes>,
) -> Response<Body> {
    let mut response = Response::new(Body::whole(text));
    *response.status_mut() = status;
    set(response.headers_mut(), CONTENT_TYPE, content_type);
    response
}

fn set(headers: &mut HeaderMap, name: HeaderName, value: &'static str) {
    headers.insert(name, HeaderValue::from_static(value));
}
