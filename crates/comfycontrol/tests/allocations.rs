//! Heap allocations of one call through the whole stack, counted: each stands in the table of
//! `comfycontrol::stack`, with its reason.

use std::future::{Ready, ready};
use std::time::Duration;

use allocation_counter::measure;
use bytes::Bytes;
use comfycontrol::rate_limit::{Limiter, Quota};
use comfycontrol::retry::RetryPolicy;
use comfycontrol::stack::Layers;
use comfycontrol::{Body, Client, ClientBuilder, Error, RateLimitMode};
use comfycontrol_test::at_once;
use http::header::{ACCEPT, CONTENT_LENGTH, CONTENT_TYPE, HOST, HeaderName, USER_AGENT};
use http::{HeaderValue, Method, Request, Response, Uri};
use http_body_util::Full;
use tower::{Service, service_fn};

#[tokio::test(start_paused = true)]
async fn a_call_allocates_its_headers_its_id_and_its_copy() {
    let seen = allocations(builder(), || request(Head::Empty));
    assert_eq!(seen, HEADERS + ID + COPY);
}

#[tokio::test(start_paused = true)]
async fn headers_that_are_there_are_not_made_again() {
    let seen = allocations(builder(), || request(Head::Complete));
    assert_eq!(seen, COPY);
}

#[tokio::test(start_paused = true)]
async fn what_is_never_sent_again_is_not_copied() {
    let once = || builder().retry(RetryPolicy::none());
    let seen = allocations(once().without_token(), || request(Head::Complete));
    assert_eq!(seen, 0);
    // A token may be replaced.
    assert_eq!(allocations(once(), || request(Head::Complete)), COPY);
}

#[tokio::test(start_paused = true)]
async fn a_deadline_travels_in_the_extensions() {
    let within = || builder().timeout(Duration::from_secs(10));
    let seen = allocations(within(), || request(Head::Complete));
    assert_eq!(seen, COPY + 2 * EXTENSION);
}

#[tokio::test(start_paused = true)]
async fn an_upload_is_counted_while_it_moves() {
    let seen = allocations(builder(), || {
        let mut request = request(Head::Complete);
        *request.body_mut() = Body::from("static");
        request
    });
    assert_eq!(seen, COPY + BODY + PROGRESS);
}

#[tokio::test(start_paused = true)]
async fn headers_of_a_post_find_room() {
    let client = builder().transport(service_fn(respond)).build().unwrap();
    let seen = allocations(builder(), || {
        let post = client.post("/v1/workflow").body("static");
        let request = post
            .header(CONTENT_TYPE, HeaderValue::from_static("text/plain"))
            .header(CONTENT_LENGTH, 6)
            .header(HOST, HeaderValue::from_static("api.comfycontrol.app"));
        request.build().unwrap()
    });
    assert_eq!(seen, ID + COPY + BODY + URL + PROGRESS);
}

#[tokio::test(start_paused = true)]
async fn a_body_that_may_break_off_keeps_its_call_where_it_was() {
    let get = || request(Head::Complete);
    let seen = allocations_of(builder(), get, || Full::from("{}"));
    assert_eq!(seen, COPY);
    let post = || {
        let mut request = request(Head::Complete);
        *request.method_mut() = Method::POST;
        request
    };
    let seen = allocations_of(builder(), post, || Full::from("{}"));
    assert_eq!(seen, COPY);
}

#[tokio::test(start_paused = true)]
async fn a_limiter_allocates_nothing() {
    let seen = allocations(builder().rate_limit(RateLimitMode::Off), || {
        request(Head::Complete)
    });
    assert_eq!(seen, COPY);
}

/// The map of the headers: its table and its entries.
const HEADERS: u64 = 2;
/// The text of the request id.
const ID: u64 = 1;
/// The headers once more, for a retry, and the place for all that is kept for it.
const COPY: u64 = HEADERS + 1;
/// The box of the copy of a body.
const BODY: u64 = 1;
/// What lets the copy share the path.
const URL: u64 = 1;
/// The map of the extensions, its table, and the value.
const EXTENSION: u64 = 3;
/// The count of the bytes that have left, and what adds to it.
const PROGRESS: u64 = 2;

// === support ===

enum Head {
    Complete,
    Empty,
}

fn builder() -> ClientBuilder {
    Client::builder()
        .token("cfc_test0000000")
        .rate_limit(Limiter::new(Quota::COMFYCONTROL))
}

fn request(head: Head) -> Request<Body> {
    let mut request = Request::new(Body::empty());
    *request.uri_mut() = Uri::from_static("https://api.comfycontrol.app/v1/user");
    if let Head::Complete = head {
        let id = HeaderName::from_static("x-request-id");
        for name in [ACCEPT, USER_AGENT, id] {
            let value = HeaderValue::from_static("given");
            request.headers_mut().insert(name, value);
        }
    }
    request
}

/// How often one call allocates when others have gone before it.
fn allocations(builder: ClientBuilder, request: impl Fn() -> Request<Body>) -> u64 {
    allocations_of(builder, request, Full::default)
}

/// The same for responses with another body than an empty one.
fn allocations_of(
    builder: ClientBuilder,
    request: impl Fn() -> Request<Body>,
    body: impl Fn() -> Full<Bytes> + Clone,
) -> u64 {
    let layers: Layers = builder.layers().unwrap();
    let mut stack = layers.stack(service_fn(move |request| respond_with(request, body())));
    let mut call = || {
        let (request, response) = (request(), &mut None);
        let seen = measure(|| *response = Some(at_once(stack.call(request)).unwrap()));
        seen.count_total
    };
    call();
    let seen = call();
    assert_eq!(call(), seen);
    // The head of the response is the transport's.
    seen - HEADERS
}

fn respond(req: Request<Body>) -> Ready<Result<Response<Full<Bytes>>, Error>> {
    respond_with(req, Full::default())
}

fn respond_with(
    req: Request<Body>,
    body: Full<Bytes>,
) -> Ready<Result<Response<Full<Bytes>>, Error>> {
    drop(req);
    let json = HeaderValue::from_static("application/json");
    let mut response = Response::new(body);
    response.headers_mut().insert(CONTENT_TYPE, json);
    ready(Ok(response))
}
