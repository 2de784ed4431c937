use std::error::Error;
use std::fmt;
use std::pin::Pin;
use std::task::{Context, Poll, ready};

use bytes::Bytes;
use http_body::{Body as _, Frame};
use http_body_util::combinators::UnsyncBoxBody;

use comfycontrol_core::BoxError;

pub(super) type BoxBody = UnsyncBoxBody<Bytes, BoxError>;

/// Polls a body, and fails it if it does not keep to the length it was announced with.
pub(super) fn poll_counted(
    body: &mut BoxBody,
    left: &mut Option<u64>,
    cx: &mut Context<'_>,
) -> Poll<Option<Result<Frame<Bytes>, BoxError>>> {
    let frame = ready!(Pin::new(body).poll_frame(cx));
    let taken = match &frame {
        Some(Ok(frame)) => frame.data_ref().map_or(0, |data| data.len() as u64),
        Some(Err(_)) => return Poll::Ready(frame),
        None if left.is_some_and(|left| left > 0) => {
            return Poll::Ready(Some(Err(WrongLength.into())));
        }
        None => 0,
    };
    if let Some(left) = left {
        match left.checked_sub(taken) {
            Some(rest) => *left = rest,
            None => return Poll::Ready(Some(Err(WrongLength.into()))),
        }
    }
    Poll::Ready(frame)
}

#[derive(Debug)]
struct WrongLength;

impl fmt::Display for WrongLength {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("request body is not as long as it was announced")
    }
}

impl Error for WrongLength {}
