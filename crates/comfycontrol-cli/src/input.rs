//! What a command is given to read: it may come late, or never, as from a terminal or a pipe.

use std::fs::File;
use std::io::{self, Read};
use std::path::PathBuf;

/// Where it comes from.
#[derive(Debug)]
pub(crate) enum Input {
    Stdin,
    File(PathBuf),
}

impl Input {
    /// Reads it whole, up to so many million bytes. Meanwhile the command can end: the thread that
    /// reads is not waited for.
    pub(crate) async fn read(self, megabytes: u64) -> io::Result<Vec<u8>> {
        let read = tokio::task::spawn_blocking(move || match self {
            Self::Stdin => within(megabytes, io::stdin().lock()),
            Self::File(path) => within(megabytes, File::open(path)?),
        });
        read.await.map_err(io::Error::other)?
    }
}

fn within(megabytes: u64, from: impl Read) -> io::Result<Vec<u8>> {
    let most = megabytes * 1_000_000;
    let mut bytes = Vec::new();
    from.take(most + 1).read_to_end(&mut bytes)?;
    match bytes.len() as u64 > most {
        true => Err(io::Error::other(format!("it has more than {megabytes} MB"))),
        false => Ok(bytes),
    }
}
