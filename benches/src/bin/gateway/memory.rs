//! Whether the gateway's memory grows with its calls, while nothing reads its metrics.

use comfycontrol_benches::measure::Series;

use crate::api::Api;
use crate::caller::Caller;
use crate::figure::{Figure, Target};
use crate::serve::{Gate, NO_WAIT};

const FEW: usize = 10_000;
const MANY: usize = 100_000;
/// At once, each with a new connection now and then.
const CALLERS: usize = 8;
const CALLS_A_CONNECTION: usize = 250;
/// More than the page knows by name.
const NAMES: usize = 500;

pub(crate) async fn measure(rounds: usize) -> Figure {
    let mut memory = ["after few", "after many"].map(Series::new);
    for _ in 0..rounds {
        let api = Api::start(0, 1);
        let mut gate = Gate::start(&api, NO_WAIT.0, NO_WAIT.1);
        calls(&gate, FEW).await;
        memory[0].push(gate.memory());
        calls(&gate, MANY - FEW).await;
        memory[1].push(gate.memory());
    }
    let [few, many] = &memory;
    println!("\nmemory of the gateway:");
    for (calls, series) in [(FEW, few), (MANY, many)] {
        println!("  after {calls:>7} calls {:>8.0} KiB", series.median());
    }
    Figure {
        name: format!("memory after {MANY} calls, against that after {FEW}"),
        measured: many.over(few).median(),
        unit: " ×",
        target: Target::AtMost(1.05),
    }
}

async fn calls(gate: &Gate, count: usize) {
    let address = gate.address;
    let callers = (0..CALLERS).map(|caller| {
        tokio::spawn(async move {
            let mut connection = Caller::connect(address).await;
            for call in 0..count / CALLERS {
                if call % CALLS_A_CONNECTION == 0 {
                    connection = Caller::connect(address).await;
                }
                let name = format!("caller {}", (call * CALLERS + caller) % NAMES);
                connection.call(&name).await;
            }
        })
    });
    for caller in callers.collect::<Vec<_>>() {
        caller.await.expect("no panic");
    }
}
