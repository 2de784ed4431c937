//! Whatever a response holds, decoding it keeps the status, the headers and as much of the body as
//! was to be kept, and shows one bounded line without control characters and tokens.
//!
//! An input is a response as one writes it down: a line with the status, then header lines, an
//! empty line, the body. The first line may go on with the size of the body's pieces and with how
//! the body ends: `429 7 broken` or `502 1 stalled`.

#![cfg_attr(fuzzing, no_main)]

use std::error::Error;
use std::io;
use std::pin::Pin;
use std::task::{Context, Poll};

use bytes::Bytes;
use comfycontrol_core::Escaped;
use comfycontrol_error::{ApiError, ErrorDecoderLayer};
use comfycontrol_fuzz::{assert_fit_to_be_shown, block_on, fuzz_target};
use http::{HeaderMap, HeaderName, HeaderValue, Request, Response, StatusCode};
use http_body::{Body, Frame};
use tower::{BoxError, Layer, ServiceExt, service_fn};

fuzz_target!(|bytes: &[u8]| {
    if let Some(written) = Written::read(bytes) {
        decode_at_once(&written);
        decode_in_a_stack(&written);
    }
    show(&String::from_utf8_lossy(bytes));
});

/// Any text at all can be shown in any room.
fn show(text: &str) {
    for max in [0, 1, 8, 100] {
        let shown = Escaped::new(text, max);
        assert_fit_to_be_shown(&shown.to_string(), max + 1);
        // As a literal, a character may take ten: `\u{10ffff}`.
        assert_fit_to_be_shown(&format!("{shown:?}"), 10 * max + 3);
    }
}

/// The kept part of a body; small, so that fuzzing reaches both sides of it.
const CAP: usize = 256;

fn decode_at_once(written: &Written) {
    let error = ApiError::from_response(written.response(written.body.clone()));
    assert_eq!(error.body(), &written.body);
    assert!(!error.is_body_truncated() && error.body_error().is_none());
    check(&error, written);
}

fn decode_in_a_stack(written: &Written) {
    let body = Pieces {
        left: written.body.clone(),
        size: written.piece,
        end: written.end,
    };
    let response = written.response(body);
    let inner = service_fn(move |_: Request<()>| std::future::ready(Ok(response.clone())));
    let service = ErrorDecoderLayer::new().max_error_body(CAP).layer(inner);
    let outcome: Result<_, BoxError> = block_on(service.oneshot(Request::new(())));
    let error = match outcome {
        Ok(response) => {
            assert!(written.status.is_success());
            assert_eq!(response.headers(), &written.headers);
            assert_eq!(
                response.into_body().left,
                written.body,
                "a success is not read"
            );
            return;
        }
        Err(error) => error.downcast::<ApiError>().expect("nothing else fails"),
    };
    assert!(!written.status.is_success());
    if written.status.is_informational() || written.status == StatusCode::NOT_MODIFIED {
        assert!(error.body().is_empty());
    } else {
        let kept = written.body.len().min(CAP);
        assert_eq!(error.body(), &written.body[..kept]);
        assert_eq!(error.is_body_truncated(), written.body.len() > CAP);
        let complete = error.is_body_truncated() || written.end == End::Sound;
        let told = error.body_error().map(|e| e.is_timeout());
        assert_eq!(told, (!complete).then_some(written.end == End::Stalled));
    }
    check(&error, written);
}

fn check(error: &ApiError, written: &Written) {
    assert_eq!(error.status(), written.status);
    assert_eq!(error.headers(), &written.headers);

    let line = error.to_string();
    assert!(line.starts_with(written.status.as_str()));
    assert!(!error.message().is_empty());
    assert_fit_to_be_shown(&line, 400);
    assert_fit_to_be_shown(error.message(), 1_001);
    assert_fit_to_be_shown(error.cf_ray().unwrap_or_default(), 64);
    assert_fit_to_be_shown(&format!("{error:?}"), 40_000);
    if let Some(problem) = error.problem() {
        for text in [
            problem.advice(),
            problem.detail(),
            problem.error_category(),
            problem.error_name(),
            problem.instance(),
            problem.title(),
            problem.type_uri(),
        ] {
            assert_fit_to_be_shown(text.unwrap_or_default(), 1_001);
        }
    }
    if let Some(source) = error.source() {
        assert_fit_to_be_shown(&source.to_string(), 100);
    }
}

struct Written {
    status: StatusCode,
    piece: usize,
    end: End,
    headers: HeaderMap,
    body: Bytes,
}

impl Written {
    fn read(bytes: &[u8]) -> Option<Self> {
        let (first, mut rest) = split_line(bytes);
        let mut words = std::str::from_utf8(first).ok()?.split(' ');
        let status = StatusCode::from_u16(words.next()?.parse().ok()?).ok()?;
        let piece = words.next().map_or(Some(4096), |word| word.parse().ok())?;
        let end = match words.next() {
            None => End::Sound,
            Some("broken") => End::Broken,
            Some("stalled") => End::Stalled,
            Some(_) => return None,
        };
        let mut headers = HeaderMap::new();
        loop {
            let (line, after) = split_line(rest);
            rest = after;
            if line.is_empty() {
                break;
            }
            let colon = line.iter().position(|b| *b == b':')?;
            let value = line[colon + 1..].trim_ascii();
            headers.append(
                HeaderName::from_bytes(&line[..colon]).ok()?,
                HeaderValue::from_bytes(value).ok()?,
            );
        }
        Some(Self {
            status,
            piece: piece.max(1),
            end,
            headers,
            body: Bytes::copy_from_slice(rest),
        })
    }

    fn response<B>(&self, body: B) -> Response<B> {
        let mut response = Response::new(body);
        *response.status_mut() = self.status;
        *response.headers_mut() = self.headers.clone();
        response
    }
}

fn split_line(bytes: &[u8]) -> (&[u8], &[u8]) {
    match bytes.iter().position(|b| *b == b'\n') {
        Some(at) => (&bytes[..at], &bytes[at + 1..]),
        None => (bytes, &[]),
    }
}

/// How a body ends.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
enum End {
    Broken,
    Sound,
    Stalled,
}

/// A body that comes piece by piece.
#[derive(Clone)]
struct Pieces {
    left: Bytes,
    size: usize,
    end: End,
}

impl Body for Pieces {
    type Data = Bytes;
    type Error = io::Error;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        _: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, io::Error>>> {
        let size = self.size.min(self.left.len());
        if size > 0 {
            return Poll::Ready(Some(Ok(Frame::data(self.left.split_to(size)))));
        }
        match self.end {
            End::Broken => Poll::Ready(Some(Err(io::ErrorKind::ConnectionReset.into()))),
            End::Sound => Poll::Ready(None),
            End::Stalled => Poll::Pending,
        }
    }
}
