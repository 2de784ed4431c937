//! One request of any kind, as curl does it, with the token, within the limit.

use std::io::IsTerminal;

use comfycontrol::{Client, Multipart, Part, RequestBuilder, Response};
use futures_util::TryStreamExt;
use http::header::CONTENT_TYPE;
use serde_json::{Value, json};
use tokio::io::AsyncReadExt;

use crate::arguments::{Get, Post};
use crate::failure::Failure;
use crate::harmless::Harmless;
use crate::out::Out;

pub(crate) async fn get(client: &Client, get: Get, out: Out) -> Result<(), Failure> {
    let request = with_query(client.get(&get.path), get.query);
    print(request.send().await?, out).await
}

pub(crate) async fn post(client: &Client, post: Post, out: Out) -> Result<(), Failure> {
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

fn with_query(mut request: RequestBuilder, query: Vec<(String, String)>) -> RequestBuilder {
    for (name, value) in query {
        request = request.query(&name, value);
    }
    request
}

/// Text, or what is in a file or comes in.
async fn read(data: &str) -> Result<Vec<u8>, Failure> {
    let mut bytes = Vec::new();
    let (name, read) = match data.strip_prefix('@') {
        None => return Ok(data.as_bytes().to_vec()),
        Some("-") => (
            "standard input",
            tokio::io::stdin().read_to_end(&mut bytes).await.map(drop),
        ),
        Some(path) => (path, tokio::fs::read(path).await.map(|read| bytes = read)),
    };
    read.map_err(|e| Failure::Setting(format!("{name}: {e}")))?;
    Ok(bytes)
}

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
        let mut harmless = std::io::stdout().is_terminal().then(Harmless::default);
        let mut pieces = response.into_stream();
        while let Some(piece) = pieces.try_next().await? {
            match &mut harmless {
                Some(harmless) => out.bytes(&harmless.piece(&piece))?,
                None => out.bytes(&piece)?,
            }
        }
        let kept_back = harmless.map(Harmless::end).unwrap_or_default();
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
