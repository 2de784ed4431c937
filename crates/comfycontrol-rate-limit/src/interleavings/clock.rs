//! A clock that moves when told to, and runtimes whose timers behave as tokio's do: setting a timer
//! to a time that its runtime has seen already, or whose runtime is gone, fires it on the spot;
//! polling one whose runtime is gone panics.

use std::cell::{Cell, RefCell};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, LazyLock};
use std::task::Waker;
use std::time::Duration;

use tokio::runtime;
use tokio::time::Instant;

use super::sync::Mutex;

pub(crate) fn now() -> Instant {
    *START + Duration::from_nanos(world().elapsed.load(Ordering::SeqCst))
}

pub(crate) fn wall() -> u64 {
    world().elapsed.load(Ordering::SeqCst)
}

pub(crate) fn runtime() -> Option<runtime::Id> {
    Some(RUNTIMES[CURRENT.with(Cell::get)?].handle().id())
}

#[derive(Debug)]
pub(crate) struct Alarm {
    runtime: usize,
    key: usize,
}

impl Alarm {
    pub(crate) fn new(at: Instant) -> Self {
        let runtime = CURRENT.with(Cell::get).expect("no runtime");
        let world = world();
        let mut driver = world.drivers[runtime].lock();
        let entry = Entry {
            at,
            waker: None,
            over: driver.is_gone,
        };
        driver.entries.push(entry);
        Self {
            runtime,
            key: driver.entries.len() - 1,
        }
    }

    #[expect(clippy::needless_pass_by_ref_mut, reason = "as the real one")]
    pub(crate) fn set(&mut self, at: Instant) {
        let waker = self.with(|driver, key| {
            let over = driver.is_gone || driver.seen.is_some_and(|seen| at <= seen);
            let entry = &mut driver.entries[key];
            (entry.at, entry.over) = (at, over);
            if over { entry.waker.take() } else { None }
        });
        waker.into_iter().for_each(Waker::wake);
    }

    pub(crate) fn is_over(&self) -> bool {
        self.with(|driver, key| driver.entries[key].over)
    }

    #[expect(clippy::needless_pass_by_ref_mut, reason = "as the real one")]
    pub(crate) fn watch(&mut self, waker: &Waker) -> bool {
        self.with(|driver, key| {
            assert!(!driver.is_gone, "polled a timer whose runtime is gone");
            let entry = &mut driver.entries[key];
            entry.waker = Some(waker.clone());
            entry.over
        })
    }

    fn with<T>(&self, action: impl FnOnce(&mut Driver, usize) -> T) -> T {
        action(&mut world().drivers[self.runtime].lock(), self.key)
    }
}

/// Everything of one execution.
#[derive(Debug)]
struct World {
    elapsed: AtomicU64,
    drivers: [Mutex<Driver>; 2],
}

#[derive(Debug, Default)]
struct Driver {
    entries: Vec<Entry>,
    /// Up to when it has fired what was due.
    seen: Option<Instant>,
    is_gone: bool,
    /// How many threads run its tasks.
    running: usize,
}

#[derive(Debug)]
struct Entry {
    at: Instant,
    waker: Option<Waker>,
    over: bool,
}

/// Begins an execution.
pub(crate) fn start() {
    let world = World {
        elapsed: AtomicU64::new(0),
        drivers: [(); 2].map(|()| Mutex::new(Driver::default())),
    };
    WORLD.with(|slot| *slot.borrow_mut() = Some(Arc::new(world)));
}

/// This thread runs a task of that runtime, which does not go meanwhile; of the other if it has
/// gone.
pub(crate) fn enter(runtime: usize) -> Running {
    let world = world();
    let mut driver = world.drivers[runtime].lock();
    if driver.is_gone {
        drop(driver);
        return enter(1 - runtime);
    }
    driver.running += 1;
    drop(driver);
    CURRENT.with(|current| current.set(Some(runtime)));
    Running { runtime }
}

#[derive(Debug)]
pub(crate) struct Running {
    runtime: usize,
}

impl Drop for Running {
    fn drop(&mut self) {
        CURRENT.with(|current| current.set(None));
        world().drivers[self.runtime].lock().running -= 1;
    }
}

/// This thread knows the runtime, which may go nevertheless.
pub(crate) fn inside(runtime: usize, action: impl FnOnce()) {
    CURRENT.with(|current| current.set(Some(runtime)));
    action();
    CURRENT.with(|current| current.set(None));
}

pub(crate) fn advance(nanos: u64) {
    world().elapsed.fetch_add(nanos, Ordering::SeqCst);
}

/// The runtime fires all that is due.
pub(crate) fn drive(runtime: usize) {
    let _running = enter(runtime);
    fire(runtime);
}

/// The runtime goes and fires everything, unless a task of it is running.
pub(crate) fn shut_down(runtime: usize) {
    {
        let world = world();
        let mut driver = world.drivers[runtime].lock();
        if driver.running > 0 {
            return;
        }
        driver.is_gone = true;
    }
    fire(runtime);
}

pub(crate) fn is_gone(runtime: usize) -> bool {
    world().drivers[runtime].lock().is_gone
}

fn fire(runtime: usize) {
    let now = now();
    let wakers: Vec<_> = {
        let world = world();
        let mut driver = world.drivers[runtime].lock();
        driver.seen = driver.seen.max(Some(now));
        let all = driver.is_gone;
        let entries = driver.entries.iter_mut();
        let due = entries.filter(|entry| !entry.over && (all || entry.at <= now));
        due.filter_map(|entry| {
            entry.over = true;
            entry.waker.take()
        })
        .collect()
    };
    wakers.into_iter().for_each(Waker::wake);
}

fn world() -> Arc<World> {
    WORLD
        .with(|world| world.borrow().clone())
        .expect("not started")
}

/// Made before the first execution, whose threads have small stacks.
pub(crate) fn prepare() {
    LazyLock::force(&START);
    LazyLock::force(&RUNTIMES);
}

// Real ones, for the sake of their names only.
static RUNTIMES: LazyLock<[runtime::Runtime; 2]> = LazyLock::new(|| {
    [(); 2].map(|()| {
        runtime::Builder::new_current_thread()
            .build()
            .expect("no I/O")
    })
});

static START: LazyLock<Instant> = LazyLock::new(crate::clock::now);

// All threads of an execution are one thread to the system.
thread_local!(static WORLD: RefCell<Option<Arc<World>>> = const { RefCell::new(None) });

shuttle::thread_local!(static CURRENT: Cell<Option<usize>> = Cell::new(None));
