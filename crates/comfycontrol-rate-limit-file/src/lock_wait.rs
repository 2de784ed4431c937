//! Waiting for a lock, on a thread that may block, for a time.

#![expect(
    clippy::disallowed_types,
    reason = "a thread that blocks waits in real time, whatever a runtime's clock does"
)]

use std::fs::{File, TryLockError};
use std::io;
use std::time::Duration;
use std::time::Instant;

const SHORTEST: Duration = Duration::from_micros(20);
const LONGEST: Duration = Duration::from_millis(2);

/// How long one step still waits.
#[derive(Clone, Copy, Debug)]
pub(crate) struct LockWait {
    ends: Instant,
    whole: Duration,
}

impl LockWait {
    /// Begins to wait, at most this long.
    pub(crate) fn of(whole: Duration) -> Self {
        Self {
            ends: Instant::now() + whole,
            whole,
        }
    }

    /// When it ends.
    pub(crate) const fn ends(self) -> Instant {
        self.ends
    }

    /// How long it was at its beginning.
    pub(crate) const fn whole(self) -> Duration {
        self.whole
    }

    /// Whether nothing is left.
    pub(crate) fn is_over(self) -> bool {
        Instant::now() >= self.ends
    }

    /// Locks the file; whether it could before this has ended.
    pub(crate) fn lock(self, file: &File) -> io::Result<bool> {
        let mut pause = SHORTEST;
        loop {
            if try_lock(file)? {
                return Ok(true);
            }
            if self.is_over() {
                return Ok(false);
            }
            #[expect(
                clippy::disallowed_methods,
                reason = "no event tells when another process lets go"
            )]
            std::thread::sleep(pause);
            pause = (pause * 2).min(LONGEST);
        }
    }
}

/// Locks the file if no other process has it locked; returns whether it did. A signal changes
/// nothing.
pub(crate) fn try_lock(file: &File) -> io::Result<bool> {
    loop {
        match file.try_lock() {
            Ok(()) => return Ok(true),
            Err(TryLockError::WouldBlock) => return Ok(false),
            Err(TryLockError::Error(error)) if error.kind() == io::ErrorKind::Interrupted => {}
            Err(TryLockError::Error(error)) => return Err(error),
        }
    }
}
