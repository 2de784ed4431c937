//! When the calls are made.

use std::time::Duration;

use super::chance::Draws;

/// A pattern of calls.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) enum Demand {
    /// Bursts of up to two quotas after up to three windows of rest.
    Bursts,
    /// All at once.
    Greedy,
    /// Twice as many as the limit allows for a while, then none.
    OnOff,
    /// At random, on average as many as the limit allows.
    Poisson,
}

impl Demand {
    pub(super) const ALL: [Self; 4] = [Self::Greedy, Self::Bursts, Self::Poisson, Self::OnOff];

    /// As it stands in the column `demand`.
    pub(super) fn name(self) -> &'static str {
        match self {
            Self::Bursts => "bursts",
            Self::Greedy => "greedy",
            Self::OnOff => "on/off",
            Self::Poisson => "poisson",
        }
    }

    /// When each of `count` calls is made, in order, since the start.
    pub(super) fn calls(self, count: usize, draws: &mut Draws) -> Vec<Duration> {
        let mut at = Duration::ZERO;
        let mut calls = Vec::with_capacity(count);
        while calls.len() < count {
            match self {
                Self::Greedy => calls.push(at),
                Self::Poisson => {
                    at += gap(4.0, draws);
                    calls.push(at);
                }
                Self::Bursts => {
                    at += draws.up_to(Duration::from_secs(30));
                    // Every third is a lone call: it opens windows ahead of the burst.
                    let burst = if draws.happens(0.33) {
                        1
                    } else {
                        1 + draws.below(80)
                    };
                    calls.extend((0..burst).map(|_| at));
                }
                Self::OnOff => {
                    at += draws.up_to(Duration::from_secs(25));
                    let end = at + Duration::from_secs(5) + draws.up_to(Duration::from_secs(10));
                    while at < end {
                        at += gap(8.0, draws);
                        calls.push(at);
                    }
                }
            }
        }
        calls.truncate(count);
        calls
    }
}

/// The time between two calls of a Poisson process with so many a second.
fn gap(rate: f64, draws: &mut Draws) -> Duration {
    Duration::from_secs_f64(-(1.0 - draws.fraction()).ln() / rate)
}
