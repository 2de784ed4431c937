//! What a call that need not wait takes more through the gateway.

use comfycontrol::rate_limit::{Limiter, Quota};
use comfycontrol_benches::measure::{Series, Stopwatch};
use std::time::Duration;

use crate::api::Api;
use crate::caller::{Caller, PATH};
use crate::figure::{Figure, Target};
use crate::serve::{Gate, NO_WAIT};

/// Calls by each in a turn, one after the other.
const CALLS: usize = 500;

pub(crate) async fn measure(rounds: usize) -> Figure {
    let api = Api::start(0, 1);
    let gate = Gate::start(&api, NO_WAIT.0, NO_WAIT.1);
    let quota = Quota::new(NO_WAIT.0, Duration::from_secs(NO_WAIT.1)).expect("a quota");
    let client = api.place.client().rate_limit(Limiter::new(quota)).build();
    let client = client.expect("the settings are sound");
    let mut caller = Caller::connect(gate.address).await;
    let mut medians = ["the client", "through the gateway"].map(Series::new);
    // The first turn warms both up.
    for round in 0..=rounds {
        let mut turn = ["direct", "through"].map(Series::new);
        for _ in 0..CALLS {
            let watch = Stopwatch::start();
            let response = client.get(PATH).send().await.expect("a response");
            response.bytes().await.expect("a whole body");
            turn[0].push(watch.elapsed().as_secs_f64() * 1e6);
        }
        for _ in 0..CALLS {
            let watch = Stopwatch::start();
            caller.call("ann").await;
            turn[1].push(watch.elapsed().as_secs_f64() * 1e6);
        }
        if round > 0 {
            for (medians, turn) in medians.iter_mut().zip(&turn) {
                medians.push(turn.median());
            }
        }
    }
    println!("\na call that need not wait, medians of {CALLS}:");
    for series in &medians {
        println!("  {:<22}{:>8.1} µs", series.name(), series.median());
    }
    let [direct, through] = &medians;
    Figure {
        name: "added to a call that need not wait, p50".to_owned(),
        measured: through.less(direct).median(),
        unit: " µs",
        target: Target::AtMost(150.0),
    }
}
