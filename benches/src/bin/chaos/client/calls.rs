//! One call, from its beginning to its outcome.

use std::error::Error as _;
use std::fmt::Write;

use bytes::Bytes;
use comfycontrol::{Applied, Body, Client, Error};
use comfycontrol_benches::process::tell;
use futures_util::stream;
use tokio::time::timeout;

use super::Process;
use crate::call::{Ask, Call};

pub(super) async fn make(process: &Process, call: Call, client: Client) {
    let ask = call.ask(process.seed);
    tell(format_args!("begin {call}"));
    let sent = send(process, call, &ask, client);
    let outcome = match ask.cancelled_after {
        Some(patience) => timeout(patience, sent).await.ok(),
        None => Some(sent.await),
    };
    let outcome = match outcome {
        None => "cancelled".to_owned(),
        Some(Ok(body)) => {
            let body = process.saboteur.received(body);
            format!("ok {} {}", body.len(), crc32fast::hash(&body))
        }
        Some(Err(error)) => {
            let applied = match process.saboteur.claim(error.applied()) {
                Applied::No => "no",
                Applied::Yes => "yes",
                _ => "maybe",
            };
            format!("failed {} {applied} {}", error.kind().name(), shown(&error))
        }
    };
    process.saboteur.delay(&ask).await;
    if process.saboteur.tells(call) {
        tell(format_args!("end {call} {outcome}"));
    }
}

async fn send(process: &Process, call: Call, ask: &Ask, client: Client) -> Result<Bytes, Error> {
    let mut request = client.request(ask.method.clone(), call.path());
    if ask.upload > 0 {
        let body = process.saboteur.sent(call.request_body(process.seed));
        request = request.body(match ask.streamed {
            true => {
                let pieces = [body.slice(..body.len() / 2), body.slice(body.len() / 2..)];
                Body::from_stream(stream::iter(pieces.map(Ok::<_, std::io::Error>)))
            }
            false => body.into(),
        });
    }
    if let Some((name, value)) = process.saboteur.header() {
        request = request.header(name, value);
    }
    let response = request.timeout(ask.timeout).send().await?;
    response.bytes().await
}

/// An error in all forms that a program may print, on one line.
fn shown(error: &Error) -> String {
    let mut shown = format!("{error:#} | {error:?}");
    let mut cause = error.source();
    while let Some(next) = cause {
        let _ = write!(shown, " | {next} {next:?}");
        cause = next.source();
    }
    if let Some(api) = error.as_api() {
        let _ = write!(shown, " | {api:?}");
    }
    shown.replace(['\n', '\r'], " ")
}
