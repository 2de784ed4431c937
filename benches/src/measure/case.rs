use std::fmt;
use std::rc::Rc;
use std::time::Duration;

use tokio::runtime::Runtime;
use tokio::task::unconstrained;

use super::Stopwatch;

/// One operation that can be timed.
pub struct Case {
    name: String,
    time: Box<dyn FnMut(u64) -> Duration>,
}

impl Case {
    /// `operation` on what `prepare` makes, at most `batch` times before it is made again. Only the
    /// operations are timed.
    pub fn new<T>(
        name: impl Into<String>,
        batch: u64,
        mut prepare: impl FnMut() -> T + 'static,
        mut operation: impl FnMut(&mut T) + 'static,
    ) -> Self {
        Self::timed(name, move |operations| {
            in_batches(operations, batch, |operations| {
                let mut subject = prepare();
                let watch = Stopwatch::start();
                for _ in 0..operations {
                    operation(&mut subject);
                }
                watch.elapsed()
            })
        })
    }

    /// The same for an operation that is to be awaited.
    pub fn on<T>(
        runtime: &Rc<Runtime>,
        name: impl Into<String>,
        batch: u64,
        mut prepare: impl FnMut() -> T + 'static,
        mut operation: impl AsyncFnMut(&mut T) + 'static,
    ) -> Self {
        let runtime = Rc::clone(runtime);
        Self::timed(name, move |operations| {
            in_batches(operations, batch, |operations| {
                // Not the business of tokio's budget for a task: it would yield now and then.
                runtime.block_on(unconstrained(async {
                    let mut subject = prepare();
                    let watch = Stopwatch::start();
                    for _ in 0..operations {
                        operation(&mut subject).await;
                    }
                    watch.elapsed()
                }))
            })
        })
    }

    /// Something that times itself: `time` does as many operations as it is told.
    pub fn timed(name: impl Into<String>, time: impl FnMut(u64) -> Duration + 'static) -> Self {
        Self {
            name: name.into(),
            time: Box::new(time),
        }
    }

    /// What it is called.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// Does so many operations and tells how long they took.
    pub fn time(&mut self, operations: u64) -> Duration {
        (self.time)(operations)
    }
}

impl fmt::Debug for Case {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Case")
            .field("name", &self.name)
            .finish_non_exhaustive()
    }
}

fn in_batches(operations: u64, batch: u64, mut time: impl FnMut(u64) -> Duration) -> Duration {
    let (mut left, mut total) = (operations, Duration::ZERO);
    while left > 0 {
        let operations = left.min(batch);
        total += time(operations);
        left -= operations;
    }
    total
}
