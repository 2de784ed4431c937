//! Bodies are read before they are sent: a connection with unread bytes does not tell that its
//! caller has gone, and what is whole can be sent again.

mod file;
mod space;

use std::error::Error;
use std::io::{self, ErrorKind};
use std::path::PathBuf;
use std::time::Duration;

use bytes::{Bytes, BytesMut};
use comfycontrol::Body;
use comfycontrol_core::BoxError;
use http::StatusCode;
use http_body::Body as HttpBody;
use http_body_util::BodyExt;
use tokio::time::timeout_at;

use self::file::Spilling;
use self::space::Space;
use crate::clock;
use crate::refusal::Refusal;

/// Reads bodies: the beginning into memory, what is longer into a file without a name.
#[derive(Debug)]
pub(crate) struct Spool {
    pub(crate) max_body: u64,
    pub(crate) directory: Option<PathBuf>,
    space: Space,
}

impl Spool {
    pub(crate) fn new() -> Self {
        Self {
            max_body: 256 * 1024 * 1024,
            directory: None,
            space: Space::new(2 * 1024 * 1024 * 1024),
        }
    }

    pub(crate) fn set_space(&mut self, bytes: u64) {
        self.space = Space::new(bytes);
    }

    /// Reads a body to its end.
    pub(crate) async fn read<B>(&self, body: B) -> Result<Body, Refusal>
    where
        B: HttpBody<Data = Bytes, Error: Into<BoxError>>,
    {
        if body.is_end_stream() {
            return Ok(Body::empty());
        }
        if body.size_hint().lower() > self.max_body {
            return Err(self.too_large());
        }
        let mut body = std::pin::pin!(body);
        let mut memory = BytesMut::new();
        let mut file: Option<Spilling> = None;
        let (start, mut received) = (clock::now(), 0_u64);
        loop {
            let time = TIMEOUT + Duration::from_secs(received / MIN_RATE);
            let frame = timeout_at(start + time, body.frame()).await;
            let Some(frame) = frame.map_err(|_| too_slow())? else {
                break;
            };
            let frame = frame.map_err(|error| cut_short(&error.into()))?;
            // Trailers concern this connection.
            let Ok(data) = frame.into_data() else {
                continue;
            };
            received += data.len() as u64;
            if received > self.max_body {
                return Err(self.too_large());
            }
            match &mut file {
                Some(file) => file.write(data).await?,
                None if memory.len() + data.len() <= IN_MEMORY => memory.extend_from_slice(&data),
                None => file = Some(self.spill(memory.split().freeze(), data).await?),
            }
        }
        match file {
            Some(file) => file.finish().await,
            None => Ok(Body::from(memory.freeze())),
        }
    }

    async fn spill(&self, first: Bytes, next: Bytes) -> Result<Spilling, Refusal> {
        let mut file = Spilling::begin(self.directory.clone(), self.space.clone()).await?;
        file.write(first).await?;
        file.write(next).await?;
        Ok(file)
    }

    fn too_large(&self) -> Refusal {
        let message = format!(
            "the gateway takes bodies of at most {} bytes",
            self.max_body
        );
        Refusal::new(StatusCode::PAYLOAD_TOO_LARGE, message)
    }
}

fn too_slow() -> Refusal {
    let message = "the body of the request came too slowly";
    Refusal::new(StatusCode::REQUEST_TIMEOUT, message)
}

/// A caller that breaks off has gone; one whose framing cannot be read has not.
fn cut_short(error: &BoxError) -> Refusal {
    let message = "the body of the request did not come whole";
    let refusal = Refusal::new(StatusCode::BAD_REQUEST, message);
    let mut cause: Option<&(dyn Error + 'static)> = Some(&**error);
    while let Some(error) = cause {
        let kind = error.downcast_ref().map(io::Error::kind);
        if let Some(ErrorKind::InvalidInput | ErrorKind::InvalidData) = kind {
            return refusal;
        }
        cause = error.source();
    }
    refusal.unheard()
}

/// So much of a body is kept in memory: 1 MiB.
const IN_MEMORY: usize = 1024 * 1024;

/// A body has 30 s, and one more for each 1,024 bytes that have come.
const TIMEOUT: Duration = Duration::from_secs(30);
const MIN_RATE: u64 = 1_024;

#[cfg(test)]
mod tests;
