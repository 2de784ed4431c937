//! The simulation must notice what is wrong: each of these is broken on purpose.

use super::plan::{Outcome, Plan};
use super::world::World;
use crate::ledger::terms::Broken;

fn run(broken: Option<Broken>, plan: &Plan) -> Outcome {
    let plan = Plan {
        broken,
        ..plan.clone()
    };
    World::run(plan)
}

/// Right as it is, and counted too many once it is broken.
fn is_noticed(broken: Broken, plan: &Plan) {
    let right = run(None, plan);
    assert!(right.worst <= 40_000, "{right:?}");
    let wrong = run(Some(broken), plan);
    assert!(wrong.worst > 40_000, "{broken:?}: {wrong:?}");
}

#[test]
fn without_linger_what_was_given_up_is_counted_too_late() {
    let plan = Plan {
        lost_responses: 900,
        response: (2_000_000, 3_000_000),
        seconds: 60,
        ..Plan::default()
    };
    is_noticed(Broken::NoLinger, &plan);
}

/// What they have sent arrives late only now and then: one of a few runs shows it.
#[test]
fn without_linger_of_the_dead_what_they_sent_is_counted_too_late() {
    let plans = (1..=4).map(|seed| Plan {
        seed,
        presence: true,
        lease: 1_000_000,
        kill: Some(100_000),
        response: (100_000, 3_000_000),
        counted_last: true,
        seconds: 60,
        ..Plan::default()
    });
    let worst = |broken| {
        let runs = plans.clone().map(|plan| run(broken, &plan).worst);
        runs.max().unwrap()
    };
    assert_eq!(worst(None), 40_000);
    let wrong = worst(Some(Broken::NoLingerOfTheDead));
    assert!(wrong > 40_000, "{wrong}");
}

#[test]
fn from_nothing_after_a_loss_the_server_counts_twice() {
    let plan = Plan {
        lose_record: Some(15_000_000),
        seconds: 40,
        ..Plan::default()
    };
    is_noticed(Broken::FromNothing, &plan);
}

#[test]
fn a_step_that_nobody_corrects_frees_slots_too_early() {
    let plan = Plan {
        step: Some((20_000_000, 30_000_000)),
        seconds: 50,
        ..Plan::default()
    };
    is_noticed(Broken::UncorrectedStep, &plan);
}

#[test]
fn stamps_from_the_lower_bound_are_too_early() {
    let plan = Plan {
        processes: 2,
        trip: [(250, 300), (150_000, 200_000)],
        response: (0, 1_000),
        seconds: 60,
        ..Plan::default()
    };
    is_noticed(Broken::StampsFromLower, &plan);
}

#[test]
fn without_renewal_while_queued_a_crowd_starves() {
    let plan = Plan {
        processes: 30,
        lease: 3_000_000,
        seconds: 45,
        ..Plan::default()
    };
    let right = run(None, &plan);
    assert!(right.least > 0.5, "{right:?}");
    let wrong = run(Some(Broken::NoRenewalWhileQueued), &plan);
    assert!(wrong.least < right.least / 2.0, "{wrong:?}");
}

#[test]
fn a_forecast_that_keeps_what_is_unstamped_comes_too_late() {
    let plan = Plan {
        processes: 3,
        requests: 4,
        window: 1_000_000,
        seconds: 60,
        ..Plan::default()
    };
    let right = run(None, &plan);
    let wrong = run(Some(Broken::UnstampedKeptInForecast), &plan);
    assert!(wrong.rate < right.rate * 0.95, "{right:?} {wrong:?}");
}
