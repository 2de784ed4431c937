//! One call, from its head to that of its response.

use std::pin::pin;
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use comfycontrol::priority::{Key, Priority, Urgency};
use comfycontrol::{Body, Error, ResponseBody};
use comfycontrol_core::{BoxError, Deadline};
use http::header::CONTENT_TYPE;
use http::request::Parts;
use http::uri::PathAndQuery;
use http::{HeaderMap, HeaderName, HeaderValue, Request, Response, Uri};
use http_body::Body as HttpBody;
use tower::ServiceExt;

use crate::body::GatewayBody;
use crate::record::Record;
use crate::refusal::Refusal;
use crate::shared::Shared;
use crate::{clock, failed, fields, head, pages, prefer, site};

pub(crate) async fn respond<B>(shared: Arc<Shared>, request: Request<B>) -> Response<GatewayBody>
where
    B: HttpBody<Data = Bytes, Error: Into<BoxError>>,
{
    let (head, body) = request.into_parts();
    let mut record = Record::new(&head, shared.observer.clone());
    let result = handle(&shared, head, body, &mut record).await;
    let mut response = result.unwrap_or_else(|refusal| {
        if refusal.is_unheard() {
            record.caller_has_gone();
        }
        let refused = refusal.into_response();
        refused.map(|body| GatewayBody::bytes(body, false))
    });
    record.respond(response.status());
    fields::add(response.headers_mut(), shared.quota, shared.left());
    response.map(|body| body.recorded_by(record))
}

async fn handle<B>(
    shared: &Shared,
    head: Parts,
    body: B,
    record: &mut Record,
) -> Result<Response<GatewayBody>, Refusal>
where
    B: HttpBody<Data = Bytes, Error: Into<BoxError>>,
{
    shared.hosts.check(&head)?;
    site::check(&head)?;
    let caller = shared.callers.identify(&head).await?;
    record.set_caller(caller.as_ref());
    if pages::are_at(head.uri.path()) {
        let pages = shared.pages.as_ref().ok_or_else(pages::not_found)?;
        record.forget();
        return pages.respond(head).await;
    }
    if shared.stop.has_begun() {
        return Err(stops());
    }
    let asked = prefer::wait(&head.headers);
    let body = tokio::select! {
        body = shared.spool.read(body) => body?,
        () = shared.stop.begun() => return Err(stops()),
    };
    let wait = asked.map_or(shared.max_wait, |wait| wait.min(shared.max_wait));
    let mut request = to_api(shared, head, body)?;
    let extensions = request.extensions_mut();
    extensions.insert(priority(caller));
    extensions.insert(Deadline(clock::now() + wait.max(AT_ONCE)));
    extensions.insert(record.track());
    let mut response = match send(shared, request, record).await? {
        Ok(response) => of_api(shared, response),
        Err(error) => failed::response(&error, shared.wait())?,
    };
    if let Some(asked) = asked {
        applied(response.headers_mut(), asked.min(wait));
    }
    Ok(response)
}

/// Sends it, unless the gateway stops while it waits for its slot.
async fn send(
    shared: &Shared,
    request: Request<Body>,
    record: &mut Record,
) -> Result<Result<Response<ResponseBody>, Error>, Refusal> {
    let mut call = pin!(shared.client.clone().oneshot(request));
    tokio::select! {
        biased;
        result = &mut call => return Ok(result),
        () = shared.stop.begun() => {}
    }
    if !record.has_left() {
        return Err(stops());
    }
    Ok(call.await)
}

fn to_api(shared: &Shared, head: Parts, body: Body) -> Result<Request<Body>, Refusal> {
    let mut headers = head.headers;
    let key_header = shared.callers.header.as_str();
    head::keep_for_api(&mut headers, head.version, Some(key_header));
    let path = head.uri.into_parts().path_and_query;
    let mut request = Request::new(body);
    *request.method_mut() = head.method;
    *request.uri_mut() = Uri::from(path.unwrap_or(PathAndQuery::from_static("/")));
    *request.headers_mut() = headers;
    Ok(request)
}

/// A head of our own: the version of the response is that of the caller's connection, whatever the
/// API spoke.
fn of_api(shared: &Shared, response: Response<ResponseBody>) -> Response<GatewayBody> {
    let (parts, body) = response.into_parts();
    let mut body = GatewayBody::api(body);
    if is_event_stream(&parts.headers) {
        body = body.ended_by(shared.stop.begun());
    }
    let mut response = Response::new(body);
    *response.status_mut() = parts.status;
    *response.headers_mut() = parts.headers;
    head::keep_for_caller(response.headers_mut());
    response
}

fn is_event_stream(headers: &HeaderMap) -> bool {
    let kind = headers.get(CONTENT_TYPE).map(HeaderValue::as_bytes);
    kind.and_then(|kind| kind.get(..EVENT_STREAM.len()))
        .is_some_and(|kind| kind.eq_ignore_ascii_case(EVENT_STREAM))
}

/// Who waits for nothing wants a slot now: where the limit is shared, even a free one takes a
/// moment.
const AT_ONCE: Duration = Duration::from_millis(250);

const EVENT_STREAM: &[u8] = b"text/event-stream";

fn priority(caller: Option<Key>) -> Priority {
    let priority = Priority::new(Urgency::DEFAULT);
    match caller {
        Some(key) => priority.with_key(key),
        None => priority,
    }
}

/// Says which wait counted (RFC 7240 §3).
fn applied(headers: &mut HeaderMap, wait: Duration) {
    if let Ok(value) = HeaderValue::try_from(format!("wait={}", wait.as_secs())) {
        headers.append(HeaderName::from_static("preference-applied"), value);
    }
}

/// A restart takes some seconds.
fn stops() -> Refusal {
    Refusal::unavailable(
        "the gateway stops: this call was not sent",
        Duration::from_secs(2),
    )
}
