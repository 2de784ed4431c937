use std::time::Duration;

use super::{Case, Series};

/// Times all cases, one after the other in each round, so that a slow phase of the machine hits
/// all. A turn takes about as long as `turn`.
pub fn take_turns(cases: &mut [Case], rounds: usize, turn: Duration) -> Vec<Series> {
    let operations: Vec<_> = cases.iter_mut().map(|case| fitting(case, turn)).collect();
    let mut series: Vec<_> = cases.iter().map(|case| Series::new(case.name())).collect();
    for _ in 0..rounds {
        for ((case, operations), series) in cases.iter_mut().zip(&operations).zip(&mut series) {
            let time = case.time(*operations);
            series.push(time.as_nanos() as f64 / *operations as f64);
        }
    }
    series
}

/// How many operations take about as long as `turn`; warms the case up as well.
fn fitting(case: &mut Case, turn: Duration) -> u64 {
    let mut operations = 1;
    loop {
        // The shortest, so an interruption is not taken for the operation.
        let times = [(); 3].map(|()| case.time(operations));
        let time = times.into_iter().min().unwrap_or_default();
        if time >= turn / 2 || operations >= MOST {
            let one = (time.as_nanos() as u64 / operations).max(1);
            return (turn.as_nanos() as u64 / one).clamp(1, MOST);
        }
        operations *= 2;
    }
}

const MOST: u64 = 1 << 24;
