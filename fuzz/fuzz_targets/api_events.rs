//! Whatever a server sends as events, and however it is cut into pieces, the events are those of the
//! HTML Standard read naively; what is not UTF-8 ends the stream with an error, and nothing hangs.
//!
//! An input is the size of the pieces, one byte, and then the stream.

#![cfg_attr(fuzzing, no_main)]

use std::sync::Arc;

use bytes::Bytes;
use comfycontrol::{Body, Client, Error, RateLimitMode};
use comfycontrol_api::Events;
use comfycontrol_fuzz::{block_on, fuzz_target};
use futures_util::{StreamExt, stream};
use http::header::CONTENT_TYPE;
use http::{HeaderValue, Request, Response};

fuzz_target!(|bytes: &[u8]| {
    let Some((size, stream)) = bytes.split_first() else {
        return;
    };
    let size = usize::from(*size).max(1);
    let (whole, sound) = block_on(events(vec![Bytes::copy_from_slice(stream)]));
    let pieces = stream.chunks(size).map(Bytes::copy_from_slice).collect();
    assert_eq!(block_on(events(pieces)), (whole.clone(), sound));

    match std::str::from_utf8(stream) {
        Ok(text) => {
            assert!(sound, "an error where there is none");
            assert_eq!(whole, naive_events(text));
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

fn client(pieces: Vec<Bytes>) -> Client {
    let pieces: Arc<[Bytes]> = pieces.into();
    let transport = tower::service_fn(move |_: Request<Body>| {
        let pieces: Vec<_> = pieces.iter().cloned().map(Ok::<_, Error>).collect();
        let mut response = Response::new(Body::from_stream(stream::iter(pieces)));
        let events = HeaderValue::from_static("text/event-stream");
        response.headers_mut().insert(CONTENT_TYPE, events);
        std::future::ready(Ok::<_, Error>(response))
    });
    let builder = Client::builder()
        .without_token()
        .rate_limit(RateLimitMode::Off);
    builder
        .transport(transport)
        .build()
        .expect("the settings are sound")
}

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
