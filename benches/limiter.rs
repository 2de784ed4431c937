//! One grant and its settling, against the limiters of others, a clock read, and a ring locked
//! twice.

use std::fmt::Display;

use comfycontrol_benches::measure::{Case, pinnable};
use comfycontrol_benches::subjects::limiter::{
    Log, Peer, QUOTAS, attempted_after_a_response, attempted_when_full, clock_read, denied,
    granted, granted_together, ring, ring_together, std_clock_read,
};
use comfycontrol_rate_limit::Algorithm;
use criterion::Criterion;

fn main() {
    let mut criterion = Criterion::default().configure_from_args();
    baselines(&mut criterion);
    one_thread(&mut criterion);
    refused(&mut criterion);
    two_threads(&mut criterion);
    criterion.final_summary();
}

fn baselines(criterion: &mut Criterion) {
    run(
        criterion,
        "limiter/baseline",
        [clock_read(), std_clock_read(), ring()],
    );
}

fn one_thread(criterion: &mut Criterion) {
    let mut cases = Vec::new();
    for window in WINDOWS {
        for quota in QUOTAS {
            cases.push(granted(window, quota, Log::Empty));
            cases.push(granted(window, quota, Log::Half));
        }
    }
    cases.extend(Peer::ALL.map(Peer::granted));
    run(criterion, "limiter/granted", cases);
}

fn refused(criterion: &mut Criterion) {
    let each = || {
        WINDOWS
            .into_iter()
            .flat_map(|window| QUOTAS.map(|quota| (window, quota)))
    };
    let ours = each().map(|(window, quota)| denied(window, quota));
    let peers = Peer::ALL.into_iter().filter_map(Peer::denied);
    run(criterion, "limiter/denied", ours.chain(peers));
    let ours = each().map(|(window, quota)| attempted_after_a_response(window, quota));
    run(criterion, "limiter/after_a_response", ours);
    let ours = each().map(|(window, quota)| attempted_when_full(window, quota));
    run(criterion, "limiter/attempted when full", ours);
}

fn two_threads(criterion: &mut Criterion) {
    if pinnable() < 2 {
        println!("limiter/two threads: left out, there is one core");
        return;
    }
    let mut cases = vec![ring_together()];
    for window in WINDOWS {
        cases.extend(QUOTAS.map(|quota| granted_together(window, quota)));
    }
    cases.extend(Peer::ALL.into_iter().filter_map(Peer::granted_together));
    run(criterion, "limiter/two threads", cases);
}

fn run(criterion: &mut Criterion, group: impl Display, cases: impl IntoIterator<Item = Case>) {
    let mut group = criterion.benchmark_group(group.to_string());
    for mut case in cases {
        let name = case.name().to_owned();
        group.bench_function(name, |bencher| {
            bencher.iter_custom(|times| case.time(times))
        });
    }
    group.finish();
}

const WINDOWS: [Algorithm; 2] = [Algorithm::Strict, Algorithm::SlidingLog];
