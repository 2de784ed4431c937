//! One step on the file: locked, read, and perhaps written.

use std::fs::File;
use std::hash::{BuildHasher, RandomState};
use std::io;
use std::path::PathBuf;
use std::time::{Duration, SystemTime};

use comfycontrol_rate_limit::{Member, Reading, Record, Replaced, StoreTime, Version};

use crate::clock::Clock;
use crate::disk;
use crate::error::{FileError, FileErrorKind};
use crate::lock_wait::LockWait;
use crate::members::Members;
use crate::page::{self, Epoch, Page, Place, Unreadable};

/// The file, and what this process knows of it.
#[derive(Debug)]
pub(crate) struct Register {
    path: PathBuf,
    clock: Clock,
    file: Option<File>,
    members: Members,
    /// The epoch and sequence that was read or written last: an older one is a copy put back.
    seen: Option<(u128, u64)>,
    /// Whether this machine has been seen to write: another one can then no more be an earlier
    /// run.
    written_here: bool,
}

/// What the file says while it is locked.
struct Locked {
    place: Place,
    page: Page,
    micros: u64,
}

impl Register {
    /// Opens the file, or makes it.
    pub(crate) fn open(path: PathBuf, clock: Clock) -> Result<Self, FileError> {
        let mut register = Self {
            members: Members::of(&path),
            path,
            clock,
            file: None,
            seen: None,
            written_here: false,
        };
        register.file = Some(register.opened()?);
        Ok(register)
    }

    /// What is kept there.
    pub(crate) fn read(&mut self, wait: LockWait) -> Result<Reading, FileError> {
        self.locked(wait, |register, file| {
            let locked = register.look(file)?;
            Ok(register.reading(locked))
        })
    }

    /// Keeps `record` if no other process was quicker.
    pub(crate) fn replace(
        &mut self,
        seen: Option<Version>,
        record: Record,
        wait: LockWait,
    ) -> Result<Replaced, FileError> {
        if record.content.len() > page::LONGEST {
            return Err(self.error(FileErrorKind::RecordTooLarge));
        }
        self.locked(wait, |register, file| {
            let locked = register.look(file)?;
            if locked.page.record.as_ref().map(|record| record.version) != seen {
                return Ok(Replaced::Lost(register.reading(locked)));
            }
            let time = register.time(&locked);
            let page = Page {
                sequence: locked.page.sequence + 1,
                machine: register.clock.machine(),
                record: Some(record),
                ..locked.page
            };
            register.write(file, locked.place.other(), &page)?;
            register.seen = Some((page.epoch.id, page.sequence));
            register.written_here = true;
            Ok(Replaced::Won(Some(time)))
        })
    }

    /// Has others see that `member` is there.
    pub(crate) fn join(
        &mut self,
        member: Member,
        now: SystemTime,
        wait: LockWait,
    ) -> Result<(), FileError> {
        // Once there is a member, a file without a page has lost what it had.
        self.read(wait)?;
        match self.members.join(member, now, wait) {
            Ok(true) => Ok(()),
            Ok(false) => Err(self.locked_by_another(wait)),
            Err(error) => Err(FileError::io(&self.path, error)),
        }
    }

    /// Which of these are there no more.
    pub(crate) fn gone(&self, members: Vec<Member>) -> Result<Vec<Member>, FileError> {
        self.members
            .gone(members)
            .map_err(|error| FileError::io(&self.path, error))
    }

    /// Does `step` while no other process does one, with the file that the path names now.
    fn locked<T>(
        &mut self,
        wait: LockWait,
        step: impl FnOnce(&mut Self, &File) -> Result<T, FileError>,
    ) -> Result<T, FileError> {
        loop {
            let file = match self.file.take() {
                Some(file) => file,
                None => self.opened()?,
            };
            if !self.io(wait.lock(&file))? {
                self.file = Some(file);
                return Err(self.locked_by_another(wait));
            }
            if let Some(length) = self.io(disk::length_at(&file, &self.path))? {
                let done = match length {
                    ..=page::LONGEST_FILE => step(self, &file),
                    _ => Err(self.error(FileErrorKind::Foreign)),
                };
                // Closing it lets go too.
                if file.unlock().is_ok() {
                    self.file = Some(file);
                }
                return done;
            }
            // It was replaced or removed: closed, and with it let go.
            if wait.is_over() {
                return Err(self.locked_by_another(wait));
            }
        }
    }

    /// The newest page. A file without one is begun again, if that destroys no other data.
    fn look(&mut self, file: &File) -> Result<Locked, FileError> {
        let mut pages = [0; page::PAGES];
        let length = self.io(disk::read_at(file, 0, &mut pages))?;
        let micros = self.clock.micros();
        if length == 0 && !self.io(self.members.any())? {
            let (place, page) = self.begin(file, micros, false)?;
            return Ok(Locked {
                place,
                page,
                micros,
            });
        }
        let path = &self.path;
        let found = page::newest(&pages[..length], |offset, rest| {
            let read = disk::read_at(file, offset, rest);
            Ok(read.map_err(|error| FileError::io(path, error))? == rest.len())
        })?;
        match found {
            Ok((_, page)) if self.is_older(&page) => self.lost(file, micros),
            Ok((_, page)) if self.is_of_other_machine(&page) => {
                Err(self.error(FileErrorKind::OtherMachine))
            }
            Ok((place, page)) => {
                self.seen = Some((page.epoch.id, page.sequence));
                self.written_here |= page.machine == self.clock.machine();
                Ok(Locked {
                    place,
                    page,
                    micros,
                })
            }
            Err(Unreadable::Damaged) => self.lost(file, micros),
            Err(Unreadable::Foreign) => Err(self.error(FileErrorKind::Foreign)),
        }
    }

    /// Whether this process has seen a newer one in the same file: a copy was put back.
    fn is_older(&self, page: &Page) -> bool {
        self.seen
            .is_some_and(|(epoch, sequence)| epoch == page.epoch.id && page.sequence < sequence)
    }

    /// Whether it cannot have been written by an earlier run of this machine.
    fn is_of_other_machine(&self, page: &Page) -> bool {
        self.written_here && page.machine != self.clock.machine()
    }

    /// Begins the file again after a loss, and says so once.
    fn lost<T>(&mut self, file: &File, micros: u64) -> Result<T, FileError> {
        self.begin(file, micros, true)?;
        Err(self.error(FileErrorKind::Damaged))
    }

    /// Writes the first page of an epoch.
    fn begin(
        &mut self,
        file: &File,
        micros: u64,
        after_loss: bool,
    ) -> Result<(Place, Page), FileError> {
        let page = Page {
            sequence: 0,
            epoch: Epoch {
                id: random(),
                since: micros,
                after_loss,
            },
            machine: self.clock.machine(),
            record: None,
        };
        self.io(file.set_len(0))?;
        self.write(file, Place::First, &page)?;
        self.seen = Some((page.epoch.id, page.sequence));
        self.written_here = true;
        Ok((Place::First, page))
    }

    fn write(&self, file: &File, place: Place, page: &Page) -> Result<(), FileError> {
        let (bytes, rest) = page::encode(page);
        // A page without its rest would have no checksum that holds, and the other one counts.
        self.io(disk::write_at(file, place.rest(), rest))?;
        self.io(disk::write_at(file, place.offset(), &bytes))
    }

    fn reading(&self, locked: Locked) -> Reading {
        let time = self.time(&locked);
        Reading::new(locked.page.record, time)
    }

    fn time(&self, locked: &Locked) -> StoreTime {
        let epoch = locked.page.epoch;
        let uptime = if epoch.after_loss {
            Duration::from_micros(locked.micros.saturating_sub(epoch.since))
        } else {
            self.clock.uptime(locked.micros)
        };
        StoreTime::new(locked.micros, self.clock.machine() ^ epoch.id, uptime)
    }

    fn opened(&self) -> Result<File, FileError> {
        let file = self.io(disk::open(&self.path))?;
        if self.io(disk::is_remote(&file))? {
            return Err(self.error(FileErrorKind::Network));
        }
        Ok(file)
    }

    fn io<T>(&self, result: io::Result<T>) -> Result<T, FileError> {
        result.map_err(|error| FileError::io(&self.path, error))
    }

    fn error(&self, kind: FileErrorKind) -> FileError {
        FileError::new(&self.path, kind)
    }

    fn locked_by_another(&self, wait: LockWait) -> FileError {
        self.error(FileErrorKind::Locked {
            waited: wait.whole(),
        })
    }
}

/// The standard library has no other source of random numbers.
fn random() -> u128 {
    let half = || u128::from(RandomState::new().hash_one(0));
    half() << 64 | half()
}

#[cfg(test)]
mod tests;
