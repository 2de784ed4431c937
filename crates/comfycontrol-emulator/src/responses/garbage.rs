//! Bodies no client should trip over.

use std::time::Duration;

use bytes::Bytes;
use http::header::CONTENT_ENCODING;
use http::{HeaderValue, Response, StatusCode};

use super::body::{Body, FLUSH, Step};
use super::exchange::{Exchange, error_body};
use super::pages::page;

/// A response whose body is not what its status, its headers or the documentation promise.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
#[non_exhaustive]
pub enum Garbage {
    /// 400: a JSON array of error objects.
    Array,
    /// 404: the documented JSON after a byte order mark.
    ByteOrderMark,
    /// 400: `status` and `message` twice, with different values.
    DuplicateKeys,
    /// 503: no body and no content type.
    Empty,
    /// 200: called JSON, and no byte of it.
    EmptySuccess,
    /// 500: 200 KB on the wire that expand to 200 MiB of zeros (`content-encoding: gzip`).
    GzipBomb,
    /// 500: 10 MiB of JSON.
    Huge,
    /// 400: JSON whose message is not UTF-8.
    InvalidUtf8,
    /// 400: 100,000 arrays in each other.
    Nested,
    /// 404: `status` and `message` with each other's types.
    NumbersAsStrings,
    /// 200: a page.
    PageWithSuccess,
    /// 500: the connection is reset in the middle of the documented JSON.
    Reset,
    /// 503: the documented JSON, one byte a second.
    SlowDrip,
    /// 403: the documented JSON whose `status` says 404.
    StatusDiffers,
    /// 404: the documented JSON without its second half.
    Truncated,
    /// 401: the documented JSON called `text/html`.
    WrongContentType,
}

impl Garbage {
    /// Every kind of garbage.
    pub const ALL: [Self; 16] = [
        Self::Array,
        Self::ByteOrderMark,
        Self::DuplicateKeys,
        Self::Empty,
        Self::EmptySuccess,
        Self::GzipBomb,
        Self::Huge,
        Self::InvalidUtf8,
        Self::Nested,
        Self::NumbersAsStrings,
        Self::PageWithSuccess,
        Self::Reset,
        Self::SlowDrip,
        Self::StatusDiffers,
        Self::Truncated,
        Self::WrongContentType,
    ];

    /// The HTTP status that this garbage comes with.
    pub fn status(self) -> StatusCode {
        match self {
            Self::EmptySuccess | Self::PageWithSuccess => StatusCode::OK,
            Self::Array | Self::DuplicateKeys | Self::InvalidUtf8 | Self::Nested => {
                StatusCode::BAD_REQUEST
            }
            Self::WrongContentType => StatusCode::UNAUTHORIZED,
            Self::StatusDiffers => StatusCode::FORBIDDEN,
            Self::ByteOrderMark | Self::NumbersAsStrings | Self::Truncated => StatusCode::NOT_FOUND,
            Self::GzipBomb | Self::Huge | Self::Reset => StatusCode::INTERNAL_SERVER_ERROR,
            Self::Empty | Self::SlowDrip => StatusCode::SERVICE_UNAVAILABLE,
        }
    }

    /// The response to this exchange.
    pub(super) fn response(self, exchange: &Exchange) -> Response<Body> {
        let status = self.status();
        let content_type = match self {
            Self::Empty => "",
            Self::PageWithSuccess | Self::WrongContentType => "text/html; charset=UTF-8",
            _ => "application/json",
        };
        let mut response = exchange.response(status, content_type, self.body(exchange));
        if self == Self::GzipBomb {
            let gzip = HeaderValue::from_static("gzip");
            response.headers_mut().insert(CONTENT_ENCODING, gzip);
        }
        response
    }

    fn body(self, exchange: &Exchange) -> Body {
        let documented = error_body(self.status(), "requested entity not found");
        match self {
            Self::Array => format!("[{documented},{documented}]").into(),
            Self::ByteOrderMark => format!("\u{feff}{documented}").into(),
            Self::DuplicateKeys => {
                r#"{"status":400,"message":"first","status":500,"message":"second"}"#.into()
            }
            Self::Empty | Self::EmptySuccess => Body::empty(),
            Self::GzipBomb => gzip_bomb().into(),
            Self::Huge => huge(),
            Self::InvalidUtf8 => {
                Bytes::from_static(b"{\"status\":400,\"message\":\"\xc3\x28 \xff\xfe\"}").into()
            }
            Self::Nested => ("[".repeat(100_000) + &"]".repeat(100_000)).into(),
            Self::NumbersAsStrings => r#"{"status":"404","message":404}"#.into(),
            Self::PageWithSuccess => page("Welcome", "Please log in.", exchange, 4_000).into(),
            Self::Reset => {
                let half = Bytes::from(documented).split_to(20);
                Body::script([Step::Data(half), Step::Pause(FLUSH), Step::Reset])
            }
            Self::SlowDrip => {
                let drips = documented.into_bytes().into_iter().flat_map(|byte| {
                    [
                        Step::Data(Bytes::from(vec![byte])),
                        Step::Pause(Duration::from_secs(1)),
                    ]
                });
                Body::script(drips)
            }
            Self::StatusDiffers => {
                error_body(StatusCode::NOT_FOUND, "requested entity not found").into()
            }
            Self::Truncated => documented[..documented.len() / 2].to_owned().into(),
            Self::WrongContentType => error_body(self.status(), "Invalid token").into(),
        }
    }
}

/// `{"status":500,"message":"xxx…"}` of 10 MiB, in pieces that share one allocation.
fn huge() -> Body {
    let filler = Bytes::from(vec![b'x'; 64 * 1024]);
    let begin = Bytes::from_static(br#"{"status":500,"message":""#);
    let end = Bytes::from_static(br#""}"#);
    let pieces = std::iter::repeat_n(filler, 160);
    let pieces = std::iter::once(begin).chain(pieces).chain([end]);
    Body::script(pieces.map(Step::Data))
}

/// 200 MiB of zeros as one DEFLATE block in which a match of 258 bytes takes two zero
/// bits (RFC 1951 §3.2.7), in a gzip member (RFC 1952).
fn gzip_bomb() -> Vec<u8> {
    let mut bomb = BOMB_HEAD.to_vec();
    bomb.resize(bomb.len() + 203_212, 0);
    bomb.push(0xa8);
    bomb.extend([0xaa; 38]);
    bomb.extend(BOMB_TAIL);
    bomb
}

/// The gzip header, the code lengths, and one literal zero.
const BOMB_HEAD: [u8; 23] = [
    0x1f, 0x8b, 0x08, 0, 0, 0, 0, 0, 0, 0xff, 0xed, 0xc0, 0x81, 0, 0, 0, 0, 0x80, 0xa0, 0xfd, 0xa9,
    0x17, 0xa9,
];
/// The end of the block, the CRC-32 and the length of what it expands to.
const BOMB_TAIL: [u8; 9] = [0x6a, 0x61, 0x08, 0x4f, 0x53, 0, 0, 0x80, 0x0c];
