//! Whole requests, whole crowds, whole dependency trees.

use comfycontrol_benches::measure::Series;
use comfycontrol_benches::subjects::crates::Client;
use comfycontrol_benches::subjects::http::{Contest, Sender, Wire};
use comfycontrol_benches::subjects::queue::Crowd;
use comfycontrol_rate_limit::Algorithm;

use crate::Effort;
use crate::allocations::uncounted;
use crate::table::{Table, Unit};

pub(crate) fn http(effort: Effort, table: &mut Table) {
    let contest = Contest::new();
    for wire in Wire::ALL {
        for (abreast, requests) in [(1, 2_000), (64, 6_400)] {
            let how = format!("{}, {abreast} at a time", wire.name());
            let mut rates = Sender::ALL.map(|sender| Series::new(sender.name()));
            let mut times = Sender::ALL.map(|_| (Series::new("p50"), Series::new("p99")));
            for round in 0..=effort.rounds.min(LAPS) {
                for turn in 0..Sender::ALL.len() {
                    // No sender is always the first.
                    let place = (turn + round) % Sender::ALL.len();
                    let sender = Sender::ALL[place];
                    let lap = uncounted(|| contest.lap(sender, wire, abreast, requests));
                    if round == 0 {
                        continue; // connecting
                    }
                    rates[place].push(lap.rate);
                    times[place].0.push(lap.p50.as_nanos() as f64);
                    times[place].1.push(lap.p99.as_nanos() as f64);
                }
            }
            for (rate, (p50, p99)) in rates.iter().zip(&times) {
                let times = [p50, p99].map(|time| Unit::Micros.show(time.median()));
                let text = format!("{:.0}/s, {} / {}", rate.median(), times[0], times[1]);
                table.note(format!("{how}, {}: rate, p50 / p99", rate.name()), text);
            }
            let [bare, facade, reqwest] = &rates;
            for (other, bound) in [(bare, 0.97), (reqwest, 1.0)] {
                let what = format!("{how}: comfycontrol against {}", other.name());
                table.at_least(what, facade.over(other).median(), bound, Unit::Times);
            }
        }
    }
}

pub(crate) fn crates(table: &mut Table) {
    let count = |client: Client| match client.crates() {
        Ok(crates) => crates.len() as f64,
        Err(error) => {
            eprintln!("cargo tree: {error}");
            f64::NAN
        }
    };
    let [ours, reqwest, with_ring] = Client::ALL.map(count);
    table.note("crates, reqwest (aws-lc-rs)", reqwest);
    table.at_most(
        "crates, against reqwest with ring",
        ours,
        with_ring,
        Unit::Plain,
    );
}

pub(crate) fn queue(effort: Effort, table: &mut Table) {
    for window in [Algorithm::Strict, Algorithm::SlidingLog] {
        for size in [1_000, 10_000, 100_000] {
            let what = format!("{size} waiting, {window:?}");
            let (mut cpu, mut drained) = (Series::new("CPU"), None);
            let rounds = effort.rounds.min(LAPS);
            for _ in 0..rounds {
                let crowd = uncounted(|| {
                    let mut crowd = Crowd::new(window);
                    crowd.gather(size);
                    crowd.drain()
                });
                cpu.push(crowd.cpu_per_grant.as_nanos() as f64);
                drained = Some(crowd);
            }
            let mut crowd = uncounted(|| Crowd::new(window));
            let memory = allocation_counter::measure(|| crowd.gather(size));
            uncounted(|| crowd.drain());
            let each = memory.bytes_current as f64 / size as f64;
            table.at_most(
                format!("{what}: CPU per grant"),
                cpu.median(),
                2_000.0,
                Unit::Micros,
            );
            table.at_most(
                format!("{what}: memory each, task included"),
                each,
                600.0,
                Unit::Bytes,
            );
            if let Some(drained) = drained {
                let polls = drained.most_polls.into();
                table.at_most(format!("{what}: most polls"), polls, 3.0, Unit::Plain);
                let out_of_order = drained.out_of_order as f64;
                table.at_most(
                    format!("{what}: out of order"),
                    out_of_order,
                    0.0,
                    Unit::Plain,
                );
            }
        }
    }
}

/// These are long enough for few of them to do.
const LAPS: usize = 9;

/// Nanoseconds, or microseconds where there are many.
pub(crate) fn unit_of(nanos: f64) -> Unit {
    if nanos < 1_000.0 {
        Unit::Nanos
    } else {
        Unit::Micros
    }
}
