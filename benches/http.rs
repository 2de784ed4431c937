//! One request over loopback, with the limit switched off, against a bare hyper-util client and
//! reqwest. Requests per second and percentiles stand in the table of `ratios`.

use comfycontrol_benches::measure::pin_to;
use comfycontrol_benches::subjects::http::{Contest, Sender, Wire};
use criterion::{Criterion, Throughput};

fn main() {
    // Client and server take turns on one core, so that none has to be woken up.
    pin_to(0);
    let mut criterion = Criterion::default().configure_from_args();
    let contest = Contest::new();
    for wire in Wire::ALL {
        one_at_a_time(&mut criterion, &contest, wire);
        many_at_a_time(&mut criterion, &contest, wire);
    }
    criterion.final_summary();
}

fn one_at_a_time(criterion: &mut Criterion, contest: &Contest, wire: Wire) {
    let mut group = criterion.benchmark_group(format!("http/{}/1", wire.name()));
    for sender in Sender::ALL {
        contest.lap(sender, wire, 1, 1); // connects
        group.bench_function(sender.name(), |bencher| {
            bencher.iter_custom(|times| contest.lap(sender, wire, 1, times as usize).total);
        });
    }
    group.finish();
}

fn many_at_a_time(criterion: &mut Criterion, contest: &Contest, wire: Wire) {
    let mut group = criterion.benchmark_group(format!("http/{}/{ABREAST}", wire.name()));
    group.throughput(Throughput::Elements(ABREAST as u64));
    for sender in Sender::ALL {
        contest.lap(sender, wire, ABREAST, ABREAST); // connects
        group.bench_function(sender.name(), |bencher| {
            bencher.iter_custom(|times| {
                let requests = ABREAST * times as usize;
                contest.lap(sender, wire, ABREAST, requests).total
            });
        });
    }
    group.finish();
}

const ABREAST: usize = 64;
