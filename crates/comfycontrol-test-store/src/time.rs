use std::iter::repeat_n;
use std::time::Duration;

use comfycontrol_rate_limit::{Replaced, Store};
use comfycontrol_test::now;
use tokio::time::{Instant, sleep};

use crate::calls::swap;

/// For how long a store may be used without telling the time.
const UNTOLD: Duration = Duration::from_millis(100);

/// Swaps again and again, after pauses of many lengths. A swap that wins tells the time, unless the
/// same store has told it less than 100 ms before; another store over the same record does not
/// count.
pub async fn tells_the_time<S: Store>(open: impl Fn() -> S) {
    let stores = [open(), open()];
    let mut told: [Option<Instant>; 2] = [None; 2];
    let pauses = repeat_n(30, 12).chain([0, 0, 100, 0, 70, 70, 0, 250, 0]);
    let mut seen = None;
    for (number, pause) in (1..).zip(pauses.chain(repeat_n(5, 50))) {
        sleep(Duration::from_millis(pause)).await;
        // The second takes one turn in three.
        let who = usize::from(number % 3 == 0);
        let asked = now();
        let replaced = swap(&stores[who], seen, number).await;
        seen = Some(number);
        let Replaced::Won(time) = replaced else {
            panic!("nobody was quicker: {replaced:?}");
        };
        if time.is_some() {
            told[who] = Some(now());
        }
        let is_known = told[who].is_some_and(|told| asked.saturating_duration_since(told) < UNTOLD);
        assert!(is_known, "the time was not told for 100 ms");
    }
}
