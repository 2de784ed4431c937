//! When the source is read: alone, beside the requests, after a 401, and whatever dies meanwhile.

use std::collections::VecDeque;
use std::future::Future;
use std::sync::atomic::{AtomicUsize, Ordering::SeqCst};
use std::sync::mpsc::{Receiver, Sender, channel};
use std::sync::{Arc, Mutex};
use std::task::Poll;
use std::time::Duration;

use comfycontrol_token::{
    AddToken, AddTokenLayer, Origin, SourceError, SourceProblem, Token, TokenHandle, TokenReplaced,
    TokenSource, TokenWithheld, Tokens, WithheldReason,
};
use http::header::AUTHORIZATION;
use http::{Request, Response, StatusCode};
use tokio::task::JoinSet;
use tokio::time;
use tokio_test::{assert_pending, assert_ready, assert_ready_err, assert_ready_ok, task};
use tower::{BoxError, Layer, Service, ServiceExt};
use tower_test::mock::{self, Handle};

type Req = Request<&'static str>;
type Res = Response<&'static str>;
type Mocked = mock::Spawn<AddToken<mock::Mock<Req, Res>>>;

#[tokio::test(start_paused = true)]
async fn the_first_request_waits_for_the_token_and_takes_the_others_along() {
    let (source, script) = scripted(["a"]);
    let gate = script.gate();
    let service = over(source, |_| StatusCode::OK);
    let mut calls: JoinSet<_> = (0..50).map(|_| service.clone().oneshot(get())).collect();
    started().await;
    assert_eq!(calls.try_join_next().map(|_| ()), None);
    gate.send(()).unwrap();
    while let Some(call) = within(calls.join_next()).await {
        assert_eq!(call.unwrap().unwrap().status(), StatusCode::OK);
    }
    assert_eq!(script.reads(), 1);
}

#[tokio::test(start_paused = true)]
async fn without_a_token_nothing_is_sent_and_the_error_names_the_source() {
    let (source, script) = scripted(["", "", "a"]);
    let service = over(source, |_| panic!("sent without a token"));
    for _ in 0..5 {
        let error = within(service.clone().oneshot(get())).await.unwrap_err();
        let error = error.downcast::<TokenWithheld>().unwrap();
        assert_eq!(error.reason(), WithheldReason::NoToken);
        assert_eq!(error.source_error().unwrap().name(), "script");
    }
    assert_eq!(script.reads(), 1, "asked once, not once a request");
    time::advance(Duration::from_secs(1)).await;
    within(service.clone().oneshot(get())).await.unwrap_err();
    assert_eq!(script.reads(), 2);
}

#[test]
fn a_token_asked_for_by_two_threads_at_the_start_is_read_once_for_both() {
    let (source, script) = scripted(["a"]);
    let gate = script.gate();
    let tokens = Tokens::new(source);
    let [first, second] = [(); 2].map(|()| {
        let tokens = tokens.clone();
        let preload = std::thread::spawn(move || tokens.preload().map(|_| ()));
        until(|| script.reads() == 1);
        preload
    });
    for _ in 0..1_000 {
        std::thread::yield_now();
    }
    assert!(!first.is_finished() && !second.is_finished());
    gate.send(()).unwrap();
    assert_eq!(first.join().unwrap(), Ok(()));
    assert_eq!(second.join().unwrap(), Ok(()));
    assert_eq!(script.reads(), 1);
}

#[tokio::test(start_paused = true)]
async fn requests_go_on_while_the_source_is_read_again() {
    let (source, script) = scripted(["a", "b"]);
    let (mut service, mut handle) = mocked(source);
    assert_ready_ok!(service.poll_ready());
    let mut first = task::spawn(service.call(get()));
    assert_pending!(first.poll());
    landed(&script, 1).await;
    assert_pending!(first.poll());
    assert_eq!(token_of(&mut handle), "Bearer cfc_a");

    let gate = script.gate();
    time::advance(Duration::from_secs(1)).await;
    for _ in 0..3 {
        assert_ready_ok!(service.poll_ready());
        let mut call = task::spawn(service.call(get()));
        assert_pending!(call.poll());
        assert_eq!(token_of(&mut handle), "Bearer cfc_a");
    }
    gate.send(()).unwrap();
    landed(&script, 2).await;
    assert_ready_ok!(service.poll_ready());
    let _call = task::spawn(service.call(get()));
    assert_eq!(token_of(&mut handle), "Bearer cfc_b");
    assert_eq!(script.reads(), 2);
}

#[tokio::test(start_paused = true)]
async fn an_idle_client_reads_nothing() {
    let (source, script) = scripted(["a"]);
    let service = over(source, |_| StatusCode::OK);
    within(service.clone().oneshot(get())).await.unwrap();
    time::sleep(Duration::from_secs(3_600)).await;
    assert_eq!(script.reads(), 1);
}

#[tokio::test(start_paused = true)]
async fn fifty_concurrent_refusals_read_once_and_all_are_told_of_the_new_token() {
    let (source, script) = scripted(["old", "new"]);
    let layer = AddTokenLayer::new(origin(), Tokens::new(source).preload().unwrap());
    // All are on the way before the first is answered.
    let service = layer.layer(tower::service_fn(|request: Req| async move {
        time::sleep(Duration::from_millis(1)).await;
        Ok::<_, BoxError>(match request.headers()[AUTHORIZATION] == "Bearer cfc_new" {
            true => Response::new(""),
            false => refusal(),
        })
    }));
    let mut calls: JoinSet<_> = (0..50).map(|_| service.clone().oneshot(get())).collect();
    while let Some(call) = within(calls.join_next()).await {
        let response = call.unwrap().unwrap();
        assert_eq!(response.status(), StatusCode::UNAUTHORIZED);
        assert!(response.extensions().get::<TokenReplaced>().is_some());
    }
    assert_eq!(script.reads(), 2);
    assert_eq!(
        within(service.oneshot(get())).await.unwrap().status(),
        StatusCode::OK
    );
}

#[tokio::test(start_paused = true)]
async fn a_refusal_without_a_new_token_reads_once_a_second_and_marks_nothing() {
    let (source, script) = scripted(["a"]);
    let service = over(source, |_| StatusCode::UNAUTHORIZED);
    service.tokens().clone().preload().unwrap();
    for _ in 0..10 {
        let response = within(service.clone().oneshot(get())).await.unwrap();
        assert!(response.extensions().get::<TokenReplaced>().is_none());
    }
    assert_eq!(script.reads(), 2);
    assert!(service.tokens().snapshot().is_refused());
    time::advance(Duration::from_secs(1)).await;
    for _ in 0..10 {
        within(service.clone().oneshot(get())).await.unwrap();
    }
    assert_eq!(script.reads(), 3);
}

#[tokio::test(start_paused = true)]
async fn a_token_that_is_accepted_again_is_no_longer_doubted() {
    let (source, script) = scripted(["a"]);
    let hiccups = Arc::new(AtomicUsize::new(1));
    let service = over(source, move |_| {
        match hiccups.fetch_update(SeqCst, SeqCst, |n| n.checked_sub(1)) {
            Ok(_) => StatusCode::UNAUTHORIZED,
            Err(_) => StatusCode::OK,
        }
    });
    within(service.clone().oneshot(get())).await.unwrap();
    assert!(service.tokens().snapshot().is_refused());
    within(service.clone().oneshot(get())).await.unwrap();
    assert!(!service.tokens().snapshot().is_refused());
    assert_eq!(script.reads(), 2);
}

#[tokio::test(start_paused = true)]
async fn a_token_that_changed_meanwhile_is_announced_without_a_reading() {
    let (source, script) = scripted(["old", "new"]);
    let (mut service, mut handle) = mocked(source);
    service.get_ref().tokens().clone().preload().unwrap();
    let mut slow = task::spawn(service.call(get()));
    assert_pending!(slow.poll());
    let (_, send) = assert_ready!(handle.poll_request()).unwrap();
    time::advance(Duration::from_secs(1)).await;
    assert_ready_ok!(service.poll_ready());
    drop(task::spawn(service.call(get())));
    landed(&script, 2).await;

    send.send_response(refusal());
    let response = assert_ready_ok!(slow.poll());
    assert!(response.extensions().get::<TokenReplaced>().is_some());
    assert_eq!(script.reads(), 2);
}

#[test]
fn a_403_reads_nothing() {
    let (source, script) = scripted(["a"]);
    let (mut service, mut handle) = mocked(source);
    service.get_ref().tokens().clone().preload().unwrap();
    let mut call = task::spawn(service.call(get()));
    let (_, send) = assert_ready!(handle.poll_request()).unwrap();
    send.send_response(Response::builder().status(403).body("").unwrap());
    assert_ready_ok!(call.poll());
    assert_eq!(script.reads(), 1);
}

#[test]
fn a_handle_answers_a_refusal_at_once() {
    let handle = TokenHandle::new(token("old"));
    for (rotates, marked) in [(false, false), (true, true)] {
        let (mut service, mut mock) =
            mock::spawn_layer::<Req, Res, _>(AddTokenLayer::new(origin(), handle.clone()));
        assert_ready_ok!(service.poll_ready());
        let mut call = task::spawn(service.call(get()));
        let (_, send) = assert_ready!(mock.poll_request()).unwrap();
        if rotates {
            handle.rotate(token("new"));
        }
        send.send_response(refusal());
        let response = assert_ready_ok!(call.poll());
        assert_eq!(
            response.extensions().get::<TokenReplaced>().is_some(),
            marked
        );
    }
}

#[tokio::test(start_paused = true)]
async fn the_service_that_was_made_ready_is_the_one_called_after_the_wait() {
    // The mock panics when an instance is called that was not made ready.
    let (source, script) = scripted(["a"]);
    let (mut service, mut handle) = mocked(source);
    handle.allow(1);
    assert_ready_ok!(service.poll_ready());
    let mut call = task::spawn(service.call(get()));
    assert_pending!(call.poll());
    landed(&script, 1).await;
    assert_pending!(call.poll());
    assert_eq!(token_of(&mut handle), "Bearer cfc_a");
}

/// Drops the call after each number of polls, with the reading landing before or after, and sees that the
/// next call is answered and that the reading was not lost.
#[tokio::test(start_paused = true)]
async fn a_call_dropped_at_any_poll_leaves_nothing_wedged() {
    for polls in 0..6 {
        for lands_first in [false, true] {
            let (source, script) = scripted(["old", "new"]);
            let service = over(source, |token| match token {
                "Bearer cfc_new" => StatusCode::OK,
                _ => StatusCode::UNAUTHORIZED,
            });
            let gate = script.gate();
            let mut dropped = task::spawn(service.clone().oneshot(get()));
            for _ in 0..polls {
                if let Poll::Ready(done) = dropped.poll() {
                    done.unwrap();
                    break;
                }
                if lands_first {
                    gate.send(()).unwrap();
                    time::sleep(Duration::from_millis(1)).await;
                }
            }
            drop(dropped);
            (0..4).for_each(|_| gate.send(()).unwrap());
            for _ in 0..3 {
                within(service.clone().oneshot(get())).await.unwrap();
            }
            let response = within(service.clone().oneshot(get())).await.unwrap();
            assert_eq!(response.status(), StatusCode::OK, "{polls} {lands_first}");
            assert!(script.reads() <= 3, "{polls} {lands_first}");
        }
    }
}

#[tokio::test(start_paused = true)]
async fn what_a_dropped_call_had_read_is_kept() {
    let (source, script) = scripted(["a"]);
    let (mut service, mut handle) = mocked(source);
    let gate = script.gate();
    assert_ready_ok!(service.poll_ready());
    let mut call = task::spawn(service.call(get()));
    assert_pending!(call.poll());
    drop(call);
    gate.send(()).unwrap();
    landed(&script, 1).await;
    assert_ready_ok!(service.poll_ready());
    let _call = task::spawn(service.call(get()));
    assert_eq!(token_of(&mut handle), "Bearer cfc_a");
    assert_eq!(script.reads(), 1);
}

#[test]
fn a_runtime_that_dies_during_a_reading_does_not_wedge_the_call() {
    let (source, script) = scripted(["a"]);
    let service = over(source, |_| StatusCode::OK);
    let gate = script.gate();
    let dying = paused();
    let mut waiting = task::spawn(service.oneshot(get()));
    dying.block_on(async { assert_pending!(waiting.poll()) });
    dying.shutdown_background();
    gate.send(()).unwrap();
    until(|| waiting.is_woken());

    let answer = paused().block_on(within(waiting)).unwrap();
    assert_eq!(answer.status(), StatusCode::OK);
    assert_eq!(script.reads(), 1);
}

#[test]
fn a_runtime_that_is_dead_already_is_an_error_and_the_next_call_starts_anew() {
    let (source, script) = scripted(["a"]);
    let service = over(source, |_| StatusCode::OK);
    let dead = paused();
    let handle = dead.handle().clone();
    dead.shutdown_background();
    let entered = handle.enter();
    let mut call = task::spawn(service.clone().oneshot(get()));
    let error = assert_ready_err!(call.poll())
        .downcast::<TokenWithheld>()
        .unwrap();
    assert_eq!(
        *error.source_error().unwrap().problem(),
        SourceProblem::Unread
    );
    assert_eq!(script.reads(), 0);
    drop(entered);

    let answer = paused().block_on(within(service.oneshot(get()))).unwrap();
    assert_eq!(answer.status(), StatusCode::OK);
}

#[test]
fn without_a_runtime_the_source_is_read_on_a_thread() {
    let (source, script) = scripted(["a"]);
    let (mut service, mut handle) = mocked(source);
    let gate = script.gate();
    assert_ready_ok!(service.poll_ready());
    let mut call = task::spawn(service.call(get()));
    assert_pending!(call.poll());
    gate.send(()).unwrap();
    until(|| call.is_woken());
    assert_pending!(call.poll());
    assert_eq!(token_of(&mut handle), "Bearer cfc_a");
    assert_eq!(script.reads(), 1);
}

#[tokio::test(start_paused = true)]
async fn a_source_that_panics_does_not_wedge_and_gets_another_chance() {
    let (source, script) = scripted(["panic", "a", "panic", "b"]);
    let service = over(source, |_| StatusCode::OK);
    within(service.clone().oneshot(get())).await.unwrap_err();
    for (generation, fails) in [(1, false), (1, true), (2, false)] {
        time::advance(Duration::from_secs(1)).await;
        within(service.clone().oneshot(get())).await.unwrap();
        landed(&script, script.reads()).await;
        let snapshot = service.tokens().snapshot();
        assert_eq!(
            (snapshot.generation(), snapshot.error().is_some()),
            (generation, fails)
        );
    }
}

// === support ===

fn origin() -> Origin {
    Origin::parse("https://api.example").unwrap()
}

fn token(random: &str) -> Token {
    Token::parse(format!("cfc_{random}")).unwrap()
}

fn get() -> Req {
    Request::get("https://api.example/v1/user")
        .body("")
        .unwrap()
}

fn refusal() -> Res {
    Response::builder().status(401).body("").unwrap()
}

/// A source that gives one answer after the other, and the last for ever.
struct Scripted(Script);

#[derive(Clone, Default)]
struct Script(Arc<Inner>);

#[derive(Default)]
struct Inner {
    answers: Mutex<VecDeque<&'static str>>,
    gate: Mutex<Option<Receiver<()>>>,
    begun: AtomicUsize,
    ended: AtomicUsize,
}

fn scripted<const N: usize>(answers: [&'static str; N]) -> (Scripted, Script) {
    let script = Script::default();
    script.0.answers.lock().unwrap().extend(answers);
    (Scripted(script.clone()), script)
}

impl Script {
    fn reads(&self) -> usize {
        self.0.begun.load(SeqCst)
    }

    /// From now on each reading needs one message to go on, until the sender is dropped.
    fn gate(&self) -> Sender<()> {
        let (send, receive) = channel();
        *self.0.gate.lock().unwrap() = Some(receive);
        send
    }
}

impl TokenSource for Scripted {
    fn read(&self) -> Result<Token, SourceError> {
        let script = &self.0.0;
        script.begun.fetch_add(1, SeqCst);
        let mut gate = script.gate.lock().unwrap();
        // Whoever is to open it may be stuck behind this very reading, if the code is broken.
        if let Some(held) = &*gate
            && held.recv_timeout(Duration::from_secs(3)).is_err()
        {
            *gate = None;
        }
        drop(gate);
        let answer = {
            let mut answers = script.answers.lock().unwrap();
            let next = answers.pop_front().unwrap();
            if answers.is_empty() {
                answers.push_back(next);
            }
            next
        };
        script.ended.fetch_add(1, SeqCst);
        match answer {
            "" => Err(SourceError::other("script", "nothing today")),
            "panic" => panic!("on purpose"),
            random => Ok(token(random)),
        }
    }

    fn name(&self) -> std::borrow::Cow<'_, str> {
        "script".into()
    }

    fn interval(&self) -> Duration {
        Duration::from_secs(1)
    }
}

/// Lets spawned tasks run up to where they wait. No sleep: that ends only when the reading does.
async fn started() {
    for _ in 0..100 {
        tokio::task::yield_now().await;
    }
}

/// Waits until so many readings have ended and been taken up.
async fn landed(script: &Script, reads: usize) {
    while script.0.ended.load(SeqCst) < reads {
        tokio::task::yield_now().await;
    }
    // Sleeping ends only when no blocking thread is at work.
    time::sleep(Duration::from_millis(1)).await;
}

/// Waits for another thread, and fails instead of hanging.
fn until(done: impl Fn() -> bool) {
    for _ in 0..10_000_000 {
        if done() {
            return;
        }
        std::thread::yield_now();
    }
    panic!("wedged");
}

/// Fails instead of hanging: the paused clock runs on when there is nothing left to do.
async fn within<F: Future>(future: F) -> F::Output {
    time::timeout(Duration::from_secs(60), future)
        .await
        .expect("wedged")
}

fn paused() -> tokio::runtime::Runtime {
    tokio::runtime::Builder::new_current_thread()
        .enable_time()
        .start_paused(true)
        .build()
        .unwrap()
}

fn over(
    source: Scripted,
    status: impl Fn(&str) -> StatusCode + Clone,
) -> AddToken<impl Service<Req, Response = Res, Error = BoxError, Future: Send> + Clone> {
    AddTokenLayer::new(origin(), Tokens::new(source)).layer(tower::service_fn(
        move |request: Req| {
            let status = status(request.headers()[AUTHORIZATION].to_str().unwrap());
            async move { Ok::<_, BoxError>(Response::builder().status(status).body("").unwrap()) }
        },
    ))
}

fn mocked(source: Scripted) -> (Mocked, Handle<Req, Res>) {
    let (mut service, handle) =
        mock::spawn_layer::<Req, Res, _>(AddTokenLayer::new(origin(), Tokens::new(source)));
    assert_ready_ok!(service.poll_ready());
    (service, handle)
}

/// The token of the one request that must already be waiting.
fn token_of(handle: &mut Handle<Req, Res>) -> String {
    let (request, _send) = assert_ready!(handle.poll_request()).expect("mock closed");
    request.headers()[AUTHORIZATION].to_str().unwrap().into()
}
