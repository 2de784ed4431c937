//! One request of any kind, as curl does it, with the token, within the limit.

use std::io::{self, IsTerminal};

use comfycontrol::{Body, Client, Multipart, Part, RequestBuilder, Response};
use futures_util::TryStreamExt;
use http::header::CONTENT_TYPE;
use serde_json::{Value, json};

use crate::arguments::{Get, Post};
use crate::failure::Failure;
use crate::input::Input;
use crate::out::Out;
use crate::terminal_escape::TerminalEscape;

pub(crate) async fn get(client: &Client, get: Get, out: Out) -> Result<(), Failure> {
    check(&get.path)?;
    let request = with_query(client.get(&get.path), get.query);
    print(request.send().await?, out).await
}

pub(crate) async fn post(client: &Client, post: Post, out: Out) -> Result<(), Failure> {
    check(&post.get.path)?;
    let mut request = with_query(client.post(&post.get.path), post.get.query);
    if let Some(data) = post.data {
        request = request
            .default_header(
                CONTENT_TYPE,
                http::HeaderValue::from_static("application/json"),
            )
            .body(read(&data).await?);
    }
    if !post.form.is_empty() {
        request = request.multipart(form(post.form).await?);
    }
    print(request.send().await?, out).await
}

/// What is neither a path nor a URL would be taken for the host of one.
fn check(path: &str) -> Result<(), Failure> {
    match path.starts_with('/') || path.contains("://") {
        true => Ok(()),
        false => Err(Failure::Setting(format!(
            "{path}: a path begins with `/`, such as /v1/user"
        ))),
    }
}

fn with_query(mut request: RequestBuilder, query: Vec<(String, String)>) -> RequestBuilder {
    for (name, value) in query {
        request = request.query(&name, value);
    }
    request
}

/// Text, or what is in a file or comes in. A file is read piece by piece; what has no length before
/// it is read is held, as much of it as the API takes.
async fn read(data: &str) -> Result<Body, Failure> {
    let failed = |name: &str, e: io::Error| Failure::Setting(format!("{name}: {e}"));
    match data.strip_prefix('@') {
        None => Ok(Body::from(data.to_owned())),
        Some("-") => {
            let read = Input::Stdin.read(MOST_HELD).await;
            let read = read.map_err(|e| failed("standard input", e))?;
            Ok(Body::from(read))
        }
        Some(path) => {
            let read = async {
                match tokio::fs::metadata(path).await?.is_file() {
                    true => Body::from_file(path).await,
                    // Such as what a shell makes of `<(command)`.
                    false => Input::File(path.into())
                        .read(MOST_HELD)
                        .await
                        .map(Body::from),
                }
            };
            read.await.map_err(|e| failed(path, e))
        }
    }
}

/// In millions of bytes.
const MOST_HELD: u64 = 50;

async fn form(fields: Vec<(String, String)>) -> Result<Multipart, Failure> {
    let mut form = Multipart::new();
    for (name, value) in fields {
        form = match value.strip_prefix('@') {
            None => form.text(name, value),
            Some(path) => {
                let part = Part::file(path).await;
                let part = part.map_err(|e| Failure::Setting(format!("{path}: {e}")))?;
                form.part(name, part)
            }
        };
    }
    Ok(form)
}

/// The body as it comes, except what would steer a terminal; as JSON, the whole response.
async fn print(response: Response, out: Out) -> Result<(), Failure> {
    if !out.is_json() {
        let mut escape = io::stdout().is_terminal().then(TerminalEscape::default);
        let mut pieces = response.into_stream();
        while let Some(piece) = pieces.try_next().await? {
            match &mut escape {
                Some(escape) => out.bytes(&escape.piece(&piece))?,
                None => out.bytes(&piece)?,
            }
        }
        let kept_back = escape.map(TerminalEscape::end).unwrap_or_default();
        return Ok(out.bytes(&kept_back)?);
    }
    let status = response.status().as_u16();
    let mut headers = serde_json::Map::new();
    for name in response.headers().keys() {
        // One line of several is their values with commas between (RFC 9110 section 5.3).
        let values = response.headers().get_all(name).iter();
        let values: Vec<_> = values
            .map(|value| String::from_utf8_lossy(value.as_bytes()))
            .collect();
        headers.insert(name.to_string(), values.join(", ").into());
    }
    let bytes = response.bytes().await?;
    let body: Value =
        serde_json::from_slice(&bytes).unwrap_or_else(|_| String::from_utf8_lossy(&bytes).into());
    Ok(out.json(&json!({ "status": status, "headers": headers, "body": body }))?)
}
