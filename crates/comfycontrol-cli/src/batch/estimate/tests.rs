use proptest::prelude::*;

use super::*;

const SECOND: Duration = Duration::from_secs(1);

/// Rows that take so long are done by so many jobs, as the quota allows; returns what was said, and
/// what was true, each half a second.
fn simulate(rows: usize, jobs: usize, run: Duration, slot: Duration) -> Vec<(Duration, Duration)> {
    let mut estimate = Estimate::new(slot, jobs);
    let step = Duration::from_millis(500);
    let start = epoch();
    let (mut waiting, mut under_way, mut free_at) = (rows, Vec::<(Instant, Instant)>::new(), start);
    let (mut now, mut said) = (start, Vec::new());
    while waiting + under_way.len() > 0 {
        while waiting > 0 && under_way.len() < jobs && free_at <= now {
            // Two slots a row: it is started, and its links are asked for.
            free_at = free_at.max(now - step) + 2 * slot;
            under_way.push((now, now + run));
            waiting -= 1;
        }
        now += step;
        under_way.retain(|(began, ends)| {
            let is_over = *ends <= now;
            if is_over {
                estimate.took(now - *began);
            }
            !is_over
        });
        let left = Left {
            waiting,
            ages: under_way.iter().map(|(began, _)| now - *began).collect(),
        };
        said.push((now, estimate.left(now, &left)));
    }
    let said = said.into_iter();
    said.filter_map(|(at, left)| Some((left?, now - at)))
        .collect()
}

#[expect(clippy::disallowed_methods, reason = "any instant will do")]
fn epoch() -> Instant {
    Instant::now()
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(60))]

    #[test]
    fn the_end_does_not_move_away_where_nothing_becomes_slower(
        rows in 1..300usize,
        jobs in 1..40usize,
        run in 1..60u32,
    ) {
        let mut before: Option<Duration> = None;
        for (said, truth) in simulate(rows, jobs, run * SECOND, SECOND / 4) {
            if let Some(before) = before {
                let bound = before / 20 + 2 * SECOND;
                prop_assert!(said <= before + bound, "{before:?} {said:?}");
            }
            before = Some(said);
            let doubt = truth / 10 + 6 * SECOND;
            prop_assert!(said <= truth + doubt, "{said:?} {truth:?}");
            prop_assert!(truth <= said + doubt, "{said:?} {truth:?}");
        }
    }
}

#[test]
fn a_batch_that_goes_on_at_half_knows_its_speed_from_this_session() {
    // 250 rows are left of 500; a row is 10 s, eight at once: five minutes. What indicatif would
    // say is 250 rows a second after the first one.
    let said = simulate(250, 8, 10 * SECOND, SECOND / 4);
    let (first, truth) = said[0];
    assert!((280..340).contains(&first.as_secs()), "{first:?} {truth:?}");
    let mut growths = said.windows(2).filter(|two| two[1].0 > two[0].0);
    assert!(growths.next().is_none());
}

#[test]
fn nothing_is_said_before_a_row_was_seen_whole_and_what_is_late_is_told() {
    let mut estimate = Estimate::new(SECOND / 4, 1);
    let now = epoch();
    let left = |waiting| Left {
        waiting,
        ages: Vec::new(),
    };
    assert_eq!(estimate.left(now, &left(10)), None);
    estimate.took(10 * SECOND);
    assert_eq!(estimate.left(now, &left(10)), Some(100 * SECOND));
    // A little late is not told; it counts down all the same.
    assert_eq!(
        estimate.left(now + 8 * SECOND, &left(10)),
        Some(92 * SECOND)
    );
    assert_eq!(
        estimate.left(now + 50 * SECOND, &left(10)),
        Some(100 * SECOND)
    );
}
