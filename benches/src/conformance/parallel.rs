//! Work shared out over the processors, results in order.

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::mpsc;
use std::thread;

/// Does every job on some thread, and hands each with its result to `done`, in order.
pub(super) fn for_each<T: Sync, R: Send>(
    jobs: &[T],
    work: impl Fn(&T) -> R + Sync,
    mut done: impl FnMut(&T, R),
) {
    let threads = thread::available_parallelism().map_or(1, usize::from);
    let next = AtomicUsize::new(0);
    let (results, finished) = mpsc::channel();
    thread::scope(|scope| {
        for _ in 0..threads.min(jobs.len()) {
            let (results, next, work) = (results.clone(), &next, &work);
            scope.spawn(move || {
                loop {
                    let index = next.fetch_add(1, Ordering::Relaxed);
                    let Some(job) = jobs.get(index) else { break };
                    if results.send((index, work(job))).is_err() {
                        break;
                    }
                }
            });
        }
        drop(results);
        let mut early = BTreeMap::new();
        let mut due = 0;
        for (index, result) in finished {
            early.insert(index, result);
            while let Some(result) = early.remove(&due) {
                done(&jobs[due], result);
                due += 1;
            }
        }
    });
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_job_is_done_once_and_reported_in_order() {
        let jobs: Vec<u64> = (0..100).collect();
        let mut results = Vec::new();
        let uneven = |job: &u64| (0..(100 - job) * 1_000).fold(*job, |sum, n| sum ^ n ^ n);
        for_each(&jobs, uneven, |job, result| results.push((*job, result)));
        let expected: Vec<_> = jobs.iter().map(|job| (*job, *job)).collect();
        assert_eq!(results, expected);
    }
}
