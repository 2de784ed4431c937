//! The perfect scheduler: grants in order, each at the first nanosecond at which the rule, taken
//! word for word, allows it. It shares no code with the limiter.
//!
//! The rule: with `A(x)` = requests whose response has not come or came at most `x` ago, the new
//! one included, a request may leave if for every `e` in `[0, W]`: `e·A(e) + (W−e)·A(e+W) ≤ N·W`.
//! The left side falls in `e` wherever no `A` jumps, so it is enough to try `e = 0` and the jumps.

use std::time::Duration;

/// How long `trips.len()` requests take that are all queued at the start: from then to the last
/// response, when the `n`th that leaves is on its way for `trips[n]`, and the server's counters are
/// late by up to `lag`.
pub(super) fn finish(limit: u32, window: Duration, trips: &[Duration], lag: Duration) -> Duration {
    // Clocks that differ by a thousandth are allowed for.
    let window = nanos(window) + nanos(window) / 1_000;
    let limit = u64::from(limit);
    let mut responses = Vec::<u64>::with_capacity(trips.len());
    let mut recent = Vec::<u64>::new();
    let mut now = 0;
    for trip in trips {
        recent.retain(|response| response + 2 * window >= now);
        now = first_allowed(limit, window, now, &recent);
        let response = now + nanos(*trip);
        responses.push(response);
        recent.push(response + nanos(lag));
    }
    Duration::from_nanos(responses.into_iter().max().unwrap_or(0))
}

/// The first instant from `now` on at which one more may leave. Time alone never turns a yes into
/// a no, so the instant can be found by halving.
fn first_allowed(limit: u64, window: u64, now: u64, responses: &[u64]) -> u64 {
    if is_allowed(limit, window, now, responses) {
        return now;
    }
    let (mut no, mut yes) = (now, now + 1);
    while !is_allowed(limit, window, yes, responses) {
        (no, yes) = (yes, yes + (yes - now));
    }
    while yes - no > 1 {
        let middle = no.midpoint(yes);
        if is_allowed(limit, window, middle, responses) {
            yes = middle;
        } else {
            no = middle;
        }
    }
    yes
}

/// The rule, for a request that would leave at `now`. Responses that lie ahead are of no age yet.
fn is_allowed(limit: u64, window: u64, now: u64, responses: &[u64]) -> bool {
    let a = |x: u64| {
        1 + responses
            .iter()
            .filter(|&&response| response + x >= now)
            .count() as u64
    };
    let holds = |e: u64| e * a(e) + (window - e) * a(e + window) <= limit * window;
    let ages = responses
        .iter()
        .map(|response| now.saturating_sub(*response));
    holds(0)
        && ages.clone().filter(|age| *age <= window).all(holds)
        && ages
            .filter_map(|age| age.checked_sub(window))
            .filter(|e| *e <= window)
            .all(holds)
}

fn nanos(duration: Duration) -> u64 {
    u64::try_from(duration.as_nanos()).expect("no cell lasts for centuries")
}

#[cfg(test)]
mod tests {
    use super::super::chance::Draws;
    use super::*;

    #[test]
    fn the_first_quota_goes_at_once_and_the_rest_by_and_by() {
        let finish = |count| {
            let trips = vec![Duration::from_secs(1); count];
            finish(40, Duration::from_secs(10), &trips, Duration::ZERO)
        };
        assert_eq!(finish(40), Duration::from_secs(1));
        // The response came at 1 s; one window of 10.01 s later a fortieth of a window makes room
        // for one.
        assert_eq!(finish(41), Duration::from_micros(12_260_250));
        assert_eq!(finish(42), Duration::from_micros(12_510_500));
    }

    #[test]
    fn jumps_are_all_that_must_be_tried() {
        let mut draws = Draws::new(1);
        let (mut yes, mut no) = (0, 0);
        for _ in 0..20_000 {
            let (limit, window) = (1 + draws.below(5), 1 + draws.below(25));
            let responses: Vec<_> = (0..draws.below(9)).map(|_| 40 + draws.below(80)).collect();
            let a = |x| 1 + responses.iter().filter(|&&s| 100 <= s + x).count() as u64;
            let every =
                (0..=window).all(|e| e * a(e) + (window - e) * a(e + window) <= limit * window);
            assert_eq!(is_allowed(limit, window, 100, &responses), every);
            if every { yes += 1 } else { no += 1 }
        }
        assert!(
            yes > 1_000 && no > 1_000,
            "{yes} and {no} are too few of one kind"
        );
    }
}
