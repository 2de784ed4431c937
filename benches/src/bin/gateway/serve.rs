use std::net::SocketAddr;
use std::time::Duration;

use clap::Args;
use comfycontrol::Timeouts;
use comfycontrol::priority::PriorityLimiter;
use comfycontrol::rate_limit::{Limiter, Quota};
use comfycontrol_dashboard::{Dashboard, FinishedCall, Outcome, Recorder};
use comfycontrol_gateway::{Gateway, Listener, Server};

use crate::api::{Api, Place};
use crate::process::{Process, respond};

#[derive(Args, Debug)]
pub(crate) struct Arguments {
    #[command(flatten)]
    place: Place,
    requests: u32,
    seconds: u64,
}

/// A gateway with its page and its metrics, as the program `comfycontrol` has it. It says how much
/// memory it has, in KiB.
pub(crate) async fn serve(arguments: &Arguments) {
    let window = Duration::from_secs(arguments.seconds);
    let quota = Quota::new(arguments.requests, window).expect("a quota");
    let order = PriorityLimiter::builder(Limiter::new(quota))
        .max_queued(1_000)
        .build();
    let recorder = Recorder::new();
    let dashboard = Dashboard::builder()
        .priority(order.clone())
        .recorder(&recorder)
        .build();
    let timeouts = Timeouts::upload().stall(Duration::from_secs(60));
    let client = arguments.place.client().timeouts(timeouts);
    let client = client.network(|network| network.max_unread(1024 * 1024));
    let gateway = Gateway::builder(client)
        .priority(order)
        .quota(quota)
        .pages(dashboard)
        .on_finished(move |call| record(&recorder, call))
        .build()
        .expect("the settings are sound");
    let listener = Listener::tcp("127.0.0.1:0".parse().expect("an address"));
    let bound = listener.bind(&gateway).expect("a free port");
    println!("{}", bound.place());
    Server::new(gateway).run(bound, respond(memory)).await;
}

fn record(recorder: &Recorder, call: &comfycontrol_gateway::FinishedCall) {
    let outcome = call.status().map_or(Outcome::Cancelled, Outcome::Status);
    let mut told = FinishedCall::new(outcome)
        .with_wait(call.waited())
        .with_duration(call.took());
    if let Some(caller) = call.caller() {
        told = told.with_caller(caller.as_str());
    }
    recorder.record(told);
}

fn memory() -> String {
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:"));
    let kib = line.and_then(|line| line.split_whitespace().next());
    kib.unwrap_or("0").to_owned()
}

/// That of another process.
#[derive(Debug)]
pub(crate) struct Gate {
    process: Process,
    pub(crate) address: SocketAddr,
}

impl Gate {
    pub(crate) fn start(api: &Api, requests: u32, seconds: u64) -> Self {
        Self::of(Process::start, api, requests, seconds)
    }

    /// One whose instructions are counted.
    pub(crate) fn counted(api: &Api) -> Self {
        Self::of(Process::counted, api, NO_WAIT.0, NO_WAIT.1)
    }

    fn of(start: impl Fn(&[&str]) -> Process, api: &Api, requests: u32, seconds: u64) -> Self {
        let [url, token, certificate] = api.place.words();
        let (requests, seconds) = (requests.to_string(), seconds.to_string());
        let mut process = start(&["serve", url, token, certificate, &requests, &seconds]);
        let address = process.line().parse().expect("an address");
        Self { process, address }
    }

    /// How much memory it has, in KiB.
    pub(crate) fn memory(&mut self) -> f64 {
        self.process.ask().parse().expect("a number")
    }

    pub(crate) fn instructions(self) -> Option<u64> {
        self.process.instructions()
    }
}

/// Requests, and the seconds for them: more than are made.
pub(crate) const NO_WAIT: (u32, u64) = (100_000, 1);
