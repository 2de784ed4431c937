//! What decoding costs: a success that passes, and errors that are read.

use std::future::{Ready, ready};
use std::task::{Context, Poll};

use bytes::Bytes;
use comfycontrol_error::{ApiError, ErrorDecoder, ErrorDecoderLayer};
use http::header::CONTENT_TYPE;
use http::{Request, Response, StatusCode};
use http_body_util::Full;
use tower::{BoxError, Layer, Service};

use crate::measure::{Case, at_once};

/// The response that is to be decoded.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
#[non_exhaustive]
pub enum ResponseKind {
    /// 502 with 64 KiB of HTML.
    Html,
    /// 404 with 200 bytes of the API's JSON.
    Json,
    /// 200 with the same 200 bytes.
    Success,
}

impl ResponseKind {
    /// All of them.
    pub const ALL: [Self; 3] = [Self::Success, Self::Json, Self::Html];

    /// As it stands in the tables.
    pub fn name(self) -> &'static str {
        match self {
            Self::Html => "64 KiB HTML error",
            Self::Json => "200 B JSON error",
            Self::Success => "success",
        }
    }

    /// The response through the layer.
    pub fn decoded(self) -> Case {
        Case::new(
            self.name(),
            BATCH,
            move || self.service(),
            move |service| self.decode(service),
        )
    }

    /// The response as it comes.
    pub fn bare(self) -> Case {
        let prepare = move || Canned::new(self);
        Case::new(self.name(), BATCH, prepare, |service| {
            let response = at_once(service.call(Request::new(())));
            drop(response.expect("a response"));
        })
    }

    /// The layer over a service that gives this response.
    pub fn service(self) -> ErrorDecoder<Canned> {
        ErrorDecoderLayer::new().layer(Canned::new(self))
    }

    /// Calls and looks at what came of it.
    ///
    /// # Panics
    ///
    /// If it is not what it should be.
    #[inline]
    pub fn decode(self, service: &mut ErrorDecoder<Canned>) {
        let result = at_once(service.call(Request::new(())));
        match (self, result) {
            (Self::Success, Ok(response)) => assert_eq!(response.status(), StatusCode::OK),
            (Self::Html | Self::Json, Err(error)) => {
                let error = error.downcast::<ApiError>().expect("an error of the API");
                assert_eq!(error.status(), self.status());
            }
            (Self::Success, Err(_)) | (Self::Html | Self::Json, Ok(_)) => panic!("{self:?}"),
        }
    }

    fn status(self) -> StatusCode {
        match self {
            Self::Html => StatusCode::BAD_GATEWAY,
            Self::Json => StatusCode::NOT_FOUND,
            Self::Success => StatusCode::OK,
        }
    }

    fn content_type(self) -> &'static str {
        match self {
            Self::Html => "text/html; charset=UTF-8",
            Self::Json | Self::Success => "application/json",
        }
    }

    fn body(self) -> Bytes {
        match self {
            Self::Html => html(64 * 1024).into(),
            Self::Json | Self::Success => json(200).into(),
        }
    }
}

/// Gives the same response to every request.
#[derive(Clone, Debug)]
pub struct Canned {
    kind: ResponseKind,
    body: Bytes,
}

impl Canned {
    fn new(kind: ResponseKind) -> Self {
        Self {
            kind,
            body: kind.body(),
        }
    }
}

impl Service<Request<()>> for Canned {
    type Response = Response<Full<Bytes>>;
    type Error = BoxError;
    type Future = Ready<Result<Self::Response, BoxError>>;

    #[inline]
    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), BoxError>> {
        Poll::Ready(Ok(()))
    }

    #[inline]
    fn call(&mut self, _: Request<()>) -> Self::Future {
        let response = Response::builder()
            .status(self.kind.status())
            .header(CONTENT_TYPE, self.kind.content_type())
            .body(Full::new(self.body.clone()));
        ready(response.map_err(BoxError::from))
    }
}

fn json(length: usize) -> String {
    let (start, end) = (r#"{"status":404,"message":"Runner not found: "#, r#""}"#);
    let filling = "0123456789".repeat(length);
    format!(
        "{start}{}{end}",
        &filling[..length - start.len() - end.len()]
    )
}

fn html(length: usize) -> String {
    let start = "<!DOCTYPE html>\n<html><head><title>502 Bad Gateway</title></head><body>\n";
    let filling = "<p>The server is <b>not</b> available &amp; nobody knows why.</p>\n";
    let mut text = start.to_owned() + &filling.repeat(length / filling.len() + 1);
    text.truncate(length);
    text
}

const BATCH: u64 = 1_000;
