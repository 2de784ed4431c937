//! Other machines, and other runs of this one.

use super::*;

const LOCK_TIMEOUT: Duration = Duration::from_secs(5);

fn record(number: u8) -> Record {
    Record {
        version: Version::from_bytes([number; 16]),
        content: vec![number; 700],
    }
}

/// One process on a machine, and its swaps.
struct Process(Register);

impl Process {
    fn on(machine: u128, directory: &tempfile::TempDir) -> Self {
        let path = directory.path().join("budget");
        Self(Register::open(path, Clock::of_machine(machine)).unwrap())
    }

    fn read(&mut self) -> Result<Reading, FileErrorKind> {
        let read = self.0.read(LockWait::of(LOCK_TIMEOUT));
        read.map_err(|error| error.kind())
    }

    fn replace(&mut self, seen: Option<u8>, with: u8) -> Result<Replaced, FileErrorKind> {
        let seen = seen.map(|number| Version::from_bytes([number; 16]));
        let replaced = self
            .0
            .replace(seen, record(with), LockWait::of(LOCK_TIMEOUT));
        replaced.map_err(|error| error.kind())
    }
}

#[test]
fn another_run_of_the_machine_is_another_instance_over_the_same_record() {
    let directory = tempfile::tempdir().unwrap();
    let mut before = Process::on(1, &directory);
    assert!(matches!(before.replace(None, 1), Ok(Replaced::Won(_))));
    let earlier = before.read().unwrap();
    drop(before);

    let mut after = Process::on(2, &directory);
    let later = after.read().unwrap();
    assert_eq!(later.record, Some(record(1)));
    assert_ne!(later.time.instance, earlier.time.instance);
    assert!(matches!(after.replace(Some(1), 2), Ok(Replaced::Won(_))));
}

#[test]
fn two_machines_at_the_same_time_are_an_error() {
    let directory = tempfile::tempdir().unwrap();
    let mut here = Process::on(1, &directory);
    let mut there = Process::on(2, &directory);
    assert!(matches!(here.replace(None, 1), Ok(Replaced::Won(_))));
    assert!(matches!(there.replace(Some(1), 2), Ok(Replaced::Won(_))));
    for _ in 0..2 {
        assert_eq!(here.read(), Err(FileErrorKind::OtherMachine));
        assert_eq!(here.replace(Some(2), 3), Err(FileErrorKind::OtherMachine));
    }
    assert!(there.read().is_ok());
}
