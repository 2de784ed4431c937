use comfycontrol_benches::measure::{Case, take_turns};
use comfycontrol_benches::subjects::limiter::{
    Log, Peer, attempted_after_a_response, attempted_when_full, clock_read, granted,
    granted_together, ring, ring_together, std_clock_read,
};
use comfycontrol_rate_limit::Algorithm;

use crate::allocations::{of, uncounted};
use crate::table::{Table, Unit};
use crate::{Effort, work};

pub(crate) fn run(effort: Effort, table: &mut Table) {
    alone(effort, table);
    together(effort, table);
    full(effort, table);
}

fn alone(effort: Effort, table: &mut Table) {
    let mut cases = vec![
        clock_read(),
        std_clock_read(),
        granted(Algorithm::Strict, 40, Log::Empty),
        granted(Algorithm::SlidingLog, 40, Log::Empty),
        ring(),
    ];
    cases.extend(Peer::ALL.map(Peer::granted));
    let series = uncounted(|| take_turns(&mut cases, effort.rounds, effort.turn));
    let [clock, std_clock, strict, sliding, ring, peers @ ..] = &series[..] else {
        return;
    };
    table.note("clock read (tokio)", Unit::Nanos.show(clock.median()));
    table.note("clock read (std)", Unit::Nanos.show(std_clock.median()));
    for (name, grant, case) in [("Strict", strict, 2), ("Sliding", sliding, 3)] {
        let what = format!("grant + settle, {name}, N = 40");
        let added = grant.median() - 2.0 * clock.median();
        table.note(&what, Unit::Nanos.show(grant.median()));
        table.at_most(
            format!("{what}, less two clock reads"),
            added,
            25.0,
            Unit::Nanos,
        );
        let allocations = of(&mut cases[case]);
        table.at_most(what, allocations.count, 0.0, Unit::Allocations);
    }
    for peer in [ring].into_iter().chain(peers) {
        table.note(
            format!("grant, {}", peer.name()),
            Unit::Nanos.show(peer.median()),
        );
    }
}

fn together(effort: Effort, table: &mut Table) {
    if comfycontrol_benches::measure::pinnable() < 2 {
        table.note("two threads", "needs two cores");
        return;
    }
    let mut cases = [
        ring_together(),
        granted_together(Algorithm::Strict, 1_000),
        granted_together(Algorithm::Strict, 100_000),
    ];
    let series = uncounted(|| take_turns(&mut cases, effort.rounds, effort.turn));
    let [ring, ours @ ..] = &series[..] else {
        return;
    };
    table.note(
        "two threads, ring locked twice",
        Unit::Nanos.show(ring.median()),
    );
    for ours in ours {
        let what = format!("two threads, {}", ours.name());
        table.note(&what, Unit::Nanos.show(ours.median()));
        let ratio = ours.median() / ring.median();
        table.at_most(format!("{what}, against the ring"), ratio, 1.0, Unit::Times);
    }
}

fn full(effort: Effort, table: &mut Table) {
    for (quota, bound) in [(40, 400.0), (1_000, 15_000.0), (100_000, 20_000.0)] {
        for window in [Algorithm::Strict, Algorithm::SlidingLog] {
            let mut case: [Case; 1] = [attempted_after_a_response(window, quota)];
            let series = uncounted(|| take_turns(&mut case, effort.rounds, effort.turn));
            let unit = work::unit_of(bound);
            let what = format!("response, then attempt on a full log, {}", series[0].name());
            table.at_most(&what, series[0].median(), bound, unit);
            // By itself: it must be pressed without a pause to stay full.
            let mut case: [Case; 1] = [attempted_when_full(window, quota)];
            let series = uncounted(|| take_turns(&mut case, effort.rounds, effort.turn));
            let what = format!("attempt on a full log, {}", series[0].name());
            table.at_most(&what, series[0].median(), bound, unit);
            let allocations = Unit::Allocations.show(of(&mut case[0]).count);
            table.note(what, allocations);
        }
    }
}
