//! The layer as its users see it: a mock service behind it, a paused clock around it.

use std::collections::VecDeque;
use std::convert::Infallible;
use std::error::Error;
use std::fmt;
use std::future::{Ready, ready};
use std::marker::PhantomPinned;
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering::Relaxed};
use std::task::{Context, Poll};
use std::time::Duration;

use bytes::Bytes;
use comfycontrol_error::{ApiError, ApiErrorKind, BodyIncomplete, DecodeError, DecodeErrorLayer};
use http::{HeaderMap, Method, Request, Response, StatusCode};
use http_body::{Body, Frame};
use http_body_util::{BodyExt, Empty, Full};
use tokio::time;
use tokio_test::{assert_pending, assert_ready, assert_ready_err, assert_ready_ok, task};
use tower::{BoxError, Layer, Service};
use tower_test::mock;

const LIMIT: Duration = Duration::from_secs(5);

// === success ===

#[test]
fn a_stream_of_events_passes_frame_by_frame() {
    let body = Script::new([
        data("data: 1\n\n"),
        Step::Wait,
        data("data: 2\n\n"),
        trailers(),
    ]);
    let mut call = task::spawn(layered(200, body).call(get()));
    let mut body = task::spawn(assert_ready_ok!(call.poll()).into_body());

    let frame = |poll: Poll<Option<Result<Frame<_>, _>>>| assert_ready!(poll).unwrap().unwrap();
    let first = frame(body.enter(|cx, body| body.poll_frame(cx)));
    assert_eq!(first.into_data().unwrap(), "data: 1\n\n");
    assert_pending!(body.enter(|cx, body| body.poll_frame(cx)));
    let second = frame(body.enter(|cx, body| body.poll_frame(cx)));
    assert_eq!(second.into_data().unwrap(), "data: 2\n\n");
    assert!(frame(body.enter(|cx, body| body.poll_frame(cx))).is_trailers());
}

#[test]
fn a_page_that_comes_as_a_success_passes_untouched() {
    let page = Bytes::from_static(b"<title>error code: 1015</title>");
    for status in [200, 201, 204, 299] {
        let mut call = task::spawn(layered(status, Full::new(page.clone())).call(get()));
        let response = assert_ready_ok!(call.poll());
        let passed = task::spawn(response.into_body().collect()).poll();
        let passed = assert_ready_ok!(passed).to_bytes();
        // The same memory, not a copy.
        assert_eq!(passed.as_ptr(), page.as_ptr());
    }
}

#[test]
fn what_counts_as_success_can_be_told() {
    let layer = DecodeErrorLayer::new().success(|status| status == StatusCode::NOT_MODIFIED);
    let reply = |status| layer.layer(Answers::new(status, Full::new(Bytes::new())));
    let mut call = task::spawn(reply(304).call(get()));
    assert_eq!(assert_ready_ok!(call.poll()).status(), 304);
    let mut call = task::spawn(reply(200).call(get()));
    assert_eq!(
        refusal(assert_ready_err!(call.poll())).kind(),
        ApiErrorKind::Unexpected
    );
}

// === the time limit ===

#[tokio::test(start_paused = true)]
async fn a_slow_drip_times_out_and_status_and_headers_survive() {
    let drip = (0..100).flat_map(|_| [data("x"), Step::Wait]);
    let mut call = task::spawn(layered(503, Script::new(drip)).call(get()));
    for _ in 0..4 {
        assert_pending!(call.poll());
        time::advance(Duration::from_secs(1)).await;
    }
    assert_pending!(call.poll());
    time::advance(Duration::from_millis(999)).await;
    assert_pending!(call.poll());
    time::advance(Duration::from_millis(1)).await;
    assert!(call.is_woken());

    let error = refusal(assert_ready_err!(call.poll()));
    assert_eq!(error.status(), 503);
    assert_eq!(error.kind(), ApiErrorKind::Unavailable);
    assert_eq!(error.headers()["x-kept"], "yes");
    assert_eq!(error.body(), "xxxxxxx");
    assert!(!error.body_was_cut());
    assert!(error.body_error().unwrap().is_timeout());
    assert_eq!(
        error.source().unwrap().to_string(),
        "error body did not arrive within 5s"
    );
}

#[tokio::test(start_paused = true)]
async fn the_time_limit_can_be_set() {
    let layer = DecodeErrorLayer::new().body_timeout(Duration::from_millis(20));
    let mut service = layer.layer(Answers::new(500, Script::new([Step::Wait, Step::Wait])));
    let mut call = task::spawn(service.call(get()));
    assert_pending!(call.poll());
    time::advance(Duration::from_millis(20)).await;
    let error = refusal(assert_ready_err!(call.poll()));
    assert!(error.body_error().unwrap().is_timeout());
}

#[tokio::test(start_paused = true)]
async fn a_body_that_is_always_ready_keeps_neither_the_thread_nor_the_time_limit() {
    let endless = std::iter::repeat_with(|| data("")).take(1_000_000);
    let mut call = task::spawn(layered(500, Script::new(endless)).call(get()));
    assert_pending!(call.poll());
    assert!(call.is_woken());
    time::advance(LIMIT).await;
    let error = refusal(assert_ready_err!(call.poll()));
    assert!(error.body_error().unwrap().is_timeout());
}

#[test]
fn a_body_that_is_there_needs_no_timer() {
    // There is no runtime here: making a timer would panic.
    let body = Script::new([data(r#"{"message":"#), data(r#""half"}"#), trailers()]);
    let mut call = task::spawn(layered(400, body).call(get()));
    assert_eq!(refusal(assert_ready_err!(call.poll())).message(), "half");
}

// === the cap ===

#[test]
fn a_body_over_the_cap_is_cut_and_read_no_further() {
    let layer = DecodeErrorLayer::new().max_body(10);
    for (frames, kept, cut) in [
        (vec!["12345", "67890"], "1234567890", false),
        (vec!["12345", "67890", ""], "1234567890", false),
        (vec!["12345", "678901", "never read"], "1234567890", true),
        (
            vec!["12345", "67890", "1", "never read"],
            "1234567890",
            true,
        ),
        (
            vec!["12345678901234567890", "never read"],
            "1234567890",
            true,
        ),
    ] {
        let body = Script::new(frames.into_iter().map(data));
        let unread = Arc::clone(&body.unread);
        let mut call = task::spawn(layer.layer(Answers::new(500, body)).call(get()));
        let error = refusal(assert_ready_err!(call.poll()));
        assert_eq!(error.body(), kept);
        assert_eq!(error.body_was_cut(), cut);
        assert!(error.body_error().is_none());
        assert_eq!(unread.load(Relaxed), usize::from(cut));
    }
}

#[test]
fn a_short_form_that_was_cut_is_none() {
    let layer = DecodeErrorLayer::new().max_body(16);
    let body = Script::new([data("error code: 1015 was not the cause")]);
    let mut call = task::spawn(layer.layer(Answers::new(403, body)).call(get()));
    let error = refusal(assert_ready_err!(call.poll()));
    assert_eq!(error.body(), "error code: 1015");
    assert_eq!(error.kind(), ApiErrorKind::Forbidden);
}

// === broken and missing bodies ===

#[test]
fn a_reset_in_the_body_leaves_what_had_come() {
    let body = Script::new([data(r#"{"message":"Token has expired","x":"#), Step::Fail]);
    let mut call = task::spawn(layered(401, body).call(get()));
    let error = refusal(assert_ready_err!(call.poll()));
    assert_eq!(error.kind(), ApiErrorKind::TokenExpired);
    assert!(!error.body_error().unwrap().is_timeout());

    // Each link of the chain says its own part, and none says another's.
    assert_eq!(error.to_string(), "401 Unauthorized: Token has expired");
    let broken = error.source().unwrap();
    assert_eq!(broken.to_string(), "error body broke off");
    let reset = broken.source().unwrap();
    assert_eq!(reset.to_string(), "connection reset");
    assert!(reset.is::<Reset>());
}

#[test]
fn a_reply_without_body_is_not_waited_for() {
    // These bodies never end, as if a length had been believed.
    let endless = || Script::new([Step::Wait, Step::Wait]);
    let mut head = get();
    *head.method_mut() = Method::HEAD;
    let mut call = task::spawn(layered(404, endless()).call(head));
    assert_eq!(refusal(assert_ready_err!(call.poll())).status(), 404);

    let layer = DecodeErrorLayer::new().success(|_| false);
    for status in [204, 205, 304] {
        let mut service = layer.layer(Answers::new(status, endless()));
        let mut call = task::spawn(service.call(get()));
        assert_eq!(refusal(assert_ready_err!(call.poll())).status(), status);
    }

    // And one that says itself that it has ended.
    let mut call = task::spawn(layered(404, Empty::<Bytes>::new()).call(get()));
    assert_eq!(
        refusal(assert_ready_err!(call.poll())).to_string(),
        "404 Not Found"
    );
}

#[tokio::test(start_paused = true)]
async fn dropping_the_call_at_any_poll_drops_all_of_it() {
    let steps = || {
        [
            Step::Wait,
            data("a"),
            Step::Wait,
            trailers(),
            Step::Wait,
            data("b"),
        ]
    };
    let mut most = 0;
    for polls in 0.. {
        let body = Script::new(steps());
        let body_is_alive = Arc::downgrade(&body.unread);
        let mut service = layered(500, body);
        let mut call = task::spawn(service.call(get()));
        let done = (0..polls).any(|_| call.poll().is_ready());
        drop((call, service));
        assert!(body_is_alive.upgrade().is_none(), "after {polls} polls");
        if done {
            most = polls;
            break;
        }
    }
    assert_eq!(most, 4);
}

// === the inner service ===

#[test]
fn readiness_is_the_inner_services() {
    let (mut service, mut handle) =
        mock::spawn_layer::<Request<()>, Response<Full<Bytes>>, _>(DecodeErrorLayer::new());
    handle.allow(0);
    assert_pending!(service.poll_ready());
    handle.allow(1);
    assert_ready_ok!(service.poll_ready());
    let mut call = task::spawn(service.call(get()));
    assert_pending!(call.poll());
    handle.send_error("the inner service's own");
    assert_eq!(
        assert_ready_err!(service.poll_ready()).to_string(),
        "the inner service's own"
    );
}

#[test]
fn extensions_of_the_reply_are_kept() {
    #[derive(Clone, Debug, PartialEq)]
    struct Marker(u8);

    let mut inner = Answers::new(401, Full::new(Bytes::from("x")));
    inner
        .reply
        .as_mut()
        .unwrap()
        .extensions_mut()
        .insert(Marker(7));
    let mut call = task::spawn(DecodeErrorLayer::new().layer(inner).call(get()));
    let error = refusal(assert_ready_err!(call.poll()));
    assert_eq!(error.extensions().get(), Some(&Marker(7)));

    let reply = error.clone().into_response();
    assert_eq!(reply.extensions().get(), Some(&Marker(7)));
    assert_eq!(
        (reply.status().as_u16(), &reply.body()[..]),
        (401, &b"x"[..])
    );
    assert_eq!(
        ApiError::from_response(reply).to_string(),
        error.to_string()
    );
}

#[test]
fn a_typed_error_stays_typed() {
    #[derive(Debug)]
    enum Mine {
        Api(ApiError),
        Inner,
    }

    impl From<ApiError> for Mine {
        fn from(error: ApiError) -> Self {
            Self::Api(error)
        }
    }

    let answer = tower::service_fn(|req: Request<()>| {
        ready(match req.method() {
            &Method::GET => Ok(Response::builder()
                .status(404)
                .body(Empty::<Bytes>::new())
                .unwrap()),
            _ => Err(Mine::Inner),
        })
    });
    let mut service = DecodeErrorLayer::new().layer(answer);
    let error = assert_ready_err!(task::spawn(service.call(get())).poll());
    assert!(matches!(error, Mine::Api(error) if error.kind() == ApiErrorKind::NotFound));
    let mut post = get();
    *post.method_mut() = Method::POST;
    let error = assert_ready_err!(task::spawn(service.call(post)).poll());
    assert!(matches!(error, Mine::Inner));
}

// === what can be relied on when stacking ===

#[test]
fn keeps_the_error_and_body_types_and_the_auto_traits() {
    fn check<S, B>(_: &S)
    where
        S: Service<Request<()>, Response = Response<B>, Error = BoxError>,
        S: Clone + Send + Sync + 'static,
        S::Future: Send,
    {
    }
    fn check_error<E: Error + Clone + Send + Sync + 'static>() {}

    check::<_, Full<Bytes>>(&DecodeErrorLayer::new().layer(Answers::new(200, Full::default())));
    check::<_, Fixed>(&DecodeErrorLayer::new().layer(Answers::new(200, Fixed(PhantomPinned))));
    check_error::<ApiError>();
    check_error::<BodyIncomplete>();
}

#[test]
fn a_body_that_must_not_move_is_read_where_it_is() {
    let layer = DecodeErrorLayer::new().max_body("fixed".len());
    let mut call = Box::pin(
        layer
            .layer(Answers::new(418, Fixed(PhantomPinned)))
            .call(get()),
    );
    let mut cx = Context::from_waker(std::task::Waker::noop());
    let error = refusal(assert_ready_err!(call.as_mut().poll(&mut cx)));
    assert_eq!(error.message(), "fixed");
}

#[test]
fn the_error_is_one_word_wide() {
    assert_eq!(size_of::<ApiError>(), size_of::<usize>());
    assert_eq!(size_of::<Option<ApiError>>(), size_of::<usize>());
}

// === support ===

fn get() -> Request<()> {
    Request::new(())
}

fn layered<B>(status: u16, body: B) -> DecodeError<Answers<B>> {
    DecodeErrorLayer::new().layer(Answers::new(status, body))
}

fn refusal(error: BoxError) -> ApiError {
    *error.downcast().expect("an ApiError")
}

fn data(text: &str) -> Step {
    Step::Frame(Frame::data(Bytes::copy_from_slice(text.as_bytes())))
}

fn trailers() -> Step {
    Step::Frame(Frame::trailers(HeaderMap::new()))
}

/// Gives one reply, at once.
#[derive(Clone)]
struct Answers<B> {
    reply: Option<Response<B>>,
}

impl<B> Answers<B> {
    fn new(status: u16, body: B) -> Self {
        let reply = Response::builder().status(status).header("x-kept", "yes");
        let reply = reply.header("content-length", "1000");
        Self {
            reply: Some(reply.body(body).unwrap()),
        }
    }
}

impl<B> Service<Request<()>> for Answers<B> {
    type Response = Response<B>;
    type Error = BoxError;
    type Future = Ready<Result<Response<B>, BoxError>>;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), BoxError>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, _: Request<()>) -> Self::Future {
        ready(Ok(self.reply.take().expect("one call")))
    }
}

#[derive(Debug)]
enum Step {
    Frame(Frame<Bytes>),
    Fail,
    Wait,
}

/// A body that does as it is told, one step each time it is polled.
#[derive(Debug)]
struct Script {
    steps: VecDeque<Step>,
    /// How many steps are left, for the test to see; gone with the body.
    unread: Arc<AtomicUsize>,
}

impl Script {
    fn new(steps: impl IntoIterator<Item = Step>) -> Self {
        Self {
            steps: steps.into_iter().collect(),
            unread: Arc::default(),
        }
    }
}

impl Body for Script {
    type Data = Bytes;
    type Error = Reset;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        _: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, Reset>>> {
        let step = self.steps.pop_front();
        self.unread.store(self.steps.len(), Relaxed);
        match step {
            Some(Step::Frame(frame)) => Poll::Ready(Some(Ok(frame))),
            Some(Step::Fail) => Poll::Ready(Some(Err(Reset))),
            Some(Step::Wait) => Poll::Pending,
            None => Poll::Ready(None),
        }
    }
}

#[derive(Debug)]
struct Reset;

impl fmt::Display for Reset {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("connection reset")
    }
}

impl Error for Reset {}

/// An endless body that is not `Unpin`, and whose data is not `Bytes`.
#[derive(Clone, Debug)]
struct Fixed(PhantomPinned);

impl Body for Fixed {
    type Data = std::io::Cursor<Vec<u8>>;
    type Error = Infallible;

    fn poll_frame(
        self: Pin<&mut Self>,
        _: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Self::Data>, Infallible>>> {
        Poll::Ready(Some(Ok(Frame::data(std::io::Cursor::new(
            b"fixed".to_vec(),
        )))))
    }
}
