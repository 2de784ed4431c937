use std::io;
use std::path::{Path, PathBuf};

use bytes::{Bytes, BytesMut};
use futures_util::stream;
use http_body::{Body, Frame};
use http_body_util::StreamBody;
use tokio::fs::File;
use tokio::io::AsyncReadExt;

/// The length of a regular file.
pub(super) async fn length(path: &Path) -> io::Result<u64> {
    let about = tokio::fs::metadata(path).await?;
    if !about.is_file() {
        return Err(io::Error::new(
            io::ErrorKind::InvalidInput,
            "not a regular file",
        ));
    }
    Ok(about.len())
}

/// What stands in a file, from its start.
pub(super) fn content(path: PathBuf) -> impl Body<Data = Bytes, Error = io::Error> + Send {
    StreamBody::new(stream::try_unfold(Reading::Closed(path), Reading::next))
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
