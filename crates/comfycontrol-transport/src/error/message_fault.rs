use std::error::Error;
use std::fmt;

use super::kind::TransportErrorKind;

/// What this crate itself finds wrong with a request or a response.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) enum MessageFault {
    /// A request has a body of another length than its `Content-Length` says.
    LengthDisagrees { stated: u64, actual: u64 },
    /// A request states the length of a body that does not know it.
    LengthUnknown,
    /// A request's body would be left out: HTTP/1.1 frames none of unknown length with this method.
    LengthMissing,
    /// A request has several `Content-Length`, or one that is no number.
    LengthInvalid,
    /// A request has a `Transfer-Encoding`.
    TransferEncoding,
    /// A response head is larger than 256 KiB.
    HeadTooLarge,
    /// More than 100 informational responses came in place of the response, or more than 256 KiB of
    /// them.
    TooManyInformational,
    /// A response body ended, and so many bytes of its `Content-Length` are missing.
    EndedEarly(u64),
    /// A response body is longer than its `Content-Length`.
    TooLong,
}

impl MessageFault {
    pub(super) fn kind(self) -> TransportErrorKind {
        match self {
            Self::LengthDisagrees { .. }
            | Self::LengthUnknown
            | Self::LengthMissing
            | Self::LengthInvalid
            | Self::TransferEncoding => TransportErrorKind::RequestFraming,
            Self::HeadTooLarge | Self::TooManyInformational => TransportErrorKind::ResponseHead,
            Self::EndedEarly(_) | Self::TooLong => TransportErrorKind::ResponseBody,
        }
    }
}

impl fmt::Display for MessageFault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::LengthDisagrees { stated, actual } => {
                write!(
                    f,
                    "content-length is {stated}, and the body has {actual} bytes"
                )
            }
            Self::LengthUnknown => f.write_str(
                "content-length is set, and the body does not know its length: give it one",
            ),
            Self::LengthMissing => f.write_str(
                "a body of unknown length would not be sent with this method: give it one",
            ),
            Self::LengthInvalid => f.write_str("content-length is not one number"),
            Self::TransferEncoding => {
                f.write_str("transfer-encoding is set, which is for the transport to do")
            }
            Self::HeadTooLarge => f.write_str("head is larger than 256 KiB"),
            Self::TooManyInformational => {
                f.write_str("more than 100 informational responses, or more than 256 KiB of them")
            }
            Self::EndedEarly(bytes) => write!(f, "ended {bytes} bytes early"),
            Self::TooLong => f.write_str("longer than its content-length"),
        }
    }
}

impl Error for MessageFault {}
