use std::fs::File;
use std::io;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use comfycontrol::Body;
use futures_util::stream::try_unfold;
use http_body::Frame;
use http_body_util::StreamBody;
use tokio::io::AsyncWriteExt;
use tokio::task::spawn_blocking;

use super::space::{Part, Space};
use crate::refusal::Refusal;

/// A body on its way into a file that has no name, so that it is gone with the gateway, however
/// that ends.
#[derive(Debug)]
pub(super) struct Spilling {
    file: tokio::fs::File,
    len: u64,
    part: Part,
}

impl Spilling {
    pub(super) async fn begin(directory: Option<PathBuf>, space: Space) -> Result<Self, Refusal> {
        let made = spawn_blocking(move || match directory {
            Some(directory) => tempfile::tempfile_in(directory),
            None => tempfile::tempfile(),
        });
        let file = made
            .await
            .map_err(io::Error::other)
            .flatten()
            .map_err(no_room)?;
        Ok(Self {
            file: tokio::fs::File::from_std(file),
            len: 0,
            part: space.part(),
        })
    }

    pub(super) async fn write(&mut self, data: Bytes) -> Result<(), Refusal> {
        let bytes = data.len() as u64;
        if !self.part.grow(bytes) {
            return Err(no_room(io::Error::from(io::ErrorKind::StorageFull)));
        }
        self.len += bytes;
        self.file.write_all(&data).await.map_err(no_room)
    }

    /// The body, which can be sent as often as need be.
    pub(super) async fn finish(mut self) -> Result<Body, Refusal> {
        self.file.flush().await.map_err(no_room)?;
        let held = Arc::new(Held {
            file: self.file.into_std().await,
            len: self.len,
            _part: self.part,
        });
        Ok(Body::replayable(Some(self.len), move || {
            content(held.clone())
        }))
    }
}

struct Held {
    file: File,
    len: u64,
    _part: Part,
}

impl Held {
    /// Reads without a place of its own in the file: a body may be read again while another is.
    fn read(&self, at: u64) -> io::Result<Bytes> {
        let left = usize::try_from(self.len - at).unwrap_or(usize::MAX);
        let mut piece = vec![0; left.min(PIECE)];
        read_exact_at(&self.file, &mut piece, at)?;
        Ok(piece.into())
    }
}

#[cfg(unix)]
fn read_exact_at(file: &File, piece: &mut [u8], at: u64) -> io::Result<()> {
    std::os::unix::fs::FileExt::read_exact_at(file, piece, at)
}

#[cfg(windows)]
fn read_exact_at(file: &File, mut piece: &mut [u8], mut at: u64) -> io::Result<()> {
    while !piece.is_empty() {
        let read = std::os::windows::fs::FileExt::seek_read(file, piece, at)?;
        if read == 0 {
            return Err(io::ErrorKind::UnexpectedEof.into());
        }
        (piece, at) = (&mut piece[read..], at + read as u64);
    }
    Ok(())
}

fn content(held: Arc<Held>) -> impl http_body::Body<Data = Bytes, Error = io::Error> + Send {
    StreamBody::new(try_unfold(0, move |at| {
        let held = held.clone();
        async move {
            if at == held.len {
                return Ok(None);
            }
            let read = spawn_blocking(move || held.read(at)).await;
            let data = read.map_err(io::Error::other)??;
            let next = at + data.len() as u64;
            Ok(Some((Frame::data(data), next)))
        }
    }))
}

const PIECE: usize = 64 * 1024;

fn no_room(error: io::Error) -> Refusal {
    tracing::warn!(%error, "no room for the body of a request");
    let message = "the gateway has no room for the body of the request now";
    Refusal::unavailable(message, Duration::from_secs(5))
}
