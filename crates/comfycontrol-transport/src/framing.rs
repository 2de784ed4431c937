//! Whether a request's headers frame the body that it has.

use http::header::{CONTENT_LENGTH, TRANSFER_ENCODING};
use http::{HeaderValue, Method, Request, Version};
use http_body::Body;

use crate::error::MessageFault;

/// Refuses what would be sent with another body than it has: hyper believes the headers, and sends
/// as much of the body as they say. Two lengths for one message are how requests are smuggled
/// (RFC 9112 §6.3, §11.2).
///
/// # Errors
///
/// Fails if the request sets `Transfer-Encoding`, or a `Content-Length` that is not the length of
/// its body, or if its body would be left out.
pub(crate) fn check<B: Body>(req: &Request<B>) -> Result<(), MessageFault> {
    if req.headers().contains_key(TRANSFER_ENCODING) {
        return Err(MessageFault::TransferEncoding);
    }
    let actual = if req.body().is_end_stream() {
        Some(0)
    } else {
        req.body().size_hint().exact()
    };
    let Some(stated) = req.headers().get(CONTENT_LENGTH) else {
        return match actual {
            None if is_left_out(req.method(), req.version()) => Err(MessageFault::LengthMissing),
            _ => Ok(()),
        };
    };
    let is_alone = req
        .headers()
        .get_all(CONTENT_LENGTH)
        .iter()
        .nth(1)
        .is_none();
    let stated = number(stated).filter(|_| is_alone);
    let stated = stated.ok_or(MessageFault::LengthInvalid)?;
    match actual {
        Some(actual) if actual == stated => Ok(()),
        Some(actual) => Err(MessageFault::LengthDisagrees { stated, actual }),
        None => Err(MessageFault::LengthUnknown),
    }
}

/// Whether hyper sends a body of unknown length as none.
fn is_left_out(method: &Method, version: Version) -> bool {
    matches!(*method, Method::GET | Method::HEAD | Method::CONNECT) || version == Version::HTTP_10
}

/// The value of a `Content-Length`: digits alone (RFC 9110 §8.6).
pub(crate) fn number(value: &HeaderValue) -> Option<u64> {
    let digits = value.to_str().ok()?;
    let is_number = digits.bytes().all(|byte| byte.is_ascii_digit());
    is_number.then(|| digits.parse().ok()).flatten()
}

#[cfg(test)]
mod tests {
    use std::convert::Infallible;
    use std::pin::Pin;
    use std::task::{Context, Poll};

    use bytes::Bytes;
    use http_body::Frame;
    use http_body_util::{Empty, Full};

    use super::*;

    fn with<B>(method: Method, headers: &[(&str, &str)], body: B) -> Request<B> {
        let mut req = Request::builder().method(method).uri("/");
        for (name, value) in headers {
            req = req.header(*name, *value);
        }
        req.body(body).unwrap()
    }

    /// A body that does not know its length.
    struct Unknown;

    impl Body for Unknown {
        type Data = Bytes;
        type Error = Infallible;

        fn poll_frame(
            self: Pin<&mut Self>,
            _: &mut Context<'_>,
        ) -> Poll<Option<Result<Frame<Bytes>, Infallible>>> {
            Poll::Ready(None)
        }
    }

    #[test]
    fn headers_must_say_what_the_body_is() {
        let hello = |headers: &[(&str, &str)]| {
            check(&with(Method::POST, headers, Full::<Bytes>::from("hello")))
        };
        assert_eq!(hello(&[]), Ok(()));
        assert_eq!(hello(&[("content-length", "5")]), Ok(()));
        for stated in [0, 4, 6] {
            let actual = 5;
            let expected = MessageFault::LengthDisagrees { stated, actual };
            assert_eq!(
                hello(&[("content-length", &stated.to_string())]),
                Err(expected)
            );
        }
        for wrong in ["", "+5", "-5", "5,5", "5 5", "0x5", "18446744073709551616"] {
            let expected = Err(MessageFault::LengthInvalid);
            assert_eq!(hello(&[("content-length", wrong)]), expected, "{wrong}");
        }
        let twice = [("content-length", "5"), ("content-length", "5")];
        assert_eq!(hello(&twice), Err(MessageFault::LengthInvalid));
        for coding in ["chunked", "gzip, chunked", "identity", ""] {
            let expected = Err(MessageFault::TransferEncoding);
            assert_eq!(
                hello(&[("transfer-encoding", coding)]),
                expected,
                "{coding}"
            );
        }

        let none =
            |headers: &[(&str, &str)]| check(&with(Method::POST, headers, Empty::<Bytes>::new()));
        assert_eq!(none(&[]), Ok(()));
        assert_eq!(none(&[("content-length", "0")]), Ok(()));
        let (stated, actual) = (5, 0);
        let expected = MessageFault::LengthDisagrees { stated, actual };
        assert_eq!(none(&[("content-length", "5")]), Err(expected));
    }

    #[test]
    fn a_body_of_unknown_length_is_sent_whole_or_refused() {
        assert_eq!(check(&with(Method::POST, &[], Unknown)), Ok(()));
        for stated in ["0", "5"] {
            let refused = check(&with(Method::POST, &[("content-length", stated)], Unknown));
            assert_eq!(refused, Err(MessageFault::LengthUnknown));
        }
        for method in [Method::GET, Method::HEAD] {
            let refused = check(&with(method, &[], Unknown));
            assert_eq!(refused, Err(MessageFault::LengthMissing));
        }
        let mut old = with(Method::POST, &[], Unknown);
        *old.version_mut() = Version::HTTP_10;
        assert_eq!(check(&old), Err(MessageFault::LengthMissing));
    }
}
