//! What the server has counted, judged exactly.

/// The highest estimate of a sliding-window counter at any phase, in thousandths of a request, over
/// all instants at which one was counted; the constraint at `e` = `window` is that of an exact log.
pub(super) fn worst(counted: &[u64], window: u64) -> u64 {
    let mut counted = counted.to_vec();
    counted.sort_unstable();
    let mut worst = 0;
    for (index, now) in counted.iter().enumerate() {
        let first = counted.partition_point(|at| at + 2 * window < *now);
        // How many were counted in the last `x`.
        let within = |x: u64| {
            let from = counted[first..=index].partition_point(|at| at + x < *now);
            (index + 1 - first - from) as u64
        };
        let ages = counted[first..=index].iter().map(|at| now - at);
        let edges = ages.map(|age| if age <= window { age } else { age - window });
        for e in edges.chain([0, window]) {
            let estimate = e * within(e) + (window - e) * within(e + window);
            worst = worst.max(estimate * 1_000 / window);
        }
    }
    worst
}

#[test]
fn counts_as_a_sliding_window_counter_does() {
    assert_eq!(worst(&[0, 0, 5, 9], 10), 4_000);
    // Half a window on, three quarters of the earlier requests count in addition to the new ones.
    assert_eq!(worst(&[0, 0, 0, 0, 10], 10), 5_000);
    assert_eq!(worst(&[0, 0, 1, 1, 16], 10), 4_000);
    assert_eq!(worst(&[0, 6, 12], 10), 2_600);
    assert_eq!(worst(&[0, 15], 10), 1_500);
}
