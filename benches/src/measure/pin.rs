//! Threads that stay where they are put: an unpinned pair of short threads shares one core and
//! never meets.

use std::num::NonZero;
use std::sync::LazyLock;
use std::thread::available_parallelism;

/// How many cores there are to pin threads to.
pub fn pinnable() -> usize {
    *CORES
}

/// Asked before the first thread is pinned, which would then count its own core only.
static CORES: LazyLock<usize> = LazyLock::new(|| available_parallelism().map_or(1, NonZero::get));

/// Keeps this thread on one core; returns whether the system did it.
#[cfg(target_os = "linux")]
pub fn pin_to(core: usize) -> bool {
    let mut cores = rustix::thread::CpuSet::new();
    cores.set(core % pinnable());
    rustix::thread::sched_setaffinity(None, &cores).is_ok()
}

/// Keeps this thread on one core; returns whether the system did it.
#[cfg(not(target_os = "linux"))]
pub fn pin_to(_: usize) -> bool {
    false
}
