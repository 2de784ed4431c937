//! Cooldown.

use super::support::*;

use std::time::Duration;

use comfycontrol_rate_limit::Window;
use tokio::time;

// p37, retries that bypass the limiter: a matter of the stack, where the limiter stands inside the retries.
// p38, only the refused request waits: cooldown.rs, `a_429_seen_by_any_clone_closes_the_gate_for_all`.
// p39, a shorter cooldown replaces a longer one: cooldown.rs,
// `the_end_of_a_cooldown_only_moves_forward` and `the_order_of_refusals_does_not_matter`.
// p40, a burst that counts many times: cooldown.rs, `a_burst_of_429s_is_one_episode`.

#[tokio::test(start_paused = true)]
async fn p41_the_gate_opens_to_one_and_then_to_no_more_than_the_quota() {
    for window in BOTH {
        let (limiter, log) = (limiter(5, window), Log::default());
        refuse(send(&limiter), &[]);
        let latency = 2 * SECOND;
        finish(call_at_once(&limiter, 50, latency, &log).join_all()).await;
        {
            let log = log.lock().unwrap();
            assert!(log[1] >= log[0] + latency, "the probe goes alone");
        }
        assert!(most_in_a_window(&log) <= 5, "{window:?}");
    }
}

#[tokio::test(start_paused = true)]
async fn p42_nothing_is_sent_during_a_cooldown() {
    for after in [0, 1, 3, 9] {
        let (limiter, log) = (limiter(40, Window::Sliding), Log::default());
        let refused = send(&limiter);
        let mut tasks = vec![call_at_once(&limiter, 20, SECOND, &log)];
        time::sleep(after * SECOND + MILLISECOND).await;
        refuse(refused, &[]);
        let seen = now();
        for _ in 0..60 {
            tasks.push(call_at_once(&limiter, 2, SECOND, &log));
            time::sleep(500 * MILLISECOND).await;
        }
        for tasks in tasks {
            finish(tasks.join_all()).await;
        }
        let closed = seen..seen + Duration::from_millis(10_500);
        let log = log.lock().unwrap();
        assert!(!log.iter().any(|at| closed.contains(at)));
    }
}

// p43, `Retry-After` in all its forms: cooldown.rs, `retry_after_is_obeyed_in_every_form`, and
// src/retry_after.rs.
// p44, a 429 that means something else: cooldown.rs, `which_replies_are_refusals_is_a_setting`.
// p45, a 429 whose body must be read: it is passed on untouched; types.rs,
// `the_response_passes_untouched`. Who reads it is a matter of the stack.
// p46, a cooldown forgotten at a restart: nothing is stored; an application that does so can close the
// gate with `Limiter::close_for`, waiting.rs.
