//! Whatever a server sends as events, and however it is cut into pieces, the events are those of
//! the HTML Standard read naively; what is not UTF-8 ends the stream with an error, and nothing
//! hangs. A follower of a run is told of its states in that order, each once, up to the first that
//! is the last; of the API's error, which ends it unless it may pass; and where the stream ends
//! before the run, or a state cannot be read, of the state that is asked for.
//!
//! An input is the size of the pieces, one byte, and then the stream.

#![cfg_attr(fuzzing, no_main)]

use std::sync::Arc;

use bytes::Bytes;
use comfycontrol::retry::RetryPolicy;
use comfycontrol::{Body, Client, Error, RateLimitMode};
use comfycontrol_api::{Api, Events, WorkflowUpdate};
use comfycontrol_fuzz::{block_on, fuzz_target};
use futures_util::{StreamExt, stream};
use http::header::CONTENT_TYPE;
use http::{HeaderValue, Request, Response};
use serde_json::Value;

fuzz_target!(|bytes: &[u8]| {
    let Some((size, stream)) = bytes.split_first() else {
        return;
    };
    let size = usize::from(*size).max(1);
    let (whole, sound) = block_on(events(vec![Bytes::copy_from_slice(stream)]));
    let pieces = stream.chunks(size).map(Bytes::copy_from_slice).collect();
    assert_eq!(block_on(events(pieces)), (whole.clone(), sound));

    let followed = block_on(follow(
        stream.chunks(size).map(Bytes::copy_from_slice).collect(),
    ));
    match std::str::from_utf8(stream) {
        Ok(text) => {
            assert!(sound, "an error where there is none");
            let naive = naive_events(text);
            assert_eq!(whole, naive);
            if is_plain(text) {
                check(followed, naive_following(&naive));
            }
        }
        Err(_) => {
            let naive = naive_events(&String::from_utf8_lossy(stream));
            assert!(whole.len() <= naive.len());
            assert!(
                !sound || whole.len() == naive.len(),
                "stopped without an error"
            );
        }
    }
});

/// The name and data of each event, and whether the stream ended without an error.
async fn events(pieces: Vec<Bytes>) -> (Vec<(Option<String>, String)>, bool) {
    let client = client(pieces);
    let mut events = Events::open(client.get("/"))
        .await
        .expect("this is an event stream");
    let mut seen = Vec::new();
    while let Some(event) = events.next().await {
        match event {
            Ok(event) => seen.push((event.event_type, event.data)),
            Err(_) => {
                assert!(events.next().await.is_none(), "goes on after an error");
                return (seen, false);
            }
        }
    }
    (seen, true)
}

/// What is told of a run, and the status of the error at the end, or 0.
type Followed = (Vec<WorkflowUpdate>, Option<u16>);

/// Follows a run by this stream; when it is asked for its state it is completed.
async fn follow(pieces: Vec<Bytes>) -> Followed {
    let mut updates = Api::new(client(pieces)).subscribe("id");
    let mut seen: Vec<WorkflowUpdate> = Vec::new();
    while let Some(update) = updates.next().await {
        let is_over = seen.last().is_some_and(WorkflowUpdate::is_terminal);
        assert!(!is_over, "goes on after the end");
        match update {
            Ok(update) => seen.push(update),
            Err(e) => {
                assert!(updates.next().await.is_none(), "goes on after an error");
                return (seen, Some(e.status().map_or(0, |status| status.as_u16())));
            }
        }
    }
    let is_over = seen.last().is_some_and(WorkflowUpdate::is_terminal);
    assert!(is_over, "ends before the run");
    (seen, None)
}

fn check((seen, failed): Followed, (told, end): (Vec<WorkflowUpdate>, End)) {
    match end {
        End::Told => assert_eq!((seen, failed), (told, None)),
        End::Refused(status) => {
            let may_pass = matches!(status, 429 | 500 | 502 | 503 | 504);
            match failed {
                Some(failed) => assert!(failed == status && !may_pass && seen == told),
                None => assert_eq!(seen, asked(told)),
            }
        }
        End::Asked => assert_eq!((seen, failed), (asked(told), None)),
    }
}

/// How a stream ends for its follower.
enum End {
    /// With the end of the run.
    Told,
    /// With the API's error.
    Refused(u16),
    /// Before the run, or with a state that cannot be read.
    Asked,
}

/// Every state that is another than the one before; in an event with a name of its own, only what
/// is known to be one.
fn naive_following(events: &[(Option<String>, String)]) -> (Vec<WorkflowUpdate>, End) {
    let mut told: Vec<WorkflowUpdate> = Vec::new();
    for (name, data) in events {
        let is_named = !matches!(name.as_deref(), None | Some("" | "message"));
        let said: Value = serde_json::from_str(data).unwrap_or_default();
        let said = said.as_object().and_then(|said| said.get("status"));
        match said {
            Some(Value::String(status)) if is_named && !STATES.contains(&status.as_str()) => {}
            Some(Value::String(_)) => {
                let Ok(update) = serde_json::from_str::<WorkflowUpdate>(data) else {
                    return (told, End::Asked);
                };
                if told.last() == Some(&update) {
                    continue;
                }
                let is_last = update.is_terminal();
                told.push(update);
                if is_last {
                    return (told, End::Told);
                }
            }
            Some(Value::Number(code)) => match code.as_u64() {
                Some(code @ 400..=599) => return (told, End::Refused(code as u16)),
                _ => continue,
            },
            _ => continue,
        }
    }
    (told, End::Asked)
}

/// With what the state says that is asked for.
fn asked(mut told: Vec<WorkflowUpdate>) -> Vec<WorkflowUpdate> {
    told.push(serde_json::from_str(STATE).expect("a state"));
    told
}

/// Whether all readers of JSON make the same of it: nothing deep, and no name twice.
fn is_plain(text: &str) -> bool {
    text.matches(['[', '{']).count() < 100 && !text.contains("\\u00") && !has_name_twice(text)
}

fn has_name_twice(text: &str) -> bool {
    text.split("\n\n")
        .any(|event| event.matches("\"status\"").count() > 1)
}

fn client(pieces: Vec<Bytes>) -> Client {
    let pieces: Arc<[Bytes]> = pieces.into();
    let transport = tower::service_fn(move |request: Request<Body>| {
        std::future::ready(Ok::<_, Error>(match request.uri().path() {
            "/v1/workflow/id" => Response::new(Body::from(STATE)),
            "/v1/workflow/id/outputs" => Response::new(Body::from("[]")),
            _ => {
                let pieces: Vec<_> = pieces.iter().cloned().map(Ok::<_, Error>).collect();
                let mut response = Response::new(Body::from_stream(stream::iter(pieces)));
                let events = HeaderValue::from_static("text/event-stream");
                response.headers_mut().insert(CONTENT_TYPE, events);
                response
            }
        }))
    });
    let builder = Client::builder()
        .without_token()
        .rate_limit(RateLimitMode::Off)
        .retry(RetryPolicy::none());
    builder
        .transport(transport)
        .build()
        .expect("the settings are sound")
}

const STATES: [&str; 8] = [
    "accepted",
    "cancelled",
    "completed",
    "failed",
    "invalid",
    "queued",
    "running",
    "uploaded",
];
const STATE: &str = r#"{"status":"completed"}"#;

/// "Interpreting an event stream" of the HTML Standard, without ids and reconnection times.
fn naive_events(text: &str) -> Vec<(Option<String>, String)> {
    let text = text.strip_prefix('\u{feff}').unwrap_or(text);
    let text = text.replace("\r\n", "\n").replace('\r', "\n");
    let mut events = Vec::new();
    let (mut name, mut data) = (None, None::<String>);
    // What follows the last line end is no line, and a block without an empty line no event.
    let lines = text.rsplit_once('\n').map_or("", |(lines, _)| lines);
    for line in lines.split('\n').filter(|_| text.contains('\n')) {
        if line.is_empty() {
            let name = name.take();
            events.extend(data.take().map(|data| (name, data)));
            continue;
        }
        let (field, value) = line.split_once(':').unwrap_or((line, ""));
        let value = value.strip_prefix(' ').unwrap_or(value);
        match (field, &mut data) {
            ("event", _) => name = Some(value.to_owned()),
            ("data", None) => data = Some(value.to_owned()),
            ("data", Some(data)) => *data = format!("{data}\n{value}"),
            _ => {}
        }
    }
    events
}
