//! The time that a file tells: that of the machine.

use std::time::Duration;

/// A clock that all processes of this machine read alike.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Clock {
    /// This run of this machine, in this time namespace. Zero where nothing tells.
    machine: u128,
}

impl Clock {
    /// The clock of this machine.
    pub(crate) fn of_this_machine() -> Self {
        Self {
            machine: system::machine(),
        }
    }

    /// Another machine, for tests.
    #[cfg(test)]
    pub(crate) const fn of_machine(machine: u128) -> Self {
        Self { machine }
    }

    /// What is another with each start of the machine.
    pub(crate) const fn machine(self) -> u128 {
        self.machine
    }

    /// Microseconds since an instant that stays the same while the machine does.
    pub(crate) fn micros(self) -> u64 {
        system::micros()
    }

    /// For how long the machine has run, at this time of its clock.
    pub(crate) fn uptime(self, micros: u64) -> Duration {
        system::uptime(micros)
    }
}

#[cfg(target_os = "linux")]
mod system {
    use std::fs;
    use std::time::Duration;

    use rustix::time::{ClockId, clock_gettime};

    /// The boot's id, and the time namespace: in another one the same clock tells another time.
    pub(super) fn machine() -> u128 {
        let boot = fs::read_to_string("/proc/sys/kernel/random/boot_id").unwrap_or_default();
        let boot: String = boot.chars().filter(char::is_ascii_hexdigit).collect();
        let boot = u128::from_str_radix(&boot, 16).unwrap_or_default();
        // It reads "time:[4026531834]".
        let namespace = fs::read_link("/proc/self/ns/time").unwrap_or_default();
        let namespace = namespace.to_string_lossy();
        let namespace: String = namespace.chars().filter(char::is_ascii_digit).collect();
        boot ^ namespace.parse::<u128>().unwrap_or_default()
    }

    /// It runs on while the machine is suspended, and cannot be set.
    pub(super) fn micros() -> u64 {
        let time = clock_gettime(ClockId::Boottime);
        let seconds = u64::try_from(time.tv_sec).unwrap_or_default();
        let nanos = u64::try_from(time.tv_nsec).unwrap_or_default();
        seconds * 1_000_000 + nanos / 1_000
    }

    pub(super) fn uptime(micros: u64) -> Duration {
        Duration::from_micros(micros)
    }
}

#[cfg(not(target_os = "linux"))]
mod system {
    use std::time::{Duration, SystemTime, UNIX_EPOCH};

    pub(super) fn machine() -> u128 {
        0
    }

    /// It can be set; the reader corrects the step.
    #[expect(
        clippy::disallowed_methods,
        reason = "a store is the shell that reads the clock"
    )]
    pub(super) fn micros() -> u64 {
        let since = SystemTime::now().duration_since(UNIX_EPOCH);
        u64::try_from(since.unwrap_or_default().as_micros()).unwrap_or(u64::MAX)
    }

    /// Nothing tells when the machine was started; what was written before that takes longer.
    pub(super) fn uptime(_: u64) -> Duration {
        Duration::from_secs(86_400)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_runs_on_and_the_machine_stays_the_same() {
        let clock = Clock::of_this_machine();
        let earlier = clock.micros();
        assert!(clock.micros() >= earlier);
        assert_eq!(clock.machine(), Clock::of_this_machine().machine());
        #[cfg(target_os = "linux")]
        assert_ne!(clock.machine(), 0);
    }
}
