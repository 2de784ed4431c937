//! Configuration.

use super::support::*;

use std::time::Duration;

use comfycontrol_rate_limit::Quota;
use tokio::time;

#[test]
fn p47_quotas_that_cannot_be_kept_cannot_be_made() {
    for (requests, per) in [
        (0, TEN),
        (40, Duration::ZERO),
        (u32::MAX, TEN),
        (40, Duration::MAX),
    ] {
        Quota::new(requests, per).unwrap_err();
    }
}

#[test]
fn p48_a_quota_states_its_unit() {
    let quota = Quota::new(40, TEN).unwrap();
    assert_eq!((quota.requests(), quota.per()), (40, TEN));
}

#[tokio::test(start_paused = true)]
async fn p49_a_change_while_calls_wait_holds_for_them_and_exceeds_no_window() {
    for window in BOTH {
        let (limiter, log) = (limiter(6, window), Log::default());
        let tasks = call_at_once(&limiter, 60, MILLISECOND, &log);
        for requests in [6, 3, 1, 5, 2] {
            limiter.retune(quota(requests));
            time::sleep(7 * SECOND).await;
        }
        limiter.retune(quota(2));
        time::sleep(2 * WINDOW).await;
        let settled = now();
        finish(tasks.join_all()).await;
        assert!(most_in_a_window(&log) <= 6, "{window:?}: the largest");
        log.lock().unwrap().retain(|at| *at >= settled);
        assert_eq!(
            most_in_a_window(&log),
            if window == comfycontrol_rate_limit::Window::Sliding {
                2
            } else {
                1
            }
        );
    }
}

// p50, several limits at once: cannot apply, a request takes one slot of one limiter. Of two layers the
// outer one's slot stays taken while the inner one waits: too many are never sent.
