use std::time::Duration;

use comfycontrol_priority::{Priority, PriorityLimiter, Urgency};
use comfycontrol_rate_limit::{Limiter, Quota};
use comfycontrol_test::now;
use tokio::time::sleep;
use tower::Service;

use crate::support::{bulk, client, limiter, request, start};

#[tokio::test(start_paused = true)]
async fn an_interactive_call_beside_a_bulk_of_ten_thousand_waits_for_two_slots() {
    const CALLS: usize = 200;
    let limiter = PriorityLimiter::new(Limiter::new(Quota::COMFYCONTROL));
    let (client, mut sent) = client(&limiter);
    bulk(&client, 10_000).await;
    // Until the slots of the first moment have come back evenly.
    sleep(Duration::from_secs(30)).await;

    let (start, before) = (now(), limiter.limiter().snapshot().granted());
    let mut waits = Vec::new();
    for _ in 0..CALLS {
        sleep(Duration::from_millis(1_370)).await;
        let arrived = now();
        client
            .clone()
            .call(request(1, Urgency::INTERACTIVE))
            .await
            .expect("sent");
        waits.push(arrived.elapsed());
    }
    waits.sort_unstable();
    // The limiter's own pace, see its proof.
    let slot = Duration::from_millis(261);
    assert!(waits[CALLS * 99 / 100] <= 2 * slot, "{waits:?}");

    // All the others were the bulk's.
    let slots = limiter.limiter().snapshot().granted() - before;
    let possible = start.elapsed().as_secs_f64() / slot.as_secs_f64();
    assert!(slots as f64 >= 0.98 * possible, "{slots} of {possible}");
    let mut interactive = 0;
    while let Ok(number) = sent.try_recv() {
        interactive += usize::from(number == 1);
    }
    assert_eq!(interactive, CALLS);
}

#[tokio::test(start_paused = true)]
async fn a_bulk_has_one_turn_in_ten_beside_interactive_calls_without_end() {
    bulk_has_one_turn_in(10, PriorityLimiter::new(limiter())).await;
}

#[tokio::test(start_paused = true)]
async fn a_bulk_has_the_share_that_was_set() {
    bulk_has_one_turn_in(4, PriorityLimiter::builder(limiter()).share(4).build()).await;
}

#[tokio::test(start_paused = true)]
async fn one_with_a_thousand_calls_has_no_more_turns_than_one_with_ten() {
    let limiter = PriorityLimiter::new(limiter());
    let (client, mut sent) = client(&limiter);
    bulk(&client, 1).await;
    let of = |key: &'static str| Priority::default().with_key(key);
    for number in 0..1_000 {
        start(&client, request(number, of("many")));
    }
    for number in 2_000..2_010 {
        start(&client, request(number, of("few")));
    }
    sleep(Duration::from_secs(20)).await;
    let order = |from: u32, numbers: &[u32]| {
        let of_key = numbers
            .iter()
            .filter(|number| (from..from + 1_000).contains(*number));
        of_key.copied().collect::<Vec<_>>()
    };
    let mut numbers = Vec::new();
    while let Ok(number) = sent.try_recv() {
        numbers.push(number);
    }
    let (many, few) = (order(0, &numbers), order(2_000, &numbers));
    assert_eq!(few, (2_000..2_010).collect::<Vec<_>>());
    assert!(many.is_sorted(), "first in, first out");
    let last = numbers
        .iter()
        .position(|number| *number == 2_009)
        .expect("sent");
    assert!(last <= 26, "{last}: what left at once, and ten of each");
}

#[tokio::test(start_paused = true)]
async fn calls_that_need_not_wait_leave_at_once_whatever_their_priority() {
    let limiter = PriorityLimiter::new(limiter());
    let (client, _sent) = client(&limiter);
    let start = now();
    for urgency in [Urgency::BACKGROUND, Urgency::DEFAULT, Urgency::HIGHEST] {
        client
            .clone()
            .call(request(0, urgency))
            .await
            .expect("sent");
    }
    assert_eq!(start.elapsed(), Duration::ZERO);
}

async fn bulk_has_one_turn_in(turns: u32, limiter: PriorityLimiter) {
    let (client, mut sent) = client(&limiter);
    for number in 0..500 {
        let urgency = [Urgency::INTERACTIVE, Urgency::BACKGROUND][number as usize % 2];
        start(&client, request(number, urgency));
    }
    sleep(Duration::from_secs(50)).await;
    let mut bulk = 0;
    let mut all = 0;
    while let Ok(number) = sent.try_recv() {
        all += 1;
        bulk += number % 2;
    }
    assert!(all >= 150, "{all}");
    assert!(
        (all / turns - 1..=all / turns + 1).contains(&bulk),
        "{bulk} of {all}"
    );
}
