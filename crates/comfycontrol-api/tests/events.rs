//! Event streams and subscriptions over a mock transport, under a paused clock.

#[path = "support/mocked.rs"]
mod mocked;

use std::io;
use std::time::Duration;

use comfycontrol::{Body, BodyTooLarge, ErrorKind};
use comfycontrol_api::{Api, Events, NewWorkflow};
use comfycontrol_test::{SECOND, now};
use futures_util::{StreamExt, TryStreamExt, stream};
use http::{Method, Response, StatusCode};
use tokio_test::{assert_pending, assert_ready, task};

use self::mocked::client_of;

#[tokio::test(start_paused = true)]
async fn events_are_read_however_they_are_cut() {
    let text = ": hello\r\nretry: 3000\r\n\r\nevent: a\ndata: 1\ndata: ü\nid: 7\n\ndata: {\"x\":2}\n\ndata: unfinished";
    for size in [1, 2, 7, 1_000] {
        let pieces: Vec<_> = text.as_bytes().chunks(size).map(<[u8]>::to_vec).collect();
        let (client, heads) = client_of(move |_| events(pieces.clone()));
        let events: Vec<_> = Events::open(client.get("/x"))
            .await
            .unwrap()
            .try_collect()
            .await
            .unwrap();
        assert_eq!(events.len(), 2, "cut into pieces of {size}");
        assert_eq!(events[0].event_type.as_deref(), Some("a"));
        assert_eq!(
            (events[0].data.as_str(), events[0].id.as_deref()),
            ("1\nü", Some("7"))
        );
        assert_eq!(events[1].json::<serde_json::Value>().unwrap()["x"], 2);
        let head = &heads.all()[0].headers;
        assert_eq!(head["accept-encoding"], "identity");
        assert!(
            head["accept"]
                .to_str()
                .unwrap()
                .starts_with("text/event-stream")
        );
    }
}

#[tokio::test(start_paused = true)]
async fn an_event_without_end_is_cut_off() {
    let (client, _) = client_of(|_| {
        let flood = stream::repeat_with(|| Ok::<_, io::Error>(vec![b'x'; 64 * 1024])).take(50);
        event_stream(Body::from_stream(flood))
    });
    let mut events = Events::open(client.get("/x")).await.unwrap();
    let failed = events.next().await.unwrap().unwrap_err();
    assert_eq!(failed.kind(), ErrorKind::BodyTooLarge);
}

#[tokio::test(start_paused = true)]
async fn many_small_events_are_no_flood() {
    // The second time in one piece.
    for pieces in [100, 1] {
        let piece = "data: 0123456789\n\n".repeat(100_000 / pieces);
        let (client, _) = client_of(move |_| events(vec![piece.clone().into_bytes(); pieces]));
        let events = Events::open(client.get("/x")).await.unwrap();
        let events: Vec<_> = events.try_collect().await.unwrap();
        assert_eq!(events.len(), 100_000);
    }
}

#[tokio::test(start_paused = true)]
async fn an_event_of_endless_lines_is_cut_off() {
    for end in ["\n", "\r\n", "\r"] {
        let lines = format!("data: 0123456789{end}").repeat(1_000);
        let (client, _) = client_of(move |_| {
            let lines = lines.clone();
            let flood = stream::repeat_with(move || Ok::<_, io::Error>(lines.clone())).take(200);
            event_stream(Body::from_stream(flood))
        });
        let mut events = Events::open(client.get("/x?a=b")).await.unwrap();
        let failed = events.next().await.unwrap().unwrap_err();
        assert_eq!(
            failed.as_cause::<BodyTooLarge>().unwrap().limit(),
            1024 * 1024
        );
        assert_eq!(failed.call(), Some((&Method::GET, "/x")));
    }
}

#[tokio::test(start_paused = true)]
async fn comments_keep_a_stream_alive_however_many_there_are() {
    for comment in [": still here\n\n", ": still here\n", ":\r\n\r\n", "\n"] {
        // Two mebibytes, in pieces and at once.
        let padding = comment.repeat(2 * 1024 * 1024 / comment.len());
        for size in [64 * 1024, usize::MAX] {
            let pieces = padding.as_bytes().chunks(size).map(<[u8]>::to_vec);
            let pieces: Vec<_> = pieces.chain([b"data: 1\n\n".to_vec()]).collect();
            let (client, _) = client_of(move |_| events(pieces.clone()));
            let events = Events::open(client.get("/x")).await.unwrap();
            let events: Vec<_> = events.try_collect().await.unwrap();
            assert_eq!(events.len(), 1, "{comment:?}");
        }
    }
}

#[tokio::test(start_paused = true)]
async fn silence_between_events_is_an_error() {
    let (client, _) = client_of(|_| {
        let first = stream::iter([Ok::<_, io::Error>("data: 1\n\n")]);
        event_stream(Body::from_stream(first.chain(stream::pending())))
    });
    let mut events = Events::open(client.get("/x")).await.unwrap();
    assert_eq!(events.next().await.unwrap().unwrap().data, "1");
    let mut next = task::spawn(events.next());
    assert_pending!(next.poll());
    tokio::time::advance(Duration::from_secs(61)).await;
    let failed = assert_ready!(next.poll()).unwrap().unwrap_err();
    assert!(failed.is_timeout());
}

#[tokio::test(start_paused = true)]
async fn an_event_that_is_not_text_is_an_error() {
    let (client, _) = client_of(|_| events(vec![b"data: \xff\n\n".to_vec()]));
    let mut events = Events::open(client.get("/x?a=b")).await.unwrap();
    let failed = events.next().await.unwrap().unwrap_err();
    assert_eq!(failed.kind(), ErrorKind::Body);
    assert_eq!(failed.call(), Some((&Method::GET, "/x")));
    assert!(events.next().await.is_none());
}

#[tokio::test(start_paused = true)]
async fn what_is_not_an_event_stream_is_refused() {
    let (client, _) = client_of(|_| Response::new(Body::from("{}")));
    let failed = Events::open(client.get("/x")).await.unwrap_err();
    assert_eq!(failed.kind(), ErrorKind::Decode);
    assert_eq!(
        failed.to_string(),
        "200 response is not text/event-stream (content type none)"
    );
    assert_eq!(failed.call(), Some((&Method::GET, "/x")));
}

#[tokio::test(start_paused = true)]
async fn of_an_event_only_the_length_of_its_data_is_shown() {
    const SIGNED: &str = "https://storage.example/a?signature=shown0shown";

    let text = format!("event: done\nid: cfc_shown0shown\ndata: {SIGNED}\n\n");
    let (client, _) = client_of(move |_| events(vec![text.clone().into_bytes()]));
    let mut events = Events::open(client.get("/v1/events")).await.unwrap();
    let event = events.next().await.unwrap().unwrap();
    assert_eq!(event.data, SIGNED);
    let error = event.json::<u8>().unwrap_err();
    let shown = format!("{event:?} {events:?} {error} {error:#} {error:?}");
    assert!(
        shown.contains(r#"event_type: Some("done"), data: (47 bytes)"#),
        "{shown}"
    );
    assert!(!shown.contains("shown0"), "{shown}");
}

#[tokio::test(start_paused = true)]
async fn a_run_is_given_up_after_the_silence_that_was_set() {
    for bound in [10, 1_000] {
        let (client, heads) = client_of(|n| {
            let accepted = r#"{"id":"a","name":"Sunset","status":"accepted"}"#;
            let mut response = Response::new(Body::from(accepted));
            if n > 0 {
                *response.status_mut() = StatusCode::SERVICE_UNAVAILABLE;
            }
            response
        });
        let run = Api::new(client).run(NewWorkflow::new("Sunset", "{}"));
        let start = now();
        let failed = run.give_up_after(bound * SECOND).await.unwrap_err();
        assert_eq!(failed.status().unwrap(), 503);
        assert_eq!(heads.all()[0].method, Method::POST);
        let waited = start.elapsed();
        assert!(waited <= (bound + 10) * SECOND, "{waited:?}");
        assert!(waited + 45 * SECOND > bound * SECOND, "{waited:?}");
    }
}

// === support ===

fn events(pieces: Vec<Vec<u8>>) -> Response<Body> {
    event_stream(Body::from_stream(stream::iter(
        pieces.into_iter().map(Ok::<_, io::Error>),
    )))
}

fn event_stream(body: Body) -> Response<Body> {
    Response::builder()
        .header("content-type", "text/event-stream; charset=utf-8")
        .body(body)
        .unwrap()
}
