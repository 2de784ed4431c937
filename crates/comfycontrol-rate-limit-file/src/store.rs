use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::{Duration, SystemTime};
use std::{fmt, io};

use comfycontrol_rate_limit::{Member, Reading, Record, Replaced, Store, Unavailable, Version};
use parking_lot::Mutex;
use tokio::task::spawn_blocking;
use tokio::time::timeout;

use crate::clock::Clock;
use crate::error::{FileError, FileErrorKind};
use crate::location;
use crate::lock_wait::LockWait;
use crate::register::Register;

/// How long one step waits for the file unless told.
const WAIT: Duration = Duration::from_secs(1);

/// Keeps the budget of all programs of one user on one machine in a file.
///
/// A step locks the file, reads it, and writes some 800 bytes for eight processes; nothing waits
/// for a disk. It runs on a thread of tokio's that may block, and ends within [twice the
/// wait](Self::with_wait), also where another process was stopped while it held the lock.
///
/// # Panics
///
/// The futures of a store panic outside of a tokio runtime with time.
pub struct FileStore {
    path: PathBuf,
    wait: Duration,
    register: Arc<Mutex<Register>>,
}

impl FileStore {
    /// The store in the file that all programs of this user find under `name`: that of the server
    /// whose budget it is, such as `api.comfycontrol.app`.
    ///
    /// It is in `/tmp/comfycontrol-UID` on Unix, whatever the environment says, and in
    /// `%LOCALAPPDATA%\comfycontrol` on Windows. The directory must be this user's alone.
    ///
    /// # Errors
    ///
    /// [`FileError`] if others could get at the directory, or as [`open`](Self::open).
    pub fn of_user(name: &str) -> Result<Self, FileError> {
        Self::open(location::of_user(name)?)
    }

    /// The store in this file, which is made for this user alone if it is not there. The members of
    /// the budget have a directory next to it, by the same name and `.members`.
    ///
    /// Anyone who can write there can open or close the budget.
    ///
    /// # Errors
    ///
    /// [`FileError`] if the file cannot be opened or made, or is on a network file system.
    pub fn open(path: impl Into<PathBuf>) -> Result<Self, FileError> {
        let path = path.into();
        let register = Register::open(path.clone(), Clock::of_this_machine())?;
        Ok(Self {
            path,
            wait: WAIT,
            register: Arc::new(Mutex::new(register)),
        })
    }

    /// Waits at most `wait` for other processes to let go of the file. Default: 1 s.
    #[must_use]
    pub const fn with_wait(mut self, wait: Duration) -> Self {
        self.wait = wait;
        self
    }

    /// The path of the file that holds the budget.
    #[must_use]
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// Does one step where a thread may block.
    async fn step<T: Send + 'static>(
        &self,
        step: impl FnOnce(&mut Register, LockWait) -> Result<T, FileError> + Send + 'static,
    ) -> Result<T, Unavailable> {
        let (register, wait, path) = (Arc::clone(&self.register), self.wait, self.path.clone());
        let locked = move || FileError::new(&path, FileErrorKind::Locked { waited: wait });
        let mine = locked.clone();
        let done = spawn_blocking(move || {
            let lock_wait = LockWait::of(wait);
            // A step that no call waits for any more may still run.
            let mut register = register.try_lock_until(lock_wait.ends()).ok_or_else(mine)?;
            step(&mut register, lock_wait)
        });
        // The disk itself can be stuck, and threads can be short.
        match timeout(wait.saturating_mul(2), done).await {
            Ok(Ok(done)) => done.map_err(Unavailable::new),
            Ok(Err(ended)) => Err(Unavailable::new(FileError::io(
                &self.path,
                io::Error::other(ended),
            ))),
            Err(_) => Err(Unavailable::new(locked())),
        }
    }
}

impl Store for FileStore {
    async fn read(&self) -> Result<Reading, Unavailable> {
        self.step(Register::read).await
    }

    /// The time to keep it does not matter: it stays until the next.
    async fn replace(
        &self,
        seen: Option<Version>,
        record: Record,
        _keep: Duration,
    ) -> Result<Replaced, Unavailable> {
        self.step(move |register, wait| register.replace(seen, record, wait))
            .await
    }

    async fn join(&self, member: Member) -> Result<(), Unavailable> {
        #[expect(
            clippy::disallowed_methods,
            reason = "the age of files is told by the system's clock, and only tidying goes by it"
        )]
        let now = SystemTime::now();
        self.step(move |register, wait| register.join(member, now, wait))
            .await
    }

    async fn gone(&self, members: Vec<Member>) -> Result<Vec<Member>, Unavailable> {
        self.step(move |register, _| register.gone(members)).await
    }
}

impl fmt::Debug for FileStore {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("FileStore")
            .field("path", &self.path)
            .field("wait", &self.wait)
            .finish_non_exhaustive()
    }
}
