//! A file on disk that is not whole yet.

use std::io::{self, ErrorKind};
use std::path::{Path, PathBuf};

use tokio::fs::{self, File, OpenOptions};
use tokio::io::{AsyncSeekExt, AsyncWriteExt};

use super::file_name::{PART, numbered};

/// A file under a name that ends with `.part`, until it is whole. Dropped before, it is removed.
pub(super) struct PartFile {
    file: File,
    dir: PathBuf,
    on_disk: OnDisk,
}

/// Removes the file when it is dropped.
struct OnDisk(PathBuf);

impl Drop for OnDisk {
    fn drop(&mut self) {
        // What cannot be removed does no harm.
        let _ = std::fs::remove_file(&self.0);
    }
}

impl PartFile {
    /// Creates a new one in this directory, which no other transfer uses.
    pub(super) async fn create(dir: &Path, name: &str) -> io::Result<Self> {
        for number in 1..=MOST_NUMBERS {
            let path = dir.join(numbered(name, number) + PART);
            match OpenOptions::new()
                .write(true)
                .create_new(true)
                .open(&path)
                .await
            {
                Ok(file) => {
                    let (dir, on_disk) = (dir.to_owned(), OnDisk(path));
                    return Ok(Self { file, dir, on_disk });
                }
                Err(e) if e.kind() == ErrorKind::AlreadyExists => {}
                Err(e) => return Err(e),
            }
        }
        Err(ErrorKind::AlreadyExists.into())
    }

    pub(super) fn path(&self) -> &Path {
        &self.on_disk.0
    }

    pub(super) async fn write(&mut self, piece: &[u8]) -> io::Result<()> {
        self.file.write_all(piece).await
    }

    /// Leaves nothing of what has been written.
    pub(super) async fn clear(&mut self) -> io::Result<()> {
        // A write that is still under way would come after it.
        self.file.flush().await?;
        self.file.set_len(0).await?;
        self.file.rewind().await.map(drop)
    }

    /// Gives the file, which is whole, the name of this number or the next one that is free; in place of
    /// what has it, if that is to be `replaced`.
    pub(super) async fn finish(
        mut self,
        name: &str,
        number: usize,
        replaced: bool,
    ) -> io::Result<PathBuf> {
        self.file.flush().await?;
        // Or a machine that fails may leave the name of a file whose bytes it has lost.
        self.file.sync_all().await?;
        let Self {
            file,
            dir,
            mut on_disk,
        } = self;
        // Some systems rename nothing that is open.
        drop(file.into_std().await);
        for number in number..=MOST_NUMBERS {
            let path = dir.join(numbered(name, number));
            if replaced {
                on_disk.rename(&path).await?;
                return Ok(path);
            }
            match on_disk.give_name(&path).await {
                Ok(()) => return Ok(path),
                Err(e) if e.kind() == ErrorKind::AlreadyExists => {}
                Err(e) => return Err(e),
            }
        }
        Err(ErrorKind::AlreadyExists.into())
    }
}

impl OnDisk {
    /// Names the file, unless the name is taken.
    async fn give_name(&mut self, path: &Path) -> io::Result<()> {
        // To rename it would replace what has the name.
        match fs::hard_link(&self.0, path).await {
            Ok(()) => Ok(()),
            Err(e) if e.kind() == ErrorKind::AlreadyExists => Err(e),
            // Some disks have no links.
            Err(_) if fs::try_exists(path).await? => Err(ErrorKind::AlreadyExists.into()),
            Err(_) => self.rename(path).await,
        }
    }

    async fn rename(&mut self, path: &Path) -> io::Result<()> {
        fs::rename(&self.0, path).await?;
        // Another one may have the name next.
        self.0 = PathBuf::new();
        Ok(())
    }
}

const MOST_NUMBERS: usize = 10_000;
