//! The members that are there: each locks a file of its own for as long as its process lives.

use std::ffi::OsString;
use std::fs::File;
use std::io;
use std::path::{Path, PathBuf};
use std::time::{Duration, SystemTime};

use comfycontrol_rate_limit::Member;

use crate::disk;
use crate::lock_wait::{LockWait, try_lock};

/// For how long the file of a dead member tells so.
const KEPT: Duration = Duration::from_secs(300);
/// How many of them one newcomer removes.
const REMOVED_AT_ONCE: usize = 1_000;

/// The directory of the members' files, next to the store's.
#[derive(Debug)]
pub(crate) struct Members {
    directory: PathBuf,
    own: Vec<(Member, File)>,
}

impl Members {
    /// The members that share the store in `path`.
    pub(crate) fn of(path: &Path) -> Self {
        let mut directory = OsString::from(path);
        directory.push(".members");
        Self {
            directory: directory.into(),
            own: Vec::new(),
        }
    }

    /// Whether any member is there, or was lately: the store is not used for the first time.
    pub(crate) fn any(&self) -> io::Result<bool> {
        match self.directory.read_dir() {
            Ok(mut entries) => Ok(entries.next().is_some()),
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(false),
            Err(error) => Err(error),
        }
    }

    /// Has others see that this one is there; whether it could in time.
    pub(crate) fn join(
        &mut self,
        member: Member,
        now: SystemTime,
        wait: LockWait,
    ) -> io::Result<bool> {
        let path = self.file_of(member);
        for (own, file) in &self.own {
            if *own == member && disk::length_at(file, &path)?.is_some() {
                return Ok(true);
            }
        }
        self.own.retain(|(own, _)| *own != member);
        disk::make_directory(&self.directory)?;
        self.remove_old(now)?;
        loop {
            let file = disk::open(&path)?;
            if !wait.lock(&file)? {
                return Ok(false);
            }
            if disk::length_at(&file, &path)?.is_some() {
                self.own.push((member, file));
                return Ok(true);
            }
            if wait.is_over() {
                return Ok(false);
            }
        }
    }

    /// Which of them are gone. A member without a file may still be there: its file was tidied up.
    pub(crate) fn gone(&self, members: Vec<Member>) -> io::Result<Vec<Member>> {
        let mut gone = Vec::new();
        for member in members {
            match File::options()
                .read(true)
                .write(true)
                .open(self.file_of(member))
            {
                Ok(file) if try_lock(&file)? => gone.push(member),
                Ok(_) => {}
                Err(error) if error.kind() == io::ErrorKind::NotFound => {}
                Err(error) => return Err(error),
            }
        }
        Ok(gone)
    }

    /// Removes the files of members that are dead for long.
    fn remove_old(&self, now: SystemTime) -> io::Result<()> {
        for entry in self.directory.read_dir()?.take(REMOVED_AT_ONCE) {
            let path = entry?.path();
            // Another newcomer may be at it too.
            let Ok(file) = File::options().read(true).write(true).open(&path) else {
                continue;
            };
            let age = now.duration_since(file.metadata()?.modified()?);
            if age.is_ok_and(|age| age > KEPT) && try_lock(&file)? {
                let _ = std::fs::remove_file(&path);
            }
        }
        Ok(())
    }

    fn file_of(&self, member: Member) -> PathBuf {
        self.directory.join(format!("{:032x}", member.to_u128()))
    }
}
