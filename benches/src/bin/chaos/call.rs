//! What a call asks for: both sides know it by the call's number.

use std::fmt;
use std::str::FromStr;
use std::time::Duration;

use bytes::Bytes;
use comfycontrol_benches::draw::Draw;
use http::Method;

/// One call of one process.
#[derive(Clone, Copy, Debug, Eq, Hash, Ord, PartialEq, PartialOrd)]
pub(crate) struct Call {
    pub(crate) process: u32,
    pub(crate) number: u32,
}

/// What it asks for.
#[derive(Clone, Debug)]
pub(crate) struct Ask {
    pub(crate) method: Method,
    /// Bytes of the request.
    pub(crate) upload: usize,
    /// Whether the request's body cannot be sent twice.
    pub(crate) streamed: bool,
    /// Bytes of the response.
    pub(crate) download: usize,
    /// When its caller gives up, if it does.
    pub(crate) cancelled_after: Option<Duration>,
    /// The time for the whole of it.
    pub(crate) timeout: Duration,
}

impl Call {
    pub(crate) fn draw(self, seed: u64, what: u64) -> Draw {
        Draw::of(seed, &[self.process.into(), self.number.into(), what])
    }

    pub(crate) fn ask(self, seed: u64) -> Ask {
        let mut draw = self.draw(seed, ASK);
        let method = match draw.below(10) {
            0..=4 => Method::GET,
            5..=7 => Method::POST,
            8 => Method::PUT,
            _ => Method::DELETE,
        };
        let upload = match method {
            Method::POST | Method::PUT => size(&mut draw),
            _ => 0,
        };
        let cancelled = draw.happens(80);
        let patience = Duration::from_millis(draw.below(1_500));
        Ask {
            upload,
            streamed: upload > 0 && draw.happens(200),
            download: size(&mut draw),
            cancelled_after: cancelled.then_some(patience),
            timeout: match draw.happens(50) {
                true => Duration::from_millis(20 + draw.below(1_000)),
                false => Duration::from_secs(20),
            },
            method,
        }
    }

    /// The body of its request.
    pub(crate) fn request_body(self, seed: u64) -> Bytes {
        contents(self.draw(seed, UPLOAD), self.ask(seed).upload)
    }

    /// The body of its response.
    pub(crate) fn response_body(self, seed: u64) -> Bytes {
        contents(self.draw(seed, DOWNLOAD), self.ask(seed).download)
    }

    pub(crate) fn path(self) -> String {
        format!("/v1/chaos/{self}")
    }

    pub(crate) fn of_path(path: &str) -> Option<Self> {
        path.strip_prefix("/v1/chaos/")?.parse().ok()
    }
}

impl fmt::Display for Call {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}.{}", self.process, self.number)
    }
}

impl FromStr for Call {
    type Err = ();

    fn from_str(text: &str) -> Result<Self, ()> {
        let (process, number) = text.split_once('.').ok_or(())?;
        Ok(Self {
            process: process.parse().map_err(|_| ())?,
            number: number.parse().map_err(|_| ())?,
        })
    }
}

/// Mostly little, sometimes more than a window of HTTP/2 has.
fn size(draw: &mut Draw) -> usize {
    let most = match draw.below(20) {
        0..=12 => 1_000,
        13..=17 => 20_000,
        18 => 100_000,
        _ => 400_000,
    };
    1 + draw.below(most) as usize
}

fn contents(mut draw: Draw, length: usize) -> Bytes {
    let mut bytes = Vec::with_capacity(length + 8);
    while bytes.len() < length {
        bytes.extend_from_slice(&draw.number().to_le_bytes());
    }
    bytes.truncate(length);
    bytes.into()
}

const ASK: u64 = 1;
const UPLOAD: u64 = 2;
const DOWNLOAD: u64 = 3;
