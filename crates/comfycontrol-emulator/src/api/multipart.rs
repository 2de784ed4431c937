//! Forms, read from a whole body.

use std::convert::Infallible;
use std::future::Future;
use std::pin::{Pin, pin};
use std::task::{Context, Poll, Waker};

use bytes::Bytes;
use http::header::CONTENT_TYPE;
use http::request::Parts;
use multer::Multipart;

use super::error::ApiError;
use super::graph::Graph;

/// One part of a form.
#[derive(Debug)]
pub(super) struct Part {
    pub(super) name: String,
    pub(super) file_name: Option<String>,
    pub(super) content: Bytes,
}

impl Part {
    /// The content as text.
    pub(super) fn text(&self) -> Result<&str, ApiError> {
        std::str::from_utf8(&self.content)
            .map_err(|_| ApiError::bad_request(format!("{} is not valid UTF-8", self.name)))
    }
}

/// The parts of a `multipart/form-data` body (RFC 7578), at most 1,000.
pub(super) fn parts(head: &Parts, body: Bytes) -> Result<Vec<Part>, ApiError> {
    let boundary = head
        .headers
        .get(CONTENT_TYPE)
        .and_then(|value| multer::parse_boundary(value.to_str().ok()?).ok())
        .ok_or_else(|| ApiError::bad_request("expected multipart/form-data"))?;
    // The body is complete, so reading it never has to wait.
    match pin!(read(body, boundary)).poll(&mut Context::from_waker(Waker::noop())) {
        Poll::Ready(Ok(parts)) if parts.len() > MAX_PARTS => {
            let message = format!("at most {MAX_PARTS} parts are allowed");
            Err(ApiError::bad_request(message))
        }
        Poll::Ready(Ok(parts)) => Ok(parts),
        Poll::Ready(Err(_)) | Poll::Pending => {
            Err(ApiError::bad_request("malformed multipart/form-data"))
        }
    }
}

/// The text part of this name, if there is one.
pub(super) fn text<'a>(parts: &'a [Part], name: &str) -> Result<Option<&'a str>, ApiError> {
    let part = parts.iter().find(|part| part.name == name);
    part.map(Part::text).transpose()
}

/// The text part of this name, which must have between 1 and `most` characters.
pub(super) fn required(parts: &[Part], name: &str, most: usize) -> Result<String, ApiError> {
    let text = text(parts, name)?.unwrap_or_default();
    match text.chars().count() {
        0 => Err(ApiError::bad_request(format!("{name} cannot be empty"))),
        length if length > most => {
            let message = format!("{name} cannot be longer than {most} characters");
            Err(ApiError::bad_request(message))
        }
        _ => Ok(text.to_owned()),
    }
}

/// The JSON object in the file part of this name.
pub(super) fn json_file(parts: &[Part], name: &str) -> Result<Graph, ApiError> {
    let part = parts.iter().find(|part| part.name == name);
    let part = part.ok_or_else(|| ApiError::bad_request(format!("{name} is required")))?;
    if part.file_name.is_none() {
        return Err(ApiError::bad_request(format!("{name} must be a file")));
    }
    Graph::parse(&part.content)
        .ok_or_else(|| ApiError::bad_request(format!("{name} is not a valid JSON object")))
}

async fn read(body: Bytes, boundary: String) -> multer::Result<Vec<Part>> {
    let mut form = Multipart::new(Whole(Some(body)), boundary);
    let mut parts = Vec::new();
    // One more is seen to be too many.
    while parts.len() <= MAX_PARTS
        && let Some(field) = form.next_field().await?
    {
        parts.push(Part {
            name: field.name().unwrap_or_default().to_owned(),
            file_name: field.file_name().map(str::to_owned),
            content: field.bytes().await?,
        });
    }
    Ok(parts)
}

/// A stream of one piece.
struct Whole(Option<Bytes>);

impl futures_core::Stream for Whole {
    type Item = Result<Bytes, Infallible>;

    fn poll_next(mut self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        Poll::Ready(self.0.take().map(Ok))
    }
}

/// Parts of one form.
const MAX_PARTS: usize = 1_000;
