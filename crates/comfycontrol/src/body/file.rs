use std::io;
use std::path::PathBuf;

use bytes::{Bytes, BytesMut};
use futures_util::stream;
use http_body::Frame;
use http_body_util::StreamBody;
use tokio::fs::File;
use tokio::io::AsyncReadExt;

use super::Body;

impl Body {
    /// The content of a file, read piece by piece and from its start for each attempt.
    ///
    /// The length is asked for now and must still be right when the file is sent. A file that has none,
    /// as those that a system makes up when they are read, is sent without announcing one.
    ///
    /// # Errors
    ///
    /// Fails if the file cannot be looked at, or is not a regular file.
    pub async fn from_file(path: impl Into<PathBuf>) -> io::Result<Self> {
        let path = path.into();
        let about = tokio::fs::metadata(&path).await?;
        if !about.is_file() {
            return Err(io::Error::new(
                io::ErrorKind::InvalidInput,
                "not a regular file",
            ));
        }
        Ok(Self::replayable(Some(about.len()), move || {
            StreamBody::new(stream::try_unfold(
                Reading::Closed(path.clone()),
                Reading::next,
            ))
        }))
    }
}

enum Reading {
    Closed(PathBuf),
    Open(File),
}

impl Reading {
    async fn next(self) -> io::Result<Option<(Frame<Bytes>, Self)>> {
        let mut file = match self {
            Self::Closed(path) => File::open(path).await?,
            Self::Open(file) => file,
        };
        let mut piece = BytesMut::with_capacity(PIECE);
        let read = file.read_buf(&mut piece).await?;
        Ok((read > 0).then(|| (Frame::data(piece.freeze()), Self::Open(file))))
    }
}

/// Bytes a read.
const PIECE: usize = 64 * 1024;
