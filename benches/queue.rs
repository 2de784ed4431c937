//! A crowd that waits for one limiter, against itself at other sizes: processor time, memory and
//! polls of each, and the order, on a paused clock.

use std::time::Duration;

use comfycontrol_benches::subjects::queue::{Crowd, Drained};
use comfycontrol_rate_limit::Algorithm;
use criterion::Criterion;

fn main() {
    let mut criterion = Criterion::default().configure_from_args().sample_size(10);
    for window in [Algorithm::Strict, Algorithm::SlidingLog] {
        cpu(&mut criterion, window);
    }
    criterion.final_summary();
    for window in [Algorithm::Strict, Algorithm::SlidingLog] {
        memory(window);
    }
}

/// Processor time of one waiter from its task's making to the end of its request.
fn cpu(criterion: &mut Criterion, window: Algorithm) {
    let mut group = criterion.benchmark_group(format!("queue/{window:?}"));
    for size in SIZES {
        group.bench_function(size.to_string(), |bencher| {
            bencher.iter_custom(|times| {
                let one = || {
                    let mut crowd = Crowd::new(window);
                    crowd.gather(size);
                    check(size, crowd.drain()).cpu_per_grant
                };
                // One crowd is many grants, and its time is given for one.
                let rounds = times.min(ROUNDS) as u32;
                let sum: Duration = (0..rounds).map(|_| one()).sum();
                sum.mul_f64(times as f64 / f64::from(rounds))
            });
        });
    }
    group.finish();
}

fn memory(window: Algorithm) {
    println!();
    for size in SIZES {
        let mut crowd = Crowd::new(window);
        let memory = allocation_counter::measure(|| crowd.gather(size));
        let each = memory.bytes_current as f64 / size as f64;
        let drained = check(size, crowd.drain());
        println!(
            "queue/{window:?}/{size}: {each:.0} B each with its task, at most {} polls, {:.2} windows",
            drained.most_polls, drained.windows,
        );
    }
}

fn check(size: usize, drained: Drained) -> Drained {
    assert_eq!(drained.out_of_order, 0, "in the order of arrival");
    assert!(drained.most_polls <= 3, "{} polls", drained.most_polls);
    // Evenly spread, as `Strict` wants it, no more than 39 fit between the first and the 40th.
    let windows = size as f64 / 40.0..size as f64 / 39.0 * 1.01 + 2.1;
    assert!(
        windows.contains(&drained.windows),
        "{} windows",
        drained.windows
    );
    drained
}

const SIZES: [usize; 3] = [1_000, 10_000, 100_000];

/// A sample is the mean of at most so many crowds.
const ROUNDS: u64 = 3;
