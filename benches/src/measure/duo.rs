use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread;
use std::time::Duration;

use super::{Case, pin_to, std_now};

/// Two pinned threads at once on what `prepare` makes, each at most `batch` operations in a row.
/// The time is that of the wall, so two threads that do not hinder each other halve it.
pub fn two_threads<T: Sync>(
    name: impl Into<String>,
    batch: u64,
    mut prepare: impl FnMut() -> T + 'static,
    operation: impl Fn(&T) + Sync + 'static,
) -> Case {
    Case::timed(name, move |operations| {
        let (mut left, mut total) = (operations.div_ceil(2), Duration::ZERO);
        while left > 0 {
            let each = left.min(batch);
            total += together(&prepare(), each, &operation);
            left -= each;
        }
        total
    })
}

fn together<T: Sync>(subject: &T, each: u64, operation: &(impl Fn(&T) + Sync)) -> Duration {
    let present = AtomicUsize::new(0);
    let run = |core| {
        pin_to(core);
        present.fetch_add(1, Ordering::SeqCst);
        while present.load(Ordering::SeqCst) < 2 {
            // On a busy machine the other may not be running at all.
            thread::yield_now();
        }
        let start = std_now();
        for _ in 0..each {
            operation(subject);
        }
        (start, std_now())
    };
    thread::scope(|scope| {
        let threads = [0, 1].map(|core| scope.spawn(move || run(core)));
        let spans = threads.map(|thread| thread.join().expect("an operation failed"));
        let start = spans.iter().map(|span| span.0).min();
        let end = spans.iter().map(|span| span.1).max();
        match (start, end) {
            (Some(start), Some(end)) => end.saturating_duration_since(start),
            _ => Duration::ZERO,
        }
    })
}
