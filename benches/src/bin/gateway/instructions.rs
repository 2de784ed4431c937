//! The same in instructions, where valgrind is there.

use std::net::SocketAddr;

use clap::{Args, ValueEnum};
use comfycontrol::rate_limit::{Limiter, Quota};
use comfycontrol_benches::process::is_installed;
use std::time::Duration;

use crate::api::{Api, Place};
use crate::caller::{Caller, PATH};
use crate::figure::{Figure, Target};
use crate::process::Process;
use crate::serve::{Gate, NO_WAIT};

#[derive(Args, Debug)]
pub(crate) struct Arguments {
    #[arg(value_enum)]
    by: By,
    calls: usize,
    /// Of the gateway.
    address: SocketAddr,
    #[command(flatten)]
    place: Place,
}

#[derive(Clone, Copy, Debug, ValueEnum)]
enum By {
    /// The client, straight to the API.
    Client,
    /// A bare connection of hyper's, to the gateway.
    Caller,
}

pub(crate) async fn call(arguments: &Arguments) {
    match arguments.by {
        By::Client => {
            let quota = Quota::new(NO_WAIT.0, Duration::from_secs(NO_WAIT.1)).expect("a quota");
            let builder = arguments.place.client().rate_limit(Limiter::new(quota));
            let client = builder.build().expect("the settings are sound");
            for _ in 0..arguments.calls {
                let response = client.get(PATH).send().await.expect("a response");
                response.bytes().await.expect("a whole body");
            }
        }
        By::Caller => {
            let mut caller = Caller::connect(arguments.address).await;
            for _ in 0..arguments.calls {
                caller.call("ann").await;
            }
        }
    }
    println!("done");
}

/// Few and many calls: what they differ by is the calls' alone.
const CALLS: [usize; 2] = [200, 700];

pub(crate) async fn measure() -> Option<Figure> {
    if !is_installed("valgrind") {
        println!("\ninstructions: skipped, as valgrind is missing");
        return None;
    }
    let api = Api::start(0, 1);
    let gate = Gate::start(&api, NO_WAIT.0, NO_WAIT.1);
    let client = each(CALLS.map(|calls| of(By::Client, &api, gate.address, calls)));
    let caller = each(CALLS.map(|calls| of(By::Caller, &api, gate.address, calls)));
    let mut counts = [None; 2];
    for (count, calls) in counts.iter_mut().zip(CALLS) {
        let gate = Gate::counted(&api);
        let mut caller = Caller::connect(gate.address).await;
        for _ in 0..calls {
            caller.call("ann").await;
        }
        *count = gate.instructions();
    }
    let gateway = each(counts);
    println!("\ninstructions of a call that need not wait:");
    println!("  the client            {client:>8.0}");
    println!("  the gateway           {gateway:>8.0}");
    println!("  its caller, of hyper  {caller:>8.0}");
    Some(Figure {
        name: "instructions of the gateway and its caller for that call, against the client's"
            .to_owned(),
        measured: (gateway + caller) / client,
        unit: " ×",
        target: Target::AtMost(2.5),
    })
}

fn of(by: By, api: &Api, gateway: SocketAddr, calls: usize) -> Option<u64> {
    let by = match by {
        By::Client => "client",
        By::Caller => "caller",
    };
    let [url, token, certificate] = api.place.words();
    let (calls, gateway) = (calls.to_string(), gateway.to_string());
    let mut process = Process::counted(&["call", by, &calls, &gateway, url, token, certificate]);
    process.line();
    process.instructions()
}

fn each([few, many]: [Option<u64>; 2]) -> f64 {
    match (few, many) {
        (Some(few), Some(many)) => many.abs_diff(few) as f64 / CALLS[1].abs_diff(CALLS[0]) as f64,
        _ => f64::NAN,
    }
}
