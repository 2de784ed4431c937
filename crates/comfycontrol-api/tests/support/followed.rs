//! A run followed through a scripted API.

#[path = "served.rs"]
pub(crate) mod served;

use std::io;
use std::time::Duration;

use comfycontrol::{Body, Error};
use comfycontrol_api::{Api, WorkflowUpdate, WorkflowUpdates};
use comfycontrol_test::SECOND;
use futures_util::{TryStreamExt, stream};
use http::{Response, Uri};
use serde_json::json;

pub(crate) use self::What::{Outputs, State, Stream};
pub(crate) use self::served::Asked;

pub(crate) type Outcome = Result<Response<Body>, Error>;

#[derive(Clone, Copy)]
pub(crate) enum What {
    Outputs,
    State,
    Stream,
}

/// Follows a run of a server that responds to each thing that it is asked, the how many-th time.
pub(crate) fn follow<F>(respond: F) -> (WorkflowUpdates, Asked)
where
    F: Fn(What, usize) -> Outcome + Send + Sync + 'static,
{
    let respond = std::sync::Arc::new(respond);
    let (builder, asked) = served::builder(move |uri: &Uri, n| {
        let what = match uri.path().rsplit('/').next() {
            Some("subscribe") => Stream,
            Some("outputs") => Outputs,
            _ => State,
        };
        respond(what, n)
    });
    let client = builder.timeout(Duration::from_secs(20)).build().unwrap();
    (Api::new(client).subscribe("id"), asked)
}

pub(crate) async fn states(updates: WorkflowUpdates) -> Result<Vec<String>, Error> {
    let end = tokio::time::timeout(3_600 * SECOND, updates.try_collect());
    let updates: Vec<WorkflowUpdate> = end.await.expect("it goes on without end")?;
    Ok(updates
        .iter()
        .map(|update| update.status.to_string())
        .collect())
}

pub(crate) fn events(pieces: impl IntoIterator<Item = Vec<u8>>) -> Outcome {
    let pieces: Vec<_> = pieces.into_iter().map(Ok::<_, io::Error>).collect();
    Ok(event_stream(Body::from_stream(stream::iter(pieces))))
}

pub(crate) fn broken_off(piece: Vec<u8>) -> Outcome {
    let reset = io::Error::from(io::ErrorKind::ConnectionReset);
    Ok(event_stream(Body::from_stream(stream::iter([
        Ok(piece),
        Err(reset),
    ]))))
}

pub(crate) fn event_stream(body: Body) -> Response<Body> {
    let response = Response::builder().header("content-type", "text/event-stream; charset=utf-8");
    response.body(body).unwrap()
}

pub(crate) fn event(data: &str) -> Vec<u8> {
    format!("data: {data}\n\n").into_bytes()
}

pub(crate) fn update(status: &str) -> Vec<u8> {
    event(&json!({"status": status, "queue_number": null, "outputs": null}).to_string())
}

pub(crate) fn state(status: &str) -> Outcome {
    ok(json!({"id": "id", "status": status, "queue_number": 1}))
}

pub(crate) fn ok(json: serde_json::Value) -> Outcome {
    Ok(Response::new(Body::from(json.to_string())))
}

pub(crate) fn status(code: u16) -> impl Fn() -> Outcome + Copy {
    move || {
        Ok(Response::builder()
            .status(code)
            .body(Body::empty())
            .unwrap())
    }
}
