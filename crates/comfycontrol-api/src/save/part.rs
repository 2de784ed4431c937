//! A file on disk that is not whole yet.

use std::fs::OpenOptions;
use std::io::{self, ErrorKind};
use std::path::{Path, PathBuf};

use tokio::fs::{self, File};
use tokio::io::{AsyncSeekExt, AsyncWriteExt};
use tokio::task::spawn_blocking;

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
            // Where no caller waits for it any more, what was made is removed all the same.
            let made = spawn_blocking(move || {
                let file = OpenOptions::new()
                    .write(true)
                    .create_new(true)
                    .open(&path)?;
                io::Result::Ok((file, OnDisk(path)))
            });
            match made.await.map_err(io::Error::other)? {
                Ok((file, on_disk)) => {
                    let (file, dir) = (File::from_std(file), dir.to_owned());
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

    /// Gives the file, which is whole, the name of this number or the next one that is free; in
    /// place of what has it, if that is to be `replaced`.
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
            Err(_) => self.take_name(path).await,
        }
    }

    /// Takes the name by a file that is empty, and puts the whole one in its place: so nothing of
    /// anybody else is replaced.
    async fn take_name(&mut self, path: &Path) -> io::Result<()> {
        let (from, to) = (self.0.clone(), path.to_owned());
        // Both or neither, also where no caller waits for it any more.
        let named = spawn_blocking(move || {
            OpenOptions::new().write(true).create_new(true).open(&to)?;
            std::fs::rename(from, &to).inspect_err(|_| _ = std::fs::remove_file(&to))
        });
        named.await.map_err(io::Error::other)??;
        self.0 = PathBuf::new();
        Ok(())
    }

    async fn rename(&mut self, path: &Path) -> io::Result<()> {
        fs::rename(&self.0, path).await?;
        // Another one may have the name next.
        self.0 = PathBuf::new();
        Ok(())
    }
}

const MOST_NUMBERS: usize = 10_000;

#[cfg(test)]
mod tests {
    use std::task::Poll;
    use std::time::Duration;

    use futures_util::poll;

    use super::*;

    #[tokio::test]
    async fn what_is_dropped_while_it_is_made_leaves_nothing() {
        let dir = tempfile::tempdir().unwrap();
        for _ in 0..50 {
            let mut made = Box::pin(PartFile::create(dir.path(), "a.png"));
            if let Poll::Ready(made) = poll!(&mut made) {
                made.unwrap();
            }
            drop(made);
        }
        // What is under way on other threads ends.
        let gone = async {
            while std::fs::read_dir(dir.path()).unwrap().count() > 0 {
                tokio::time::sleep(Duration::from_millis(5)).await;
            }
        };
        tokio::time::timeout(Duration::from_secs(30), gone)
            .await
            .unwrap();
    }

    #[tokio::test]
    async fn without_links_what_has_the_name_is_not_replaced() {
        let dir = tempfile::tempdir().unwrap();
        let (free, taken) = (dir.path().join("b.png"), dir.path().join("a.png"));
        std::fs::write(&taken, "theirs").unwrap();
        let mut part = PartFile::create(dir.path(), "a.png").await.unwrap();
        part.write(b"ours").await.unwrap();
        part.file.flush().await.unwrap();
        let told = part.on_disk.take_name(&taken).await.unwrap_err();
        assert_eq!(told.kind(), ErrorKind::AlreadyExists);
        part.on_disk.take_name(&free).await.unwrap();
        drop(part);
        let read = |path| std::fs::read_to_string(path).unwrap();
        assert_eq!((read(taken), read(free)), ("theirs".into(), "ours".into()));
        assert_eq!(std::fs::read_dir(dir.path()).unwrap().count(), 2);
    }
}
